"""Claims about recordings that somebody else made: what they name is read from inside of them alone."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from container_samples import record
from mesh_files import box, drawn, glb_of
from PIL import Image
from urdf_files import joint, links, mesh, one_link, visual, write_urdf

from replay_viewer.container.pack import pack
from replay_viewer.errors import BadField, FileProblem, UnknownName
from replay_viewer.replay.replay import Replay, open_replay
from replay_viewer.robot import from_shape, load_robot

# The robot of a sample recording, as a file of the recording.
URDF = "assets/robot/robot.urdf"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A mesh on this machine that no recording may show."""
    (tmp_path / "private").mkdir()
    return box(tmp_path / "private" / "part.stl")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return record(tmp_path / "run.rec", 3)


def carry(recording: Path, filename: str) -> None:
    """Make the recording carry a URDF with one mesh of this name."""
    folder = (recording / URDF).parent
    folder.mkdir(parents=True)
    write_urdf(folder, one_link(mesh(filename)) + links("leg") + joint("hip", "revolute", "a", "leg"))
    meta = json.loads((recording / "meta.json").read_text())
    meta["entities"][0]["urdf"] = URDF
    (recording / "meta.json").write_text(json.dumps(meta))


def opened(recording: Path, packed: bool = False, **options: object) -> Replay:
    path = pack(recording, recording.with_name("packed.rec")) if packed else recording
    return open_replay(path, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "name_of",
    [
        lambda path: str(path),
        lambda path: f"file://{path}",
        lambda path: f"package:/{path}",
        lambda path: "../" * 40 + str(path)[1:],
        lambda path: f"package://x/{'../' * 40}{str(path)[1:]}",
    ],
    ids=["absolute", "file", "package", "dots", "package with dots"],
)
def test_a_carried_urdf_shows_no_file_of_this_machine(
    recording: Path, outside: Path, name_of: Callable[[Path], str], packed: bool
) -> None:
    carry(recording, name_of(outside))
    replay = opened(recording, packed)
    assert replay.robots["robot"].visuals == ()
    assert any("is not in the recording" in problem for problem in replay.robots["robot"].problems)
    replay.close()


def test_a_link_in_a_recording_leads_to_no_file_of_this_machine(recording: Path, outside: Path) -> None:
    carry(recording, "part.stl")
    (recording / URDF).with_name("part.stl").symlink_to(outside)
    replay = opened(recording)
    assert replay.robots["robot"].visuals == ()
    replay.close()


@pytest.mark.parametrize("packed", [False, True])
def test_a_carried_urdf_shows_the_meshes_that_are_carried(recording: Path, outside: Path, packed: bool) -> None:
    carry(recording, "../meshes/part.stl")
    (recording / "assets" / "meshes").mkdir()
    shutil.copy(outside, recording / "assets" / "meshes")
    replay = opened(recording, packed)
    assert len(replay.robots["robot"].visuals) == 1
    replay.close()


def test_a_folder_that_the_user_names_is_searched_for_a_carried_urdf(recording: Path, outside: Path) -> None:
    carry(recording, "package://private/part.stl")
    replay = opened(recording, package_dirs=[outside.parent])
    assert len(replay.robots["robot"].visuals) == 1
    replay.close()


def test_an_asset_outside_of_the_folder_of_assets_is_refused(recording: Path) -> None:
    meta = json.loads((recording / "meta.json").read_text())
    meta["entities"][1]["shape"] = {"type": "mesh", "path": "box.obj"}
    (recording / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(FileProblem, match=r"'box\.obj', which is not in the folder assets/"):
        opened(recording)


def test_a_link_to_itself_is_refused(recording: Path) -> None:
    carry(recording, "part.stl")
    (recording / URDF).unlink()
    (recording / URDF).symlink_to("robot.urdf")
    with pytest.raises(FileProblem, match="cannot be opened"):
        opened(recording)


def textured(folder: Path, image: bytes) -> Path:
    """A URDF of one triangle whose texture is these bytes."""
    (folder / "tri.obj").write_text(
        "mtllib tri.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl m\nf 1/1 2/2 3/3\n"
    )
    (folder / "tri.mtl").write_text("newmtl m\nKd 1 0 0\nmap_Kd picture.png\n")
    (folder / "picture.png").write_bytes(image)
    return write_urdf(folder, one_link(mesh("tri.obj")))


def test_a_postscript_texture_starts_no_ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = tmp_path / "started"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gs").write_text(f"#!/bin/sh\ntouch {started}\n")
    (tmp_path / "bin" / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    assert "images" not in glb_of(drawn(load_robot(textured(tmp_path, eps))))[0]
    assert not started.exists()


def test_a_torn_texture_leaves_the_mesh_in_its_colour(tmp_path: Path) -> None:
    Image.effect_noise((64, 64), 50).save(tmp_path / "whole.bmp")
    robot = load_robot(textured(tmp_path, (tmp_path / "whole.bmp").read_bytes()[:2000]))
    assert "images" not in glb_of(drawn(robot))[0]


def test_triangles_of_vertices_that_are_not_there_are_named(tmp_path: Path) -> None:
    head = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
    face = "element face 1\nproperty list uchar int vertex_indices\nend_header\n"
    (tmp_path / "bad.ply").write_text(head + face + "0 0 0\n1 0 0\n0 1 0\n3 0 1 77\n")
    robot = load_robot(write_urdf(tmp_path, one_link(mesh("bad.ply"))))
    assert robot.visuals == ()
    assert "bad.ply: has triangles of vertices that are not there" in robot.problems[0]


@pytest.mark.parametrize("origin", ['xyz="nan 0 0"', 'rpy="inf 0 0"'])
def test_a_visual_at_no_place_is_left_out(tmp_path: Path, origin: str) -> None:
    robot = load_robot(write_urdf(tmp_path, one_link(visual('<box size="1 1 1"/>', f"<origin {origin}/>"))))
    assert robot.visuals == ()
    assert "has an origin that is not finite" in robot.problems[0]


@pytest.mark.parametrize("shape", [{"type": []}, {"type": {}}])
def test_a_shape_whose_type_is_no_text_is_refused(shape: dict) -> None:
    with pytest.raises(UnknownName, match="shape type"):
        from_shape("thing", shape)


def test_a_size_beyond_all_floats_is_refused() -> None:
    with pytest.raises(BadField, match="needs 'size'"):
        from_shape("thing", {"type": "box", "size": [10**400, 1, 1]})
