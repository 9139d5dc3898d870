"""What is compared in charts: rewards or a signal of all takes, or how far the others are from the lead."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

import numpy as np

from ...replay.compared_rewards import quantities
from ...replay.compared_signals import ComparedSignal
from ...replay.differences import Difference
from ...replay.sampling import wrapped
from ...rollout.signals import Signal
from ..session import Session
from .curves import unit_of

_AS_RECORDED = "As recorded. Key C puts their starts in one place."


class Compared(Protocol):
    """Values of one kind of all takes, of which one is shown at a time.

    Attributes:
        names: of the kind's components.
        main: the component that is shown first.
        unit: of those that are no amounts per step.
        names_axis: whether the axis of values says which component is shown.
        is_difference: whether the values are of the others against the lead, which has none itself.
        is_costly: see `Difference`.
        period: after which they begin anew; None where they do not.
        note: what the user should know of them.
    """

    names: tuple[str, ...]
    main: int
    unit: str
    names_axis: bool
    is_difference: bool
    is_costly: bool
    period: float | None

    @property
    def note(self) -> str: ...

    @property
    def key(self) -> Hashable:
        """What of the session these values depend on, beside its world's times."""
        ...

    def is_per_step(self, component: int) -> bool:
        """Whether its values are amounts per step."""
        ...

    def values(self, component: int, steps: range) -> np.ndarray:
        """Of each take (S, T), or of each of the others, at the lead's steps."""
        ...


class RewardsCompared:
    """See Compared."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._quantities = quantities(session.world)
        self.names = tuple(quantity.label for quantity in self._quantities)
        kinds = [quantity.kind for quantity in self._quantities]
        self.main = kinds.index("reward") if "reward" in kinds else 0
        self.unit, self.note, self.names_axis, self.is_difference, self.is_costly = "", "", True, False, False
        self.period: float | None = None

    @property
    def key(self) -> Hashable:
        return self._session.agent

    def is_per_step(self, component: int) -> bool:
        return self._quantities[component].is_per_step

    def values(self, component: int, steps: range) -> np.ndarray:
        session = self._session
        return session.compared_rewards.values(session.world, self._quantities[component], steps, session.agent)


class SignalCompared:
    """See Compared."""

    def __init__(self, session: Session, signal: Signal) -> None:
        self._session, self._signal = session, ComparedSignal(session.world, signal)
        self.names, self.main, self.period = signal.components, 0, signal.period
        self.unit = unit_of(signal, session.replay.robots.get(signal.entity))
        self.note, self.key, self.names_axis, self.is_difference, self.is_costly = "", None, False, False, False

    def is_per_step(self, component: int) -> bool:
        return False

    def values(self, component: int, steps: range) -> np.ndarray:
        return self._signal.values(self._session.world, component, steps)


class DifferenceCompared:
    """See Compared."""

    def __init__(self, session: Session, difference: Difference) -> None:
        self._session, self._difference = session, difference
        self.names, self.main, self.unit = difference.components, 0, difference.unit
        self.names_axis, self.is_difference, self.is_costly = False, True, difference.is_costly
        self.period: float | None = None

    @property
    def note(self) -> str:
        is_apart = self._difference.is_of_places and self._session.world.mode == "recorded"
        return _AS_RECORDED if is_apart else ""

    @property
    def key(self) -> Hashable:
        return self._difference.is_of_places and self._session.world.mode == "recorded"

    def is_per_step(self, component: int) -> bool:
        return False

    def values(self, component: int, steps: range) -> np.ndarray:
        world = self._session.world
        return np.column_stack([self._difference.read(world, take, steps)[:, component] for take in world.others])


def beyond_lead(values: np.ndarray, period: float | None) -> np.ndarray:
    """By how much the others' values (S, T - 1) are beyond the lead's, the first of (S, T)."""
    gaps = values[:, 1:] - values[:, :1]
    return gaps if period is None else wrapped(gaps, period)
