import math

import numpy as np
import pytest
from arm_urdf import JOINTS, LINKS, arm, tip_of, write_arm
from memory_rollout import memory_rollout, still
from mesh_files import box
from urdf_files import joint, mesh, one_link, visual

from replay_viewer.errors import FileProblem, ReplayError, UnmatchedJoints
from replay_viewer.formats import LoadOptions
from replay_viewer.replay.replay import open_replay, with_robots
from replay_viewer.robot.joints import joint_values
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.rollout import Verdict

TIP = LINKS.index("tip")
G1 = "g1_description/urdf/g1_29dof_rev_1_0.urdf"


@pytest.fixture
def robot(tmp_path):
    return arm(tmp_path)


def rollout_with(joint_names=(), names=("robot",), **entity):
    """Still entities, whose recorded joint positions are 0.1, 0.2, ... in order."""
    values = {}
    for name in names:
        values |= still(5, 1, name)
        if joint_names:
            values[f"{name}.joint_pos"] = np.tile(0.1 * np.arange(1.0, len(joint_names) + 1), (5, 1, 1))
    entities = [EntitySpec(name, joint_names=tuple(joint_names), **entity) for name in names]
    return memory_rollout(values, entities=entities)


def said(replay, topic):
    """Findings and reasons under a topic, as one text."""
    return "\n".join(f"{v.status}: {v.finding}: {v.reason}" for v in replay.verdicts if v.topic == topic)


def tip(replay, name="robot"):
    return replay.frames.frame_at(2, [0]).entities[name].link_positions[0, TIP]


def save_walk(path, **changes):
    """A plain npz in which the arm's base walks along x and turns, upright, for 200 steps."""
    steps = np.arange(200.0)
    yaw = 0.02 * steps
    zeros = np.zeros_like(steps)
    arrays = {
        "base_pos": np.stack([0.01 * steps, zeros, np.full_like(steps, 2.0)], axis=-1),
        "base_quat": np.stack([zeros, zeros, np.sin(yaw / 2), np.cos(yaw / 2)], axis=-1),
        "dof_pos": np.tile([0.1, 0.2], (200, 1)),
        "dof_names": np.array(JOINTS),
        "dt": np.array(0.02),
    }
    arrays = {name: array for name, array in (arrays | changes).items() if array is not None}
    np.savez(path, **arrays)
    return path


def test_joints_are_matched_by_name_whatever_their_order(robot):
    replay = with_robots(rollout_with(["elbow", "shoulder"]), robot)
    assert tip(replay) == pytest.approx(tip_of(0.2, 0.1), abs=1e-6)
    assert said(replay, "joints") == "found: 'robot': all 2 joints are recorded: matched by name"


def test_joints_that_are_not_recorded_are_named(robot):
    replay = with_robots(rollout_with(["elbow"]), robot)
    assert tip(replay) == pytest.approx(tip_of(0.0, 0.1), abs=1e-6)
    assert said(replay, "joints") == "found: 'robot': 1 of 2 joints are recorded: 1 stay at zero: shoulder"


def test_recorded_joints_that_the_robot_lacks_are_named(robot):
    replay = with_robots(rollout_with(["gripper", "elbow", "shoulder", "wheel"]), robot)
    assert tip(replay) == pytest.approx(tip_of(0.3, 0.2), abs=1e-6)
    assert (
        "problem: 'robot': 2 recorded joints are not drawn: they are not in the URDF of 'arm': gripper, wheel"
        in said(replay, "joints")
    )


def test_no_joint_in_common_is_an_error_that_lists_both_sides(robot):
    with pytest.raises(UnmatchedJoints) as caught:
        with_robots(rollout_with(["hip", "knee"]), robot)
    assert isinstance(caught.value, ReplayError)
    assert "Recorded: hip, knee. In the URDF: shoulder, elbow." in str(caught.value)
    assert "--joint-names" in str(caught.value)


def test_joints_without_names_are_taken_in_order_and_this_is_called_assumed(robot):
    replay = with_robots(rollout_with(["joint_0", "joint_1"], joints_named=False), robot)
    assert tip(replay) == pytest.approx(tip_of(0.1, 0.2), abs=1e-6)
    assert said(replay, "joints").startswith("assumed: 'robot': recorded joints are the URDF's, in its order")


def test_made_up_names_never_match(robot):
    with pytest.raises(UnmatchedJoints):
        with_robots(rollout_with(["shoulder", "joint_1", "joint_2"], joints_named=False), robot)


def test_named_joints_are_never_matched_by_position(robot):
    with pytest.raises(UnmatchedJoints):
        with_robots(rollout_with(["joint_0", "joint_1"]), robot)


