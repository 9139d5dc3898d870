"""What environments in the style of legged_gym can be made to do by hand."""

from __future__ import annotations

import sys
from typing import Any, Sequence

from ...arrays import numbers_like
from .means import COMMAND, PUSH, VELOCITY_NAMES, Command, Means, Velocity, velocity_ranges
from .policy_off import zeros_like

# After these the task may have drawn commands, or turned headings into turn rates; before that it shows them.
_WRITE_COMMANDS = ("_resample_commands", "_post_physics_step_callback", "reset_idx")
_READ_COMMANDS = ("compute_observations",)
_NO_PUSH = (
    "This environment names no way to set a velocity: neither Isaac Gym's, nor a method `kick(env_ids, velocities)`."
)


def legged_gym_means(env: Any) -> Means:
    """The means of a `LeggedRobot`, or of what is like one."""
    simulator = _isaac_gym(env)
    push = None
    if callable(getattr(env, "kick", None)):
        push = _Kick(env)
    elif simulator is not None:
        push = _IsaacGymPush(env, simulator)
    pose, reason = _default_pose(env)
    return Means(
        push=push,
        reset=lambda env_id: env.reset_idx(_ids(env, env_id)),
        command=_command(env),
        default_pose=pose,
        lacks={PUSH: _NO_PUSH, COMMAND: "This task has no commands.", "default_pose": reason},
    )


class _Kick:
    """By a method of the environment's own."""

    def __init__(self, env: Any) -> None:
        self._env = env

    def __call__(self, env_id: int, velocity: Velocity) -> None:
        env = self._env
        row = numbers_like(env.root_states, velocity).reshape(1, 3)
        env.kick(_ids(env, env_id), row)


class _IsaacGymPush:
    """As legged_gym's own `_push_robots` does it."""

    def __init__(self, env: Any, gymtorch: Any) -> None:
        self._env, self._gymtorch = env, gymtorch

    def __call__(self, env_id: int, velocity: Velocity) -> None:
        env = self._env
        env.root_states[env_id, 7:10] += numbers_like(env.root_states, velocity)
        env.gym.set_actor_root_state_tensor(env.sim, self._gymtorch.unwrap_tensor(env.root_states))


def _isaac_gym(env: Any) -> Any:
    """Isaac Gym's module for tensors, where the environment is simulated by it."""
    has_setter = hasattr(getattr(env, "gym", None), "set_actor_root_state_tensor")
    return sys.modules.get("isaacgym.gymtorch") if has_setter else None


def _command(env: Any) -> Command | None:
    shape = tuple(getattr(getattr(env, "commands", None), "shape", ()))
    if len(shape) != 2 or shape[1] < len(VELOCITY_NAMES):
        return None
    ranges = getattr(env, "command_ranges", None) or getattr(getattr(env.cfg, "commands", None), "ranges", None)

    def write(env_id: int, values: Sequence[float]) -> None:
        env.commands[env_id, : len(values)] = numbers_like(env.commands, values)

    low, high = velocity_ranges(ranges)
    after, before = (
        [(env, name) for name in names if hasattr(env, name)] for names in (_WRITE_COMMANDS, _READ_COMMANDS)
    )
    return Command(VELOCITY_NAMES, low, high, write, after, before)


def _default_pose(env: Any) -> tuple[Any, str]:
    """What brings the joints to the default pose, or None and why there is nothing."""
    control: Any = getattr(env.cfg, "control", None)
    kind = getattr(control, "control_type", "P")
    has_default = hasattr(env, "default_dof_pos") or hasattr(control, "default_joint_angles")
    if not has_default or not hasattr(control, "action_scale"):
        return None, "the environment names no default pose (`default_dof_pos`) with a scale of actions."
    if kind == "P":
        return zeros_like, ""  # Actions are offsets from it.
    if kind == "T" and hasattr(env, "p_gains") and hasattr(env, "d_gains"):

        def torques(wanted: Any) -> Any:
            missing = env.p_gains * (env.default_dof_pos - env.dof_pos) - env.d_gains * env.dof_vel
            return missing / control.action_scale

        return torques, ""
    return None, f"actions of control type {kind!r} set no positions of joints."


def _ids(env: Any, env_id: int) -> Any:
    """(1,) indices as the environment has them."""
    return numbers_like(env.episode_length_buf, [env_id])
