"""Episodes while they run: what is known of each, and its record when it is over."""

from __future__ import annotations

import functools
from datetime import datetime, timezone
from typing import Any, Mapping, Sequence

import numpy as np

from ...episode_record import DIGITS, NAMES, finite
from .batch import RecordBatch
from .columns import Columns
from .sums import EpisodeSums


class LiveEpisodes:
    """Counts the steps and sums up the rewards of the running episodes, and makes records of those that end.

    Args:
        env_ids: the simulator's indices of the envs, n of them.
        facts: what all records have, such as `recording`.
        control_dt: seconds of a control step.
        every: of a recording beside the records: which of the steps it has.
        numbers: by env_id, how many episodes have a record already.

    Attributes:
        num_steps: control steps so far.
    """

    def __init__(
        self,
        env_ids: Sequence[int],
        facts: Mapping[str, Any],
        control_dt: float,
        every: int = 1,
        numbers: Mapping[int, int] | None = None,
    ) -> None:
        self.num_steps = 0
        self._env_ids, self._control_dt, self._every = np.array(env_ids, np.int64), control_dt, every
        self._facts: dict[str, Any] = {}
        self.state(facts)
        self._term_names: tuple[str, ...] = ()
        self._rewards, self._terms = EpisodeSums(len(self._env_ids)), EpisodeSums(len(self._env_ids))
        self._first = np.zeros(len(self._env_ids), np.int64)
        self._numbers = np.array([(numbers or {}).get(env, 0) for env in env_ids], np.int64)

    def learn(self, term_names: Sequence[str], seed: int | None, control_dt: float | None = None) -> None:
        """Take over what only the first step tells."""
        self._term_names = tuple(term_names)
        self._facts["seed"] = seed
        self._control_dt = self._control_dt if control_dt is None else control_dt

    def state(self, facts: Mapping[str, Any]) -> None:
        """State facts of the training, from the coming episode's end on."""
        self._facts.update({name: value for name, value in facts.items() if name in NAMES})
        self._facts["more"] = {name: value for name, value in facts.items() if name not in NAMES}

    def numbers_of(self, slots: np.ndarray) -> list[int]:
        """The numbers of the running episodes at some positions."""
        return self._numbers[slots].tolist()

    def have_begun(self, slots: np.ndarray) -> np.ndarray:
        """(k,) whether episodes have a step: others have not begun, and end nothing."""
        return self._first[slots] < self.num_steps

    def running(self) -> np.ndarray:
        """The positions of all episodes that have a step."""
        return np.flatnonzero(self._first < self.num_steps)

    def add(self, rewards: np.ndarray | None, terms: np.ndarray | None) -> None:
        """Count a step, with its rewards (n,) or (n, num_agents) and their terms, (..., num_terms)."""
        self._rewards.add(rewards)
        if self._term_names:
            self._terms.add(terms)
        self.num_steps += 1

    def end(
        self,
        slots: np.ndarray,
        outcomes: Sequence[str],
        lengths: np.ndarray | None = None,
        reasons: Sequence[str] | None = None,
        success: Sequence[bool | None] | None = None,
        said: Columns | None = None,
    ) -> RecordBatch:
        """The records of episodes that end with the last step, of those at some positions (k,) that have a step.

        said: what else is known of them, by name; what has the name of a record's value takes its place.
        """
        totals, terms = self._rewards.take(slots, lengths), self._terms.take(slots, lengths)
        count = len(slots)
        shared = {**self._facts, "timestamp": datetime.now(timezone.utc).isoformat(timespec="milliseconds")}
        columns = {
            **self._places(self._first[slots], lengths),
            "env_id": self._env_ids[slots],
            "episode_in_env": self._numbers[slots],
            "outcome": list(outcomes),
            "reason": [reason or None for reason in reasons] if reasons else [None] * count,
            "success": [None] * count if success is None else list(success),
            "total_reward": _finite(totals.reshape(count, -1).sum(axis=1)),
            "rewards": self._named(terms),
        }
        self._begin_anew(slots)
        return RecordBatch(count, shared, columns, said)

    def drop(self, slots: np.ndarray) -> None:
        """Episodes at some positions (k,) that end with the last step, and of which nobody wants a record."""
        self._rewards.take(slots, None)
        self._terms.take(slots, None)
        self._begin_anew(slots)

    def _begin_anew(self, slots: np.ndarray) -> None:
        self._numbers[slots] += 1
        self._first[slots] = self.num_steps

    def _places(self, begun: np.ndarray, lengths: np.ndarray | None) -> Columns:
        """Where episodes that began in these steps (k,) are in time, and in the recording beside them."""
        every, dt = self._every, self._control_dt * self._every
        counts = self.num_steps - begun
        if lengths is not None:
            counts = np.where(lengths < 0, counts, lengths)
        last = (self.num_steps - 1) // every
        firsts = -(-begun // every)
        found = {
            "first_step": firsts.tolist(),
            "last_step": [last] * len(begun),
            "start": [_seconds(first, dt) for first in firsts.tolist()],
            "end": [_seconds(last, dt)] * len(begun),
        }
        between = firsts > last
        if between.any():  # Of an episode between two recorded steps, none is its own.
            for name, column in found.items():
                found[name] = [None if is_none else value for value, is_none in zip(column, between.tolist())]
        durations = [_seconds(count, dt, every) for count in counts.tolist()]
        return {"episode_length": counts, "duration_s": durations, **found}

    def _named(self, sums: np.ndarray) -> Columns:
        """Episodes' sums of the terms, of all agents together, in a column for each term."""
        names, count = self._term_names, len(sums)
        if not names or sums.ndim == 1:  # Not a single step brought them.
            return {name: [None] * count for name in names}
        of_terms = _finite(sums.reshape(count, -1, len(names)).sum(axis=1).T)
        return dict(zip(names, of_terms))


@functools.lru_cache(maxsize=10_000)
def _seconds(num_steps: int, dt: float, every: int = 1) -> float:
    return round(num_steps * dt / every, DIGITS)


def _finite(sums: np.ndarray) -> Any:
    """Sums (k,), or (terms, k); None where they are no finite number."""
    if np.isfinite(sums).all():  # Nearly always.
        return sums
    return list(map(finite, sums.tolist())) if sums.ndim == 1 else list(map(_finite, sums))
