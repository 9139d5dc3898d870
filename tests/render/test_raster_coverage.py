"""What the rasteriser shows where: against kinematics, analytic outlines and another way to fill triangles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import trimesh
from mesh_files import robot_of
from PIL import Image, ImageDraw
from pinhole import pixels, rays
from raster_scenes import (
    ANYMAL_C,
    G1,
    GO2,
    NO_GROUND,
    TALOS,
    camera_at,
    frame_of,
    light,
    near_edges,
    poses_of,
    psnr,
    random_direction,
    random_turn,
    real_robot,
)
from urdf_files import visual

from replay_viewer.camera.presets import CameraPose, viewing_distance
from replay_viewer.render.raster import renderer as raster_renderer
from replay_viewer.render.raster import sunlight
from replay_viewer.render.raster.kernels.coverage import SAMPLES_X, SAMPLES_Y
from replay_viewer.render.raster.lens import NEAR
from replay_viewer.render.raster.renderer import RasterRenderer
from replay_viewer.render.raster.scene import RenderScene
from replay_viewer.replay.frames import EntityPoses
from replay_viewer.robot import Robot
from replay_viewer.rollout.rollout import Terrain
from replay_viewer.rotations import conjugate, rotate

SIZE = (640, 360)
# Where in its pixel a segmentation looks.
SAMPLE = (float(SAMPLES_X[0]), float(SAMPLES_Y[0]))


@pytest.fixture
def full_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every triangle is drawn, however small."""
    draw_everything(monkeypatch)


def draw_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster_renderer, "_DETAIL", 0.0)
    monkeypatch.setattr(sunlight, "_DETAIL", 0.0)


# Real robots, against their kinematics.


def silhouette(robot: Robot, poses: EntityPoses, camera: CameraPose) -> np.ndarray:
    """What a robot covers (H, W), by Pillow: every triangle filled in a picture eight times as large.

    Pillow's triangles are larger by up to half a pixel of that, which closes a gap here and there.
    """
    width, height = SIZE
    image = Image.new("1", (8 * width, 8 * height))
    draw = ImageDraw.Draw(image)
    for part in robot.visuals:
        points = trimesh.transform_points(part.mesh.vertices, part.origin)
        world = poses.link_positions[0, part.link] + rotate(poses.link_wxyz[0, part.link], points)
        places = 8 * (pixels(camera, world, SIZE) - SAMPLE) + 4
        for corners in places[part.mesh.faces].reshape(-1, 6).tolist():
            draw.polygon(corners, fill=1)
    return np.asarray(image)[4::8, 4::8]


def wrong_inside(found: np.ndarray, expected: np.ndarray, reach: int = 1) -> int:
    """How many pixels are wrong that are not at an edge of what is expected."""
    return int(((found != expected) & ~near_edges(expected, reach)).sum())


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / (a | b).sum()


def random_poses(robot: Robot, random: np.random.Generator, base_pos: object = (0.0, 0.0, 0.0)) -> EntityPoses:
    return poses_of(robot, base_pos, random_turn(random), random.uniform(-0.6, 0.6, robot.num_joints))


def random_camera(robot: Robot, random: np.random.Generator) -> CameraPose:
    """A camera that looks about at the origin from any side, near enough to cut off a leg sometimes."""
    distance = random.uniform(0.3, 0.55) * viewing_distance(robot.radius)
    return camera_at(distance * random_direction(random), random.normal(0, 0.1, 3), random_direction(random))


@pytest.mark.parametrize("file", [GO2, ANYMAL_C, pytest.param(TALOS, marks=pytest.mark.slow)])
def test_silhouettes_of_real_robots_agree_with_their_kinematics(robots_dir: Path, file: str, full_detail: None) -> None:
    robot = real_robot(robots_dir, file)
    renderer = RasterRenderer(RenderScene({"robot": robot}), SIZE)
    random = np.random.default_rng(4)
    for _ in range(2):
        poses, camera = random_poses(robot, random), random_camera(robot, random)
        expected = silhouette(robot, poses, camera)
        found = renderer.segmentation(frame_of(robot=poses), camera) == 0
        assert expected.sum() > 3000
        assert wrong_inside(found, expected) <= 2
        assert overlap(found, expected) > 0.99


