"""Layers in films: shapes are drawn where a camera sees them, ours and a user's, and a legend says what they mean."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_pictures import check_golden
from layer_samples import constant, forces, torques, walk
from pinhole import pixels
from render_samples import write_slide

from replay_viewer import render_video
from replay_viewer.camera import Free
from replay_viewer.camera.presets import CameraPose
from replay_viewer.errors import BadArgument, UnknownName
from replay_viewer.layers import Arrows, Axes, Labels, Lines, Link, Mesh, Points, Pose, Shape, Tints, Tubes
from replay_viewer.layers.torques import color_of
from replay_viewer.render.drawing import FilmDrawer
from replay_viewer.render.film import Film, Moment
from replay_viewer.render.mesh.kept_meshes import KeptMeshes
from replay_viewer.render.mesh.surface import Surface
from replay_viewer.render.mesh.unit_bodies import ball, cone, rod
from replay_viewer.render.overlays import Entry, Legend, Row
from replay_viewer.render.overlays.layout import pixel_scale
from replay_viewer.render.selection import Selection, shots_of
from replay_viewer.render.view import View
from replay_viewer.replay.frames import Frame
from replay_viewer.replay.replay import Replay, open_replay
from replay_viewer.replay.take import Take
from replay_viewer.replay.world import world_of
from replay_viewer.theme import LIGHT

SIZE = (320, 180)
DEMO = Path(__file__).parents[2] / "assets" / "walk.rec"
RED, GREEN, BLUE = (220, 30, 30), (20, 180, 40), (30, 60, 230)
LINE = np.array([[[0.0, 0, 0], [0, 0, 2]]])
ASIDE = LINE - np.array([1, 0, 0])
# At the side of the arm, which hangs down from z = 0 and goes along x.
CAMERA = CameraPose(np.array([0.5, -9.0, 2.0]), np.array([0.5, 0.0, 1.0]), np.array([0.0, 0.0, 1.0]), math.radians(45))


class Giving:
    """A user's layer that gives the same shapes in every frame."""

    def __init__(self, *given: Shape) -> None:
        self.given, self.asked = given, 0

    def shapes(self, frame: Frame) -> Sequence[Shape]:
        self.asked += 1
        return self.given


def drawn(replay: Replay, *layers: Any, position: float = 4.0, titles: bool = False) -> np.ndarray:
    """A picture (H, W, 3) int of a moment."""
    view = View(Free(CAMERA), size=SIZE, layers=layers, titles=titles)
    with FilmDrawer(world_of([replay]), view, workers=1) as drawer:
        episode = replay.rollout.episode_at(0, int(position))
        return drawer.image_at(Moment(position, (0,), episode, 0.0)).astype(int)


def color_at(picture: np.ndarray, point: Sequence[float]) -> np.ndarray:
    """What is seen of a place in the world."""
    x, y = pixels(CAMERA, np.array(point), SIZE).astype(int).tolist()
    return picture[y, x]


def is_like(seen: np.ndarray, color: Sequence[int]) -> bool:
    """Whether a colour that is lit has this hue."""
    a, b = seen - min(seen), np.array(color) - min(color)
    return bool(a.max() > 40 and a @ b > 0.97 * np.linalg.norm(a) * np.linalg.norm(b))


