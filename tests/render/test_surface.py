"""Robots and terrain as flat arrays: what the browser gets, in other words, and blocks that can be left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from mesh_files import box, drawn, robot_of
from PIL import Image
from trimesh.visual import ColorVisuals
from urdf_files import mesh, one_link, visual, write_urdf

from replay_viewer.render.mesh.link_triangles import BLOCK_SIZE
from replay_viewer.render.mesh.surface import Surface, robot_surface, terrain_surface
from replay_viewer.render.mesh.textures import make_atlas
from replay_viewer.robot import Robot, load_robot
from replay_viewer.robot.materials import to_linear
from replay_viewer.rollout.rollout import Terrain

GO2 = "go2_description/urdf/go2.urdf"
ANYMAL_C = "anymal_c_simple_description/urdf/anymal.urdf"
G1 = "g1_description/urdf/g1_29dof_rev_1_0.urdf"
TALOS = "talos_data/robots/talos_full_v2.urdf"
REAL = [GO2, ANYMAL_C, *(pytest.param(file, marks=pytest.mark.slow) for file in (G1, TALOS))]


def corners_of(surface: Surface, link: int | None = None) -> np.ndarray:
    """Corners (F, 3, 3) of all triangles, or of those on a link."""
    corners = surface.vertices[surface.triangles].astype(np.float64)
    return corners if link is None else corners[surface.links[surface.triangles[:, 0]] == link]


def face_normals(corners: np.ndarray) -> np.ndarray:
    """Normals (F, 3) by the right-hand rule, as long as twice the area."""
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def area_and_volume(corners: np.ndarray) -> tuple[float, float]:
    crosses = face_normals(corners)
    return np.linalg.norm(crosses, axis=1).sum() / 2, np.einsum("fk,fk->", corners[:, 0], crosses) / 6


# What the browser gets.


@pytest.mark.parametrize("file", REAL)
def test_real_robots_are_those_of_the_browser(robots_dir: Path, file: str) -> None:
    robot = load_robot(robots_dir / file)
    surface = robot_surface(robot)
    assert surface.problems == ()
    for link in range(robot.num_bodies):
        scene = robot.link_mesh(link)
        if scene is None:
            assert surface.radii[link] == -1
            continue
        expected = scene.to_mesh()
        found = corners_of(surface, link)
        np.testing.assert_allclose([found.min(axis=(0, 1)), found.max(axis=(0, 1))], expected.bounds, atol=1e-6)
        np.testing.assert_allclose(area_and_volume(found), area_and_volume(expected.triangles), rtol=1e-4, atol=1e-8)
        assert colors_of(surface, link) == gltf_colors(scene)


def colors_of(surface: Surface, link: int) -> set[tuple[int, ...]]:
    """Linear colours on a link as bytes."""
    return {tuple(row) for row in np.round(255 * surface.colors[surface.links == link]).astype(int).tolist()}


def gltf_colors(scene: trimesh.Scene) -> set[tuple[int, ...]]:
    """The same as glTF has them; a texture's factor is white."""
    materials: list[Any] = [getattr(part, "visual").material for part in scene.geometry.values()]  # noqa: B009
    white = (255, 255, 255)
    return {white if m.baseColorTexture is not None else tuple(m.baseColorFactor[:3].tolist()) for m in materials}


@pytest.mark.parametrize("file", REAL)
def test_arrays_of_real_robots_are_as_they_are_said_to_be(robots_dir: Path, file: str) -> None:
    robot = load_robot(robots_dir / file)
    surface = robot_surface(robot)
    count = len(surface.vertices)
    shapes = {"vertices": 3, "normals": 3, "colors": 3, "uv": 2}
    for name, width in shapes.items():
        array = getattr(surface, name)
        assert (array.shape, array.dtype, array.flags.c_contiguous) == ((count, width), np.float32, True)
        assert np.isfinite(array).all()
    for name in ("links", "triangles", "textures", "blocks"):
        assert getattr(surface, name).dtype == np.int32
        assert getattr(surface, name).flags.c_contiguous
    np.testing.assert_allclose(np.linalg.norm(surface.normals, axis=1), 1, atol=1e-5)
    assert surface.colors.min() >= 0
    assert surface.colors.max() <= 1
    assert set(surface.triangles.ravel().tolist()) == set(range(count))
    links = surface.links[surface.triangles]
    assert (links == links[:, :1]).all()
    assert (np.diff(surface.links) >= 0).all()
    assert (np.diff(links[:, 0]) >= 0).all()
    assert len(surface.radii) == robot.num_links


