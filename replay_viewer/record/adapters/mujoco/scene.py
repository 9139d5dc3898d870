"""The scene of environments that MuJoCo itself simulates, one model for each env: where its bodies are."""

from __future__ import annotations

import sys
from typing import Any, Sequence

import numpy as np

from ....errors import BadArgument
from ...rows import as_slice
from ..adapter import Request
from ..scene import with_urdf
from .balls import angles, rates, torques
from .export import export_of
from .ground import terrain_mesh
from .simulation import Simulation, structure
from .trees import MujocoTree, ground_geoms

_OTHER_MODEL = (
    "has made a model with other bodies or joints than that which is recorded. Attach anew after such a reset."
)


class MujocoScene:
    """Reads everything that moves; see `SceneReader`.

    Args:
        simulations: (n,) of the recorded envs. They have the same bodies; the first one's are exported.
        request: what is to be recorded.
    """

    def __init__(self, simulations: Sequence[Simulation], request: Request) -> None:
        self._simulation, self._model = simulations[0], simulations[0].model
        self._states = [MujocoState(simulation) for simulation in simulations]
        # Of the model that was asked for its ground last.
        self._seen_model: Any = None
        self._seen_geoms: list[int] = []
        self._ground = self._ground_now()
        self._export = export_of(self._model, simulations[0].groups)
        trees, self.notes = self._export.trees, self._export.notes
        # MujocoEnv computes contact forces in each step; MuJoCo itself does so on demand only.
        with_contacts = hasattr(simulations[0].env, "do_simulation")
        self._readers = [TreeReader(tree, len(simulations), with_contacts) for tree in trees]
        self._values = {name: array for reader in self._readers for name, array in reader.values.items()}
        self.entities = with_urdf([tree.entity for tree in trees], request.urdf)
        self.metadata: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        for row, state in enumerate(self._states):
            state.refresh()
            for reader in self._readers:
                reader.read(row, state)
        return dict(self._values)

    def terrain(self) -> tuple[np.ndarray, np.ndarray] | None:
        return terrain_mesh(self._model, ground_geoms(self._model, self._simulation.groups))

    def ground_is_as_recorded(self) -> bool:
        """Whether all that never moves is what it was; tasks may make it anew for each episode."""
        return self._ground_now() == self._ground

    def _ground_now(self) -> tuple[bytes, ...]:
        model = self._simulation.model
        if model is not self._seen_model:
            self._seen_model, self._seen_geoms = model, ground_geoms(model, self._simulation.groups)
        arrays = (model.geom_pos, model.geom_quat, model.geom_size)
        return (model.hfield_data.tobytes(), *(array[self._seen_geoms].tobytes() for array in arrays))

    def close(self) -> None:
        self._export.close()


class MujocoState:
    """The bodies of one simulation as its `qpos` and `qvel` have them.

    After a step, MuJoCo's own `xpos` and `cvel` are those before its last physics step. So they are computed anew, in
    memory of our own: the simulation's is not written to.

    Attributes:
        data: the simulation's `mujoco.MjData`, whose arrays stay where they are as long as it lives.
        own: that in our own memory.
        velocity: (6,) angular [rad/s], then linear [m/s], along the world's axes, of the body that was asked for last.
    """

    def __init__(self, simulation: Simulation) -> None:
        # It is loaded: the environment uses it.
        self._simulation, self._mujoco = simulation, sys.modules["mujoco"]
        self._structure, self._kind = structure(simulation.model), self._mujoco.mjtObj.mjOBJ_XBODY
        self.velocity = np.zeros(6)
        self._bind()

    def refresh(self) -> None:
        """Compute the poses as they are now."""
        if self._simulation.data is not self.data:
            self._bind()
        for own, simulated in self._copied:
            np.copyto(own, simulated)
        model, own, mujoco = self._model, self.own, self._mujoco
        mujoco.mj_kinematics(model, own)
        mujoco.mj_comPos(model, own)
        mujoco.mj_comVel(model, own)

    def find_velocity(self, body: int) -> None:
        """Compute the velocity of a body's frame."""
        self._mujoco.mj_objectVelocity(self._model, self.own, self._kind, body, self.velocity, 0)

    def _bind(self) -> None:
        """Take over the simulation's data, which are new ones where a reset has compiled its model again."""
        self._model, self.data = self._simulation.model, self._simulation.data
        if structure(self._model) != self._structure:
            raise BadArgument("env", type(self._simulation.env).__name__, _OTHER_MODEL)
        self.own, data = self._mujoco.MjData(self._model), self.data
        self._copied = [(self.own.qpos, data.qpos), (self.own.qvel, data.qvel)]
        if self._model.nmocap:
            self._copied += [(self.own.mocap_pos, data.mocap_pos), (self.own.mocap_quat, data.mocap_quat)]


