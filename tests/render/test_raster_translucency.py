"""Translucent things: ghosts, which are whole entities, and materials with an alpha of their own."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from mesh_files import robot_of
from raster_scenes import (
    GO2,
    NO_GROUND,
    camera_at,
    frame_of,
    height_field,
    light,
    near_edges,
    nobody,
    poses_of,
    real_robot,
)
from urdf_files import mesh, visual

from replay_viewer.render.mesh.surface import robot_surface, robot_surfaces
from replay_viewer.render.raster.placed_surfaces import Coat, FreeSurface
from replay_viewer.render.raster.renderer import RasterRenderer
from replay_viewer.render.raster.scene import RenderScene
from replay_viewer.robot import Robot
from replay_viewer.rollout.rollout import Terrain

SIZE = (160, 90)
CAMERA = camera_at((0.0, -3.0, 0.9), (0.0, 0.0, 0.5))
HALF = {"box": Coat(alpha=0.5)}


def colored(folder: Path, size: str, rgba: str, inner: str = "") -> Robot:
    folder.mkdir(exist_ok=True)
    look = f'<material name="m"><color rgba="{rgba}"/></material>'
    return robot_of(folder, visual(f'<box size="{size}"/>', look) + inner)


@pytest.fixture
def robots(tmp_path: Path) -> dict[str, Robot]:
    """A white wall and a red box."""
    return {
        "wall": colored(tmp_path / "wall", "3 0.1 3", "1 1 1 1"),
        "box": colored(tmp_path / "box", "0.6 0.6 0.6", "0.8 0.1 0.1 1"),
    }


def pictures(
    robots: dict[str, Robot], place: tuple[float, float, float], terrain: Terrain | None = NO_GROUND
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Linear light of pictures without a box, with it and with half of it, before a wall if there is one.

    The last is which pixels (H, W) show the box, without its edges, where it shades itself.
    """
    renderer = RasterRenderer(RenderScene(robots, terrain), SIZE)
    wall = poses_of(robots["wall"], (0, 1.0, 0)) if "wall" in robots else None
    others = {} if wall is None else {"wall": wall}
    with_box = frame_of(**others, box=poses_of(robots["box"], place))
    without = renderer.render(frame_of(**others, box=nobody(robots["box"])), CAMERA)
    whole, half = renderer.render(with_box, CAMERA), renderer.render(with_box, CAMERA, HALF)
    labels = renderer.segmentation(with_box, CAMERA)
    seen = (labels == list(robots).index("box")) & ~near_edges(labels, 2)
    return light(without), light(whole), light(half), seen


def test_half_a_red_box_before_a_white_wall_is_their_mean_in_linear_light(robots: dict[str, Robot]) -> None:
    without, whole, half, seen = pictures(robots, (0, 0, 0.5))
    assert seen.sum() > 300
    assert without[45, 80].min() > 0.4
    assert whole[45, 80, 0] > 3 * whole[45, 80, 1]
    np.testing.assert_allclose(half[seen], (without[seen] + whole[seen]) / 2, atol=0.012)


def test_edges_of_a_ghost_are_as_smooth_as_those_of_what_is_opaque(robots: dict[str, Robot]) -> None:
    """Before the sky, where no shadow falls, each pixel is half of what it was and half of an opaque box."""
    without, whole, half, _ = pictures({"box": robots["box"]}, (0, 0, 0.5))
    partly = (np.abs(whole - without).max(axis=-1) > 0.02) & (np.abs(half - without).max(axis=-1) > 0.01)
    assert partly.sum() > 500
    np.testing.assert_allclose(half, (without + whole) / 2, atol=0.012)


@pytest.mark.parametrize("terrain", [None, height_field(4.0, np.zeros((9, 9)))])
def test_ground_and_terrain_are_seen_through_a_ghost_which_casts_no_shadow(
    robots: dict[str, Robot], terrain: Terrain | None
) -> None:
    without, whole, half, seen = pictures({"box": robots["box"]}, (0, 0, 0.3), terrain)
    np.testing.assert_allclose(half[seen], (without[seen] + whole[seen]) / 2, atol=0.012)
    away = np.abs(half - without).max(axis=-1) == 0
    assert (np.abs(whole - without).max(axis=-1)[away] > 0.05).sum() > 30  # The shadow of the opaque box.


