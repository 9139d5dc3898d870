"""What a test does when something outside the project is missing."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def require(reason: str) -> NoReturn:
    """Skip the test because of `reason`; under REPLAY_VIEWER_REQUIRE_ALL=1 fail it instead."""
    if os.environ.get("REPLAY_VIEWER_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason} (REPLAY_VIEWER_REQUIRE_ALL=1 forbids skipping)", pytrace=False)
    pytest.skip(reason)
