"""Steps of single environments: their results, how the episodes stand, and the parts of the reward.

The results have Gymnasium's form, that of old gym, or dm_env's. Parts of the reward are what Gymnasium's own tasks
leave in the `info` of each step: `reward_forward`, `reward_ctrl`.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any, Mapping, NamedTuple, Sequence

import numpy as np

from ....arrays import as_array
from ...problems import Problems
from ..adapter import Endings

# What in an info is named so is a part of the reward; the parts may miss it by this share of it.
_PREFIX = "reward_"
_TOLERANCE = 1e-6
# A constant part of the reward, such as that for being alive: so many digits behind the point, and this share of error.
_CONSTANT_DIGITS, _CONSTANT_TOLERANCE = 3, 1e-9
_NUMBERS = (int, float, np.number)
_ANY_NUMBERS = itertools.repeat(_NUMBERS)
_FLAGS = (bool, np.bool_)


class StepResult(NamedTuple):
    """What a single environment returned.

    Attributes:
        reward: of the step; None where there is none, or not one number.
        terminated: whether the task ended the episode.
        truncated: whether its time is up.
        info: as the environment gave it.
        success: True, False, or None where the task does not say.
        obs: the observations.
    """

    reward: float | None
    terminated: bool
    truncated: bool
    info: Mapping[str, Any]
    success: bool | None
    obs: Any = None

    @property
    def is_end(self) -> bool:
        """Whether the episode is over."""
        return self.terminated or self.truncated


def parse_step(result: Any) -> StepResult:
    """Read what a `step` returned.

    That is (obs, reward, terminated, truncated, info), (obs, reward, done, info) as gym had it before 0.26 and
    robosuite has it, the same without an info, or dm_env's `TimeStep`, whose discount tells a time-out from an end. Of
    anything else nothing is known but that a step was made; an array is then the observation.
    """
    if hasattr(result, "step_type") and hasattr(result, "discount"):
        return _parse_time_step(result)
    if not isinstance(result, (tuple, list)):
        return StepResult(None, False, False, {}, None, result)
    values, info = list(result), {}
    if values and (values[-1] is None or isinstance(values[-1], (dict, Mapping))):
        info = values.pop() or {}
    elif len(values) > 2 and not isinstance(values[-1], _FLAGS):
        return StepResult(None, False, False, {}, None, None)
    truncated = bool(info.get("TimeLimit.truncated", False))
    terminated = False
    if len(values) == 4:
        terminated, truncated = bool(values[2]), bool(values[3])
    elif len(values) == 3:
        terminated = bool(values[2]) and not truncated
    success = info.get("success", info.get("is_success"))
    success = None if success is None else bool(success)
    reward = _number(values[1]) if len(values) > 1 else None
    return StepResult(reward, terminated, truncated, info, success, values[0] if values else None)


def _parse_time_step(result: Any) -> StepResult:
    """Read a `dm_env.TimeStep`: a discount of 0 at the end says that nothing comes after it, others that time is up."""
    reward = 0.0 if result.reward is None else _number(result.reward)
    is_last = bool(result.last())
    terminated = is_last and not np.any(as_array(result.discount))
    return StepResult(reward, terminated, is_last and not terminated, {}, None, result.observation)


def _number(value: Any) -> float | None:
    """What is one number, perhaps in an array; None for anything else."""
    if isinstance(value, float):  # One of numpy's double precision is, too.
        return float(value)
    array = as_array(value)
    return float(array.reshape(-1)[0]) if array.size == 1 and array.dtype.kind in "biuf" else None


class GymnasiumEpisodes:
    """Counts the steps of n episodes and keeps how they end.

    A step that does nothing but reset an env, as vectors make it after an end, is the first of the new episode.

    Args:
        simulations: (n,) with MuJoCo's `data`.
        control_dt: seconds of a step.

    Attributes:
        control_dt: the same, as far as it is known.
    """

    def __init__(self, simulations: Sequence[Any], control_dt: float) -> None:
        self._simulations, self.control_dt, count = simulations, control_dt, len(simulations)
        # Its clock tells how far an episode is that has begun before the recording.
        self._lengths = np.array([round(each.data.time / control_dt) for each in simulations], dtype=np.int64)
        self._is_over, self._was_reset = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        self._times = [0.0] * count
        self._in_step, self._any_ended = False, False
        # Of the last step, made when they are asked for.
        self._endings: Endings | None = None

    def take_over(self, other: GymnasiumEpisodes, rows: Sequence[int | None]) -> None:
        """Go on between two steps where another has left off.

        Args:
            other: that of the same environment, with other envs.
            rows: (n,) the position of each env there; None of one that it has not.
        """
        for row, known in enumerate(rows):
            if known is None:
                self._lengths[row] = round(self._simulations[row].data.time / other.control_dt)
            else:
                self._lengths[row], self._is_over[row] = other._lengths[known], other._is_over[known]
        self.control_dt = other.control_dt

    def begin_step(self) -> None:
        """A step begins."""
        self._lengths += 1
        self._was_reset.fill(False)
        self._times = [simulation.data.time for simulation in self._simulations]
        self._in_step = True
        self._endings = None

    def duration(self) -> float | None:
        """Seconds that the step has taken by the simulation's clock; None where all envs were reset in it."""
        for row in np.flatnonzero(~self._was_reset).tolist():
            seconds = self._simulations[row].data.time - self._times[row]
            if seconds > 0:
                return seconds
        return None

    def recount(self, control_dt: float) -> None:
        """Count the steps of episodes that began before the first one anew, which has told how long a step is."""
        self.control_dt = control_dt
        for row in np.flatnonzero(~self._was_reset).tolist():
            self._lengths[row] = 1 + round(self._times[row] / control_dt)

    def note_reset(self, row: int) -> None:
        """An env is about to be reset."""
        has_stepped = self._simulations[row].data.time != self._times[row]
        self._lengths[row] = 1 if self._in_step and not has_stepped else 0
        self._is_over[row], self._was_reset[row] = False, True

    def end_step(self, results: Sequence[StepResult | None]) -> None:
        """The step has returned.

        Args:
            results: (n,) None where an env was only reset.
        """
        self._in_step = self._any_ended = False
        for result in results:
            if result is not None and (result.terminated or result.truncated):
                self._any_ended = True
        if self._any_ended:
            _fill(self.endings(), results)

    def endings(self) -> Endings:
        """How they stand; what a reset inside of a step asks for is filled in when the step returns."""
        if self._endings is None:
            # Arrays of their own for each step, since they are written later.
            count = len(self._simulations)
            terminated, truncated = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
            self._endings = Endings(terminated, truncated, self._lengths.copy(), success=[None] * count)
        return self._endings

    def ended(self) -> Endings | None:
        """Those that the step has ended and nobody has reset; one that is stepped on has ended only once."""
        if not self._any_ended:
            return None
        step, new = self.endings(), ~self._is_over & ~self._was_reset
        self._is_over |= (step.terminated | step.truncated) & new
        return replace(step, terminated=step.terminated & new, truncated=step.truncated & new)


