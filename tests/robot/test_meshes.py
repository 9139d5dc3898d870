"""Mesh files on links: where they lie, what is shared, what is left out, and how far a robot reaches."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import trimesh
import yourdfpy
from collada_files import dae
from mesh_files import box, drawn, robot_of
from scipy.spatial import KDTree
from urdf_files import joint, mesh, one_link, visual, write_urdf

from replay_viewer import rotations
from replay_viewer.robot import Robot, load_robot

GO2 = "go2_description/urdf/go2.urdf"
ANYMAL_C = "anymal_c_simple_description/urdf/anymal.urdf"
G1 = "g1_description/urdf/g1_29dof_rev_1_0.urdf"
TALOS = "talos_data/robots/talos_full_v2.urdf"


# Places.


def world_points(robot: Robot) -> np.ndarray:
    """All vertices in the zero pose, in the root's frame."""
    positions, wxyz = robot.forward_kinematics(np.zeros(robot.num_joints))
    points = []
    for item in robot.visuals:
        local = trimesh.transform_points(item.mesh.vertices, item.origin)
        points.append(positions[item.link] + rotations.rotate(wxyz[item.link], local))
    return np.concatenate(points)


def peer_points(urdf: Path, packages: Path) -> np.ndarray:
    """The same as yourdfpy has it."""
    peer = yourdfpy.URDF.load(
        str(urdf), filename_handler=lambda fname: str(packages / fname.removeprefix("package://"))
    )
    placed = [peer.scene.graph[node] for node in peer.scene.graph.nodes_geometry]
    return np.concatenate([trimesh.transform_points(peer.scene.geometry[str(n)].vertices, t) for t, n in placed])


@pytest.mark.parametrize("file", [GO2, ANYMAL_C])
def test_real_meshes_lie_where_yourdfpy_puts_them(robots_dir: Path, file: str) -> None:
    expected = peer_points(robots_dir / file, robots_dir.parents[1])
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


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('version="1.0"', 'version="0.0"', 1).encode(),
        lambda text: f"<!-- exported -->\n{text}\0".encode(),
        lambda text: text.replace("<?xml ", '<?xml encoding="utf-16" ').encode("utf-16"),
        lambda text: text.replace("<asset>", '<extra><tool:x y:z="1"/></extra><asset>').encode(),
    ],
)
def test_collada_is_read_as_forgivingly_as_urdf(tmp_path: Path, change: Callable[[str], bytes]) -> None:
    (tmp_path / "brick.dae").write_bytes(change(dae()))
    robot = robot_of(tmp_path, mesh("brick.dae"))
    np.testing.assert_allclose(drawn(robot).extents, [0.1, 0.4, 0.1], atol=1e-6)
    assert robot.problems == ()


@pytest.mark.parametrize("suffix", ["stl", "obj", "dae", "glb", "gltf", "ply"])
@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"<!DOCTYPE html>\n<html></html>", "an HTML page"), (b"", "an empty file"), (bytes(99), "a file of zeros")],
)
def test_a_file_that_is_no_mesh_is_told_what_it_is(tmp_path: Path, suffix: str, content: bytes, kind: str) -> None:
    (tmp_path / f"part.{suffix}").write_bytes(content)
    robot = robot_of(tmp_path, mesh(f"part.{suffix}") + visual('<box size="1 1 1"/>'))
    assert len(robot.visuals) == 1
    assert kind in robot.problems[0]


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


# Files that cannot be used.


def test_entity_bomb_in_a_dae_is_left_out_and_never_grows(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    bomb = f'<!DOCTYPE COLLADA [<!ENTITY e0 "boom">{entities}]><COLLADA>&e11;</COLLADA>'
    (tmp_path / "bomb.dae").write_text(bomb)
    robot = robot_of(tmp_path, mesh("bomb.dae") + visual('<box size="1 1 1"/>'))
    assert len(robot.visuals) == 1
    (problem,) = robot.problems
    assert problem.startswith(f"{tmp_path / 'bomb.dae'}: declares a document type")
    assert problem.endswith("Left out on link a.")


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("m.dae", b"<COLLADA", "it is cut off: </COLLADA> is missing"),
        ("m.dae", b"<COLLADA/>", "has no triangles"),
        ("m.dae", b"PK\x03\x04", "is not valid XML"),
        ("m.stl", b"", "is an empty file"),
        (
            "m.stl",
            b"\0" * 80 + b"\xff\xff\xff\x7f" + b"\0" * 50,
            "is cut off: its head promises 2147483647 triangles, and 1 are there",
        ),
        ("m.obj", b"v 0 0 0\n", "m.obj: "),
        ("m.glb", b"glTF\2\0\0\0", "cannot be read as GLB"),
        ("m.gltf", b'{"asset": {"version": "2.0"}}', "m.gltf: "),
        ("m.step", b"ISO-10303-21;", "is not a mesh format that is read here (dae, obj, stl, ply, glb, gltf)"),
        ("m.obj", b"v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n", "has vertices that are not finite"),
        ("m.obj", b"v 0 0\nv 1 0\nv 0 1\nf 1 2 3\n", "has positions that are not three numbers"),
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


@pytest.mark.parametrize("named", ["Look.MTL", "textures\\Look.MTL"])
def test_a_file_beside_a_mesh_whose_name_differs_by_case_is_told(tmp_path: Path, named: str) -> None:
    (tmp_path / "textures").mkdir()
    (tmp_path / named.replace("\\", "/")).with_name("look.mtl").write_text("newmtl red\nKd 1 0 0\n")
    (tmp_path / "m.obj").write_text(f"mtllib {named}\nusemtl red\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    robot = robot_of(tmp_path, mesh("m.obj"))
    assert len(robot.visuals) == 1  # Which loads the mesh.
    (problem,) = robot.problems
    assert "is not found: there is 'look.mtl'" in problem
