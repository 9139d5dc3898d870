"""Environments of real simulators, made once for all tests that use them; see `needs_simulator`."""

from __future__ import annotations

from typing import Any

import pytest
from mjlab_envs import G1, GO1, make


@pytest.fixture(scope="session")
def go1() -> Any:
    return make(GO1)


@pytest.fixture(scope="session")
def g1() -> Any:
    return make(G1, num_envs=2)


@pytest.fixture(scope="session")
def yam() -> Any:
    """An arm that stands fast, and a cube."""
    return make("Mjlab-Lift-Cube-Yam", num_envs=2)
