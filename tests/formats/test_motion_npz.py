"""Motion clips without names: which joint and which body is where, by forward kinematics, or that it is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arm_urdf import arm, write_arm
from motion_clips import clip, order_of
from npz_samples import saved, verdict_on, verdicts_on

from replay_viewer import LoadOptions, load_rollout, open_replay, rotations
from replay_viewer.errors import BadField
from replay_viewer.formats.find import recordings_below
from replay_viewer.replay.replay import with_robots
from replay_viewer.robot import Robot, load_robot
from replay_viewer.robot.orders import body_orders

G1 = "g1_description/urdf/g1_29dof_rev_1_0.urdf"
G1_WITH_HANDS = "g1_description/urdf/g1_29dof_with_hand_rev_1_0.urdf"
KNOWN = ["depth first, as MuJoCo", "breadth first, as Isaac Lab"]
OF_BODIES = {"body_pos_w": 3, "body_quat_w": 4, "body_lin_vel_w": 3, "body_ang_vel_w": 3}

Clips = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def g1(robots_dir: Path) -> Robot:
    return load_robot(robots_dir / G1)


@pytest.fixture(scope="module")
def clips(g1: Robot) -> Clips:
    """A clip with joints and bodies in the same order, by its name."""
    return {name: clip(g1, order_of(g1, name), order_of(g1, name)) for name in KNOWN}


def with_joints_of(bodies: dict[str, Any], joints: dict[str, Any]) -> dict[str, Any]:
    return {**bodies, **{key: joints[key] for key in ("joint_pos", "joint_vel")}}


@pytest.mark.parametrize("name", KNOWN)
def test_each_simulators_order_is_found_and_its_figure_told(clips: Clips, g1: Robot, tmp_path: Path, name: str) -> None:
    rollout = load_rollout(saved(tmp_path, clips[name]), robot=g1)
    found = verdict_on(rollout, "joint order")
    assert (found.finding, found.status) == (f"{name} numbers", "found")
    assert found.reason.startswith("by forward kinematics of 'g1_29dof_rev_1_0' bodies are 0.0 mm from the file's")
    assert float(found.reason.split(": ")[-1].removesuffix(" mm")) > 50
    bodies = verdict_on(rollout, "body order")
    assert (bodies.finding, bodies.status) == (f"{name} numbers", "found")
    assert bodies.reason.startswith("each of 30 bodies is 0.0 mm from its link on average; ")
    assert rollout.entities["robot"].joint_names == order_of(g1, name).joints
    assert verdict_on(rollout, "joint names").status == "found"
    assert verdict_on(rollout, "base").finding == "body 0, 'pelvis'"
    assert verdict_on(rollout, "control_dt").finding == "0.02 s"


@pytest.mark.parametrize("joints", KNOWN)
@pytest.mark.parametrize("bodies", KNOWN)
def test_links_are_drawn_where_the_file_has_its_bodies(
    clips: Clips, g1: Robot, tmp_path: Path, joints: str, bodies: str
) -> None:
    """Also where joints and bodies are in different orders, which trains without an error, and is told."""
    arrays = with_joints_of(clips[bodies], clips[joints])
    replay = with_robots(load_rollout(saved(tmp_path, arrays), robot=g1), g1)
    drawn = replay.frames.frame_at(30, [0]).entities["robot"].link_positions[0]
    np.testing.assert_allclose(drawn[list(order_of(g1, bodies).links)], arrays["body_pos_w"][30], atol=1e-5)
    told = verdict_on(replay.rollout, "body order")
    assert told.finding == f"{bodies} numbers"
    assert told.status == ("found" if joints == bodies else "problem")
    assert ("the joints are in another order than the bodies" in told.reason) == (joints != bodies)


def test_a_robot_with_more_joints_than_the_file_moves_those_that_there_are(
    clips: Clips, robots_dir: Path, tmp_path: Path
) -> None:
    replay = open_replay(saved(tmp_path, clips[KNOWN[1]]), urdf=robots_dir / G1_WITH_HANDS)
    found = verdict_on(replay.rollout, "joint order")
    assert (found.finding, found.status) == ("breadth first, as Isaac Lab numbers; found joint by joint", "found")
    assert found.reason.startswith("29 of 29 columns have the angles between bodies; by forward kinematics of ")
    (joints,) = [verdict for verdict in replay.robot_verdicts if verdict.topic == "joints"]
    assert joints.finding == "'robot': 29 of 43 joints are recorded"


def test_an_order_that_no_simulator_is_known_for_is_found_joint_by_joint(
    clips: Clips, g1: Robot, tmp_path: Path
) -> None:
    arrays = dict(clips[KNOWN[0]])
    columns = np.random.default_rng(1).permutation(29)
    bodies = np.r_[0, 1 + np.random.default_rng(2).permutation(29)]
    for key in ("joint_pos", "joint_vel"):
        arrays[key] = arrays[key][:, columns]
    for key in OF_BODIES:
        arrays[key] = arrays[key][:, bodies]
    rollout = load_rollout(saved(tmp_path, arrays), robot=g1)
    names = order_of(g1, KNOWN[0]).joints
    assert rollout.entities["robot"].joint_names == tuple(names[column] for column in columns)
    assert verdict_on(rollout, "joint order").finding == "none that is known; found joint by joint"


def test_every_order_of_an_anymal_is_told_from_the_others(robots_dir: Path, tmp_path: Path) -> None:
    robot = load_robot(robots_dir / "anymal_c_simple_description/urdf/anymal.urdf")
    orders = body_orders(robot)
    assert len(orders) == 4
    for order in orders:
        rollout = load_rollout(saved(tmp_path, clip(robot, order, order)), robot=robot)
        assert verdict_on(rollout, "joint order").finding == order.name
        assert verdict_on(rollout, "body order").finding == order.name


def test_without_a_robot_it_is_said_what_is_not_known(clips: Clips, tmp_path: Path) -> None:
    arrays = clips[KNOWN[0]]
    rollout = load_rollout(saved(tmp_path, arrays))
    assert verdict_on(rollout, "joint order").finding == "not known"
    assert "with the robot (--urdf), forward kinematics tell it" in verdict_on(rollout, "joint order").reason
    assert not rollout.entities["robot"].joints_named
    assert (verdict_on(rollout, "base").finding, verdict_on(rollout, "base").status) == ("body 0", "assumed")
    np.testing.assert_array_equal(rollout.read("robot.base_pos")[:, 0], arrays["body_pos_w"][:, 0])
    np.testing.assert_array_equal(rollout.read("robot.base_lin_vel")[:, 0], arrays["body_lin_vel_w"][:, 0])
    np.testing.assert_array_equal(rollout.read("robot.joint_vel")[:, 0], arrays["joint_vel"])
    assert rollout.metadata["format"] == "motion npz"


@pytest.mark.parametrize(("order", "stored"), [("wxyz", np.asarray), ("xyzw", rotations.wxyz_to_xyzw)])
def test_the_order_of_quaternions_is_found_by_what_is_rigid(
    clips: Clips, tmp_path: Path, order: str, stored: Any
) -> None:
    arrays = clips[KNOWN[1]]
    rollout = load_rollout(saved(tmp_path, {**arrays, "body_quat_w": stored(arrays["body_quat_w"])}))
    found = verdict_on(rollout, "quaternion order")
    assert (found.finding, found.status) == (order, "found")
    np.testing.assert_allclose(rollout.read("robot.base_wxyz")[:, 0], arrays["body_quat_w"][:, 0], atol=1e-6)


def test_a_pose_that_is_held_tells_no_order(g1: Robot, tmp_path: Path) -> None:
    """Upright, with all joints at zero, every order puts the links to the same places, and quaternions are alike."""
    pos, wxyz = g1.forward_kinematics(np.zeros((20, 29)), np.zeros((20, 3)), np.tile([1.0, 0, 0, 0], (20, 1)))
    links = list(order_of(g1, KNOWN[0]).links)
    still = {"fps": [50], "joint_pos": np.zeros((20, 29)), "body_pos_w": pos[:, links], "body_quat_w": wxyz[:, links]}
    rollout = load_rollout(saved(tmp_path, still), robot=g1)
    joints = verdict_on(rollout, "joint order")
    assert (joints.finding, joints.status) == ("not known, perhaps depth first, as MuJoCo numbers", "assumed")
    assert joints.reason.endswith("the motion does not tell the orders apart")
    quaternions = verdict_on(rollout, "quaternion order")
    assert (quaternions.finding, quaternions.status) == ("wxyz", "assumed")


def test_another_robot_is_told(clips: Clips, tmp_path: Path) -> None:
    rollout = load_rollout(saved(tmp_path, clips[KNOWN[0]]), robot=arm(tmp_path))
    told = verdict_on(rollout, "joint order")
    assert (told.finding, told.status) == ("not known", "problem")
    assert told.reason.startswith("the file has 29 joints, 'arm' has 2: give the robot that was recorded")


def test_names_that_are_stated_are_checked(g1: Robot, clips: Clips, tmp_path: Path) -> None:
    path = saved(tmp_path, clips[KNOWN[0]])
    right = load_rollout(path, LoadOptions(joint_names=order_of(g1, KNOWN[0]).joints), robot=g1)
    assert verdict_on(right, "joint order").finding == "as stated"
    assert verdict_on(right, "joint names").reason == "as you say"
    wrong = load_rollout(path, LoadOptions(joint_names=order_of(g1, KNOWN[1]).joints), robot=g1)
    told = verdict_on(wrong, "joint order")
    assert (told.finding, told.status) == ("not as stated", "problem")
    assert wrong.entities["robot"].joint_names == order_of(g1, KNOWN[1]).joints


def test_a_world_that_is_counted_as_a_body_is_not_the_base(g1: Robot, clips: Clips, tmp_path: Path) -> None:
    arrays = dict(clips[KNOWN[0]])
    for key, size in OF_BODIES.items():
        world = np.zeros((60, 1, size), np.float32)
        world[..., 0] = size == 4
        arrays[key] = np.concatenate([world, arrays[key]], axis=1)
    path = saved(tmp_path, arrays)
    assert verdict_on(load_rollout(path), "base").finding == "body 1"
    rollout = load_rollout(path, robot=g1)
    assert verdict_on(rollout, "base").finding == "body 1, 'pelvis'"
    assert verdict_on(rollout, "joint order").finding == f"{KNOWN[0]} numbers"
    assert verdict_on(rollout, "body order").finding == f"{KNOWN[0]} numbers"
    np.testing.assert_array_equal(rollout.read("robot.base_pos")[:, 0], arrays["body_pos_w"][:, 1])


def test_a_base_that_is_not_the_first_body_is_found(g1: Robot, clips: Clips, tmp_path: Path) -> None:
    arrays = dict(clips[KNOWN[0]])
    for key in OF_BODIES:
        arrays[key] = arrays[key][:, ::-1]
    rollout = load_rollout(saved(tmp_path, arrays), robot=g1)
    assert verdict_on(rollout, "base").finding == "body 29, 'pelvis'"
    assert verdict_on(rollout, "body order").finding.startswith("none that is known: right_wrist_yaw_link, ")
    np.testing.assert_array_equal(rollout.read("robot.base_pos")[:, 0], clips[KNOWN[0]]["body_pos_w"][:, 0])


def test_clips_with_names_are_read_by_them_and_have_no_resets(tmp_path: Path) -> None:
    """As Isaac Lab's for AMP: one that is held for every second step seems to jump at its beginning."""
    pos = np.zeros((8, 2, 3))
    pos[2:, :, 0] = 0.3
    arrays = {
        "fps": 60,
        "dof_names": np.array(["shoulder", "elbow"]),
        "body_names": np.array(["base", "upper"]),
        "dof_positions": np.zeros((8, 2)),
        "body_positions": pos,
        "body_rotations": np.tile([1.0, 0, 0, 0], (8, 2, 1)),
        "contact": np.ones((8, 4)),
    }
    path = saved(tmp_path, arrays)
    rollout = open_replay(path, urdf=write_arm(tmp_path)).rollout
    assert rollout.entities["robot"].joint_names == ("shoulder", "elbow")
    assert [episode.last_step for episode in rollout.episodes(0)] == [7]
    assert verdict_on(rollout, "episode ends").reason == "a clip is one episode"
    assert rollout.fields["contact"].shape == (4,)
    assert recordings_below(tmp_path) == [path]
    assert not [verdict for verdict in verdicts_on(rollout, "arrays") if "left out" in verdict.finding]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("body_pos_w", np.zeros((60, 90)), r"'body_pos_w' has shape \(60, 90\), expected \(T, B, 3\)"),
        ("body_pos_w", np.zeros((1, 501, 3)), "'body_pos_w' has 501 bodies, and no robot has 500"),
        ("body_pos_w", np.zeros((0, 30, 3)), r"'body_pos_w' has shape \(0, 30, 3\)"),
        ("body_quat_w", np.zeros((60, 29, 4)), r"'body_quat_w' has shape \(60, 29, 4\) .*, expected \(60, 30, 4\)"),
        ("body_quat_w", np.full((60, 30, 4), "a"), "'body_quat_w' has shape .* and type <U1"),
        ("joint_pos", np.zeros((59, 29)), r"'joint_pos' has shape \(59, 29\)"),
        ("joint_pos", np.zeros(()), r"'joint_pos' has shape \(\)"),
        ("joint_pos", np.array([{}]), "'joint_pos' has shape .* and type object"),
    ],
)
def test_arrays_that_do_not_fit_are_named(
    clips: Clips, tmp_path: Path, key: str, value: np.ndarray, message: str
) -> None:
    with pytest.raises(BadField, match=message):
        load_rollout(saved(tmp_path, {**clips[KNOWN[0]], key: value}))


def test_steps_without_numbers_are_no_evidence(g1: Robot, clips: Clips, tmp_path: Path) -> None:
    arrays = {key: np.array(value) for key, value in clips[KNOWN[1]].items()}
    arrays["body_pos_w"][::2] = np.nan
    arrays["joint_pos"][1] = np.inf
    rollout = load_rollout(saved(tmp_path, arrays), robot=g1)
    assert verdict_on(rollout, "joint order").finding == f"{KNOWN[1]} numbers"
    arrays["body_quat_w"][:] = 0
    rollout = load_rollout(saved(tmp_path, arrays), robot=g1)
    assert verdict_on(rollout, "joint order").finding == "not known"
