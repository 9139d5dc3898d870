"""The hand: who does something to a running policy, and whether it is still there."""

from __future__ import annotations

import math
import time

# So long a page may say nothing before what it holds is let go [s].
SILENCE = 1.0


class Hand:
    """Somebody who may hold something: keep the policy off, or command an env.

    Args:
        by: who, as a recording names it.
        is_lasting: whether it holds on without a word: the terminal, or code, but no page.
    """

    def __init__(self, by: str, is_lasting: bool = False) -> None:
        self.by = by
        self._heard = math.inf if is_lasting else time.monotonic()

    @property
    def is_silent(self) -> bool:
        """Whether nothing was heard of it for so long that it may be gone."""
        return time.monotonic() - self._heard > SILENCE

    def hear(self) -> None:
        """Something came from it."""
        self._heard = max(self._heard, time.monotonic())

    def leave(self) -> None:
        """It is gone."""
        self._heard = -math.inf
