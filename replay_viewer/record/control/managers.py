"""What mjlab's environments and Isaac Lab's can be made to do by hand.

Isaac Lab's part is written from its public code (https://github.com/isaac-sim/IsaacLab), versions 1 to 3.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any, Callable, Sequence

from ...arrays import numbers_like
from ..adapters.scene import tensor
from .means import COMMAND, PUSH, VELOCITY_NAMES, Command, Means, velocity_ranges

# A term of commands that has this holds a velocity in the frame of the base.
_VELOCITY = "vel_command_b"
# The same of Isaac Lab's direct tasks, by their custom.
_OF_TASK = "_commands"
_NO_BASE = "No robot of the scene has a free base."
_NO_COMMAND = "No term of the task's commands is a velocity."


def manager_means(env: Any, bodies: Any) -> Means:
    """The means of an environment with managers; `bodies` of its scene, by name."""
    pose, reason = _default_pose(env)
    return Means(
        push=_push(env, bodies),
        reset=lambda env_id: _reset(env, env_id),
        command=_command(env),
        default_pose=pose,
        lacks={PUSH: _NO_BASE, COMMAND: _NO_COMMAND, "default_pose": reason},
    )


def direct_means(env: Any, bodies: Any) -> Means:
    """The means of one of Isaac Lab's direct tasks."""
    reason = "direct tasks do not say what their actions do."
    lacks = {PUSH: _NO_BASE, COMMAND: _NO_COMMAND, "default_pose": reason}
    return Means(_push(env, bodies), lambda env_id: _reset_inside(env, env_id), _command_of_task(env), None, lacks)


def _reset(env: Any, env_id: int) -> None:
    if "env_ids" in inspect.signature(env.reset).parameters:
        env.reset(env_ids=_ids(env, env_id))
    else:  # Isaac Lab 1.
        _reset_inside(env, env_id)


def _reset_inside(env: Any, env_id: int) -> None:
    """As a step does it, with what a step does afterwards."""
    env._reset_idx(_ids(env, env_id))
    for owner, name in ((env.scene, "write_data_to_sim"), (getattr(env, "sim", None), "forward")):
        if hasattr(owner, name):
            getattr(owner, name)()


def _push(env: Any, bodies: Any) -> Callable[[int, Sequence[float]], None] | None:
    """Adds to the velocity of the first robot whose base is free."""
    robots = [body for body in bodies.values() if getattr(body, "joint_names", None) and not _is_fixed(body)]
    if not robots:
        return None
    robot = robots[0]

    def push(env_id: int, velocity: Sequence[float]) -> None:
        is_mjlab = hasattr(robot, "write_root_link_velocity_to_sim") and hasattr(robot.data, "root_link_vel_w")
        now = tensor(robot.data.root_link_vel_w if is_mjlab else robot.data.root_vel_w)[env_id : env_id + 1]
        now = now + numbers_like(now, [*velocity, 0, 0, 0])
        ids = _ids(env, env_id)
        if is_mjlab:
            robot.write_root_link_velocity_to_sim(now, env_ids=ids)
        elif hasattr(robot, "write_root_velocity_to_sim_index"):  # Version 3.
            robot.write_root_velocity_to_sim_index(root_velocity=now, env_ids=ids)
        else:
            robot.write_root_velocity_to_sim(now, env_ids=ids)

    return push


def _is_fixed(body: Any) -> bool:
    return bool(getattr(body, "is_fixed_base", False))


def _command(env: Any) -> Command | None:
    manager: Any = getattr(env, "command_manager", None)
    for name in getattr(manager, "active_terms", ()):
        term = manager.get_term(name)
        if hasattr(term, _VELOCITY):
            low, high = velocity_ranges(getattr(term.cfg, "ranges", None))
            return Command(VELOCITY_NAMES, low, high, _writer(term, _VELOCITY), after=[(manager, "compute")])
    return None


def _command_of_task(env: Any) -> Command | None:
    shape = tuple(getattr(getattr(env, _OF_TASK, None), "shape", ()))
    if len(shape) != 2 or shape[1] != len(VELOCITY_NAMES):
        return None
    low, high = velocity_ranges(None)
    return Command(VELOCITY_NAMES, low, high, _writer(env, _OF_TASK), after=[(env, "_reset_idx")])


def _writer(owner: Any, name: str) -> Callable[[int, Sequence[float]], None]:
    def write(env_id: int, values: Sequence[float]) -> None:
        commands = tensor(getattr(owner, name))
        commands[env_id, : len(values)] = numbers_like(commands, values)

    return write


def _default_pose(env: Any) -> tuple[Callable[[Any], Any] | None, str]:
    """What brings the joints to the default pose, or None and why there is nothing."""
    manager = env.action_manager
    if not hasattr(manager, "get_term"):
        return None, "its actions do not say what they do."
    parts = []
    for name in manager.active_terms:
        term = manager.get_term(name)
        kind = type(term).__name__
        body = getattr(term, "_entity", getattr(term, "_asset", None))
        if not kind.endswith("JointPositionAction") or kind.startswith("Relative") or body is None:
            return None, f"the action term {name!r} ({kind}) does not set positions of joints."
        parts.append((term, body, getattr(term, "_target_ids", getattr(term, "_joint_ids", slice(None)))))

    def pose(wanted: Any) -> Any:
        rows = [(tensor(body.data.default_joint_pos)[:, ids] - term._offset) / term._scale for term, body, ids in parts]
        return sys.modules["torch"].cat(rows, 1).to(wanted.device)

    return pose, ""


def _ids(env: Any, env_id: int) -> Any:
    """(1,) indices as the environment has them."""
    return numbers_like(tensor(env.episode_length_buf), [env_id])
