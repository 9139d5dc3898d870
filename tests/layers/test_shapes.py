"""Shapes: what they are made of is checked when they are made, and nobody changes it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from replay_viewer import layers
from replay_viewer.layers import BadShape, Link, through
from replay_viewer.layers.asking import BadLayer, shapes_of
from replay_viewer.layers.pieces import along, rods
from replay_viewer.layers.shapes import colors_of
from replay_viewer.replay.frames import Frame
from replay_viewer.rotations import rotate

# Users give lists and worse.
given: Any = layers
Arrows, Lines, Tubes, Points = given.Arrows, given.Lines, given.Tubes, given.Points
Axes, Labels, Mesh, Tints, Pose = given.Axes, given.Labels, given.Mesh, given.Tints, given.Pose

RED = (255, 0, 0)
LINE = [[[0, 0, 0], [1, 0, 0]]]
FRAME = Frame(0.0, (0,), {}, np.zeros(1, bool), np.zeros(1, bool))

# What users give, and what the error says.
BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: Arrows([1, 2, 3], [[0, 0, 1]], RED), "Arrows.starts has the shape (3,), expected (N, 3)"),
    (lambda: Arrows([[1, 2, 3]], [[0, 0, 1]] * 2, RED), "Arrows.vectors has the shape (2, 3), expected (1, 3)"),
    (lambda: Lines([[[0, 0, 0], [np.nan, 0, 0]]], RED), "Lines.segments has numbers that are not finite"),
    (lambda: Lines([[[0, 0, 0], [1e39, 0, 0]]], RED), "Lines.segments has numbers that are not finite"),
    (lambda: Lines("line", RED), "Lines.segments is no array of numbers"),
    (lambda: Lines([[0, 0], [1]], RED), "Lines.segments is no array of numbers"),
    (lambda: Tubes(LINE, [1, 2], RED), "Tubes.radii has the shape (2,), expected (1,)"),
    (lambda: Points([[0, 0, 0]], (0.5, 0.5, 0.5)), "Points.color has the shape (3,) and the type float64"),
    (lambda: Points([[0, 0, 0]], (300, 0, 0)), "Points.color has 0 and 300"),
    (lambda: Points([[0, 0, 0]], [RED, RED]), "Points.color has the shape (2, 3)"),
    (lambda: Points([[0, 0, 0]], RED, radius=-1), "Points.radius is -1"),
    (lambda: Points([[0, 0, 0]], RED, radius=np.nan), "Points.radius is nan"),
    (lambda: Points(np.zeros((1_000_001, 3)), RED), "Points.positions has 1000001 rows"),
    (lambda: Points([[0, 0, 0]], RED, place="base"), "Points.place is a str, expected a Link, a Pose, or None"),
    (lambda: Labels([[0, 0, 0]], "a"), "Labels.texts is no list of texts"),
    (lambda: Labels([[0, 0, 0]], ["a", "b"]), "Labels.positions has the shape (1, 3), expected (2, 3)"),
    (lambda: Labels(np.zeros((1001, 3)), ["a"] * 1001), "Labels.texts has 1001 texts"),
    (lambda: Mesh(np.zeros((3, 3)), [[0, 1, 3]], RED), "Mesh.triangles name vertices up to 3, and there are 3"),
    (lambda: Mesh(np.zeros((3, 3)), [[0, 1, -1]], RED), "Mesh.triangles name vertices"),
    (lambda: Mesh(np.zeros((3, 3)), [[0.0, 1, 2]], RED), "Mesh.triangles has the shape (1, 3) and the type float64"),
    (lambda: Tints("robot", ["a"], [RED, RED]), "Tints.color has the shape (2, 3)"),
    (lambda: Axes([[0, 0, 0]], [[1, 0, 0]]), "Axes.wxyz has the shape (1, 3), expected (1, 4)"),
    (lambda: Pose([0, 0], [1, 0, 0, 0]), "Pose.position has the shape (2,), expected (3,)"),
]


@pytest.mark.parametrize(("make", "text"), BAD, ids=[text[:40] for _, text in BAD])
def test_an_error_says_which_value_of_which_shape_is_wrong(make: Callable[[], Any], text: str) -> None:
    with pytest.raises(BadShape) as caught:
        make()
    assert text in str(caught.value)


@pytest.mark.parametrize(
    "shape", [Arrows([], [], RED), Lines([], RED), Tubes([], [], RED), Points([], RED), Axes([], []), Labels([], [])]
)
def test_an_empty_list_is_nothing_to_draw(shape: Any) -> None:
    assert shape.num_pieces == 0


def test_a_shape_keeps_its_numbers_when_those_that_it_was_made_of_change() -> None:
    starts = np.zeros((2, 3))
    arrows = Arrows(starts, np.ones((2, 3)), RED)
    starts += 7
    assert not arrows.starts.any()
    with pytest.raises(ValueError, match="read-only"):
        arrows.starts[0] = 1
    with pytest.raises(AttributeError):
        arrows.radius = 2


def test_a_colour_is_that_of_all_pieces_or_each_has_its_own() -> None:
    assert colors_of(Points(np.zeros((2, 3)), RED)).tolist() == [[255, 0, 0]] * 2
    assert colors_of(Points(np.zeros((2, 3)), np.array([RED, (0, 0, 9)]))).tolist() == [[255, 0, 0], [0, 0, 9]]


def test_lines_go_through_points_one_or_many_side_by_side() -> None:
    assert through(np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0]])).tolist() == [
        [[0, 0, 0], [1, 0, 0]],
        [[1, 0, 0], [1, 1, 0]],
    ]
    points = np.arange(18).reshape(3, 2, 3)
    assert (through(points)[1] == [points[0, 1], points[1, 1]]).all()
    assert through(points[:1]).shape == (0, 2, 3)


def test_arrows_shorter_than_half_their_head_are_left_out() -> None:
    arrows = Arrows(np.zeros((2, 3)), [[0, 0, 0.04], [0, 0, 0.06]], RED, head_length=0.1)
    assert arrows.are_long.tolist() == [False, True]


def test_rods_go_through_the_ends_of_segments() -> None:
    segments = np.array(
        [[[0, 0, 0], [0, 0, 2]], [[1, 1, 1], [1, 1, -1]], [[0, 0, 2], [3, 0, 2]], [[1, 1, 1], [1, 1, 1]]]
    )
    positions, wxyz, scales = rods(segments, np.array([0.5, 0.5, 1.0, 1.0]))
    half = rotate(wxyz, np.array([0, 0, 0.5], dtype=np.float32)) * scales[:, 2:]
    assert np.allclose(positions - half, segments[:, 0], atol=1e-6)
    assert np.allclose(positions + half, segments[:, 1], atol=1e-6)
    assert scales[:, 0].tolist() == [0.5, 0.5, 1.0, 1.0]


def test_the_z_axis_is_turned_along_any_vector() -> None:
    vectors = np.array([[0, 0, 1], [0, 0, -1], [1, 0, 0], [0.6, -0.8, 0], [0, 0, 0]], dtype=float)
    turned = rotate(along(vectors), np.array([0.0, 0.0, 1.0]))
    assert np.allclose(turned[:4], vectors[:4])
    assert np.isfinite(turned).all()


class Giving:
    """A layer that gives something."""

    def __init__(self, given: Any) -> None:
        self.given = given

    def shapes(self, frame: Frame) -> Any:
        return self.given


def test_a_layer_may_give_nothing() -> None:
    assert shapes_of(Giving(None), FRAME) == shapes_of(Giving([]), FRAME) == ()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (Points([[0, 0, 0]], RED), "gave a Points, expected a list of shapes"),
        ([Points([[0, 0, 0]], RED), Link("robot", "base")], "gave a Link, expected Arrows, Lines"),
        ([Points([[0, 0, 0]], RED)] * 3000, "gave 3000 shapes, more than 2000"),
    ],
)
def test_what_a_layer_gives_that_are_no_shapes_is_told(given: Any, text: str) -> None:
    with pytest.raises(BadLayer) as caught:
        shapes_of(Giving(given), FRAME)
    assert text in str(caught.value)
