"""What environments with MuJoCo inside can be made to do by hand: Gymnasium's, dm_control's, and others like them."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

import numpy as np

from .means import COMMAND, PUSH, Means

_NO_BASE = "Nothing in the model has a free base, or slides."
_FREE, _BALL, _SLIDE, _HINGE = range(4)  # MuJoCo's mjtJoint.
_AFFINE = 1  # mjtBias.mjBIAS_AFFINE
_IN_JOINT = 0  # mjtTrn.mjTRN_JOINT


def mujoco_means(simulations: Mapping[int, Any], members: Mapping[int, Any]) -> Means:
    """The means of some envs, by the simulator's index: their simulations, and what their user resets."""
    model = next(iter(simulations.values())).model
    base = _base_dofs(model)
    pose = _servo_pose(model)
    lacks = {
        PUSH: _NO_BASE,
        COMMAND: "Gymnasium's tasks have no commands.",
        "default_pose": "not all of the model's actuators are servos of joints' positions.",
    }
    return Means(
        push=None if base is None else _pusher(simulations, *base),
        reset=lambda env_id: members[env_id].reset(),
        default_pose=None if pose is None else lambda wanted: np.broadcast_to(pose, np.shape(wanted)).copy(),
        lacks=lacks,
    )


def _pusher(
    simulations: Mapping[int, Any], dofs: np.ndarray, axes: np.ndarray
) -> Callable[[int, Sequence[float]], None]:
    def push(env_id: int, velocity: Sequence[float]) -> None:
        simulations[env_id].data.qvel[dofs] += axes @ np.asarray(velocity, float)

    return push


def _base_dofs(model: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """The columns (k,) of qvel that move the first body that moves freely, or slides, and their axes (k, 3)."""
    kinds, bodies = np.asarray(model.jnt_type), np.asarray(model.jnt_bodyid)
    dofs = np.asarray(model.jnt_dofadr)
    free = np.flatnonzero(kinds == _FREE)
    if len(free):
        return dofs[free[0]] + np.arange(3), np.eye(3)
    # Planar robots slide along axes of the world.
    of_roots = np.asarray(model.body_parentid)[bodies] == 0
    sliding = np.flatnonzero((kinds == _SLIDE) & of_roots)
    sliding = sliding[bodies[sliding] == bodies[sliding[0]]] if len(sliding) else sliding
    has_others = len(kinds) > len(sliding)  # What only slides is a cart on its rail, and pushed all the same.
    if not len(sliding) or not has_others:
        return None
    return dofs[sliding], np.asarray(model.jnt_axis)[sliding]


def _servo_pose(model: Any) -> np.ndarray | None:
    """(nu,) what brings each joint to its place in the model, where all actuators are servos of positions."""
    gains, biases = np.asarray(model.actuator_gainprm), np.asarray(model.actuator_biasprm)
    is_servo = (np.asarray(model.actuator_biastype) == _AFFINE) & (gains[:, 0] != 0) & (biases[:, 1] == -gains[:, 0])
    if not len(gains) or not (is_servo & (np.asarray(model.actuator_trntype) == _IN_JOINT)).all():
        return None
    joints = np.asarray(model.actuator_trnid)[:, 0]
    if not np.isin(np.asarray(model.jnt_type)[joints], (_SLIDE, _HINGE)).all():
        return None
    rest = np.asarray(model.qpos0)[np.asarray(model.jnt_qposadr)[joints]]
    if len(np.atleast_1d(model.key_qpos)):
        rest = np.asarray(model.key_qpos)[0][np.asarray(model.jnt_qposadr)[joints]]
    return rest * np.asarray(model.actuator_gear)[:, 0]
