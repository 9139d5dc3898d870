"""Scenes, whatever simulates them: the interface of their readers, and what adapters do with bodies, ground and arrays.

The readers are in `isaac_lab_scene`, `mjlab_scene` and `mujoco.scene`; legged_gym and MQE have no scene, only buffers.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Mapping, Protocol, Sequence

import numpy as np

from ...rollout.entities import EntitySpec

URDF_FIX = "Pass attach(urdf=...), or give it to the viewer with --urdf."


class SceneReader(Protocol):
    """Reads the robots and objects of a scene.

    Attributes:
        entities: each of them.
        notes: what the recording will lack, a sentence each.
        lacks: what it states that it lacks; see `Description`.
        metadata: what is worth knowing about how they are read.
    """

    entities: list[EntitySpec]
    notes: list[str]
    lacks: dict[str, str]
    metadata: dict[str, Any]

    def read(self) -> dict[str, Any]:
        """Rows of the recorded envs by name: poses, velocities, joints, contact forces; views where possible."""
        ...

    def terrain(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Vertices (V, 3) [m] and triangles (F, 3) in the world frame; None on a plane."""
        ...

    def close(self) -> None:
        """Remove the files that were made for the recording to copy."""
        ...


def bodies_of(scene: Any) -> Mapping[str, Any]:
    """The robots and objects of a scene by name, as mjlab or Isaac Lab keeps them."""
    return getattr(scene, "entities", None) or getattr(scene, "articulations", {})


def entity_name(name: str) -> str:
    """A scene's name of a body, as a recording may have it."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)


def with_urdf(entities: Sequence[EntitySpec], urdf: Path | None) -> list[EntitySpec]:
    """The entities, of which the first robot has the URDF that the user has named, if any."""
    robot = next((entity for entity in entities if entity.kind == "robot"), None)
    if urdf is None or robot is None:
        return list(entities)
    return [replace(entity, urdf=str(urdf)) if entity is robot else entity for entity in entities]


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


def tensor(array: Any) -> Any:
    """An array or tensor on the same memory, of Isaac Lab 3's `ProxyArray` or of a Warp array; others as they are."""
    if hasattr(array, "torch"):
        return array.torch
    if type(array).__module__.partition(".")[0] == "warp":
        return sys.modules["warp"].to_torch(array)
    return array


def flat(rows: Any) -> Any:
    """(n, values) of rows (n, ...)."""
    return rows if len(rows.shape) == 2 else rows.reshape(len(rows), -1)


def _changing_lines(heights: np.ndarray) -> np.ndarray:
    """Indices of the rows that differ from a neighbour, and of the first and the last."""
    changes = (heights[1:] != heights[:-1]).any(axis=1)
    kept = np.ones(len(heights), dtype=bool)
    kept[1:-1] = changes[1:] | changes[:-1]
    return np.flatnonzero(kept)
