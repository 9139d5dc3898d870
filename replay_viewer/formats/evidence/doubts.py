"""The doubts about recorded values: no number, no rotation, the wrong unit, and what is shown instead."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ...errors import listing
from ...rollout.rollout import Verdict
from ...rollout.states import last_good
from .columns import Column, FilledColumn, step_blocks

_MIN_NORM = 1e-6
_NORM_TOLERANCE = 0.01
# So much of a signal is looked at, and of all that nobody needs together.
MAX_CHECKED_BYTES, MAX_CHECKED_TOGETHER = 1 << 28, 1 << 31
# Of so many joint positions it is asked whether they are degrees: 1,000 steps of 64 robots of 128 joints.
_MAX_DEGREES = 1 << 23

# What axes are told apart by: so many steps of each axis are looked at, and as many are needed at least.
_MAX_CHECKED_LENGTH, _LEAST_STEPS = 200, 8
# A motion is smooth if it changes by less than this part from step to step [1]; bodies move less than that a step [m].
_SMOOTH, _LARGEST_STEP = 0.5, 0.3
# Faster than this [m/s] no robot is; one that stands still trembles less far than this [m].
_FASTEST, _LEAST_JUMP = 20.0, 0.05
# What jumps goes so many times as far as what is smooth; beside so many times as far, noise is smooth [1].
_MUCH_FARTHER, _NOISE_IS_LITTLE = 5.0, 20.0

_NO_NUMBER, _NO_ROTATION = 1, 2


def without_bad_values(name: str, column: Column, env_ids: Sequence[int]) -> tuple[Column, list[Verdict]]:
    """A signal's column that shows the last good value where there is none, and where that is."""
    return _filled(name, column, _over_blocks(column, _is_not_finite), env_ids)


def without_bad_rotations(name: str, quats: Column, env_ids: Sequence[int]) -> tuple[Column, list[Verdict]]:
    """Like `without_bad_values`, for quaternions: those of length zero are bad too, other lengths are only said."""
    norms = _over_blocks(quats, _lengths)
    if norms.size and max(abs(norms.min() - 1), abs(norms.max() - 1)) <= _NORM_TOLERANCE:
        return quats, []  # As in nearly all files: tens of millions are not looked at once more.
    bad = np.where(norms < _MIN_NORM, np.int8(_NO_ROTATION), np.int8(0))
    bad[~np.isfinite(norms)] = _NO_NUMBER
    column, verdicts = _filled(name, quats, bad, env_ids)
    return column, verdicts + _length_verdicts(name, norms[bad == 0], bad.size)


def _filled(name: str, column: Column, bad: np.ndarray, env_ids: Sequence[int]) -> tuple[Column, list[Verdict]]:
    facts = {_NO_NUMBER: "not a number", _NO_ROTATION: "a quaternion of length zero"}
    verdicts = [
        _bad_verdict(name, fact, bad == kind, env_ids, "the last good value is shown")
        for kind, fact in facts.items()
        if np.any(bad == kind)
    ]
    return (FilledColumn(column, _good_steps(bad != 0)) if verdicts else column), verdicts


def _length_verdicts(name: str, norms: np.ndarray, total: int) -> list[Verdict]:
    count = int(np.count_nonzero(np.abs(norms - 1) > _NORM_TOLERANCE))
    if not count:
        return []
    reason = f"lengths lie between {norms.min():.3g} and {norms.max():.3g}; they are scaled to 1"
    return [Verdict(name, f"not of unit length in {count} of {total} values", reason, "problem")]


def not_finite_verdict(
    name: str, column: Column, env_ids: Sequence[int], max_bytes: int = MAX_CHECKED_BYTES
) -> list[Verdict]:
    """Where a signal that is not a pose has no number; its values stay as they are. At most so many bytes are read."""
    if column.dtype.kind != "f":
        return []
    if num_bytes(column) > min(max_bytes, MAX_CHECKED_BYTES):
        return [Verdict(name, "not checked for NaN", "it is too large to read when the file is opened", "assumed")]
    bad = _over_blocks(column, _is_not_finite) != 0
    return [_bad_verdict(name, "not a number", bad, env_ids, "shown as it is")] if bad.any() else []


def num_bytes(column: Column) -> int:
    """What all values of a column take."""
    return math.prod(column.shape) * column.dtype.itemsize


