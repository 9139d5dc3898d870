"""Arrays of simulators that wrap them, or hand them out in groups."""

from __future__ import annotations

import sys
from typing import Any, Iterator


def tensor(array: Any) -> Any:
    """An array or tensor on the same memory, of Isaac Lab 3's `ProxyArray` or of a Warp array; others as they are."""
    if hasattr(array, "torch"):
        return array.torch
    if type(array).__module__.partition(".")[0] == "warp":
        return sys.modules["warp"].to_torch(array)
    return array


def flat(rows: Any) -> Any:
    """(n, values) of rows (n, ...)."""
    return rows if len(rows.shape) == 2 else rows.reshape(len(rows), -1)


def vectors(observations: Any) -> Iterator[Any]:
    """The arrays of nested dicts, without images: (N, values) or (N, history, values)."""
    if isinstance(observations, dict):
        for group in observations.values():
            yield from vectors(group)
    elif len(observations.shape) <= 3:
        yield tensor(observations)
