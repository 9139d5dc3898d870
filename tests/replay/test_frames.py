import math

import numpy as np
import pytest
from arm_urdf import JOINTS, LINKS, arm, tip_of
from memory_rollout import memory_rollout, still, windows

from replay_viewer import rotations
from replay_viewer.replay.frames import FrameCache
from replay_viewer.robot import from_shape, neutral_body
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode

TIP = LINKS.index("tip")
ENDS_AT_3 = [Episode(0, 0, 0, 3, "terminated", "recorded"), Episode(0, 1, 4, 9, "unfinished")]


@pytest.fixture(scope="module")
def robot(tmp_path_factory):
    return arm(tmp_path_factory.mktemp("arm"))


def walking(num_steps=10, num_envs=1):
    """A base whose x is the step, plus 100 per env."""
    values = still(num_steps, num_envs)
    values["robot.base_pos"][..., 0] = np.arange(float(num_steps))[:, None] + 100 * np.arange(num_envs)
    return values


def bodies(values, **facts):
    """Frames of bodies without joints."""
    entities = [EntitySpec(name.split(".")[0]) for name in values if name.endswith(".base_pos")]
    rollout = memory_rollout(values, entities=entities, **facts)
    return FrameCache(rollout, {entity.name: neutral_body(entity.name) for entity in entities})


def swinging(robot, angles, joint_names=JOINTS, values=None, **facts):
    """Frames of arms whose joint angles are (T, N, D)."""
    values = (values or still(*angles.shape[:2])) | {"robot.joint_pos": angles}
    rollout = memory_rollout(values, entities=[EntitySpec("robot", joint_names=joint_names)], **facts)
    return FrameCache(rollout, {"robot": robot})


def base_x(frames, position, envs=(0,)):
    return frames.frame_at(position, envs).entities["robot"].base_pos[:, 0].tolist()


def base_yaw(frames, position):
    return math.degrees(float(rotations.yaw(frames.frame_at(position, [0]).entities["robot"].base_wxyz[0])))


def turning(*degrees):
    """A base at the origin with these headings, step by step."""
    values = still(len(degrees), 1)
    yaw = np.radians(degrees)[:, None]
    values["robot.base_wxyz"] = rotations.from_rpy(np.zeros_like(yaw), np.zeros_like(yaw), yaw)
    return bodies(values)


def test_links_are_where_the_closed_form_puts_them(robot):
    angles = np.random.default_rng(0).uniform(-2, 2, (20, 3, 2))
    frames = swinging(robot, angles)
    for step in (0, 7, 19):
        poses = frames.frame_at(step, [2, 0]).entities["robot"]
        expected = tip_of(angles[step, [2, 0], 0], angles[step, [2, 0], 1])
        assert poses.link_positions[:, TIP] == pytest.approx(expected, abs=1e-6)
        pitch = angles[step, [2, 0]].sum(axis=-1)
        assert poses.link_wxyz[:, TIP, 2] == pytest.approx(np.sin(pitch / 2), abs=1e-6)


def test_links_move_with_the_base(robot):
    angles = np.tile([0.4, -0.9], (10, 1, 1))
    values = walking()
    values["robot.base_wxyz"][:] = [math.sqrt(0.5), 0, 0, math.sqrt(0.5)]
    poses = swinging(robot, angles, values=values).frame_at(6, [0]).entities["robot"]
    x, _, z = tip_of(0.4, -0.9)
    assert poses.link_positions[0, TIP] == pytest.approx([6, x, z], abs=1e-6)
    assert poses.base_pos[0] == pytest.approx([6, 0, 0])


def test_joints_are_matched_by_name_and_the_others_stay_at_zero(robot):
    angles = np.tile([7.0, 0.5], (10, 1, 1))
    poses = swinging(robot, angles, ("gripper", "shoulder")).frame_at(3, [0]).entities["robot"]
    assert poses.link_positions[0, TIP] == pytest.approx(tip_of(0.5, 0.0), abs=1e-6)


def test_without_joint_angles_the_robot_is_in_its_zero_pose(robot):
    frames = FrameCache(memory_rollout(walking()), {"robot": robot})
    assert frames.frame_at(4, [0]).entities["robot"].link_positions[0, TIP] == pytest.approx([4, 0, -2])


