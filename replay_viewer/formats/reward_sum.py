"""Whether the recorded terms sum to the recorded reward."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..rollout.rollout import Verdict
from .plain.columns import Column

# A reward is a float32 sum of terms: what rounding adds, absolute and relative to the largest sum.
_ROUNDING_ABSOLUTE = 1e-6
_ROUNDING_RELATIVE = 1e-5
_MAX_CHECKED_VALUES = 1 << 22


def sums_to_reward(terms: Column, rew: Column) -> bool:
    """Whether the terms (T, N[, A], K) sum to the reward (T, N[, A]) up to rounding."""
    values, rewards, _ = _checked(terms, rew)
    total = values.sum(axis=-1)
    return bool(np.nanmax(np.abs(rewards - total), initial=0) <= _rounding(total))


def sum_verdict(names: Sequence[str], terms: Column, rew: Column) -> Verdict:
    """How far the reward is from the sum of its terms, and whether clipping explains it.

    With `only_positive_rewards`, legged_gym clips the sum at zero and adds the term "termination" after that
    (legged_robot.py, `compute_reward`).
    """
    values, rewards, stride = _checked(terms, rew)
    total = values.sum(axis=-1)
    residual = np.nan_to_num(np.abs(rewards - total))
    worst = float(residual.max(initial=0))
    sampled = f" (only one step in {stride} was checked)" if stride > 1 else ""
    if worst <= _rounding(total):
        how = f"to within {worst:.1e}" if worst else "exactly"
        return Verdict("sum of the terms", "equals the reward", f"{how}{sampled}", "found")
    step, env = np.unravel_index(int(residual.argmax()), residual.shape)[:2]
    where = f"largest difference {worst:.3g} at step {step * stride}, env index {env}{sampled}"
    if _is_clipped(names, values, rewards):
        finding = "equals the reward where it is positive: the reward is clipped at zero"
        return Verdict("sum of the terms", finding, f"{where}; the clip is shown as the residual", "found")
    return Verdict("sum of the terms", "does not equal the reward", f"{where}; shown as the residual", "problem")


def _is_clipped(names: Sequence[str], values: np.ndarray, rewards: np.ndarray) -> bool:
    after_clip = np.array([name.split("/")[-1] == "termination" for name in names])
    clipped = np.maximum(values[..., ~after_clip].sum(axis=-1), 0) + values[..., after_clip].sum(axis=-1)
    return bool(np.nanmax(np.abs(rewards - clipped), initial=0) <= _rounding(clipped))


def _checked(terms: Column, rew: Column) -> tuple[np.ndarray, np.ndarray, int]:
    """(terms, rewards, stride) of all steps, or of evenly spaced ones of a large file, in float64."""
    stride = max(1, -(-int(np.prod(terms.shape)) // _MAX_CHECKED_VALUES))
    steps, envs = slice(0, terms.shape[0], stride), range(terms.shape[1])
    return terms.read(steps, envs).astype(np.float64), rew.read(steps, envs).astype(np.float64), stride


def _rounding(total: np.ndarray) -> float:
    return _ROUNDING_ABSOLUTE + _ROUNDING_RELATIVE * float(np.nanmax(np.abs(total), initial=0))
