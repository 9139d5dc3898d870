"""The orders in which simulators number bodies and joints, against those that they are known to have."""

from __future__ import annotations

from pathlib import Path

from arm_urdf import arm
from urdf_files import joint, links, write_urdf

from replay_viewer.robot import load_robot
from replay_viewer.robot.orders import body_orders


def test_a_g1_is_numbered_as_mujoco_and_isaac_lab_do(robots_dir: Path) -> None:
    """Isaac Lab's is what its `robot.joint_names` prints for this robot."""
    robot = load_robot(robots_dir / "g1_description/urdf/g1_29dof_rev_1_0.urdf")
    in_depth, in_breadth = body_orders(robot)[:2]
    assert in_depth.joints == robot.joint_names
    assert in_breadth.joints[:13] == (
        *("left_hip_pitch_joint", "right_hip_pitch_joint", "waist_yaw_joint"),
        *("left_hip_roll_joint", "right_hip_roll_joint", "waist_roll_joint"),
        *("left_hip_yaw_joint", "right_hip_yaw_joint", "waist_pitch_joint"),
        *("left_knee_joint", "right_knee_joint", "left_shoulder_pitch_joint", "right_shoulder_pitch_joint"),
    )
    assert [robot.link_names[link] for link in in_breadth.links[:3]] == [
        "pelvis",
        "left_hip_pitch_link",
        "right_hip_pitch_link",
    ]
    for order in (in_depth, in_breadth):
        assert sorted(order.links) == list(range(robot.num_bodies))
        assert sorted(order.all_links) == list(range(robot.num_links))


def test_an_anymals_legs_are_numbered_by_name_too(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / "anymal_c_simple_description/urdf/anymal.urdf")
    names = {order.name.partition(",")[0]: order.joints for order in body_orders(robot)}
    assert names["depth first"][:4] == ("LF_HAA", "LF_HFE", "LF_KFE", "RF_HAA")
    assert names["depth first and by name"][3:6] == ("LH_HAA", "LH_HFE", "LH_KFE")
    assert names["breadth first"][:4] == ("LF_HAA", "RF_HAA", "LH_HAA", "RH_HAA")
    assert names["breadth first and by name"][:4] == ("LF_HAA", "LH_HAA", "RF_HAA", "RH_HAA")


def test_joints_that_mimic_another_are_counted_apart(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / "panda_description/urdf/panda.urdf")
    order = body_orders(robot)[-1]
    assert order.joints == robot.joint_names
    assert order.all_joints == (*robot.joint_names, "panda_finger_joint2")


def test_of_orders_that_are_the_same_one_is_named(tmp_path: Path) -> None:
    (only,) = body_orders(arm(tmp_path))
    assert (only.links, only.all_links) == ((0, 1, 2), (0, 1, 2, 3))


def test_what_hangs_on_a_fixed_link_has_the_place_of_the_joint_that_moves_it(tmp_path: Path) -> None:
    """A waist that is fixed is described before the legs, and carries an arm that is described after them."""
    body = links("root", "torso", "leg", "arm")
    body += joint("waist", "fixed", "root", "torso") + joint("hip", "revolute", "root", "leg")
    body += joint("shoulder", "revolute", "torso", "arm")
    robot = load_robot(write_urdf(tmp_path, body))
    for order in body_orders(robot)[:2]:
        assert [robot.link_names[link] for link in order.links] == ["root", "leg", "arm"]