def test_a_ghost_shows_no_insides(tmp_path: Path, robots: dict[str, Robot]) -> None:
    within = visual('<box size="0.3 0.3 0.3"/>', '<material name="g"><color rgba="0 1 0 1"/></material>')
    full = colored(tmp_path / "full", "0.6 0.6 0.6", "0.8 0.1 0.1 1", within)
    found = [
        RasterRenderer(RenderScene({"box": robot}), SIZE).render(
            frame_of(box=poses_of(robot, (0, 0, 0.5))), CAMERA, HALF
        )
        for robot in (robots["box"], full)
    ]
    np.testing.assert_array_equal(found[0], found[1])


def test_ghosts_are_sorted_by_depth_whatever_their_order_in_the_scene(tmp_path: Path) -> None:
    colors = {"a": "0.8 0.1 0.1 1", "b": "0.1 0.8 0.1 1", "c": "0.1 0.1 0.8 1"}
    made = {name: colored(tmp_path / name, "0.6 0.1 0.6", rgba) for name, rgba in colors.items()}
    depth = {"a": -0.6, "b": 0.0, "c": 0.6}
    frame = frame_of(**{name: poses_of(made[name], (0.1 * depth[name], depth[name], 0.5)) for name in made})
    coats = {"a": Coat(alpha=0.3), "b": Coat(alpha=0.6)}
    found = [
        RasterRenderer(RenderScene({name: made[name] for name in order}), SIZE).render(frame, CAMERA, coats)
        for order in permutations(made)
    ]
    for picture in found[1:]:
        np.testing.assert_array_equal(picture, found[0])
    alone = {
        name: light(RasterRenderer(RenderScene({name: made[name]}), SIZE).render(frame, CAMERA))[45, 80]
        for name in made
    }
    expected = 0.3 * alone["a"] + 0.7 * (0.6 * alone["b"] + 0.4 * alone["c"])
    np.testing.assert_allclose(light(found[0])[45, 80], expected, atol=0.02)


def test_a_ghost_behind_what_is_opaque_is_not_seen(robots: dict[str, Robot]) -> None:
    renderer = RasterRenderer(RenderScene(robots), SIZE)
    frame = frame_of(wall=poses_of(robots["wall"], (0, -1.0, 0)), box=poses_of(robots["box"], (0, 0, 0.5)))
    alone = frame_of(wall=frame.entities["wall"], box=nobody(robots["box"]))
    np.testing.assert_array_equal(renderer.render(frame, CAMERA, HALF), renderer.render(alone, CAMERA))


def test_a_ghost_in_the_place_of_its_robot_is_not_seen(robots_dir: Path) -> None:
    robot = real_robot(robots_dir, GO2)
    poses, camera = poses_of(robot, (0, 0, 0.4)), camera_at((1.0, -0.9, 0.6), (0, 0, 0.3))
    renderer = RasterRenderer(RenderScene({"lead": robot, "ghost": robot}), SIZE)
    both = renderer.render(frame_of(lead=poses, ghost=poses), camera, {"ghost": Coat(np.array([1, 0, 0, 1]), 0.4)})
    np.testing.assert_array_equal(both, renderer.render(frame_of(lead=poses, ghost=nobody(robot)), camera))


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_an_alpha_of_one_is_opaque(robots: dict[str, Robot], alpha: float) -> None:
    renderer = RasterRenderer(RenderScene(robots), SIZE)
    frame = frame_of(wall=nobody(robots["wall"]), box=poses_of(robots["box"], (0, 0, 0.5)))
    coated = renderer.render(frame, CAMERA, {"box": Coat(alpha=alpha)})
    np.testing.assert_array_equal(coated, renderer.render(frame, CAMERA))


@pytest.mark.parametrize("alpha", [0.0, -1.0, np.nan])
def test_an_alpha_of_none_is_not_drawn(robots: dict[str, Robot], alpha: float) -> None:
    renderer = RasterRenderer(RenderScene(robots), SIZE)
    frame = frame_of(wall=nobody(robots["wall"]), box=poses_of(robots["box"], (0, 0, 0.5)))
    empty = frame_of(wall=nobody(robots["wall"]), box=nobody(robots["box"]))
    found = renderer.render(frame, CAMERA, {"box": Coat(alpha=alpha)})
    np.testing.assert_array_equal(found, renderer.render(empty, CAMERA))


