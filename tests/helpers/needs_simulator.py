"""What the tests of simulators do where one is missing."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest


def simulator(name: str) -> Any:
    """The module of a simulator; where it is not installed, the tests skip, or fail if all simulators are required."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if os.environ.get("REPLAY_VIEWER_REQUIRE_SIMULATORS"):
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed", allow_module_level=True)
