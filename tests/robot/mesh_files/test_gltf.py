"""glTF: compressed, quantized, sparse; what nobody here understands is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gltf_files import CORNERS, FACES, Glb
from mesh_files import drawn, robot_of
from urdf_files import mesh

from replay_viewer.robot import Robot

BOX = [[0, -3, 0], [1, 0, 2]]  # Turned from Y up to Z up.


def robot_with(folder: Path, glb: Glb) -> Robot:
    glb.write(folder / "part.glb")
    robot = robot_of(folder, mesh("part.glb"))
    assert len(robot.visuals) <= 1
    return robot


def test_numbers_of_quantized_meshes_are_metres(tmp_path: Path) -> None:
    glb = Glb({"POSITION": np.round(CORNERS / 3 * 32767).astype(np.int16)})
    glb.header["accessors"][0]["normalized"] = True
    glb.header["nodes"][0]["scale"] = [3, 3, 3]
    glb.require("KHR_mesh_quantization")
    np.testing.assert_allclose(drawn(robot_with(tmp_path, glb)).bounds, BOX, atol=1e-3)


def test_quantized_numbers_that_are_not_normalized_are_what_they_are(tmp_path: Path) -> None:
    glb = Glb({"POSITION": (CORNERS * 100).astype(np.uint16)})
    glb.header["nodes"][0]["scale"] = [0.01] * 3
    glb.require("KHR_mesh_quantization")
    np.testing.assert_allclose(drawn(robot_with(tmp_path, glb)).bounds, BOX, atol=1e-6)


def test_sparse_accessors_are_filled_in(tmp_path: Path) -> None:
    glb = Glb({"POSITION": np.zeros_like(CORNERS)})
    where = {"bufferView": glb.view(np.arange(8, dtype=np.uint16).tobytes()), "componentType": 5123}
    glb.header["accessors"][0]["sparse"] = {
        "count": 8, "indices": where, "values": {"bufferView": glb.view(CORNERS.tobytes())}
    }  # fmt: skip
    np.testing.assert_allclose(drawn(robot_with(tmp_path, glb)).bounds, BOX)


def test_draco_is_decompressed(tmp_path: Path) -> None:
    codec = pytest.importorskip("DracoPy")
    glb = Glb({"POSITION": CORNERS})
    data = codec.encode(CORNERS, FACES.astype(np.uint32), quantization_bits=16)
    (attribute,) = codec.decode(data).attributes
    packed = {"bufferView": glb.view(data), "attributes": {"POSITION": attribute["unique_id"]}}
    glb.primitive["extensions"] = {"KHR_draco_mesh_compression": packed}
    for accessor in glb.header["accessors"]:
        del accessor["bufferView"]
    glb.require("KHR_draco_mesh_compression")
    robot = robot_with(tmp_path, glb)
    np.testing.assert_allclose(drawn(robot).bounds, BOX, atol=1e-3)
    assert robot.problems == ()


def test_draco_that_cannot_be_read_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    glb = Glb({"POSITION": CORNERS})
    packed = {"bufferView": 0, "attributes": {"POSITION": 0}}
    glb.primitive["extensions"] = {"KHR_draco_mesh_compression": packed}
    for accessor in glb.header["accessors"]:
        del accessor["bufferView"]
    glb.require("KHR_draco_mesh_compression")
    robot = robot_with(tmp_path, glb)
    assert robot.visuals == ()
    (problem,) = robot.problems
    assert "is compressed with KHR_draco_mesh_compression" in problem
    assert "DracoPy" in problem
    assert capfd.readouterr().err == ""


def test_draco_beside_the_same_uncompressed_is_not_needed(tmp_path: Path) -> None:
    glb = Glb({"POSITION": CORNERS})
    glb.primitive["extensions"] = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": 0}}}
    robot = robot_with(tmp_path, glb)
    np.testing.assert_allclose(drawn(robot).bounds, BOX)
    assert robot.problems == ()


def test_meshopt_is_decompressed(tmp_path: Path) -> None:
    codec = pytest.importorskip("meshopt")
    glb = Glb({"POSITION": CORNERS})
    data = codec.encode_gltf_buffer(CORNERS, "ATTRIBUTES")
    start = glb.header["bufferViews"][glb.view(data)]["byteOffset"]
    packed = {"buffer": 0, "byteOffset": start, "byteLength": len(data), "byteStride": 12, "count": 8}
    extensions = {"EXT_meshopt_compression": {**packed, "mode": "ATTRIBUTES"}}
    glb.header["bufferViews"][0] = {"buffer": 1, "byteLength": CORNERS.nbytes, "extensions": extensions}
    glb.require("EXT_meshopt_compression")
    robot = robot_with(tmp_path, glb)
    np.testing.assert_allclose(drawn(robot).bounds, BOX)
    assert robot.problems == ()


def test_an_extension_that_nobody_here_understands_is_named(tmp_path: Path) -> None:
    glb = Glb({"POSITION": CORNERS})
    glb.require("EXT_mesh_gpu_instancing")
    robot = robot_with(tmp_path, glb)
    assert robot.visuals == ()
    assert "needs EXT_mesh_gpu_instancing, which is not read here" in robot.problems[0]


@pytest.mark.parametrize("extension", ["KHR_materials_unlit", "KHR_texture_basisu", "KHR_lights_punctual"])
def test_extensions_of_looks_stop_no_shape(tmp_path: Path, extension: str) -> None:
    glb = Glb({"POSITION": CORNERS})
    glb.require(extension)
    np.testing.assert_allclose(drawn(robot_with(tmp_path, glb)).bounds, BOX)


@pytest.mark.parametrize("count", [9, 10**12])
def test_more_vertices_than_are_there_are_not_believed(tmp_path: Path, count: int) -> None:
    for has_bytes in (True, False):
        glb = Glb({"POSITION": CORNERS})
        glb.header["accessors"][0] |= {"count": count, "normalized": True}
        if not has_bytes:
            del glb.header["accessors"][0]["bufferView"]
        robot = robot_with(tmp_path, glb)
        assert robot.visuals == ()
        assert len(robot.problems) == 1
