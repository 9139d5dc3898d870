"""Episodes while they run: what is known of each, and its record when it is over."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Mapping, Sequence

import numpy as np

from ...episode_record import DIGITS, NAMES, finite
from .batch import RecordBatch
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
        self._env_ids, self._control_dt, self._every = list(env_ids), control_dt, every
        self._facts: dict[str, Any] = {}
        self.state(facts)
        self._term_names: tuple[str, ...] = ()
        self._rewards, self._terms = EpisodeSums(len(self._env_ids)), EpisodeSums(len(self._env_ids))
        self._first = np.zeros(len(self._env_ids), np.int64)
        self._numbers = [(numbers or {}).get(env, 0) for env in self._env_ids]

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
        return [self._numbers[slot] for slot in slots.tolist()]

    def have_begun(self, slots: np.ndarray) -> np.ndarray:
        """(k,) whether episodes have a step: others have not begun, and end nothing."""
        return self._first[slots] < self.num_steps

    def running(self) -> np.ndarray:
        """The positions of all episodes that have a step."""
        return np.flatnonzero(self._first < self.num_steps)

    def add(self, rewards: np.ndarray | None, terms: np.ndarray | None) -> None:
        """Count a step, with its rewards (n,) or (n, num_agents) and their terms, (..., num_terms)."""
        self._rewards.add(rewards)
        self._terms.add(terms)
        self.num_steps += 1

    def end(
        self,
        slots: np.ndarray,
        outcomes: Sequence[str],
        lengths: Sequence[int] | None = None,
        reasons: Sequence[str] | None = None,
        success: Sequence[bool | None] | None = None,
        said: Sequence[Mapping[str, Any]] | None = None,
    ) -> RecordBatch:
        """The records of episodes that end with the last step, of those at some positions (k,) that have a step.

        said: (k,) what else is known of them, by name; what has the name of a record's value takes its place.
        """
        totals, terms = self._rewards.returns_of(slots, lengths), self._terms.returns_of(slots, lengths)
        own = slots.tolist()
        shared = {**self._facts, "timestamp": datetime.now(timezone.utc).isoformat(timespec="milliseconds")}
        columns = {
            **self._places(slots, lengths),
            "env_id": [self._env_ids[slot] for slot in own],
            "episode_in_env": [self._numbers[slot] for slot in own],
            "outcome": list(outcomes),
            "reason": [reason or None for reason in reasons] if reasons else [None] * len(own),
            "success": [None] * len(own) if success is None else list(success),
            "total_reward": _finite(totals.reshape(len(totals), -1).sum(axis=1)),
            "rewards": self._named(terms),
        }
        for slot in own:
            self._numbers[slot] += 1
        self._rewards.clear(slots)
        self._terms.clear(slots)
        self._first[slots] = self.num_steps
        return RecordBatch(len(own), shared, columns, said)

    def _places(self, slots: np.ndarray, lengths: Sequence[int] | None) -> dict[str, list[Any]]:
        """Where episodes are in time, and in the recording beside them."""
        begun, every, dt = self._first[slots].tolist(), self._every, self._control_dt * self._every
        counts = [self.num_steps - first for first in begun]
        if lengths is not None:
            counts = [count if length < 0 else int(length) for count, length in zip(counts, lengths)]
        last = (self.num_steps - 1) // every
        # Of an episode between two recorded steps, none is its own.
        firsts = [first if first <= last else None for first in (-(-step // every) for step in begun)]
        end = round(last * dt, DIGITS)
        return {
            "episode_length": counts,
            "duration_s": [round(count * dt / every, DIGITS) for count in counts],
            "start": [None if first is None else round(first * dt, DIGITS) for first in firsts],
            "end": [None if first is None else end for first in firsts],
            "first_step": firsts,
            "last_step": [None if first is None else last for first in firsts],
        }

    def _named(self, sums: np.ndarray) -> dict[str, list[float | None]]:
        """Episodes' sums of the terms, of all agents together, in a column for each term."""
        names, count = self._term_names, len(sums)
        if not names or sums.ndim == 1:  # Not a single step brought them.
            return {name: [None] * count for name in names}
        of_terms = sums.reshape(count, -1, len(names)).sum(axis=1)
        return dict(zip(names, _finite(of_terms.T)))


def _finite(sums: np.ndarray) -> list[Any]:
    """Sums (k,), or (terms, k); None where they are no finite number."""
    if np.isfinite(sums).all():  # Nearly always.
        return sums.tolist()
    return list(map(finite, sums.tolist())) if sums.ndim == 1 else list(map(_finite, sums))
