"""Forward kinematics against yourdfpy's own on real robots, and against arithmetic on small ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yourdfpy
from special_files import time_limit
from urdf_files import joint, links, write_urdf

from replay_viewer import rotations
from replay_viewer.robot import Robot, load_robot

REAL_ROBOTS = {
    "Go2": "go2_description/urdf/go2.urdf",
    "ANYmal C": "anymal_c_simple_description/urdf/anymal.urdf",
    "G1": "g1_description/urdf/g1_29dof_rev_1_0.urdf",
    "Talos": "talos_data/robots/talos_full_v2.urdf",
    "PR2": "pr2_description/urdf/pr2.urdf",  # Has joints that slide.
}
METRES = 1e-6


def peer_poses(peer: yourdfpy.URDF, link_names: tuple[str, ...], joint_pos: np.ndarray) -> np.ndarray:
    """yourdfpy's (L, 4, 4) poses of all links in the root's frame."""
    peer.update_cfg(joint_pos.astype(np.float64))
    return np.array([peer.get_transform(name) for name in link_names])


def assert_equal_poses(positions: np.ndarray, wxyz: np.ndarray, expected: np.ndarray, atol: float = METRES) -> None:
    np.testing.assert_allclose(positions, expected[..., :3, 3], rtol=0, atol=atol)
    matrices = rotations.to_matrix(wxyz.astype(np.float64))
    np.testing.assert_allclose(matrices, expected[..., :3, :3], rtol=0, atol=2 * atol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("file", REAL_ROBOTS.values(), ids=REAL_ROBOTS)
def test_real_robots_agree_with_yourdfpy(robots_dir: Path, file: str, dtype: type) -> None:
    robot = load_robot(robots_dir / file)
    peer = yourdfpy.URDF.load(str(robots_dir / file), load_meshes=False)
    assert list(robot.joint_names) == peer.actuated_joint_names
    joint_pos = np.random.default_rng(0).uniform(-3, 3, (12, robot.num_joints)).astype(dtype)

    positions, wxyz = robot.forward_kinematics(joint_pos)

    assert positions.dtype == wxyz.dtype == dtype
    expected = np.array([peer_poses(peer, robot.link_names, row) for row in joint_pos])
    assert_equal_poses(positions, wxyz, expected)


@pytest.mark.parametrize("file", REAL_ROBOTS.values(), ids=REAL_ROBOTS)
def test_float32_is_within_a_micrometre_of_float64(robots_dir: Path, file: str) -> None:
    robot = load_robot(robots_dir / file)
    joint_pos = np.random.default_rng(1).uniform(-3, 3, (2000, robot.num_joints)).astype(np.float32)
    single, _ = robot.forward_kinematics(joint_pos)
    double, _ = robot.forward_kinematics(joint_pos.astype(np.float64))
    assert np.abs(single - double).max() < METRES


def test_mimic_joints_move_with_the_one_that_they_follow(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / REAL_ROBOTS["Talos"])
    assert "gripper_left_inner_double_joint" in robot.mimic_names
    assert "gripper_left_inner_double_joint" not in robot.joint_names
    opened = np.zeros(robot.num_joints)
    opened[robot.joint_names.index("gripper_left_joint")] = -0.5
    _, at_rest = robot.forward_kinematics(np.zeros(robot.num_joints))
    _, moved = robot.forward_kinematics(opened)
    link = robot.link_names.index("gripper_left_inner_double_link")
    turn = rotations.to_rotation_vector(rotations.multiply(rotations.conjugate(at_rest[link]), moved[link]))
    assert np.linalg.norm(turn) == pytest.approx(0.5, abs=1e-9)


@pytest.fixture
def mimicking(tmp_path: Path) -> Robot:
    """a turns b about z; c follows a with 2 a + 0.1; d, a slide along x, follows c with -0.5 c + 0.2."""
    axis = '<axis xyz="0 0 1"/>'
    body = links("root", "b", "c", "d") + joint("a_joint", "continuous", "root", "b", axis)
    body += joint("c_joint", "continuous", "root", "c", axis + '<mimic joint="a_joint" multiplier="2" offset="0.1"/>')
    slide = '<axis xyz="1 0 0"/><mimic joint="c_joint" multiplier="-0.5" offset="0.2"/>'
    return load_robot(write_urdf(tmp_path, body + joint("d_joint", "prismatic", "root", "d", slide)))


def test_chained_mimics_compose_their_scales_and_offsets(mimicking: Robot) -> None:
    positions, wxyz = mimicking.forward_kinematics(np.array([0.3]))
    assert mimicking.joint_names == ("a_joint",)
    assert mimicking.mimic_names == ("c_joint", "d_joint")
    assert rotations.yaw(wxyz[mimicking.link_names.index("c")]) == pytest.approx(2 * 0.3 + 0.1)
    assert positions[mimicking.link_names.index("d"), 0] == pytest.approx(-0.5 * (2 * 0.3 + 0.1) + 0.2)


def test_mimic_of_a_fixed_joint_stays_at_its_offset(tmp_path: Path) -> None:
    mimic = '<axis xyz="0 0 1"/><mimic joint="weld" offset="0.4"/>'
    body = links("root", "a", "b") + joint("weld", "fixed", "root", "a") + joint("j", "revolute", "a", "b", mimic)
    robot = load_robot(write_urdf(tmp_path, body))
    _, wxyz = robot.forward_kinematics(np.zeros((2, 0)))
    assert robot.num_joints == 0
    np.testing.assert_allclose(rotations.yaw(wxyz[:, robot.link_names.index("b")]), 0.4)


def test_axes_of_turns_need_not_be_unit_vectors(tmp_path: Path) -> None:
    body = links("root", "a") + joint("j", "revolute", "root", "a", '<axis xyz="0 0 5"/>')
    robot = load_robot(write_urdf(tmp_path, body))
    _, wxyz = robot.forward_kinematics(np.array([0.7]))
    assert rotations.yaw(wxyz[1]) == pytest.approx(0.7)


def test_links_behind_fixed_joints_follow_the_moving_link_above(tmp_path: Path) -> None:
    turned = '<origin xyz="0 0 1" rpy="0 1.5707963267948966 0"/>'
    body = links("root", "plate", "arm", "tip")
    body += joint("weld", "fixed", "root", "plate", turned)
    body += joint("j", "revolute", "plate", "arm", '<origin xyz="0 0 2"/><axis xyz="1 0 0"/>')
    body += joint("weld2", "fixed", "arm", "tip", '<origin xyz="0 3 0"/>')
    robot = load_robot(write_urdf(tmp_path, body))
    positions, _ = robot.forward_kinematics(np.array([np.pi / 2]))
    at = dict(zip(robot.link_names, positions, strict=True))
    np.testing.assert_allclose(at["plate"], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(at["arm"], [2, 0, 1], atol=1e-12)
    # The plate's z is the world's x. The arm turns about the plate's x, the world's -z: its y points along z, now x.
    np.testing.assert_allclose(at["tip"], [5, 0, 1], atol=1e-12)
    assert robot.link_names[: robot.num_bodies] == ("root", "arm")


def test_base_pose_moves_the_whole_robot(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / REAL_ROBOTS["Go2"])
    rng = np.random.default_rng(2)
    joint_pos, base_pos = rng.normal(size=(5, robot.num_joints)), rng.normal(size=(5, 3))
    base_wxyz = rotations.normalize(rng.normal(size=(5, 4)))
    local_positions, local_wxyz = robot.forward_kinematics(joint_pos)
    positions, wxyz = robot.forward_kinematics(joint_pos, base_pos, base_wxyz)
    expected = base_pos[:, None] + rotations.rotate(base_wxyz[:, None], local_positions)
    np.testing.assert_allclose(positions, expected, atol=1e-12)
    np.testing.assert_allclose(wxyz, rotations.multiply(base_wxyz[:, None], local_wxyz), atol=1e-12)
    np.testing.assert_allclose(positions[:, 0], base_pos)


def test_far_from_the_origin_only_the_base_position_is_rounded(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / REAL_ROBOTS["G1"])
    joint_pos = np.random.default_rng(3).uniform(-1, 1, (50, robot.num_joints)).astype(np.float32)
    near, _ = robot.forward_kinematics(joint_pos)
    far, _ = robot.forward_kinematics(joint_pos, np.array([1000, 0, 0], np.float32))
    # One rounding at 1000 m is at most 2**-15 m; a chain of ten sums at that distance would add up to more.
    assert np.abs((far.astype(np.float64) - [1000, 0, 0]) - near).max() <= 2**-15


@pytest.mark.parametrize("batch", [(), (1,), (3, 4), (0,), (2, 0, 5), (1, 1030)])
def test_batch_dimensions_are_kept(robots_dir: Path, batch: tuple[int, ...]) -> None:
    robot = load_robot(robots_dir / REAL_ROBOTS["Go2"])
    joint_pos = np.random.default_rng(4).normal(size=(*batch, robot.num_joints))
    positions, wxyz = robot.forward_kinematics(joint_pos, np.zeros((*batch, 3)), np.array([1.0, 0, 0, 0]))
    assert positions.shape == (*batch, robot.num_links, 3)
    assert wxyz.shape == (*batch, robot.num_links, 4)
    for index in list(np.ndindex(batch))[-3:]:
        np.testing.assert_allclose(positions[index], robot.forward_kinematics(joint_pos[index])[0], atol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(wxyz, axis=-1), 1, atol=1e-12)


def test_rows_do_not_influence_each_other(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / REAL_ROBOTS["Talos"])
    joint_pos = np.random.default_rng(5).normal(size=(1100, robot.num_joints)).astype(np.float32)
    joint_pos[700] = np.nan
    positions, wxyz = robot.forward_kinematics(joint_pos)
    broken = np.isnan(positions).any(axis=(1, 2)) | np.isnan(wxyz).any(axis=(1, 2))
    assert np.flatnonzero(broken).tolist() == [700]


def test_wrong_number_of_joints_is_an_error(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / REAL_ROBOTS["Go2"])
    with pytest.raises(ValueError, match=r"\(3, 11\), expected \(\.\.\., 12\)"):
        robot.forward_kinematics(np.zeros((3, 11)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["revolute", "fixed"])
def test_a_chain_of_twenty_thousand_links_is_read_in_time(tmp_path: Path, kind: str) -> None:
    names = [f"l{number}" for number in range(20_000)]
    origin = '<origin xyz="0.001 0 0"/><limit lower="-1" upper="1" effort="1" velocity="1"/>'
    chain = (joint(f"j{n}", kind, names[n], names[n + 1], origin) for n in range(len(names) - 1))
    with time_limit(60):
        robot = load_robot(write_urdf(tmp_path, links(*names) + "".join(chain)))
        positions, _ = robot.forward_kinematics(np.zeros(robot.num_joints))
    np.testing.assert_allclose(positions[-1], [19.999, 0, 0], atol=1e-6)
