"""What is known of episodes that are about to end, until they have ended."""

from __future__ import annotations

import numpy as np

from .columns import Columns, columns_of, rows_of


class Held:
    """Holds columns for some of n envs, by position; of an env that has several, the last."""

    def __init__(self, num_envs: int) -> None:
        self._is_held = np.zeros(num_envs, bool)
        self._batches: list[tuple[np.ndarray, Columns]] = []

    def has(self, slots: np.ndarray) -> np.ndarray:
        """(k,) whether there is anything for some envs."""
        return self._is_held[slots]

    def put(self, slots: np.ndarray, columns: Columns) -> None:
        """Hold columns (k,) for some envs."""
        self._batches.append((slots, columns))
        self._is_held[slots] = True

    def take(self, slots: np.ndarray) -> Columns:
        """What is held for some envs (k,), no more from now on; nothing where there is nothing."""
        is_held = self._is_held[slots]
        self._is_held[slots] = False
        if len(self._batches) == 1 and np.array_equal(self._batches[0][0], slots) and is_held.all():
            return self._batches.pop()[1]  # Those that end together were asked about together, nearly always.
        rows: list[dict] = [{} for _ in slots]
        wanted = {slot: row for row, (slot, is_own) in enumerate(zip(slots.tolist(), is_held.tolist())) if is_own}
        for own, columns in self._batches:
            for slot, row in zip(own.tolist(), rows_of(columns, len(own))):
                if slot in wanted:
                    rows[wanted[slot]] = row
        return columns_of(rows)

    def clear(self) -> None:
        """Hold nothing."""
        if self._batches:
            self._batches = []
            self._is_held[:] = False
