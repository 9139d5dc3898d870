"""Colours and textures: which of them count, what of them reaches a GLB, and which vertices are shared."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import trimesh
from mesh_files import box, drawn, glb_of, robot_of
from PIL import Image
from trimesh.visual import ColorVisuals, TextureVisuals
from trimesh.visual.material import PBRMaterial, SimpleMaterial
from urdf_files import mesh, one_link, visual, write_urdf

from replay_viewer.robot import Robot, load_robot
from replay_viewer.robot.materials import NEARLY_WHITE, NEUTRAL
from replay_viewer.robot.weld import weld

RED = (0.8, 0.2, 0.1, 1.0)


def red_material() -> str:
    return '<material name="red"><color rgba="0.8 0.2 0.1 1"/></material>'


def base_color(scene: trimesh.Scene) -> list[float]:
    """The only material's colour, linear."""
    (material,) = glb_of(scene)[0]["materials"]
    return material["pbrMetallicRoughness"]["baseColorFactor"]


def to_srgb(linear: float) -> float:
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


# Colours.


def rgba_of(robot: Robot) -> tuple[float, ...]:
    (item,) = robot.visuals
    return item.rgba


def test_a_mesh_without_colour_takes_the_urdfs(tmp_path: Path) -> None:
    box(tmp_path / "box.stl")
    assert rgba_of(robot_of(tmp_path, mesh("box.stl", red_material()))) == RED


def test_a_global_material_is_found_by_name_and_a_local_one_wins(tmp_path: Path) -> None:
    blue = '<material name="red"><color rgba="0 0 0.5 1"/></material>'
    by_name = one_link(visual('<box size="1 1 1"/>', '<material name="red"/>'))
    assert rgba_of(load_robot(write_urdf(tmp_path, red_material() + by_name))) == RED
    local = one_link(visual('<box size="1 1 1"/>', blue))
    assert rgba_of(load_robot(write_urdf(tmp_path, red_material() + local))) == (0, 0, 0.5, 1)


@pytest.mark.parametrize("suffix", ["dae", "obj"])
def test_a_meshs_own_colour_stays(tmp_path: Path, suffix: str) -> None:
    green = PBRMaterial(baseColorFactor=[26, 128, 51, 255])
    box(tmp_path / f"box.{suffix}", TextureVisuals(material=green if suffix != "obj" else green.to_simple()))
    robot = robot_of(tmp_path, mesh(f"box.{suffix}", red_material()))
    np.testing.assert_allclose(rgba_of(robot), (0.1, 0.5, 0.2, 1), atol=0.005)


def test_colours_read_from_a_glb_are_linear_and_become_srgb(tmp_path: Path) -> None:
    green = TextureVisuals(material=PBRMaterial(baseColorFactor=[26, 128, 51, 255]))
    box(tmp_path / "one.glb", green)
    expected = [to_srgb(value / 255) for value in (26, 128, 51)]
    np.testing.assert_allclose(rgba_of(robot_of(tmp_path, mesh("one.glb", red_material())))[:3], expected, atol=0.005)


def test_colours_of_a_glb_survive_the_way_to_the_page(tmp_path: Path) -> None:
    box(tmp_path / "one.glb", TextureVisuals(material=PBRMaterial(baseColorFactor=[26, 128, 51, 255])))
    shown = base_color(drawn(robot_of(tmp_path, mesh("one.glb"))))
    np.testing.assert_allclose(shown[:3], [26 / 255, 128 / 255, 51 / 255], atol=0.005)


def test_what_has_no_colour_is_neutral_and_white_keeps_its_shading(tmp_path: Path) -> None:
    white = '<material name="w"><color rgba="1 1 1 1"/></material>'
    assert rgba_of(robot_of(tmp_path, visual('<box size="1 1 1"/>'))) == NEUTRAL
    assert rgba_of(robot_of(tmp_path, visual('<box size="1 1 1"/>', white))) == (*[NEARLY_WHITE] * 3, 1)


