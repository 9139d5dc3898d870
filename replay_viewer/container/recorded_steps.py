"""The steps of a finished recording's folder, field by field in blocks, with the states in which episodes ended.

For what turns a recording into other arrays where it was made: unlike the `reader`, it runs on Python 3.8.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..rollout.outcomes import OUTCOMES, TERMINAL_STATES, Outcome
from .extents import file_content
from .files import find_files
from .layout import EPISODES, MAX_LINES_BYTES, NOT_CAPTURED
from .log import read_lines
from .terminals import read_ends

_CAPTURED = TERMINAL_STATES.index("captured")
_UNKNOWN = -1
_BLOCK_BYTES = 1 << 20


class RecordedSteps:
    """The steps of a recording's folder.

    A step in which an episode ended shows the state in which it ended, as far as that was captured, and not the
    next episode that the simulator already showed then.

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
        self.info, self._layout = files.meta.info, files.layout
        self._segments, self._terminals = files.parts, files.terminals
        self._first = first
        self.num_steps, self.num_envs = max(0, files.num_steps - first), self._layout.num_envs
        self.fields = self._layout.row.by_name
        self.ends, self._rows = self._read_ends(files.num_steps)
        noted = read_lines(file_content(files.extents, EPISODES, path, MAX_LINES_BYTES))
        self._noted_success = {
            (line.get("env_index"), line.get("step")): line["success"]
            for line in noted
            if isinstance(line.get("success"), bool)
        }

    @property
    def block_steps(self) -> int:
        """Steps that are worth reading at once: about a megabyte of records."""
        return max(1, _BLOCK_BYTES // self._layout.record_bytes)

    def read(self, name: str, start: int, stop: int) -> np.ndarray:
        """Values of a field at these steps, a new array (stop - start, N, *field.shape)."""
        parts = self._records(self._first + start, self._first + stop)
        values = np.concatenate([part["env"][name] for part in parts])
        steps = np.concatenate([part["step"] for part in parts])
        low, high = np.searchsorted(self.ends["last_record"], (start, stop))
        ends = self.ends[low:high]
        # Between the records of `every=k`, the last record is an earlier state, which is true too.
        shown = steps[ends["last_record"] - start] == ends["step"]
        chosen = np.flatnonzero(shown & (ends["terminal_state"] == _CAPTURED))
        if len(chosen):
            states, known = self._captured(name, self._rows[low:high][chosen])
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

    def _records(self, start: int, stop: int) -> list[np.ndarray]:
        """Records [start, stop), which may lie in several segments; at least one array."""
        layout = self._layout
        dtype = np.dtype(
            {
                "names": ["step", "env"],
                "formats": ["<i8", (layout.row.dtype, (layout.num_envs,))],
                "offsets": [0, layout.env_offset],
                "itemsize": layout.record_bytes,
            }
        )
        parts = []
        for index, segment in enumerate(self._segments):
            begin = index * layout.records_per_segment
            low, high = max(start, begin) - begin, min(stop, begin + layout.records_per_segment) - begin
            if low < high:
                offset = layout.header_bytes + low * layout.record_bytes
                parts.append(np.fromfile(segment.path, dtype, high - low, offset=offset))
        return parts or [np.empty(0, dtype)]

    def _read_ends(self, num_records: int) -> tuple[np.ndarray, np.ndarray]:
        """The columns of the rows whose steps are there, in order, and the numbers of those rows in the table.

        An episode that lies wholly between two records of `every=k` has no step here.
        """
        columns = read_ends(self._terminals, self._layout)
        for name in ("first_record", "last_record"):
            columns[name] -= self._first
        rows = np.argsort(columns["last_record"], kind="stable")
        low, high = np.searchsorted(columns["last_record"][rows], (0, num_records - self._first))
        rows = rows[low:high]
        rows = rows[columns["first_record"][rows] <= columns["last_record"][rows]]
        return columns[rows], rows

    def _captured(self, name: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The field's values in rows of the terminals table, (k, *field.shape), and whether each is known, (k,)."""
        field, layout = self.fields[name], self._layout
        dtype = np.dtype(
            {
                "names": ["value"],
                "formats": [(field.dtype, field.shape)],
                "offsets": [layout.row_offset + layout.row.offsets[name]],
                "itemsize": layout.columns.num_bytes,
            }
        )
        first, stop = int(rows.min()), int(rows.max()) + 1
        offset = layout.terminals_header_bytes + first * layout.columns.num_bytes
        table = np.fromfile(self._terminals.path, dtype, stop - first, offset=offset)
        values = np.ascontiguousarray(table["value"][rows - first])
        by_row = values.reshape(len(rows), -1)
        unknown = np.all(by_row.view("<u4") == NOT_CAPTURED, axis=1)
        if values.dtype.kind == "f":
            unknown |= np.isnan(by_row).all(axis=1)
        return values, ~unknown
