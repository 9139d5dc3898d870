"""Pipes and devices in the place of a URDF, a mesh, a material or a texture, and robots that are absurdly large."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mesh_files import box
from special_files import SPECIAL, put_special, sparse, time_limit
from urdf_files import links, mesh, one_link, visual, write_urdf

from replay_viewer.errors import FileProblem
from replay_viewer.robot import load_robot

pytestmark = pytest.mark.usefixtures("is_quick")
OBJ = "mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl m\nf 1/1 2/2 3/3\n"


@pytest.fixture
def is_quick() -> Iterator[None]:
    with time_limit(20):
        yield


@pytest.mark.parametrize("kind", SPECIAL)
def test_a_urdf_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(FileProblem, match="not a file"):
        load_robot(put_special(tmp_path / "robot.urdf", kind))


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("name", ["a.stl", "a.obj", "a.glb", "a.dae", "a.ply"])
def test_a_mesh_that_is_no_file_is_left_out(tmp_path: Path, name: str, kind: str) -> None:
    put_special(tmp_path / name, kind)
    robot = load_robot(write_urdf(tmp_path, one_link(mesh(name))))
    assert robot.visuals == () and name in robot.problems[0]


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("name", ["a.mtl", "a.png"])
def test_a_mesh_is_drawn_whatever_is_in_the_place_of_its_material_or_texture(
    tmp_path: Path, name: str, kind: str
) -> None:
    (tmp_path / "a.obj").write_text(OBJ)
    (tmp_path / "a.mtl").write_text("newmtl m\nKd 1 0 0\nmap_Kd a.png\n")
    put_special(tmp_path / name, kind)
    robot = load_robot(write_urdf(tmp_path, one_link(mesh("a.obj"))))
    assert len(robot.visuals) == 1
    assert any(name in problem for problem in robot.problems)


def test_a_mesh_that_claims_gigabytes_is_left_out_with_its_size(tmp_path: Path) -> None:
    content = box(tmp_path / "a.stl").read_bytes()
    sparse(tmp_path / "a.stl", 50 << 30, content)
    robot = load_robot(write_urdf(tmp_path, one_link(mesh("a.stl"))))
    assert robot.visuals == () and "53687091200 bytes" in robot.problems[0]


def test_a_urdf_of_too_many_links_is_refused_with_their_number(tmp_path: Path) -> None:
    names = [f"l{number}" for number in range(1_000_000)]
    with pytest.raises(FileProblem, match="has 1000000 links, more than"):
        load_robot(write_urdf(tmp_path, links(*names)))


@pytest.mark.parametrize("count", [2_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_a_robot_of_thousands_of_spheres_has_them_coarse(tmp_path: Path, count: int) -> None:
    spheres = [visual('<sphere radius="0.1"/>', f'<origin xyz="{place} 0 0"/>') for place in range(count)]
    many = load_robot(write_urdf(tmp_path, one_link("".join(spheres))))
    assert len(many.visuals) == count and len(many.visuals[0].mesh.faces) == 80
    few = load_robot(write_urdf(tmp_path, one_link(spheres[0])))
    assert len(few.visuals[0].mesh.faces) == 1280


@pytest.mark.slow
def test_an_stl_of_100_megabytes_is_read_in_time(tmp_path: Path) -> None:
    """Two million triangles that share no corner, 16 s before."""
    triangles = np.zeros(2_000_000, dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("more", "<u2")])
    places = np.random.default_rng(0).uniform(-1, 1, (len(triangles), 1, 3))
    triangles["corners"] = places + np.array([[0, 0, 0], [0.01, 0, 0], [0, 0.01, 0]])
    head = b"\0" * 80 + np.uint32(len(triangles)).tobytes()
    (tmp_path / "large.stl").write_bytes(head + triangles.tobytes())
    (drawn,) = load_robot(write_urdf(tmp_path, one_link(mesh("large.stl")))).visuals
    assert len(drawn.mesh.faces) == 2_000_000
    np.testing.assert_allclose(drawn.mesh.bounds, [[-1, -1, -1], [1.01, 1.01, 1]], atol=1e-3)
