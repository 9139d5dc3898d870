"""Levels of detail: fewer triangles, moved by less than a cell, closed, and with the same look."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import trimesh
from mesh_files import robot_of
from PIL import Image
from scipy.spatial import KDTree
from trimesh.visual import ColorVisuals, TextureVisuals
from trimesh.visual.material import PBRMaterial
from urdf_files import joint, mesh, visual, write_urdf

from replay_viewer.render.mesh.levels_of_detail import FINEST, Levels, simplified
from replay_viewer.render.mesh.surface import Surface, robot_surface
from replay_viewer.robot import load_robot

GO2 = "go2_description/urdf/go2.urdf"
ANYMAL_C = "anymal_c_simple_description/urdf/anymal.urdf"
G1 = "g1_description/urdf/g1_29dof_rev_1_0.urdf"
TALOS = "talos_data/robots/talos_full_v2.urdf"
REAL = [GO2, ANYMAL_C, *(pytest.param(file, marks=pytest.mark.slow) for file in (G1, TALOS))]

# Where the texture of a tube meets itself, in turns: within a cell.
SEAM = 0.111


def surface_of(folder: Path, shape: trimesh.Trimesh, suffix: str = "ply") -> Surface:
    shape.export(folder / f"m.{suffix}")
    return robot_surface(robot_of(folder, mesh(f"m.{suffix}")))


def smooth_ball(folder: Path, subdivisions: int = 5) -> Surface:
    """A ball of radius 1 with smooth normals."""
    ball = trimesh.creation.icosphere(subdivisions=subdivisions)
    return surface_of(folder, trimesh.Trimesh(ball.vertices, ball.faces, vertex_normals=ball.vertices), "glb")


def flat_prism(folder: Path, sides: int, subdivisions: int = 0) -> Surface:
    """A flat shaded prism of radius 0.5 m and 1 m long."""
    prism = trimesh.creation.cylinder(radius=0.5, height=1.0, sections=sides)
    for _ in range(subdivisions):
        prism = prism.subdivide()
    return surface_of(folder, prism, "stl")


def world_edges(surface: Surface) -> np.ndarray:
    """Directed edges (3 F, 2) between places, by number."""
    _, place = np.unique(surface.vertices, axis=0, return_inverse=True)
    corners = place.ravel()[surface.triangles]
    return np.concatenate([corners[:, (0, 1)], corners[:, (1, 2)], corners[:, (2, 0)]])


def face_normals(surface: Surface) -> np.ndarray:
    corners = surface.vertices[surface.triangles].astype(np.float64)
    crosses = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return crosses / np.linalg.norm(crosses, axis=1, keepdims=True)


# How much, and how far.


@pytest.mark.parametrize("file", REAL)
def test_triangles_of_real_robots_fall_with_every_level(robots_dir: Path, file: str) -> None:
    levels = Levels(robot_surface(load_robot(robots_dir / file)))
    counts = [len(levels.at(cell).triangles) for cell in (0.004, 0.008, 0.016, 0.032, 0.064)]
    assert all(coarser < 0.7 * finer for finer, coarser in pairwise(counts))
    assert counts[1] < 0.6 * len(levels.full.triangles)
    assert counts[-1] < 0.03 * len(levels.full.triangles)


@pytest.mark.parametrize("file", REAL)
@pytest.mark.parametrize("cell", [0.008, 0.064])
def test_points_move_by_less_than_a_cell(robots_dir: Path, file: str, cell: float) -> None:
    full = robot_surface(load_robot(robots_dir / file))
    level = simplified(full, cell)
    for link in np.unique(level.links):
        tree = KDTree(full.vertices[full.links == link])
        distances, _ = tree.query(level.vertices[level.links == link], p=np.inf)
        assert distances.max() < cell
    np.testing.assert_array_less(level.centers + level.radii[:, None], full.centers + full.radii[:, None] + 2 * cell)


def test_no_part_of_a_ball_goes_missing(tmp_path: Path) -> None:
    full = smooth_ball(tmp_path)
    level = simplified(full, 0.1)
    assert len(level.triangles) < 0.3 * len(full.triangles)
    distances, _ = KDTree(level.vertices).query(full.vertices, p=np.inf)
    assert distances.max() < 0.1
    assert np.linalg.norm(level.vertices, axis=1).min() > 0.98


# Closed, and of the same look.


@pytest.mark.parametrize("cell", [0.05, 0.1, 0.3])
def test_a_closed_surface_stays_closed(tmp_path: Path, cell: float) -> None:
    for full in (smooth_ball(tmp_path), flat_prism(tmp_path, 64, subdivisions=2)):
        level = simplified(full, cell)
        assert len(level.triangles) < len(full.triangles)
        edges = {tuple(edge) for edge in world_edges(level).tolist()}
        assert {(b, a) for a, b in edges} == edges


def test_a_thin_plate_keeps_both_sides(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(subdivisions=4)
    flat = ball.vertices * [1, 1, 0] + [0, 0, 0.1]
    lid = trimesh.Trimesh(flat, ball.faces[ball.triangles_center[:, 2] > 0])
    bottom = trimesh.Trimesh(lid.vertices - np.array([0, 0, 0.01]), lid.faces[:, ::-1])
    level = simplified(surface_of(tmp_path, lid + bottom, "stl"), 0.2)
    assert np.ptp(level.vertices[:, 2]) < 0.01
    up = face_normals(level)[:, 2]
    assert (up > 0.9).sum() == (up < -0.9).sum() > 0


def test_no_triangle_is_there_twice_or_without_an_area(tmp_path: Path) -> None:
    one, two = (robot_surface(robot_of(tmp_path, count * visual('<sphere radius="1"/>'))) for count in (1, 2))
    assert len(two.triangles) == 2 * len(one.triangles)
    level = simplified(two, 0.2)
    assert len(level.triangles) <= len(one.triangles)
    corners = level.vertices[level.triangles]
    assert (np.linalg.norm(corners - corners[:, (1, 2, 0)], axis=-1) > 0).all()
    edges = world_edges(level).reshape(3, -1, 2)[:, :, 0].T
    turned = {tuple(np.roll(row, -row.argmin()).tolist()) for row in edges}
    assert len(turned) == len(level.triangles)


def test_normals_of_a_ball_still_point_from_its_middle(tmp_path: Path) -> None:
    level = simplified(smooth_ball(tmp_path), 0.1)
    directions = level.vertices / np.linalg.norm(level.vertices, axis=1, keepdims=True)
    angles = np.degrees(np.arccos(np.clip((directions * level.normals).sum(axis=1), -1, 1)))
    assert angles.max() < 6
    np.testing.assert_allclose(np.linalg.norm(level.normals, axis=1), 1, atol=1e-5)
    assert ((face_normals(level)[:, None] * level.normals[level.triangles]).sum(axis=-1) > 0.9).all()


def test_large_flat_faces_stay_flat(tmp_path: Path) -> None:
    full = flat_prism(tmp_path, 12)
    level = simplified(full, 0.01)
    agreement = (face_normals(level)[:, None] * level.normals[level.triangles]).sum(axis=-1)
    assert agreement.min() > np.cos(np.radians(4))


def test_a_box_of_small_triangles_keeps_its_edges(tmp_path: Path) -> None:
    box = trimesh.creation.box((1, 1, 1))
    for _ in range(5):
        box = box.subdivide()
    full = surface_of(tmp_path, box, "stl")
    level = simplified(full, 0.1)
    assert len(level.triangles) < 0.2 * len(full.triangles)
    np.testing.assert_allclose(np.abs(level.normals).max(axis=1), 1, atol=1e-6)


def test_colours_are_not_mixed(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(subdivisions=4)
    colors = np.where(ball.vertices[:, 2:] > 0, [[200, 20, 20, 255]], [[20, 20, 200, 255]]).astype(np.uint8)
    ball.visual = ColorVisuals(vertex_colors=colors)
    full = surface_of(tmp_path, ball)
    level = simplified(full, 0.15)
    assert len(level.triangles) < 0.3 * len(full.triangles)
    np.testing.assert_allclose(np.unique(level.colors, axis=0), np.unique(full.colors, axis=0), atol=1e-6)


def test_links_are_not_mixed(tmp_path: Path) -> None:
    ball = visual('<sphere radius="1"/>')
    body = f'<link name="a">{ball}</link><link name="b">{ball}</link>' + joint("j", "continuous", "a", "b")
    full = robot_surface(load_robot(write_urdf(tmp_path, body)))
    level = simplified(full, 0.2)
    counts = np.bincount(level.links[level.triangles[:, 0]])
    assert counts[0] == counts[1] == len(level.triangles) / 2


def test_texture_coordinates_are_not_averaged_across_a_seam(tmp_path: Path) -> None:
    level = seamed_tube(tmp_path)
    turns = (np.arctan2(level.vertices[:, 1], level.vertices[:, 0]) / (2 * np.pi) - SEAM) % 1
    apart = np.abs(turns - level.uv[:, 0])
    # A mean of 0 and 1 would be the colour of the opposite side.
    assert np.minimum(apart, 1 - apart).max() < 0.05


def seamed_tube(folder: Path) -> Surface:
    """A level of a tube about z, of radius 1, whose texture goes once around it and meets itself at `SEAM`."""
    turns, heights = np.meshgrid(np.linspace(0, 1, 201), np.linspace(0, 1, 41), indexing="ij")
    angle = 2 * np.pi * (turns.ravel() + SEAM)
    vertices = np.column_stack([np.cos(angle), np.sin(angle), heights.ravel()])
    corner = (np.arange(200)[:, None] * 41 + np.arange(40)).ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + 41, corner + 42], 1), np.stack([corner, corner + 42, corner + 1], 1)]
    )
    paint = Image.fromarray(np.zeros((16, 16, 3), np.uint8))
    looks = TextureVisuals(np.column_stack([turns.ravel(), heights.ravel()]), PBRMaterial(baseColorTexture=paint))
    normals = vertices * [1, 1, 0]
    shape = trimesh.Trimesh(vertices, faces, vertex_normals=normals, visual=looks, process=False)
    full = surface_of(folder, shape, "glb")
    assert (full.textures == 0).all()
    level = simplified(full, 0.1)
    assert len(level.triangles) < 0.5 * len(full.triangles)
    return level


def test_textures_stay_on_their_triangles(robots_dir: Path) -> None:
    full = robot_surface(load_robot(robots_dir / ANYMAL_C))
    level = simplified(full, 0.008)
    assert level.atlas is full.atlas
    assert set(level.textures.tolist()) == set(full.textures.tolist())
    for link in np.unique(level.links):
        of_link = {s: s.textures[s.links[s.triangles[:, 0]] == link] for s in (full, level)}
        assert set(of_link[level].tolist()) <= set(of_link[full].tolist())


# Which level is given.


def test_the_full_surface_is_given_below_the_finest_cell(tmp_path: Path) -> None:
    levels = Levels(smooth_ball(tmp_path, 2))
    assert levels.at(0.0) is levels.at(0.9 * FINEST) is levels.full


def test_a_level_that_saves_little_is_not_made(tmp_path: Path) -> None:
    levels = Levels(smooth_ball(tmp_path, 3))
    assert levels.at(0.001) is levels.full


def test_the_level_is_the_largest_that_is_allowed(tmp_path: Path) -> None:
    levels = Levels(smooth_ball(tmp_path))
    cell = FINEST * 2**8
    assert levels.at(cell) is levels.at(1.9 * cell) is not levels.at(2 * cell)
    np.testing.assert_array_equal(levels.at(1.5 * cell).vertices, simplified(levels.full, cell).vertices)


def test_something_is_left_however_small_the_picture(tmp_path: Path) -> None:
    levels = Levels(smooth_ball(tmp_path, 3))
    assert 0 < len(levels.at(1000.0).triangles) < 50


def test_levels_of_nothing_are_nothing(tmp_path: Path) -> None:
    levels = Levels(robot_surface(robot_of(tmp_path, "")))
    assert len(levels.at(1.0).triangles) == 0


def test_threads_that_ask_at_once_get_the_same_level(tmp_path: Path) -> None:
    levels = Levels(smooth_ball(tmp_path))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: levels.at(0.1), range(8)))
    assert all(level is found[0] for level in found)


def test_a_level_does_not_depend_on_which_was_made_before(robots_dir: Path) -> None:
    full = robot_surface(load_robot(robots_dir / GO2))
    once, again = Levels(full), Levels(full)
    for cell in (0.004, 0.008):
        again.at(cell)
    for name in ("vertices", "normals", "colors", "triangles"):
        np.testing.assert_array_equal(getattr(once.at(0.016), name), getattr(again.at(0.016), name))