# Where shapes are seen. The arm is at x = 0.4 then.
PLACE = Pose(np.array([-1.0, 0.0, 1.0]), np.array([1.0, 0, 1, 0]) / np.sqrt(2))  # z along x, x down.
SHAPES: Mapping[str, tuple[Shape, Sequence[float], Sequence[int]]] = {
    "arrow": (Arrows(np.array([[-1, 0, 0.2]]), np.array([[0, 0, 2]]), RED, 0.05), (-1, 0, 1), RED),
    "head": (Arrows(np.array([[-1, 0, 0.2]]), np.array([[0, 0, 2]]), RED, 0.05), (-0.93, 0, 2.0), RED),
    "line": (Lines(ASIDE, GREEN, 0.001), (-1, 0, 1), GREEN),
    "tube": (Tubes(ASIDE, np.array([0.2]), BLUE), (-1.15, 0, 1), BLUE),
    "point": (Points(np.array([[-1, 0, 1.0]]), np.array([BLUE]), 0.2), (-0.85, 0, 1), BLUE),
    "axis": (Axes(np.array([[-1, 0, 1.0]]), np.array([[1.0, 0, 0, 0]]), 1.0), (-1, 0, 1.8), (0, 0, 204)),
    "mesh": (Mesh(np.eye(3) - [2, 0, 0], np.array([[0, 1, 2]]), RED), (-1.66, 0.33, 0.34), RED),
    "turned": (Lines(LINE, GREEN, 0.03, PLACE), (0.2, 0, 1), GREEN),
    "on a link": (Lines(LINE, GREEN, 0.03, Link("robot", "base")), (0.4, 0, 1.9), GREEN),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_seen_in_its_colour_where_it_is(tmp_path: Path, name: str) -> None:
    shape, point, color = SHAPES[name]
    replay = walk(tmp_path)
    picture = drawn(replay, Giving(shape))
    assert is_like(color_at(picture, point), color)
    assert not is_like(color_at(drawn(replay), point), color)


def test_a_tinted_link_has_that_colour_and_others_stay_as_they_are(tmp_path: Path) -> None:
    replay = walk(tmp_path)
    bare, tinted = drawn(replay), drawn(replay, Giving(Tints("robot", ["upper"], BLUE)))
    links, poses = replay.robots["robot"].link_names, replay.frames.frame_at(4, [0]).entities["robot"].link_positions[0]
    assert is_like(color_at(tinted, poses[links.index("hand")]), BLUE)  # It is fixed to the tinted one.
    foot = poses[links.index("foot")]
    assert (color_at(tinted, foot) == color_at(bare, foot)).all()


def test_layers_are_about_the_first_env(tmp_path: Path) -> None:
    replay = open_replay(DEMO)
    view = View(size=SIZE, layers=("torques",), titles=False)
    episode = replay.rollout.episode_at(0, 150)
    with FilmDrawer(world_of([replay]), view, workers=1) as drawer:
        task = drawer._task(Moment(150.0, (0, 1, 2), episode, 3.0))  # pyright: ignore
    replay.close()
    tinted = task.beside.tints["robot"][..., 3].any(axis=-1)
    assert tinted.tolist() == [True, False, False]


def test_a_faint_mesh_lets_what_is_behind_it_through(tmp_path: Path) -> None:
    replay, quad = walk(tmp_path), np.array([[-3, -1, 0.1], [3, -1, 0.1], [3, -1, 4], [-3, -1, 4.0]])
    faint, full = (Mesh(quad, np.array([[0, 1, 2], [0, 2, 3]]), RED, opacity) for opacity in (0.3, 1.0))
    behind = Points(np.array([[-1, 0, 1.0]]), BLUE, 0.3)
    seen = color_at(drawn(replay, Giving(behind, faint)), (-1, 0, 1))
    assert seen[2] > 60 and seen[0] > 60
    assert is_like(color_at(drawn(replay, Giving(behind, full)), (-1, 0, 1)), RED)


def test_a_label_stands_at_its_place_and_changes_nothing_else(tmp_path: Path) -> None:
    replay = walk(tmp_path)
    bare = drawn(replay)
    picture = drawn(replay, Giving(Labels(np.array([[-1, 0, 1.0], [0, -20, 0]]), ["here", "behind"])))
    rows, columns = np.nonzero((picture != bare).any(axis=-1))
    x, y = pixels(CAMERA, np.array([-1, 0, 1.0]), SIZE)
    assert abs((columns.min() + columns.max()) / 2 - x) < 3
    assert abs((rows.min() + rows.max()) / 2 - y) < 3
    assert np.ptp(columns) < 60


def test_our_layers_are_seen_in_the_colours_of_their_legend(tmp_path: Path) -> None:
    more = torques() | forces(21, (0, 0, 50), (0, 0, 50)) | {"command": constant(21, 0.6, 0.3, 0.5)}
    replay = walk(tmp_path, more=more)
    bare = drawn(replay, position=12.3)
    for name, color in (("contacts", RED), ("trails", (124, 58, 237)), ("path", (234, 88, 12)), ("velocity", GREEN)):
        picture = drawn(replay, name, position=12.3)
        new = picture[(picture != bare).any(axis=-1)]
        assert sum(is_like(pixel, color) for pixel in new) > 10, name
    tinted = drawn(replay, "torques", position=20)
    new = tinted[(tinted != drawn(replay, position=20)).any(axis=-1)]
    assert sum(is_like(pixel, color_of(0.5)) for pixel in new) > 10


# Films.


def test_the_bundled_demo_with_layers(tmp_path: Path) -> None:
    replay = open_replay(DEMO)
    view = View(size=(480, 270), layers=("velocity", "contacts", "trails", "path", "torques"))
    with FilmDrawer(world_of([replay]), view, workers=1) as drawer:
        picture = drawer.image_at(Moment(150.5, (0,), replay.rollout.episode_at(0, 150), 3.0))
    replay.close()
    check_golden("layers", picture, tmp_path)


class Breaking(Giving):
    """A layer that fails the third time."""

    def shapes(self, frame: Frame) -> Sequence[Shape]:
        super().shapes(frame)
        if self.asked == 3:
            raise RuntimeError("no luck")
        return [Points(np.array([[0.0, 0, 3]]), BLUE, 0.5)]


def test_a_layer_that_fails_is_told_of_once_and_the_film_goes_on(tmp_path: Path) -> None:
    told: list[str] = []
    broken, lost = Breaking(), Giving(Points(np.zeros((1, 3)), RED, place=Link("robot", "nose")))
    out = render_video(
        write_slide(tmp_path / "a.rec", 10), tmp_path / "a.mp4", layers=[broken, lost], size=SIZE, tell=told.append
    )
    assert out == [tmp_path / "a.mp4"]
    assert broken.asked == 3
    assert lost.asked == 1
    assert [line for line in told if "failed" in line] == [
        "Giving.shapes failed, and is not shown any more: link 'nose' is not in 'robot'. Known links: base",
        "Breaking.shapes failed, and is not shown any more: RuntimeError: no luck",
    ]


def test_layers_are_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    recording = write_slide(tmp_path / "a.rec", 10)
    with pytest.raises(UnknownName, match=r"layer 'speed' is not in this version\. Known layers: velocity, contacts"):
        render_video(recording, tmp_path / "a.mp4", layers=["speed"])
    with pytest.raises(BadArgument, match="needs contact forces: the recorder writes them as `contact_force`"):
        render_video(recording, tmp_path / "a.mp4", layers=["contacts"])
    for wrong, problem in ((Giving, "is a class"), (object(), "has no method `shapes`")):
        with pytest.raises(BadArgument, match=problem):
            render_video(recording, tmp_path / "a.mp4", layers=[wrong])  # type: ignore[list-item]
    assert not (tmp_path / "a.mp4").exists()


def test_any_number_of_workers_draws_the_same_layers(tmp_path: Path) -> None:
    replay = walk(tmp_path)
    view = View(Free(CAMERA), size=SIZE, layers=("velocity", "trails", "path", "frames"))
    film = Film(replay.rollout, shots_of(replay.rollout, Selection(steps="0:5")))
    found = []
    for workers in (1, 3):
        with FilmDrawer(world_of([replay]), view, workers) as drawer:
            found.append(np.stack(list(drawer.images(film))))
    assert (found[0] == found[1]).all()


def test_the_others_of_a_scene_have_their_layers_where_they_are(tmp_path: Path) -> None:
    lead, other = walk(tmp_path), walk(tmp_path)
    world = world_of([lead, replace(Take(other), offset=(0.0, 0.0, 1.5))])
    view = View(Free(CAMERA), size=SIZE, layers=("path",), titles=False)
    with FilmDrawer(world, view, workers=1) as drawer:
        picture = drawer.image_at(Moment(12.0, (0,), lead.rollout.episode_at(0, 12), 0.0)).astype(int)
    heights = np.unique(np.nonzero(np.apply_along_axis(is_like, 2, picture, (234, 88, 12)))[0])
    assert np.ptp(heights) > 20


# The legend.


def test_a_legend_is_shown_with_titles(tmp_path: Path) -> None:
    replay = walk(tmp_path)
    titled, bare = (drawn(replay, "path", titles=titles) for titles in (True, False))
    new = (titled != bare).any(axis=-1)
    assert (titled[new] == (234, 88, 12)).all(axis=-1).any()
    assert not new[60:].any()


def test_a_legend_shows_a_scale_from_one_end_to_the_other() -> None:
    image = np.full((100, 640, 3), 128, np.uint8)
    row = Row((Entry("load", (RED, GREEN, BLUE)), Entry("a note", has_mark=False)), "Title")
    Legend([row], 640, pixel_scale((640, 480)), LIGHT).draw(image)
    columns = [np.nonzero((image == color).all(axis=-1))[1] for color in (RED, BLUE)]
    assert all(len(found) for found in columns)
    assert columns[0].max() < columns[1].min()


# Bodies.


@pytest.mark.parametrize("body", [rod, cone, ball])
def test_bodies_are_closed_and_their_normals_point_outwards(body: Any) -> None:
    surface: Surface = body()
    corners = surface.vertices[surface.triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    volume = float((corners[:, 0] * np.cross(corners[:, 1], corners[:, 2])).sum() / 6)
    expected = {rod: math.pi, cone: math.pi / 3, ball: 4 * math.pi / 3}[body]
    assert 0.9 * expected < volume <= expected
    assert np.allclose(faces.sum(axis=0), 0, atol=1e-5)
    assert ((surface.normals[surface.triangles] * faces[:, None]).sum(axis=-1) > 0).all()


def test_small_meshes_that_change_are_not_kept_and_those_that_are_given_again_are() -> None:
    meshes = KeptMeshes()
    mesh = Mesh(np.eye(3), np.array([[0, 1, 2]]), RED)
    assert meshes.surface_of(mesh) is None
    kept = meshes.surface_of(mesh)
    assert kept is not None
    assert meshes.surface_of(Mesh(np.eye(3), np.array([[0, 1, 2]]), BLUE)) is kept
    assert meshes.surface_of(Mesh(2 * np.eye(3), np.array([[0, 1, 2]]), RED)) is None
