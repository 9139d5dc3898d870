"""A process that draws with bounds checks, see its test: small golden scenes, then hostile numbers for so long.

Arguments: the folder of example-robot-data's robots, or "" for none; a folder to write to; processor seconds; the seed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import trimesh
from make_loops import compile_by_numba
from numba.core import config
from raster_scenes import ANYMAL_C, GO2, camera_at, frame_of, height_field, poses_of, real_robot
from trimesh.visual import TextureVisuals

from replay_viewer.camera.presets import CameraPose
from replay_viewer.render.mesh.surface import Surface, robot_surface
from replay_viewer.render.raster.kernels import coverage, planes, shading, shadows, transforms
from replay_viewer.render.raster.placed_surfaces import Coat, FreeSurface
from replay_viewer.render.raster.renderer import RasterRenderer
from replay_viewer.render.raster.scene import RenderScene
from replay_viewer.replay.frames import EntityPoses, Frame
from replay_viewer.replay.replay import open_replay
from replay_viewer.robot import Robot, from_shape
from replay_viewer.robot.tree import single_link
from replay_viewer.robot.visuals import Geometry

DEMO = Path(__file__).parents[2] / "assets" / "walk.rec"
HOSTILE = [0.0, -0.0, 1e-45, 1e-30, 1e-9, 1.0, 1e3, 1e6, 1e9, 1e20, 3e38, np.inf, -np.inf, np.nan, -1e6, -3e38]
SIZES = [(1, 1), (7, 3), (64, 36), (96, 54)]


def golden_scenes(robots_dir: str) -> None:
    """What the golden pictures show, small."""
    replay = open_replay(DEMO)
    frame = replay.frames.frame_at(100.5, (0, 1, 2))
    base = frame.entities["robot"].base_pos[1]
    camera = camera_at(base + np.array([-0.9, -0.9, 0.4]), base)
    RasterRenderer(RenderScene(replay.robots, replay.rollout.terrain), (96, 54)).render(frame, camera)
    replay.close()
    stairs = 0.06 * np.maximum(*np.abs(np.indices((31, 31)) // 5 - 3))
    for file in (GO2, ANYMAL_C) if robots_dir else ():
        robot = real_robot(Path(robots_dir), file)
        for terrain in (None, height_field(3.0, stairs)):
            renderer = RasterRenderer(RenderScene({"robot": robot}, terrain), (96, 54))
            renderer.render(frame_of(robot=poses_of(robot, (0, 0, 0.5))), camera_at((1.3, -1.1, 1.0), (0, 0, 0.3)))


def some(random: np.random.Generator, shape: tuple[int, ...], share: float) -> np.ndarray:
    """Ordinary numbers, of which a share is hostile."""
    return np.where(random.random(shape) < share, random.choice(HOSTILE, shape), random.normal(size=shape))


def textured(folder: Path, random: np.random.Generator) -> Robot:
    """Triangles of which some are degenerate or huge, with a texture at odd places."""
    from PIL import Image

    vertices = random.choice([0.0, 1.0, -1.0, 1e-12, 1e5, 0.3], (12, 3))
    faces = random.integers(0, 12, (30, 3))
    image = Image.fromarray(random.integers(0, 256, (*random.integers(1, 20, 2), 3)).astype(np.uint8))
    look = TextureVisuals(uv=random.normal(size=(12, 2)) * 10.0 ** random.integers(-3, 7), image=image)
    path = folder / "odd.glb"
    trimesh.Trimesh(vertices, faces, visual=look, process=False).export(path)
    return Robot("odd", single_link("a"), [Geometry(0, path, np.eye(4), None, "a")])


def robots(folder: Path, random: np.random.Generator) -> dict[str, Robot]:
    sizes = (10.0 ** random.uniform(-9, 8, 3)).tolist()
    return {
        "box": from_shape("box", {"type": "box", "size": sizes}),
        "ball": from_shape("ball", {"type": "sphere", "radius": sizes[0]}),
        "rod": from_shape("rod", {"type": "cylinder", "radius": sizes[1], "length": sizes[2]}),
        "odd": textured(folder, random),
    }


def hostile_pictures(folder: Path, random: np.random.Generator) -> None:
    """Odd sizes, textures, poses and cameras through the renderer."""
    terrain = height_field(3.0, some(random, (9, 9), 0.1)) if random.random() < 0.5 else None
    scene = RenderScene(robots(folder, random), terrain)
    ball = robot_surface(from_shape("ball", {"type": "sphere", "radius": 0.3}))
    for _ in range(4):
        share = random.choice([0.0, 0.05, 0.5])
        count = int(random.integers(1, 3))
        poses = {
            name: EntityPoses(
                some(random, (count, 1, 3), share).astype(np.float32),
                some(random, (count, 1, 4), share).astype(np.float32),
            )
            for name in scene.entities
        }
        nothing = np.zeros(count, np.bool_)
        frame = Frame(0.0, tuple(range(count)), poses, nothing, nothing)
        place, look_at, up = some(random, (3, 3), share) * [[3.0], [1.0], [1.0]]
        camera = CameraPose(place, look_at, up, float(random.choice([0.8, 0.0, np.nan, np.pi, 1e-9, 3.0])))
        renderer = RasterRenderer(scene, SIZES[random.integers(len(SIZES))])
        coats = {name: hostile_coat(random, share) for name in scene.entities}
        renderer.render(frame, camera, coats, extras(random, share, ball))
        renderer.segmentation(frame, camera)


def hostile_coat(random: np.random.Generator, share: float) -> Coat:
    return Coat(some(random, (4,), share), float(random.choice([1.0, 0.5, np.nan, 1e-30, -np.inf, 3.0])))


def extras(random: np.random.Generator, share: float, surface: Surface) -> list[FreeSurface]:
    """A few copies of a surface, twice."""
    return [
        FreeSurface(
            surface,
            some(random, (int(random.integers(0, 4)), 1, 3, 4), share),
            some(random, (4,), share),
            float(random.choice([1.0, 0.4])),
            casts_shadow=bool(random.random() < 0.5),
        )
        for _ in range(2)
    ]


def hostile_loops(random: np.random.Generator) -> None:
    """Numbers that nothing checked, to the loops themselves."""
    points = (some(random, (60, 3), 0.3) * 10.0 ** random.integers(-3, 5)).astype(np.float32)
    triangles = random.integers(0, 60, (80, 3)).astype(np.int32)
    f = np.float32
    projected = np.empty_like(points)
    focal, x, y = some(random, (3,), 0.3).astype(np.float32) * f(50)
    transforms.project(points, focal, x, y, f(0.02), projected)
    samples, room, shown = np.zeros((36, 4 * 64 + 4), np.int64), coverage.room_for(36, 64), random.random(80) < 0.5
    for is_rest in (False, True):
        coverage.look_at_tiles(samples, 0, 0, 64, 36, room.tiles)
        coverage.cover(points, projected, triangles, shown, is_rest, 0, f(0.02), focal, x, y, room, samples)
    labels = samples[samples != 0] & 0xFFFFFFFF
    assert (labels < len(triangles)).all()
    grid, tiles = np.full((64, 64), shadows.NOTHING, np.float32), np.zeros((8, 8), np.bool_)
    shadows.cast(points * f(20), triangles, grid)
    shadows.mark_tiles(grid, tiles)
    for u, v, w in (some(random, (40, 3), 0.5) * 30).astype(np.float32):
        shadows.light_near(grid, tiles, u, v, w)
        if all(shadows.REACH <= place < 64 - shadows.REACH for place in (u, v)):
            shadows.light_on_ground(grid, u, v, w, f(random.choice(HOSTILE)))
    row, pixels = some(random, (3, 64), 0.5).astype(np.float32), np.empty(192, np.uint8)
    shading._encode_row(row, np.arange(4096).astype(np.int32), np.empty((3, 64), np.int32), pixels)
    planes.to_planes(pixels, 64, np.empty(192, np.uint8))
    planes.to_planes(pixels[:189], 21, np.empty(22 * 4 * 3 // 2, np.uint8))


def main(robots_dir: str, folder: str, seconds: float, seed: int) -> None:
    assert config.BOUNDSCHECK  # pyright: ignore[reportAttributeAccessIssue]
    compile_by_numba()
    golden_scenes(robots_dir)
    start, count, random = time.process_time(), 0, np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        while time.process_time() - start < seconds:
            hostile_pictures(Path(folder), random)
            hostile_loops(random)
            count += 1
    print(count)


main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