def degrees_verdict(name: str, joint_pos: Column) -> list[Verdict]:
    """Whether most joint positions are beyond a full turn, which radians of a robot are not."""
    envs = range(min(64, joint_pos.shape[1]))
    values_per_step = max(1, len(envs) * int(np.prod(joint_pos.shape[2:])))
    step = max(1, joint_pos.shape[0] // max(8, min(1000, _MAX_DEGREES // values_per_step)))
    values = np.abs(joint_pos.read(slice(0, joint_pos.shape[0], step), envs))
    share = float(np.mean(values > 2 * np.pi)) if values.size else 0.0
    if share <= 0.5:
        return []
    reason = f"{share:.0%} of the values are beyond 2 pi; they are shown as radians all the same"
    return [Verdict(name, "joint positions look like degrees", reason, "problem")]


def axes_verdict(name: str, base_pos: Column, control_dt: float) -> list[Verdict]:
    """Whether the first axis of a column (T, N, 3) [m] is probably that of the envs, and the second that of the steps.

    A body moves smoothly from step to step, while two envs are anywhere. So the axes are doubted where the base moves
    little and smoothly along the second, but along the first far more: faster than a robot, or to and fro.
    """
    steps, envs = (min(length, _MAX_CHECKED_LENGTH) for length in base_pos.shape[:2])
    pos = base_pos.read(slice(0, steps), range(envs)).astype(np.float64)
    if envs < _LEAST_STEPS or not np.isfinite(pos).all():
        return []
    (first, first_change), (second, second_change) = _motion(pos), _motion(pos.swapaxes(0, 1))
    is_smooth = second <= _LARGEST_STEP and (second_change <= _SMOOTH * second or first > _NOISE_IS_LITTLE * second)
    if steps == 1:
        is_swapped = is_smooth and second > 0
        along_first = "there is one step only along the first"
    else:
        is_jumping = first > max(_LARGEST_STEP, _FASTEST * control_dt) or (first_change > first > _LEAST_JUMP)
        is_swapped = is_smooth and first > _MUCH_FARTHER * second and is_jumping
        along_first = f"along the first it jumps {first:.2g} m"
    if not is_swapped:
        return []
    reason = f"along the second axis the base moves smoothly, {second:.2g} m a step, and {along_first}"
    fix = "transpose the arrays: array.swapaxes(0, 1)"
    return [Verdict(name, "the axes are probably (N, T, 3), not (T, N, 3)", f"{reason}; {fix}", "problem")]


def _motion(pos: np.ndarray) -> tuple[float, float]:
    """The median distance from row to row of (S, E, 3), and how much that motion changes; 0 where there is none."""
    steps = np.diff(pos, axis=0)
    changes = np.diff(steps, axis=0)
    distances, differences = np.linalg.norm(steps, axis=-1), np.linalg.norm(changes, axis=-1)
    return _median(distances), _median(differences)


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if values.size else 0.0


def _is_not_finite(values: np.ndarray) -> np.ndarray:
    """1 where any of an env's values at a step is NaN or infinite: (S, E, ...) -> (S, E)."""
    finite = np.isfinite(values)
    if finite.all():  # Far faster than asking row by row.
        return np.zeros(values.shape[:2], dtype=np.int8)
    return np.logical_not(finite.reshape(*values.shape[:2], -1).all(axis=-1)).astype(np.int8)


def _lengths(quats: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("...i,...i->...", quats, quats))


def _over_blocks(column: Column, of_values: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """A number per step and env, (T, N), computed block by block."""
    envs = range(column.shape[1])
    return np.concatenate([of_values(column.read(steps, envs)) for steps in step_blocks(column)])


def _bad_verdict(name: str, fact: str, bad: np.ndarray, env_ids: Sequence[int], shown: str) -> Verdict:
    envs = [env_ids[int(i)] for i in np.flatnonzero(bad.any(axis=0))]
    first = int(np.argmax(bad.any(axis=1)))
    count = int(np.count_nonzero(bad))
    finding = f"{fact} in {count} of {bad.size} values"
    ids = f"env {envs[0]}" if len(envs) == 1 else f"envs {listing(envs, limit=8)}"
    return Verdict(name, finding, f"first at step {first}; {ids}; {shown}", "problem")


def _good_steps(bad: np.ndarray) -> np.ndarray:
    """For each step the last good one up to it, else the first good one, else -1: (T, N)."""
    last = last_good(~bad)
    first = np.where(bad.all(axis=0), -1, np.argmin(bad, axis=0)).astype(np.int32)
    return np.where(last < 0, first, last)
