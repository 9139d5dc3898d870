"""Shapes whose numbers nothing can be drawn with: named and left out, whatever file they are in."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import trimesh
from mesh_files import box, glb_of, robot_of
from urdf_files import joint, mesh, one_link, visual, write_urdf

from replay_viewer.robot import Robot, from_shape, load_robot

# The edge of the box beside them, and how far its corners are.
GOOD, RADIUS = visual('<box size="0.4 0.4 0.4"/>'), 0.2 * np.sqrt(3)


def the_rest_of(robot: Robot) -> str:
    """What is told of a robot of which the box of 0.4 m is left."""
    assert [visual.mesh_key for visual in robot.visuals] == ["box 0.4 0.4 0.4#0"]
    assert robot.radius == pytest.approx(RADIUS)
    (problem,) = robot.problems
    assert problem.endswith("Left out on link a.")
    return problem


@pytest.mark.parametrize(
    "shape",
    [
        '<box size="1e200 1e200 1e200"/>',
        '<box size="1 1 1e30"/>',
        '<box size="1 1 1e-320"/>',
        '<sphere radius="1e200"/>',
        '<sphere radius="1e-200"/>',
        '<sphere radius="nan"/>',
        '<cylinder radius="1e200" length="1"/>',
        '<cylinder radius="1" length="1e7"/>',
        '<cylinder radius="1e-8" length="1"/>',
        '<capsule radius="1e308" length="1"/>',
        '<capsule radius="inf" length="1"/>',
    ],
)
def test_primitives_of_other_sizes_than_can_be_drawn_are_left_out(tmp_path: Path, shape: str) -> None:
    problem = the_rest_of(robot_of(tmp_path, visual(shape) + GOOD))
    assert problem.startswith("A shape cannot be drawn: ")
    assert shape[1:4] in problem


@pytest.mark.parametrize(("radius", "length"), [("1", "1e-8"), ("1e-6", "1e5"), ("1e6", "1e-8"), ("1e-8", "1e6")])
def test_a_cylinder_may_be_a_disc_or_a_thread(tmp_path: Path, radius: str, length: str) -> None:
    robot = robot_of(tmp_path, visual(f'<cylinder radius="{radius}" length="{length}"/>'))
    assert len(robot.visuals) == 1
    assert not robot.problems


@pytest.mark.parametrize("xyz", ["1e200 0 0", "0 -1e7 0", "1e308 1e308 1e308"])
def test_a_shape_too_far_from_its_link_is_left_out(tmp_path: Path, xyz: str) -> None:
    problem = the_rest_of(
        robot_of(tmp_path, visual('<box size="1 1 1"/>', f'<origin xyz="{xyz}" rpy="1 2 3"/>') + GOOD)
    )
    assert problem.startswith("box 1 1 1: ")


@pytest.mark.parametrize(
    ("scale", "reason"),
    [
        ("0 0 0", "is scaled to nothing"),
        ("1 0 0", "is scaled to nothing"),
        ("1e-300 1e-300 1e-300", "is scaled to nothing"),
        ("1e-12 1e-12 1e-12", "is scaled to nothing"),
        ("1e200 1 1", "reaches 1e+200 m from its link"),
        ("1e308 1e308 1e308", "has numbers that nothing can compute with"),
    ],
)
def test_a_scale_that_leaves_nothing_to_draw_is_told(tmp_path: Path, scale: str, reason: str) -> None:
    box(tmp_path / "m.stl")
    assert f"m.stl: {reason}" in the_rest_of(robot_of(tmp_path, mesh("m.stl", scale=scale) + GOOD))


def test_a_file_is_drawn_where_its_scale_can_be(tmp_path: Path) -> None:
    box(tmp_path / "m.stl")
    robot = robot_of(tmp_path, mesh("m.stl", scale="0 0 0") + mesh("m.stl", scale="1 1 0"))
    assert len(robot.visuals) == len(robot.problems) == 1
    assert robot.radius == pytest.approx(np.sqrt(5))


@pytest.mark.parametrize(
    ("unit", "reason"),
    [("0", "is scaled to nothing"), ("1e300", "reaches 3e+300 m"), ("inf", "not finite"), ("nan", "not finite")],
)
def test_a_unit_of_collada_that_leaves_nothing_to_draw_is_told(tmp_path: Path, unit: str, reason: str) -> None:
    path = box(tmp_path / "m.dae")
    head, tail = path.read_text().split("</asset>", 1)
    head = head.split("<up_axis>")[0].split("<unit")[0]
    path.write_text(f'{head}<unit name="x" meter="{unit}"/></asset>{tail}')
    assert reason in the_rest_of(robot_of(tmp_path, mesh("m.dae") + GOOD))


@pytest.mark.parametrize(
    ("vertex", "face", "reason"),
    [
        ("1 0 0", "0 0 0", "counts its vertices from 0"),
        ("1 0 0", "2 2 2", "has no triangle with an area"),
        ("0 2 0", "1 2 3", "has no triangle with an area"),
        ("1e200 0 0", "1 2 3", "reaches 1e+200 m"),
        ("1e400 0 0", "1 2 3", "not finite"),
        ("1 0 0", "-9 -8 -7", "m.obj: "),
    ],
)
def test_triangles_of_obj_without_a_size_are_told(tmp_path: Path, vertex: str, face: str, reason: str) -> None:
    (tmp_path / "m.obj").write_text(f"v 0 0 0\nv {vertex}\nv 0 1 0\nf {face}\n")
    assert reason in the_rest_of(robot_of(tmp_path, mesh("m.obj") + GOOD))


@pytest.mark.parametrize(("number", "reason"), [(1e308, "has numbers"), (1e300, "reaches"), (0.0, "scaled to nothing")])
def test_a_matrix_of_gltf_that_leaves_nothing_to_draw_is_told(tmp_path: Path, number: float, reason: str) -> None:
    scene = trimesh.Scene(trimesh.creation.box((1, 2, 3)))
    tree, binary = glb_of(scene)
    for node in tree["nodes"]:
        if "mesh" in node:
            node["matrix"] = [number] * 15 + [1.0]
    text = json.dumps(tree).encode().ljust(4096)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(binary), 0x004E4942) + binary
    (tmp_path / "m.glb").write_bytes(struct.pack("<III", 0x46546C67, 2, 12 + len(chunks)) + chunks)
    assert reason in the_rest_of(robot_of(tmp_path, mesh("m.glb") + GOOD))


def test_a_part_without_area_is_no_loss_where_the_file_has_others(tmp_path: Path) -> None:
    point = trimesh.Trimesh(np.zeros((3, 3)), [[0, 1, 2]], process=False)
    trimesh.Scene([point, trimesh.creation.box((1, 2, 3))]).export(tmp_path / "m.glb")
    robot = robot_of(tmp_path, mesh("m.glb"))
    assert (len(robot.visuals), robot.problems) == (1, ())


@pytest.mark.parametrize("x", ["1e7", "-1e200", "1e308"])
def test_a_link_beyond_what_can_be_drawn_stays_at_its_parent_and_is_told(tmp_path: Path, x: str) -> None:
    body = one_link(GOOD) + f'<link name="b">{GOOD}</link>' + joint("j", "fixed", "a", "b", f'<origin xyz="{x} 0 0"/>')
    robot = load_robot(write_urdf(tmp_path, body))
    positions, _ = robot.forward_kinematics(np.zeros(0))
    np.testing.assert_array_equal(positions, np.zeros((2, 3)))
    (problem,) = robot.problems
    assert problem.startswith("Joint 'j' has its origin farther than the 1e+06 m that can be drawn")


@pytest.mark.parametrize("numbers", ['multiplier="1e200"', 'offset="nan"', 'multiplier="-inf"'])
def test_a_mimic_that_nothing_can_compute_with_does_not_move_and_is_told(tmp_path: Path, numbers: str) -> None:
    body = "".join(f'<link name="{name}"/>' for name in "abc") + joint("j", "prismatic", "a", "b")
    body += joint("k", "prismatic", "a", "c", f'<mimic joint="j" {numbers}/>')
    robot = load_robot(write_urdf(tmp_path, body))
    positions, _ = robot.forward_kinematics(np.array([0.5]))
    np.testing.assert_array_equal(positions[robot.link_names.index("c")], np.zeros(3))
    (problem,) = robot.problems
    assert problem.startswith("Joint 'k' mimics 'j' with ")


def test_colours_that_are_no_numbers_are_colours(tmp_path: Path) -> None:
    look = '<material name="m"><color rgba="nan 2 inf 1e9"/></material>'
    (part,) = robot_of(tmp_path, visual('<box size="1 1 1"/>', look)).visuals
    assert part.rgba == (0.0, 1.0, 1.0, 1.0)
    (part,) = from_shape("box", {"type": "box", "size": [1, 1, 1], "color": [1e300, -1, 0.5]}).visuals
    assert part.rgba == (1.0, 0.0, 0.5, 1.0)
