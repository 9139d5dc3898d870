"""How fast a base moves, as recorded or as its positions tell, and whose coordinates the recorded velocity has."""

from __future__ import annotations

import numpy as np

from .rollout.rollout import Rollout
from .rotations import rotate
from .step_values import samples

# Of a recording's beginning, so many steps of so many envs are compared.
_SAMPLED_STEPS, _SAMPLED_ENVS = 256, 16
# Velocities are the base's where they fit the positions so much better than as the world's.
_CLEARLY = 0.5


def sampled_velocities(rollout: Rollout, entity: str) -> np.ndarray:
    """Level velocities (S, E, 2) [m/s] of an entity as recorded, else those of its first steps."""
    if f"{entity}.base_lin_vel" in rollout.fields:
        return samples(rollout, f"{entity}.base_lin_vel")[..., :2]
    return _first_velocities(rollout, entity)[..., :2]


def _first_velocities(rollout: Rollout, entity: str) -> np.ndarray:
    """Velocities (S, E, 3) [m/s] into the steps after the first, from the base's positions."""
    base_pos = _first(rollout, f"{entity}.base_pos")
    return np.nan_to_num(np.diff(base_pos, axis=0) / rollout.control_dt, posinf=0.0, neginf=0.0)


def _first(rollout: Rollout, field: str) -> np.ndarray:
    """The first values (S, E, ...) of a field."""
    envs = range(min(rollout.num_envs, _SAMPLED_ENVS))
    return rollout.read(field, slice(0, _SAMPLED_STEPS), envs).astype(np.float64)


def is_of_base(rollout: Rollout, entity: str) -> bool:
    """Whether the recorded velocity has the base's coordinates and not the world's, as some simulators have it.

    It has where the positions clearly say so.
    """
    recorded = np.nan_to_num(_first(rollout, f"{entity}.base_lin_vel")[1:])
    wxyz = np.nan_to_num(_first(rollout, f"{entity}.base_wxyz")[1:])
    moved = _first_velocities(rollout, entity)
    if not moved.size:
        return False
    of_world, of_base = (np.median(np.linalg.norm(v - moved, axis=-1)) for v in (recorded, rotate(wxyz, recorded)))
    return bool(of_base < _CLEARLY * of_world)
