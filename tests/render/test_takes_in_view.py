"""The camera of a film of several takes: it keeps all of them in the picture, whatever they do, and moves smoothly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from pinhole import project
from render_samples import write_slide
from swaying import swaying

from replay_viewer import Take, open_replay, render_video
from replay_viewer.camera import Camera, KeepAll, camera_path
from replay_viewer.camera.presets import CameraPose
from replay_viewer.paths import asset
from replay_viewer.render.film import Film, Moment
from replay_viewer.render.selection import Selection, shots_of
from replay_viewer.render.takes import frame_of
from replay_viewer.replay.frames import Frame
from replay_viewer.replay.modes import Mode
from replay_viewer.replay.world import World, world_of

# What is no farther than this from the middle of the picture, whose border is at 1, is seen with a margin.
MARGIN = 0.95
WIDE = 16 / 9


def demo(*takes: tuple[int, int]) -> World:
    """Envs of the walking demo from a step on."""
    replay = open_replay(asset("walk.rec"))
    return world_of([Take(replay, env, start) for env, start in takes])


def parting(robots_dir: Path) -> World:
    """A Go2, and two G1 of finer steps: a long one that goes off to the left, and a short one."""
    g1 = robots_dir / "g1_description/urdf/g1_29dof_rev_1_0.urdf"
    lead = swaying(robots_dir / "go2_description/urdf/go2.urdf", 400, 0.02)
    return world_of([lead, swaying(g1, 2000, 0.005, heading=2.0, speed=1.5), swaying(g1, 200, 0.005)])


@pytest.fixture(scope="module", params=["two", "four", "unlike"])
def world(request: pytest.FixtureRequest, robots_dir: Path) -> World:
    worlds = {"two": [(0, 0), (2, 0)], "four": [(0, 0), (2, 0), (1, 0), (3, 200)]}
    return parting(robots_dir) if request.param == "unlike" else demo(*worlds[request.param])


def shown(
    world: World, aspect: float, camera: Camera | None = None, every: int = 1
) -> Iterator[tuple[Frame, CameraPose]]:
    """What a film of the lead shows at each of its video frames."""
    rollout = world.lead.replay.rollout
    path = camera_path(camera, world, aspect=aspect)
    film = Film(rollout, shots_of(rollout, Selection().of_take(world.lead)), 15, titles=False)
    for moment in list(film)[::every]:
        assert isinstance(moment, Moment)
        frame = frame_of(world, moment.position, moment.envs)
        yield frame, path.at(frame, moment.episode)


def bases(frame: Frame) -> np.ndarray:
    """(K, 3) of all takes."""
    return np.concatenate([poses.base_pos for poses in frame.entities.values()])


@pytest.mark.parametrize("mode", ["recorded", "ghost", "side"])
@pytest.mark.parametrize("aspect", [WIDE, 9 / 16])
def test_all_bases_are_in_the_picture_with_a_margin_at_every_frame(world: World, mode: Mode, aspect: float) -> None:
    worst = 0.0
    for frame, camera in shown(world.with_mode(mode), aspect):
        worst = max(worst, float(np.abs(project(camera, bases(frame)) / [aspect, 1.0]).max()))
    assert worst < MARGIN


def test_whole_robots_are_in_the_picture_and_as_large_as_they_can_be(world: World) -> None:
    """They fill most of it, except where the camera has gone back already for one that is about to begin anew."""
    fill: list[float] = []
    for frame, camera in shown(world.with_mode("side"), WIDE, every=10):
        links = np.concatenate([poses.link_positions[0] for poses in frame.entities.values()])
        fill.append(float(np.abs(project(camera, links) / [WIDE, 1.0]).max()))
    assert max(fill) < 1.0 and np.mean(fill) > 0.6


def test_the_camera_moves_smoothly_and_is_the_same_in_any_order(world: World) -> None:
    rollout, ghosts = world.lead.replay.rollout, world.with_mode("ghost")
    episode = rollout.episodes(world.lead.env_index)[0]
    frames = [frame_of(ghosts, position, [world.lead.env_index]) for position in np.arange(40.0, 240.0, 0.5)]
    ahead, back = (camera_path(None, ghosts, aspect=WIDE) for _ in range(2))
    places = np.array([ahead.at(frame, episode).position for frame in frames])
    assert np.array_equal(places, np.array([back.at(frame, episode).position for frame in frames[::-1]])[::-1])
    speeds = np.diff(places, axis=0) / (0.5 * rollout.control_dt)
    assert np.linalg.norm(speeds, axis=-1).max() < 5.0
    # In m/s, from one to the next of a hundred in a second.
    assert np.linalg.norm(np.diff(speeds, axis=0), axis=-1).max() < 0.4


def test_in_every_frame_of_a_film_both_are_seen_as_they_part_and_one_waits(tmp_path: Path) -> None:
    """A red box goes on for 2.4 s, another one that wears blue stops after 1 s."""
    takes = [open_replay(write_slide(tmp_path / f"{steps}.rec", steps)) for steps in (120, 50)]
    several = [takes[0], Take(takes[1], tint=(0, 60, 255))]
    (film,) = render_video(several, tmp_path / "film.mp4", compare="side", size=(320, 180), titles=False)
    images = iio.imread(film).astype(int)
    assert len(images) == 72
    for image in images:
        for color in (image, image[..., ::-1]):
            is_box = color[..., 0] - color[..., 1:].max(axis=-1) > 25
            assert is_box.sum() > 4
            is_box[8:-8, 8:-8] = False
            assert not is_box.any(), "one at the border"


def test_what_the_user_asks_for_is_done(robots_dir: Path) -> None:
    """The lead is followed, or the direction chosen from which all are seen."""
    world = parting(robots_dir).with_mode("side")
    alone = world_of([world.lead])
    for (_, of_several), (_, of_one) in zip(shown(world, WIDE, "follow"), shown(alone, WIDE), strict=True):
        assert np.array_equal(of_several.position, of_one.position)
    from_above = [camera for _, camera in shown(world, WIDE, KeepAll(0, 90), every=50)]
    assert all((camera.look_at - camera.position)[2] < -1 for camera in from_above)
    turned = [camera for _, camera in shown(world, WIDE, KeepAll(90, 0, 50.0, in_world=True), every=50)]
    ways = np.array([camera.position - camera.look_at for camera in turned])
    assert np.allclose(ways[0] / np.linalg.norm(ways[0]), [0, 1, 0])
    assert math.isclose(np.linalg.norm(ways, axis=-1).min(), 50.0)


def test_a_take_that_blew_up_does_not_take_the_others_out_of_the_picture(robots_dir: Path) -> None:
    world = parting(robots_dir)
    lost = Take(world.others[0].replay, offset=(1e7, 0.0, 0.0))
    for _, camera in shown(world_of([world.lead, lost]), WIDE, every=50):
        assert np.linalg.norm(camera.position - camera.look_at) < 10
