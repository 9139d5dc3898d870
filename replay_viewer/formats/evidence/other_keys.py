"""Other projects' names for what base_pos is: by them, a motion file without it is told what it probably holds."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...errors import BadField, listing, printable
from .array_table import ArrayHeader, ArrayTable

_NEEDED = ("base_pos", "base_quat")
# Between the words of a name such as basePos; not of BASE_POS.
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Names of one body's values: all of the last axis.
_WHOLE = {
    "base_pos": "base_pos base_pos_w base_position base_positions base_xyz root_pos root_pos_w root_position "
    "root_positions root_trans root_trans_offset root_translation root_translations root_xyz trans transl translation "
    "translations pelvis_pos torso_pos pos position positions xyz",
    "base_quat": "base_quat base_quat_w base_rot base_orn base_ori base_orientation root_quat root_quat_w root_rot "
    "root_ori root_orient root_orientation root_rotation root_rotations pelvis_quat torso_quat quat quats quaternion "
    "quaternions rot rotation rotations orientation orientations",
    "dof_pos": "dof_pos joint_pos joint_positions joint_position joint_angles joints joint_q dof dofs "
    "dof_positions jpos q",
}
# Names of the values of all bodies, of which the first is the base.
_OF_BODIES = {
    "base_pos": "body_pos body_pos_w body_positions body_xpos body_link_pos_w link_pos link_pos_w xpos rigid_body_pos "
    "rigid_body_positions rb_pos global_translation global_translations gts",
    "base_quat": "body_quat body_quat_w body_rot body_rotations body_xquat body_link_quat_w link_quat link_quat_w "
    "xquat rigid_body_rot rigid_body_rotations rb_rot global_rotation global_rotations grs",
}
# Names of poses, position first; joints follow behind some.
_POSES = ("qpos", "root_state", "root_states", "root_state_w", "root_pose", "base_pose", "base_state", "pose", "state")
_WITH_JOINTS = "qpos"
_WXYZ = ("qpos", "body_quat_w", "root_quat_w", "base_quat_w", "xquat", "link_quat_w")
_SIZES = {"base_pos": 3, "base_quat": 4}
# Names of the time step: a rate [1/s], and the time of each step. `dt` is read as it is.
RATES = ("fps", "frequency", "freq", "hz", "rate", "framerate", "frame_rate", "mocap_framerate", "mocap_frame_rate")
TIMES = ("time", "times", "timestamp", "timestamps")
# Rotation vectors of a human body, the root's first (https://amass.is.tue.mpg.de).
_SMPL_POSES = "poses"


def missing_pose(table: ArrayTable) -> BadField:
    """The error for a file that lacks `base_pos` or `base_quat`: what is in it, and what each probably is."""
    missing = [key for key in _NEEDED if key not in table.headers]
    shapes = [f"{printable(key)} {header.shape}" for key, header in table.headers.items()]
    guesses = {key: guess for key, guess in _guesses(table.headers).items() if key not in table.headers}
    probably = listing([f"{key} is {guess}" for key, guess in guesses.items()])
    advice = f" Probably {probably}: write them under these names with np.savez." if guesses else ""
    problem = f"is missing. A replay needs base_pos and base_quat at least. In the file: {listing(shapes)}."
    return BadField(table.path, missing[0], problem + advice)


def _guesses(headers: Mapping[str, ArrayHeader]) -> dict[str, str]:
    """By the name that is read here, the expression in the names of the file."""
    guesses: dict[str, str] = {}
    for key, header in headers.items():
        for target, expression in _meanings(key, header).items():
            guesses.setdefault(target, expression)
    return guesses


def _meanings(key: str, header: ArrayHeader) -> dict[str, str]:
    """What an array probably is, by its name and its shape."""
    shown = printable(key)
    name = _CAMEL.sub("_", key).lower().replace(".", "/").split("/")[-1]
    shape = header.shape
    size = shape[-1] if shape else 0
    if name in RATES and header.value_bytes == header.dtype.itemsize:
        return {"dt": f"1 / {shown}"}
    if name in TIMES and len(shape) == 1:
        return {"dt": f"the step of {shown}"}
    if len(shape) < 2:
        return {}
    if name in _POSES and size >= 7:
        order = " (wxyz)" if name in _WXYZ else ""
        poses = {"base_pos": f"{shown}[..., :3]", "base_quat": f"{shown}[..., 3:7]{order}"}
        return {**poses, "dof_pos": f"{shown}[..., 7:]"} if name == _WITH_JOINTS and size > 7 else poses
    if name == _SMPL_POSES and size >= 66:
        return {"base_quat": f"the rotation vector {shown}[..., :3] as a quaternion (the rest is of a human body)"}
    return _of_one_quantity(name, shown, shape)


def _of_one_quantity(name: str, shown: str, shape: tuple[int, ...]) -> dict[str, str]:
    order = " (wxyz)" if name in _WXYZ else ""
    for target, names in _WHOLE.items():
        if name in names.split() and shape[-1] == _SIZES.get(target, shape[-1]):
            return {target: shown + order}
        if name in names.split() and target == "base_quat" and shape[-1] == 3:
            return {target: f"the rotation vector {shown} as a quaternion"}
    for target, names in _OF_BODIES.items():
        if name in names.split() and len(shape) >= 3 and shape[-1] == _SIZES[target]:
            return {target: f"{shown}[{':, ' * (len(shape) - 2)}0]{order}"}
    return {}