def test_position_is_interpolated_between_steps():
    assert base_x(bodies(walking(num_envs=2)), 3.25, [1, 0]) == pytest.approx([103.25, 3.25])


def test_rotation_is_interpolated_at_a_constant_rate():
    frames = turning(0, 90)
    assert [base_yaw(frames, f) for f in (0, 0.25, 0.5, 1)] == pytest.approx([0, 22.5, 45, 90], abs=1e-3)


def test_rotation_crosses_180_degrees_the_short_way():
    frames = turning(170, -170)
    assert base_yaw(frames, 0.25) == pytest.approx(175, abs=1e-3)
    assert base_yaw(frames, 0.75) == pytest.approx(-175, abs=1e-3)


def test_rotation_does_not_spin_when_the_quaternion_changes_sign():
    values = still(2, 1)
    values["robot.base_wxyz"][1] *= -1
    assert base_yaw(bodies(values), 0.5) == pytest.approx(0, abs=1e-3)


def test_last_pose_of_an_episode_stands_until_the_next_step():
    frames = bodies(walking(), episodes={0: ENDS_AT_3})
    assert [base_x(frames, p)[0] for p in (2.5, 3, 3.01, 3.99, 4, 4.5)] == pytest.approx([2.5, 3, 3, 3, 4, 4.5])


def test_one_envs_reset_does_not_stop_the_others():
    frames = bodies(walking(num_envs=2), episodes={0: ENDS_AT_3})
    assert base_x(frames, 3.5, [0, 1]) == pytest.approx([3, 103.5])


def test_gap_in_the_recording_is_not_bridged():
    gap = [Episode(0, 0, 0, 3, "unfinished", "none"), Episode(0, 1, 4, 9, "unfinished", "none")]
    assert base_x(bodies(walking(), episodes={0: gap}), 3.5) == [3]


def test_terminal_state_of_the_table_is_shown_and_led_to():
    episodes = [Episode(0, 0, 0, 3, "terminated", "captured", terminal_row=0), Episode(0, 1, 4, 9, "unfinished")]
    terminals = {"robot.base_pos": np.array([[-8.0, 0, 0]]), "robot.base_wxyz": np.array([[1.0, 0, 0, 0]])}
    frames = bodies(walking(), episodes={0: episodes}, terminals=terminals)
    assert [base_x(frames, p)[0] for p in (2, 2.5, 3, 3.5, 4)] == pytest.approx([2, -3, -8, -8, 4])
    assert not frames.frame_at(3, [0]).terminal_lost.any()


def test_lost_terminal_state_holds_the_step_before_and_says_so():
    episodes = [Episode(0, 0, 0, 3, "terminated", "lost"), Episode(0, 1, 4, 9, "unfinished")]
    frames = bodies(walking(num_envs=2), episodes={0: episodes})
    assert [base_x(frames, p)[0] for p in (2, 2.5, 3, 3.5, 4)] == pytest.approx([2, 2, 2, 2, 4])
    assert frames.frame_at(3.5, [1, 0]).terminal_lost.tolist() == [False, True]
    assert not frames.frame_at(2.5, [0]).terminal_lost.any()


def test_poses_stay_finite_where_the_recording_is_not(robot):
    values = walking()
    values["robot.base_pos"][4:6] = np.nan
    angles = np.full((10, 1, 2), 0.5)
    angles[7] = np.inf
    frames = swinging(robot, angles, values=values)
    for position in np.linspace(0, 9, 37):
        poses = frames.frame_at(position, [0]).entities["robot"]
        assert np.isfinite(poses.link_positions).all() and np.isfinite(poses.link_wxyz).all()
    assert base_x(frames, 5.0) == [3]
    assert [bool(frames.frame_at(step, [0]).held[0]) for step in range(3, 9)] == [False, True, True, False, True, False]


def test_frames_between_two_chunks_are_interpolated_too():
    frames = bodies(walking(num_steps=200))
    assert [base_x(frames, p)[0] for p in (63, 63.5, 64, 127.25, 128)] == pytest.approx([63, 63.5, 64, 127.25, 128])


