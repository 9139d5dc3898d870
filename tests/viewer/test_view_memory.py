"""Claims about what a browser remembers of its view: what is odd in it counts as forgotten."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from replay_viewer.viewer.browser.memory import ViewMemory, read_memory

CAMERA = {"position": [-4.0, 1.0, 2.0], "target": [0.0, 0.0, 0.5], "fov": 0.8}


def test_a_whole_memory_is_read() -> None:
    memory = read_memory({"shadows": False, "camera": CAMERA, "world": [-1, 2, 0]})
    assert memory.shadows is False
    assert memory.camera is not None
    np.testing.assert_array_equal(memory.camera.position, CAMERA["position"])
    np.testing.assert_array_equal(memory.camera.look_at, CAMERA["target"])
    assert memory.camera.fov == CAMERA["fov"]
    np.testing.assert_array_equal(memory.world, [-1.0, 2.0, 0.0])  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, 3, "dark", [], {}, {"shadows": 1}])
def test_what_is_no_memory_is_forgotten(value: Any) -> None:
    assert read_memory(value) == ViewMemory()


@pytest.mark.parametrize(
    "change",
    [
        {"position": [0, 0]},
        {"position": [0, 0, "1"]},
        {"position": [0, 0, math.nan]},
        {"position": [0, 0, math.inf]},
        {"position": [0, 0, 1e9]},
        {"position": [0, 0, 10**400]},
        {"position": {"0": 1}},
        {"position": [0.0, 0.0, 0.5]},
        {"target": None},
        {"fov": 0},
        {"fov": math.nan},
        {"fov": "wide"},
    ],
)
def test_an_odd_camera_is_forgotten(change: dict[str, Any]) -> None:
    assert read_memory({"camera": {**CAMERA, **change}}).camera is None


@pytest.mark.parametrize("world", [[0, 0], [math.nan, 0, 0], [1e30, 0, 0], "000", None])
def test_an_odd_world_is_forgotten(world: Any) -> None:
    assert read_memory({"camera": CAMERA, "world": world}).world is None
