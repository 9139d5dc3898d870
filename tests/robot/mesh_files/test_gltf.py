"""glTF: compressed, quantized, sparse; what nobody here understands is named."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gltf_files import CORNERS, FACES, Glb
from mesh_files import drawn, robot_of
from PIL import Image
from urdf_files import mesh

from replay_viewer.robot import Robot
from replay_viewer.robot.materials import texture, texture_coordinates, vertex_colors

BOX = [[0, -3, 0], [1, 0, 2]]  # Turned from Y up to Z up.


def robot_with(folder: Path, glb: Glb) -> Robot:
    glb.write(folder / "part.glb")
    robot = robot_of(folder, mesh("part.glb"))
    assert len(robot.visuals) <= 1  # Which loads the mesh.
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


def test_a_package_that_is_not_installed_is_named_with_its_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "DracoPy", None)  # As Python itself marks what cannot be imported.
    glb = Glb({"POSITION": CORNERS})
    glb.primitive["extensions"] = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": 0}}}
    glb.require("KHR_draco_mesh_compression")
    (problem,) = robot_with(tmp_path, glb).problems
    assert "is compressed with KHR_draco_mesh_compression, which is not read here (pip install DracoPy)" in problem


def test_vertices_that_lie_on_each_other_are_not_multiplied(tmp_path: Path) -> None:
    glb = Glb({"POSITION": CORNERS})
    glb.header["bufferViews"][0]["byteStride"] = 0
    glb.header["accessors"][0] |= {"count": 10**12, "normalized": True}
    assert "has a byteStride of 0" in robot_with(tmp_path, glb).problems[0]


def test_bytes_behind_the_last_chunk_are_no_matter_and_missing_ones_are_told(tmp_path: Path) -> None:
    path = Glb({"POSITION": CORNERS}).write(tmp_path / "part.glb")
    data = path.read_bytes()
    path.write_bytes(data + b"junk behind the end")
    np.testing.assert_allclose(drawn(robot_of(tmp_path, mesh("part.glb"))).bounds, BOX)
    path.write_bytes(data[:-40])
    robot = robot_of(tmp_path, mesh("part.glb"))
    assert robot.visuals == ()
    assert "part.glb: is cut off: it has " in robot.problems[0]


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


# Looks.

UV = np.array([[x, y] for x in (0, 1) for y in (0, 1) for _ in range(2)], np.float32)
PICTURE = Image.fromarray(np.full((4, 4, 3), 128, np.uint8))


def png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def uv_of(robot: Robot) -> np.ndarray:
    """Where each corner of the box lies in its texture, (8, 2), as glTF has it: from the top."""
    (item,) = robot.visuals
    assert texture(item.mesh) is not None
    order = np.lexsort(item.mesh.vertices.T[::-1])
    uv = texture_coordinates(item.mesh)[order]
    return np.column_stack([uv[:, 0], 1 - uv[:, 1]])


def test_textures_lie_at_the_coordinates_that_are_named(tmp_path: Path) -> None:
    glb = Glb({"POSITION": CORNERS, "TEXCOORD_0": UV * 0.5, "TEXCOORD_1": UV})
    glb.material(png(PICTURE), {"texCoord": 1})
    np.testing.assert_allclose(uv_of(robot_with(tmp_path, glb)), UV)


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ({"scale": [4, 2]}, UV * [4, 2]),
        ({"offset": [0.5, 0.25]}, UV + np.array([0.5, 0.25])),
        # Turned counter-clockwise as glTF has it, in which v points down.
        ({"rotation": np.pi / 2}, UV[:, ::-1] * [1, -1]),
        ({"texCoord": 1}, 0.5 * UV),
        ({"offset": [1, 0], "rotation": np.pi / 2, "scale": [2, 3]}, (UV * [2, 3])[:, ::-1] * [1, -1] + [1, 0]),
    ],
)
def test_textures_are_transformed(tmp_path: Path, transform: dict[str, Any], expected: np.ndarray) -> None:
    glb = Glb({"POSITION": CORNERS, "TEXCOORD_0": UV, "TEXCOORD_1": UV * 0.5})
    glb.material(png(PICTURE), {"extensions": {"KHR_texture_transform": transform}})
    glb.require("KHR_texture_transform")
    np.testing.assert_allclose(uv_of(robot_with(tmp_path, glb)), expected, atol=1e-6)


def test_quantized_texture_coordinates_are_fractions(tmp_path: Path) -> None:
    glb = Glb({"POSITION": CORNERS, "TEXCOORD_0": (UV * 65535).astype(np.uint16)})
    glb.header["accessors"][1]["normalized"] = True
    glb.material(png(PICTURE))
    np.testing.assert_allclose(uv_of(robot_with(tmp_path, glb)), UV)


def test_a_texture_is_tinted_by_the_colour_beside_it(tmp_path: Path) -> None:
    glb = Glb({"POSITION": CORNERS, "TEXCOORD_0": UV})
    glb.material(png(PICTURE), pbrMetallicRoughness={"baseColorFactor": [1, 0.25, 0, 1]})
    red, green, blue = texture(robot_with(tmp_path, glb).visuals[0].mesh).getpixel((0, 0))
    assert (red, blue) == (128, 0)
    assert green == pytest.approx(66, abs=1)  # 128 is 0.216 of full light; a quarter of that is 66.


@pytest.mark.parametrize(
    ("mode", "alpha", "expected"),
    [(None, 0.2, 1), ("OPAQUE", 0.2, 1), ("BLEND", 0.2, 0.2), ("MASK", 0.6, 1), ("MASK", 0.2, 0.2)],
)
def test_alpha_counts_where_its_mode_says_so(tmp_path: Path, mode: str | None, alpha: float, expected: float) -> None:
    glb = Glb({"POSITION": CORNERS})
    glb.material(pbrMetallicRoughness={"baseColorFactor": [0.5, 0.5, 0.5, alpha]})
    if mode is not None:
        glb.header["materials"][0]["alphaMode"] = mode
    assert robot_with(tmp_path, glb).visuals[0].rgba[3] == pytest.approx(expected, abs=0.01)


def test_transparency_of_a_texture_is_named_where_it_counts(tmp_path: Path) -> None:
    for mode, count in (("OPAQUE", 0), ("BLEND", 1), ("MASK", 1)):
        glb = Glb({"POSITION": CORNERS, "TEXCOORD_0": UV})
        glb.material(png(Image.new("RGBA", (4, 4), (10, 20, 30, 99))), name="leaf", alphaMode=mode)
        problems = robot_with(tmp_path, glb).problems
        assert len(problems) == count
        assert all("its material 'leaf' is partly transparent, drawn opaque" in problem for problem in problems)


def test_colours_of_vertices_are_tinted_by_a_material_beside_them(tmp_path: Path) -> None:
    colors = np.tile(np.array([255, 128, 0, 255], np.uint8), (8, 1))
    glb = Glb({"POSITION": CORNERS, "COLOR_0": colors})
    glb.header["accessors"][1]["normalized"] = True
    glb.material(pbrMetallicRoughness={"baseColorFactor": [1, 1, 1, 1]})
    found = vertex_colors(robot_with(tmp_path, glb).visuals[0].mesh)
    assert found is not None
    np.testing.assert_allclose(found[0], [255, 188, 0, 255], atol=1)  # 128 is linear light, 188 its sRGB.


@pytest.mark.parametrize("data", [b"\xabKTX 20\xbb\r\n\x1a\n" + b"\0" * 40, b"nothing"])
def test_a_texture_that_cannot_be_read_is_named(tmp_path: Path, data: bytes) -> None:
    glb = Glb({"POSITION": CORNERS, "TEXCOORD_0": UV})
    glb.material(data, name="skin")
    robot = robot_with(tmp_path, glb)
    assert len(robot.visuals) == 1
    assert "the texture of its material 'skin' cannot be read" in robot.problems[0]


def test_a_texture_file_of_gltf_is_found_or_named(tmp_path: Path) -> None:
    for uri, is_there in (("my%20skin.png", True), ("textures\\skin.png", True), ("gone.png", False)):
        glb = Glb({"POSITION": CORNERS, "TEXCOORD_0": UV})
        glb.material(b"")
        glb.header["images"] = [{"uri": uri}]
        (tmp_path / "textures").mkdir(exist_ok=True)
        for name in ("my skin.png", "textures/skin.png"):
            (tmp_path / name).write_bytes(png(PICTURE))
        robot = robot_with(tmp_path, glb)
        assert (texture(robot.visuals[0].mesh) is not None) == is_there
        assert is_there == (robot.problems == ())
        assert is_there or "'gone.png', which it names, is not found" in robot.problems[0]


def test_lines_beside_triangles_are_no_matter(tmp_path: Path) -> None:
    glb = Glb({"POSITION": CORNERS})
    lines = {"attributes": glb.primitive["attributes"], "mode": 1}
    glb.header["meshes"][0]["primitives"].append(lines)
    robot = robot_with(tmp_path, glb)
    np.testing.assert_allclose(drawn(robot).bounds, BOX)
    assert robot.problems == ()


@pytest.mark.parametrize("is_indexed", [True, False])
@pytest.mark.parametrize(("mode", "corners"), [(5, [0, 1, 2, 3, 4, 5]), (6, [0, 1, 3, 5, 4, 2])])
def test_strips_and_fans_are_all_of_their_triangles_with_their_fronts(
    tmp_path: Path, mode: int, corners: list[int], is_indexed: bool
) -> None:
    ribbon = np.array([[0, 0, 0], [1, 0, 0], [-0.5, 1, 0], [1.5, 1, 0], [0, 2, 0], [1, 2, 0]], np.float32)
    order = np.array(corners, np.uint16)
    glb = Glb({"POSITION": ribbon if is_indexed else ribbon[order]}, order)
    glb.primitive["mode"] = mode
    if not is_indexed:
        del glb.primitive["indices"]
    shown = drawn(robot_with(tmp_path, glb))
    assert shown.area == pytest.approx(3)
    np.testing.assert_allclose(shown.to_mesh().face_normals, [[0, -1, 0]] * 4, atol=1e-6)


def test_without_scenes_every_node_that_no_other_holds_is_drawn(tmp_path: Path) -> None:
    glb = Glb({"POSITION": CORNERS})
    del glb.header["scene"], glb.header["scenes"]
    np.testing.assert_allclose(drawn(robot_with(tmp_path, glb)).bounds, BOX)
