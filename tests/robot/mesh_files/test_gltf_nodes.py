"""The nodes of glTF: where meshes lie, in chains of thousands and in tens of thousands of places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gltf_files import CORNERS, Glb
from mesh_files import robot_of
from special_files import time_limit
from urdf_files import mesh

from replay_viewer.errors import FileProblem
from replay_viewer.robot.materials import vertex_colors
from replay_viewer.robot.mesh_files import gltf_nodes
from replay_viewer.robot.meshes import MeshFile, load_mesh_file

TURN = [0, 0, np.sqrt(0.5), np.sqrt(0.5)]  # A quarter about z, xyzw.
NORMALS = np.tile(np.array([1, 0, 0], np.float32), (8, 1))


def loaded(folder: Path, glb: Glb) -> MeshFile:
    return load_mesh_file(glb.write(folder / "part.glb"))


def vertices_of(file: MeshFile) -> np.ndarray:
    """All vertices (V, 3) where the file puts them."""
    return np.concatenate(
        [part.mesh.vertices @ part.transform[:3, :3].T + part.transform[:3, 3] for part in file.parts]
    )


def test_places_of_nodes_follow_each_other(tmp_path: Path) -> None:
    glb = Glb({"POSITION": CORNERS})
    matrix = np.diag([1.0, 1.0, 2.0, 1.0])
    matrix[:3, 3] = 0, 0, 5
    glb.header["nodes"] = [
        {"children": [1], "translation": [10, 0, 0], "rotation": TURN, "scale": [2, 1, 1]},
        {"mesh": 0, "matrix": matrix.T.reshape(-1).tolist()},
    ]
    corners = (CORNERS * [1, 1, 2] + [0, 0, 5]) * [2, 1, 1]
    expected = np.stack([10 - corners[:, 1], corners[:, 0], corners[:, 2]], axis=1)
    np.testing.assert_allclose(
        np.sort(vertices_of(loaded(tmp_path, glb)), axis=0), np.sort(expected, axis=0), atol=1e-6
    )


def test_a_chain_of_five_thousand_nodes_is_read_at_once(tmp_path: Path) -> None:
    glb = Glb({"POSITION": CORNERS})
    chain = [{"children": [number + 1], "translation": [0.001, 0, 0]} for number in range(5000)]
    glb.header["nodes"] = [*chain, {"mesh": 0}]
    with time_limit(10):
        file = loaded(tmp_path, glb)
    np.testing.assert_allclose(vertices_of(file)[:, 0].min(), 5, atol=1e-6)


def test_fifty_thousand_instances_are_one_mesh(tmp_path: Path) -> None:
    glb = Glb({"POSITION": CORNERS})
    glb.header["nodes"] = [{"mesh": 0, "translation": [number, 0, 0]} for number in range(50_000)]
    glb.header["scenes"] = [{"nodes": list(range(50_000))}]
    glb.write(tmp_path / "part.glb")
    with time_limit(20):
        robot = robot_of(tmp_path, mesh("part.glb"))
        (visual,) = robot.visuals
    assert len(visual.mesh.faces) == 12 * 50_000 and visual.mesh.bounds[1][0] == 50_000


def test_many_instances_are_drawn_as_few_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turned, stretched and mirrored, with their normals, colours and outside."""
    glb = Glb(
        {"POSITION": CORNERS, "NORMAL": NORMALS, "COLOR_0": np.linspace(0, 1, 32, dtype=np.float32).reshape(8, 4)}
    )
    places = [{"rotation": TURN}, {"scale": [2, 1, 1]}, {"scale": [-1, 1, 1]}, {"translation": [0, 0, 4]}]
    glb.header["nodes"] = [{"mesh": 0, **place} for place in places]
    glb.header["scenes"] = [{"nodes": list(range(len(places)))}]
    few = loaded(tmp_path, glb)
    monkeypatch.setattr(gltf_nodes, "_MANY", 2)
    many = loaded(tmp_path, glb)
    assert (len(few.parts), len(many.parts)) == (4, 1)
    merged = many.parts[0].mesh
    assert many.parts[0].normals is not None
    assert {tuple(np.round(normal, 6) + 0.0) for normal in many.parts[0].normals} == {(0, 1, 0), (1, 0, 0), (-1, 0, 0)}
    volumes = [part.mesh.volume * abs(np.linalg.det(part.transform[:3, :3])) for part in few.parts]
    assert merged.volume == pytest.approx(sum(volumes)), "no side is turned inside out"
    merged_colors, own_colors = vertex_colors(merged), vertex_colors(few.parts[0].mesh)
    assert merged_colors is not None and own_colors is not None
    np.testing.assert_array_equal(np.unique(merged_colors, axis=0), np.unique(own_colors, axis=0))


def test_nodes_that_are_used_again_and_again_are_counted(tmp_path: Path) -> None:
    glb = Glb({"POSITION": CORNERS})
    glb.header["nodes"] = [*({"children": [number + 1] * 2} for number in range(60)), {"mesh": 0}]
    with time_limit(20), pytest.raises(FileProblem, match="more than 200000 nodes"):
        loaded(tmp_path, glb)


def test_more_vertices_than_can_be_drawn_are_refused_with_their_number(tmp_path: Path) -> None:
    glb = Glb({"POSITION": np.tile(CORNERS, (50, 1))})
    glb.header["nodes"] = [{"children": [1] * 150_000}, {"mesh": 0}]
    with pytest.raises(FileProblem, match="150000 instances of 400 vertices"):
        loaded(tmp_path, glb)
