"""Some columns of a simulator's arrays."""

from __future__ import annotations

import sys
from typing import Any, Iterable

import numpy as np


class Columns:
    """Columns of arrays or tensors (n, all of them); neighbours are taken as a view, which costs nothing."""

    def __init__(self, ids: Iterable[int]) -> None:
        self._ids = np.array(list(ids), dtype=np.int64)
        first, count = int(self._ids[0]) if len(self._ids) else 0, len(self._ids)
        neighbours = np.array_equal(self._ids, np.arange(first, first + count))
        self._slice = slice(first, first + count) if neighbours else None
        self._index: Any = None

    def of(self, rows: Any) -> Any:
        """The columns (n, count), where the array is; perhaps a view."""
        if self._slice is not None:
            return rows[:, self._slice]
        if isinstance(rows, np.ndarray):
            return rows[:, self._ids]
        if self._index is None or self._index.device != rows.device:
            self._index = sys.modules["torch"].as_tensor(self._ids, device=rows.device)
        return rows.index_select(1, self._index)
