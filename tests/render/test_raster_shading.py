"""The colours of the rasteriser's pictures: sun and shadow, textures and the checker floor, where they are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from mesh_files import robot_of
from PIL import Image
from pinhole import pixels, rays
from raster_scenes import (
    NO_GROUND,
    camera_at,
    frame_of,
    from_above,
    light,
    near_edges,
    nobody,
    poses_of,
)
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial
from urdf_files import mesh, visual

from replay_viewer.camera.presets import CameraPose
from replay_viewer.render.raster.kernels.ground import SQUARE
from replay_viewer.render.raster.renderer import RasterRenderer
from replay_viewer.render.raster.scene import RenderScene
from replay_viewer.render.raster.sunlight import DIRECTION
from replay_viewer.robot import Robot
from replay_viewer.theme import DARK, LIGHT, Look

SIZE = (480, 270)


def at_points(picture: np.ndarray, camera: CameraPose, points: np.ndarray) -> np.ndarray:
    """The pixels (..., 3) that show points of the world (..., 3)."""
    column, row = np.moveaxis(np.floor(pixels(camera, points, SIZE)).astype(int), -1, 0)
    return picture[row, column].astype(int)


# Sun and shadow.


def test_a_shadow_lies_where_the_sun_puts_it_and_nowhere_else(tmp_path: Path) -> None:
    edges, place = np.array([0.4, 0.3, 0.2]), np.array([0.2, -0.1, 0.5])
    robot = robot_of(tmp_path, visual('<box size="0.4 0.3 0.2"/>'))
    renderer = RasterRenderer(RenderScene({"box": robot}), SIZE)
    for camera in (camera_at((-2.5, -2.0, 1.5), (0.0, 0.2, 0.6)), camera_at((1.0, 3.0, 0.8), (0.0, 0.0, 0.6))):
        empty = renderer.render(frame_of(box=nobody(robot)), camera)
        frame = frame_of(box=poses_of(robot, place))
        picture = renderer.render(frame, camera)
        ground = ~near_edges(renderer.segmentation(frame, camera), 2)
        ground[renderer.segmentation(frame, camera) == 0] = False
        # The edge of the shadow is soft, about as wide as a twentieth of the box's height.
        umbra = ground & is_behind(camera, place, edges - 0.1)
        outside = ground & ~is_behind(camera, place, edges + 0.1)
        assert umbra.sum() > 200
        share = light(picture)[umbra] / light(empty)[umbra]
        assert share.max() - share.min() < 0.05
        assert share.max() < 0.6
        assert (rays(camera, SIZE)[..., 2][outside] > 0).sum() > 1000
        np.testing.assert_array_equal(picture[outside], empty[outside])


def is_behind(camera: CameraPose, place: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Which pixels (H, W) show a point of the ground from which a box hides the sun."""
    way = rays(camera, SIZE)
    depth = -camera.position[2] / np.minimum(way[..., 2], -1e-9)
    start = camera.position + depth[..., None] * way - place
    walls = np.stack([(-edges / 2 - start) / DIRECTION, (edges / 2 - start) / DIRECTION])
    return (way[..., 2] < 0) & (walls.min(axis=0).max(axis=-1) < walls.max(axis=0).min(axis=-1))


def test_a_body_casts_its_shadow_on_another(tmp_path: Path) -> None:
    plate, post = (robot_of(tmp_path, visual(f'<box size="{size}"/>')) for size in ("1 1 0.1", "0.1 0.1 0.1"))
    renderer = RasterRenderer(RenderScene({"plate": plate, "post": post}, NO_GROUND), SIZE)
    camera = from_above(0.0, 0.0, 2.5)
    high = np.array([0.05, -0.05, 0.6])
    alone = renderer.render(frame_of(plate=poses_of(plate), post=nobody(post)), camera)
    picture = renderer.render(frame_of(plate=poses_of(plate), post=poses_of(post, high)), camera)
    top = high - DIRECTION * (high[2] - 0.05) / DIRECTION[2]
    lit = top * [-1, -1, 1]
    assert (light(at_points(picture, camera, top)) < 0.7 * light(at_points(alone, camera, top))).all()
    np.testing.assert_array_equal(at_points(picture, camera, lit), at_points(alone, camera, lit))


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_what_faces_up_is_brighter_than_what_faces_down(tmp_path: Path, look: Look) -> None:
    robot = robot_of(tmp_path, visual('<box size="1 1 0.02"/>'))
    renderer = RasterRenderer(RenderScene({"plate": robot}, look=look), SIZE)
    frame = frame_of(plate=poses_of(robot, (0.0, 0.0, 1.5)))
    above, below = (
        light(renderer.render(frame, camera_at((0.0, -0.5, height), (0.0, 0.0, 1.5)))[125:145, 230:250]).mean()
        for height in (2.5, 0.5)
    )
    assert above > 1.5 * below > 0.05


