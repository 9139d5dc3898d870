"""Odd places of cameras, robots and terrain: always a picture, of the right things, whatever was drawn before."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from mesh_files import box, robot_of
from pinhole import pixels
from raster_scenes import (
    ANYMAL_C,
    GO2,
    TALOS,
    camera_at,
    frame_of,
    from_above,
    height_field,
    height_to_stand,
    nobody,
    poses_of,
    random_direction,
    random_turn,
    real_robot,
)
from urdf_files import mesh, visual

from replay_viewer.camera.presets import CameraPose, preset
from replay_viewer.render.raster.renderer import RasterRenderer
from replay_viewer.render.raster.scene import RenderScene
from replay_viewer.replay.frames import Frame
from replay_viewer.robot import Robot
from replay_viewer.rollout.rollout import Terrain
from replay_viewer.theme import LIGHT

SIZE = (320, 180)
ALONG = camera_at((-2.0, 0.0, 1.0), (0.0, 0.0, 0.5))


@pytest.fixture
def cube(tmp_path: Path) -> Robot:
    """A cube of 0.4 m."""
    return robot_of(tmp_path, visual('<box size="0.4 0.4 0.4"/>'))


def drawn(renderer: RasterRenderer, frame: Frame, camera: CameraPose) -> np.ndarray:
    """A picture, checked for what every one is."""
    picture = renderer.render(frame, camera)
    width, height = renderer.size
    assert (picture.shape, picture.dtype) == ((height, width, 3), np.uint8)
    assert picture.flags.owndata
    return picture


def hills(half: float, height: float, count: int = 40) -> Terrain:
    """A rough square of ground about the origin."""
    return height_field(half, np.random.default_rng(0).uniform(-height, height, (count + 1, count + 1)))


# Odd places of the camera.


@pytest.mark.slow
def test_a_camera_inside_a_robot_sees_its_inside(robots_dir: Path) -> None:
    robot = real_robot(robots_dir, GO2)
    renderer = RasterRenderer(RenderScene({"robot": robot}), SIZE)
    frame = frame_of(robot=poses_of(robot, (0, 0, 0.4)))
    camera = camera_at((0.05, 0.0, 0.4), (1.0, 0.3, 0.5))
    drawn(renderer, frame, camera)
    assert (renderer.segmentation(frame, camera) == 0).mean() > 0.9


def test_a_camera_inside_a_terrain_sees_it_from_below() -> None:
    renderer = RasterRenderer(RenderScene({}, hills(5.0, 0.05)), SIZE)
    for up_or_down, is_ground in ((1.0, True), (-1.0, False)):
        camera = camera_at((0.1, 0.2, -0.5), (0.1, 0.2, -0.5 + up_or_down), up=(0.0, 1.0, 0.0))
        picture = drawn(renderer, frame_of(), camera)
        assert (picture == LIGHT.sky_bottom).all() != is_ground


def test_from_below_the_ground_the_robot_is_seen_through_it(cube: Robot) -> None:
    renderer = RasterRenderer(RenderScene({"cube": cube}), SIZE)
    frame = frame_of(cube=poses_of(cube, (0.0, 0.0, 0.3)))
    camera = camera_at((0.3, 0.0, -2.0), (0.0, 0.0, 0.3))
    picture, is_cube = drawn(renderer, frame, camera), renderer.segmentation(frame, camera) == 0
    assert is_cube.sum() > 500
    level = drawn(renderer, frame_of(cube=nobody(cube)), camera_at((0.0, 0.0, -2.0), (1.0, 0.0, -2.1)))
    assert (level[SIZE[1] // 2 :] == LIGHT.sky_bottom).all()  # No ground and no shadow from there.
    assert (picture[is_cube].mean(axis=0) < 0.9 * np.array(LIGHT.sky_bottom)).all()


def test_the_camera_on_top_sees_the_robot_in_the_middle(cube: Robot) -> None:
    renderer = RasterRenderer(RenderScene({"cube": cube}), SIZE)
    for forward in (0.0, 1.0, np.pi / 2, -2.0):
        camera = preset("top", np.array([3.0, 4.0, 0.2]), forward, cube.radius, SIZE[0] / SIZE[1])
        frame = frame_of(cube=poses_of(cube, (3.0, 4.0, 0.2)))
        drawn(renderer, frame, camera)
        rows, columns = np.nonzero(renderer.segmentation(frame, camera) == 0)
        assert abs(rows.mean() - 89.5) < 1
        assert abs(columns.mean() - 159.5) < 1


def test_a_robot_behind_the_camera_is_not_in_the_picture(robots_dir: Path) -> None:
    robot = real_robot(robots_dir, GO2)
    renderer = RasterRenderer(RenderScene({"robot": robot}), SIZE)
    empty = drawn(renderer, frame_of(robot=nobody(robot)), ALONG)
    np.testing.assert_array_equal(drawn(renderer, frame_of(robot=poses_of(robot, (-4.0, 0.0, 1.0))), ALONG), empty)


def test_a_camera_that_looks_at_its_own_place_still_draws(cube: Robot) -> None:
    """Far from the origin the two are one: float64 ends at 1e16."""
    renderer = RasterRenderer(RenderScene({"cube": cube}), SIZE)
    for up in np.eye(3):
        drawn(renderer, frame_of(cube=poses_of(cube)), camera_at((1.0, 0.0, 0.5), (1.0, 0.0, 0.5), up))
        drawn(renderer, frame_of(cube=poses_of(cube)), camera_at((1.0, 0.0, 0.5), np.array([1, 0, 0.5]) + up, up))


# Nothing, little, and a lot.


def test_a_scene_without_entities_is_ground_and_sky() -> None:
    renderer = RasterRenderer(RenderScene({}), SIZE)
    picture = drawn(renderer, frame_of(), ALONG)
    assert (renderer.segmentation(frame_of(), ALONG) == -1).all()
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10


@pytest.mark.parametrize(
    "nothing",
    [
        "",
        mesh("box.stl", scale="0 0 0"),
        mesh("box.stl", scale="1 0 0"),
        mesh("box.stl", scale="1e-9 1e-9 1e-9"),
        visual('<box size="0 0 0"/>'),
        visual('<sphere radius="1e-12"/>'),
    ],
)
def test_visuals_without_a_size_show_nothing(tmp_path: Path, nothing: str) -> None:
    box(tmp_path / "box.stl")
    robot = robot_of(tmp_path, nothing)
    renderer = RasterRenderer(RenderScene({"robot": robot}), SIZE)
    frame = frame_of(robot=poses_of(robot, (0.0, 0.0, 0.5)))
    empty = drawn(renderer, frame_of(robot=nobody(robot)), ALONG)
    np.testing.assert_array_equal(drawn(renderer, frame, ALONG), empty)
    assert (renderer.segmentation(frame, ALONG) == -1).all()


def test_a_visual_without_thickness_is_seen_from_both_sides(tmp_path: Path) -> None:
    box(tmp_path / "box.stl")
    robot = robot_of(tmp_path, mesh("box.stl", scale="1 1 0"))
    renderer = RasterRenderer(RenderScene({"sheet": robot}), SIZE)
    frame = frame_of(sheet=poses_of(robot, (0.0, 0.0, 1.0)))
    for height in (0.1, 5.0):
        camera = camera_at((0.5, -1.0, height), (0.5, 1.0, 1.0))
        drawn(renderer, frame, camera)
        assert (renderer.segmentation(frame, camera) == 0).sum() > 500


def test_each_of_300_envs_is_in_the_picture(robots_dir: Path) -> None:
    robot = real_robot(robots_dir, GO2)
    rows, columns = np.divmod(np.arange(300), 20)
    places = np.stack([columns - 9.5, rows - 7.0, np.full(300, height_to_stand(robot))], axis=-1)
    renderer = RasterRenderer(RenderScene({"robot": robot}), (640, 360))
    frame, camera = frame_of(robot=poses_of(robot, places)), from_above(0.0, 0.0, 24.0)
    drawn(renderer, frame, camera)
    x, y = np.floor(pixels(camera, places, (640, 360))).astype(int).T
    assert (renderer.segmentation(frame, camera)[y, x] == 0).all()


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (7, 3), (33, 211)])
def test_pictures_of_any_size(cube: Robot, size: tuple[int, int]) -> None:
    renderer = RasterRenderer(RenderScene({"cube": cube}), size)
    frame = frame_of(cube=poses_of(cube, (0.0, 0.0, 0.5)))
    near = camera_at((-0.5, 0.0, 0.5), (0.0, 0.0, 0.5))
    drawn(renderer, frame, near)
    assert renderer.segmentation(frame, near)[size[1] // 2, size[0] // 2] == 0


# Huge coordinates.

HUGE = (1e5, 1e12, 1e20, 3e38)


@pytest.mark.parametrize("huge", HUGE)
@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 0, 1), (1, -1, -1)])
def test_a_robot_that_flew_away_is_followed(robots_dir: Path, huge: float, direction: tuple[float, ...]) -> None:
    robot = real_robot(robots_dir, GO2)
    place = huge * np.array(direction)
    renderer = RasterRenderer(RenderScene({"robot": robot}), SIZE)
    camera = preset("follow", place, 0.5, robot.radius, SIZE[0] / SIZE[1])
    frame = frame_of(robot=poses_of(robot, place))
    drawn(renderer, frame, camera)
    found = renderer.segmentation(frame, camera)
    assert huge > 1e6 or (found == 0).sum() > 500


@pytest.mark.parametrize("huge", HUGE)
def test_a_link_that_flew_away_leaves_the_others_in_the_picture(robots_dir: Path, huge: float) -> None:
    robot = real_robot(robots_dir, GO2)
    renderer = RasterRenderer(RenderScene({"robot": robot}), SIZE)
    poses = poses_of(robot, (0.0, 0.0, 0.5))
    whole = renderer.segmentation(frame_of(robot=poses), ALONG) == 0
    for place in (huge * np.eye(3)).tolist():
        poses.link_positions[0, robot.link_names.index("FL_foot")] = place
        poses.link_positions[0, robot.link_names.index("FL_calf")] = place
        drawn(renderer, frame_of(robot=poses), ALONG)
        assert (renderer.segmentation(frame_of(robot=poses), ALONG)[whole] == 0).mean() > 0.8


@pytest.mark.parametrize("huge", HUGE)
def test_a_camera_that_flew_away_sees_no_robot(cube: Robot, huge: float) -> None:
    renderer = RasterRenderer(RenderScene({"cube": cube}), SIZE)
    frame = frame_of(cube=poses_of(cube, (0.0, 0.0, 0.5)))
    for direction in ((1.0, 0.5, 0.2), (0.0, 0.0, 1.0), (-1.0, 0.0, -1.0)):
        camera = camera_at(huge * np.array(direction), (0.0, 0.0, 0.0), up=(0.0, 1.0, 0.0))
        drawn(renderer, frame, camera)
        assert (renderer.segmentation(frame, camera) == -1).all()


@pytest.mark.parametrize("huge", HUGE)
def test_shapes_and_terrain_without_measure_are_drawn(tmp_path: Path, huge: float) -> None:
    box(tmp_path / "box.stl")
    visuals = [mesh("box.stl", scale=f"{huge} {huge} 1"), visual(f'<box size="{huge} 1 {huge}"/>')]
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0.5], [-1, 1, 0]])
    ground = Terrain(corners * huge, np.array([[0, 1, 2], [0, 2, 3]]))
    for part in visuals:
        robot = robot_of(tmp_path, part)
        renderer = RasterRenderer(RenderScene({"robot": robot}, ground), SIZE)
        random = np.random.default_rng(10)
        for _ in range(4):
            drawn(renderer, frame_of(robot=poses_of(robot)), camera_at(random.normal(size=3), random.normal(size=3)))


# Nothing is carried from one picture to the next, or from one thread to another.


def scenes(robots: dict[str, Robot]) -> list[tuple[Frame, CameraPose]]:
    """Frames of two entities and cameras at all distances."""
    random = np.random.default_rng(11)
    found = []
    for distance in (0.3, 6.0, 1.5, 40.0, 0.8):
        count = int(random.integers(1, 4))
        poses = {
            name: poses_of(
                robot,
                random.uniform((-1, -1, 0.3), (1, 1, 1.0), (count, 3)),
                random_turn(random),
                random.uniform(-0.5, 0.5, robot.num_joints),
            )
            for name, robot in robots.items()
        }
        height = np.array([0.0, 0.0, 0.6])
        way = random_direction(random) * [1, 1, 0.4]
        found.append((frame_of(**poses), camera_at(height + distance * way, height)))
    return found


def all_drawn(scene: RenderScene, shots: list[tuple[Frame, CameraPose]]) -> list[np.ndarray]:
    renderer = RasterRenderer(scene, SIZE)
    return [renderer.render(*shot) for shot in shots]


@pytest.mark.parametrize("terrain", [None, pytest.param(hills(3.0, 0.1), marks=pytest.mark.slow)])
def test_a_picture_does_not_depend_on_those_before_it(robots_dir: Path, terrain: Terrain | None) -> None:
    robots = {"go2": real_robot(robots_dir, GO2), "talos": real_robot(robots_dir, TALOS)}
    scene, shots = RenderScene(robots, terrain), scenes(robots)
    alone = [RasterRenderer(scene, SIZE).render(*shot) for shot in shots]
    labels = [RasterRenderer(scene, SIZE).segmentation(*shot) for shot in shots]
    renderer = RasterRenderer(scene, SIZE)
    for k in (0, 1, 0, 3, 2, 3, 4, 0):
        np.testing.assert_array_equal(renderer.render(*shots[k]), alone[k])
        np.testing.assert_array_equal(renderer.segmentation(*shots[k]), labels[k])


def test_a_picture_stays_as_it_is_when_the_next_is_drawn(cube: Robot) -> None:
    renderer = RasterRenderer(RenderScene({"cube": cube}), SIZE)
    first = renderer.render(frame_of(cube=poses_of(cube, (0.0, 0.0, 0.5))), ALONG)
    before = first.copy()
    renderer.render(frame_of(cube=poses_of(cube, (0.5, 0.0, 0.2))), ALONG)
    np.testing.assert_array_equal(first, before)


@pytest.mark.slow
def test_threads_that_draw_at_once_draw_the_same_as_one(robots_dir: Path) -> None:
    robots = {"go2": real_robot(robots_dir, GO2), "anymal": real_robot(robots_dir, ANYMAL_C)}
    shots = scenes(robots)
    expected = all_drawn(RenderScene(robots), shots)
    scene = RenderScene(robots)  # Without any level of detail yet: the threads make them at once.
    orders: list[Callable[[], list[np.ndarray]]] = [
        lambda: all_drawn(scene, shots),
        lambda: all_drawn(scene, shots[::-1])[::-1],
        lambda: all_drawn(scene, [*shots[2:], *shots])[-len(shots) :],
    ]
    with ThreadPoolExecutor(len(orders)) as pool:
        for found in pool.map(lambda order: order(), orders):
            for picture, wanted in zip(found, expected, strict=True):
                np.testing.assert_array_equal(picture, wanted)
