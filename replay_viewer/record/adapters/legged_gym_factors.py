"""What legged_gym and its kin draw at random, by the buffers in which they keep it.

legged_gym and unitree_rl_gym draw friction and the base's mass when they make their envs; walk-these-ways draws more
of it, and anew at resets and in between. Their settings say what of this is random. Commands and pushes are drawn by
methods that all of them have.
"""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from ...arrays import as_array
from .factors import Envs, Factor, Push, existing, reduced, rows

_DOFS, _BODIES = "_randomize_dof_props", "_randomize_rigid_body_props"
# A factor's name, its buffer (num_envs, ...), the setting that turns it on, and the method that draws it.
_BUFFERS = (
    ("friction", "friction_coeffs", "randomize_friction", _BODIES),
    ("restitution", "restitutions", "randomize_restitution", _BODIES),
    ("added_mass", "payloads", "randomize_base_mass", _BODIES),
    ("com_displacement", "com_displacements", "randomize_com_displacement", _BODIES),
    ("motor_strength", "motor_strengths", "randomize_motor_strength", _DOFS),
    ("motor_offset", "motor_offsets", "randomize_motor_offset", _DOFS),
    ("Kp_factor", "Kp_factors", "randomize_Kp_factor", _DOFS),
    ("Kd_factor", "Kd_factors", "randomize_Kd_factor", _DOFS),
)
_TERRAIN = {"terrain_level": "terrain_levels", "terrain_type": "terrain_types"}
# The columns of commands, where there are four.
_COMMANDS = ("lin_vel_x", "lin_vel_y", "ang_vel_yaw", "heading")


def legged_gym_factors(env: Any) -> list[Factor]:
    """Those that an environment has."""
    settings: Any = getattr(env.cfg, "domain_rand", None)
    return [*_of_buffers(env, settings), *_of_base(env, settings), *_of_terrain(env), *_of_motion(env, settings)]


def _of_buffers(env: Any, settings: Any) -> Iterator[Factor]:
    for name, buffer, switch, method in _BUFFERS:
        if _has_rows(env, buffer) and getattr(settings, switch, False):
            yield Factor(name, _reader(env, buffer), existing(env, method))
    if _has_rows(env, "gravities") and getattr(settings, "randomize_gravity", False):
        draws = existing(env, "_randomize_gravity", env_ids=range(env.num_envs))
        yield Factor("gravity", lambda envs: rows(env.gravities, envs), draws)


def _of_base(env: Any, settings: Any) -> Iterator[Factor]:
    """The mass of the base [kg], which only the simulator keeps."""
    ask: Any = getattr(getattr(env, "gym", None), "get_actor_rigid_body_properties", None)
    if ask is None or hasattr(env, "payloads") or not getattr(settings, "randomize_base_mass", False):
        return

    def masses(envs: Envs) -> np.ndarray:
        ids = range(env.num_envs) if envs is None else as_array(envs).tolist()
        return np.array([float(ask(env.envs[index], env.actor_handles[index])[0].mass) for index in ids])

    yield Factor("base_mass", masses)


def _of_terrain(env: Any) -> Iterator[Factor]:
    for name, buffer in _TERRAIN.items():
        if _has_rows(env, buffer):
            yield Factor(name, _reader(env, buffer), existing(env, "_update_terrain_curriculum"))


def _of_motion(env: Any, settings: Any) -> Iterator[Factor]:
    draws = existing(env, "_resample_commands")
    if draws and _has_rows(env, "commands"):
        yield Factor("command", lambda envs: _commands(env, rows(env.commands, envs)), draws)
    draws = existing(env, "_push_robots")
    if draws and getattr(settings, "push_robots", False):
        yield Push("push", lambda envs: rows(env.root_states, envs)[:, 7:9], draws, axes=((0, "x"), (1, "y")))


def _commands(env: Any, drawn: Any) -> Any:
    """By name, where all have names; the turn is computed anew at each step where a heading is commanded."""
    if drawn.shape[1] != len(_COMMANDS):
        return drawn
    is_heading = bool(getattr(getattr(env.cfg, "commands", None), "heading_command", True))
    unused = "ang_vel_yaw" if is_heading else "heading"
    return {name: drawn[:, column] for column, name in enumerate(_COMMANDS) if name != unused}


def _reader(env: Any, buffer: str) -> Any:
    return lambda envs: reduced(_flat(rows(getattr(env, buffer), envs)))


def _flat(values: Any) -> Any:
    """(k,) or (k, values)."""
    return values if len(values.shape) < 3 else values.reshape(len(values), -1)


def _has_rows(env: Any, buffer: str) -> bool:
    return tuple(getattr(getattr(env, buffer, None), "shape", ()))[:1] == (env.num_envs,)
