"""The feet of robots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from arm_urdf import LINKS, arm

from replay_viewer.robot import load_robot
from replay_viewer.robot.feet import foot_links


def test_bodies_whose_contact_is_recorded_are_the_feet_if_they_are_few(tmp_path: Path) -> None:
    assert foot_links(arm(tmp_path), ["lower", "base", "upper", "no such link"]) == [LINKS.index("lower")]


def test_else_the_lowest_ends_of_limbs_are(tmp_path: Path) -> None:
    assert foot_links(arm(tmp_path)) == [LINKS.index("tip")]


@pytest.mark.parametrize(
    ("urdf", "count"), [("go2_description/urdf/go2.urdf", 4), ("g1_description/urdf/g1_29dof_rev_1_0.urdf", 2)]
)
def test_feet_of_real_robots(robots_dir: Path, urdf: str, count: int) -> None:
    robot = load_robot(robots_dir / urdf)
    feet = foot_links(robot)
    heights = robot.forward_kinematics(np.zeros(robot.num_joints))[0][:, 2]
    assert len(feet) == count
    assert heights[feet].max() < heights.min() + 0.1
