"""What a chart's curves are of: the rewards, or one signal."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Protocol

import numpy as np

from ...rollout.spread import Read


class CurveSource(Protocol):
    """Curves of one kind, of whichever episode the session shows.

    Attributes:
        names, colors: of the C curves. main: the curve that stands for all of them, or None.
        max_shown: how many are shown at first. has_rate: whether the values are amounts per step.
        limits: values that are marked, by curve.
    """

    names: tuple[str, ...]
    colors: tuple[str, ...]
    main: int | None
    max_shown: int
    unit: str
    has_rate: bool
    limits: dict[int, tuple[float, ...]]

    @property
    def key(self) -> Hashable:
        """Which values these are; an episode that goes on keeps its own."""
        ...

    @property
    def steps(self) -> range:
        """Of the episode, as far as it is recorded."""
        ...

    def read_from(self, first: int) -> Iterator[np.ndarray]:
        """Values (n, C) from the episode's step `first` on, in pieces."""
        ...

    def spread_key(self, curve: int) -> Hashable:
        """Of which values the spread of a curve is."""
        ...

    def reader(self, curve: int) -> Read:
        """Gives one curve's values (S, E, 1) in any envs."""
        ...
