"""Which way is up in meshes: what files say, whether links meet, what the user says; and sizes that cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from collada_files import dae
from gltf_files import CORNERS, Glb
from urdf_files import joint, links, mesh, one_link, visual, write_urdf

from replay_viewer.robot import Robot, from_shape, load_robot
from replay_viewer.robot.mesh_up import MeshUp

Y_UP, Z_UP = "<up_axis>Y_UP</up_axis>", "<up_axis>Z_UP</up_axis>"
BRICK = CORNERS / np.array([10, 5, 30], np.float32)  # 0.1 x 0.4 x 0.1 m.


def column(folder: Path, *names: str, apart: str = "0 0 0.4", mesh_up: MeshUp | None = None) -> Robot:
    """Links of which each has a mesh and hangs 0.4 m above the one before."""
    body = "".join(f'<link name="l{i}">{mesh(name)}</link>' for i, name in enumerate(names))
    origin = f'<origin xyz="{apart}"/>'
    body += "".join(joint(f"j{i}", "fixed", f"l{i - 1}", f"l{i}", origin) for i in range(1, len(names)))
    return load_robot(write_urdf(folder, body), mesh_up=mesh_up)


def extents(robot: Robot) -> list[float]:
    points = [trimesh.transform_points(item.mesh.vertices, item.origin) for item in robot.visuals]
    return np.ptp(np.concatenate(points), axis=0).tolist()


def test_bricks_of_collada_that_meet_when_turned_are_turned(tmp_path: Path) -> None:
    (tmp_path / "leg.dae").write_text(dae(up=Y_UP))
    robot = column(tmp_path, *["leg.dae"] * 3)
    np.testing.assert_allclose(extents(robot), [0.1, 0.1, 1.2])
    (verdict,) = robot.mesh_verdicts
    assert verdict.status == "found"
    assert verdict.finding == "'tiny': 1 mesh of COLLADA that says Y_UP is turned from Y up to Z up"
    assert "--mesh-up z" in verdict.reason


def test_collada_that_says_nothing_is_turned_where_its_links_meet_so_and_not_spoken_of_else(tmp_path: Path) -> None:
    (tmp_path / "leg.dae").write_text(dae(up=""))
    assert column(tmp_path, *["leg.dae"] * 3).mesh_verdicts[0].status == "found"
    as_they_are = column(tmp_path, *["leg.dae"] * 3, apart="0 0.4 0")
    np.testing.assert_allclose(extents(as_they_are), [0.1, 1.2, 0.1])
    assert as_they_are.mesh_verdicts == ()


def test_bricks_that_meet_as_they_are_stay_so_whatever_they_say(tmp_path: Path) -> None:
    (tmp_path / "leg.dae").write_text(dae(up=Y_UP))
    Glb({"POSITION": BRICK}).write(tmp_path / "leg.glb")
    for name in ("leg.dae", "leg.glb"):
        robot = column(tmp_path, *[name] * 3, apart="0 0.4 0")
        np.testing.assert_allclose(extents(robot), [0.1, 1.2, 0.1], rtol=1e-6)
        (verdict,) = robot.mesh_verdicts
        assert (verdict.status, "drawn as written" in verdict.finding) == ("found", True)


def test_collada_that_says_z_is_never_turned(tmp_path: Path) -> None:
    (tmp_path / "leg.dae").write_text(dae(up=Z_UP))
    robot = column(tmp_path, *["leg.dae"] * 3, mesh_up="y")
    np.testing.assert_allclose(extents(robot), [0.1, 0.4, 0.9])
    assert robot.mesh_verdicts == ()


def test_gltf_is_turned_by_its_specification_where_nothing_tells(tmp_path: Path) -> None:
    Glb({"POSITION": BRICK}).write(tmp_path / "leg.glb")
    robot = column(tmp_path, "leg.glb")
    np.testing.assert_allclose(extents(robot), [0.1, 0.1, 0.4], rtol=1e-6)
    (verdict,) = robot.mesh_verdicts
    assert verdict.status == "assumed"
    assert "by its specification" in verdict.reason


def test_collada_is_left_as_it_is_where_nothing_tells_and_that_is_a_doubt(tmp_path: Path) -> None:
    (tmp_path / "leg.dae").write_text(dae(up=Y_UP))
    robot = column(tmp_path, "leg.dae")
    np.testing.assert_allclose(extents(robot), [0.1, 0.4, 0.1])
    assert robot.mesh_verdicts[0].status == "assumed"
    assert "--mesh-up y overrides it" in robot.mesh_verdicts[0].reason


@pytest.mark.parametrize("name", ["leg.dae", "leg.glb"])
def test_what_the_user_says_comes_first(tmp_path: Path, name: str) -> None:
    (tmp_path / "leg.dae").write_text(dae(up=Y_UP))
    Glb({"POSITION": BRICK}).write(tmp_path / "leg.glb")
    sizes: dict[MeshUp, list[float]] = {"y": [0.1, 0.1, 1.2], "z": [0.1, 0.4, 0.9]}
    for mesh_up, expected in sizes.items():
        robot = column(tmp_path, *[name] * 3, mesh_up=mesh_up)
        np.testing.assert_allclose(extents(robot), expected, rtol=1e-6)
        assert robot.mesh_verdicts[0].status == "stated"


def test_glbs_that_were_written_as_given_stay_as_they_are(tmp_path: Path) -> None:
    trimesh.creation.box(bounds=[[0, 0, 0], [1, 2, 3]]).export(tmp_path / "box.glb")
    alone = from_shape("crate", {"type": "mesh", "path": str(tmp_path / "box.glb")})
    np.testing.assert_allclose(extents(alone), [1, 2, 3])
    assert alone.mesh_verdicts == ()


def test_the_bundled_robots_meshes_stay_as_they_are() -> None:
    robot = load_robot(Path(__file__).parents[2] / "assets/trotter/trotter.urdf")
    assert robot.visuals
    assert robot.mesh_verdicts == ()


def test_meshes_of_two_kinds_are_judged_apart(tmp_path: Path) -> None:
    (tmp_path / "turned.dae").write_text(dae(up=Y_UP))
    Glb({"POSITION": BRICK[:, [0, 2, 1]]}).write(tmp_path / "as_is.glb")  # 0.4 m along z already.
    robot = column(tmp_path, "turned.dae", "as_is.glb", "turned.dae", "as_is.glb")
    np.testing.assert_allclose(extents(robot)[2], 1.6, rtol=1e-6)
    assert [verdict.status for verdict in robot.mesh_verdicts] == ["found", "found"]


def test_what_makes_no_difference_is_as_usual_beside_what_does(tmp_path: Path) -> None:
    (tmp_path / "turned.dae").write_text(dae(up=Y_UP))
    Glb({"POSITION": (CORNERS / [1, 2, 3] - 0.5).astype(np.float32) * np.float32(0.1)}).write(tmp_path / "cube.glb")
    robot = column(tmp_path, "turned.dae", "turned.dae", "turned.dae", "cube.glb")
    assert [verdict.status for verdict in robot.mesh_verdicts] == ["found", "assumed"]
    assert all("turned from Y up to Z up" in verdict.finding for verdict in robot.mesh_verdicts)


@pytest.mark.parametrize(
    ("file", "is_turned"),
    [
        ("icub_description/robots/icub.urdf", True),
        ("borinot_description/urdf/borinot_flying_arm_2.urdf", False),
        ("hextilt_description/urdf/hextilt_flying_arm_5.urdf", False),
    ],
)
def test_real_robots_are_turned_only_where_their_links_meet_so(robots_dir: Path, file: str, is_turned: bool) -> None:
    (verdict,) = load_robot(robots_dir / file).mesh_verdicts
    assert ("are turned" in verdict.finding) == is_turned


# Sizes.

SMALL, LARGE = visual('<box size="0.3 0.2 0.1"/>'), visual('<box size="100 100 1"/>')


@pytest.mark.parametrize(("millimetres", "unit"), [(1, "millimetres"), (10, "centimetres")])
def test_a_robot_of_hundreds_of_metres_is_doubted(tmp_path: Path, millimetres: float, unit: str) -> None:
    trimesh.creation.box((500 / millimetres, 300 / millimetres, 200 / millimetres)).export(tmp_path / "part.stl")
    body = f'<link name="a">{SMALL}</link><link name="b">{mesh("part.stl")}</link>'
    body += joint("turn", "revolute", "a", "b", '<origin xyz="0 0 0.2"/><axis xyz="0 0 1"/>')
    (verdict,) = load_robot(write_urdf(tmp_path, body)).mesh_verdicts
    assert verdict.status == "problem"
    assert f"are its meshes in {unit}? (scale=" in verdict.finding
    assert "only 0.2 m apart" in verdict.reason


def test_large_things_without_joints_and_robots_of_primitives_are_not_doubted(tmp_path: Path) -> None:
    trimesh.creation.box((200, 200, 1)).export(tmp_path / "ground.stl")
    assert load_robot(write_urdf(tmp_path, one_link(mesh("ground.stl")))).mesh_verdicts == ()
    body = links("a") + f'<link name="b">{LARGE}</link>'
    body += joint("j", "fixed", "a", "b", '<origin xyz="0 0 0.2"/>')
    assert load_robot(write_urdf(tmp_path, body)).mesh_verdicts == ()
