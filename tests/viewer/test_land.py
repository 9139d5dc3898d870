"""What robots stand on: the edge that goes on beyond a terrain."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from replay_viewer.rollout.rollout import Terrain
from replay_viewer.viewer.land import EDGE, border


def hills(width: float, depth: float, count: int) -> Terrain:
    """A wavy rectangle, of which a corner is at the origin."""
    ticks = np.linspace(0, 1, count)
    x, y = np.meshgrid(width * ticks, depth * ticks, indexing="ij")
    vertices = np.stack([x, y, 0.2 * np.sin(x) * np.cos(y)], axis=-1).reshape(-1, 3)
    i = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).ravel()
    triangles = np.concatenate([np.stack([i, i + count, i + 1], 1), np.stack([i + count, i + count + 1, i + 1], 1)])
    return Terrain(vertices.astype(np.float32), triangles)


def areas(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """As seen from above (F,)."""
    a, b, c = (vertices[triangles[:, corner], :2] for corner in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    return abs(ux * vy - uy * vx) / 2


def test_an_edge_surrounds_the_terrain_without_a_gap_at_its_corners() -> None:
    vertices, triangles = border(hills(8.0, 4.0, 33))
    low, high = vertices[:, :2].min(axis=0), vertices[:, :2].max(axis=0)
    np.testing.assert_allclose(high - low, [8 * EDGE, 4 * EDGE], rtol=1e-5)
    np.testing.assert_allclose((low + high) / 2, [4, 2], atol=1e-5)
    assert areas(vertices, triangles).sum() == pytest.approx(8 * 4 * (EDGE**2 - 1), rel=1e-4)


def test_an_edge_is_as_high_as_the_terrain_where_they_meet() -> None:
    terrain = hills(8.0, 4.0, 33)
    vertices, _ = border(terrain)
    inner = vertices.reshape(-1, 4, 3)[:, :2].reshape(-1, 3)
    known = {tuple(vertex) for vertex in terrain.vertices.astype(np.float64).tolist()}
    assert {tuple(vertex) for vertex in inner.tolist()} <= known


def test_triangles_that_share_no_vertices_have_the_same_edge() -> None:
    terrain = hills(8.0, 4.0, 33)
    corners = terrain.vertices[terrain.triangles].reshape(-1, 3)
    loose = Terrain(corners, np.arange(len(corners)).reshape(-1, 3))
    assert areas(*border(loose)).sum() == pytest.approx(areas(*border(terrain)).sum())


def test_walls_at_the_border_do_not_go_on() -> None:
    box = trimesh.creation.box(extents=(4.0, 2.0, 1.0))
    vertices, triangles = border(Terrain(box.vertices, box.faces))
    heights = vertices[triangles][..., 2]
    assert len(triangles) and (heights == heights[:, :1]).all()


def test_nothing_and_a_point_have_no_edge() -> None:
    for vertices in (np.zeros((0, 3)), np.ones((3, 3))):
        terrain = Terrain(vertices, np.arange(len(vertices)).reshape(-1, 3))
        assert areas(*border(terrain)).sum() == 0


def test_a_terrain_with_an_odd_vertex_has_no_edge() -> None:
    terrain = hills(8.0, 4.0, 9)
    vertices = terrain.vertices.copy()
    vertices[40, 2] = np.inf
    assert not len(border(Terrain(vertices, terrain.triangles))[1])
