"""Faces with more than three corners, in OBJ and COLLADA, and what becomes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from collada_files import dae
from mesh_files import drawn, robot_of
from urdf_files import mesh

from replay_viewer.robot.mesh_files.polygons import triangulate

# A square of 2 m with a notch: the last but one corner reaches in.
NOTCHED = np.array([[0, 0, 0], [2, 0, 0], [2, 2, 0], [1, 0.2, 0], [0, 2, 0]])
AREA = 2.2


def cross_of_triangles(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    corners = points[triangles]
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def test_concave_polygons_keep_their_area_and_their_side_whichever_corner_comes_first() -> None:
    rotation = trimesh.transformations.euler_matrix(0.4, 1.1, -2.0)[:3, :3]
    for polygon in (NOTCHED, NOTCHED[::-1]):
        for first in range(5):
            points = np.roll(polygon, first, axis=0) @ rotation.T
            crosses = cross_of_triangles(points, triangulate(points, np.array([5])))
            assert np.linalg.norm(crosses, axis=1).sum() / 2 == pytest.approx(AREA)
            up = rotation @ [0, 0, 1.0] * (1 if polygon is NOTCHED else -1)
            assert (crosses @ up > 0).all()


def test_convex_polygons_are_fans_in_the_order_of_the_file() -> None:
    angles = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    hexagon = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    points = np.concatenate([hexagon, hexagon[:3], hexagon[:4]])
    triangles = triangulate(points, np.array([6, 3, 2, 2]))
    assert triangles.tolist() == [[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 5], [6, 7, 8]]


@pytest.mark.parametrize("points", [np.zeros((5, 3)), np.arange(15.0).reshape(5, 3), np.full((5, 3), np.nan)])
def test_polygons_without_an_area_are_no_error(points: np.ndarray) -> None:
    assert triangulate(points, np.array([5])).shape[1] == 3


def obj(faces: str) -> str:
    return "".join(f"v {x} {y} {z}\n" for x, y, z in NOTCHED.tolist()) + faces


@pytest.mark.parametrize(
    "text",
    [
        obj("f 1 2 3 4 5\n"),
        obj("vn 0 0 1\nf 1//1 2//1 3//1 4//1 5//1\n"),
        obj("vt 0 0\nf 4/1 5/1 1/1 2/1 3/1\n"),
        obj("f -5 -4 -3 -2 -1\n") + "v 9 9 9\n",
        obj("f 1 2 3 4 \\\n 5\n"),
        obj("f 2 3 4\nf 4 5 1 2\n"),
    ],
)
def test_notches_of_obj_stay_open(tmp_path: Path, text: str) -> None:
    (tmp_path / "plate.obj").write_text(text)
    plate = drawn(robot_of(tmp_path, mesh("plate.obj"))).to_mesh()
    assert plate.area == pytest.approx(AREA, rel=1e-6)
    np.testing.assert_allclose(plate.bounds, [[0, 0, 0], [2, 2, 0]], atol=1e-9)


@pytest.mark.parametrize(
    "faces",
    [
        '<polylist count="1" {m}>{i}<vcount>5</vcount><p>0 1 2 3 4</p></polylist>',
        '<polygons count="1" {m}>{i}<p>3 4 0 1 2</p></polygons>',
        '<polylist count="2" {m}>{i}<vcount>3 4</vcount><p>1 2 3 3 4 0 1</p></polylist>',
        '<trifans count="1" {m}>{i}<p>3 4 0 1 2</p></trifans>',
    ],
)
def test_notches_of_collada_stay_open(tmp_path: Path, faces: str) -> None:
    (tmp_path / "plate.dae").write_text(dae(points=NOTCHED, faces=faces))
    robot = robot_of(tmp_path, mesh("plate.dae"))
    assert drawn(robot).to_mesh().area == pytest.approx(AREA, rel=1e-6)
    assert robot.problems == ()
