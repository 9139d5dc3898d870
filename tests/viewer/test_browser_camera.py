from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from replay_viewer.rotations import from_matrix
from replay_viewer.viewer.browser.camera import OddCamera, browser_pose, picture_size


def camera(**changes: Any) -> Any:
    """What viser tells of a browser's camera: 5 m before the point (0, 0, 0.5), rolled by 0.2."""
    ahead, right, up = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    up, right = math.cos(0.2) * up + math.sin(0.2) * right, math.cos(0.2) * right - math.sin(0.2) * up
    state = {
        "wxyz": from_matrix(np.stack([right, -up, ahead], axis=-1)),
        "position": np.array([0.0, -5.0, 0.5]),
        "look_at": np.array([0.0, 0.0, 0.5]),
        "fov": 0.7,
    }
    return SimpleNamespace(**{**state, **changes})


def test_pose_is_the_browsers_roll_and_all() -> None:
    pose = browser_pose(camera())
    np.testing.assert_allclose(pose.position, [0, -5, 0.5])
    np.testing.assert_allclose(pose.look_at, [0, 0, 0.5])
    np.testing.assert_allclose(pose.up, [math.sin(0.2), 0, math.cos(0.2)], atol=1e-12)
    assert pose.fov == 0.7


def test_up_is_square_to_the_line_of_sight_whatever_the_browser_says() -> None:
    pose = browser_pose(camera(look_at=np.array([1.0, 2.0, 3.0])))
    assert pose.up @ (pose.look_at - pose.position) == pytest.approx(0, abs=1e-12)
    assert np.linalg.norm(pose.up) == pytest.approx(1)


@pytest.mark.parametrize(
    "odd",
    [
        {"position": np.full(3, np.nan)},
        {"look_at": np.array([0.0, -5.0, 0.5])},
        {"look_at": np.array([math.sin(0.2), -5.0, 0.5 + math.cos(0.2)])},  # Along its own up.
        {"look_at": np.array([1e9, 0.0, 0.0])},
        {"wxyz": np.zeros(3)},
        {"fov": 0.0},
        {"fov": math.pi},
        {"fov": math.nan},
    ],
    ids=str,
)
def test_a_camera_that_nothing_can_be_drawn_with_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(OddCamera):
        browser_pose(camera(**odd))


def test_a_picture_has_a_size_that_can_be_drawn() -> None:
    assert picture_size([1000, 600.4]) == (1000, 600)
    assert picture_size([10**400, 0]) == (4096, 64)


@pytest.mark.parametrize(
    "odd", [None, 5, "ab", [], [1], [1, 2, 3], ["1", "2"], [[1], 2], [1, math.nan], [1, math.inf], [-1, 1]]
)
def test_a_picture_whose_size_is_none_is_refused(odd: object) -> None:
    with pytest.raises(OddCamera):
        picture_size(odd)
