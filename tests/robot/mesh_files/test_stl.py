"""STL: as many triangles as the head promises, and a word where some are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from mesh_files import box, drawn, robot_of
from urdf_files import mesh

from replay_viewer.robot import Robot


def robot_with(folder: Path, data: bytes) -> Robot:
    (folder / "part.stl").write_bytes(data)
    return robot_of(folder, mesh("part.stl"))


@pytest.mark.parametrize("head", [b"", b"solid made by CAD"])
@pytest.mark.parametrize("more", [b"\0", b"\r\n", b"x" * 50, b"endsolid" * 20])
def test_bytes_behind_the_triangles_are_no_matter(tmp_path: Path, head: bytes, more: bytes) -> None:
    data = box(tmp_path / "box.stl").read_bytes()
    robot = robot_with(tmp_path, head.ljust(80, b" ") + data[80:] + more)
    assert len(robot.visuals[0].mesh.faces) == 12
    np.testing.assert_allclose(drawn(robot).extents, [1, 2, 3])
    assert robot.problems == ()


def test_a_file_that_is_cut_off_says_so(tmp_path: Path) -> None:
    robot = robot_with(tmp_path, box(tmp_path / "box.stl").read_bytes()[:-120])
    assert robot.visuals == ()
    assert "is cut off: its head promises 12 triangles, and 9 are there" in robot.problems[0]


def test_text_is_read_and_says_so_if_it_is_cut_off(tmp_path: Path) -> None:
    text = str(trimesh.creation.box((1, 2, 3)).export(file_type="stl_ascii")).encode()
    np.testing.assert_allclose(drawn(robot_with(tmp_path, text)).extents, [1, 2, 3])
    robot = robot_with(tmp_path, text[:-100])
    assert robot.visuals == ()
    assert "is cut off: its 'endsolid' is missing" in robot.problems[0]


def test_text_is_told_by_its_words_not_by_its_bytes(tmp_path: Path) -> None:
    text = str(trimesh.creation.box((1, 2, 3)).export(file_type="stl_ascii")).encode()
    without_end = text[: text.rindex(b"endsolid")]
    long_name = b"solid " + b"x" * 2000 + text[text.index(b"\n") :]
    for odd in (b"\xef\xbb\xbf" + text, text.replace(b"\n", b"\r"), without_end, long_name):
        robot = robot_with(tmp_path, odd)
        np.testing.assert_allclose(drawn(robot).extents, [1, 2, 3])
        assert robot.problems == ()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n" * 5, "is a text file, not STL."),
        (b"solid a\nendsolid a\n", "has no triangles."),
        (b"solid a\nfacet\nvertex 1,5 0 0\nendfacet\nendsolid\n", "its numbers or its structure are broken."),
    ],
)
def test_text_without_triangles_says_what_it_is(tmp_path: Path, data: bytes, told: str) -> None:
    robot = robot_with(tmp_path, data)
    assert robot.visuals == ()
    assert told in robot.problems[0]
