"""OBJ: several material libraries, options of textures, and what is not found is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mesh_files import robot_of
from PIL import Image
from urdf_files import mesh

from replay_viewer.robot import Robot
from replay_viewer.robot.materials import NEUTRAL, texture, texture_coordinates

HALVES = (
    "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv 0 0 1\nv 1 0 1\nv 1 1 1\nv 0 1 1\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
    "usemtl lower\nf 1/1 4/4 3/3 2/2\nusemtl upper\nf 5/1 6/2 7/3 8/4\n"
)
RED, BLUE = "newmtl lower\nKd 0.8 0.2 0.2\n", "newmtl upper\nKd 0.2 0.2 0.8\n"


def robot_with(folder: Path, obj: str, **libraries: str) -> Robot:
    for name, text in libraries.items():
        (folder / f"{name}.mtl").write_text(text)
    (folder / "part.obj").write_text(obj)
    robot = robot_of(folder, mesh("part.obj"))
    assert robot.visuals
    return robot


def colors(robot: Robot) -> dict[float, tuple[float, ...]]:
    """The colour of each half, by its height."""
    return {float(item.mesh.vertices[0, 2]): tuple(np.round(item.rgba, 2).tolist()) for item in robot.visuals}


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), (10, 200, 30)).save(path)


@pytest.mark.parametrize(
    "lines",
    [
        "mtllib red.mtl\nmtllib blue.mtl\n",
        "mtllib red.mtl blue.mtl\n",
        "  mtllib  red.mtl\tblue.mtl  \n",
        "# mtllib none.mtl\nmtllib .\\red.mtl\nmtllib ./blue.mtl\n",
        "mtllib red.mtl\r\nmtllib blue.mtl\r\n",
    ],
)
def test_all_material_libraries_count(tmp_path: Path, lines: str) -> None:
    robot = robot_with(tmp_path, lines + HALVES, red=RED, blue=BLUE)
    assert colors(robot) == {0.0: (0.8, 0.2, 0.2, 1), 1.0: (0.2, 0.2, 0.8, 1)}
    assert robot.problems == ()


def test_a_library_whose_name_has_blanks_is_one(tmp_path: Path) -> None:
    robot = robot_with(tmp_path, "mtllib red and blue.mtl\n" + HALVES, **{"red and blue": RED + BLUE})
    assert colors(robot)[1.0] == (0.2, 0.2, 0.8, 1)
    assert robot.problems == ()


def test_a_library_whose_name_has_blanks_is_missed_by_its_whole_name(tmp_path: Path) -> None:
    robot = robot_with(tmp_path, "mtllib red and blue.mtl\n" + HALVES)
    (problem,) = robot.problems
    assert "'red and blue.mtl', which it names, is not found" in problem


def test_a_library_that_is_not_found_is_named_and_the_others_count(tmp_path: Path) -> None:
    robot = robot_with(tmp_path, "mtllib red.mtl gone.mtl\n" + HALVES, red=RED)
    assert colors(robot) == {0.0: (0.8, 0.2, 0.2, 1), 1.0: tuple(np.round(NEUTRAL, 2).tolist())}
    assert [problem.rpartition("part.obj: ")[2] for problem in robot.problems] == [
        "its material 'upper' is in none of its material files.",
        "'gone.mtl', which it names, is not found.",
    ]


@pytest.mark.parametrize(
    ("kd", "expected"),
    [
        ("Kd 204 51 51", (0.8, 0.2, 0.2, 1)),
        ("Kd 0.8 0.2 0.2\nd 0.5", (0.8, 0.2, 0.2, 0.5)),
        ("Kd 0.8 0.2 0.2\nTr 0.25", (0.8, 0.2, 0.2, 0.75)),
        ("Kd 0.8 0.2 0.2\nd -halo 0.5", (0.8, 0.2, 0.2, 0.5)),
        ("Tr 1\nd 1\nKd 0.8 0.2 0.2", (0.8, 0.2, 0.2, 1)),
        ("kd 0.5", (0.5, 0.5, 0.5, 1)),
    ],
)
def test_colours_are_0_to_1_or_bytes_and_may_be_transparent(
    tmp_path: Path, kd: str, expected: tuple[float, ...]
) -> None:
    robot = robot_with(tmp_path, "mtllib m.mtl\n" + HALVES, m=f"newmtl lower\n{kd}\n" + BLUE)
    np.testing.assert_allclose(colors(robot)[0.0], expected, atol=0.01)


@pytest.mark.parametrize("text", ["newmtl lower\nNs 10\n" + BLUE, BLUE])
def test_a_material_without_a_colour_leaves_it_to_the_urdf(tmp_path: Path, text: str) -> None:
    robot = robot_with(tmp_path, "mtllib m.mtl\n" + HALVES, m=text)
    np.testing.assert_allclose(colors(robot)[0.0], NEUTRAL, atol=0.01)
    assert len(robot.problems) == (0 if "lower" in text else 1)


def test_an_empty_library_lacks_what_is_named(tmp_path: Path) -> None:
    problems = robot_with(tmp_path, "mtllib m.mtl\n" + HALVES, m="").problems
    assert len(problems) == 2
    assert "its material 'lower' is in none of its material files" in problems[0]


@pytest.mark.parametrize("blank", ["\t", "  ", " \t"])
def test_blanks_of_any_kind_stand_between_words(tmp_path: Path, blank: str) -> None:
    text = "".join(f"{blank}{line.replace(' ', blank)}\n" for line in ("mtllib m.mtl\n" + HALVES).splitlines())
    robot = robot_with(tmp_path, text, m=RED + BLUE)
    assert colors(robot) == {0.0: (0.8, 0.2, 0.2, 1), 1.0: (0.2, 0.2, 0.8, 1)}


@pytest.mark.parametrize(
    ("written", "file"),
    [
        ("skin.png", "skin.png"),
        ("textures\\skin.png", "textures/skin.png"),
        ("my%20skin.png", "my skin.png"),
        ("my skin.png", "my skin.png"),
        ("-clamp on -blendu off skin.png", "skin.png"),
        ("-bm 0.5 -mm 0 1 my skin.png", "my skin.png"),
        ('"skin.png"', "skin.png"),
        ("C:\\Users\\me\\skin.png", "skin.png"),
        ("file:///home/me/skin.png", "skin.png"),
    ],
)
def test_textures_are_found_as_people_name_them(tmp_path: Path, written: str, file: str) -> None:
    picture(tmp_path / file)
    robot = robot_with(tmp_path, "mtllib m.mtl\n" + HALVES, m=f"newmtl lower\nmap_Kd {written}\n{BLUE}")
    assert [texture(item.mesh) is not None for item in robot.visuals].count(True) == 1
    assert robot.problems == ()


@pytest.mark.parametrize(
    ("options", "most"),
    [("-s 2 3 1 -o 0.5 0 0", [2.5, 3]), ("-s 2", [2, 1]), ("-o 0.25 0.5", [1.25, 1.5]), ("-t 0.1 0 0", [1, 1])],
)
def test_options_move_the_texture(tmp_path: Path, options: str, most: list[float]) -> None:
    picture(tmp_path / "skin.png")
    robot = robot_with(tmp_path, "mtllib m.mtl\n" + HALVES, m=f"newmtl lower\nmap_Kd {options} skin.png\n{BLUE}")
    (item,) = [item for item in robot.visuals if texture(item.mesh) is not None]
    np.testing.assert_allclose(texture_coordinates(item.mesh).max(axis=0), most)


def test_a_texture_that_is_not_found_or_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not a picture")
    materials = "newmtl lower\nmap_Kd gone.png\nnewmtl upper\nKd 0.2 0.2 0.8\nmap_Kd text.png\n"
    robot = robot_with(tmp_path, "mtllib m.mtl\n" + HALVES, m=materials)
    assert [problem.rpartition("part.obj: ")[2] for problem in robot.problems] == [
        "its texture 'text.png' cannot be read.",
        "'gone.png', which it names, is not found.",
    ]
    assert colors(robot)[1.0] == (0.2, 0.2, 0.8, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("2/2\n", "2/2 # lower\n").replace("8/4\n", "8/4#upper\n"),
    ],
    ids=["byte order mark", "old line ends", "comments"],
)
def test_what_editors_leave_in_an_obj_costs_no_vertex(tmp_path: Path, change: Callable[[str], str]) -> None:
    robot = robot_with(tmp_path, change("mtllib m.mtl\n" + HALVES), m=RED + BLUE)
    assert colors(robot) == {0.0: (0.8, 0.2, 0.2, 1.0), 1.0: (0.2, 0.2, 0.8, 1.0)}
    assert sum(item.mesh.area for item in robot.visuals) == pytest.approx(2)


def test_vertices_that_are_counted_from_0_are_refused(tmp_path: Path) -> None:
    (tmp_path / "part.obj").write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 0 1 2 3\n")
    robot = robot_of(tmp_path, mesh("part.obj"))
    assert robot.visuals == ()
    assert "counts its vertices from 0" in robot.problems[0]


@pytest.mark.parametrize("clear", ["", "map_d part.png\n"])
def test_transparency_of_a_texture_is_named(tmp_path: Path, clear: str) -> None:
    picture(tmp_path / "part.png")
    problems = robot_with(tmp_path, "mtllib m.mtl\n" + HALVES, m=f"{RED}map_Kd part.png\n{clear}{BLUE}").problems
    named = "its material 'lower' is partly transparent, drawn opaque"
    assert any(named in problem for problem in problems) == bool(clear)
