"""The ground of a MuJoCo model, all that never moves: one mesh, and a URDF of fixed links with the colours it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence
from xml.etree.ElementTree import Element

import numpy as np

from ....rotations import normalize, rotate
from .meshes import GeomWriter
from .model import WORLD, rest_pose
from .shapes import geom_mesh
from .urdf import ExportedRobot
from .urdf_xml import add_joint, add_link, pose_of, write_urdf


def terrain_mesh(model: Any, geoms: Sequence[int]) -> tuple[np.ndarray, np.ndarray] | None:
    """Vertices (V, 3) [m] and triangles (F, 3) of geoms that do not move; None where all of it is the plane z = 0."""
    parts = [placed for placed in (_placed(model, geom) for geom in geoms) if placed is not None]
    if all(np.allclose(vertices[:, 2], 0) for vertices, _ in parts):
        return None
    firsts = np.cumsum([0, *(len(vertices) for vertices, _ in parts)])
    triangles = [first + part for first, (_, part) in zip(firsts, parts)]
    return np.concatenate([vertices for vertices, _ in parts]), np.concatenate(triangles)


def export_ground(model: Any, folder: Path, geoms: Sequence[int]) -> ExportedRobot:
    """Write some geoms of bodies without joints as `<folder's name>.urdf`, whose root is the world's frame."""
    robot, writer = Element("robot", name=folder.name), GeomWriter(model, folder, geoms)
    names = {WORLD: "world"}
    add_link(robot, names[WORLD]).extend(writer.visuals(WORLD))
    for body in sorted({int(model.geom_bodyid[geom]) for geom in geoms} - {WORLD}):
        names[body] = f"{model.body(body).name or 'body'}_{body}"
        add_link(robot, names[body]).extend(writer.visuals(body))
        add_joint(robot, f"{names[body]}_fixed", "fixed", names[WORLD], names[body], pose_of(*rest_pose(model, body)))
    nothing = np.zeros(0, dtype=np.int64)
    return ExportedRobot(
        urdf=write_urdf(robot, folder),
        root=WORLD,
        joint_names=[],
        qpos_ids=nothing,
        dof_ids=nothing,
        balls=[],
        body_names=list(names.values()),
        body_ids=list(names),
        fixed_base=(np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0])),
        notes=[],
    )


def _placed(model: Any, geom: int) -> tuple[np.ndarray, np.ndarray] | None:
    """A geom's mesh in the world frame."""
    shape = geom_mesh(model, geom)
    if shape is None:
        return None
    vertices, triangles = shape
    position, wxyz = rest_pose(model, int(model.geom_bodyid[geom]))
    in_body = model.geom_pos[geom] + rotate(normalize(np.asarray(model.geom_quat[geom], float)), vertices)
    return position + rotate(wxyz, in_body), triangles
