"""An array that rows are appended to, at a cost that does not depend on how many there are."""

from __future__ import annotations

import numpy as np


class GrowingArray:
    """Rows (count, ...) in a buffer that doubles when it is full.

    What `rows` gave out stays as it is while more rows come, unless some are cut off; it is to be read only.
    """

    def __init__(self, rows: np.ndarray) -> None:
        """rows: the first of them; not copied."""
        self._buffer, self._count = rows, len(rows)

    @property
    def rows(self) -> np.ndarray:
        """All rows so far."""
        return self._buffer[: self._count]

    def extend(self, rows: np.ndarray) -> None:
        """Append rows (n, ...)."""
        count = self._count + len(rows)
        if count > len(self._buffer):
            buffer = np.empty_like(self._buffer, shape=(max(count, 2 * self._count), *rows.shape[1:]))
            buffer[: self._count] = self.rows
            self._buffer = buffer
        self._buffer[self._count : count] = rows
        self._count = count

    def cut(self, count: int) -> None:
        """Keep the first `count` rows only."""
        self._count = min(count, self._count)

    def __len__(self) -> int:
        return self._count
