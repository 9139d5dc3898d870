"""Materials of a URDF: named from another link, with a texture, in bytes, or not defined at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mesh_files import box, glb_of, robot_of
from PIL import Image
from urdf_files import joint, mesh, one_link, visual, write_urdf

from replay_viewer.robot import Robot, load_robot
from replay_viewer.robot.materials import NEUTRAL, texture

BLOCK = '<box size="1 1 1"/>'
BLACK = '<material name="black"><color rgba="0.05 0.05 0.05 1"/></material>'
NAMED = '<material name="black"/>'
SKIN = '<material name="skin"><color rgba="0.2 0.4 0.6 1"/><texture filename="skin.png"/></material>'
MAPPED = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n"


def two_links(first: str, second: str) -> str:
    body = f'<link name="a">{visual(BLOCK, first)}</link><link name="b">{visual(BLOCK, second)}</link>'
    return body + joint("j", "fixed", "a", "b")


def picture(path: Path) -> None:
    Image.new("RGB", (4, 4), (10, 200, 30)).save(path)


@pytest.mark.parametrize(("first", "second"), [(BLACK, NAMED), (NAMED, BLACK)])
def test_a_material_that_another_link_defines_may_be_named(tmp_path: Path, first: str, second: str) -> None:
    robot = load_robot(write_urdf(tmp_path, two_links(first, second)))
    assert [item.rgba for item in robot.visuals] == [(0.05, 0.05, 0.05, 1)] * 2
    assert robot.problems == ()


def test_the_robots_own_material_comes_before_that_of_a_link_and_a_visuals_own_before_both(tmp_path: Path) -> None:
    white = BLACK.replace("0.05 0.05 0.05", "0.5 0.5 0.5")
    robot = load_robot(write_urdf(tmp_path, white + two_links(BLACK, NAMED)))
    assert [item.rgba[0] for item in robot.visuals] == [0.05, 0.5]


def test_the_allegro_hand_is_black(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / "allegro_hand_description/urdf/allegro_right_hand.urdf")
    colors = {item.rgba for item in robot.visuals}
    assert NEUTRAL not in colors
    assert robot.problems == ()


def test_a_material_that_nobody_defines_is_named_where_it_is_missed(tmp_path: Path) -> None:
    robot = load_robot(write_urdf(tmp_path, two_links(NAMED, '<material name=""/>')))
    assert [item.rgba for item in robot.visuals] == [NEUTRAL] * 2
    assert robot.problems == ("Material 'black' of link a is not defined.",)
    assert robot.is_whole


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("255 0 51 255", (1, 0, 0.2, 1)),
        ("255 0 51 1", (1, 0, 0.2, 1)),
        ("0.5 0.2 0.1 128", (0.5, 0.2, 0.1, 128 / 255)),
        ("1.02 0.5 0 1", (1, 0.5, 0, 1)),
        ("51 0 0 0.5", (0.2, 0, 0, 0.5)),
    ],
)
def test_colours_may_be_bytes(tmp_path: Path, written: str, expected: tuple[float, ...]) -> None:
    robot = robot_of(tmp_path, visual(BLOCK, f'<material name="m"><color rgba="{written}"/></material>'))
    np.testing.assert_allclose(robot.visuals[0].rgba, expected)


# Textures.


def textured(folder: Path, material: str = SKIN) -> Robot:
    (folder / "part.obj").write_text(MAPPED)
    robot = robot_of(folder, mesh("part.obj", material))
    assert len(robot.visuals) == 1
    return robot


def test_a_texture_is_drawn_on_a_mesh_with_texture_coordinates(tmp_path: Path) -> None:
    picture(tmp_path / "skin.png")
    robot = textured(tmp_path)
    assert texture(robot.visuals[0].mesh) is not None
    scene = robot.link_mesh(0)
    assert scene is not None
    assert len(glb_of(scene)[0]["images"]) == 1
    assert robot.problems == ()


def test_one_mesh_may_have_two_textures(tmp_path: Path) -> None:
    picture(tmp_path / "skin.png")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "other.png")
    (tmp_path / "part.obj").write_text(MAPPED)
    other = '<material name="other"><texture filename="other.png"/></material>'
    robot = robot_of(tmp_path, mesh("part.obj", SKIN) + mesh("part.obj", other) + mesh("part.obj"))
    sizes = [image.size if (image := texture(item.mesh)) is not None else None for item in robot.visuals]
    assert sizes == [(4, 4), (8, 8), None]
    assert len({item.mesh_key for item in robot.visuals}) == 3


def test_a_texture_that_is_not_found_or_no_picture_is_named_and_the_colour_stands_in(tmp_path: Path) -> None:
    gone = textured(tmp_path)
    assert "its texture 'skin.png' is not found" in gone.problems[0]
    (tmp_path / "skin.png").write_text("no picture")
    broken = textured(tmp_path)
    assert "skin.png' cannot be read" in broken.problems[0]
    for robot in (gone, broken):
        assert robot.visuals[0].rgba == (0.2, 0.4, 0.6, 1)
        assert robot.is_whole


@pytest.mark.parametrize("shape", [BLOCK, '<mesh filename="box.stl"/>'])
def test_a_texture_without_coordinates_is_named(tmp_path: Path, shape: str) -> None:
    picture(tmp_path / "skin.png")
    box(tmp_path / "box.stl")
    robot = robot_of(tmp_path, visual(shape, SKIN))
    assert robot.visuals[0].rgba == (0.2, 0.4, 0.6, 1)
    (problem,) = robot.problems
    assert "skin.png' is " in problem


def test_a_meshs_own_colour_comes_before_the_urdfs_texture(tmp_path: Path) -> None:
    picture(tmp_path / "skin.png")
    (tmp_path / "red.mtl").write_text("newmtl red\nKd 0.8 0 0\n")
    (tmp_path / "part.obj").write_text("mtllib red.mtl\nusemtl red\n" + MAPPED)
    robot = robot_of(tmp_path, mesh("part.obj", SKIN))
    assert robot.visuals[0].rgba == (0.8, 0, 0, 1)
    assert robot.problems == ()


def test_a_texture_from_outside_of_a_recording_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    picture(tmp_path / "skin.png")
    (tmp_path / "inside/part.obj").write_text(MAPPED)
    material = SKIN.replace("skin.png", "../skin.png")
    robot = load_robot(
        write_urdf(tmp_path / "inside", one_link(mesh("part.obj", material))), inside=tmp_path / "inside"
    )
    assert texture(robot.visuals[0].mesh) is None
    assert "its texture '../skin.png' is not found" in robot.problems[0]
