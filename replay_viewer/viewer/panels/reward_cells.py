"""Cells of the table of rewards: a number as text, a bar beside it, a name that breaks where its words end."""

from __future__ import annotations

import numpy as np

from ...numerals import number_format

# A number as text, and how full its bar is.
RowValue = tuple[str, float]

# Shares of a bar: the least that is drawn, and one that says that the value is beyond it.
_TRACE, _BEYOND = 1e-3, 1.01

NOTHING_RECORDED = (
    "No rewards in this recording. They appear here when the file has <code>rew</code>, and each term when it has "
    "<code>reward_terms/&lt;name&gt;</code> or the simulator's <code>info</code>."
)


def bar_share(value: float, scale: float) -> float:
    """Of a full bar; what is not zero leaves a trace, however small. How far beyond the bar it is, is not told."""
    if np.isnan(value) or value == 0:
        return 0.0
    return float(np.copysign(min(max(abs(value) / scale, _TRACE), _BEYOND), value))


def breakable(label: str) -> str:
    """A long name breaks where its words end."""
    return label.replace("_", "_<wbr>").replace("/", "/<wbr>")


def form_of(scale: float) -> str:
    """The one form of the table's numbers, by the value of a full bar: as in films."""
    return number_format(scale, least_decimals=2)
