"""What the events of Isaac Lab draw, of versions 1 to 3: materials, masses, gains, pushes, the states at the beginning.

Written from its public code (https://github.com/isaac-sim/IsaacLab). Versions 1 and 2 keep much of it in views of
PhysX, version 3 in the data of its assets.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ...arrays import as_array
from ...rotations import xyzw_to_wxyz
from .factors import Envs, Factor, Push, reduced, rows
from .hooks import Hook
from .initial_states import pose_offsets, varied_axes
from .isaac_lab_bodies import quaternion_order
from .manager_factors import function_of, is_random

Read = Callable[[Envs], Any]
# Events that draw the state in which an episode begins.
_BEGINNINGS = ("reset_root_state_uniform", "reset_joints_by_scale", "reset_joints_by_offset")
_ALL = slice(None)
_MATERIAL = {"static_friction": 0, "dynamic_friction": 1, "restitution": 2}


def isaac_lab_event(env: Any, name: str, term: Any, draws: Sequence[Hook]) -> Factor | None:
    """The factor of an event; None where nothing of it is random, or its function is not known."""
    function, params = function_of(term), term.params
    asset = _asset(env, params)
    if asset is None:
        return None
    if function == "push_by_setting_velocity":
        axes = varied_axes(params.get("velocity_range"))
        return Push(name, lambda envs: rows(asset.data.root_vel_w, envs), draws, axes=axes, is_added=True)
    make = _READERS.get(function)
    read = None if make is None else make(env, asset, term)
    return None if read is None else Factor(name, read, draws, is_kept=function not in _BEGINNINGS)


def _asset(env: Any, params: Mapping[str, Any]) -> Any:
    """The body that an event is about, by its settings; the robot, if they name none."""
    name = getattr(params.get("asset_cfg"), "name", "robot")
    try:
        return env.scene[name]
    except KeyError:
        return None


def _chosen(term: Any, kind: str) -> Any:
    """The parts of its asset that an event is about."""
    return getattr(term.params.get("asset_cfg"), kind, _ALL)


def _material(env: Any, asset: Any, term: Any) -> Read | None:
    """Of each shape, what of its material is random."""
    found = {name: axis for name, axis in _MATERIAL.items() if is_random(term.params.get(f"{name}_range"))}
    if not found:
        return None
    implementation = getattr(term.func, "_impl", term.func)
    newton = {"static_friction": "_friction_binding", "restitution": "_restitution_binding"}
    if hasattr(implementation, "_friction_binding"):
        names = [name for name in found if name in newton]
        return lambda envs: {name: reduced(rows(getattr(implementation, newton[name]), envs)) for name in names}
    shapes = _shapes(implementation, _chosen(term, "body_ids"))
    kind = getattr(implementation, "_material_type", None)

    def read(envs: Envs) -> dict[str, Any]:
        view = _view(asset)
        everything = view.get_material_properties() if kind is None else view.get_attribute(kind)
        material = as_array(rows(everything, envs))[:, shapes]
        return {name: reduced(material[..., axis]) for name, axis in found.items()}

    return read


def _shapes(implementation: Any, bodies: Any) -> Any:
    """The indices of the shapes of some bodies."""
    counts = getattr(implementation, "num_shapes_per_body", None)
    if counts is None or isinstance(bodies, slice):
        return _ALL
    owners = np.repeat(np.arange(len(counts)), counts)
    return np.flatnonzero(np.isin(owners, bodies))


def _mass(env: Any, asset: Any, term: Any) -> Read | None:
    """[kg] of bodies."""
    bodies = _chosen(term, "body_ids")
    if not is_random(term.params.get("mass_distribution_params")):
        return None
    return lambda envs: reduced(_of_bodies(asset, ["body_mass"], "get_masses", envs)[:, bodies])


def _com(env: Any, asset: Any, term: Any) -> Read | None:
    """Centres of mass of bodies, in their frames [m], along the axes that are random."""
    bodies, axes = _chosen(term, "body_ids"), varied_axes(term.params.get("com_range"))
    if not axes:
        return None

    def read(envs: Envs) -> dict[str, Any]:
        centres = _of_bodies(asset, ["body_com_pos_b", "body_com_pose_b"], "get_coms", envs)[:, bodies]
        return {name: reduced(centres[..., axis]) for axis, name in axes}

    return read


def _inertia(env: Any, asset: Any, term: Any) -> Read | None:
    """Diagonals of tensors of inertia of bodies [kg m^2]."""
    bodies = _chosen(term, "body_ids")
    if not is_random(term.params.get("inertia_distribution_params")):
        return None
    return lambda envs: _of_bodies(asset, ["body_inertia"], "get_inertias", envs)[:, bodies][..., [0, 4, 8]]


def _gains(env: Any, asset: Any, term: Any) -> Read | None:
    """Stiffness and damping of the actuators, in the order of the joints."""
    joints = _chosen(term, "joint_ids")
    names = [name for name in ("stiffness", "damping") if is_random(term.params.get(f"{name}_distribution_params"))]

    def read(envs: Envs) -> dict[str, Any]:
        found = {}
        for name in names:
            parts = [as_array(rows(getattr(actuator, name), envs)) for actuator in asset.actuators.values()]
            table = np.full((len(parts[0]), len(asset.joint_names)), np.nan, np.float32)
            for actuator, part in zip(asset.actuators.values(), parts):
                indices = actuator.joint_indices
                table[:, indices if isinstance(indices, slice) else as_array(indices)] = part
            found[name] = reduced(table[:, joints])
        return found

    return read if names else None


def _joint_parameters(env: Any, asset: Any, term: Any) -> Read | None:
    """Friction, armature and limits of joints."""
    joints, params = _chosen(term, "joint_ids"), term.params
    buffers = {}
    if is_random(params.get("friction_distribution_params")):
        buffers["friction"] = _first(asset.data, "joint_friction_coeff", "joint_friction")
    if is_random(params.get("armature_distribution_params")):
        buffers["armature"] = "joint_armature"
    if any(is_random(params.get(f"{side}_limit_distribution_params")) for side in ("lower", "upper")):
        buffers["limits"] = _first(asset.data, "joint_pos_limits", "joint_limits")

    def read(envs: Envs) -> dict[str, Any]:
        return {
            name: reduced(as_array(rows(getattr(asset.data, buffer), envs))[:, joints])
            for name, buffer in buffers.items()
        }

    return read if buffers else None


def _wrench(env: Any, asset: Any, term: Any) -> Read | None:
    """Forces [N] and torques [Nm] on bodies."""
    bodies = _chosen(term, "body_ids")
    owner: Any = getattr(asset, "permanent_wrench_composer", asset)
    names = {"force": ("local_force_b", "_external_force_b"), "torque": ("local_torque_b", "_external_torque_b")}
    found = {
        name: buffer
        for name, buffers in names.items()
        if is_random(term.params[f"{name}_range"]) and (buffer := _first(owner, *buffers))
    }
    if not found:
        return None
    return lambda envs: {
        name: reduced(as_array(rows(getattr(owner, buffer), envs))[:, bodies]) for name, buffer in found.items()
    }


def _root(env: Any, asset: Any, term: Any) -> Read | None:
    """Where a body begins, from where it would begin by default, and how fast."""
    pose, velocity = varied_axes(term.params.get("pose_range")), varied_axes(term.params.get("velocity_range"))
    if not (pose or velocity):
        return None
    data = asset.data
    turned = xyzw_to_wxyz if quaternion_order(asset.cfg)[0] == "xyzw" else np.asarray

    def read(envs: Envs) -> dict[str, Any]:
        default_pose, default_velocity = _default_root(data, envs)
        position = as_array(rows(data.root_pos_w, envs)) - as_array(rows(env.scene.env_origins, envs))
        turn, default_turn = turned(as_array(rows(data.root_quat_w, envs))), turned(default_pose[:, 3:7])
        offsets = pose_offsets(position, turn, default_pose[:, :3], default_turn)
        speeds = as_array(rows(data.root_vel_w, envs)) - default_velocity
        found = {name: offsets[:, axis] for axis, name in pose}
        found.update((f"{name}_velocity", speeds[:, axis]) for axis, name in velocity)
        return found

    return read


def _joints(env: Any, asset: Any, term: Any) -> Read | None:
    """Positions [rad or m] in which joints begin."""
    joints = _chosen(term, "joint_ids")
    if not is_random(term.params.get("position_range")):
        return None
    return lambda envs: as_array(rows(asset.data.joint_pos, envs))[:, joints]


def _default_root(data: Any, envs: Envs) -> tuple[np.ndarray, np.ndarray]:
    """Poses (k, 7) and velocities (k, 6) by default."""
    if hasattr(data, "default_root_pose"):
        return as_array(rows(data.default_root_pose, envs)), as_array(rows(data.default_root_vel, envs))
    state = as_array(rows(data.default_root_state, envs))
    return state[:, :7], state[:, 7:13]


def _of_bodies(asset: Any, buffers: Sequence[str], getter: str, envs: Envs) -> np.ndarray:
    """What is known of an asset's bodies, (k, bodies, ...): by its data, else by its view."""
    buffer = _first(asset.data, *buffers)
    found = getattr(asset.data, buffer) if buffer else getattr(_view(asset), getter)()
    return as_array(rows(found, envs))


def _view(asset: Any) -> Any:
    return getattr(asset, _first(asset, "root_view", "root_physx_view"))


def _first(owner: Any, *names: str) -> str:
    """The first of some attributes that there is; "" where there is none. It is not asked for: that may be costly."""
    return next((name for name in names if hasattr(type(owner), name) or name in vars(owner)), "")


_READERS: Mapping[str, Callable[[Any, Any, Any], Read | None]] = {
    "randomize_rigid_body_material": _material,
    "randomize_rigid_body_mass": _mass,
    "randomize_rigid_body_com": _com,
    "randomize_rigid_body_inertia": _inertia,
    "randomize_actuator_gains": _gains,
    "randomize_joint_parameters": _joint_parameters,
    "apply_external_force_torque": _wrench,
    "reset_root_state_uniform": _root,
    "reset_joints_by_scale": _joints,
    "reset_joints_by_offset": _joints,
}