def test_without_joint_angles_the_zero_pose_is_explained(robot):
    replay = with_robots(rollout_with(), robot)
    assert tip(replay) == pytest.approx([0, 0, -2])
    assert "problem: 'robot' stands in its zero pose: no joint angles are recorded" in said(replay, "joints")


def test_without_urdf_a_neutral_body_stands_in_and_says_so():
    replay = with_robots(rollout_with(["hip"]))
    assert replay.robots["robot"].link_names == ("base",)
    assert "neutral body" in said(replay, "robot") and "--urdf" in said(replay, "robot")
    assert replay.frames.frame_at(2, [0]).entities["robot"].base_pos.tolist() == [[0, 0, 0]]


def test_urdf_that_is_gone_is_named(tmp_path):
    replay = with_robots(rollout_with(["hip"], urdf=tmp_path / "gone.urdf"))
    assert replay.robots["robot"].link_names == ("base",)
    assert f"refers to {tmp_path / 'gone.urdf'}, which is not there" in said(replay, "robot")


def test_recordings_own_urdf_is_used(tmp_path):
    replay = with_robots(rollout_with(JOINTS, urdf=write_arm(tmp_path)))
    assert replay.robots["robot"].link_names == LINKS


def test_given_urdf_goes_before_the_recordings_own(tmp_path, robot):
    replay = with_robots(rollout_with(JOINTS, urdf=tmp_path / "gone.urdf"), robot)
    assert replay.robots["robot"] is robot


def test_given_urdf_is_for_all_robots_and_no_object(robot):
    values = still(5, 1, "a") | still(5, 1, "b") | still(5, 1, "ball")
    shape = {"type": "sphere", "radius": 0.1}
    entities = [EntitySpec("a"), EntitySpec("b"), EntitySpec("ball", kind="object", shape=shape)]
    replay = with_robots(memory_rollout(values, entities=entities), robot)
    assert replay.robots["a"] is replay.robots["b"] is robot
    assert replay.robots["ball"].link_names == ("ball",)
    assert "'ball'" not in said(replay, "robot") + said(replay, "joints")


def test_object_without_shape_is_a_neutral_body_too():
    values = still(5, 1, "thing")
    replay = with_robots(memory_rollout(values, entities=[EntitySpec("thing", kind="object")]))
    assert "'thing' is drawn as a neutral body" in said(replay, "robot")
    assert "--urdf" not in said(replay, "robot")


def test_robots_of_one_urdf_share_it(tmp_path):
    replay = with_robots(rollout_with(JOINTS, names=("a", "b"), urdf=write_arm(tmp_path)))
    assert replay.robots["a"] is replay.robots["b"]


def test_missing_mesh_is_told_once(tmp_path):
    leg = '<link name="leg"><visual><geometry><mesh filename="leg.stl"/></geometry></visual></link>'
    joint = '<joint name="hip" type="fixed"><parent link="base"/><child link="leg"/></joint>'
    path = write_arm(tmp_path, leg + joint)
    replay = with_robots(rollout_with(JOINTS, names=("a", "b"), urdf=path))
    problems = [v for v in replay.verdicts if v.topic == "robot"]
    assert len(problems) == 1
    assert problems[0].status == "problem" and "leg.stl" in problems[0].reason


def test_broken_mesh_is_told_as_well(tmp_path):
    (tmp_path / "leg.stl").write_bytes(b"no mesh at all")
    leg = '<link name="leg"><visual><geometry><mesh filename="leg.stl"/></geometry></visual></link>'
    joint = '<joint name="hip" type="fixed"><parent link="base"/><child link="leg"/></joint>'
    replay = with_robots(rollout_with(JOINTS, urdf=write_arm(tmp_path, leg + joint)))
    assert "leg.stl" in said(replay, "robot")


def test_the_rollouts_own_verdicts_come_first(robot):
    doubt = Verdict("control_dt", "0.02 s", "not recorded", "assumed")
    replay = with_robots(memory_rollout(still(5, 1), verdicts=[doubt]), robot)
    assert replay.verdicts[0] == doubt
    assert len(replay.verdicts) == len(set(replay.verdicts)) > 1


def test_lowest_point_is_the_foot(robot):
    base_pos = np.array([[0, 0, 2.0], [0, 0, 2.5]])
    upright = np.tile([1.0, 0, 0, 0], (2, 1))
    angles = np.array([[0.3, 9.0], [0.0, 9.0]])
    joints = joint_values(robot, ("elbow", "wheel"), angles)
    assert robot.lowest_point(joints, base_pos, upright) == pytest.approx([1 - math.cos(0.3), 0.5], abs=1e-6)
    joints = joint_values(robot, (), np.zeros((2, 0)))
    assert robot.lowest_point(joints, base_pos, upright) == pytest.approx([0, 0.5])


