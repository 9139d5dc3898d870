"""Areas and normals of triangles."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from replay_viewer.robot.triangles import areas, face_normals, vertex_normals


def bent(subdivisions: int) -> trimesh.Trimesh:
    """A ball with dents, whose triangles are of many shapes."""
    ball = trimesh.creation.icosphere(subdivisions=subdivisions)
    dents = 1 + 0.3 * np.random.default_rng(0).random((len(ball.vertices), 3))
    return trimesh.Trimesh(ball.vertices * dents, ball.faces, process=False)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e5])
def test_normals_are_those_of_trimesh_with_scipy(scale: float) -> None:
    pytest.importorskip("scipy")
    shape = bent(3)
    vertices = shape.vertices * scale
    np.testing.assert_allclose(vertex_normals(vertices, shape.faces), shape.vertex_normals, atol=1e-12)
    np.testing.assert_allclose(face_normals(vertices[shape.faces]), shape.face_normals, atol=1e-12)
    np.testing.assert_allclose(areas(vertices[shape.faces]), shape.area_faces * scale**2, rtol=1e-9)


def test_a_corner_of_a_box_points_outwards_however_its_sides_are_cut() -> None:
    box = trimesh.creation.box(extents=[1, 2, 3])
    expected = np.sign(box.vertices) / np.sqrt(3)
    np.testing.assert_allclose(vertex_normals(box.vertices, box.faces), expected, atol=1e-12)


def test_a_triangle_without_an_area_and_a_vertex_without_a_triangle_bend_no_normal() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [2, 0, 0], [5, 5, 5], [6, 6, 6]], float)
    faces = np.array([[0, 1, 2], [0, 1, 3], [4, 4, 4]])
    normals = vertex_normals(vertices, faces)
    np.testing.assert_array_equal(normals[:3], [[0, 0, 1]] * 3)
    np.testing.assert_array_equal(normals[3:], np.zeros((3, 3)))
