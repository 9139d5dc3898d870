"""Which of an environment's conditions has ended an episode."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from ..arrays import as_array


class EndingReasons(Sequence[str]):
    """The first condition that holds, of each of n envs; "" where none does.

    They are looked at only when one is asked for: until then, a GPU need not be waited for.

    Args:
        names: of the conditions, the most telling first.
        conditions: (n,) each, booleans.
    """

    def __init__(self, names: Sequence[str], conditions: Sequence[Any]) -> None:
        self._names, self._conditions = names, conditions
        self._holds: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self._conditions[0]) if self._conditions else 0

    def __getitem__(self, index: Any) -> Any:
        if self._holds is None:
            self._holds = np.array([as_array(condition) for condition in self._conditions], bool)
        return next((name for name, holds in zip(self._names, self._holds[:, index]) if holds), "")