def test_textures_of_a_real_robot_are_on_its_triangles(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / ANYMAL_C)
    surface = robot_surface(robot)
    assert len(surface.atlas.num_levels) == 17  # 19 images; left and right hips and shanks have equal files.
    assert set(surface.textures.tolist()) == set(range(-1, 17))
    textured = np.unique(surface.triangles[surface.textures >= 0])
    assert (surface.colors[textured] == 1).all()
    assert surface.atlas.texels.nbytes < 100e6


# Small exact cases.


def test_a_flat_shaded_box_has_vertices_of_its_own_for_every_triangle(tmp_path: Path) -> None:
    box(tmp_path / "box.stl")
    surface = robot_surface(robot_of(tmp_path, mesh("box.stl", '<origin xyz="10 0 0"/>', scale="1 1 2")))
    corners = corners_of(surface)
    assert surface.vertices.shape == (36, 3)
    assert surface.triangles.shape == (12, 3)
    assert area_and_volume(corners) == pytest.approx((2 * (2 + 6 + 12), 12))
    np.testing.assert_allclose([corners.min(axis=(0, 1)), corners.max(axis=(0, 1))], [[10, 0, 0], [11, 2, 6]])
    crosses = face_normals(corners)
    expected = crosses / np.linalg.norm(crosses, axis=1, keepdims=True)
    np.testing.assert_allclose(surface.normals[surface.triangles], np.repeat(expected[:, None], 3, axis=1), atol=1e-6)
    assert (surface.textures == -1).all()
    assert (surface.uv == 0).all()


@pytest.mark.parametrize("file", ["box.stl", "ball.glb"])
def test_mirrored_visuals_keep_outward_winding_and_normals(tmp_path: Path, file: str) -> None:
    box(tmp_path / "box.stl")
    ball = trimesh.creation.icosphere(subdivisions=2)
    trimesh.Trimesh(ball.vertices, ball.faces, vertex_normals=ball.vertices).export(tmp_path / "ball.glb")
    plain = robot_surface(robot_of(tmp_path, mesh(file)))
    mirrored = robot_surface(robot_of(tmp_path, mesh(file, scale="1 -2 1")))
    assert area_and_volume(corners_of(mirrored))[1] == pytest.approx(2 * area_and_volume(corners_of(plain))[1])
    outward = np.einsum("fk,fck->fc", face_normals(corners_of(mirrored)), mirrored.normals[mirrored.triangles])
    assert (outward > 0).all()


def test_normals_turn_with_the_inverse_transpose(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(subdivisions=3)
    trimesh.Trimesh(ball.vertices, ball.faces, vertex_normals=ball.vertices).export(tmp_path / "ball.glb")
    surface = robot_surface(robot_of(tmp_path, mesh("ball.glb", scale="1 2 4")))
    assert len(surface.vertices) == len(ball.vertices)
    expected = surface.vertices / np.square([1, 2, 4])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(surface.normals, expected, atol=1e-4)


def test_vertex_colours_are_linear_and_belong_to_their_vertices(tmp_path: Path) -> None:
    colors = np.random.default_rng(0).integers(0, 255, (8, 4), dtype=np.uint8)
    path = box(tmp_path / "box.ply", ColorVisuals(vertex_colors=colors))
    original = trimesh.load_mesh(path, process=False)
    assert isinstance(original.visual, ColorVisuals)
    expected = {
        tuple(vertex): to_linear(color[:3] / 255)
        for vertex, color in zip(original.vertices.tolist(), original.visual.vertex_colors, strict=True)
    }
    surface = robot_surface(robot_of(tmp_path, mesh("box.ply")))
    wanted = np.array([expected[tuple(vertex)] for vertex in surface.vertices.tolist()])
    np.testing.assert_allclose(surface.colors, wanted, atol=1e-6)


def glass(alpha: float) -> str:
    return f'<material name="g{alpha}"><color rgba="0.2 0.4 0.6 {alpha}"/></material>'


def test_faint_visuals_are_left_out_and_half_transparent_ones_are_drawn(tmp_path: Path) -> None:
    block = '<box size="1 1 1"/>'
    surface = robot_surface(robot_of(tmp_path, visual(block, glass(0.04)) + visual(block, glass(0.5))))
    assert len(surface.triangles) == 12
    np.testing.assert_allclose(surface.colors, np.tile(to_linear(np.array([0.2, 0.4, 0.6])), (36, 1)), atol=1e-6)


def test_a_robot_without_anything_to_draw_has_empty_arrays(tmp_path: Path) -> None:
    surface = robot_surface(load_robot(write_urdf(tmp_path, one_link(""))))
    assert surface.vertices.shape == surface.triangles.shape == (0, 3)
    assert surface.blocks.shape == (0, 2)
    assert surface.atlas.texels.shape == (0, 3)
    assert surface.radii.tolist() == [-1]


def test_triangles_without_an_area_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "m.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 2 0 0\nf 1 2 3\nf 1 2 4\nf 1 1 2\n")
    surface = robot_surface(robot_of(tmp_path, mesh("m.obj")))
    assert surface.triangles.shape == (1, 3)
    np.testing.assert_allclose(surface.normals, np.tile([0, 0, 1], (3, 1)))


