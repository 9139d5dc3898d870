"""Colours that tell many curves apart on light ground, the same for a term wherever it is shown."""

from __future__ import annotations

# Tableau 10, in an order that keeps neighbours apart.
_COLORS = ("#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#76b7b2", "#9c755f", "#edc948", "#ff9da7", "#8a8a8a")

# The reward itself, the sum of them all.
TOTAL_COLOR = "#1f2933"


def term_color(index: int) -> str:
    """CSS colour of the term with this index."""
    return _COLORS[index % len(_COLORS)]