def test_details_that_are_left_out_stay_within_two_pixels_of_the_edge(robots_dir: Path) -> None:
    robot = real_robot(robots_dir, TALOS)
    renderer = RasterRenderer(RenderScene({"robot": robot}), SIZE)
    random = np.random.default_rng(5)
    poses, camera = random_poses(robot, random), random_camera(robot, random)
    expected = silhouette(robot, poses, camera)
    found = renderer.segmentation(frame_of(robot=poses), camera) == 0
    assert wrong_inside(found, expected, 2) <= 2
    assert overlap(found, expected) > 0.98


@pytest.mark.parametrize("order", [("near", "far"), ("far", "near")])
def test_the_nearer_of_two_robots_is_seen(robots_dir: Path, order: Sequence[str], full_detail: None) -> None:
    robot = real_robot(robots_dir, GO2)
    random = np.random.default_rng(6)
    camera = camera_at((-2.0, 0.3, 0.2), (0.0, 0.0, 0.0))
    # Farther apart than both are large.
    poses = {name: random_poses(robot, random, base) for name, base in {"near": (0, 0, 0), "far": (2, 0, 0)}.items()}
    renderer = RasterRenderer(RenderScene(dict.fromkeys(order, robot)), SIZE)
    expected = np.full((SIZE[1], SIZE[0]), -1)
    for name in ("far", "near"):
        expected[silhouette(robot, poses[name], camera)] = order.index(name)
    found = renderer.segmentation(frame_of(**poses), camera)
    assert ((expected == order.index("far")).sum()) > 1000
    assert wrong_inside(found, expected) <= 2


# Shapes of known size.


def test_a_box_has_its_outline_from_anywhere_even_from_inside(tmp_path: Path) -> None:
    edges = np.array([0.8, 0.5, 0.3])
    robot = robot_of(tmp_path, visual(f'<box size="{edges[0]} {edges[1]} {edges[2]}"/>'))
    renderer = RasterRenderer(RenderScene({"box": robot}), SIZE)
    random = np.random.default_rng(7)
    num_covered = []
    for distance in (0.05, 0.1, 0.2, 0.3, 0.3, 0.5, 0.5, 1.0, 2.0, 10.0):
        place, turn = random.normal(size=3), random_turn(random)
        camera = camera_at(
            place + distance * random_direction(random), place + random.normal(0, 0.05, 3), random_direction(random)
        )
        enters, leaves = through_box(camera, place, turn, edges)
        expected = np.maximum(enters, NEAR) < leaves
        found = renderer.segmentation(frame_of(box=poses_of(robot, place, turn)), camera) == 0
        assert wrong_inside(found, expected) == 0
        assert (found != expected).sum() < 5
        num_covered.append(int(expected.sum()))
    assert num_covered[0] == SIZE[0] * SIZE[1]
    assert 50 < num_covered[-1] < 5000


def through_box(
    camera: CameraPose, place: np.ndarray, turn: np.ndarray, edges: np.ndarray, at: tuple[float, float] = SAMPLE
) -> tuple[np.ndarray, np.ndarray]:
    """At what depth [m] the rays through a picture enter and leave a box (H, W); those that miss it leave first."""
    slope = 1 / rotate(conjugate(turn), rays(camera, SIZE, at))
    start = rotate(conjugate(turn), camera.position - place)
    walls = np.stack([(-edges / 2 - start) * slope, (edges / 2 - start) * slope])
    return walls.min(axis=0).max(axis=-1), walls.max(axis=0).min(axis=-1)


def test_a_sphere_has_its_outline(tmp_path: Path) -> None:
    robot = robot_of(tmp_path, visual('<sphere radius="0.5"/>'))
    renderer = RasterRenderer(RenderScene({"ball": robot}), SIZE)
    place = np.array([3.0, -2.0, 1.0])
    for camera in (
        camera_at((0.0, 0.0, 1.0), place),
        camera_at((2.5, -2.0, 2.5), place + np.array([0.3, 0.2, 0.0]), (1.0, 2.0, 0.0)),
    ):
        way = rays(camera, SIZE, SAMPLE)
        way /= np.linalg.norm(way, axis=-1, keepdims=True)
        passing = np.linalg.norm(np.cross(way, place - camera.position), axis=-1)
        found = renderer.segmentation(frame_of(ball=poses_of(robot, place)), camera) == 0
        assert found[passing < 0.495].all()  # Its triangles lie up to a hundredth inside.
        assert not found[passing > 0.5].any()
        assert found.sum() > 2000


