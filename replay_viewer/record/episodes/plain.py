"""Arrays as values that JSON has."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...episode_record import as_json


def plain(values: np.ndarray) -> list[Any]:
    """The rows of an array (k, ...), JSON-ready; quickly where all of them are finite numbers, as nearly always."""
    is_small = values.dtype.itemsize <= (4 if values.dtype.kind in "iu" else 8)
    if is_small and values.dtype.kind in "biuf" and (values.dtype.kind != "f" or np.isfinite(values).all()):
        return values.tolist()
    return [as_json(value) for value in values.tolist()]
