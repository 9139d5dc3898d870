"""Where the envs of a crowd stand: as recorded, or apart on a grid where all were recorded at one place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...rollout.rollout import Rollout
from ...rollout.states import FiniteStates

if TYPE_CHECKING:
    from ...robot import Robot

_LEAST_SPACING = 2.0  # [m]
# Between two envs, so many times the space that one takes: robots leave the place where they began.
_ROOM = 2.0
# So many envs tell whether they stand apart.
_SAMPLE = 256


@dataclass(frozen=True)
class Arrangement:
    """offsets: (N, 3) [m], added to what is recorded of each env. note: what a user must know of it, or empty."""

    offsets: np.ndarray
    note: str = ""


def arrange(rollout: Rollout, robots: Mapping[str, Robot], envs: Sequence[int]) -> Arrangement:
    """Where these envs stand; env k of them has the k-th place of the grid, if there is one."""
    as_recorded = np.zeros((len(envs), 3), np.float32)
    centers, reach = _places(rollout, robots, envs)
    if not _share_a_place(rollout, centers, reach):
        return Arrangement(as_recorded)
    if rollout.terrain is not None:
        return Arrangement(as_recorded, "Envs share one origin on a terrain: they stand where they were recorded.")
    spacing = max(_LEAST_SPACING, math.ceil(2 * _ROOM * reach))
    return Arrangement(spacing * grid_places(len(envs)), f"Envs share one origin: laid out {spacing:g} m apart.")


def grid_places(count: int) -> np.ndarray:
    """Points (count, 3) of a grid of edge 1, float32, from the origin outwards, ring by ring."""
    rings = math.ceil((math.sqrt(count) - 1) / 2)
    line = np.arange(-rings, rings + 1)
    x, y = (axis.ravel() for axis in np.meshgrid(line, line))
    order = np.lexsort([np.arctan2(y, x), np.maximum(abs(x), abs(y))])[:count]
    return np.stack([x[order], y[order], np.zeros(count)], axis=1).astype(np.float32)


def _places(rollout: Rollout, robots: Mapping[str, Robot], envs: Sequence[int]) -> tuple[np.ndarray, float]:
    """Where the envs' entities are in the middle at first, (N, 3) [m], and how far one env reaches from there [m]."""
    states = FiniteStates(rollout)
    bases = np.stack([states.read(f"{name}.base_pos", slice(0, 1), envs)[0][0] for name in robots])
    centers = bases.mean(axis=0)
    apart = np.median(np.linalg.norm(bases - centers, axis=-1), axis=1)
    return centers, float(max(distance + robot.radius for distance, robot in zip(apart, robots.values(), strict=True)))


def _share_a_place(rollout: Rollout, centers: np.ndarray, reach: float) -> bool:
    """Whether most envs have another one where they are, and no origins tell them apart."""
    origins = rollout.env_origins
    if origins is not None and np.ptp(origins, axis=0).max(initial=0.0) > 0:
        return False
    sample = centers[:_SAMPLE, None, :2] - centers[None, :, :2]
    distances = np.linalg.norm(sample, axis=-1)
    distances[np.arange(len(sample)), np.arange(len(sample))] = np.inf
    return bool(np.mean(distances.min(axis=1, initial=np.inf) < reach) > 0.5)
