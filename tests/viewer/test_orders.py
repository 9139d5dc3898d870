"""What browsers ask to be drawn, without a browser."""

from __future__ import annotations

import io
import os
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
from PIL import Image

from replay_viewer.camera import Carried, Free
from replay_viewer.camera.presets import preset
from replay_viewer.errors import ReplayError
from replay_viewer.paths import asset
from replay_viewer.replay.replay import Replay, open_replay
from replay_viewer.video import probe_video
from replay_viewer.viewer.rendering.requests import FilmOrder, PictureOrder, free_path, harmless, scenes_of
from replay_viewer.viewer.session import Session

SIZE = (160, 96)


@pytest.fixture(scope="module")
def replay() -> Replay:
    return open_replay(asset("walk.rec"))


def film(replay: Replay, **changes) -> FilmOrder:
    """The second episode of the second env, four times as fast as life."""
    facts = {"camera": "follow", "env_id": replay.rollout.env_ids[1], "episode": 0, "size": SIZE, "fps": 10.0}
    return FilmOrder(**{**facts, "speed": 4.0, "overlay": "none", "look": "light", **changes})


def picture(replay: Replay, **changes) -> PictureOrder:
    session = Session(replay, step=100)
    camera = preset("side", session.aim.position, session.aim.heading, session.size, SIZE[0] / SIZE[1])
    facts = {"frame": session.frame, "episode": session.episode, "camera": camera, "size": SIZE}
    return PictureOrder(**{**facts, "overlay": "none", "look": "light", **changes})


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png))).astype(int)


def nothing(done: int, total: int) -> None:
    pass


def test_film_is_the_episode_at_the_rate_and_the_size_that_were_asked_for(replay: Replay, tmp_path: Path) -> None:
    order, told = film(replay), []
    path = order.draw(replay, order.path_in(tmp_path, "demo"))(lambda done, total: told.append((done, total)))
    episode = replay.rollout.episodes(1)[0]
    frames = -(-episode.num_steps * replay.rollout.control_dt / 4 * 10 // 1)
    video = probe_video(path)
    assert (video.size, video.fps, video.num_frames) == (SIZE, 10.0, frames)
    assert told[-1] == (frames, frames)


def test_film_leaves_the_frames_of_the_viewer_alone(replay: Replay, tmp_path: Path) -> None:
    frame = replay.frames.frame_at(7.5, [0])
    film(replay, speed=100.0).draw(replay, tmp_path / "a.mp4")(nothing)
    again = replay.frames.frame_at(7.5, [0])
    assert np.shares_memory(frame.held, again.held)
    assert replay.rollout.read("rew", slice(0, 1)).size


def test_film_that_is_stopped_leaves_no_file(replay: Replay, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        film(replay).draw(replay, tmp_path / "a.mp4")(stop)
    assert not os.listdir(tmp_path)


def test_film_into_a_folder_that_refuses_it_says_so(replay: Replay, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReplayError, match="file"):
        film(replay).draw(replay, tmp_path / "file" / "a.mp4")(nothing)


def test_camera_of_a_browser_that_follows_goes_along_and_one_that_does_not_stays(
    replay: Replay, tmp_path: Path
) -> None:
    start = Session(replay).aim.position * (1.0, 1.0, 0.0)
    pose = preset("side", np.array([0.0, 0.0, 0.3]), 0.0, replay.robots["robot"].radius)
    still = pose._replace(position=pose.position + start, look_at=pose.look_at + start)
    first, last = [], []
    for camera in (Carried(pose), Free(still)):
        order = film(replay, env_id=replay.rollout.env_ids[0], camera=camera)
        path = order.draw(replay, free_path(tmp_path, "film", ".mp4"))(nothing)
        images = [image.astype(int) for image in imageio.get_reader(path).iter_data()]
        first.append(images[0])
        last.append(images[-1])
    assert np.abs(first[0] - first[1]).max() < 40
    assert (np.abs(last[0] - last[1]).max(axis=-1) > 60).mean() > 0.005


def test_picture_shows_the_robot(replay: Replay) -> None:
    shown = pixels(picture(replay).draw(replay, scenes_of(replay))(nothing))
    assert shown.shape == (SIZE[1], SIZE[0], 3)
    away = preset("side", np.array([500.0, 0.0, 0.3]), 0.0, 0.5)
    empty = pixels(picture(replay, camera=away).draw(replay, scenes_of(replay))(nothing))
    dark = [(image.max(axis=-1) < 80).mean() for image in (shown, empty)]
    assert dark[0] > 0.003 and dark[1] == 0


def test_picture_has_the_overlay_and_the_background_that_were_asked_for(replay: Replay) -> None:
    plain, strip, dark = (
        pixels(picture(replay, size=(480, 270), **changes).draw(replay, scenes_of(replay))(nothing))
        for changes in ({}, {"overlay": "hud"}, {"look": "dark"})
    )
    assert (plain != strip).any(axis=-1).mean() > 0.02
    assert dark.mean() < plain.mean() - 60


def test_films_get_names_that_are_not_there_yet(replay: Replay, tmp_path: Path) -> None:
    order = film(replay)
    env = order.env_id
    assert order.path_in(tmp_path, "run").name == f"run_env{env}_ep1.mp4"
    assert film(replay, episode=None).path_in(tmp_path, "run").name == f"run_env{env}.mp4"
    for name in (f"run_env{env}_ep1.mp4", f"run_env{env}_ep1_2.mp4"):
        (tmp_path / name).write_text("")
    assert order.path_in(tmp_path, "run").name == f"run_env{env}_ep1_3.mp4"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\nb", "", "..", "x" * 300, "\x1b[2J", "con:aux|?*"])
def test_names_of_recordings_do_not_lead_elsewhere(name: str, tmp_path: Path) -> None:
    path = free_path(tmp_path, harmless(name), ".mp4")
    assert path.parent == tmp_path and len(path.name) < 100
    path.write_text("")
    assert os.listdir(tmp_path) == [path.name]
