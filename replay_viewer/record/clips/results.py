"""Results of steps of any environment, single or with an axis of envs: rewards, ends of episodes, observations.

What is known of episodes here comes from what `step` returns, so that it holds for environments whose states nobody can
read too.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

import numpy as np

from ...arrays import as_array
from ..adapters.gymnasium.steps import parse_step

_SUCCESS = ("success", "is_success")
# Where observations from before a reset inside of a step are found: Gymnasium's, old Gymnasium's, stable-baselines3's.
_FINAL_OBS = ("final_obs", "final_observation", "terminal_observation")
_FINAL_INFO = ("final_info",)
_TIME_OUTS = ("time_outs", "TimeLimit.truncated")


class StepEnds(NamedTuple):
    """What a step says of some envs, n of them.

    Attributes:
        obs: the observations, of all envs of the simulator.
        rewards: (n,) of the step; None where there are none.
        terminated: (n,) whether the task ended the episode.
        truncated: (n,) whether its time is up.
        is_over: (n,) whether it is either.
        any_over: whether any of them is: most steps end nothing, and then are to cost nothing.
        success: (n,) True, False, or None for unknown.
        info: as the environment gave it.
    """

    obs: Any
    rewards: np.ndarray | None
    terminated: np.ndarray
    truncated: np.ndarray
    is_over: np.ndarray
    any_over: bool
    success: Sequence[bool | None]
    info: Any

    def outcomes(self, slots: np.ndarray) -> list[str]:
        """How episodes ended."""
        return ["terminated" if self.terminated[slot] else "truncated" for slot in slots.tolist()]

    def final_obs(self, env_id: int) -> Any:
        """The observations of one env before the reset inside of the step; None where they are not given."""
        for name in _FINAL_OBS:
            if isinstance(self.info, Mapping) and name in self.info:
                return _of_env(self.info[name], env_id)
        own = self.info[env_id] if isinstance(self.info, (list, tuple)) and len(self.info) > env_id else None
        return next((own[name] for name in _FINAL_OBS if isinstance(own, Mapping) and name in own), None)


def read_step(result: Any, env_ids: np.ndarray, is_vector: bool) -> StepEnds:
    """Read what a `step` returned.

    Of an environment with an axis of envs, that is (obs, rewards, terminated, truncated, infos), with `dones` for the
    two flags as stable-baselines3 and rsl_rl have it, or legged_gym's (obs, privileged obs, rewards, dones, infos). Of
    anything else nothing is known but that a step was made.

    Args:
        result: as it came.
        env_ids: (n,) the envs that are looked at.
        is_vector: whether there is an axis of envs.
    """
    if not is_vector:
        seen = parse_step(result)
        rewards = None if seen.reward is None else np.array([seen.reward])
        terminated, truncated, is_over = np.array([[seen.terminated], [seen.truncated], [seen.is_end]])
        return StepEnds(seen.obs, rewards, terminated, truncated, is_over, seen.is_end, [seen.success], seen.info)
    nothing, unknown = np.zeros(len(env_ids), bool), [None] * len(env_ids)
    if not isinstance(result, (tuple, list)) or len(result) not in (4, 5):
        return StepEnds(result, None, nothing, nothing, nothing, False, unknown, {})
    obs, second, info = result[0], result[1], result[-1]
    is_legged = len(result) == 5 and (second is None or len(getattr(second, "shape", ())) > 1)
    rewards = _rows(result[2] if is_legged else second, env_ids)
    if len(result) == 5 and not is_legged:
        terminated, truncated = _flags(result[2], env_ids), _flags(result[3], env_ids)
        is_over = terminated | truncated
    else:
        is_over = terminated = _flags(result[-2], env_ids)
        truncated = None
    if not np.count_nonzero(is_over):  # Several times as fast as any().
        return StepEnds(obs, rewards, nothing, nothing, nothing, False, unknown, info)
    if truncated is None:
        truncated = is_over & _time_outs(info, env_ids)
        terminated = is_over & ~truncated
    success = [_success(info, env_id) if over else None for env_id, over in zip(env_ids.tolist(), is_over.tolist())]
    return StepEnds(obs, rewards, terminated, truncated, is_over, True, success, info)


def _rows(values: Any, env_ids: np.ndarray) -> np.ndarray | None:
    """(n,) of these envs, of all agents together; None for what is no array with a row for each env."""
    if not hasattr(values, "shape") or len(values.shape) == 0:
        return None
    try:
        rows = as_array(values)[env_ids]
    except IndexError:
        return None
    return rows if rows.ndim == 1 else rows.reshape(len(env_ids), -1).sum(axis=1, dtype=float)


def _flags(values: Any, env_ids: np.ndarray) -> np.ndarray:
    rows = _rows(np.asarray(values) if isinstance(values, (list, tuple)) else values, env_ids)
    if rows is None:
        return np.zeros(len(env_ids), bool)
    return rows if rows.dtype == bool else rows > 0


def _time_outs(info: Any, env_ids: np.ndarray) -> np.ndarray:
    """(n,) whether an episode that is over has run out of time."""
    if isinstance(info, Mapping):
        found = next((info[name] for name in _TIME_OUTS if name in info), None)
        return np.zeros(len(env_ids), bool) if found is None else _flags(found, env_ids)
    own = [info[env_id] if isinstance(info, (list, tuple)) and len(info) > env_id else {} for env_id in env_ids]
    return np.array([bool(each.get("TimeLimit.truncated")) for each in own], bool)


def _success(info: Any, env_id: int) -> bool | None:
    """Whether an episode that is over was one; None where the task does not say."""
    places = [info]
    if isinstance(info, Mapping):
        places = [info[name] for name in _FINAL_INFO if name in info] + places
    for place in places:
        own = place
        if isinstance(place, (list, tuple, np.ndarray)):
            own = place[env_id] if len(place) > env_id else None
        for name in _SUCCESS:
            if isinstance(own, Mapping) and name in own:
                value = _of_env(own[name], env_id)
                return None if value is None else bool(value)
    return None


def _of_env(values: Any, env_id: int) -> Any:
    """The share of one env of arrays that have a row for each, perhaps nested."""
    if hasattr(values, "keys"):
        return {name: _of_env(values[name], env_id) for name in values.keys()}  # noqa: SIM118 - a TensorDict gives rows.
    if isinstance(values, (tuple, list)) or (hasattr(values, "shape") and len(values.shape)):
        return values[env_id] if len(values) > env_id else None
    return values
