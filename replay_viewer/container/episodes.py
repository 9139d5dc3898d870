"""The episodes of a recording, from its table of ends alone: no record is read for them."""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..rollout.episodes import Episode
from ..rollout.growing_array import GrowingArray
from ..rollout.outcomes import OUTCOMES, TERMINAL_STATES

# By the table's codes; a newer minor version may have added others.
_OUTCOMES, _STATES = dict(enumerate(OUTCOMES)), dict(enumerate(TERMINAL_STATES))
_SUCCESS = {0: False, 1: True}
# What says of which episode a line is, and what an episode has names of its own for.
_NOT_NOTED = ("env_index", "step", "reason", "success")
_COLUMNS = ("step", "first_record", "last_record", "outcome", "reason", "success", "terminal_state", "length")


class EpisodeTable:
    """Finished episodes by env; what lies between and after them is unfinished.

    Args:
        ends: columns of the terminals table, in the order of the table.
        num_envs: envs in the recording.
        num_steps: steps in it; ends of steps that it lacks are ignored until it has them.
        reasons: names that the column "reason" counts.
        facts: lines about episodes after their end: `env_index`, the simulator's `step` of the end, and what is known;
            or about all that end `from_record` on, with their `training_state`.

    Attributes:
        num_ended: episodes that have ended.
        num_lost: those of them whose last state a reset has hidden.
    """

    def __init__(
        self,
        ends: np.ndarray,
        num_envs: int,
        num_steps: int,
        reasons: Sequence[str],
        facts: Iterable[Mapping[str, Any]],
    ) -> None:
        self._ends, self._num_envs, self._num_steps = GrowingArray(ends), num_envs, num_steps
        self._reasons = dict(enumerate(reasons))
        self._facts: dict[tuple[int, int], dict[str, Any]] = {}
        # In the order of the records from which they hold.
        self._training: list[tuple[int, Mapping[str, Any]]] = []
        self._listed: dict[int, _Listed] = {}
        self._note(facts)
        accepted = self._sift(0)
        # Accepted rows by env and last record, and those that came since they were sorted.
        self._rows, self._unsorted = accepted[:0], [accepted]
        self._firsts = [accepted[ends["first_record"][accepted] == 0]]
        self.num_ended, self.num_lost = 0, 0
        self._count(accepted)
        self._sort()

    @property
    def num_settled(self) -> int:
        """Rows of the table before the first whose step is not there: it may be written anew, with another step."""
        return self._num_settled

    def grow(self, ends: np.ndarray, num_steps: int, facts: Iterable[Mapping[str, Any]]) -> None:
        """Take in the rows of the table after the settled ones, and what was noted since.

        There are `num_steps` steps now.
        """
        first = self._num_settled
        self._ends.cut(first)
        self._ends.extend(ends)
        self._num_steps = num_steps
        accepted = self._sift(first)
        if len(accepted):
            self._unsorted.append(accepted)
            columns = self._ends.rows[accepted]
            self._firsts.append(accepted[columns["first_record"] == 0])
            self._count(accepted)
            for row, env in zip(accepted.tolist(), columns["env_index"].tolist(), strict=True):
                if env in self._listed:
                    self._listed[env].coming.append(row)
        self._note(facts)

    def num_already_running(self, every: int) -> int:
        """Episodes that had begun before the recording did, as far as they ended and the simulator counted their steps.

        every: control steps from one record to the next.
        """
        rows = self._ends.rows[np.concatenate(self._firsts)]
        return int(np.count_nonzero(rows["length"] >= (rows["last_record"] - rows["first_record"] + 2) * every))

    def of_env(self, env_index: int) -> list[Episode]:
        """The env's episodes in order, covering each recorded step once. The list grows with the recording."""
        listed = self._listed.get(env_index)
        if listed is None:
            self._sort()
            rows = self._rows[self._starts[env_index] : self._starts[env_index + 1]]
            listed = self._listed[env_index] = _Listed([], [], rows.tolist())
        self._bring_up_to_date(env_index, listed)
        return listed.episodes

    def _bring_up_to_date(self, env_index: int, listed: _Listed) -> None:
        """Add the episodes that ended since; the running one takes all steps after them."""
        episodes, rows = listed.episodes, listed.rows
        if episodes and rows[-1] < 0:
            episodes.pop()
            rows.pop()
        begin = episodes[-1].last_step + 1 if episodes else 0
        for end in self._ends_of(listed.coming):
            if end.first > begin:
                episodes.append(self._unfinished(env_index, len(episodes), begin, end.first - 1))
                rows.append(-1)
            if end.last >= begin:
                episodes.append(self._ended(env_index, len(episodes), max(end.first, begin), end))
                rows.append(end.row)
                begin = end.last + 1
        listed.coming.clear()
        if begin < self._num_steps:
            episodes.append(self._unfinished(env_index, len(episodes), begin, self._num_steps - 1))
            rows.append(-1)

    def _sift(self, first: int) -> np.ndarray:
        """The rows from `first` on of episodes that are recorded; settles those before the first that comes later."""
        ends = self._ends.rows[first:]
        env, begin, last = (ends[name] for name in ("env_index", "first_record", "last_record"))
        is_early = last >= self._num_steps
        self._num_settled = first + (int(np.argmax(is_early)) if is_early.any() else len(ends))
        is_episode = (env >= 0) & (env < self._num_envs) & (begin >= 0) & (begin <= last)
        return first + np.flatnonzero(is_episode & ~is_early)

    def _count(self, accepted: np.ndarray) -> None:
        self.num_ended += len(accepted)
        states = self._ends.rows["terminal_state"][accepted]
        self.num_lost += int(np.count_nonzero(states == TERMINAL_STATES.index("lost")))

    def _sort(self) -> None:
        """Sort all accepted rows by env and last record."""
        if self._unsorted:
            rows = np.concatenate([self._rows, *self._unsorted])
            ends = self._ends.rows[rows]
            self._rows = rows[np.lexsort((ends["last_record"], ends["env_index"]))]
            self._starts = np.searchsorted(self._ends.rows["env_index"][self._rows], np.arange(self._num_envs + 1))
            self._unsorted.clear()

    def _ends_of(self, rows: list[int]) -> list[_End]:
        """What these rows say, as Python's own numbers."""
        # By whole columns: one number at a time out of numpy costs twenty times as much.
        ends = self._ends.rows[rows]
        columns = [ends[name].tolist() for name in _COLUMNS]
        returns = ends["ret"].sum(axis=tuple(range(1, ends["ret"].ndim))).tolist()
        return [_End(*values) for values in zip(rows, *columns, returns, strict=True)]

    def _unfinished(self, env_index: int, index: int, first: int, last: int) -> Episode:
        """An episode that has no end among the rows."""
        return Episode(env_index, index, first, last, "unfinished", facts=self._training_at(last))

    def _ended(self, env_index: int, index: int, first: int, end: _End) -> Episode:
        """The episode that a row ends."""
        state = _STATES.get(end.terminal_state, "none")
        episode = Episode(
            env_index,
            index,
            first,
            end.last,
            _OUTCOMES.get(end.outcome, "unfinished"),
            terminal_state=state,
            terminal_row=end.row if state == "captured" else -1,
            outcome_reason=self._reasons.get(end.reason, ""),
            success=_SUCCESS.get(end.success),
            length=end.length if end.length >= 0 else None,
            total_reward=end.total_reward if math.isfinite(end.total_reward) else None,
            facts=self._training_at(end.last),
        )
        return _with_facts(episode, self._facts.get((env_index, end.step), {}))

    def _training_at(self, record: int) -> Mapping[str, Any]:
        """What training it was at a record; empty where that did not change since the recording began."""
        index = bisect_right(self._training, record, key=lambda line: line[0])
        return self._training[index - 1][1] if index else {}

    def _note(self, facts: Iterable[Mapping[str, Any]]) -> None:
        """Take in what was noted after episodes' ends; later lines add to earlier ones."""
        for line in facts:
            env, step = line.get("env_index"), line.get("step")
            if isinstance(env, int) and isinstance(step, int):
                self._facts.setdefault((env, step), {}).update(line)
                if env in self._listed:
                    self._amend(self._listed[env], step, line)
            record, state = line.get("from_record"), line.get("training_state")
            if isinstance(record, int) and isinstance(state, dict):
                insort(self._training, (record, state), key=lambda line: line[0])

    def _amend(self, listed: _Listed, step: int, facts: Mapping[str, Any]) -> None:
        """Add facts to the listed episode that ended in the simulator's `step`; it is one of the last ones."""
        for index in reversed(range(len(listed.rows))):
            row = listed.rows[index]
            if row >= 0 and self._ends.rows["step"][row] <= step:
                if self._ends.rows["step"][row] == step:
                    listed.episodes[index] = _with_facts(listed.episodes[index], facts)
                return


class _End(NamedTuple):
    """What a row of the table says: its number, the columns of `_COLUMNS`, and the return of all agents together."""

    row: int
    step: int
    first: int
    last: int
    outcome: int
    reason: int
    success: int
    terminal_state: int
    length: int
    total_reward: float


@dataclass
class _Listed:
    """An env whose episodes were asked for.

    Attributes:
        episodes: in order.
        rows: beside them, their rows in the table; -1 for what lies between and after those.
        coming: rows that are not among them yet.
    """

    episodes: list[Episode]
    rows: list[int]
    coming: list[int]


def _with_facts(episode: Episode, facts: Mapping[str, Any]) -> Episode:
    """The episode with what was noted after its end."""
    reason, success = facts.get("reason"), facts.get("success")
    others = {name: value for name, value in facts.items() if name not in _NOT_NOTED}
    if others:
        episode = replace(episode, facts={**episode.facts, **others})
    if isinstance(reason, str):
        episode = replace(episode, outcome_reason=reason)
    return replace(episode, success=success) if isinstance(success, bool) else episode