def test_texture_coordinates_without_a_material_are_no_colour(tmp_path: Path) -> None:
    (tmp_path / "tri.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n")
    assert rgba_of(robot_of(tmp_path, mesh("tri.obj", red_material()))) == RED


def test_invisible_visuals_are_left_out(tmp_path: Path) -> None:
    hidden = '<material name="h"><color rgba="1 0 0 0"/></material>'
    assert robot_of(tmp_path, visual('<box size="1 1 1"/>', hidden)).visuals == ()


def test_colours_in_a_glb_are_linear_and_not_metallic(tmp_path: Path) -> None:
    scene = drawn(robot_of(tmp_path, visual('<box size="1 1 1"/>', red_material())))
    np.testing.assert_allclose([to_srgb(value) for value in base_color(scene)[:3]], RED[:3], atol=0.02)
    (material,) = glb_of(scene)[0]["materials"]
    assert material["pbrMetallicRoughness"]["metallicFactor"] == 0
    assert "alphaMode" not in material


def test_transparent_colours_are_blended(tmp_path: Path) -> None:
    glass = '<material name="g"><color rgba="0.2 0.4 0.6 0.5"/></material>'
    scene = drawn(robot_of(tmp_path, visual('<box size="1 1 1"/>', glass)))
    (material,) = glb_of(scene)[0]["materials"]
    assert material["alphaMode"] == "BLEND"
    assert material["pbrMetallicRoughness"]["baseColorFactor"][3] == pytest.approx(0.5, abs=0.01)


def test_parts_of_one_colour_are_merged_and_others_kept_apart(tmp_path: Path) -> None:
    block = '<box size="1 1 1"/>'
    scene = drawn(robot_of(tmp_path, visual(block, red_material()) * 3 + visual(block)))
    header, _ = glb_of(scene)
    assert len(header["materials"]) == len(header["meshes"]) == 2
    parts = [part for part in scene.geometry.values() if isinstance(part, trimesh.Trimesh)]
    assert sorted(len(part.faces) for part in parts) == [12, 36]


def test_vertex_colours_reach_the_glb_linear(tmp_path: Path) -> None:
    colors = np.tile(np.array([128, 64, 200, 255], dtype=np.uint8), (8, 1))
    box(tmp_path / "box.ply", ColorVisuals(vertex_colors=colors))
    header, binary = glb_of(drawn(robot_of(tmp_path, mesh("box.ply", red_material()))))
    (primitive,) = header["meshes"][0]["primitives"]
    view = header["bufferViews"][header["accessors"][primitive["attributes"]["COLOR_0"]]["bufferView"]]
    found = np.frombuffer(binary, np.uint8, 3, view.get("byteOffset", 0)) / 255
    np.testing.assert_allclose([to_srgb(value) for value in found], [128 / 255, 64 / 255, 200 / 255], atol=0.01)
    assert header["materials"][0]["pbrMetallicRoughness"]["metallicFactor"] == 0


# Textures.


def jpeg(path: Path) -> bytes:
    """A picture of 64 x 64 random pixels."""
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path.read_bytes()


def textured_obj(folder: Path, image: str) -> None:
    (folder / "tri.obj").write_text(
        "mtllib tri.mtl\nusemtl m\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n"
    )
    (folder / "tri.mtl").write_text(f"newmtl m\nmap_Kd {image}\n")


@pytest.mark.parametrize("image", ["paint.jpg", "../textures/paint.jpg"])
def test_textures_reach_the_glb_as_they_are(tmp_path: Path, image: str) -> None:
    for folder in ("meshes", "textures"):
        (tmp_path / folder).mkdir()
    data = jpeg(tmp_path / "meshes" / image)
    textured_obj(tmp_path / "meshes", image)
    header, binary = glb_of(drawn(robot_of(tmp_path, mesh("meshes/tri.obj"))))
    (stored,) = header["images"]
    view = header["bufferViews"][stored["bufferView"]]
    assert binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]].startswith(data)
    assert stored["mimeType"] == "image/jpeg"
    assert "TEXCOORD_0" in header["meshes"][0]["primitives"][0]["attributes"]


