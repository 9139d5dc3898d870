"""Doubts about recorded values: what is no number, no rotation or in the wrong unit, and what is shown instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..errors import listing
from ..rollout import Verdict
from .columns import Column, FilledColumn, env_blocks

_MIN_NORM = 1e-6
_NORM_TOLERANCE = 0.01
_MAX_CHECKED_BYTES = 1 << 28

IsBad = Callable[[np.ndarray], np.ndarray]


def is_not_finite(values: np.ndarray) -> np.ndarray:
    """Where any of an env's values at a step is NaN or infinite: (S, E, ...) -> (S, E)."""
    return np.logical_not(np.isfinite(values).reshape(*values.shape[:2], -1).all(axis=-1))


def is_no_rotation(quats: np.ndarray) -> np.ndarray:
    """Where a quaternion has length zero: (S, E, 4) -> (S, E)."""
    return np.linalg.norm(quats, axis=-1) < _MIN_NORM


def without_bad_values(name: str, column: Column, env_ids: Sequence[int]) -> tuple[Column, list[Verdict]]:
    """A pose's column that shows the last good value where there is none, and what was found.

    Applied to "base_quat" it treats zero quaternions alike, and says how many are not of unit length.
    """
    checks: list[tuple[str, IsBad]] = [("not a number", is_not_finite)]
    if name.endswith("base_quat"):
        checks.append(("a quaternion of length zero", is_no_rotation))
    verdicts = []
    bad = np.zeros(column.shape[:2], dtype=bool)
    for fact, is_bad in checks:
        found = _where(column, is_bad) & ~bad
        if found.any():
            verdicts.append(_bad_verdict(name, fact, found, env_ids, "the last good value is shown"))
        bad |= found
    return (FilledColumn(column, _good_steps(bad)) if bad.any() else column), verdicts


def not_finite_verdict(name: str, column: Column, env_ids: Sequence[int]) -> list[Verdict]:
    """Where a signal that is not a pose has no number; its values stay as they are."""
    if column.dtype.kind != "f":
        return []
    if int(np.prod(column.shape)) * column.dtype.itemsize > _MAX_CHECKED_BYTES:
        return [Verdict(name, "not checked for NaN", "it is too large to read when the file is opened", "assumed")]
    bad = _where(column, is_not_finite)
    return [_bad_verdict(name, "not a number", bad, env_ids, "shown as it is")] if bad.any() else []


def length_verdict(name: str, quats: Column) -> list[Verdict]:
    """Whether the quaternions (T, N, 4) have unit length; they are scaled to it in any case."""
    low, high, count = np.inf, 0.0, 0
    for envs in env_blocks(quats):
        norms = np.linalg.norm(quats.read(slice(None), envs), axis=-1)
        low, high = min(low, float(norms.min())), max(high, float(norms.max()))
        count += int(np.count_nonzero(np.abs(norms - 1) > _NORM_TOLERANCE))
    if not count:
        return []
    reason = f"lengths lie between {low:.3g} and {high:.3g}; they are scaled to 1"
    return [
        Verdict(name, f"not of unit length in {count} of {int(np.prod(quats.shape[:2]))} values", reason, "problem")
    ]


def degrees_verdict(name: str, joint_pos: Column) -> list[Verdict]:
    """Whether most joint positions are beyond a full turn, which radians of a robot are not."""
    step = max(1, joint_pos.shape[0] // 1000)
    values = np.abs(joint_pos.read(slice(0, joint_pos.shape[0], step), range(min(64, joint_pos.shape[1]))))
    share = float(np.mean(values > 2 * np.pi)) if values.size else 0.0
    if share <= 0.5:
        return []
    reason = f"{share:.0%} of the values are beyond 2 pi; they are shown as radians all the same"
    return [Verdict(name, "joint positions look like degrees", reason, "problem")]


def _where(column: Column, is_bad: IsBad) -> np.ndarray:
    """The check over all steps and envs, block by block: (T, N) bool."""
    bad = np.zeros(column.shape[:2], dtype=bool)
    for envs in env_blocks(column):
        bad[:, envs.start : envs.stop] = is_bad(column.read(slice(None), envs))
    return bad


def _bad_verdict(name: str, fact: str, bad: np.ndarray, env_ids: Sequence[int], shown: str) -> Verdict:
    envs = [env_ids[int(i)] for i in np.flatnonzero(bad.any(axis=0))]
    first = int(np.argmax(bad.any(axis=1)))
    count = int(np.count_nonzero(bad))
    finding = f"{fact} in {count} of {bad.size} values"
    ids = f"env {envs[0]}" if len(envs) == 1 else f"envs {listing(envs, limit=8)}"
    return Verdict(name, finding, f"first at step {first}; {ids}; {shown}", "problem")


def _good_steps(bad: np.ndarray) -> np.ndarray:
    """For each step the last good one up to it, else the first good one, else -1: (T, N)."""
    steps = np.arange(len(bad), dtype=np.int32)[:, None]
    last_good = np.maximum.accumulate(np.where(bad, np.int32(-1), steps), axis=0)
    first_good = np.where(bad.all(axis=0), -1, np.argmin(bad, axis=0)).astype(np.int32)
    return np.where(last_good < 0, first_good, last_good)
