"""MuJoCo's part of the environment: one world per env, all with the same ground; states as arrays over the envs."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

from __future__ import annotations

import copy

import mujoco
import numpy as np
from terrain import Terrain
from trotter import trotter_spec

from replay_viewer import rotations


class Simulation:
    """n robots, each in a world of its own, so that they do not touch each other.

    Arrays are float32, written in place. The free joint of a base has no actuator, and its position is written by
    `place` alone: what moves it between resets are contacts, gravity, the pushes, and a kick by hand.

    Args:
        num_envs: n.
        terrain: the ground.
        timestep: of the physics [s].

    Attributes:
        mass: of the robot, before `vary` [kg].
        body_names: of the robot's bodies, B of them.
        root_states: (n, 13): position [m], rotation xyzw, velocity [m/s] and turn rate [rad/s] in the world.
        dof_pos, dof_vel, torques: (n, 12) [rad, rad/s, N m].
        contact_forces: on each body, (n, B, 3) [N] in the world.
    """

    def __init__(self, num_envs: int, terrain: Terrain, timestep: float) -> None:
        model = _scene(terrain, timestep).compile()
        self._models = [copy.copy(model) for _ in range(num_envs)]
        self._datas = [mujoco.MjData(model) for model in self._models]
        self._base = model.body("base").id
        self.mass = float(model.body_subtreemass[self._base])
        self._base_mass, self._base_inertia = model.body_mass[self._base].copy(), model.body_inertia[self._base].copy()
        self.body_names = [model.body(index).name for index in range(1, model.nbody)]
        self.root_states = np.zeros((num_envs, 13), np.float32)
        self.dof_pos, self.dof_vel, self.torques = np.zeros((3, num_envs, 12), np.float32)
        self.contact_forces = np.zeros((num_envs, len(self.body_names), 3), np.float32)

    def vary(self, index: int, friction: float, added_mass: float) -> None:
        """Give one world its friction, and its robot's base so much more mass than `mass` has [kg]; then `place` it."""
        model = self._models[index]
        model.geom("ground").friction[0] = friction
        factor = 1 + added_mass / self._base_mass
        model.body_mass[self._base] = factor * self._base_mass
        model.body_inertia[self._base] = factor * self._base_inertia
        mujoco.mj_setConst(model, self._datas[index])

    def place(self, index: int, position: np.ndarray, wxyz: np.ndarray, joints: np.ndarray) -> None:
        """Put one robot there, at rest."""
        model, data = self._models[index], self._datas[index]
        mujoco.mj_resetData(model, data)
        data.qpos[:] = np.concatenate([position, wxyz, joints])
        data.ctrl[:] = joints
        mujoco.mj_forward(model, data)
        self._read(index)

    def kick(self, index: int, velocity: np.ndarray) -> None:
        """Add a velocity (3,) [m/s] to that of one robot's base."""
        self._datas[index].qvel[:3] += velocity

    def step(self, targets: np.ndarray, pushes: np.ndarray, decimation: int) -> None:
        """So many steps of the physics towards joint targets (n, 12) [rad], under pushes at the bases (n, 3) [N]."""
        for index, (model, data) in enumerate(zip(self._models, self._datas, strict=True)):
            data.ctrl[:] = targets[index]
            data.xfrc_applied[self._base, :3] = pushes[index]
            mujoco.mj_step(model, data, decimation)
            mujoco.mj_rnePostConstraint(model, data)
            self._read(index)

    def _read(self, index: int) -> None:
        data = self._datas[index]
        root, wxyz = self.root_states[index], data.qpos[3:7]
        root[:3], root[3:7], root[7:10] = data.qpos[:3], rotations.wxyz_to_xyzw(wxyz), data.qvel[:3]
        # MuJoCo has a free joint's turn rate in the body's own frame.
        root[10:13] = rotations.rotate(wxyz, data.qvel[3:6])
        self.dof_pos[index], self.dof_vel[index] = data.qpos[7:], data.qvel[6:]
        self.torques[index] = data.actuator_force
        # What acts on each body from outside: contacts, and the push, which is none.
        self.contact_forces[index] = data.cfrc_ext[1:, 3:] - data.xfrc_applied[1:, :3]


def _scene(terrain: Terrain, timestep: float) -> mujoco.MjSpec:
    """Trotter over the ground; elliptic friction cones with a stiff tangent let feet stand without creeping."""
    spec = trotter_spec()
    spec.option.timestep = timestep
    spec.option.cone, spec.option.impratio = mujoco.mjtCone.mjCONE_ELLIPTIC, 10
    terrain.add_to(spec)
    return spec
