"""Small robots with meshes, written for one test, and what a browser gets of them."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import trimesh
from trimesh.visual import ColorVisuals, TextureVisuals
from urdf_files import one_link, write_urdf

from replay_viewer.robot import Robot, load_robot


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
