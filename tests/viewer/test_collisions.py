"""What a URDF says beside what is drawn: collision shapes, effort limits, the joints' axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from arm_urdf import arm
from urdf_files import joint, one_link, visual, write_urdf

from replay_viewer.robot import from_shape, load_robot

BOX = '<geometry><box size="1 2 3"/></geometry>'


def test_collision_shapes_are_drawn_in_the_place_of_visuals(tmp_path: Path) -> None:
    robot = load_robot(write_urdf(tmp_path, one_link(visual('<sphere radius="1"/>') + f"<collision>{BOX}</collision>")))
    assert robot.collisions is not None
    assert np.allclose(robot.visuals[0].mesh.extents, 2, atol=0.02)
    assert np.allclose(robot.collisions.visuals[0].mesh.extents, (1, 2, 3))
    assert robot.collisions.link_names == robot.link_names


def test_a_robot_without_collision_shapes_says_so(tmp_path: Path) -> None:
    robot = load_robot(write_urdf(tmp_path, one_link(visual('<sphere radius="1"/>'))))
    assert not robot.has_collisions
    assert robot.collisions is None
    assert not from_shape("box", {"type": "box", "size": [1, 1, 1]}).has_collisions


def test_an_effort_limit_of_zero_is_none(tmp_path: Path) -> None:
    body = '<link name="a"/><link name="b"/><link name="c"/><link name="d"/>'
    for number, effort in enumerate(("12", "0")):
        limit = f'<limit lower="-1" upper="1" effort="{effort}" velocity="1"/>'
        body += joint(f"j{number}", "revolute", "a", "bcd"[number], limit)
    body += joint("j2", "continuous", "a", "d")
    assert load_robot(write_urdf(tmp_path, body)).joint_efforts.tolist() == [12, np.inf, np.inf]


def test_joints_lead_to_the_links_after_the_root(tmp_path: Path) -> None:
    robot = arm(tmp_path)
    assert [joint.kind for joint in robot.joints] == ["turn", "turn", "fixed"]
    assert [joint.source for joint in robot.joints[:2]] == [0, 1]
    assert np.allclose(robot.joints[0].axis, (0, 1, 0))
