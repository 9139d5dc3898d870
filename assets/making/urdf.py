"""Trotter's URDF: the joint tree, and per link its mesh, its mass and inertia, and primitives to collide with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import quoteattr

import numpy as np

from replay_viewer import rotations

from . import parts
from .dimensions import CALF, FOOT_RADIUS, HIP_OFFSET, HIP_X, HIP_Y, LEGS, THIGH, leg_signs
from .mass import Body, body_of

Vector = tuple[float, float, float]

# Lower and upper limit [rad] of the hip, thigh and calf joints.
LIMITS = {"hip": (-0.86, 0.86), "thigh": (-1.0, 3.0), "calf": (-2.65, -0.55)}
EFFORT, VELOCITY = 25.0, 25.0
# Kilograms: 12 in all.
MASSES = {"base": 5.64, "hip": 0.75, "thigh": 0.60, "calf": 0.18, "foot": 0.06}

# MuJoCo takes the root link for the world and merges the feet into the calves, if it is not told otherwise.
MUJOCO = '  <mujoco>\n    <compiler fusestatic="false"/>\n  </mujoco>'


@dataclass(frozen=True)
class Primitive:
    """What a link collides with. size: box (x, y, z), cylinder (radius, length), sphere (radius,) [m]."""

    shape: str
    size: tuple[float, ...]
    at: Vector = (0.0, 0.0, 0.0)
    rpy: Vector = (0.0, 0.0, 0.0)

    def geometry(self) -> str:
        x, y = self.size[0], self.size[-1]
        inner = {
            "box": f'<box size="{_numbers(self.size)}"/>',
            "cylinder": f'<cylinder radius="{x:g}" length="{y:g}"/>',
            "sphere": f'<sphere radius="{x:g}"/>',
        }
        return f"<geometry>{inner[self.shape]}</geometry>"


def primitives(part: str, side: int = 1) -> list[Primitive]:
    """What a link collides with; side is +1 for left legs, -1 for right ones."""
    quarter = (float(np.pi / 2), 0.0, 0.0)
    return {
        "base": [
            Primitive("box", (0.40, 0.176, 0.124), (0.0, 0.0, 0.006)),
            Primitive("box", parts.HEAD_SIZE, parts.HEAD_AT),
            Primitive("cylinder", (0.028, 0.04), (0.096, 0.0, 0.0735)),  # The lidar.
            Primitive("box", (0.13, 0.11, 0.03), (0.07, 0.0, -0.058)),  # The keel.
        ],
        "hip": [Primitive("cylinder", (0.047, 0.044), (0.0, side * (HIP_OFFSET - 0.02), 0.0), quarter)],
        "thigh": [
            Primitive("box", (0.046, 0.034, THIGH), (0.0, 0.0, -THIGH / 2)),
            Primitive("cylinder", (0.042, 0.053), (0.0, side * 0.0055, 0.0), quarter),
            Primitive("cylinder", (0.026, 0.034), (0.0, 0.0, -THIGH), quarter),
        ],
        "calf": [Primitive("cylinder", (0.013, CALF - 0.03), (0.003, 0.0, -CALF / 2 + 0.01))],
        "foot": [Primitive("sphere", (FOOT_RADIUS,))],
    }[part]


@cache
def body(mesh: str) -> Body:
    """What the links with this mesh weigh, in the mesh's own axes."""
    return body_of(parts.MESHES[mesh](), MASSES[mesh.split("_")[0]])


def urdf() -> str:
    """The whole robot as URDF text; meshes are named relative to the file."""
    lines = [MUJOCO, _link("base", "base", (0.0, 0.0, 0.0), primitives("base"))]
    for leg in LEGS:
        lines += _leg(leg)
    return '<?xml version="1.0"?>\n<robot name="trotter">\n' + "\n".join(lines) + "\n</robot>\n"


