"""Lines of CSV for spreadsheets: nothing in a foreign file becomes a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

# With these, formulas of spreadsheets begin.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def csv_line(cells: Sequence[Any]) -> str:
    """A line with its end; None is an empty cell.

    Before a text that a spreadsheet would take for a formula stands an apostrophe.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_harmless(cell) for cell in cells])
    return text.getvalue()


def _harmless(cell: Any) -> Any:
    is_formula = isinstance(cell, str) and cell.startswith(_FORMULAS) and not _is_number(cell)
    return f"'{cell}" if is_formula else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
