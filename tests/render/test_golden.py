"""The rasteriser's pictures are those of `tests/render/golden`, but for 0.01% of their pixels.

When looks have been changed on purpose, make them anew and look at every one of them:

    REPLAY_VIEWER_UPDATE_GOLDEN=1 python -m pytest tests/render/test_golden.py
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from golden_pictures import UPDATE, check_golden
from raster_scenes import (
    ANYMAL_C,
    G1,
    GO2,
    TALOS,
    camera_at,
    frame_of,
    height_field,
    height_to_stand,
    poses_of,
    real_robot,
)

from replay_viewer.render.raster.placed_surfaces import Coat
from replay_viewer.render.raster.renderer import RasterRenderer
from replay_viewer.render.raster.scene import RenderScene
from replay_viewer.replay.frames import EntityPoses
from replay_viewer.replay.replay import open_replay
from replay_viewer.robot import Robot
from replay_viewer.theme import DARK

SIZE = (480, 270)
DEMO = Path(__file__).parents[2] / "assets" / "walk.rec"


def bent(robot: Robot) -> np.ndarray:
    """Joint positions (D,) that show every link from another side."""
    return 0.25 * np.sin(np.arange(robot.num_joints))


def standing(robot: Robot, places: Sequence[tuple[float, float]] = ((0.0, 0.0),), turn: float = 0.0) -> EntityPoses:
    """A robot on the ground at places (x, y), turned about z."""
    height = height_to_stand(robot, bent(robot))
    base = [(x, y, height) for x, y in places]
    return poses_of(robot, base, (np.cos(turn / 2), 0, 0, np.sin(turn / 2)), bent(robot))


@pytest.mark.parametrize(("name", "file"), [("go2", GO2), ("anymal_c", ANYMAL_C), ("g1", G1), ("talos", TALOS)])
def test_a_real_robot(robots_dir: Path, tmp_path: Path, name: str, file: str) -> None:
    robot = real_robot(robots_dir, file)
    poses = standing(robot)
    middle = np.array([0.0, 0.0, 0.75 * height_to_stand(robot)])
    camera = camera_at(middle + robot.radius * np.array([1.7, -1.6, 0.75]), middle)
    picture = RasterRenderer(RenderScene({"robot": robot}), SIZE).render(frame_of(robot=poses), camera)
    check_golden(name, picture, tmp_path)


def test_the_bundled_demo(tmp_path: Path) -> None:
    replay = open_replay(DEMO)
    frame = replay.frames.frame_at(100.5, (0, 1, 2))
    base = frame.entities["robot"].base_pos[1]
    camera = camera_at(base + np.array([-0.9, -0.9, 0.4]), base)
    picture = RasterRenderer(RenderScene(replay.robots, replay.rollout.terrain), SIZE).render(frame, camera)
    replay.close()
    check_golden("demo", picture, tmp_path)


def test_nine_robots_in_the_dark(robots_dir: Path, tmp_path: Path) -> None:
    robots = {name: real_robot(robots_dir, file) for name, file in {"go2": GO2, "g1": G1, "talos": TALOS}.items()}
    rows = {"go2": 0.0, "g1": 0.9, "talos": 2.0}
    poses = {name: standing(robots[name], [(x, y) for x in (-1.2, 0.0, 1.2)], turn=0.5 - y) for name, y in rows.items()}
    camera = camera_at((0.9, -3.0, 1.6), (0.1, 0.9, 0.5))
    picture = RasterRenderer(RenderScene(robots, look=DARK), SIZE).render(frame_of(**poses), camera)
    check_golden("nine_robots", picture, tmp_path)


def test_a_terrain(robots_dir: Path, tmp_path: Path) -> None:
    robot = real_robot(robots_dir, GO2)
    column, row = np.indices((61, 61))
    stairs = 0.06 * np.maximum(np.abs(column // 5 - 6), np.abs(row // 5 - 6))
    poses = standing(robot, turn=0.7)
    camera = camera_at((1.3, -1.15, 1.0), (0.0, 0.0, 0.25))
    scene = RenderScene({"robot": robot}, height_field(3.0, stairs))
    check_golden("terrain", RasterRenderer(scene, SIZE).render(frame_of(robot=poses), camera), tmp_path)


def test_ghosts_beside_a_robot(robots_dir: Path, tmp_path: Path) -> None:
    robot = real_robot(robots_dir, GO2)
    height = height_to_stand(robot, bent(robot))
    poses = {
        "lead": poses_of(robot, (0, 0, height), joint_pos=bent(robot)),
        "blue": poses_of(robot, (0.12, -0.08, height), joint_pos=-bent(robot)),
        "red": poses_of(robot, (-0.25, -0.3, height), joint_pos=0.5 * bent(robot)),
    }
    coats = {"blue": Coat(np.array([0.02, 0.15, 0.8, 0.7]), 0.4), "red": Coat(np.array([0.8, 0.1, 0.05, 0.7]), 0.4)}
    renderer = RasterRenderer(RenderScene(dict.fromkeys(poses, robot)), SIZE)
    picture = renderer.render(frame_of(**poses), camera_at((1.1, -1.0, 0.6), (0.0, 0.0, 0.25)), coats)
    check_golden("ghosts", picture, tmp_path)


def test_a_picture_that_differs_fails_and_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    golden, saved = tmp_path / "golden", tmp_path / "saved"
    saved.mkdir()
    picture = np.full((100, 200, 3), 100, np.uint8)
    monkeypatch.setenv(UPDATE, "1")
    check_golden("grey", picture, saved, golden)
    monkeypatch.delenv(UPDATE)
    picture[:, :, 1] += 2
    picture[0, :2, 2] = 103
    check_golden("grey", picture, saved, golden)
    picture[0, 2, 2] = 97
    with pytest.raises(AssertionError, match=r"^3 of 20000 pixels differ .*grey\.png, by up to 3\."):
        check_golden("grey", picture, saved, golden)
    assert {path.name for path in saved.iterdir()} == {f"grey_{k}.png" for k in ("actual", "expected", "difference")}
