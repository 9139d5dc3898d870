"""Mesh files on links: places, colours, textures, what is shared, what is left out, and what reaches a GLB."""

from __future__ import annotations

import io
import json
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
import yourdfpy
from PIL import Image
from scipy.spatial import KDTree
from trimesh.visual import ColorVisuals, TextureVisuals
from trimesh.visual.material import PBRMaterial, SimpleMaterial
from urdf_files import joint, mesh, one_link, visual, write_urdf

from replay_viewer import rotations
from replay_viewer.errors import BadField, UnknownName
from replay_viewer.robot import Robot, Visual, from_shape, load_robot, neutral_body
from replay_viewer.robot.materials import NEARLY_WHITE, NEUTRAL
from replay_viewer.robot.weld import weld

GO2 = "go2_description/urdf/go2.urdf"
ANYMAL_C = "anymal_c_simple_description/urdf/anymal.urdf"
G1 = "g1_description/urdf/g1_29dof_rev_1_0.urdf"
TALOS = "talos_data/robots/talos_full_v2.urdf"
RED = (0.8, 0.2, 0.1, 1.0)


def red_material() -> str:
    return '<material name="red"><color rgba="0.8 0.2 0.1 1"/></material>'


def robot_of(tmp_path: Path, visuals: str) -> Robot:
    """One link 'a' with these visuals."""
    return load_robot(write_urdf(tmp_path, one_link(visuals)))


def box(path: Path, look: ColorVisuals | TextureVisuals | None = None) -> Path:
    """A box of 1 x 2 x 3 metres whose least corner is the origin, as a file."""
    made = trimesh.creation.box(bounds=[[0, 0, 0], [1, 2, 3]])
    if look is not None:
        made.visual = look
    made.export(path)
    return path


def drawn(robot: Robot, link: int = 0) -> trimesh.Scene:
    scene = robot.link_mesh(link)
    assert scene is not None
    return scene


def glb_of(scene: trimesh.Scene) -> tuple[dict[str, Any], bytes]:
    """The JSON and the binary chunk of what a browser gets."""
    data = scene.export(file_type="glb")
    assert isinstance(data, bytes)
    (json_length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + json_length]), data[28 + json_length :]


def base_color(scene: trimesh.Scene) -> list[float]:
    """The only material's colour, linear."""
    (material,) = glb_of(scene)[0]["materials"]
    return material["pbrMetallicRoughness"]["baseColorFactor"]


def to_srgb(linear: float) -> float:
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


# Places.


def world_points(robot: Robot) -> np.ndarray:
    """All vertices in the zero pose, in the root's frame."""
    positions, wxyz = robot.forward_kinematics(np.zeros(robot.num_joints))
    points = []
    for item in robot.visuals:
        local = trimesh.transform_points(item.mesh.vertices, item.origin)
        points.append(positions[item.link] + rotations.rotate(wxyz[item.link], local))
    return np.concatenate(points)


@pytest.mark.parametrize("file", [GO2, ANYMAL_C])
def test_real_meshes_lie_where_yourdfpy_puts_them(robots_dir: Path, file: str) -> None:
    root = robots_dir.parents[1]
    peer = yourdfpy.URDF.load(
        str(robots_dir / file), filename_handler=lambda fname: str(root / fname.removeprefix("package://"))
    )
    expected = peer.scene.to_mesh().vertices
    found = world_points(load_robot(robots_dir / file))
    for these, those in ((found, expected), (expected, found)):
        distances, _ = KDTree(these).query(those[::7])
        assert distances.max() < 1e-6


@pytest.mark.parametrize("suffix", ["stl", "STL", "ply", "obj", "dae", "glb"])
def test_every_format_is_read(tmp_path: Path, suffix: str) -> None:
    box(tmp_path / f"box.{suffix}")
    robot = robot_of(tmp_path, mesh(f"box.{suffix}", '<origin xyz="10 0 0"/>', scale="1 1 2"))
    np.testing.assert_allclose(drawn(robot).bounds, [[10, 0, 0], [11, 2, 6]], atol=1e-6)
    assert robot.problems == ()


def test_gltf_with_its_files_beside_it_is_read(tmp_path: Path) -> None:
    exported = trimesh.Scene(trimesh.creation.box((1, 2, 3))).export(file_type="gltf")
    assert isinstance(exported, dict)
    for name, data in exported.items():
        (tmp_path / name).write_bytes(data)
    np.testing.assert_allclose(drawn(robot_of(tmp_path, mesh("model.gltf"))).extents, [1, 2, 3], atol=1e-6)