class InfoTerms:
    """The numbers in a step's infos whose names begin with "reward_".

    They are reward terms where they add up to the reward of the innermost env, but for a constant that has no name.
    Where they do not (a part that varies has no name, or is told without its weight), they are signals of their own.
    The first step decides, in which a constant has few digits, and what varies has many.

    Attributes:
        names: None until it has.
        are_terms: whether they add up.
        values: (n, num_names) of the last step.
    """

    def __init__(self, num_envs: int, problems: Problems) -> None:
        self._problems = problems
        self.names: tuple[str, ...] | None = None
        self.are_terms = False
        self.values = np.zeros((num_envs, 0))

    def decide(self, infos: Sequence[Mapping[str, Any]], rewards: np.ndarray) -> None:
        """Find out from the first step.

        Args:
            infos: (n,), empty where an env was not stepped.
            rewards: (n,).
        """
        names = next(filter(None, map(_numbers, infos)), ())
        self.names, self.values = tuple(names), np.zeros((len(infos), len(names)))
        self.fill(infos, rewards)
        stepped = np.array([len(info) > 0 for info in infos])
        residual, sizes = (rewards - self.values.sum(axis=1))[stepped], np.maximum(1, np.abs(rewards[stepped]))
        constant = np.round(residual, _CONSTANT_DIGITS)[:1]
        is_zero = (np.abs(residual) <= _TOLERANCE * sizes).all()
        is_constant = (np.abs(residual - constant) <= _CONSTANT_TOLERANCE * sizes).all()
        self.are_terms = len(names) > 0 and bool(is_zero or is_constant)

    def take_over(self, other: InfoTerms) -> None:
        """Go on with what another has found out."""
        self.names, self.are_terms = other.names, other.are_terms
        self.values = np.full((len(self.values), len(self.names or ())), np.nan)

    def forget(self) -> None:
        """A step begins, of which nothing is known yet."""
        self.values.fill(np.nan)

    def fill(self, infos: Sequence[Mapping[str, Any]], rewards: np.ndarray) -> None:
        """Take over a step. What an info lacks is unknown, but where there was no reward, as in a mere reset."""
        names = self.names or ()
        for row, info in enumerate(infos if names else ()):
            unknown = np.nan if rewards[row] else 0.0
            values = [info.get(name, unknown) for name in names]
            if not all(map(isinstance, values, _ANY_NUMBERS)):
                values = list(map(self._number, names, values))
            self.values[row] = values

    def _number(self, name: str, value: Any) -> Any:
        if isinstance(value, _NUMBERS):
            return value
        self._problems.tell(name, f"is a {type(value).__name__}, expected a number: it is NaN in such steps.")
        return np.nan


def flat_observations(obs: Any, num_envs: int) -> np.ndarray:
    """Observations (num_envs, ...), perhaps in dicts or tuples, as one array (num_envs, width)."""
    if isinstance(obs, (Mapping, tuple)):
        parts = obs.values() if isinstance(obs, Mapping) else obs
        return np.concatenate([flat_observations(part, num_envs) for part in parts], axis=1)
    return as_array(obs).reshape(num_envs, -1)


def observation_width(space: Any) -> int:
    """Numbers in an observation of this space."""
    parts = getattr(space, "spaces", None)
    if parts is None:
        return int(np.prod(space.shape))
    if isinstance(parts, Mapping):
        parts = parts.values()
    return sum(observation_width(part) for part in parts)


def _fill(endings: Endings, results: Sequence[StepResult | None]) -> None:
    assert isinstance(endings.success, list)
    for row, result in enumerate(results):
        if result is not None:
            endings.terminated[row], endings.truncated[row] = result.terminated, result.truncated
            endings.success[row] = result.success


def _numbers(info: Mapping[str, Any]) -> list[str]:
    return [name for name, value in info.items() if name.startswith(_PREFIX) and isinstance(value, _NUMBERS)]
