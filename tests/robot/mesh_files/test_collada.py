"""COLLADA: its unit, and shapes whose material is broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from collada_files import dae
from mesh_files import drawn, robot_of
from urdf_files import mesh

from replay_viewer.robot import Robot
from replay_viewer.robot.materials import NEUTRAL

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
