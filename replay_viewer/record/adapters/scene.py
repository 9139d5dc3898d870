"""What is recorded of the bodies in a manager-based environment's scene, whatever simulates them."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator, Protocol, Sequence

import numpy as np

from ...container.info import EntitySpec


class SceneReader(Protocol):
    """Reads the robots and objects of a scene.

    Attributes:
        entities: each of them.
        notes: what the recording will lack, a sentence each.
        metadata: what is worth knowing about how they are read.
    """

    entities: list[EntitySpec]
    notes: list[str]
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


def entity_name(name: str) -> str:
    """A scene's name of a body, as a recording may have it."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)


def with_urdf(entities: Sequence[EntitySpec], urdf: Path | None) -> list[EntitySpec]:
    """The entities, of which the first robot has the URDF that the user has named, if any."""
    robot = next((entity for entity in entities if entity.kind == "robot"), None)
    if urdf is None or robot is None:
        return list(entities)
    return [replace(entity, urdf=str(urdf)) if entity is robot else entity for entity in entities]


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


def vectors(observations: Any) -> Iterator[Any]:
    """The arrays of nested dicts, without images: (N, values) or (N, history, values)."""
    if isinstance(observations, dict):
        for group in observations.values():
            yield from vectors(group)
    elif len(observations.shape) <= 3:
        yield tensor(observations)
