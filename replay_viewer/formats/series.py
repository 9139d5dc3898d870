"""A signal of episodes that are stored apart, as a column in which they follow each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class SeriesPart:
    """One episode's part.

    Attributes:
        first: the row in which it begins.
        num_rows: of it.
        lead: rows before the first of `values`, 0 or 1.
        values: what is stored, (length, ...), perhaps of fewer or more rows; read by slices.
        before: of the rows before them, (lead, ...), or None where nothing is stored.
    """

    first: int
    num_rows: int
    lead: int
    values: Any
    before: Any = None

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Write what is stored of some of its rows, ascending, to `out`; the others stay."""
        stored = rows - self.lead
        if self.before is not None:
            out[stored < 0] = self.before[0]
        there = (stored >= 0) & (stored < self.values.shape[0])
        if there.any():
            low, high = int(stored[there][0]), int(stored[there][-1]) + 1
            out[there] = self.values[low:high][stored[there] - low]


class SeriesColumn:
    """A column of one env; what is stored nowhere is NaN, or 0 of integers.

    Args:
        parts: in order, all of the same shape of a row.

    Attributes:
        shape: (T, 1, ...).
        dtype: float32 or float64; that of the parts if they are integers.
    """

    def __init__(self, parts: Sequence[SeriesPart]) -> None:
        self._parts = tuple(parts)
        self._firsts = np.array([part.first for part in parts])
        last, values = parts[-1], parts[0].values
        self.shape: tuple[int, ...] = (last.first + last.num_rows, 1, *values.shape[1:])
        is_float = values.dtype.kind == "f"
        self.dtype = np.result_type(values.dtype, np.float32) if is_float else np.dtype(values.dtype)

    def read(self, steps: slice, envs: Sequence[int]) -> np.ndarray:
        rows = np.arange(*steps.indices(self.shape[0]))
        absent = np.nan if self.dtype.kind == "f" else 0
        values = np.full((len(rows), *self.shape[2:]), absent, dtype=self.dtype)
        if len(rows):
            first, last = np.searchsorted(self._firsts, (rows[0], rows[-1]), side="right") - 1
            for part in self._parts[first : last + 1]:
                low, high = np.searchsorted(rows, (part.first, part.first + part.num_rows))
                part.read(rows[low:high] - part.first, values[low:high])
        return values[:, None][:, np.asarray(envs, dtype=np.intp)]
