"""Equal pictures of a robot that moves are found, and nothing else is taken for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from render_samples import SIZE, from_above, write_slide

from replay_viewer import Replay, open_replay
from replay_viewer.camera.presets import CameraPose
from replay_viewer.render.motion_check import MotionCheck, projected
from replay_viewer.render.raster.renderer import RasterRenderer
from replay_viewer.render.raster.scene import RenderScene
from replay_viewer.replay.frames import Frame

CAMERA = from_above().pose


@pytest.fixture
def replay(tmp_path: Path):
    replay = open_replay(write_slide(tmp_path / "slide.rec"))
    yield replay
    replay.close()


def frame(replay: Replay, step: float) -> Frame:
    return replay.frames.frame_at(step, [0])


def check(is_seen: bool = True) -> MotionCheck:
    def sees(name: str, frame: Frame, camera: CameraPose) -> bool:
        return is_seen

    return MotionCheck(SIZE, ["robot"], sees)


def picture(replay: Replay, step: float) -> np.ndarray:
    return RasterRenderer(RenderScene(replay.robots), SIZE).render(frame(replay, step), CAMERA)


def test_equal_pictures_of_a_robot_that_moves_are_an_error(replay: Replay) -> None:
    motion, image = check(), picture(replay, 10)
    motion.see(frame(replay, 10), CAMERA, image)
    with pytest.raises(RuntimeError, match=r"positions 10 and 12 are equal, but 'robot' moved by 2\.9 pixels"):
        motion.see(frame(replay, 12), CAMERA, image.copy())


def test_pictures_that_show_the_motion_are_none(replay: Replay) -> None:
    motion = check()
    for step in range(10, 15):
        motion.see(frame(replay, step), CAMERA, picture(replay, step))


def test_motion_of_less_than_a_pixel_may_be_seen_or_not(replay: Replay) -> None:
    motion, image = check(), picture(replay, 10)
    motion.see(frame(replay, 10), CAMERA, image)
    motion.see(frame(replay, 10.6), CAMERA, image)


def test_a_robot_that_stands_still_may_look_the_same(replay: Replay) -> None:
    motion, image = check(), picture(replay, 10)
    motion.see(frame(replay, 10), CAMERA, image)
    motion.see(frame(replay, 10), CAMERA, image)


def test_a_camera_that_moves_is_motion_too(replay: Replay) -> None:
    motion, image = check(), picture(replay, 10)
    motion.see(frame(replay, 10), CAMERA, image)
    with pytest.raises(RuntimeError, match="'robot' moved by 7"):
        motion.see(frame(replay, 10), from_above(1.4).pose, image)


def test_what_is_outside_or_hidden_is_not_missed(replay: Replay) -> None:
    away = from_above(50).pose
    for motion, camera in ((check(), away), (check(is_seen=False), CAMERA)):
        image = picture(replay, 10)
        motion.see(frame(replay, 10), camera, image)
        motion.see(frame(replay, 20), camera, image)


def test_the_first_picture_of_a_shot_follows_upon_none(replay: Replay) -> None:
    motion, image = check(), picture(replay, 10)
    motion.see(frame(replay, 10), CAMERA, image)
    motion.forget()
    motion.see(frame(replay, 20), CAMERA, image)


def test_points_are_where_the_renderer_draws_them(replay: Replay) -> None:
    camera = CameraPose(np.array([1.0, -3.0, 1.5]), np.array([0.8, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]), 0.7)
    shown = frame(replay, 25)
    labels = RasterRenderer(RenderScene(replay.robots), SIZE).segmentation(shown, camera)
    rows, columns = np.nonzero(labels == 0)
    at = projected(shown.entities["robot"].link_positions[0, 0], camera, SIZE)
    assert at == pytest.approx([columns.mean() + 0.5, rows.mean() + 0.5], abs=0.6)
    assert np.isnan(projected(np.array([0.0, -5.0, 1.0]), camera, SIZE)).all()
