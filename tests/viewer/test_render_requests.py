"""What browsers ask to be drawn, without a browser."""

from __future__ import annotations

import io
import os
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
from PIL import Image
from video_files import probe_video

from replay_viewer import render_video
from replay_viewer.camera import Carried, Free
from replay_viewer.camera.presets import CameraPose, preset
from replay_viewer.errors import FileProblem
from replay_viewer.paths import asset
from replay_viewer.render.request import FilmRequest
from replay_viewer.render.view import View
from replay_viewer.replay.replay import Replay, open_replay
from replay_viewer.replay.take import Take
from replay_viewer.replay.world import World, world_of
from replay_viewer.viewer.rendering.requests import (
    film_request,
    film_work,
    picture_name,
    picture_request,
    picture_work,
    scenes_of,
)
from replay_viewer.viewer.session import Session
from replay_viewer.viewer.settings import usual_folder

SIZE = (160, 96)


@pytest.fixture(scope="module")
def replay() -> Replay:
    return open_replay(asset("walk.rec"))


def film(replay: Replay, folder: Path, env_index: int = 1, whole_env: bool = False, **changes) -> FilmRequest:
    """The first episode of the second env, four times as fast as life."""
    view = View(**{"size": SIZE, "fps": 10.0, "speed": 4.0, **changes})
    return film_request(Session(World(Take(replay, env_index))), view, folder, "env" if whole_env else "episode")


def picture(replay: Replay, pose: CameraPose | None = None, **changes) -> np.ndarray:
    """The pixels of a picture of step 100, from the side."""
    session = Session(world_of([replay]), step=100)
    beside = preset("side", session.aim.position, session.aim.heading, session.size, SIZE[0] / SIZE[1])
    view = View(Free(pose or beside), **{"size": SIZE, **changes})
    png = picture_work(picture_request(session, view), world_of([replay]), scenes_of(world_of([replay])))(nothing)
    return np.asarray(Image.open(io.BytesIO(png))).astype(int)


def nothing(done: int, total: int) -> None:
    pass


def test_film_is_the_episode_at_the_rate_and_the_size_that_were_asked_for(replay: Replay, tmp_path: Path) -> None:
    told = []
    path = film_work(film(replay, tmp_path), world_of([replay]))(lambda done, total: told.append((done, total)))
    episode = replay.rollout.episodes(1)[0]
    frames = -(-episode.num_steps * replay.rollout.control_dt / 4 * 10 // 1)
    video = probe_video(path)
    assert (video.size, video.fps, video.num_frames) == (SIZE, 10.0, frames)
    assert told[-1] == (frames, frames)


def test_film_leaves_the_frames_of_the_viewer_alone(replay: Replay, tmp_path: Path) -> None:
    frame = replay.frames.frame_at(7.5, [0])
    film_work(film(replay, tmp_path, speed=100.0), world_of([replay]))(nothing)
    again = replay.frames.frame_at(7.5, [0])
    assert np.shares_memory(frame.held, again.held)
    assert replay.rollout.read("rew", slice(0, 1)).size


def test_film_that_is_stopped_leaves_no_file(replay: Replay, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        film_work(film(replay, tmp_path), world_of([replay]))(stop)
    assert not os.listdir(tmp_path)


def test_film_into_a_folder_that_refuses_it_says_so(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileProblem, match="file"):
        film_work(film(replay, tmp_path / "file"), world_of([replay]))(nothing)


def test_camera_of_a_browser_that_follows_goes_along_and_one_that_does_not_stays(
    replay: Replay, tmp_path: Path
) -> None:
    start = Session(world_of([replay])).aim.position * (1.0, 1.0, 0.0)
    pose = preset("side", np.array([0.0, 0.0, 0.3]), 0.0, replay.robots["robot"].radius)
    still = pose._replace(position=pose.position + start, look_at=pose.look_at + start)
    first, last = [], []
    for camera in (Carried(pose), Free(still)):
        path = film_work(film(replay, tmp_path, env_index=0, camera=camera), world_of([replay]))(nothing)
        images = [image.astype(int) for image in imageio.get_reader(path).iter_data()]
        first.append(images[0])
        last.append(images[-1])
    assert np.abs(first[0] - first[1]).max() < 40
    assert (np.abs(last[0] - last[1]).max(axis=-1) > 60).mean() > 0.005


def test_picture_shows_the_robot(replay: Replay) -> None:
    shown, empty = picture(replay), picture(replay, preset("side", np.array([500.0, 0.0, 0.3]), 0.0, 0.5))
    assert shown.shape == (SIZE[1], SIZE[0], 3)
    dark = [(image.max(axis=-1) < 80).mean() for image in (shown, empty)]
    assert dark[0] > 0.003 and dark[1] == 0


def test_picture_is_the_one_that_a_film_has_of_that_moment(replay: Replay, tmp_path: Path) -> None:
    pose = preset("side", Session(world_of([replay]), step=100).aim.position, 0.0, replay.robots["robot"].radius)
    (path,) = render_video(replay, tmp_path / "a.png", step=100, camera=Free(pose), size=(320, 180), overlay="hud")
    shown = picture(replay, pose, size=(320, 180), overlay="hud")
    assert np.array_equal(np.asarray(Image.open(path)), shown)


def test_picture_has_the_overlay_and_the_background_that_were_asked_for(replay: Replay) -> None:
    plain = picture(replay, size=(480, 270))
    strip = picture(replay, size=(480, 270), overlay="hud")
    dark = picture(replay, size=(480, 270), look="dark")
    assert (plain != strip).any(axis=-1).mean() > 0.02
    assert dark.mean() < plain.mean() - 60


def test_files_are_called_after_what_they_show(replay: Replay, tmp_path: Path) -> None:
    env = replay.rollout.env_ids[1]
    assert film(replay, tmp_path).target.out == tmp_path / f"walk_env{env}_ep000.mp4"
    assert film(replay, tmp_path, whole_env=True).target.out == tmp_path / f"walk_env{env}.mp4"
    assert picture_name(Session(World(Take(replay, 1)), step=7)) == f"walk_env{env}_step7.png"


def test_films_get_names_that_are_not_there_yet(replay: Replay, tmp_path: Path) -> None:
    names = [f"walk_env{replay.rollout.env_ids[1]}_ep000{number}.mp4" for number in ("", "-2", "-3")]
    for name in names:
        assert film(replay, tmp_path).target.out == tmp_path / name
        (tmp_path / name).write_text("")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\nb", "", "..", "x" * 300, "\x1b[2J", "con:aux|?*"])
def test_names_of_recordings_do_not_lead_elsewhere(name: str, tmp_path: Path) -> None:
    replay = open_replay(asset("walk.rec"))
    replay.rollout.name = name
    path = film(replay, tmp_path).target.out
    assert path is not None and path.parent == tmp_path and len(path.name) < 100
    path.write_text("")
    assert os.listdir(tmp_path) == [path.name]
    replay.close()


def test_videos_go_to_the_current_folder_unless_that_is_a_checkout_of_code(tmp_path: Path) -> None:
    inner = tmp_path / "code" / "inner"
    inner.mkdir(parents=True)
    assert usual_folder(inner) == inner
    (tmp_path / "code" / ".git").mkdir()
    assert usual_folder(inner) == Path.home() / "replay-viewer"


def test_a_film_of_several_is_called_by_all_of_them(replay: Replay, tmp_path: Path) -> None:
    session = Session(world_of([replay, Take(replay, 2)]))
    path = film_request(session, View(size=SIZE), tmp_path).target.out
    assert path is not None and path.name == "walk_env_0_and_walk_env_2_env0_ep000.mp4"