@pytest.mark.parametrize("half", [50.0, *(pytest.param(half, marks=pytest.mark.slow) for half in (5.0, 5000.0))])
def test_a_large_floor_that_goes_through_the_camera_has_its_horizon(half: float) -> None:
    """Two triangles, of which all corners may be behind the near plane or millions of pixels out of the picture."""
    corners = half * np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    floor = RasterRenderer(RenderScene({}, Terrain(corners, np.array([[0, 1, 2], [0, 2, 3]]))), SIZE)
    empty = RasterRenderer(RenderScene({}, NO_GROUND), SIZE)
    random = np.random.default_rng(8)
    for k in range(12):
        position = random.uniform((-2, -2, 0.1), (2, 2, 3))
        up = (0, 0, 1) if k % 2 else random_direction(random)
        camera = camera_at(position, position + random.normal(0, (1, 1, 0.3)), up)
        expected = on_floor(camera, half)
        found = (floor.render(frame_of(), camera) != empty.render(frame_of(), camera)).any(axis=-1)
        assert wrong_inside(found, expected) == 0


def on_floor(camera: CameraPose, half: float) -> np.ndarray:
    """Which pixels (H, W) see a square floor at height 0."""
    way = rays(camera, SIZE)
    with np.errstate(divide="ignore"):
        depth = -camera.position[2] / way[..., 2]
    hit = camera.position + depth[..., None] * way
    return (depth > NEAR) & (np.abs(hit[..., :2]) <= half).all(axis=-1)


# Edges and levels of detail.


def test_a_pixel_at_an_edge_is_as_dark_as_the_share_that_is_covered(tmp_path: Path) -> None:
    black = '<material name="black"><color rgba="0 0 0 1"/></material>'
    edges = np.array([0.5, 0.02, 0.3])
    robot = robot_of(tmp_path, visual('<box size="0.5 0.02 0.3"/>', black))
    scene = RenderScene({"plate": robot}, NO_GROUND)
    renderer = RasterRenderer(scene, SIZE)
    # Seen from where the sun does not shine, tilted so that its edges cross the pixels everywhere.
    place, turn = np.array([0.0, 0.0, 1.0]), np.array([np.cos(0.1), 0, np.sin(0.1), 0])
    camera = camera_at((0.0, 1.5, 1.0), place)
    empty = light(renderer.render(frame_of(plate=poses_of(robot, (0, 100, 0))), camera))
    picture = light(renderer.render(frame_of(plate=poses_of(robot, place, turn)), camera))
    fraction = 1 - (picture / empty).mean(axis=-1)
    places = (np.indices((4, 4)).reshape(2, -1).T + 0.5) / 4
    covered = np.mean([np.less(*through_box(camera, place, turn, edges, (x, y))) for x, y in places], axis=0)
    at_edge = (covered > 0.3) & (covered < 0.7)
    assert at_edge.sum() > 100
    assert ((fraction > 0.1) & (fraction < 0.9))[at_edge].all()
    assert np.abs(fraction - covered).max() < 0.3  # Four samples know quarters.
    assert abs((fraction - covered)[near_edges(covered > 0)].mean()) < 0.01


@pytest.mark.parametrize("file", [G1, TALOS])
@pytest.mark.slow
def test_levels_of_detail_look_like_all_triangles(robots_dir: Path, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    robot = real_robot(robots_dir, file)
    renderer = RasterRenderer(RenderScene({"robot": robot}), (1280, 720))
    poses = poses_of(robot, (0, 0, 0.6 * robot.radius), joint_pos=0.2)
    frames = {share: camera_at(share * robot.radius * np.array([-2.0, 1.5, 1.2]), (0, 0, 0)) for share in (0.7, 4.0)}
    pictures = {share: renderer.render(frame_of(robot=poses), camera) for share, camera in frames.items()}
    draw_everything(monkeypatch)
    for share, camera in frames.items():
        full = renderer.render(frame_of(robot=poses), camera)
        assert (full != pictures[share]).any()
        assert psnr(full, pictures[share]) > 45
