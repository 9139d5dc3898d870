"""Colours that carry a meaning, the same in the browser and in videos."""

from __future__ import annotations

# Tableau 10, in an order that keeps neighbours apart, so that many curves can be told apart.
_COLORS = ("#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#76b7b2", "#9c755f", "#edc948", "#ff9da7", "#8a8a8a")

# The reward itself, the sum of them all, on light ground.
TOTAL_COLOR = "#1f2933"

# Bars of values above and below zero, and their ends where a value is beyond the full bar.
GAIN_COLOR, LOSS_COLOR = "#16a34a", "#dc2626"
GAIN_END_COLOR, LOSS_END_COLOR = "#14532d", "#7f1d1d"

# Outcomes of episodes, each dark enough for white letters on it.
OUTCOME_COLORS = {"terminated": "#dc2626", "truncated": "#b45309", "unfinished": "#64748b", "aborted": "#7c3aed"}
SUCCESS_COLOR, FAILURE_COLOR = "#15803d", "#dc2626"


def term_color(index: int) -> str:
    """CSS colour of the term with this index, the same wherever it is shown."""
    return _COLORS[index % len(_COLORS)]