def test_a_face_towards_the_sun_is_brighter_than_one_away_from_it(tmp_path: Path) -> None:
    robot = robot_of(tmp_path, visual('<box size="1 1 1"/>'))
    renderer = RasterRenderer(RenderScene({"box": robot}), SIZE)
    frame = frame_of(box=poses_of(robot, (0.0, 0.0, 1.0)))
    towards, away = (
        light(renderer.render(frame, camera_at((0.0, y, 1.0), (0.0, 0.0, 1.0)))[125:145, 230:250]).mean()
        for y in (2 * np.sign(DIRECTION[1]), -2 * np.sign(DIRECTION[1]))
    )
    assert towards > 1.3 * away


# Textures.


def quad(folder: Path, pixels: np.ndarray, suffix: str) -> Robot:
    """A square of 1 m that faces up, its least corner at the origin, which carries an image."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    image = Image.fromarray(pixels)
    if suffix == "glb":
        looks = TextureVisuals(vertices[:, :2].astype(float), PBRMaterial(baseColorTexture=image))
        trimesh.Trimesh(vertices, [[0, 1, 2], [0, 2, 3]], visual=looks, process=False).export(folder / "m.glb")
    else:
        image.save(folder / "paint.png")
        (folder / "m.mtl").write_text("newmtl m\nKd 1 1 1\nmap_Kd paint.png\n")
        lines = [*(f"v {x} {y} {z}" for x, y, z in vertices), *(f"vt {x} {y}" for x, y, _ in vertices)]
        (folder / "m.obj").write_text("\n".join(["mtllib m.mtl", "usemtl m", *lines, "f 1/1 2/2 3/3", "f 1/1 3/3 4/4"]))
    return robot_of(folder, mesh(f"m.{suffix}"))


@pytest.mark.parametrize("suffix", ["obj", "glb"])
def test_an_image_on_a_square_is_the_right_way_round(tmp_path: Path, suffix: str) -> None:
    """As the image lies before you, (0, 0) of both formats' own coordinates is at a corner on the left."""
    red, green, blue, white = np.array([[200, 30, 30], [30, 200, 30], [30, 30, 200], [220, 220, 220]], np.uint8)
    image = np.array([[red, green], [blue, white]]).repeat(16, axis=0).repeat(16, axis=1)
    robot = quad(tmp_path, image, suffix)
    renderer = RasterRenderer(RenderScene({"quad": robot}), SIZE)
    camera = from_above(0.5, 0.5, 2.0)
    picture = renderer.render(frame_of(quad=poses_of(robot, (0, 0, 0.3))), camera)
    at = np.array([[0.2, 0.8, 0.3], [0.8, 0.8, 0.3], [0.2, 0.2, 0.3], [0.8, 0.2, 0.3]])
    found = at_points(picture, camera, at)
    assert found[:3].argmax(axis=-1).tolist() == [0, 1, 2]
    assert (np.sort(found[:3], axis=-1)[:, 2] > 2 * np.sort(found[:3], axis=-1)[:, 1]).all()
    assert found[3].min() > 150


