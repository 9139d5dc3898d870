"""The scene of an mjlab environment: its robots and objects, out of the arrays in which MuJoCo keeps their state."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from ...rollout.entities import EntitySpec
from ..problems import Problems
from ..rows import Columns, Rows
from .adapter import Request
from .mujoco.ground import terrain_mesh
from .mujoco.urdf import export_urdf
from .scene import entity_name, with_urdf

# mjlab makes a sensor of MuJoCo's for each field that is asked of contacts; this one is recorded.
_FORCE = "force"
# The axes around each of x, y, z.
_NEXT, _LAST = np.array([1, 2, 0]), np.array([2, 0, 1])


class MjlabScene:
    """Reads every entity but the terrain; see `SceneReader`."""

    def __init__(self, env: Any, request: Request) -> None:
        self._env, self._rows = env, request.rows
        # Removed in any case: also where the recording cannot be made.
        self._folder = tempfile.TemporaryDirectory(prefix="replay-viewer-")
        self._parts = [
            MjlabEntity(env, key, entity, Path(self._folder.name, str(number)), request.problems)
            for number, (key, entity) in enumerate(env.scene.entities.items())
            if entity is not env.scene.terrain
        ]
        self.entities = with_urdf([part.spec for part in self._parts], request.urdf)
        self.notes = [note for part in self._parts for note in part.notes]
        self.lacks: dict[str, str] = {}
        self.metadata: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        state = MjlabState(self._env.sim.data, self._rows)
        return dict(item for part in self._parts for item in part.read(state))

    def terrain(self) -> tuple[np.ndarray, np.ndarray] | None:
        terrain = self._env.scene.terrain
        return None if terrain is None else terrain_mesh(self._env.sim.mj_model, terrain.indexing.geom_ids.tolist())

    def close(self) -> None:
        self._folder.cleanup()


class MjlabEntity:
    """Reads an entity from `qpos` and `qvel`: inside of a step, what is derived from them lags a substep behind.

    Attributes:
        spec: its description, with a URDF that was exported from the model.
        notes: what is not as in the simulation, a sentence each.
    """

    def __init__(self, env: Any, key: str, entity: Any, folder: Path, problems: Problems) -> None:
        self._attempt = problems.attempt
        model, name = env.sim.mj_model, entity_name(key)
        self._base = _Base(model, entity)
        robot = export_urdf(model, folder, self._base.body, prefix=f"{key}/", name=name, with_balls=False)
        self._joints, self._joint_dofs = Columns(robot.qpos_ids), Columns(robot.dof_ids)
        self._has_joints = len(robot.joint_names) > 0
        sensor = _contact_sensor(env, key)
        self._forces = None if sensor is None else Columns(_force_ids(model, sensor))
        self.spec = EntitySpec(
            name,
            "robot" if self._has_joints or entity.is_actuated else "object",
            robot.joint_names,
            [] if sensor is None else [primary.rpartition("/")[2] for primary in sensor.primary_names],
            str(robot.urdf),
        )
        self.notes = [f"{name}: {note}" for note in robot.notes]
        if getattr(entity, "variant_metadata", None) is not None:
            self.notes.append(f"{name} differs from env to env; the recording shows its first variant in all of them.")

    def read(self, state: MjlabState) -> Iterator[tuple[str, Any]]:
        """Names and rows of the recorded envs."""
        name = self.spec.name
        for field, rows in self._base.read(state):
            yield f"{name}.{field}", rows
        if self._has_joints:
            yield f"{name}.joint_pos", self._joints.of(state["qpos"])
            yield f"{name}.joint_vel", self._joint_dofs.of(state["qvel"])
            field = f"{name}.joint_torque"
            yield field, self._attempt(field, lambda: self._joint_dofs.of(state["qfrc_actuator"]))
        forces = self._forces
        if forces is not None:
            field = f"{name}.contact_force"
            yield field, self._attempt(field, lambda: _forces_on(forces.of(state["sensordata"])))


class MjlabState:
    """Rows of the simulation's arrays as they are now, each looked up once."""

    def __init__(self, data: Any, rows: Rows) -> None:
        self._data, self._rows = data, rows
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            self._found[name] = self._rows.of(getattr(self._data, name))
        return self._found[name]


class _Base:
    """The pose and velocity of an entity.

    Attributes:
        body: id of the body whose pose it is.
    """

    def __init__(self, model: Any, entity: Any) -> None:
        indexing = entity.indexing
        self.body = int(indexing.root_body_id)
        self._mocap = indexing.mocap_id
        free = indexing.free_joint_q_adr.tolist()
        self._pose = self._velocity = None
        if free:
            self.body = int(model.jnt_bodyid[model.jnt_qposadr.tolist().index(free[0])])
            self._pose, self._velocity = Columns(free), Columns(indexing.free_joint_v_adr.tolist())

    def read(self, state: MjlabState) -> Iterator[tuple[str, Any]]:
        if self._pose is not None and self._velocity is not None:
            pose, velocity = self._pose.of(state["qpos"]), self._velocity.of(state["qvel"])
            yield "base_pos", pose[:, :3]
            yield "base_wxyz", pose[:, 3:]
            yield "base_lin_vel", velocity[:, :3]
            # A free joint turns in the frame of its body.
            yield "base_ang_vel", rotate_rows(pose[:, 3:], velocity[:, 3:])
        else:
            # Every body with a fixed base is a mocap body, or hangs on one.
            place, turn = ("xpos", "xquat") if self._mocap is None else ("mocap_pos", "mocap_quat")
            index = self.body if self._mocap is None else self._mocap
            yield "base_pos", state[place][:, index]
            yield "base_wxyz", state[turn][:, index]


def _forces_on(forces: Any) -> Any:
    """(n, parts, 3) on the parts; the sensor tells what these do to others, (n, parts * 3)."""
    return -forces.reshape(len(forces), -1, 3)


def rotate_rows(wxyz: Any, vectors: Any) -> Any:
    """Vectors (n, 3) turned by unit quaternions (n, 4): arrays, or tensors where they are."""
    cross = _cross if isinstance(vectors, np.ndarray) else sys.modules["torch"].cross
    axis = wxyz[:, 1:]
    twice = 2 * cross(axis, vectors, 1)
    return vectors + wxyz[:, :1] * twice + cross(axis, twice, 1)


def _cross(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
    """`np.cross`, which takes eight times as long for a few rows."""
    return a.take(_NEXT, axis) * b.take(_LAST, axis) - a.take(_LAST, axis) * b.take(_NEXT, axis)


def _contact_sensor(env: Any, key: str) -> Any:
    """The first sensor of net contact forces on parts of this entity, or None."""
    for sensor in env.scene.sensors.values():
        # Sensors of other kinds have nothing of this.
        cfg: Any = getattr(sensor, "cfg", None)
        entity = getattr(getattr(cfg, "primary", None), "entity", None)
        if entity == key and cfg.reduce == "netforce" and _FORCE in cfg.fields:
            return sensor
    return None


def _force_ids(model: Any, sensor: Any) -> list[int]:
    """Where the forces (P, 3) of its P parts lie in `sensordata`."""
    first = [int(model.sensor(f"{sensor.cfg.name}_{name}_{_FORCE}").adr[0]) for name in sensor.primary_names]
    return [place + axis for place in first for axis in range(3)]