def test_what_stands_beside_may_be_translucent(robots: dict[str, Robot]) -> None:
    renderer = RasterRenderer(RenderScene(robots, NO_GROUND), SIZE)
    frame = frame_of(wall=poses_of(robots["wall"], (0, 1.0, 0)), box=nobody(robots["box"]))
    poses = np.column_stack([np.eye(3), [0, 0, 0.5]])[None, None]
    without, whole, half = (
        light(renderer.render(frame, CAMERA, extras=[FreeSurface(robot_surface(robots["box"]), poses, alpha=alpha)]))
        for alpha in (0.0, 1.0, 0.5)
    )
    np.testing.assert_allclose(half, (without + whole) / 2, atol=0.012)
    assert np.abs(whole - without).max() > 0.3


def glass(folder: Path, kind: str, alpha: float) -> Robot:
    """A cube of 0.6 m of one material."""
    folder.mkdir()
    if kind == "urdf":
        return colored(folder, "0.6 0.6 0.6", f"0.8 0.1 0.1 {alpha}")
    import trimesh
    from trimesh.visual import TextureVisuals
    from trimesh.visual.material import PBRMaterial

    cube = trimesh.creation.box((0.6, 0.6, 0.6))
    if kind == "glb":
        look = PBRMaterial(baseColorFactor=[0.6, 0.01, 0.01, alpha], alphaMode="BLEND" if alpha < 1 else "OPAQUE")
        cube.visual = TextureVisuals(material=look)
        cube.export(folder / "m.glb")
    else:
        (folder / "m.mtl").write_text(f"newmtl m\nKd 0.8 0.1 0.1\nd {alpha}\n")
        lines = [*(f"v {x} {y} {z}" for x, y, z in cube.vertices), *(f"f {a} {b} {c}" for a, b, c in cube.faces + 1)]
        (folder / "m.obj").write_text("\n".join(["mtllib m.mtl", "usemtl m", *lines]))
    return robot_of(folder, mesh(f"m.{kind}"))


@pytest.mark.parametrize("kind", ["urdf", "glb", "obj"])
def test_a_material_is_as_translucent_as_its_file_says(tmp_path: Path, robots: dict[str, Robot], kind: str) -> None:
    found = []
    for alpha in (1.0, 0.5):
        made = glass(tmp_path / f"glass{alpha}", kind, alpha)
        assert list(robot_surfaces(made)) == ([1.0] if alpha == 1 else [1.0, 0.5])
        scene = RenderScene({"wall": robots["wall"], "box": made}, NO_GROUND)
        frame = frame_of(wall=poses_of(robots["wall"], (0, 1.0, 0)), box=poses_of(made, (0, 0, 0.5)))
        found.append(light(RasterRenderer(scene, SIZE).render(frame, CAMERA))[45, 80])
    empty = frame_of(wall=frame.entities["wall"], box=nobody(made))
    wall = light(RasterRenderer(scene, SIZE).render(empty, CAMERA))[45, 80]
    np.testing.assert_allclose(found[1], (found[0] + wall) / 2, atol=0.015)


def test_what_is_behind_glass_of_the_same_robot_is_seen_but_not_through_its_ghost(tmp_path: Path) -> None:
    core = visual('<box size="0.3 0.3 0.3"/>', '<material name="g"><color rgba="0.1 0.8 0.1 1"/></material>')
    dome = colored(tmp_path / "dome", "0.6 0.6 0.6", "0.8 0.1 0.1 0.25", core)
    renderer = RasterRenderer(RenderScene({"box": dome}), SIZE)
    frame = frame_of(box=poses_of(dome, (0, 0, 0.5)))
    assert renderer.render(frame, CAMERA)[45, 80].argmax() == 1
    red, green, _ = renderer.render(frame, CAMERA, HALF)[45, 80].tolist()
    assert green < red


def test_many_ghosts_take_room_as_they_need_it(tmp_path: Path) -> None:
    """Pictures of other numbers of ghosts before do not change one."""
    robot = colored(tmp_path / "box", "0.6 0.05 0.6", "0.8 0.1 0.1 1")
    scene = RenderScene({"box": robot})
    renderer = RasterRenderer(scene, SIZE)
    for count in (1, 12, 3, 0, 5):
        frame = frame_of(box=poses_of(robot, np.array([(0.05 * k, 0.2 * k, 0.5) for k in range(count)]).reshape(-1, 3)))
        found = renderer.render(frame, CAMERA, HALF)
        np.testing.assert_array_equal(found, RasterRenderer(scene, SIZE).render(frame, CAMERA, HALF))
