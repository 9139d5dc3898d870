"""Grid lines on a terrain."""

from __future__ import annotations

import numpy as np

from replay_viewer.rollout.rollout import Terrain
from replay_viewer.viewer.scene import grid_lines

ABOVE = 0.008


def hills(width: float, count: int) -> Terrain:
    """A wavy square with its middle at the origin."""
    ticks = np.linspace(-width / 2, width / 2, count)
    x, y = np.meshgrid(ticks, ticks, indexing="ij")
    vertices = np.stack([x, y, 0.2 * np.sin(x) * np.cos(y)], axis=-1).reshape(-1, 3)
    i = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).ravel()
    triangles = np.concatenate([np.stack([i, i + count, i + 1], 1), np.stack([i + count, i + count + 1, i + 1], 1)])
    return Terrain(vertices.astype(np.float32), triangles)


def test_lines_lie_on_the_terrain_half_a_metre_apart() -> None:
    lines = grid_lines(hills(4.0, 81))
    x, y = lines[..., 0], lines[..., 1]
    along_y = np.isclose(x[:, 0], x[:, 1]) & np.isclose(x[:, 0] * 2, np.round(x[:, 0] * 2), atol=1e-5)
    along_x = np.isclose(y[:, 0], y[:, 1]) & np.isclose(y[:, 0] * 2, np.round(y[:, 0] * 2), atol=1e-5)
    assert (along_x | along_y).all()
    np.testing.assert_allclose(lines[..., 2], 0.2 * np.sin(x) * np.cos(y) + ABOVE, atol=1e-3)


def test_a_line_has_no_gaps() -> None:
    lines = grid_lines(hills(4.0, 81))
    middle = lines[np.isclose(lines[..., 0], 0.5).all(axis=1)]
    assert np.isclose(np.abs(middle[:, 0, 1] - middle[:, 1, 1]).sum(), 4.0, atol=1e-4)


def test_large_terrains_have_wider_grids() -> None:
    lines = grid_lines(hills(200.0, 161))
    assert 0 < len(lines) <= 60_000
    across = lines[np.isclose(lines[:, 0, 0], lines[:, 1, 0])]
    assert np.diff(np.unique(across[:, 0, 0].round(3))).min() > 0.9


def test_a_wall_has_lines_too() -> None:
    corners = np.array([[0.2, 0.0, 0.0], [2.3, 0.0, 0.0], [2.3, 0.0, 1.0], [0.2, 0.0, 1.0]], np.float32)
    lines = grid_lines(Terrain(corners, np.array([[0, 1, 2], [0, 2, 3]])))
    upright = lines[np.isclose(lines[:, 0, 0], lines[:, 1, 0])]
    assert set(upright[..., 0].round(6).ravel()) == {0.5, 1.0, 1.5, 2.0}
    assert np.isclose(np.abs(upright[:, 0, 2] - upright[:, 1, 2]).sum(), 4.0)


def test_a_terrain_without_triangles_has_none() -> None:
    assert grid_lines(Terrain(np.zeros((0, 3)), np.zeros((0, 3), int))).shape == (0, 2, 3)
