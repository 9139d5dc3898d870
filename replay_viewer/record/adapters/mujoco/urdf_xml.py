"""Elements of a URDF, which is XML."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement

import numpy as np

from ....rotations import normalize, to_matrix

# What simulators want of links without mass: [kg], [kg m^2].
_SPECK_MASS, _SPECK_INERTIA = 1e-6, 1e-9


def numbers(values: Any) -> str:
    """A number or several as text, to 12 digits."""
    return " ".join(f"{value + 0.0:.12g}" for value in np.asarray(values, float).reshape(-1))


def pose_of(position: Any, wxyz: Any = (1.0, 0.0, 0.0, 0.0)) -> np.ndarray:
    """(4, 4) of a position (3,) [m] and a quaternion (4,)."""
    pose = np.eye(4)
    pose[:3, :3] = to_matrix(normalize(np.asarray(wxyz, float)))
    pose[:3, 3] = position
    return pose


def origin(pose: np.ndarray) -> Element:
    """The element of a (4, 4) pose."""
    return Element("origin", xyz=numbers(pose[:3, 3]), rpy=numbers(_rpy(pose[:3, :3])))


def write_urdf(robot: Element, folder: Path) -> Path:
    """Write a robot's element into a folder, which is made, as `<name>.urdf`."""
    for element in robot:
        element.tail = "\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{robot.get('name')}.urdf"
    ElementTree(robot).write(path, encoding="utf-8", xml_declaration=True)
    return path


def add_link(robot: Element, name: str) -> Element:
    """Append a link that has nothing yet."""
    return SubElement(robot, "link", name=name)


def add_joint(robot: Element, name: str, kind: str, parent: str, child: str, pose: np.ndarray) -> Element:
    """Append a joint between two links; pose: (4, 4) of the child at zero, in the parent."""
    joint = SubElement(robot, "joint", name=name, type=kind)
    joint.append(origin(pose))
    SubElement(joint, "parent", link=parent)
    SubElement(joint, "child", link=child)
    return joint


def inertial(mass: float, moments: Any, pose: np.ndarray) -> Element:
    """Mass [kg] and principal moments of inertia (3,) [kg m^2], about the axes of a (4, 4) pose."""
    element = Element("inertial")
    element.append(origin(pose))
    SubElement(element, "mass", value=numbers(mass))
    diagonal = dict(zip(("ixx", "iyy", "izz"), map(numbers, moments)))
    SubElement(element, "inertia", {**diagonal, "ixy": "0", "ixz": "0", "iyz": "0"})
    return element


def speck() -> Element:
    """The inertia of a link that only stands between two joints."""
    return inertial(_SPECK_MASS, np.full(3, _SPECK_INERTIA), np.eye(4))


def visual(pose: np.ndarray, shape: Element, material: str, rgba: Any) -> Element:
    """A shape with its (4, 4) pose on the link and its colour (4,), 0..1."""
    element = Element("visual")
    element.append(origin(pose))
    SubElement(element, "geometry").append(shape)
    SubElement(SubElement(element, "material", name=material), "color", rgba=numbers(rgba))
    return element


def _rpy(matrix: np.ndarray) -> tuple[float, float, float]:
    """Roll, pitch and yaw [rad] of a rotation: Rz(yaw) Ry(pitch) Rx(roll)."""
    across = np.hypot(matrix[0, 0], matrix[1, 0])
    pitch = np.arctan2(-matrix[2, 0], across)
    if across < 1e-9:  # Looking straight up or down, roll and yaw are one turn.
        return 0.0, pitch, np.arctan2(-matrix[0, 1], matrix[1, 1])
    return np.arctan2(matrix[2, 1], matrix[2, 2]), pitch, np.arctan2(matrix[1, 0], matrix[0, 0])
