"""What never moves in a MuJoCo model as a URDF of fixed links, with the colours that its mesh alone would lack."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence
from xml.etree.ElementTree import Element

import numpy as np

from .meshes import GeomWriter
from .model import WORLD, rest_pose
from .urdf import ExportedRobot
from .urdf_xml import add_joint, add_link, pose_of, write_urdf


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
