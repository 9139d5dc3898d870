"""COLLADA: its unit, and shapes whose material is broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from collada_files import dae
from mesh_files import drawn, robot_of
from PIL import Image
from urdf_files import mesh

from replay_viewer.robot import Robot
from replay_viewer.robot.materials import NEUTRAL, texture, texture_coordinates

LOST_SURFACE = '<newparam sid="s"><sampler2D><source>gone</source></sampler2D></newparam>'
TEXTURE = '<diffuse><texture texture="s" texcoord="UV"/></diffuse>'


def robot_with(folder: Path, text: str) -> Robot:
    (folder / "part.dae").write_text(text)
    return robot_of(folder, mesh("part.dae"))


@pytest.mark.parametrize("unit", ["0,01", "0.01", "1e-2", " 0.01 "])
def test_a_unit_may_be_written_with_a_comma(tmp_path: Path, unit: str) -> None:
    robot = robot_with(tmp_path, dae(unit=unit))
    np.testing.assert_allclose(drawn(robot).extents, [0.001, 0.004, 0.001])
    assert robot.problems == ()


def test_a_unit_that_is_no_number_is_named(tmp_path: Path) -> None:
    robot = robot_with(tmp_path, dae(unit="one inch"))
    np.testing.assert_allclose(drawn(robot).extents, [0.1, 0.4, 0.1])
    assert "its unit is 'one inch' metres, which is no number" in robot.problems[0]


@pytest.mark.parametrize(
    ("effect", "params", "named"),
    [
        (TEXTURE, LOST_SURFACE, "Missing surface gone"),
        (TEXTURE, "", "what it refers to is not defined"),
        ("<diffuse><color>red</color></diffuse>", "", ""),
        ("<diffuse><color></color></diffuse>", "", ""),
        ("<diffuse><color/></diffuse>", "", ""),
    ],
)
def test_a_broken_material_costs_no_shape_and_is_named(tmp_path: Path, effect: str, params: str, named: str) -> None:
    robot = robot_with(tmp_path, dae(effect=effect, params=params))
    (visual,) = robot.visuals
    assert len(visual.mesh.faces) == 12
    assert visual.rgba == NEUTRAL
    (problem,) = robot.problems
    assert "its material 'mm' is broken" in problem
    assert named in problem


def test_a_material_that_is_not_defined_costs_no_shape(tmp_path: Path) -> None:
    robot = robot_with(tmp_path, dae().replace('target="#mm"', 'target="#other"'))
    assert robot.visuals[0].rgba == NEUTRAL
    assert "its material 'other' is broken" in robot.problems[0]


def test_a_document_without_a_scene_that_is_chosen_shows_its_first(tmp_path: Path) -> None:
    robot = robot_with(tmp_path, dae().replace('<scene><instance_visual_scene url="#S"/></scene>', ""))
    np.testing.assert_allclose(drawn(robot).extents, [0.1, 0.4, 0.1])


def test_another_axis_is_named(tmp_path: Path) -> None:
    robot = robot_with(tmp_path, dae(up="<up_axis>X_UP</up_axis>"))
    assert len(robot.visuals) == 1
    assert "it says that X is up, which is not applied" in robot.problems[0]


# Textures.

IMAGE = '<library_images><image id="i"><init_from>{}</init_from></image></library_images>'
SAMPLER = (
    '<newparam sid="f"><surface type="2D"><init_from>i</init_from></surface></newparam>'
    '<newparam sid="s"><sampler2D><source>f</source></sampler2D></newparam>'
)
TRIANGLE = (
    '<source id="{0}"><float_array id="{0}a" count="6">{1}</float_array><technique_common>'
    '<accessor source="#{0}a" count="3" stride="2"><param name="S" type="float"/><param name="T" type="float"/>'
    "</accessor></technique_common></source>"
)


def textured(file: str, bindings: str = "") -> str:
    """A triangle with two sets of texture coordinates."""
    given = '<input semantic="TEXCOORD" source="#t{0}" offset="0" set="{0}"/>'
    inputs = given.format(0) + given.format(1)
    text = dae(
        points=[(0, 0, 0), (1, 0, 0), (0, 1, 0)],
        faces='<triangles count="1" {m}>{i}<p>0 1 2</p></triangles>',
        effect=TEXTURE,
        params=SAMPLER,
        libraries=IMAGE.format(file),
        inputs=inputs,
        bindings=bindings,
    )
    sources = TRIANGLE.format("t0", "0 0 0.5 0 0 0.5") + TRIANGLE.format("t1", "0 0 1 0 0 1")
    return text.replace('<vertices id="v">', sources + '<vertices id="v">')


@pytest.mark.parametrize(("number", "most"), [("", 0.5), ("0", 0.5), ("1", 1)])
def test_a_texture_lies_at_the_coordinates_that_its_node_binds(tmp_path: Path, number: str, most: float) -> None:
    Image.new("RGB", (4, 4), "red").save(tmp_path / "skin.png")
    binding = f'<bind_vertex_input semantic="UV" input_semantic="TEXCOORD" input_set="{number}"/>' if number else ""
    (item,) = robot_with(tmp_path, textured("skin.png", binding)).visuals
    assert texture(item.mesh) is not None
    assert texture_coordinates(item.mesh).max() == most


@pytest.mark.parametrize("written", ["my%20skin.png", "textures\\my skin.png", "file:///C:/me/my%20skin.png"])
def test_textures_are_found_as_people_name_them(tmp_path: Path, written: str) -> None:
    for folder in (tmp_path, tmp_path / "textures"):
        folder.mkdir(exist_ok=True)
        Image.new("RGB", (4, 4), "red").save(folder / "my skin.png")
    robot = robot_with(tmp_path, textured(written))
    assert texture(robot.visuals[0].mesh) is not None
    assert robot.problems == ()


def test_a_texture_that_is_not_found_or_no_picture_is_named(tmp_path: Path) -> None:
    robot = robot_with(tmp_path, textured("gone.png"))
    assert len(robot.visuals) == 1
    assert "'gone.png', which it names, is not found" in robot.problems[0]
    (tmp_path / "text.png").write_text("no picture")
    robot = robot_with(tmp_path, textured("text.png"))
    assert len(robot.visuals) == 1
    assert "its texture 'text.png' cannot be read" in robot.problems[0]


def test_colours_may_be_bytes(tmp_path: Path) -> None:
    robot = robot_with(tmp_path, dae(effect="<diffuse><color>204 51 0 1</color></diffuse>"))
    np.testing.assert_allclose(robot.visuals[0].rgba, (0.8, 0.2, 0, 1), atol=0.01)


def test_a_document_without_its_namespace_is_read_as_one_with_it(tmp_path: Path) -> None:
    text = dae().replace(' xmlns="http://www.collada.org/2005/11/COLLADASchema"', "")
    assert "xmlns" not in text
    np.testing.assert_allclose(drawn(robot_with(tmp_path, text)).extents, [0.1, 0.4, 0.1])


@pytest.mark.parametrize("clear", ["", '<transparent><texture texture="s" texcoord="UV"/></transparent>'])
def test_transparency_of_a_texture_is_named(tmp_path: Path, clear: str) -> None:
    Image.new("RGBA", (4, 4), (10, 20, 30, 99)).save(tmp_path / "leaf.png")
    robot = robot_with(tmp_path, textured("leaf.png").replace("</phong>", f"{clear}</phong>"))
    named = "its material 'mm' is partly transparent, drawn opaque"
    assert robot.visuals
    assert any(named in problem for problem in robot.problems) == bool(clear)
