"""Arrays of simulators that wrap them."""

from __future__ import annotations

import sys
from typing import Any


def tensor(array: Any) -> Any:
    """An array or tensor on the same memory, of Isaac Lab 3's `ProxyArray` or of a Warp array; others as they are."""
    if hasattr(array, "torch"):
        return array.torch
    if type(array).__module__.partition(".")[0] == "warp":
        return sys.modules["warp"].to_torch(array)
    return array