def _leg(leg: str) -> list[str]:
    front, left = leg_signs(leg)
    hip, thigh, calf, foot = (f"{leg}_{part}" for part in ("hip", "thigh", "calf", "foot"))
    # The hip's mesh is symmetric in z, so half turns make the other three of it.
    turns = {(1, 1): (0, 0, 0), (1, -1): (np.pi, 0, 0), (-1, 1): (0, np.pi, 0), (-1, -1): (0, 0, np.pi)}
    straight = (0.0, 0.0, 0.0)
    return [
        _link(hip, "hip", turns[front, left], primitives("hip", left)),
        _link(thigh, "thigh_left" if left > 0 else "thigh_right", straight, primitives("thigh", left)),
        _link(calf, "calf", straight, primitives("calf")),
        _link(foot, "foot", straight, primitives("foot")),
        _joint(f"{hip}_joint", "base", hip, (front * HIP_X, left * HIP_Y, 0.0), "1 0 0", LIMITS["hip"]),
        _joint(f"{thigh}_joint", hip, thigh, (0.0, left * HIP_OFFSET, 0.0), "0 1 0", LIMITS["thigh"]),
        _joint(f"{calf}_joint", thigh, calf, (0.0, 0.0, -THIGH), "0 1 0", LIMITS["calf"]),
        f'  <joint name="{foot}_joint" type="fixed" dont_collapse="true">\n    <parent link="{calf}"/>\n'
        f'    <child link="{foot}"/>\n    <origin xyz="0 0 {-CALF:g}"/>\n  </joint>',
    ]


def _link(name: str, mesh: str, rpy: tuple[float, ...], collides: list[Primitive]) -> str:
    """A link whose mesh, and with it its mass, is turned by rpy."""
    visual = f'<geometry><mesh filename="meshes/{mesh}.glb"/></geometry>'
    collisions = "".join(
        f"    <collision>\n      {_origin(p.at, p.rpy)}\n      {p.geometry()}\n    </collision>\n" for p in collides
    )
    return (
        f"  <link name={quoteattr(name)}>\n{_inertial(body(mesh).turned(_turn(rpy)))}"
        f"    <visual>\n      {_origin((0, 0, 0), rpy)}\n      {visual}\n"
        f"    </visual>\n{collisions}  </link>"
    )


def _inertial(body: Body) -> str:
    # A millimetre's hundredth: what is left of turning by pi is gone.
    centre, inertia = np.round(body.centre, 5), np.round(body.inertia, 9)
    names = [("ixx", 0, 0), ("ixy", 0, 1), ("ixz", 0, 2), ("iyy", 1, 1), ("iyz", 1, 2), ("izz", 2, 2)]
    moments = " ".join(f'{name}="{_numbers([inertia[i, j]], 4)}"' for name, i, j in names)
    return (
        f'    <inertial>\n      {_origin(tuple(centre))}\n      <mass value="{body.mass:g}"/>\n'
        f"      <inertia {moments}/>\n    </inertial>\n"
    )


def _turn(rpy: tuple[float, ...]) -> np.ndarray:
    """The rotation (3, 3) by angles about the fixed axes x, y and z, one after the other."""
    half = np.array(rpy) / 2
    about = np.column_stack([np.cos(half), np.diag(np.sin(half))])
    return rotations.to_matrix(rotations.multiply(about[2], rotations.multiply(about[1], about[0])))


def _joint(name: str, parent: str, child: str, at: Vector, axis: str, limits: tuple[float, float]) -> str:
    return (
        f'  <joint name="{name}" type="revolute">\n    <parent link="{parent}"/>\n    <child link="{child}"/>\n'
        f'    <origin xyz="{_numbers(at)}"/>\n    <axis xyz="{axis}"/>\n'
        f'    <limit lower="{limits[0]:g}" upper="{limits[1]:g}" effort="{EFFORT:g}" velocity="{VELOCITY:g}"/>\n'
        f'    <dynamics damping="0.01" friction="0.1"/>\n  </joint>'
    )


def _origin(xyz: tuple[float, ...], rpy: tuple[float, ...] = (0.0, 0.0, 0.0)) -> str:
    return f'<origin xyz="{_numbers(xyz)}" rpy="{_numbers(rpy, 9)}"/>'


def _numbers(values: Sequence[float], digits: int = 6) -> str:
    return " ".join(f"{float(v) + 0.0:.{digits}g}" for v in values)