def test_collada_is_scaled_to_metres_and_not_turned(tmp_path: Path) -> None:
    path = box(tmp_path / "box.dae")
    text = path.read_text()
    head, tail = text.split("</asset>", 1)
    head = head.split("<up_axis>")[0].split("<unit")[0]
    path.write_text(f'{head}<unit name="centimeter" meter="0.01"/><up_axis>Y_UP</up_axis></asset>{tail}')
    np.testing.assert_allclose(drawn(robot_of(tmp_path, mesh("box.dae"))).bounds, [[0, 0, 0], [0.01, 0.02, 0.03]])


def test_mirroring_scale_does_not_turn_a_mesh_inside_out(tmp_path: Path) -> None:
    box(tmp_path / "box.stl")
    scene = drawn(robot_of(tmp_path, mesh("box.stl", scale="1 -1 1")))
    np.testing.assert_allclose(scene.bounds, [[0, -2, 0], [1, 0, 3]])
    assert scene.to_mesh().volume == pytest.approx(6)


def test_normals_stay_upright_under_uneven_and_mirroring_scales(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(subdivisions=3)
    trimesh.Trimesh(ball.vertices, ball.faces, vertex_normals=ball.vertices, process=False).export(tmp_path / "b.glb")
    (ellipsoid,) = drawn(robot_of(tmp_path, mesh("b.glb", scale="1 -2 4"))).geometry.values()
    assert isinstance(ellipsoid, trimesh.Trimesh)
    expected = ellipsoid.vertices / np.square([1, 2, 4])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(ellipsoid.vertex_normals, expected, atol=1e-4)


def test_what_is_fixed_to_a_link_is_drawn_with_it(tmp_path: Path) -> None:
    box(tmp_path / "box.stl")
    body = '<link name="root"/><link name="arm"/>' + f'<link name="hand">{mesh("box.stl")}</link>'
    body += joint("j", "revolute", "root", "arm", '<axis xyz="0 0 1"/>')
    body += joint("weld", "fixed", "arm", "hand", '<origin xyz="5 0 0"/>')
    robot = load_robot(write_urdf(tmp_path, body))
    assert [robot.link_mesh(link) is not None for link in range(3)] == [False, True, False]
    np.testing.assert_allclose(drawn(robot, 1).bounds, [[5, 0, 0], [6, 2, 3]])


# Sharing and laziness.


def test_a_file_used_twice_is_one_mesh(tmp_path: Path) -> None:
    box(tmp_path / "box.stl")
    visuals = (
        mesh("box.stl") + mesh("./box.stl", '<origin xyz="1 0 0"/>', scale="2 2 2") + visual('<box size="1 1 1"/>')
    )
    first, second, _ = robot_of(tmp_path, visuals).visuals
    assert first.mesh is second.mesh
    assert first.mesh_key == second.mesh_key


def test_real_robots_share_meshes(robots_dir: Path) -> None:
    visuals = load_robot(robots_dir / ANYMAL_C).visuals
    assert len(visuals) == 51
    assert len({id(item.mesh) for item in visuals}) == len({item.mesh_key for item in visuals}) == 25


def test_meshes_are_not_read_before_they_are_needed(tmp_path: Path) -> None:
    (tmp_path / "broken.stl").write_bytes(b"not a mesh")
    robot = robot_of(tmp_path, mesh("broken.stl"))
    robot.forward_kinematics(np.zeros(0))
    assert robot.problems == ()
    assert robot.visuals == ()
    assert len(robot.problems) == 1


def test_threads_that_ask_at_once_get_the_same_meshes(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / GO2)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: robot.visuals, range(4)))
    assert all(result is results[0] for result in results)


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


