"""Scales on which an episode's rewards are shown: where a bar is full, and from where to where a chart reaches."""

from __future__ import annotations

import numpy as np

# One extreme step, such as a termination penalty, must not flatten the bars of all others.
_BAR_QUANTILE = 0.98
# Steps that the scale is found from, spread over the episode: enough, and quick however long it is.
_MAX_BAR_STEPS = 2048
# What the terms leave of a reward says nothing within rounding of float32 sums.
ROUNDING = 1e-5
# Share of a curve's values, at either end, that may lie outside the chart.
_OUTLIERS = 0.003
# Share of the range of the values that is left free above and below them.
_MARGIN = 0.15
# Values that differ by a smaller share than this are one value.
_CONSTANT = 1e-5

# Bottom and top of a chart; None where nothing is known.
Range = tuple[float, float] | None


def bar_scale(terms: np.ndarray) -> float:
    """Value of a full bar: one scale for all terms (S, K) of an episode, so that their sizes compare."""
    if not terms.shape[1]:
        return 1.0
    stride = -(-len(terms) // _MAX_BAR_STEPS)
    sizes = np.abs(terms[::stride])
    largest = np.where(np.isfinite(sizes), sizes, 0.0).max(axis=1)
    return float(np.quantile(largest, _BAR_QUANTILE)) or 1.0


def chart_range(curves: np.ndarray) -> Range:
    """What a chart shows of the values of curves (P, C).

    Where one extreme step, such as a termination penalty, would flatten all curves, it is left outside.
    """
    ranges = [_usual_range(curve[np.isfinite(curve)]) for curve in curves.T if np.isfinite(curve).any()]
    if not ranges:
        return None
    low, high, least, greatest = np.array(ranges).T
    bottom, top = low.min(), high.max()
    margin = _margin(bottom, top)
    if least.min() >= bottom - 3 * margin and greatest.max() <= top + 3 * margin:
        bottom, top = least.min(), greatest.max()
    return float(bottom - margin), float(top + margin)


def full_range(values: np.ndarray) -> Range:
    """From a little below the least to a little above the greatest finite value (P,)."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    margin = _margin(finite.min(), finite.max())
    return float(finite.min() - margin), float(finite.max() + margin)


def _margin(bottom: float, top: float) -> float:
    """Room above and below. What differs by rounding alone is shown as the constant that it is."""
    spread, size = top - bottom, max(abs(bottom), abs(top))
    return float(_MARGIN * (spread if spread > _CONSTANT * size else size)) or 1.0


def _usual_range(values: np.ndarray) -> tuple[float, float, float, float]:
    """Of one curve, so that one among many still counts: low and high without outliers, least and greatest."""
    low, high = np.quantile(values, [_OUTLIERS, 1 - _OUTLIERS])
    return float(low), float(high), float(values.min()), float(values.max())