def test_a_vertex_without_a_normal_gets_that_of_its_triangle(tmp_path: Path) -> None:
    normals = "vn 0 0 0\nvn 0 0.6 0.8\nvn nan 0 0\nvn 0.6 0 0.8\n"
    (tmp_path / "m.obj").write_text(f"v 0 0 0\nv 1 0 0\nv 0 1 0\n{normals}f 1//1 2//2 3//4\nf 1//3 2//2 3//4\n")
    surface = robot_surface(robot_of(tmp_path, mesh("m.obj")))
    found = {tuple(np.round(normal, 6).tolist()) for normal in surface.normals.astype(np.float64)}
    assert found == {(0, 0, 1), (0, 0.6, 0.8), (0.6, 0, 0.8)}


# Textures.


def textured_triangle(folder: Path, image: bytes) -> Robot:
    """A triangle with a texture, whose texture coordinates are (0, 0), (1, 0) and (0, 0.75)."""
    (folder / "paint.jpg").write_bytes(image)
    (folder / "m.mtl").write_text("newmtl m\nKd 0.2 0.4 0.6\nmap_Kd paint.jpg\n")
    (folder / "m.obj").write_text(
        "mtllib m.mtl\nusemtl m\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 0.75\nf 1/1 2/2 3/3\n"
    )
    return robot_of(folder, mesh("m.obj"))


def photo(folder: Path) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "photo.jpg")
    return (folder / "photo.jpg").read_bytes()


def test_texture_coordinates_go_down(tmp_path: Path) -> None:
    surface = robot_surface(textured_triangle(tmp_path, photo(tmp_path)))
    uv = {tuple(vertex): tuple(at) for vertex, at in zip(surface.vertices.tolist(), surface.uv.tolist(), strict=True)}
    assert uv == {(0, 0, 0): (0, 1), (1, 0, 0): (1, 1), (0, 1, 0): (0, 0.25)}
    assert surface.textures.tolist() == [0]
    assert (surface.colors == 1).all()


def test_decoding_a_texture_leaves_the_viewer_its_file(tmp_path: Path) -> None:
    robot = textured_triangle(tmp_path, photo(tmp_path))
    robot_surface(robot)
    scene = drawn(robot).export(file_type="glb")
    assert isinstance(scene, bytes)
    assert (tmp_path / "photo.jpg").read_bytes() in scene


def test_a_broken_texture_is_named_and_drawn_as_the_materials_colour(tmp_path: Path) -> None:
    surface = robot_surface(textured_triangle(tmp_path, photo(tmp_path)[:-1000]))
    (problem,) = surface.problems
    assert problem.startswith(f"{tmp_path / 'm.obj'}: its texture cannot be read (")
    assert problem.endswith("Drawn in one colour.")
    assert surface.textures.tolist() == [-1]
    np.testing.assert_allclose(surface.colors, np.tile(to_linear(np.array([0.2, 0.4, 0.6])), (3, 1)), atol=0.01)


# Blocks.


