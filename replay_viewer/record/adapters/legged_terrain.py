"""The ground of legged_gym environments."""

from __future__ import annotations

from typing import Any

import numpy as np


def terrain_mesh(env: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Vertices (V, 3) [m] in the world frame and triangles (F, 3); None on a plane, which needs no mesh."""
    terrain: Any = getattr(env, "terrain", None)
    cfg: Any = getattr(terrain, "cfg", None)
    if getattr(cfg, "mesh_type", None) not in ("heightfield", "trimesh"):
        return None
    # The simulator places the mesh so that the border lies outside of the origin.
    corner = np.array([-cfg.border_size, -cfg.border_size, 0.0])
    if hasattr(terrain, "vertices"):
        return np.asarray(terrain.vertices) + corner, np.asarray(terrain.triangles)
    vertices, triangles = grid_mesh(np.asarray(terrain.heightsamples) * cfg.vertical_scale, cfg.horizontal_scale)
    return vertices + corner, triangles


def grid_mesh(heights: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """A mesh over a grid of heights [m], (X, Y) with `spacing` metres between neighbours; two triangles per cell.

    Lines of the grid that equal both of their neighbours are left out: they change nothing.
    """
    kept_x, kept_y = _changing_lines(heights), _changing_lines(heights.T)
    heights = heights[np.ix_(kept_x, kept_y)]
    x, y = np.meshgrid(kept_x * spacing, kept_y * spacing, indexing="ij")
    vertices = np.stack([x, y, heights], axis=-1).reshape(-1, 3)
    num_x, num_y = heights.shape
    corner = (np.arange(num_x - 1)[:, None] * num_y + np.arange(num_y - 1)).reshape(-1)
    # Counter-clockwise seen from above.
    first = np.stack([corner, corner + num_y, corner + num_y + 1], axis=1)
    second = np.stack([corner, corner + num_y + 1, corner + 1], axis=1)
    return vertices, np.concatenate([first, second])


def _changing_lines(heights: np.ndarray) -> np.ndarray:
    """Indices of the rows that differ from a neighbour, and of the first and the last."""
    changes = (heights[1:] != heights[:-1]).any(axis=1)
    kept = np.ones(len(heights), dtype=bool)
    kept[1:-1] = changes[1:] | changes[:-1]
    return np.flatnonzero(kept)
