"""Numbers that nobody meant, of sizes, poses and cameras: a picture of the rest, from Python, and from the viewer."""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from memory_rollout import memory_rollout, still
from mesh_files import robot_of
from PIL import Image
from raster_scenes import camera_at, frame_of, poses_of
from urdf_files import visual

from replay_viewer.camera import Free
from replay_viewer.camera.presets import CameraPose, preset
from replay_viewer.render.drawing import FilmDrawer
from replay_viewer.render.film import Film
from replay_viewer.render.raster.lens import Lens
from replay_viewer.render.raster.renderer import RasterRenderer
from replay_viewer.render.raster.scene import RenderScene
from replay_viewer.render.selection import Selection, shots_of
from replay_viewer.render.view import View
from replay_viewer.replay.frames import EntityPoses
from replay_viewer.replay.replay import with_robots
from replay_viewer.replay.world import world_of
from replay_viewer.robot import Robot
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.viewer.rendering.requests import picture_request, picture_work, scenes_of
from replay_viewer.viewer.session import Session

HELPERS = Path(__file__).parents[1] / "helpers"
SIZE = (160, 90)
ALONG = camera_at((-2.0, 0.0, 1.0), (0.0, 0.0, 0.5))


@pytest.fixture
def cube(tmp_path: Path) -> Robot:
    """A cube of 0.4 m."""
    return robot_of(tmp_path, visual('<box size="0.4 0.4 0.4"/>'))


def numbers_of(lens: Lens) -> np.ndarray:
    """All numbers of a lens."""
    return np.concatenate([np.ravel(part) for part in (*lens.camera, lens.position, lens.distance, lens.projection)])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300, 0.0])
@pytest.mark.parametrize("where", range(4))
def test_the_camera_is_always_finite(cube: Robot, bad: float, where: int) -> None:
    given = [*ALONG[:3], ALONG.fov]
    given[where] = bad if where == 3 else np.full(3, bad)
    camera = CameraPose(*given)
    assert np.isfinite(numbers_of(Lens(camera, SIZE))).all()
    renderer = RasterRenderer(RenderScene({"cube": cube}), SIZE)
    renderer.render(frame_of(cube=poses_of(cube, (0.0, 0.0, 0.5))), camera)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -3e38])
@pytest.mark.parametrize("field", ["link_positions", "link_wxyz"])
def test_an_env_whose_poses_are_no_numbers_leaves_the_others_in_the_picture(
    cube: Robot, bad: float, field: str
) -> None:
    good = poses_of(cube, [(0.0, 0.0, 0.5), (0.0, 0.3, 0.5)])
    poses = EntityPoses(good.link_positions.copy(), good.link_wxyz.copy())
    getattr(poses, field)[1] = bad
    renderer = RasterRenderer(RenderScene({"cube": cube}), SIZE)
    alone = renderer.segmentation(frame_of(cube=poses_of(cube, (0.0, 0.0, 0.5))), ALONG)
    with np.errstate(all="ignore"):
        renderer.render(frame_of(cube=poses), ALONG)
        found = renderer.segmentation(frame_of(cube=poses), ALONG)
    assert (alone == 0).sum() > 100
    np.testing.assert_array_equal(found[alone == 0], 0)


SHAPES = {
    "nothing": {"type": "box", "size": [1e-200] * 3},
    "huge box": {"type": "box", "size": [1e200] * 3},
    "huge ball": {"type": "sphere", "radius": 1e200},
    "huge rod": {"type": "cylinder", "radius": 1e200, "length": 1e200},
    "far": {"type": "capsule", "radius": 1.0, "length": 1e300},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_an_object_without_a_size_is_told_and_a_film_and_the_viewers_picture_are_drawn(shape: dict) -> None:
    rollout = memory_rollout(still(3, 1, "box"), entities=[EntitySpec("box", kind="object", shape=shape)])
    replay = with_robots(rollout)
    (verdict,) = replay.robot_verdicts
    assert verdict.status == "problem"
    assert "Left out on link box." in verdict.reason
    with FilmDrawer(world_of([replay]), View(size=SIZE, overlay="none"), workers=1) as drawer:
        film = Film(replay.rollout, shots_of(replay.rollout, Selection(step=1)))
        assert drawer.first_image(film).shape == (*SIZE[::-1], 3)
    session = Session(world_of([replay]))
    beside = preset("side", session.aim.position, session.aim.heading, session.size)
    assert np.isfinite(np.concatenate(beside[:3])).all()
    request = picture_request(session, View(Free(beside), size=SIZE))
    png = picture_work(request, world_of([replay]), scenes_of(world_of([replay])))(lambda done, total: None)
    assert Image.open(io.BytesIO(png)).size == SIZE


@pytest.mark.slow
def test_loops_stay_within_their_arrays_whatever_numbers_come(robots_dir: Path, tmp_path: Path) -> None:
    """With numba's bounds checks: small golden scenes, then sizes, poses, textures and cameras by chance.

    REPLAY_VIEWER_FUZZ_SECONDS and REPLAY_VIEWER_FUZZ_SEED draw for longer, and something else.
    """
    seconds = os.environ.get("REPLAY_VIEWER_FUZZ_SECONDS", "4")
    seed = os.environ.get("REPLAY_VIEWER_FUZZ_SEED", "0")
    checks = {"NUMBA_BOUNDSCHECK": "1"}
    command = [sys.executable, str(HELPERS / "bounds_child.py"), str(robots_dir), str(tmp_path), seconds, seed]
    done = subprocess.run(command, env={**os.environ, **checks}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 3
