"""Episodes of a recording, from its table of ends alone: no record is read for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from ..record.layout import OUTCOMES, TERMINAL_STATES
from ..rollout import Episode, Outcome, TerminalState

# By the table's codes; a newer minor version may have added others.
_OUTCOMES = cast("dict[int, Outcome]", dict(enumerate(OUTCOMES)))
_STATES: dict[int, TerminalState] = {
    TERMINAL_STATES.index("lost"): "lost",
    TERMINAL_STATES.index("captured"): "table",
    TERMINAL_STATES.index("recorded"): "recorded",
}
_SUCCESS = {0: False, 1: True}


_COLUMNS = ("step", "first_record", "last_record", "outcome", "reason", "success", "terminal_state")


class _End(NamedTuple):
    """What a row of the table says: its number, then the columns of `_COLUMNS`."""

    row: int
    step: int
    first: int
    last: int
    outcome: int
    reason: int
    success: int
    terminal_state: int


class EpisodeTable:
    """Finished episodes by env; what lies between and after them is unfinished.

    Args:
        ends: columns of the terminals table, in the order of the table.
        num_envs: envs in the recording. num_steps: steps in it; ends of steps that it lacks are ignored.
        reasons: names that the column "reason" counts.
        facts: by (env index, the simulator's step of the end), what was noted late.
    """

    def __init__(
        self,
        ends: np.ndarray,
        num_envs: int,
        num_steps: int,
        reasons: Sequence[str],
        facts: Mapping[tuple[int, int], Mapping[str, Any]],
    ) -> None:
        self._ends, self._num_steps = ends, num_steps
        self._reasons, self._facts = dict(enumerate(reasons)), facts
        env, first, last = (ends[name] for name in ("env_index", "first_record", "last_record"))
        inside = (env >= 0) & (env < num_envs) & (first >= 0) & (last < num_steps)
        rows = np.flatnonzero(inside & (first <= last))
        self._rows = rows[np.lexsort((last[rows], env[rows]))]
        self._starts = np.searchsorted(env[self._rows], np.arange(num_envs + 1))

    def num_already_running(self, every: int) -> int:
        """Episodes that had begun before the recording did, as far as they ended and the simulator counted their steps.

        every: control steps from one record to the next.
        """
        first, last, length = (self._ends[name][self._rows] for name in ("first_record", "last_record", "length"))
        return int(np.count_nonzero((first == 0) & (length >= (last - first + 2) * every)))

    def of_env(self, env_index: int) -> list[Episode]:
        """The env's episodes in order, covering each recorded step once."""
        episodes: list[Episode] = []
        begin = 0
        for end in self._ends_of(env_index):
            if end.first > begin:
                episodes.append(Episode(env_index, len(episodes), begin, end.first - 1, "unfinished"))
            if end.last >= begin:
                episodes.append(self._ended(env_index, len(episodes), max(end.first, begin), end))
                begin = end.last + 1
        if begin < self._num_steps:
            episodes.append(Episode(env_index, len(episodes), begin, self._num_steps - 1, "unfinished"))
        return episodes

    def _ends_of(self, env_index: int) -> list[_End]:
        rows = self._rows[self._starts[env_index] : self._starts[env_index + 1]]
        # Whole columns as Python numbers: one number at a time out of numpy costs twenty times as much.
        columns = (self._ends[name][rows].tolist() for name in _COLUMNS)
        return [_End(*values) for values in zip(rows.tolist(), *columns, strict=True)]

    def _ended(self, env_index: int, index: int, first: int, end: _End) -> Episode:
        state = _STATES.get(end.terminal_state, "none")
        reason, success = self._reasons.get(end.reason, ""), _SUCCESS.get(end.success)
        facts = self._facts.get((env_index, end.step))
        if facts is not None:
            reason = facts["reason"] if isinstance(facts.get("reason"), str) else reason
            success = facts["success"] if isinstance(facts.get("success"), bool) else success
        row = end.row if state == "table" else -1
        outcome = _OUTCOMES.get(end.outcome, "unfinished")
        return Episode(env_index, index, first, end.last, outcome, state, row, reason, success)