def test_position_is_clamped_to_the_rollout():
    frames = bodies(walking())
    assert base_x(frames, -3) == [0]
    assert base_x(frames, 12.5) == [9]
    assert frames.frame_at(12.5, [0]).position == 9


def test_several_entities_move_on_their_own():
    values = walking() | {name: 2 * array for name, array in still(10, 1, "ball").items()}
    values["ball.base_pos"] = -values["robot.base_pos"]
    rollout = memory_rollout(values, entities=[EntitySpec("robot"), EntitySpec("ball", kind="object")])
    ball = from_shape("ball", {"type": "sphere", "radius": 0.1})
    frame = FrameCache(rollout, {"robot": neutral_body("robot"), "ball": ball}).frame_at(2.5, [0])
    assert frame.entities["robot"].base_pos[0, 0] == pytest.approx(2.5)
    assert frame.entities["ball"].base_pos[0, 0] == pytest.approx(-2.5)


def test_frames_do_not_depend_on_the_order_in_which_they_are_asked_for(robot):
    angles = np.random.default_rng(0).normal(size=(300, 1, 2))
    positions = np.random.default_rng(1).uniform(0, 299, 50)
    ahead, scattered = swinging(robot, angles), swinging(robot, angles)
    expected = {p: ahead.frame_at(p, [0]).entities["robot"].link_positions for p in sorted(positions)}
    for position in positions:
        found = scattered.frame_at(position, [0]).entities["robot"].link_positions
        assert found.tolist() == expected[position].tolist()


def test_playing_reads_each_step_once(robot):
    frames = swinging(robot, np.zeros((200, 1, 2)))
    for position in np.arange(0, 120, 0.8):
        frames.frame_at(float(position), [0])
    read = [steps for name, steps in windows(frames.rollout) if name == "robot.joint_pos"]
    assert read == [64, 64]


def test_many_envs_are_read_in_small_windows():
    frames = bodies(walking(num_steps=70, num_envs=1000))
    assert base_x(frames, 5.5, range(1000)) == pytest.approx((100 * np.arange(1000) + 5.5).tolist())
    assert max(steps for _, steps in windows(frames.rollout)) <= 4


def test_cache_forgets_what_was_used_longest_ago():
    one_chunk = 64 * (3 + 4) * 4
    frames = FrameCache(memory_rollout(walking(640)), {"robot": neutral_body("robot")}, max_bytes=3 * one_chunk)
    for chunk in (0, 1, 2, 0, 3):
        frames.frame_at(64 * chunk, [0])
    before = len(windows(frames.rollout))
    for chunk in (0, 2, 3):
        frames.frame_at(64 * chunk, [0])
    assert len(windows(frames.rollout)) == before
    frames.frame_at(64, [0])
    assert len(windows(frames.rollout)) > before


def test_two_chunks_stay_however_large_they_are():
    frames = FrameCache(memory_rollout(walking(num_steps=640)), {"robot": neutral_body("robot")}, max_bytes=1)
    frames.frame_at(63.5, [0])
    before = len(windows(frames.rollout))
    frames.frame_at(63.7, [0])
    assert len(windows(frames.rollout)) == before


def test_frame_of_no_envs_is_empty():
    frame = bodies(walking()).frame_at(2.5, [])
    assert frame.entities["robot"].base_pos.shape == (0, 3)


def test_frames_of_moving_links_alone_are_the_first_of_all(robot):
    angles = np.random.default_rng(0).uniform(-2, 2, (20, 3, 2))
    every = swinging(robot, angles).frame_at(7.5, [2, 0]).entities["robot"]
    rollout = swinging(robot, angles).rollout
    moving = FrameCache(rollout, {"robot": robot}, bodies_only=True).frame_at(7.5, [2, 0]).entities["robot"]
    assert moving.link_positions.shape[1] == robot.num_bodies == TIP
    assert moving.link_positions == pytest.approx(every.link_positions[:, :TIP])
    assert moving.link_wxyz == pytest.approx(every.link_wxyz[:, :TIP])
