"""Several recordings in one film: where each is at a time, how they look, how long it lasts, and what names them."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import imageio.v3 as iio
import numpy as np
import pytest
from render_samples import SIZE, SPEED, box_x, from_above, write_slide

from replay_viewer import Take, open_replay, render_video
from replay_viewer.errors import BadArgument, ReplayError
from replay_viewer.layers import Points
from replay_viewer.render.drawing import FilmDrawer
from replay_viewer.render.film import Moment
from replay_viewer.render.overlays import Entry, Legend, Row
from replay_viewer.render.overlays.layout import pixel_scale
from replay_viewer.render.raster.placed_surfaces import Coat
from replay_viewer.render.selection import Selection, shots_of
from replay_viewer.render.takes import coated, coats_of, frame_of
from replay_viewer.render.view import View
from replay_viewer.replay.frames import Frame
from replay_viewer.replay.world import World, world_of
from replay_viewer.theme import DARK, LIGHT

RED, BLUE = (230, 13, 13), (0, 60, 255)


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_slide(tmp_path_factory.mktemp("slide") / "slide.rec")


@pytest.fixture(scope="module")
def fine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same motion in steps of 5 ms, for 0.6 s."""
    return write_slide(tmp_path_factory.mktemp("fine") / "fine.rec", 120, control_dt=0.005)


def image_at(world: World, position: float, **view: object) -> np.ndarray:
    lead = world.lead
    episode = lead.replay.rollout.episode_at(lead.env_index, int(position))
    chosen = View(camera=from_above(), size=SIZE, titles=False, **view)  # pyright: ignore[reportArgumentType]
    with FilmDrawer(world, chosen, workers=1) as drawer:
        return drawer.image_at(Moment(position, (lead.env_index,), episode, 0.0))


def blue_x(image: np.ndarray) -> float:
    """Where what is blue is along x [m]."""
    return box_x(image[..., ::-1])


def test_others_are_where_they_are_at_the_same_time(slide: Path, fine: Path) -> None:
    world = world_of([open_replay(slide), Take(open_replay(fine), tint=BLUE, offset=(0, 1, 0))])
    for step in (5, 20, 29.5):
        image = image_at(world, step)
        assert box_x(image) == pytest.approx(SPEED * 0.02 * step, abs=0.05)
        assert blue_x(image) == pytest.approx(SPEED * 0.02 * step, abs=0.05)
    assert blue_x(image_at(world, 50)) == pytest.approx(SPEED * 0.005 * 119, abs=0.05)


def test_an_offset_moves_all_of_a_take(slide: Path) -> None:
    world = world_of([open_replay(slide), Take(open_replay(slide), offset=(1, -2, 3))])
    frame = frame_of(world, 10, [0])
    moved = frame.entities["take2/robot"].link_positions - frame.entities["robot"].link_positions
    assert np.allclose(moved, (1, -2, 3))


def test_side_by_side_others_are_opaque_and_apart(slide: Path) -> None:
    world = world_of([open_replay(slide), Take(open_replay(slide), tint=BLUE)])
    apart = frame_of(world.with_mode("side"), 10, [0]).entities
    moved = apart["take2/robot"].base_pos - apart["robot"].base_pos
    assert np.allclose(moved, [(0, -2 * world.lead.replay.robots["robot"].radius, 0)], atol=1e-5)
    assert [coats_of(world.with_mode(mode))["take2/robot"].alpha for mode in ("ghost", "side")] == [0.5, 1.0]


def test_with_one_take_a_frame_is_that_of_the_recording(slide: Path) -> None:
    replay = open_replay(slide)
    assert frame_of(world_of([replay]), 10, [0]).entities.keys() == {"robot"}


def test_a_film_lasts_as_long_as_what_is_chosen_of_the_lead(slide: Path, fine: Path, tmp_path: Path) -> None:
    for name, several, seconds in (("a", [slide, fine], 1.2), ("b", [fine, slide], 0.6)):
        (path,) = render_video(several, tmp_path / f"{name}.mp4", size=(64, 36), fps=10)
        assert len(iio.imread(path)) == round(10 * seconds)
    (path,) = render_video([slide, fine], tmp_path / "c.mp4", size=(64, 36), fps=10, steps="10:20")
    assert len(iio.imread(path)) == 2


