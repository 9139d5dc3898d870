"""Episodes while they run: what is known of each, and its record when it is over."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Mapping, Sequence

import numpy as np

from ...episode_record import DIGITS, NAMES, EpisodeRecord, finite
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
    ) -> list[EpisodeRecord]:
        """The records of episodes that end with the last step, of those at some positions (k,) that have a step.

        said: (k,) what else is known of them, by name; what has the name of a record's value takes its place.
        """
        totals, terms = self._rewards.returns_of(slots, lengths), self._terms.returns_of(slots, lengths)
        of_all = {**self._facts, "timestamp": datetime.now(timezone.utc).isoformat(timespec="milliseconds")}
        more = of_all.pop("more", {})
        records = []
        for index, (slot, total, rewards) in enumerate(zip(slots.tolist(), _summed(totals), self._named(terms))):
            count = self.num_steps - int(self._first[slot])
            length = count if lengths is None or lengths[index] < 0 else int(lengths[index])
            facts: dict[str, Any] = {
                **of_all,
                **self._place(slot, length),
                "env_id": self._env_ids[slot],
                "episode_in_env": self._numbers[slot],
                "outcome": outcomes[index],
                "reason": (reasons[index] or None) if reasons else None,
                "success": None if success is None else success[index],
                "total_reward": total,
                "rewards": rewards,
                "more": more,
            }
            if said is not None:
                _add(facts, said[index])
            records.append(EpisodeRecord.of(facts))
            self._numbers[slot] += 1
        self._rewards.clear(slots)
        self._terms.clear(slots)
        self._first[slots] = self.num_steps
        return records

    def _place(self, slot: int, length: int) -> dict[str, Any]:
        """Where an episode is in time, and in the recording beside it."""
        first, last = -(-int(self._first[slot]) // self._every), (self.num_steps - 1) // self._every
        dt = self._control_dt * self._every
        is_recorded = first <= last
        return {
            "episode_length": length,
            "duration_s": round(length * dt / self._every, DIGITS),
            "start": round(first * dt, DIGITS) if is_recorded else None,
            "end": round(last * dt, DIGITS) if is_recorded else None,
            "first_step": first if is_recorded else None,
            "last_step": last if is_recorded else None,
        }

    def _named(self, sums: np.ndarray) -> list[dict[str, float | None]]:
        """Episodes' sums of the terms, of all agents together, by name."""
        names, count = self._term_names, len(sums)
        if not names or sums.ndim == 1:  # Not a single step brought them.
            return [dict.fromkeys(names) for _ in range(count)]
        of_terms = sums.reshape(count, -1, len(names)).sum(axis=1).tolist()
        return [dict(zip(names, map(finite, values))) for values in of_terms]


def _add(facts: dict[str, Any], said: Mapping[str, Any]) -> None:
    """Add what is said of an episode: by the names that every record has, and others; unknown values change nothing."""
    if not said:
        return
    own = {name: value for name, value in said.items() if name in NAMES}
    facts.update((name, value) for name, value in own.items() if value is not None)
    facts["more"] = {**facts["more"], **{name: value for name, value in said.items() if name not in own}}


def _summed(totals: np.ndarray) -> list[float | None]:
    """Sums (k,) or (k, num_agents) of all agents together; None where they are no finite number."""
    return [finite(total) for total in totals.reshape(len(totals), -1).sum(axis=1).tolist()]