class TreeReader:
    """Reads a robot or an object of n simulations.

    Attributes:
        values: by name, arrays (n, ...) that `read` fills.
    """

    def __init__(self, tree: MujocoTree, num_envs: int, with_contacts: bool) -> None:
        exported, name = tree.exported, tree.entity.name
        self._root, self._fixed = exported.root, exported.fixed_base
        bodies = np.array(exported.body_ids)
        # Slices are read faster.
        self._qpos = as_slice(exported.qpos_ids) or exported.qpos_ids
        self._dofs = as_slice(exported.dof_ids) or exported.dof_ids
        self._bodies = as_slice(bodies) or bodies
        # Of each ball joint, where its hinges are among the joints, and its quaternion in qpos.
        self._balls = [(first, int(exported.qpos_ids[first]) - 1) for first in exported.balls]
        self._arrays = {field: np.zeros((num_envs, *shape)) for field, shape in _shapes(tree, with_contacts).items()}
        # By row: the data that are read, views on them with where they are copied to, and what is no view.
        self._bound: list[Any] = [None] * num_envs
        self._views: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in range(num_envs)]
        self._chosen: list[list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = [[] for _ in range(num_envs)]
        self.values = {f"{name}.{field}": array for field, array in self._arrays.items()}
        if self._fixed is not None:
            self._arrays["base_pos"][:], self._arrays["base_wxyz"][:] = self._fixed

    def read(self, row: int, state: MujocoState) -> None:
        """Fill a row from a simulation whose state is fresh."""
        if self._bound[row] is not state.data:
            self._bind(row, state)
        if self._fixed is None:
            state.find_velocity(self._root)
        for target, source in self._views[row]:
            np.copyto(target, source)
        for target, source, ids in self._chosen[row]:
            source.take(ids, 0, target, "clip")
        for first, start in self._balls:
            self._turn(row, slice(first, first + 3), angles(state.data.qpos[start : start + 4]))

    def _bind(self, row: int, state: MujocoState) -> None:
        """Find out which memory is copied to a row, and where to."""
        data, own = state.data, state.own
        sources = {
            "joint_pos": (data.qpos, self._qpos),
            "joint_vel": (data.qvel, self._dofs),
            "joint_torque": (data.qfrc_actuator, self._dofs),
            # Torques come before forces.
            "contact_force": (data.cfrc_ext[:, 3:], self._bodies),
        }
        found = [(self._arrays[name][row], *sources[name]) for name in sources if name in self._arrays]
        views = [(target, source[ids]) for target, source, ids in found if isinstance(ids, slice)]
        if self._fixed is None:
            moving = {
                "base_pos": own.xpos[self._root],
                "base_wxyz": own.xquat[self._root],
                "base_lin_vel": state.velocity[3:],
                "base_ang_vel": state.velocity[:3],
            }
            views += [(self._arrays[name][row], source) for name, source in moving.items()]
        self._views[row] = views
        self._chosen[row] = [(target, source, ids) for target, source, ids in found if not isinstance(ids, slice)]
        self._bound[row] = data

    def _turn(self, row: int, hinges: slice, at: np.ndarray) -> None:
        """Make three hinges of a ball joint, whose angles these are."""
        arrays = self._arrays
        arrays["joint_pos"][row, hinges] = at
        arrays["joint_vel"][row, hinges] = rates(at, arrays["joint_vel"][row, hinges])
        if "joint_torque" in arrays:
            arrays["joint_torque"][row, hinges] = torques(at, arrays["joint_torque"][row, hinges])


def _shapes(tree: MujocoTree, with_contacts: bool) -> dict[str, tuple[int, ...]]:
    """What is read of a tree, by the field's name, and the shape of one env's value."""
    is_robot, num_joints = tree.entity.kind == "robot", len(tree.entity.joint_names)
    shapes: dict[str, tuple[int, ...]] = {
        "base_pos": (3,),
        "base_wxyz": (4,),
        "base_lin_vel": (3,),
        "base_ang_vel": (3,),
    }
    if num_joints:
        fields = ("joint_pos", "joint_vel", "joint_torque") if is_robot else ("joint_pos", "joint_vel")
        shapes.update(dict.fromkeys(fields, (num_joints,)))
    if is_robot and with_contacts:
        shapes["contact_force"] = (len(tree.entity.contact_bodies), 3)
    return shapes
