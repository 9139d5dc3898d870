"""The steps of a finished recording's folder, field by field in blocks, with the states in which episodes ended.

For what turns a recording into other arrays where it was made: unlike the `reader`, it runs on Python 3.8.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from ..rollout.outcomes import OUTCOMES, TERMINAL_STATES, Outcome
from .extents import file_content
from .files import find_files
from .layout import EPISODES, MAX_LINES_BYTES
from .log import read_lines
from .source import ContainerSource, FilePool
from .terminals import read_ends

_CAPTURED = TERMINAL_STATES.index("captured")
_UNKNOWN = -1
_BLOCK_BYTES = 1 << 20


class RecordedSteps:
    """The steps of a recording's folder.

    A step in which an episode ended shows the state in which it ended, as far as that was captured, and not the
    next episode that the simulator already showed then. As a context, it closes the files when it is left.

    Args:
        path: the folder.
        first: records before this one are left out.

    Attributes:
        info: what the recording says about itself.
        num_steps: T.
        num_envs: N.
        fields: by name.
        ends: columns of the terminals table, in the order of their last records, of the steps there are; record numbers
            count from `first`.
    """

    def __init__(self, path: Path, first: int = 0) -> None:
        files = find_files(path)
        self.info, self._layout, self._first = files.meta.info, files.layout, first
        pool = FilePool()
        self._source = ContainerSource(pool, files.layout, files.parts, files.num_steps, files.terminals, pool.close)
        self.num_steps, self.num_envs = max(0, files.num_steps - first), self._source.num_envs
        self.fields = self._source.fields
        self.ends, self._rows = self._in_order(read_ends(files.terminals, files.layout), files.num_steps)
        noted = read_lines(file_content(files.extents, EPISODES, path, MAX_LINES_BYTES))
        self._noted_success = {
            (line.get("env_index"), line.get("step")): line["success"]
            for line in noted
            if isinstance(line.get("success"), bool)
        }

    def __enter__(self) -> RecordedSteps:
        return self

    def __exit__(self, *error: object) -> None:
        self._source.close()

    @property
    def block_steps(self) -> int:
        """Steps that are worth reading at once: about a megabyte of records."""
        return max(1, _BLOCK_BYTES // self._layout.record_bytes)

    def read(self, name: str, start: int, stop: int) -> np.ndarray:
        """Values of a field at these steps, a new array (stop - start, N, *field.shape)."""
        values = self._source.read(name, slice(self._first + start, self._first + stop), range(self.num_envs))
        low, high = np.searchsorted(self.ends["last_record"], (start, stop))
        ends = self.ends[low:high]
        chosen = np.flatnonzero(self._is_shown[low:high] & (ends["terminal_state"] == _CAPTURED))
        if len(chosen):
            states, is_captured = self._source.read_captured(name, self._rows[low:high][chosen])
            known = is_captured & ~_are_blank(states)
            chosen = chosen[known]
            values[ends["last_record"][chosen] - start, ends["env_index"][chosen]] = states[known]
        return values

    def ended(self, outcome: Outcome) -> np.ndarray:
        """Whether an episode ended so in a step, (T, N) bool."""
        found = np.zeros((self.num_steps, self.num_envs), dtype=bool)
        ends = self.ends[self.ends["outcome"] == OUTCOMES.index(outcome)]
        found[ends["last_record"], ends["env_index"]] = True
        return found

    def success(self) -> np.ndarray:
        """1 and 0 in the last step of episodes of which it is known, NaN elsewhere; (T, N) float32."""
        found = np.full((self.num_steps, self.num_envs), np.nan, np.float32)
        for end in self.ends:
            success = self._noted_success.get((int(end["env_index"]), int(end["step"])), int(end["success"]))
            if success != _UNKNOWN:
                found[end["last_record"], end["env_index"]] = success
        return found

    @cached_property
    def _is_shown(self) -> np.ndarray:
        """Whether the last record of each end is that of the step in which the episode ended, (k,) bool.

        Between the records of `every=k`, the last record is an earlier state, which is true too.
        """
        records, where = np.unique(self.ends["last_record"], return_inverse=True)
        steps = [self._source.simulator_step(self._first + record) for record in records.tolist()]
        return np.array(steps, dtype=np.int64)[where] == self.ends["step"]

    def _in_order(self, columns: np.ndarray, num_records: int) -> tuple[np.ndarray, np.ndarray]:
        """The columns of the rows whose steps are there, in order, and the numbers of those rows in the table.

        An episode that lies wholly between two records of `every=k` has no step here.
        """
        for name in ("first_record", "last_record"):
            columns[name] -= self._first
        rows = np.argsort(columns["last_record"], kind="stable")
        low, high = np.searchsorted(columns["last_record"][rows], (0, num_records - self._first))
        rows = rows[low:high]
        rows = rows[columns["first_record"][rows] <= columns["last_record"][rows]]
        return columns[rows], rows


def _are_blank(states: np.ndarray) -> np.ndarray:
    """Which of values (k, ...) are NaN as a whole, (k,) bool: so a recorder writes fields that have no last state."""
    if states.dtype.kind != "f":
        return np.zeros(len(states), dtype=bool)
    return np.asarray(np.isnan(states.reshape(len(states), -1)).all(axis=1))
