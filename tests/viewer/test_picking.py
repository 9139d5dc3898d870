"""Rays against boxes whose places are known by heart."""

import math

import numpy as np
import pytest

from replay_viewer.viewer.browser.clicks import ray_of
from replay_viewer.viewer.crowd.picking import boxes_around, first_hit

DOWN = np.array([0.0, 0.0, -1.0])


def cube(*links):
    """Cubes about the origins of some links."""
    corners = 0.5 * np.array([[-1.0, -1, -1], [1, 1, 1]])
    return boxes_around(list(links), [corners for _ in links])


def upright(*shape):
    wxyz = np.zeros((*shape, 4))
    wxyz[..., 0] = 1
    return wxyz


def row_of(num_envs, spacing=10.0):
    """Envs of one link, along x."""
    positions = np.zeros((num_envs, 1, 3))
    positions[:, 0, 0] = spacing * np.arange(num_envs)
    return positions


def hit_from(x, y=0.0, positions=None, boxes=None):
    positions = row_of(5) if positions is None else positions
    return first_hit(np.array([x, y, 20.0]), DOWN, positions, upright(*positions.shape[:2]), boxes or cube(0))


def test_ray_hits_the_env_below_it():
    hits = [hit_from(10.0 * env + 0.4) for env in range(5)]
    assert [hit[0] for hit in hits if hit] == [0, 1, 2, 3, 4]
    assert [hit[1] for hit in hits if hit] == pytest.approx([19.5] * 5, abs=0.02)


def test_ray_beside_every_box_hits_nothing():
    assert hit_from(5.0) is None
    # Within the sphere about the cube, and outside the cube.
    assert hit_from(0.6, 0.6) is None


def test_nearest_along_the_ray_is_hit():
    hit = first_hit(np.array([100.0, 0, 0]), np.array([-2.0, 0, 0]), row_of(5), upright(5, 1), cube(0))
    assert hit is not None and hit[0] == 4
    assert hit[1] == pytest.approx(59.5, abs=0.02)


def test_what_lies_behind_the_ray_is_not_hit():
    assert first_hit(np.array([0.0, 0, 20]), -DOWN, row_of(5), upright(5, 1), cube(0)) is None


def test_ray_from_within_a_box_hits_it_at_once():
    assert first_hit(np.zeros(3), DOWN, row_of(5), upright(5, 1), cube(0)) == (0, 0.0)


def test_boxes_turn_with_their_links():
    plank = boxes_around([0], [np.array([[-2.0, -0.1, -0.1], [2.0, 0.1, 0.1]])])
    positions, wxyz = np.zeros((1, 1, 3)), upright(1, 1)
    above = np.array([0.0, 1.5, 5.0])
    assert first_hit(above, DOWN, positions, wxyz, plank) is None
    wxyz[0, 0] = [math.cos(math.pi / 4), 0, 0, math.sin(math.pi / 4)]
    assert first_hit(above, DOWN, positions, wxyz, plank) is not None


def test_every_link_with_a_box_can_be_hit_and_no_other():
    positions = np.zeros((2, 3, 3))
    positions[1, :, 0] = [10.0, 20.0, 30.0]
    found = [hit_from(x, positions=positions, boxes=cube(0, 2)) for x in (10.0, 20.0, 30.0)]
    assert [hit and hit[0] for hit in found] == [1, None, 1]


def test_envs_that_draw_nothing_are_not_hit():
    assert hit_from(0.0, boxes=boxes_around([], [])) is None


@pytest.mark.parametrize(
    ("origin", "direction"),
    [
        (None, None),
        ((0, 0, 1), (0, 0, 0)),
        ((0, 0, math.nan), (0, 0, 1)),
        ((0, 0, 1), (0, math.inf, 1)),
        ((0, 0), (0, 1)),
        ("abc", "def"),
        ({}, [[1]]),
        ((0, 0, 1), (0, 1)),
    ],
)
def test_what_is_no_ray_is_none(origin, direction):
    assert ray_of(origin, direction) is None


def test_ray_of_a_browser_is_taken_as_it_is():
    ray = ray_of((1, 2, 3), (0.0, 0, -2))
    assert ray is not None and ray.tolist() == [[1, 2, 3], [0, 0, -2]]