def test_textures_from_elsewhere_are_not_read(tmp_path: Path) -> None:
    jpeg(tmp_path / "secret.jpg")
    (tmp_path / "robot/meshes").mkdir(parents=True)
    textured_obj(tmp_path / "robot/meshes", "../../secret.jpg")
    header, _ = glb_of(drawn(load_robot(write_urdf(tmp_path / "robot", one_link(mesh("meshes/tri.obj"))))))
    assert "images" not in header


def test_textures_of_anymal_c_survive(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / "anymal_c_simple_description/urdf/anymal.urdf")
    header, binary = glb_of(drawn(robot))
    images = [header["bufferViews"][image["bufferView"]] for image in header["images"]]
    sizes = [Image.open(io.BytesIO(binary[v["byteOffset"] :][: v["byteLength"]])).size for v in images]
    assert (2048, 2048) in sizes


# Welding.


def corners(made: trimesh.Trimesh, normals: np.ndarray) -> tuple[trimesh.Trimesh, np.ndarray]:
    """The mesh with three vertices of its own for each triangle, and their normals."""
    faces = np.arange(3 * len(made.faces)).reshape(-1, 3)
    return trimesh.Trimesh(made.vertices[made.faces.reshape(-1)], faces, process=False), normals


def test_normals_of_a_flat_shaded_mesh_are_dropped_and_its_vertices_shared() -> None:
    ball = trimesh.creation.icosphere(subdivisions=3)
    welded, normals = weld(*corners(ball, np.repeat(ball.face_normals, 3, axis=0)))
    assert normals is None
    assert len(welded.vertices) == len(ball.vertices)
    np.testing.assert_allclose(welded.triangles, ball.triangles)


def test_normals_of_a_smooth_mesh_are_kept() -> None:
    ball = trimesh.creation.icosphere(subdivisions=3)
    welded, normals = weld(*corners(ball, ball.vertices[ball.faces.reshape(-1)]))
    assert normals is not None
    assert len(welded.vertices) == len(normals) == len(ball.vertices)
    np.testing.assert_allclose(normals, welded.vertices, atol=1e-6)


def test_vertices_at_a_texture_seam_stay_apart() -> None:
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 1, 0], [-1, 0, 0]])
    uv = np.array([[0.0, 0], [1, 0], [0, 1], [0.5, 0], [0, 1], [1, 1]])
    look = TextureVisuals(uv=uv, material=SimpleMaterial(image=Image.new("RGB", (4, 4))))
    made = trimesh.Trimesh(vertices, [[0, 1, 2], [3, 4, 5]], visual=look, process=False)
    welded, _ = weld(made, None)
    assert isinstance(welded.visual, TextureVisuals)
    assert len(welded.vertices) == 5
    np.testing.assert_allclose(welded.triangles, made.triangles)
    np.testing.assert_allclose(np.asarray(welded.visual.uv)[welded.faces], uv[made.faces])


def test_vertices_of_different_colours_stay_apart() -> None:
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 1, 0], [-1, 0, 0]])
    colors = np.array([[255, 0, 0, 255]] * 3 + [[0, 255, 0, 255]] * 3, dtype=np.uint8)
    made = trimesh.Trimesh(vertices, [[0, 1, 2], [3, 4, 5]], vertex_colors=colors, process=False)
    welded, _ = weld(made, None)
    assert isinstance(welded.visual, ColorVisuals)
    assert len(welded.vertices) == 6
    np.testing.assert_array_equal(np.asarray(welded.visual.vertex_colors)[welded.faces], colors[made.faces])


def test_colours_of_faces_stay_sharp(tmp_path: Path) -> None:
    made = trimesh.creation.box((1, 1, 1))
    colors = np.tile(np.array([[200, 0, 0, 255], [0, 0, 200, 255]], dtype=np.uint8), (6, 1))
    looks = trimesh.Trimesh(made.vertices, made.faces, face_colors=colors, process=False)
    welded, _ = weld(looks, None)
    assert isinstance(welded.visual, ColorVisuals)
    np.testing.assert_array_equal(welded.visual.face_colors, colors)
