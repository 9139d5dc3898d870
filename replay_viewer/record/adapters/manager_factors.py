"""What mjlab and Isaac Lab draw at random: events, commands and the terrain's levels, by the names of their terms.

What an event's function draws depends on the simulator: `mjlab_events` and `isaac_lab_events` know those that come with
each. An event of another function is not found; users log its values with `log_variation`.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, Callable, Iterator, Mapping, Sequence

import numpy as np

from ...arrays import as_array
from ..problems import Problems
from .factors import Envs, Factor, existing, rows
from .hooks import Hook

# Makes the factor of an event: of its name, its settings, and the methods that draw it; None where it is not known.
MakeFactor = Callable[[str, Any, Sequence[Hook]], "Factor | None"]

_AT_BUILD = ("startup", "prestartup")
_TERRAIN = {"terrain_level": "terrain_levels", "terrain_type": "terrain_types"}
_TURN, _HEADING = "ang_vel_z", "heading"
# What else commands are made of; what they command is computed of it at each step.
_DRAWN = ("pose_command_b", "pos_command_w", "heading_command_w", "time_steps")


def event_factors(env: Any, make: MakeFactor, problems: Problems) -> Iterator[Factor]:
    """Those of the events, whatever their mode; `problems` are told of one that cannot be understood."""
    manager: Any = getattr(env, "event_manager", None)
    for mode, names in dict(getattr(manager, "active_terms", None) or {}).items():
        for name in names:
            term = manager.get_term_cfg(name)
            # Of a class that has made no term yet, nobody could listen to the term.
            if not inspect.isclass(term.func):
                draws = () if mode in _AT_BUILD else (Hook(term, "func", argument=1),)
                factor = problems.attempt(f"variation {name}", functools.partial(make, name, term, draws))
                if factor is not None:
                    yield factor


def function_of(term: Any) -> str:
    """The name of an event's function, or of its class."""
    function = inspect.unwrap(term.func)
    return getattr(function, "__name__", None) or type(function).__name__


def is_random(limits: Any) -> bool:
    """Whether a range of an event's settings leaves anything to chance."""
    if limits is None:
        return False
    if isinstance(limits, Mapping):
        return any(map(is_random, limits.values()))
    return bool(np.any(as_array(limits[0]) != as_array(limits[1])))


def command_factors(commands: Mapping[str, Any]) -> Iterator[Factor]:
    """Those of the commands, by the names of their terms."""
    for name, term in commands.items():
        draws = existing(term, "_resample_command")
        if draws:
            yield Factor(name, _command_reader(term), draws)


def terrain_factors(terrain: Any) -> Iterator[Factor]:
    """Where on a terrain of several levels and types the envs are."""
    for name, buffer in _TERRAIN.items():
        if getattr(terrain, "terrain_origins", None) is not None and hasattr(getattr(terrain, buffer, None), "shape"):
            draws = existing(terrain, "update_env_origins", "randomize_env_origins")
            yield Factor(name, lambda envs, buffer=buffer: rows(getattr(terrain, buffer), envs), draws)


def _command_reader(term: Any) -> Callable[[Envs], Any]:
    if all(hasattr(term, name) for name in ("vel_command_b", "is_standing_env")):
        return lambda envs: _velocity(term, envs)
    names = [name for name in _DRAWN if hasattr(getattr(term, name, None), "shape")]
    if names:
        return lambda envs: {name: rows(getattr(term, name), envs) for name in names}
    return lambda envs: rows(term.command, envs)


def _velocity(term: Any, envs: Envs) -> dict[str, np.ndarray]:
    """A velocity as it is commanded from here on; its turn, or the heading from which this is computed."""

    def read(name: str) -> np.ndarray:
        return as_array(rows(getattr(term, name), envs))

    velocity = np.where(read("is_standing_env")[:, None], 0, read("vel_command_b"))
    for axis, name in enumerate(("is_zero_vel_x_env", "is_zero_vel_y_env", "is_zero_vel_yaw_env")):
        if hasattr(term, name):
            velocity[read(name), axis] = 0
    found = {"lin_vel_x": velocity[:, 0], "lin_vel_y": velocity[:, 1], _TURN: velocity[:, 2]}
    if getattr(term.cfg, "heading_command", False):
        has_heading = read("is_heading_env")
        found[_TURN] = np.where(has_heading, np.nan, found[_TURN])
        found[_HEADING] = np.where(has_heading, read("heading_target"), np.nan)
        if getattr(term.cfg, "rel_heading_envs", 0) == 1:
            del found[_TURN]
    return found