def check_blocks(surface: Surface) -> None:
    """Blocks take all triangles in turn, up to 1024 each, of one link each, and lie within their spheres."""
    assert surface.blocks[0, 0] == 0
    assert surface.blocks[-1, 1] == len(surface.triangles)
    assert (surface.blocks[1:, 0] == surface.blocks[:-1, 1]).all()
    sizes = surface.blocks[:, 1] - surface.blocks[:, 0]
    assert 0 < sizes.min() <= sizes.max() <= BLOCK_SIZE
    block = np.repeat(np.arange(len(sizes)), sizes)
    links = surface.links[surface.triangles[surface.blocks[:, 0], 0]]
    assert (surface.links[surface.triangles] == links[block][:, None]).all()
    distances = np.linalg.norm(corners_of(surface) - surface.block_centers[block][:, None], axis=-1)
    assert (distances <= surface.block_radii[block][:, None]).all()


@pytest.mark.parametrize("file", REAL)
def test_spheres_hold_what_is_in_blocks_and_on_links(robots_dir: Path, file: str) -> None:
    surface = robot_surface(load_robot(robots_dir / file))
    check_blocks(surface)
    distances = np.linalg.norm(surface.vertices - surface.centers[surface.links], axis=1)
    assert (distances <= surface.radii[surface.links]).all()
    assert set(np.flatnonzero(surface.radii >= 0)) == set(surface.links.tolist())


# Terrain.


def hills(size: int, heights: np.ndarray) -> Terrain:
    """A height field of size x size cells of 0.1 m."""
    x, y = np.meshgrid(np.arange(size + 1) * 0.1, np.arange(size + 1) * 0.1, indexing="ij")
    corner = (np.arange(size)[:, None] * (size + 1) + np.arange(size)).ravel()
    lower = np.stack([corner, corner + size + 1, corner + size + 2], axis=-1)
    upper = np.stack([corner, corner + size + 2, corner + 1], axis=-1)
    vertices = np.stack([x, y, heights], axis=-1).reshape(-1, 3)
    return Terrain(vertices, np.concatenate([lower, upper]))


def rough(size: int) -> Terrain:
    return hills(size, np.random.default_rng(0).uniform(-0.1, 0.1, (size + 1, size + 1)))


def test_terrain_is_flat_shaded_in_one_colour() -> None:
    terrain = rough(40)
    surface = terrain_surface(terrain, np.array([0.1, 0.2, 0.3], np.float32))
    corners = corners_of(surface)
    assert area_and_volume(corners) == pytest.approx(area_and_volume(terrain.vertices[terrain.triangles]))
    crosses = face_normals(corners)
    expected = crosses / np.linalg.norm(crosses, axis=1, keepdims=True)
    agreement = np.einsum("fck,fk->fc", surface.normals[surface.triangles], expected)
    assert agreement.min() > np.cos(np.radians(0.5))
    np.testing.assert_allclose(surface.colors, np.tile([0.1, 0.2, 0.3], (len(surface.vertices), 1)), rtol=1e-6)
    assert len(surface.vertices) > 0.9 * 3 * len(surface.triangles)


def test_triangles_in_one_plane_share_vertices() -> None:
    surface = terrain_surface(hills(100, np.zeros((101, 101))), np.ones(3))
    assert len(surface.triangles) == 20_000
    assert len(surface.vertices) == 101 * 101


def test_blocks_of_a_large_terrain_are_small() -> None:
    surface = terrain_surface(rough(300), np.ones(3))
    check_blocks(surface)
    assert len(surface.triangles) == 180_000
    # 1024 triangles are a square of 2.3 m on a terrain of 30 m.
    assert np.median(surface.block_radii) < 2.5
    assert surface.radii[0] == pytest.approx(15 * np.sqrt(2), rel=0.01)


def test_terrain_without_triangles_is_empty() -> None:
    surface = terrain_surface(Terrain(np.zeros((3, 3)), np.array([[0, 1, 2]])), np.ones(3))
    assert len(surface.triangles) == len(surface.vertices) == len(surface.blocks) == 0


def test_an_atlas_of_nothing_is_empty() -> None:
    none: Mapping[str, Any] = {}
    atlas, index, problems = make_atlas(none)
    assert (atlas.table.shape, index, problems) == ((0, 1, 3), {}, {})