def stripes(width: int = 256) -> np.ndarray:
    """Black and white columns, each one texel wide."""
    return np.tile(np.array([0, 255], np.uint8)[None, :, None], (width, width // 2, 3))


@pytest.mark.parametrize(("distance", "aside"), [(4.0, 0.0), (8.0, 0.0), (8.0, 4.0), (30.0, 0.0)])
def test_fine_stripes_far_away_are_their_mean_colour(tmp_path: Path, distance: float, aside: float) -> None:
    # Half of the light is this grey, in sRGB.
    pictures = []
    for image in (stripes(), np.full((256, 256, 3), 188, np.uint8)):
        robot = quad(tmp_path, image, "obj")
        renderer = RasterRenderer(RenderScene({"quad": robot}, NO_GROUND), SIZE)
        camera = camera_at((0.5 + aside, 0.5, distance), (0.5, 0.5, 0.0), up=(0.0, 1.0, 0.0))
        frame = frame_of(quad=poses_of(robot, base_wxyz=wxyz_about_z(0.4)))
        assert (renderer.segmentation(frame, camera) == 0).sum() > 50
        pictures.append(renderer.render(frame, camera).astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() <= 2


def wxyz_about_z(angle: float) -> tuple[float, float, float, float]:
    return (float(np.cos(angle / 2)), 0.0, 0.0, float(np.sin(angle / 2)))


def test_stripes_nearby_are_black_and_white(tmp_path: Path) -> None:
    robot = quad(tmp_path, stripes(32), "obj")
    renderer = RasterRenderer(RenderScene({"quad": robot}, NO_GROUND), SIZE)
    camera = from_above(0.5, 0.5, 1.2)
    picture = renderer.render(frame_of(quad=poses_of(robot)), camera)
    x = (np.arange(2, 30) + 0.5) / 32
    found = at_points(picture, camera, np.stack([x, np.full_like(x, 0.4), np.zeros_like(x)], axis=-1)).mean(axis=-1)
    assert (found[1::2] > found[0::2] + 100).all()


# The checker floor.


@pytest.mark.parametrize("look", [LIGHT, DARK])
@pytest.mark.parametrize("place", [(0.0, 0.0), (-3.3, -0.2), (100_000.3, 0.1), (-123_456.7, 98_765.4)])
def test_squares_have_their_colour_anywhere_in_the_world(look: Look, place: tuple[float, float]) -> None:
    renderer = RasterRenderer(RenderScene({}, look=look), SIZE)
    random = np.random.default_rng(9)
    for offset in ((0.0, 0.0, 3.0), (-1.0, 2.0, 1.5)):
        center = np.array([*place, 0.0])
        up = (0.0, 1.0, 0.0) if offset[0] == 0 else (0.0, 0.0, 1.0)
        camera = camera_at(center + offset, center, up)
        points = center + random.uniform(-0.6, 0.6, (300, 3)) * [1, 1, 0]
        number, into = np.divmod(points[:, :2], SQUARE)
        points = points[(np.abs(into - SQUARE / 2) < SQUARE / 2 - 0.03).all(axis=-1)]
        number = np.floor(points[:, :2] / SQUARE).astype(int)
        expected = np.where((number.sum(axis=-1) % 2 == 0)[:, None], look.ground, look.ground_dark)
        found = at_points(renderer.render(frame_of(), camera), camera, points)
        assert len(points) > 100
        assert np.abs(found - expected).max() <= 1


def test_the_floor_far_away_has_no_pattern() -> None:
    """Its squares are smaller than a pixel there; a pattern would be an artefact."""
    renderer = RasterRenderer(RenderScene({}), SIZE)
    for camera in (from_above(0.13, 0.21, 300.0), camera_at((0.13, 0.0, 2.0), (100.0, 3.0, -3.0))):
        depth = -camera.position[2] / np.minimum(rays(camera, SIZE)[..., 2], -1e-9)
        far = (rays(camera, SIZE)[..., 2] < 0) & (depth > 200)
        picture = light(renderer.render(frame_of(), camera)).mean(axis=-1)
        assert far.sum() > 1000
        change = np.abs(np.diff(picture, axis=1))[far[:, 1:] & far[:, :-1]]
        contrast = light(np.array(LIGHT.ground)).mean() - light(np.array(LIGHT.ground_dark)).mean()
        assert change.max() < 0.1 * contrast


def test_above_a_terrain_there_is_no_checker_floor(tmp_path: Path) -> None:
    renderer = RasterRenderer(RenderScene({}, NO_GROUND), SIZE)
    picture = renderer.render(frame_of(), from_above(0.0, 0.0, 3.0))
    assert (picture == np.array(LIGHT.sky_bottom)).all()