@pytest.mark.parametrize("suffix", ["dae", "glb", "obj"])
def test_a_meshs_own_colour_stays(tmp_path: Path, suffix: str) -> None:
    green = PBRMaterial(baseColorFactor=[26, 128, 51, 255])
    box(tmp_path / f"box.{suffix}", TextureVisuals(material=green if suffix != "obj" else green.to_simple()))
    robot = robot_of(tmp_path, mesh(f"box.{suffix}", red_material()))
    np.testing.assert_allclose(rgba_of(robot), (0.1, 0.5, 0.2, 1), atol=0.005)


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
    robot = load_robot(robots_dir / ANYMAL_C)
    header, binary = glb_of(drawn(robot))
    images = [header["bufferViews"][image["bufferView"]] for image in header["images"]]
    sizes = [Image.open(io.BytesIO(binary[v["byteOffset"] :][: v["byteLength"]])).size for v in images]
    assert (2048, 2048) in sizes


# Files that cannot be used.


def test_entity_bomb_in_a_dae_is_left_out_and_never_grows(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    bomb = f'<!DOCTYPE COLLADA [<!ENTITY e0 "boom">{entities}]><COLLADA>&e11;</COLLADA>'
    (tmp_path / "bomb.dae").write_text(bomb)
    robot = robot_of(tmp_path, mesh("bomb.dae") + visual('<box size="1 1 1"/>'))
    start = time.perf_counter()
    assert len(robot.visuals) == 1
    assert time.perf_counter() - start < 1
    (problem,) = robot.problems
    assert problem.startswith(f"{tmp_path / 'bomb.dae'}: declares a document type")
    assert problem.endswith("Left out on link a.")


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("m.dae", b"<COLLADA", "cannot be read as DAE"),
        ("m.dae", b"<COLLADA/>", "cannot be read as DAE"),
        ("m.dae", b"PK\x03\x04", "is not valid XML"),
        ("m.stl", b"", "has no triangles"),
        ("m.stl", b"\0" * 80 + b"\xff\xff\xff\x7f" + b"\0" * 50, "has no triangles"),
        ("m.obj", b"v 0 0 0\n", "m.obj: "),
        ("m.glb", b"glTF\2\0\0\0", "cannot be read as GLB"),
        ("m.gltf", b'{"asset": {"version": "2.0"}}', "m.gltf: "),
        ("m.step", b"ISO-10303-21;", "is not a mesh format that is read here (dae, obj, stl, ply, glb, gltf)"),
        ("m.obj", b"v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n", "has vertices that are not finite"),
    ],
)
def test_broken_meshes_are_named_and_left_out(tmp_path: Path, name: str, data: bytes, complaint: str) -> None:
    (tmp_path / name).write_bytes(data)
    robot = robot_of(tmp_path, mesh(name) + visual('<box size="1 1 1"/>'))
    assert len(robot.visuals) == 1
    (problem,) = robot.problems
    assert complaint in problem
    assert "\n" not in problem
    assert problem.endswith("Left out on link a.")


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


# Bodies without a URDF.


def test_neutral_body_shows_its_heading() -> None:
    robot = neutral_body("spot")
    assert (robot.name, robot.link_names, robot.num_joints) == ("spot", ("base",), 0)
    rear, front = robot.visuals
    assert rear.rgba != front.rgba
    assert front_of(front) > front_of(rear)
    tip, root = (width_at(front, x) for x in (front_of(front), front_of(rear)))
    assert tip < 0.5 * root
    assert 0.2 < robot.radius < 0.6


def front_of(item: Visual) -> float:
    return float(trimesh.transform_points(item.mesh.vertices, item.origin)[:, 0].max())


def width_at(item: Visual, x: float) -> float:
    points = trimesh.transform_points(item.mesh.vertices, item.origin)
    return float(np.ptp(points[np.isclose(points[:, 0], x), 1]))


@pytest.mark.parametrize(
    ("shape", "extents"),
    [
        ({"type": "box", "size": [1, 2, 3]}, [1, 2, 3]),
        ({"type": "sphere", "radius": 0.5}, [1, 1, 1]),
        ({"type": "cylinder", "radius": 0.5, "length": 2}, [1, 1, 2]),
        ({"type": "capsule", "radius": 0.5, "length": 2}, [1, 1, 3]),
    ],
)
def test_objects_have_the_size_of_their_shape(shape: dict[str, Any], extents: list[float]) -> None:
    robot = from_shape("ball", {**shape, "color": [0.8, 0.2, 0.1]})
    np.testing.assert_allclose(drawn(robot).extents, extents, atol=0.02)
    assert rgba_of(robot) == RED
    assert robot.link_names == ("ball",)


