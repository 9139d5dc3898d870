"""The robot Trotter in MuJoCo: its URDF with a free base and a PD controller at each joint."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import mujoco
import numpy as np
from legs import Legs
from trot import Gains, Trot, Weight

from replay_viewer.paths import asset

LEGS = ("FL", "FR", "RL", "RR")
JOINTS = tuple(f"{leg}_{part}_joint" for leg in LEGS for part in ("hip", "thigh", "calf"))
DEFAULT_JOINTS = np.tile([0.0, 0.75, -1.5], 4)
"""Where the legs stand at ease [rad]."""
KP, KD = 40.0, 1.0
"""Gains at the joints [N m/rad, N m s/rad]."""
ARMATURE = 0.01
"""Inertia of a motor's rotor, seen from its joint [kg m^2]."""
HARD_LIMIT = (0.005, 1.0)
"""MuJoCo's settings of a joint limit that gives way by a degree or two."""


def urdf_path() -> Path:
    """Of the robot that comes with the package."""
    return asset("trotter/trotter.urdf")


def trotter_spec() -> mujoco.MjSpec:
    """The robot alone, to be compiled or attached to a scene: body "base" with a free joint, an actuator per joint.

    The actuators take joint angles [rad], in the order of `JOINTS`, and are as strong as the URDF says.
    """
    tree = ElementTree.parse(urdf_path()).getroot()
    # Collision shapes are all that physics needs; MuJoCo does not read the visual meshes' format.
    for link in tree.iter("link"):
        for visual in link.findall("visual"):
            link.remove(visual)
    spec = mujoco.MjSpec.from_string(ElementTree.tostring(tree, encoding="unicode"))
    # Feet are bodies of their own, whose contact forces are read.
    spec.compiler.fusestatic = False
    spec.body("base").add_freejoint(name="base")
    for leg in LEGS:
        # Their boxes would meet where the hips' limits are.
        spec.add_exclude(bodyname1="base", bodyname2=f"{leg}_thigh")
    for name in JOINTS:
        _actuate(spec, tree, name)
    return spec


def _actuate(spec: mujoco.MjSpec, tree: ElementTree.Element, name: str) -> None:
    limit = tree.find(f"joint[@name='{name}']/limit")
    assert limit is not None
    effort = float(limit.get("effort", 0))
    spec.joint(name).armature, spec.joint(name).solref_limit = ARMATURE, HARD_LIMIT
    actuator = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
    actuator.set_to_position(kp=KP, kv=KD)
    actuator.forcelimited, actuator.forcerange = True, [-effort, effort]


def legs_of(model: mujoco.MjModel) -> Legs:
    """The legs' dimensions, out of the model of the robot alone."""
    hips = np.array([model.body(f"{leg}_hip").pos for leg in LEGS])
    offsets = np.array([model.body(f"{leg}_thigh").pos[1] for leg in LEGS])
    thigh, calf = (float(-model.body(f"FL_{part}").pos[2]) for part in ("calf", "foot"))
    foot = model.geom_size[model.body("FL_foot").geomadr[0], 0]
    return Legs(hips, offsets, thigh, calf, float(foot))


def weight_of(model: mujoco.MjModel) -> Weight:
    """Of the robot alone, standing at ease."""
    data = mujoco.MjData(model)
    data.qpos[7:] = DEFAULT_JOINTS
    mujoco.mj_forward(model, data)
    # What a turn about each axis takes, of all that hangs on the base.
    inertia, column = np.zeros(3), np.zeros(model.nv)
    for axis in range(3):
        mujoco.mj_mulM(model, data, column, np.eye(model.nv)[3 + axis])
        inertia[axis] = column[3 + axis]
    return Weight(float(model.body_subtreemass[1]), data.subtree_com[1] - data.xpos[1], inertia)


def trot_of(num_robots: int, control_dt: float, gains: Gains | None = None) -> Trot:
    """A controller for so many robots."""
    model = trotter_spec().compile()
    return Trot(legs_of(model), weight_of(model), num_robots, control_dt, gains=gains)
