"""A compared signal: one component of a signal of the lead, and the same of the other takes at the same time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..rollout.rollout import Rollout
from ..rollout.signals import Signal, signals
from .sampling import Between, on_circle, on_line, sampled
from .take import Take
from .world import World


class ComparedSignal:
    """A signal of all takes of a world, whose envs, delays and alignment may become others.

    That of another take has the same name, or is the same one of its first entity; components are matched by name.
    """

    def __init__(self, world: World, signal: Signal) -> None:
        """signal: of the lead."""
        self._signal = signal
        self._found = {take.key: _matched(world.lead, take, signal) for take in world.takes}

    def values(self, world: World, component: int, steps: range) -> np.ndarray:
        """Values (S, T), float64, of one component at the lead's steps; NaN of a take that waits or has none."""
        name = self._signal.components[component]
        return np.column_stack([self._of_take(world, take, name, steps) for take in world.takes])

    def _of_take(self, world: World, take: Take, component: str, steps: range) -> np.ndarray:
        signal = self._found[take.key]
        if signal is None or component not in signal.components:
            return np.full(len(steps), np.nan)
        column = signal.components.index(component)

        def read(rollout: Rollout, window: slice, envs: Sequence[int]) -> np.ndarray:
            return signal.read(rollout, window, envs)[..., [column]]

        positions = world.positions_of(take, steps)
        return sampled(take.replay.rollout, take.env_index, read, positions, _between(signal))[:, 0]


def _between(signal: Signal) -> Between | None:
    """Robots move between two steps; commands, actions and whatever else is an env's own last until the next one."""
    if signal.period is not None:
        return on_circle(signal.period)
    return on_line if signal.entity else None


def _matched(lead: Take, take: Take, signal: Signal) -> Signal | None:
    if take is lead:
        return signal
    first, other_first = (next(iter(each.replay.rollout.entities)) for each in (lead, take))
    by_name = {found.name: found for found in signals(take.replay.rollout)}
    own = f"{other_first}{signal.name.removeprefix(first)}" if signal.entity == first else ""
    return by_name.get(own) or by_name.get(signal.name)
