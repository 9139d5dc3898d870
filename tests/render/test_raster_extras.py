"""What is drawn over and beside the entities of a frame: tints of links, and surfaces of layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mesh_files import robot_of
from raster_scenes import NO_GROUND, camera_at, frame_of, height_field, light, nobody, poses_of
from urdf_files import visual

from replay_viewer.render.mesh.surface import Surface, robot_surface
from replay_viewer.render.raster.placed_surfaces import Coat, FreeSurface
from replay_viewer.render.raster.renderer import RasterRenderer
from replay_viewer.render.raster.scene import RenderScene
from replay_viewer.robot import Robot, from_shape

SIZE = (160, 90)
CAMERA = camera_at((0.0, -3.0, 0.8), (0.0, 0.0, 0.5))


@pytest.fixture
def cube(tmp_path: Path) -> Robot:
    red = '<material name="red"><color rgba="1 0 0 1"/></material>'
    return robot_of(tmp_path, visual('<box size="1 1 1"/>', red))


def ball() -> Surface:
    return robot_surface(from_shape("ball", {"type": "sphere", "radius": 1.0}))


def at(*places: tuple[float, float, float], scale: object = 0.2) -> np.ndarray:
    """Poses (N, 1, 3, 4) of copies of one size."""
    poses = np.zeros((len(places), 1, 3, 4))
    poses[..., :3] = np.eye(3) * np.asarray(scale)
    poses[:, 0, :, 3] = places
    return poses


def test_a_tint_takes_its_share_of_a_links_own_colour(cube: Robot) -> None:
    renderer = RasterRenderer(RenderScene({"cube": cube}, NO_GROUND), SIZE)
    frame = frame_of(cube=poses_of(cube, (0, 0, 0.5)))
    own, half, whole = (
        light(renderer.render(frame, CAMERA, {"cube": Coat(np.array([0.0, 0.0, 0.8, share]))}))[45, 80]
        for share in (0.0, 0.5, 1.0)
    )
    assert own[0] > 5 * own[2]
    assert whole[2] > 5 * whole[0]
    np.testing.assert_allclose(half, (own + whole) / 2, atol=0.01)
    np.testing.assert_array_equal(light(renderer.render(frame, CAMERA))[45, 80], own)


def test_tints_belong_to_their_env(cube: Robot) -> None:
    renderer = RasterRenderer(RenderScene({"cube": cube}, NO_GROUND), SIZE)
    frame = frame_of(cube=poses_of(cube, [(-0.7, 0, 0.5), (0.7, 0, 0.5)]))
    tints = np.array([[[0, 1, 0, 1]], [[0, 0, 1, 1]]], np.float32)
    picture = renderer.render(frame, CAMERA, {"cube": Coat(tints)})
    assert (picture[45, 60].argmax(), picture[45, 100].argmax()) == (1, 2)


def test_copies_of_a_surface_stand_where_their_poses_are_in_their_own_colours(cube: Robot) -> None:
    scene = RenderScene({"cube": cube}, NO_GROUND)
    frame = frame_of(cube=nobody(cube))
    balls, one = ball(), np.array([[[1, 0, 0, 1]], [[0, 1, 0, 1]], [[0, 0, 1, 1]]], np.float32)
    for count in (3, 1, 2):  # They share what is made for four.
        extra = FreeSurface(balls, at((-1, 0, 0.5), (0, 0, 0.5), (1, 0, 0.5))[:count], one[:count])
        picture = RasterRenderer(scene, SIZE).render(frame, CAMERA, extras=[extra])
        found = picture[45, [44, 80, 116]][:count]
        assert found.argmax(axis=-1).tolist() == [0, 1, 2][:count]
    assert len(scene.table.triangles) <= 7 * len(balls.triangles)


def test_normals_of_a_flattened_ball_are_those_of_a_plate(cube: Robot) -> None:
    """Uneven scales turn normals by the inverse transpose: a flat ball is lit from above like a box."""
    scene, frame = RenderScene({"cube": cube}, NO_GROUND), frame_of(cube=nobody(cube))
    above = camera_at((0.0, -0.01, 4.0), (0.0, 0.0, 0.5))
    grey = np.array([0.3, 0.3, 0.3, 1.0])
    flat = FreeSurface(ball(), at((0, 0, 0.5), scale=[0.6, 0.6, 0.005]), grey)
    plate = FreeSurface(robot_surface(cube), at((0, 0, 0.5), scale=[0.9, 0.9, 0.01]), grey)
    pictures = [RasterRenderer(scene, SIZE).render(frame, above, extras=[extra]) for extra in (flat, plate)]
    np.testing.assert_allclose(pictures[0][40:50, 75:85].astype(int), pictures[1][40:50, 75:85], atol=2)


def test_what_stands_beside_casts_a_shadow_where_that_is_asked_for(cube: Robot) -> None:
    scene, frame = RenderScene({"cube": cube}, height_field(4.0, np.zeros((9, 9)))), frame_of(cube=nobody(cube))
    plate = at((0, 0, 1.0), scale=[1.5, 1.5, 0.01])
    without, lit = (
        light(RasterRenderer(scene, SIZE).render(frame, CAMERA, extras=[extra]))
        for extra in (FreeSurface(robot_surface(cube), plate, casts_shadow=casts) for casts in (False, True))
    )
    assert (lit / without)[50:].min() < 0.7
    np.testing.assert_array_equal(lit[:20], without[:20])


def test_what_stands_beside_has_no_checker_as_terrain_has(cube: Robot) -> None:
    scene, frame = RenderScene({"cube": cube}, height_field(4.0, np.zeros((9, 9)))), frame_of(cube=nobody(cube))
    above = camera_at((0.0, 0.0, 40.0), (0.0, 0.0, 0.0), up=(0.0, 1.0, 0.0), degrees=2.0)
    plate = FreeSurface(robot_surface(cube), at((0, 0, 0.1), scale=[9.0, 9.0, 0.01]))
    with_plate, ground = (
        RasterRenderer(scene, SIZE).render(frame, above, extras=extras).astype(int) for extras in ([plate], [])
    )
    assert np.abs(np.diff(ground, axis=1)).max() > 5
    assert np.abs(np.diff(with_plate, axis=1)).max() <= 1


def test_poses_and_tints_of_no_numbers_draw_the_rest(cube: Robot) -> None:
    renderer = RasterRenderer(RenderScene({"cube": cube}), SIZE)
    frame = frame_of(cube=poses_of(cube, (0, 0, 0.5)))
    broken = at((0, 0, np.nan), (np.inf, 0, 0), scale=np.nan)
    extras = [FreeSurface(ball(), broken, np.array([np.nan, np.inf, -1, 1]), casts_shadow=True)]
    extras.append(FreeSurface(ball(), broken[:0]))
    found = renderer.render(frame, CAMERA, extras=extras)
    assert found[45, 80].argmax() == 0
