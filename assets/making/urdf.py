"""Trotter's URDF: the joint tree, and per link one mesh, collision primitives, and the inertia of those primitives."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

import numpy as np

from .dimensions import CALF, FOOT_RADIUS, HIP_OFFSET, HIP_X, HIP_Y, LEGS, THIGH, leg_signs

Vector = tuple[float, float, float]

# Lower and upper limit [rad] of the hip, thigh and calf joints.
LIMITS = {"hip": (-0.86, 0.86), "thigh": (-1.0, 3.0), "calf": (-2.65, -0.55)}
EFFORT, VELOCITY = 25.0, 25.0


@dataclass(frozen=True)
class Solid:
    """A collision primitive with a mass [kg]. size: box (x, y, z), cylinder (radius, length), sphere (radius,) [m]."""

    shape: str
    size: tuple[float, ...]
    mass: float
    at: Vector = (0.0, 0.0, 0.0)
    rpy: Vector = (0.0, 0.0, 0.0)

    def inertia(self) -> np.ndarray:
        """Principal moments [kg m^2] of a homogeneous body about its own middle, in link axes."""
        if self.shape == "sphere":
            return np.full(3, 0.4 * self.mass * self.size[0] ** 2)
        if self.shape == "box":
            squares = np.square(self.size)
            return self.mass / 12 * (squares.sum() - squares)
        radius, length = self.size
        across = self.mass * (3 * radius**2 + length**2) / 12
        moments = np.array([across, across, self.mass * radius**2 / 2])
        # Cylinders lie along z, or with a quarter turn about x along y.
        return moments if self.rpy == (0.0, 0.0, 0.0) else moments[[0, 2, 1]]

    def geometry(self) -> str:
        x, y = self.size[0], self.size[-1]
        inner = {
            "box": f'<box size="{_numbers(self.size)}"/>',
            "cylinder": f'<cylinder radius="{x:g}" length="{y:g}"/>',
            "sphere": f'<sphere radius="{x:g}"/>',
        }
        return f"<geometry>{inner[self.shape]}</geometry>"


def solids(part: str, side: int = 1) -> list[Solid]:
    """What a link collides with and weighs; side is +1 for left legs, -1 for right ones."""
    quarter = (float(np.pi / 2), 0.0, 0.0)
    return {
        "base": [
            Solid("box", (0.40, 0.17, 0.12), 5.6, (0.0, 0.0, 0.004)),
            Solid("box", (0.07, 0.12, 0.075), 0.6, (0.245, 0.0, 0.018)),
        ],
        "hip": [Solid("cylinder", (0.047, 0.044), 0.65, (0.0, side * (HIP_OFFSET - 0.02), 0.0), quarter)],
        "thigh": [Solid("box", (0.046, 0.034, THIGH), 0.95, (0.0, 0.0, -THIGH / 2))],
        "calf": [Solid("cylinder", (0.013, CALF - 0.03), 0.18, (0.003, 0.0, -CALF / 2 + 0.01))],
        "foot": [Solid("sphere", (FOOT_RADIUS,), 0.05)],
    }[part]


def urdf() -> str:
    """The whole robot as URDF text; meshes are named relative to the file."""
    body = [_link("base", "base", "meshes/base.glb", (0.0, 0.0, 0.0), solids("base"))]
    for leg in LEGS:
        body += _leg(leg)
    return '<?xml version="1.0"?>\n<robot name="trotter">\n' + "\n".join(body) + "\n</robot>\n"


def _leg(leg: str) -> list[str]:
    front, left = leg_signs(leg)
    hip, thigh, calf, foot = (f"{leg}_{part}" for part in ("hip", "thigh", "calf", "foot"))
    # The hip's mesh is symmetric in z, so half turns make the other three of it.
    turns = {(1, 1): (0, 0, 0), (1, -1): (np.pi, 0, 0), (-1, 1): (0, np.pi, 0), (-1, -1): (0, 0, np.pi)}
    mirrored = (0.0, 0.0, 0.0 if left > 0 else float(np.pi))
    return [
        _link(hip, "hip", "meshes/hip.glb", turns[front, left], solids("hip", left)),
        _link(thigh, "thigh", "meshes/thigh.glb", mirrored, solids("thigh")),
        _link(calf, "calf", "meshes/calf.glb", (0.0, 0.0, 0.0), solids("calf")),
        _link(foot, "foot", "meshes/foot.glb", (0.0, 0.0, 0.0), solids("foot")),
        _joint(f"{hip}_joint", "base", hip, (front * HIP_X, left * HIP_Y, 0.0), "1 0 0", LIMITS["hip"]),
        _joint(f"{thigh}_joint", hip, thigh, (0.0, left * HIP_OFFSET, 0.0), "0 1 0", LIMITS["thigh"]),
        _joint(f"{calf}_joint", thigh, calf, (0.0, 0.0, -THIGH), "0 1 0", LIMITS["calf"]),
        f'  <joint name="{foot}_joint" type="fixed" dont_collapse="true">\n    <parent link="{calf}"/>\n'
        f'    <child link="{foot}"/>\n    <origin xyz="0 0 {-CALF:g}"/>\n  </joint>',
    ]


def _link(name: str, part: str, mesh: str, rpy: tuple[float, ...], bodies: list[Solid]) -> str:
    collisions = "".join(
        f"    <collision>\n      {_origin(s.at, s.rpy)}\n      {s.geometry()}\n    </collision>\n" for s in bodies
    )
    return (
        f"  <link name={quoteattr(name)}>\n{_inertial(bodies)}"
        f'    <visual>\n      {_origin((0, 0, 0), rpy)}\n      <geometry><mesh filename="{mesh}"/></geometry>\n'
        f"    </visual>\n{collisions}  </link>"
    )


def _inertial(bodies: list[Solid]) -> str:
    mass, centre, inertia = mass_properties(bodies)
    names = [("ixx", 0, 0), ("ixy", 0, 1), ("ixz", 0, 2), ("iyy", 1, 1), ("iyz", 1, 2), ("izz", 2, 2)]
    moments = " ".join(f'{name}="{inertia[i, j] + 0.0:.6g}"' for name, i, j in names)
    return (
        f'    <inertial>\n      {_origin(tuple(centre))}\n      <mass value="{mass:g}"/>\n'
        f"      <inertia {moments}/>\n    </inertial>\n"
    )


def mass_properties(bodies: list[Solid]) -> tuple[float, np.ndarray, np.ndarray]:
    """Mass [kg], centre of mass (3,) [m] and inertia about it (3, 3) [kg m^2], by the parallel-axis theorem."""
    mass = sum(s.mass for s in bodies)
    centre = sum((s.mass * np.asarray(s.at) for s in bodies), np.zeros(3)) / mass
    inertia = np.zeros((3, 3))
    for s in bodies:
        arm = np.asarray(s.at) - centre
        inertia += np.diag(s.inertia()) + s.mass * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    return mass, centre, inertia


def _joint(name: str, parent: str, child: str, at: Vector, axis: str, limits: tuple[float, float]) -> str:
    return (
        f'  <joint name="{name}" type="revolute">\n    <parent link="{parent}"/>\n    <child link="{child}"/>\n'
        f'    <origin xyz="{_numbers(at)}"/>\n    <axis xyz="{axis}"/>\n'
        f'    <limit lower="{limits[0]:g}" upper="{limits[1]:g}" effort="{EFFORT:g}" velocity="{VELOCITY:g}"/>\n'
        f'    <dynamics damping="0.01" friction="0.1"/>\n  </joint>'
    )


def _origin(xyz: tuple[float, ...], rpy: tuple[float, ...] = (0.0, 0.0, 0.0)) -> str:
    return f'<origin xyz="{_numbers(xyz)}" rpy="{_numbers(rpy, 9)}"/>'


def _numbers(values: tuple[float, ...], digits: int = 6) -> str:
    return " ".join(f"{float(v) + 0.0:.{digits}g}" for v in values)
