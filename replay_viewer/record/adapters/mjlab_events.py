"""What the events of mjlab draw: fields of MuJoCo's model, pushes, and the states in which episodes begin."""

from __future__ import annotations

import functools
import re
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ...arrays import as_array
from .factors import Envs, Factor, Push, reduced, rows
from .hooks import Hook
from .initial_states import pose_offsets, varied_axes
from .manager_factors import function_of, is_random
from .mjlab_scene import rotate_rows

# What mjlab computes anew of the fields that it has drawn.
_DERIVED = ("body_subtreemass", "tendon_length0", "actuator_acc0")
_WEIGHTS = "_invweight0"
# By the beginning of a field's name: which of an entity's indices it has, and which settings choose among these.
_INDICES = {
    "geom": ("geom_ids", "geom_ids"),
    "body": ("body_ids", "body_ids"),
    "dof": ("joint_v_adr", "joint_ids"),
    "jnt": ("joint_ids", "joint_ids"),
    "qpos0": ("joint_q_adr", "joint_ids"),
    "site": ("site_ids", "site_ids"),
    "tendon": ("tendon_ids", "tendon_ids"),
    "cam": ("cam_ids", "camera_ids"),
    "light": ("light_ids", "light_ids"),
    "mat": ("mat_ids", "material_ids"),
    "pair": ("pair_ids", "pair_ids"),
    "actuator": ("ctrl_ids", ""),
}
# Events that draw the state in which an episode begins.
_BEGINNINGS = ("reset_root_state_uniform", "reset_joints_by_offset")
_ALL = slice(None)


def mjlab_event(env: Any, name: str, term: Any, draws: Sequence[Hook]) -> Factor | None:
    """The factor of an event; None where nothing of it is random, or its function is not known."""
    function, params = function_of(term), term.params
    fields = [field for field in getattr(term.func, "model_fields", ()) if not _is_derived(field)]
    if fields:
        drawn = ModelFields(env, fields, params)
        return Factor(name, drawn.read, draws)
    asset = _asset(env, params)
    if function == "push_by_setting_velocity" and asset is not None:
        axes = varied_axes(params.get("velocity_range"))
        velocity, seen = functools.partial(_velocity, env, asset), functools.partial(_seen, asset)
        return Push(name, velocity, draws, old=seen, axes=axes, is_added=True)
    make = _READERS.get(function)
    read = None if make is None or asset is None else make(env, asset, params)
    return None if read is None else Factor(name, read, draws, is_kept=function not in _BEGINNINGS)


class ModelFields:
    """Reads fields of the model that an event has drawn: the parts and axes of them that are not as they were made.

    Args:
        env: the environment.
        names: of the fields, (num_envs, parts) or (num_envs, parts, axes).
        params: of the event.
    """

    def __init__(self, env: Any, names: Sequence[str], params: Mapping[str, Any]) -> None:
        self._env, self._names, self._params = env, names, params
        # By name, where the drawn values lie; not known before there are any.
        self._places: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}

    def read(self, envs: Envs) -> Any:
        """(k, ...) of one field, or a dict of several; None where nothing has been drawn yet."""
        if not self._places:
            self._places = {name: place for name in self._names if (place := self._place(name)) is not None}
        found = {}
        for name, (parts, axes) in self._places.items():
            values = as_array(rows(getattr(self._env.sim.model, name)[:], envs))[:, parts]
            if axes is not None:
                values = values[:, :, axes]
                values = values[:, :, 0] if len(axes) == 1 else values
            found[name] = reduced(values)
        return (next(iter(found.values())) if len(found) == 1 else found) if found else None

    def _place(self, name: str) -> tuple[np.ndarray, np.ndarray | None] | None:
        """The parts of a field that differ from the model's in any env, and their axes."""
        sim = self._env.sim
        values, default = as_array(getattr(sim.model, name)[:]), as_array(sim.get_default_field(name))
        differs: np.ndarray = np.any(~np.isclose(values, default, rtol=1e-5, atol=1e-9), axis=0)
        parts = self._chosen_parts(name)
        is_drawn = differs[parts] if differs.ndim == 1 else differs[parts].reshape(len(parts), -1).any(axis=1)
        if not is_drawn.any():
            return None
        if differs.ndim == 1:
            return parts[is_drawn], None
        axes = self._chosen_axes()
        return parts[is_drawn], np.flatnonzero(differs[parts].any(axis=0)) if axes is None else np.array(axes)

    def _chosen_parts(self, name: str) -> np.ndarray:
        """Those of the event's entity that its settings choose."""
        asset, settings = _asset(self._env, self._params), self._params.get("asset_cfg")
        kind = next((kind for kind in _INDICES if re.match(rf"{kind}(_|$)", name)), None)
        if asset is None or kind is None:
            return np.arange(getattr(self._env.sim.model, name).shape[1])
        indices, chosen = _INDICES[kind]
        ids = as_array(getattr(asset.indexing, indices))
        return ids[getattr(settings, chosen, _ALL) if chosen else _ALL].reshape(-1)

    def _chosen_axes(self) -> list[int] | None:
        axes, ranges = self._params.get("axes"), self._params.get("ranges")
        if axes is None and isinstance(ranges, dict) and all(isinstance(axis, int) for axis in ranges):
            axes = list(ranges)
        return axes


