"""Pipes and devices in the place of a URDF, a mesh, a material or a texture, and robots that are absurdly large."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
    names = [f"l{number}" for number in range(100_000)]
    with pytest.raises(FileProblem, match="has 100000 links, more than"):
        load_robot(write_urdf(tmp_path, links(*names)))


def test_a_robot_of_thousands_of_spheres_has_them_coarse(tmp_path: Path) -> None:
    spheres = [visual('<sphere radius="0.1"/>', f'<origin xyz="{place} 0 0"/>') for place in range(2000)]
    many = load_robot(write_urdf(tmp_path, one_link("".join(spheres))))
    assert len(many.visuals) == 2000 and len(many.visuals[0].mesh.faces) == 80
    few = load_robot(write_urdf(tmp_path, one_link(spheres[0])))
    assert len(few.visuals[0].mesh.faces) == 1280
