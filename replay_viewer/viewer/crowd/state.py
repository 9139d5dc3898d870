"""The state of the crowd: whether it is shown, what its colours tell, and where each env stands.

That is as recorded, or apart on a grid where all were recorded at one place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ...rollout.rollout import Rollout
from ...rollout.states import FiniteStates
from ..session import Session
from ..settings import CrowdChoice
from .coloring import Coloring, EpisodeColumns, by_outcome, by_return

if TYPE_CHECKING:
    from ...robot import Robot

ColorBy = Literal["robot", "outcome", "return"]

# More are not drawn: viewers and people stop telling them apart.
MOST_ENVS = 4096
_LEAST_SPACING = 2.0  # [m]
# Between two envs, so many times the space that one takes: robots leave the place where they began.
_ROOM = 2.0
# So many envs tell whether they stand apart.
_SAMPLE = 256


class CrowdState:
    """The crowd of one replay. Only the owner thread touches it.

    Attributes:
        envs: those that belong to it, positions in the recording; the one that is watched is among them, or beside.
        is_on: whether they are shown.
        color_by: what their colours tell, once they are.
    """

    def __init__(self, session: Session, kept: CrowdChoice | None = None) -> None:
        """kept: how the crowd was shown before; kept up to date."""
        self._session, self._kept = session, kept or CrowdChoice()
        self.envs: Sequence[int] = range(min(session.replay.rollout.num_envs, MOST_ENVS))
        self.is_on = self._kept.is_on and self.is_possible
        self.color_by: ColorBy = "robot"
        self.set_color_by(self._kept.color_by)
        self._table: EpisodeColumns | None = None
        self._colored: tuple[object, ...] | None = None
        self._coloring: Coloring | None = None

    @property
    def is_possible(self) -> bool:
        """Whether there is another env to show."""
        return len(self.envs) > 1

    @property
    def color_kinds(self) -> tuple[ColorBy, ...]:
        """What colours can tell of this recording."""
        kinds: tuple[ColorBy, ...] = get_args(ColorBy)
        return kinds if self._session.replay.rollout.has_rewards else kinds[:2]

    @cached_property
    def arrangement(self) -> Arrangement:
        """Where the envs stand."""
        replay = self._session.replay
        return arrange(replay.rollout, replay.robots, self.envs)

    @property
    def others(self) -> np.ndarray:
        """Positions within `envs` of those that are not watched."""
        every = np.arange(len(self.envs))
        return every[every != self._session.env_index]

    @property
    def offsets(self) -> np.ndarray:
        """What is added to the recorded positions, (N, 3) [m]: the env that is watched stays where it is."""
        offsets = self.arrangement.offsets
        watched = self._session.env_index
        return offsets - offsets[watched] if watched < len(offsets) else offsets

    @property
    def note(self) -> str:
        """What a user must know of what is shown, or empty."""
        num_envs = self._session.replay.rollout.num_envs
        if not self.is_possible:
            return "This recording has one env. attach(env, path, env_ids=range(16)) records more."
        capped = f"The first {len(self.envs)} of {num_envs} envs are shown." if num_envs > len(self.envs) else ""
        return " ".join(filter(None, (capped, self.arrangement.note if self.is_on else "")))

    def toggle(self) -> None:
        """Show the other envs, or no longer."""
        self.set_on(not self.is_on)

    def set_on(self, is_on: bool) -> None:
        """Show the other envs or not; without another env, never."""
        self.is_on = self._kept.is_on = bool(is_on) and self.is_possible

    def set_color_by(self, kind: object) -> None:
        """Let the colours tell something else; what is none of `color_kinds` is ignored."""
        for known in self.color_kinds:
            if kind == known:
                self.color_by = self._kept.color_by = known

    @property
    def coloring(self) -> Coloring | None:
        """The envs' colours at the step shown; None for the robot's own. The same object while nothing changes."""
        if not self.is_on or self.color_by == "robot":
            return None
        session = self._session
        table = self._up_to_date_table()
        shown = table.at(session.player.step)
        now = (self.color_by, session.agent, id(table), shown.tobytes())
        if now != self._colored:
            self._colored = now
            by_what = by_outcome(table, shown) if self.color_by == "outcome" else None
            self._coloring = by_what or by_return(table, shown, session.agent)
        return self._coloring

    def _up_to_date_table(self) -> EpisodeColumns:
        rollout = self._session.replay.rollout
        if self._table is None or self._table.num_steps != rollout.num_steps:
            self._table = EpisodeColumns(rollout, self.envs)
        return self._table


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
