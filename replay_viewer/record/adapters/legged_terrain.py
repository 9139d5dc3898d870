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
    """A mesh over a grid of heights [m], (X, Y) with `spacing` metres between neighbours; two triangles per cell."""
    num_x, num_y = heights.shape
    x, y = np.meshgrid(np.arange(num_x) * spacing, np.arange(num_y) * spacing, indexing="ij")
    vertices = np.stack([x, y, heights], axis=-1).reshape(-1, 3)
    corner = (np.arange(num_x - 1)[:, None] * num_y + np.arange(num_y - 1)).reshape(-1)
    # Counter-clockwise seen from above.
    first = np.stack([corner, corner + num_y, corner + num_y + 1], axis=1)
    second = np.stack([corner, corner + num_y + 1, corner + 1], axis=1)
    return vertices, np.concatenate([first, second])
