"""Two Trotters and a box on a flat floor, in one MuJoCo model."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

from __future__ import annotations

import copy

import mujoco
import numpy as np
from trotter import DEFAULT_JOINTS, JOINTS, trotter_spec

ROBOTS = ("robot_0", "robot_1")
BOX_SIZE = (0.5, 1.0, 0.45)
"""Along the way that it is pushed, across it, and up [m]; as large as the bundled crate looks."""
BOX_MASS, BOX_FRICTION = 6.0, 0.35
"""[kg], and of the box on the floor."""
PHYSICS_DT = 0.002
CONTACT_BODIES = ("base", "FL_foot", "FR_foot", "RL_foot", "RR_foot")
"""Of a robot, whose contact forces are measured: the base touches the box."""
STAND_HEIGHT = 0.29


def push_model() -> mujoco.MjModel:
    """Robots and box as free bodies; nothing but the robots' joints has a motor."""
    spec = mujoco.MjSpec()
    spec.option.timestep = PHYSICS_DT
    spec.worldbody.add_geom(name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1], friction=[0.9, 0.005, 1e-4])
    _add_box(spec)
    for name in ROBOTS:
        spec.attach(trotter_spec(), prefix=f"{name}/", frame=spec.worldbody.add_frame())
    return spec.compile()


def _add_box(spec: mujoco.MjSpec) -> None:
    box = spec.worldbody.add_body(name="box", pos=[0, 0, BOX_SIZE[2] / 2])
    box.add_freejoint(name="box")
    box.add_geom(name="box", type=mujoco.mjtGeom.mjGEOM_BOX, size=np.array(BOX_SIZE) / 2, mass=BOX_MASS)
    # A pair has a friction of its own, whatever the floor's is for feet.
    slide = [BOX_FRICTION, BOX_FRICTION, 0.005, 1e-4, 1e-4]
    spec.add_pair(name="box on floor", geomname1="box", geomname2="floor", friction=slide)


def with_box(model: mujoco.MjModel, mass: float, friction: float) -> mujoco.MjModel:
    """A copy of the model with a box of that mass [kg] and that friction on the floor."""
    model = copy.copy(model)
    box = model.body("box").id
    model.body_inertia[box] *= mass / model.body_mass[box]
    model.body_mass[box] = mass
    model.pair("box on floor").friction[:2] = friction
    mujoco.mj_setConst(model, mujoco.MjData(model))
    return model


class Places:
    """Where the numbers of robots and box stand in a model's arrays.

    Attributes:
        base_qpos, base_qvel: (2, 7) and (2, 6) of the robots' bases, of which the last three turn in the base frame.
        joint_qpos, joint_qvel: (2, 12), in the order of JOINTS.
        motors: (2, 12) actuators.
        bases: (2,) body ids.
        box_qpos, box_qvel: (7,) and (6,).
        touched: (num_bodies,) where in (2 * 5) contact forces a body's stand, -1 for the others.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        free = [model.joint(f"{name}/base") for name in ROBOTS]
        hinges = [[model.joint(f"{name}/{joint}") for joint in JOINTS] for name in ROBOTS]
        self.base_qpos = np.array([joint.qposadr[0] + np.arange(7) for joint in free])
        self.base_qvel = np.array([joint.dofadr[0] + np.arange(6) for joint in free])
        self.joint_qpos = np.array([[joint.qposadr[0] for joint in row] for row in hinges])
        self.joint_qvel = np.array([[joint.dofadr[0] for joint in row] for row in hinges])
        self.motors = np.array([[model.actuator(f"{name}/{joint}").id for joint in JOINTS] for name in ROBOTS])
        self.bases = np.array([model.body(f"{name}/base").id for name in ROBOTS])
        self.box_qpos = model.joint("box").qposadr[0] + np.arange(7)
        self.box_qvel = model.joint("box").dofadr[0] + np.arange(6)
        self.touched = np.full(model.nbody, -1)
        bodies = [f"{name}/{body}" for name in ROBOTS for body in CONTACT_BODIES]
        self.touched[[model.body(name).id for name in bodies]] = np.arange(len(bodies))


def contact_forces(model: mujoco.MjModel, data: mujoco.MjData, places: Places) -> np.ndarray:
    """What the robots' bodies are pushed with, (2, 5, 3) [N] in the world frame."""
    forces, wrench = np.zeros((len(ROBOTS) * len(CONTACT_BODIES), 3)), np.zeros(6)
    for index in range(data.ncon):
        contact = data.contact[index]
        mujoco.mj_contactForce(model, data, index, wrench)
        # The rows of a contact's frame are its axes; it points from the first geom to the second.
        force = wrench[:3] @ contact.frame.reshape(3, 3)
        for geom, sign in zip(contact.geom, (-1, 1), strict=True):
            place = places.touched[model.geom_bodyid[geom]]
            if place >= 0:
                forces[place] += sign * force
    return forces.reshape(len(ROBOTS), len(CONTACT_BODIES), 3)


def put(data: mujoco.MjData, places: Places, robots: np.ndarray, box: np.ndarray) -> None:
    """Place robots (2, 3) and box (3,), each by x, y [m] and yaw [rad], at rest."""
    data.qpos[places.joint_qpos] = DEFAULT_JOINTS
    data.qpos[places.base_qpos] = [_pose(place, STAND_HEIGHT) for place in robots]
    data.qpos[places.box_qpos] = _pose(box, BOX_SIZE[2] / 2)
    data.ctrl[places.motors] = DEFAULT_JOINTS


def _pose(place: np.ndarray, height: float) -> list[float]:
    x, y, yaw = place
    return [x, y, height, np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)]
