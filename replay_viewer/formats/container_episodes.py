"""Episodes of a recording, from its table of ends alone: no record is read for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from ..record.layout import OUTCOMES, TERMINAL_STATES
from ..rollout import Episode, Outcome, TerminalState

# What the viewer calls the states of the table.
_STATES: dict[str, TerminalState] = {"lost": "lost", "captured": "table", "recorded": "recorded", "none": "none"}


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
        self._reasons, self._facts = tuple(reasons), facts
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
        for row in self._rows[self._starts[env_index] : self._starts[env_index + 1]]:
            first, last = int(self._ends["first_record"][row]), int(self._ends["last_record"][row])
            if first > begin:
                episodes.append(Episode(env_index, len(episodes), begin, first - 1, "unfinished"))
            if last >= begin:
                episodes.append(self._ended(env_index, len(episodes), max(first, begin), last, int(row)))
                begin = last + 1
        if begin < self._num_steps:
            episodes.append(Episode(env_index, len(episodes), begin, self._num_steps - 1, "unfinished"))
        return episodes

    def _ended(self, env_index: int, index: int, first: int, last: int, row: int) -> Episode:
        end = self._ends[row]
        state = _STATES[_named(TERMINAL_STATES, end["terminal_state"], "none")]
        facts = self._facts.get((env_index, int(end["step"])), {})
        success = None if end["success"] < 0 else bool(end["success"])
        reason = _named(self._reasons, end["reason"], "")
        return Episode(
            env_index,
            index,
            first,
            last,
            cast(Outcome, _named(OUTCOMES, end["outcome"], "unfinished")),
            terminal_state=state,
            terminal_row=row if state == "table" else -1,
            outcome_reason=facts["reason"] if isinstance(facts.get("reason"), str) else reason,
            success=facts["success"] if isinstance(facts.get("success"), bool) else success,
        )


def _named(names: Sequence[str], code: int, otherwise: str) -> str:
    """The code's name; `otherwise` for one that a newer minor version may have added."""
    return names[code] if 0 <= code < len(names) else otherwise
