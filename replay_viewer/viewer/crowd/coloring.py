"""What the colours of a crowd tell: how the episode that each env is in ended, or what it returned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...outcomes import KIND_TEXT
from ...palette import KIND_COLORS, rgb_of, scale_colors
from .shown_episodes import KINDS, EpisodeTable

# Of many envs, so many percent at either end are drawn in the scale's last colours, so that a few do not take it all.
_MANY, _CLIPPED = 50, 2.0


@dataclass(frozen=True, eq=False)
class Coloring:
    """colors: (N, 3) sRGB 0..1, one for each env."""

    colors: np.ndarray


@dataclass(frozen=True, eq=False)
class ByOutcome(Coloring):
    """counts: (text, CSS colour, number of envs) of each outcome that is there."""

    counts: Sequence[tuple[str, str, int]]


@dataclass(frozen=True, eq=False)
class ByReturn(Coloring):
    """returns: (N,) of the whole episode that each env is in. low, high: ends of the scale.

    is_clipped: whether there are returns beyond the ends.
    """

    returns: np.ndarray
    low: float
    high: float
    is_clipped: bool


def by_outcome(table: EpisodeTable, shown: np.ndarray) -> ByOutcome:
    """Colours of the outcomes of episodes (N,) in the table; a success is one of its own."""
    kinds = table.kinds[shown]
    numbers = np.bincount(kinds, minlength=len(KINDS)).tolist()
    counts = [(KIND_TEXT[k], KIND_COLORS[k], number) for k, number in zip(KINDS, numbers, strict=True) if number]
    return ByOutcome(np.array([rgb_of(KIND_COLORS[kind]) for kind in KINDS])[kinds], counts)


def by_return(table: EpisodeTable, shown: np.ndarray, agent: int | None) -> ByReturn:
    """Colours of the returns of episodes (N,) in the table, of an agent or the sum of all."""
    returns = table.returns(shown, agent)
    finite = returns[np.isfinite(returns)]
    clipped = _CLIPPED if len(finite) >= _MANY else 0.0
    low, high = np.percentile(finite, (clipped, 100 - clipped)).tolist() if len(finite) else (0.0, 0.0)
    place = (returns - low) / (high - low) if high > low else np.full(len(returns), 0.5)
    return ByReturn(
        scale_colors(np.nan_to_num(place, nan=0.0)), returns, low, high, is_clipped=clipped > 0 and low < high
    )