def test_a_lead_that_is_an_env_or_an_episode_is_what_is_filmed(tmp_path: Path) -> None:
    path = write_slide(tmp_path / "two.rec", 40, env_ids=[7, 9], ends={1: [(19, "terminated", None)]})
    replay = open_replay(path)
    second = Selection().of_take(Take.of_episode(replay, 1, 1))
    (shot,) = shots_of(replay.rollout, second)
    assert (shot.envs, shot.steps) == ((1,), range(20, 40))
    assert Selection(env=7, episodes=0).of_take(Take.of_episode(replay, 1, 1)) == Selection(env=7, episodes=0)
    assert Selection(where="terminated").of_take(Take(replay)) == Selection(where="terminated")


def test_names_are_shown_with_titles_or_an_overlay(slide: Path, fine: Path) -> None:
    world = world_of([open_replay(slide), open_replay(fine)])
    episode = world.lead.replay.rollout.episodes(0)[0]
    moment = Moment(5, (0,), episode, 0.1)
    corners = {}
    for titles, overlay in ((False, "none"), (True, "none"), (False, "hud")):
        with FilmDrawer(world, View(size=SIZE, titles=titles, overlay=overlay), workers=1) as drawer:
            corners[titles, overlay] = drawer.image_at(moment)[:40, :60]
    bare, titled, strip = corners.values()
    assert not np.array_equal(bare, titled)
    assert np.array_equal(titled, strip)
    with FilmDrawer(world_of([world.lead.replay]), View(size=SIZE), workers=1) as drawer:
        assert not np.array_equal(drawer.image_at(moment)[:40, :60], titled)


def test_the_legend_says_who_waits_at_its_end(slide: Path, fine: Path) -> None:
    """The finer one lasts 0.6 s: it is through at step 30 of the lead."""
    world = world_of([open_replay(slide), open_replay(fine)])
    episode = world.lead.replay.rollout.episodes(0)[0]
    with FilmDrawer(world, View(camera=from_above(), size=(640, 360)), workers=1) as drawer:
        images = [drawer.image_at(Moment(position, (0,), episode, 0.0)) for position in (10, 29.9, 30, 59)]
    room = [image[12:70, 100:220].astype(int) for image in images]
    panel = [bool((np.abs(part - part[30, 5]).max(axis=-1) > 100).any()) for part in room]
    assert panel == [False, False, True, True]


@pytest.mark.parametrize("look", [LIGHT, DARK])
@pytest.mark.parametrize("size", [(1280, 720), (320, 180), (8, 8)])
def test_a_legend_has_a_square_of_each_colour_and_stays_within_the_picture(look, size) -> None:
    image = np.full((size[1], size[0], 3), 128, np.uint8)
    entries = [Entry("lead"), Entry("x" * 500, (RED,)), Entry("\x1b[31m", (BLUE,))]
    Legend([Row((entry,)) for entry in entries], size[0], pixel_scale(size), look).draw(image)
    if size[0] > 8:
        assert all((image == color).all(axis=-1).any() for color in (RED, BLUE))
    assert (image[:, size[0] // 2 + 60 :] == 128).all()


def test_a_user_s_layer_is_asked_for_the_lead_alone(slide: Path) -> None:
    class Mine:
        seen: ClassVar[list[set[str]]] = []

        def shapes(self, frame: Frame) -> list[Points]:
            self.seen.append(set(frame.entities))
            return []

    image_at(world_of([open_replay(slide), open_replay(slide)]), 3, layers=(Mine(),))
    assert Mine.seen == [{"robot"}]


def test_links_without_a_layer_s_tint_keep_their_take_s() -> None:
    of_take, of_layer = np.array([0, 0, 1, 0.9], np.float32), np.zeros((1, 2, 4), np.float32)
    of_layer[0, 1] = 1, 0, 0, 0.5
    coats = coated({"take2/robot": Coat(of_take, 0.5)}, {"take2/robot": of_layer, "robot": of_layer})
    assert coats["take2/robot"].alpha == 0.5
    assert np.array_equal(coats["take2/robot"].tints, [[of_take, of_layer[0, 1]]])  # pyright: ignore
    assert coats["robot"].tints is of_layer


def test_what_cannot_be_drawn_together_is_refused(slide: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.rec").write_text("no recording")
    with pytest.raises(ReplayError, match=r"broken\.rec"):
        render_video([slide, tmp_path / "broken.rec"], tmp_path / "out.mp4")
    for count in (0, 9):
        with pytest.raises(BadArgument, match="one scene shows 1 to 8 of them"):
            render_video([slide] * count, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
