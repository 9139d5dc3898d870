"""The demos' scripts as modules."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo"


def demo_module(name: str) -> Iterator[Any]:
    """A script's module; while it is in use, what it imports is found too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DEMO))
        yield importlib.import_module(name)