def test_objects_can_be_meshes(tmp_path: Path) -> None:
    path = box(tmp_path / "box.stl")
    robot = from_shape("crate", {"type": "mesh", "path": str(path), "scale": [2, 1, 1]})
    np.testing.assert_allclose(drawn(robot).extents, [2, 2, 3])
    lost = from_shape("crate", {"type": "mesh", "path": str(tmp_path / "gone.stl")})
    assert lost.visuals == ()
    assert "gone.stl: cannot be read" in lost.problems[0]


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "box"},
        {"type": "box", "size": [1, 2]},
        {"type": "box", "size": "big"},
        {"type": "sphere", "radius": -1},
        {"type": "sphere", "radius": float("nan")},
        {"type": "sphere", "radius": 1, "color": [1]},
    ],
)
def test_objects_with_wrong_sizes_are_refused(shape: dict[str, Any]) -> None:
    with pytest.raises(BadField, match="object 'ball': 'shape' "):
        from_shape("ball", shape)


def test_unknown_shapes_list_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"'torus'.*box, sphere, cylinder, capsule, mesh"):
        from_shape("ring", {"type": "torus"})


# How large, how low.


def test_radius_reaches_the_farthest_point(tmp_path: Path) -> None:
    box(tmp_path / "box.stl")
    assert robot_of(tmp_path, mesh("box.stl")).radius == pytest.approx(np.sqrt(14))
    assert load_robot(write_urdf(tmp_path, one_link(""))).radius == 0.5


@pytest.mark.parametrize("file", [GO2, ANYMAL_C, G1, TALOS])
def test_lowest_point_is_that_of_the_meshes(robots_dir: Path, file: str) -> None:
    robot = load_robot(robots_dir / file)
    rng = np.random.default_rng(0)
    joint_pos = rng.uniform(-0.5, 0.5, (6, robot.num_joints))
    base_pos = rng.uniform(-1, 1, (6, 3))
    base_wxyz = rotations.from_rotation_vector(rng.uniform(-0.3, 0.3, (6, 3)))
    lowest = robot.lowest_point(joint_pos, base_pos, base_wxyz)
    positions, wxyz = robot.forward_kinematics(joint_pos, base_pos, base_wxyz)
    exact = [exact_lowest(robot, *pose) for pose in zip(positions, wxyz, strict=True)]
    assert (lowest >= np.array(exact) - 1e-9).all()
    np.testing.assert_allclose(lowest, exact, atol=0.002)


def exact_lowest(robot: Robot, positions: np.ndarray, wxyz: np.ndarray) -> float:
    """The lowest of all vertices."""
    matrices = rotations.to_matrix(wxyz)
    heights = [
        trimesh.transform_points(item.mesh.vertices, item.origin) @ matrices[item.link, 2] + positions[item.link, 2]
        for item in robot.visuals
    ]
    return float(np.concatenate(heights).min())


def test_lowest_point_keeps_batch_dimensions(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / GO2)
    shape = (2, 300)
    base_pos = np.random.default_rng(0).normal(size=(*shape, 3))
    lowest = robot.lowest_point(np.zeros((*shape, 12)), base_pos, np.tile([1.0, 0, 0, 0], (*shape, 1)))
    np.testing.assert_allclose(lowest - base_pos[..., 2], lowest[0, 0] - base_pos[0, 0, 2], atol=1e-12)


def test_lowest_point_without_meshes_is_the_lowest_link(tmp_path: Path) -> None:
    body = '<link name="a"/><link name="b"/>' + joint("j", "fixed", "a", "b", '<origin xyz="0 0 -2"/>')
    robot = load_robot(write_urdf(tmp_path, body))
    lowest = robot.lowest_point(np.zeros((4, 0)), np.zeros((4, 3)), np.tile([1.0, 0, 0, 0], (4, 1)))
    np.testing.assert_allclose(lowest, -2)


def test_lowest_point_of_a_thousand_poses_takes_less_than_50_ms(robots_dir: Path) -> None:
    robot = load_robot(robots_dir / G1)
    joint_pos = np.zeros((1000, robot.num_joints), dtype=np.float32)
    base = np.zeros((1000, 3), np.float32), np.tile(np.array([1, 0, 0, 0], np.float32), (1000, 1))
    robot.lowest_point(joint_pos, *base)
    start = time.process_time()
    robot.lowest_point(joint_pos, *base)
    assert time.process_time() - start < 0.05
