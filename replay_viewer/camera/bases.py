"""Bases: where the robots are that a camera sees together, those of many envs, or of all takes of a world."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..rollout.rollout import Rollout
from ..rollout.states import FiniteStates
from .presets import heading_vectors

if TYPE_CHECKING:
    from ..replay.take import Take
    from ..replay.world import World

# How much is to be seen around robots, in their radii: of many, which are small in the picture, and of few.
_MARGIN, _TIGHT = 1.5, 1.1
# An env so many times as far off as half of the others are is one whose simulation blew up.
_FAR_OFF = 20.0
# A take so far from the lead [m] has blown up, too; of few, each may go its own way.
_LOST = 1000.0
# A mean heading shorter than this is no direction in which they go.
_MIN_AGREEMENT = 0.3


class Bases(Protocol):
    """Places that a camera is to see, at each step of the rollout that is filmed.

    Attributes:
        margins: how much is to be seen around each of the K places [m], (K,).
    """

    margins: np.ndarray

    def places(self, step: int, envs: Sequence[int]) -> np.ndarray:
        """(K, 3) [m], finite, in world coordinates."""
        ...

    def heading(self, step: int, envs: Sequence[int]) -> float:
        """Where they head on the whole [rad]; 0 where they head in all directions."""
        ...


class EnvBases:
    """See Bases: one entity in several envs. The places are the corners of a box that has all of them in it."""

    def __init__(self, rollout: Rollout, entity: str, size: float) -> None:
        """size: radius of the entity [m]."""
        self.margins = np.full(8, _MARGIN * size)
        self._entity, self._states = entity, FiniteStates(rollout)

    def places(self, step: int, envs: Sequence[int]) -> np.ndarray:
        base_pos, _ = self._states.read(f"{self._entity}.base_pos", slice(step, step + 1), envs)
        return _corners(base_pos[0].astype(np.float64))

    def heading(self, step: int, envs: Sequence[int]) -> float:
        wxyz, _ = self._states.read(f"{self._entity}.base_wxyz", slice(step, step + 1), envs)
        x, y = heading_vectors(wxyz[0].astype(np.float64)).mean(axis=0).tolist()
        return math.atan2(y, x) if math.hypot(x, y) > _MIN_AGREEMENT else 0.0


class TakeBases:
    """See Bases: the robots of all takes, where the world has them. They head where the lead's first one does."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lead = [EnvBases(world.lead.replay.rollout, name, size) for name, size in _robots(world.lead)]
        self._others = [
            (take, offset, FiniteStates(take.replay.rollout), [name for name, _ in _robots(take)])
            for take, offset in zip(world.others, world.offsets, strict=True)
        ]
        of_lead = np.repeat([size for _, size in _robots(world.lead)], 8)
        of_others = [size for take in world.others for _, size in _robots(take)]
        self.margins = _TIGHT * np.concatenate([of_lead, of_others])

    def places(self, step: int, envs: Sequence[int]) -> np.ndarray:
        lead = np.concatenate([bases.places(step, envs) for bases in self._lead])
        places = [lead]
        for take, offset, states, names in self._others:
            at = int(self._world.position_of(take, step))
            for name in names:
                base_pos, _ = states.read(f"{name}.base_pos", slice(at, at + 1), [take.env_index])
                place = base_pos[0].astype(np.float64) + offset
                is_lost = np.linalg.norm(place - lead[0]) > _LOST
                places.append(lead[:1] if is_lost else place)
        return np.concatenate(places)

    def heading(self, step: int, envs: Sequence[int]) -> float:
        return self._lead[0].heading(step, envs)


def _robots(take: Take) -> list[tuple[str, float]]:
    """Names and radii [m] of a take's robots."""
    replay = take.replay
    names = [entity.name for entity in replay.rollout.robots] or list(replay.rollout.entities)
    return [(name, replay.robots[name].radius) for name in names]


def _corners(positions: np.ndarray) -> np.ndarray:
    """Corners (8, 3) of the box around positions (E, 3), without those that are out of all proportion far off."""
    distances = np.linalg.norm(positions - np.median(positions, axis=0), axis=-1)
    near = positions[distances <= _FAR_OFF * max(float(np.median(distances)), 1.0)]
    return np.array(list(itertools.product(*np.stack([near.min(axis=0), near.max(axis=0)]).T)))