def _is_derived(field: str) -> bool:
    return field in _DERIVED or field.endswith(_WEIGHTS)


def _asset(env: Any, params: Mapping[str, Any]) -> Any:
    """The entity that an event is about, by its settings; the robot, if they name none."""
    name = getattr(params.get("asset_cfg"), "name", "robot")
    return env.scene.entities.get(name)


def _velocity(env: Any, asset: Any, envs: Envs) -> np.ndarray:
    """(k, 6) of the base in the world, as it is written: what is derived of it comes later."""
    data, index = env.sim.data, asset.indexing
    qpos = as_array(rows(data.qpos[:], envs))[:, as_array(index.free_joint_q_adr)]
    qvel = as_array(rows(data.qvel[:], envs))[:, as_array(index.free_joint_v_adr)]
    return np.concatenate([qvel[:, :3], rotate_rows(qpos[:, 3:], qvel[:, 3:])], axis=1)


def _seen(asset: Any, envs: Envs) -> Any:
    """(k, 6) of the base in the world, as events read it."""
    return rows(asset.data.root_link_vel_w, envs)


def _bias(env: Any, asset: Any, params: Mapping[str, Any]) -> Callable[[Envs], Any] | None:
    joints = params["asset_cfg"].joint_ids if "asset_cfg" in params else _ALL
    return (lambda envs: rows(asset.data.encoder_bias, envs)[:, joints]) if is_random(params["bias_range"]) else None


def _wrench(env: Any, asset: Any, params: Mapping[str, Any]) -> Callable[[Envs], Any] | None:
    """Forces [N] and torques [Nm] on bodies, in the world."""
    bodies = as_array(asset.indexing.body_ids)[params["asset_cfg"].body_ids if "asset_cfg" in params else _ALL]
    parts = {name: axes for name, axes in _WRENCH.items() if is_random(params[f"{name}_range"])}

    def read(envs: Envs) -> dict[str, Any]:
        applied = as_array(rows(env.sim.data.xfrc_applied[:], envs))[:, bodies]
        return {name: reduced(applied[..., axes]) for name, axes in parts.items()}

    return read if parts else None


_WRENCH = {"force": slice(0, 3), "torque": slice(3, 6)}


def _root(env: Any, asset: Any, params: Mapping[str, Any]) -> Callable[[Envs], Any] | None:
    """Where an entity begins, from where it would begin by default, and how fast."""
    pose, velocity = varied_axes(params.get("pose_range")), varied_axes(params.get("velocity_range"))
    if asset.is_fixed_base or not (pose or velocity):
        return None

    def read(envs: Envs) -> dict[str, Any]:
        default = as_array(rows(asset.data.default_root_state, envs))
        origins = as_array(rows(env.scene.env_origins, envs))
        qpos = as_array(rows(env.sim.data.qpos[:], envs))[:, as_array(asset.indexing.free_joint_q_adr)]
        offsets = pose_offsets(qpos[:, :3] - origins, qpos[:, 3:], default[:, :3], default[:, 3:7])
        speeds = _velocity(env, asset, envs) - default[:, 7:13] if velocity else offsets
        found = {name: offsets[:, axis] for axis, name in pose}
        found.update((f"{name}_velocity", speeds[:, axis]) for axis, name in velocity)
        return found

    return read


def _joints(env: Any, asset: Any, params: Mapping[str, Any]) -> Callable[[Envs], Any] | None:
    """Positions [rad or m] in which joints begin, in the entity's order."""
    if not is_random(params.get("position_range")):
        return None
    chosen = params["asset_cfg"].joint_ids if "asset_cfg" in params else _ALL
    columns = as_array(asset.indexing.joint_q_adr)[chosen]
    return lambda envs: as_array(rows(env.sim.data.qpos[:], envs))[:, columns]


_READERS: Mapping[str, Callable[[Any, Any, Mapping[str, Any]], Callable[[Envs], Any] | None]] = {
    "encoder_bias": _bias,
    "apply_external_force_torque": _wrench,
    "reset_root_state_uniform": _root,
    "reset_joints_by_offset": _joints,
}
