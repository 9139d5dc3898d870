"""A step as a hook has seen it, and the share of it that belongs to one seat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ..arrays import as_array
from .adapters import Endings
from .copies import HostCopy


@dataclass(frozen=True)
class SeenEnds:
    """Envs whose episodes may be over, as they stood just then.

    Attributes:
        slots: (k,) their positions among the seat's envs.
        rows: (k,) their positions in `endings`.
        copy: a row for each.
        endings: how the episodes stood, of all envs that are captured.
    """

    slots: np.ndarray
    rows: np.ndarray
    copy: HostCopy
    endings: Endings

    @property
    def is_any_over(self) -> bool:
        """Whether the simulator says of any env, here or not, that its episode is over; quickly, for most steps."""
        return bool(as_array(self.endings.terminated).any() or as_array(self.endings.truncated).any())

    def is_over(self) -> np.ndarray:
        """(k,) whether the simulator says of an episode that it is over."""
        return (as_array(self.endings.terminated)[self.rows] | as_array(self.endings.truncated)[self.rows]) != 0

    def outcomes(self) -> np.ndarray:
        """(k,) how each episode ended; "aborted" where the simulator did not say that it is over."""
        terminated = as_array(self.endings.terminated)[self.rows]
        truncated = as_array(self.endings.truncated)[self.rows]
        return np.where(terminated, "terminated", np.where(truncated, "truncated", "aborted"))

    def of(self, chosen: np.ndarray) -> SeenEnds:
        """Some of them, by a mask (k,) or by indices."""
        places = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return SeenEnds(self.slots[places], self.rows[places], self.copy.rows(places), self.endings)


@dataclass
class CapturedEnds:
    """Captured envs whose episodes may be over.

    Attributes:
        rows: (k,) their positions among the captured ones.
        copy: a row for each.
        endings: how the episodes of all captured ones stood.
    """

    rows: np.ndarray
    copy: HostCopy
    endings: Endings


@dataclass
class CapturedStep:
    """A control step of all captured envs, n of them.

    Attributes:
        number: of the step.
        copy: how they stood when it returned.
        resets: what the resets inside of it were about to overwrite.
        is_reset: (n,) whether it has reset them.
        left: how the episodes stand, where resets are left to somebody else.
        counters: (n,) the simulator's counters of steps, where they are at hand.
        ask: gives how the episodes stand now; None where the simulator counts no steps.
        late_facts: gives what the environment tells only in its first step.
        is_ahead: whether copies may still be on their way.
    """

    number: int
    copy: HostCopy
    resets: Sequence[CapturedEnds]
    is_reset: np.ndarray
    left: Endings | None
    counters: np.ndarray | None
    ask: Callable[[], Endings] | None
    late_facts: Callable[[], Mapping[str, Any]]
    is_ahead: bool
    _endings: Endings | None = None

    def endings(self) -> Endings:
        """How the episodes stand, asked for once for all seats, where the simulator counts steps."""
        if self._endings is None:
            assert self.ask is not None
            self._endings = self.ask()
        return self._endings


class Place:
    """Where a seat's envs are among the captured ones.

    Args:
        env_ids: (n,) of the seat.
        captured: (m,) of all.
        rows_by_id: (num_envs,) by the simulator's index, the position among the captured ones.

    Attributes:
        is_all: whether they are all of them, in the same order.
    """

    def __init__(self, env_ids: np.ndarray, captured: np.ndarray, rows_by_id: np.ndarray) -> None:
        self.is_all, self._rows = np.array_equal(env_ids, captured), rows_by_id[env_ids]
        self._slots = np.full(len(captured), -1)
        self._slots[rows_by_id[env_ids]] = np.arange(len(env_ids))

    def has_any(self, rows: np.ndarray) -> bool:
        """Whether any of some captured envs is the seat's."""
        return bool((self._slots[rows] >= 0).any())

    def slots_of(self, rows: np.ndarray) -> np.ndarray:
        """Positions among the seat's envs of those of some captured ones that are its own."""
        slots = self._slots[rows]
        return slots[slots >= 0]

    def copy_of(self, copy: HostCopy) -> HostCopy:
        """The seat's rows of a copy."""
        return copy if self.is_all else copy.rows(self._rows)

    def rows_of(self, values: np.ndarray) -> np.ndarray:
        """The seat's rows of an array."""
        return values if self.is_all else values.take(self._rows, 0)

    def unreset(self, rows: np.ndarray, own: HostCopy, endings: Endings) -> SeenEnds:
        """The seat's share of some captured envs, whose episodes may be over; `own` has a row for each of the seat."""
        slots = self.slots_of(rows)
        return SeenEnds(slots, self._rows[slots], own.rows(slots), endings)

    def ends_of(self, ends: CapturedEnds) -> SeenEnds:
        """The seat's share of ends."""
        if self.is_all:
            return SeenEnds(ends.rows, ends.rows, ends.copy, ends.endings)
        slots = self._slots[ends.rows]
        own = np.flatnonzero(slots >= 0)
        return SeenEnds(slots[own], ends.rows[own], ends.copy.rows(own), ends.endings)

    def all_ends_of(self, several: Sequence[CapturedEnds]) -> list[SeenEnds]:
        """The same of several, without those in which it has none."""
        return [ends for ends in map(self.ends_of, several) if len(ends.slots)]


class SeenStep:
    """A control step, as a seat gets it; its envs in the order in which it wants them.

    Attributes:
        number: of the step, counted by the hook.
        copy: how they stood when it returned.
        counters: (n,) the simulator's counters of steps, where they are at hand; to be looked at before the next step.
        has_counters: whether the simulator counts steps.
        is_ahead: whether copies may still be on their way.
    """

    def __init__(self, captured: CapturedStep, place: Place) -> None:
        self._captured, self._place = captured, place
        self.number, self.copy, self.counters = captured.number, captured.copy, captured.counters
        self.has_counters, self.is_ahead = captured.ask is not None, captured.is_ahead
        if not place.is_all:
            self.copy = place.copy_of(captured.copy)
            if captured.counters is not None:
                self.counters = place.rows_of(captured.counters)

    @property
    def resets(self) -> list[SeenEnds]:
        """What the resets inside of it were about to overwrite."""
        return self._place.all_ends_of(self._captured.resets) if self._captured.resets else []

    @property
    def is_reset(self) -> np.ndarray | None:
        """(n,) whether it has reset an env; None where it has reset none."""
        return self._place.rows_of(self._captured.is_reset) if self._captured.resets else None

    @property
    def left(self) -> SeenEnds | None:
        """All envs that it has not reset, where it leaves that to somebody else."""
        return None if self._captured.left is None else self._unreset(self._captured.left)

    def unreset(self) -> SeenEnds:
        """All envs that it has not reset, with the counters of their steps; to be asked for before the next step."""
        return self._unreset(self._captured.endings())

    def late_facts(self) -> Mapping[str, Any]:
        """What the environment tells only in its first step; see `Adapter.late_facts`."""
        return self._captured.late_facts()

    def _unreset(self, endings: Endings) -> SeenEnds:
        return self._place.unreset(np.flatnonzero(~self._captured.is_reset), self.copy, endings)