def test_lowest_point_takes_joints_without_names_in_order(robot):
    upright = np.array([[1.0, 0, 0, 0]])
    joints = joint_values(robot, ("joint_0", "joint_1"), np.array([[0.3, 0.0]]))
    lowest = robot.lowest_point(joints, np.array([[0, 0, 2.0]]), upright)
    assert lowest == pytest.approx([2 - 2 * math.cos(0.3)], abs=1e-6)


def test_npz_and_urdf_become_frames(tmp_path):
    replay = open_replay(save_walk(tmp_path / "walk.npz"), urdf=write_arm(tmp_path))
    poses = replay.frames.frame_at(10, [0]).entities["robot"]
    x, _, z = tip_of(0.1, 0.2)
    turned = np.array([0.1 + x * math.cos(0.2), x * math.sin(0.2), 2 + z])
    assert poses.link_positions[0, TIP] == pytest.approx(turned, abs=1e-6)
    assert "all 2 joints" in said(replay, "joints")
    replay.close()


def test_npz_without_names_is_matched_by_position(tmp_path):
    path = save_walk(tmp_path / "walk.npz", dof_names=None)
    replay = open_replay(str(path), urdf=str(write_arm(tmp_path)))
    assert said(replay, "joints").startswith("assumed")


def test_stated_joint_names_are_used(tmp_path):
    path = save_walk(tmp_path / "walk.npz", dof_names=None)
    options = LoadOptions(joint_names=("elbow", "shoulder"))
    replay = open_replay(path, urdf=write_arm(tmp_path), options=options)
    z = tip_of(0.2, 0.1)[2]
    assert tip(replay)[2] == pytest.approx(2 + z, abs=1e-6)


def test_zero_pose_is_told_once_of_an_npz_without_joints(tmp_path):
    path = save_walk(tmp_path / "walk.npz", dof_pos=None, dof_names=None)
    replay = open_replay(path, urdf=write_arm(tmp_path))
    assert sum("zero pose" in f"{v.finding} {v.reason}" for v in replay.verdicts) == 1


def test_urdf_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(FileProblem, match=r"gone\.urdf"):
        open_replay(save_walk(tmp_path / "walk.npz"), urdf=tmp_path / "gone.urdf")


def test_g1_walks_with_its_feet_on_the_ground(g1_walk, robots_dir):
    replay = open_replay(g1_walk, urdf=robots_dir / G1)
    assert "12 of 29 joints are recorded" in said(replay, "joints")
    assert "17 stay at zero: waist_yaw_joint" in said(replay, "joints")
    order = next(v for v in replay.verdicts if v.topic == "quaternion order")
    assert (order.finding, order.status) == ("xyzw", "found")
    for step in range(0, 1000, 97):
        poses = replay.frames.frame_at(step, [0, 1, 2]).entities["robot"]
        feet = poses.link_positions[:, :, 2].min(axis=1)
        assert ((feet > -0.02) & (feet < 0.12)).all()


def test_g1s_fall_is_seen_and_its_reset_is_not_smeared(g1_walk, robots_dir):
    replay = open_replay(g1_walk, urdf=robots_dir / G1)
    height = [float(replay.frames.frame_at(p, [3]).entities["robot"].base_pos[0, 2]) for p in (619, 619.9, 620)]
    assert height[0] == height[1] == pytest.approx(0.37, abs=0.01)
    assert height[2] > 0.7


def test_opening_tells_what_is_done(tmp_path):
    boxes = [f'<link name="box_{n}">' + visual(f'<box size="{n} 1 1"/>') + "</link>" for n in (1, 2)]
    fixed = [joint(f"joint_{n}", "fixed", "base", f"box_{n}") for n in (1, 2)]
    told = []
    urdf = write_arm(tmp_path, "".join((*boxes, *fixed)))
    replay = open_replay(save_walk(tmp_path / "walk.npz"), urdf=urdf, progress=lambda *news: told.append(news))
    replay.close()
    loading = "Loading the meshes of arm"
    assert told == [(loading, 1, 2), (loading, 2, 2), ("Reading the recording", 0, 0)]


def test_opening_ends_where_its_progress_raises(tmp_path):
    class Enough(Exception):
        pass

    def stop(what, done, total):
        raise Enough

    with pytest.raises(Enough):
        open_replay(save_walk(tmp_path / "walk.npz"), urdf=write_arm(tmp_path), progress=stop)


def test_a_urdf_that_somebody_sent_shows_no_file_of_this_machine(tmp_path):
    sent = tmp_path / "sent"
    sent.mkdir()
    outside = box(tmp_path / "part.stl")
    urdf = write_arm(sent, one_link(mesh(outside)) + joint("on", "fixed", "base", "a"))
    replay = open_replay(save_walk(tmp_path / "walk.npz"), urdf=urdf, inside=sent.resolve())
    assert replay.robots["robot"].visuals == ()
    replay.close()
