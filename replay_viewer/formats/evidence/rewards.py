"""The reward among named arrays, its terms wherever they were recorded, and whether they sum to it.

A term of an env is what entered its reward in that step. Means over a batch of envs look alike but are no env's value;
they are kept apart.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace

import numpy as np

from ...errors import BadField, listing
from ...rollout.rollout import Status, Verdict
from .columns import Column, MappedColumn, MemoryColumn, StackedColumn
from .info import InfoArray
from .layout import NUMBER_KINDS, TableLayout, as_floats

TERMS_PREFIX, MEANS_PREFIX = "reward_terms/", "batch_means/"
# Numbers that simulators put into info beside the terms: they describe the episode, not its reward.
_NOT_TERMS = re.compile(r"(.*/)?(success|is_success|episode_lengths?|elapsed_steps|_?[rlt]|TimeLimit\.truncated|seed)")
# Where simulators put the terms: "log/scaled_r/<name>", "reward_terms/<name>", "<name>" and the like.
_PATH = re.compile(r"(?:(?P<log>log|episode|extras)/)?(?:(?P<group>reward_terms|scaled_r|raw_r|raw)/)?(?P<name>.+)")
# Best first. raw_r is a term before its scale; it is shown only where nothing better is recorded.
_PREFERENCE = ("reward_terms", "scaled_r", "log", "raw_r", "top")
# A reward is a float32 sum of terms: what rounding adds, absolute and relative to the largest sum.
_ROUNDING_ABSOLUTE = 1e-6
_ROUNDING_RELATIVE = 1e-5
_MAX_CHECKED_VALUES = 1 << 22


@dataclass(frozen=True)
class RewardTerms:
    """The terms of the reward.

    Attributes:
        names: of the terms.
        columns: (T, N[, A]), beside the names.
        batch_means: (T,) each, by name: one number for all envs.
        used: paths of the entries of info that they came from.
        verdicts: on where they were found, and what they lack.
    """

    names: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    batch_means: Mapping[str, np.ndarray] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def stacked(self) -> Column | None:
        """All terms as one column (T, N[, A], K), or None without terms."""
        return StackedColumn(self.columns) if self.columns else None


def read_rewards(layout: TableLayout, info: Mapping[str, InfoArray]) -> tuple[Column | None, RewardTerms]:
    """The reward (T, N[, A]), or None, and its terms, with whether they sum to it.

    Raises BadField for misshapen arrays.
    """
    rew = _read_rew(layout)
    agents_shape = rew.shape[2:] if rew else ()
    stored, means = _stored_terms(layout, agents_shape)
    terms = _choose_terms(stored, info, rew, agents_shape)
    stacked = terms.stacked
    sums = [sum_verdict(terms.names, stacked, rew)] if stacked and rew else []
    stated = {key[len(MEANS_PREFIX) :]: _load(layout, key) for key in layout.table.headers if is_mean(layout, key)}
    verdicts = (*terms.verdicts, *_stated_verdict(stated), *sums)
    return rew, replace(terms, batch_means={**means, **terms.batch_means, **stated}, verdicts=verdicts)


def is_mean(layout: TableLayout, key: str) -> bool:
    """Whether an array (T,) of the file is stated to be a mean over the simulator's envs."""
    header = layout.table.headers[key]
    fits = header.shape == (layout.num_steps,) and header.dtype.kind in NUMBER_KINDS
    return fits and key.startswith(MEANS_PREFIX)


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


def _read_rew(layout: TableLayout) -> Column | None:
    if "rew" not in layout.table.headers:
        return None
    rew = layout.reward("rew")
    agents_shape = rew.shape[2:]
    if agents_shape == (1,) and layout.num_agents != 1:
        return _without_last_axis(rew)
    if len(agents_shape) > 1 or (agents_shape and layout.num_agents not in (None, *agents_shape)):
        got, wanted = layout.table.headers["rew"].shape, (layout.num_steps, layout.num_envs, *layout.agents_shape)
        raise BadField(layout.table.path, "rew", f"has shape {got}, expected {wanted[:2]} or {wanted}.")
    return rew


def _stored_terms(
    layout: TableLayout, agents_shape: tuple[int, ...]
) -> tuple[dict[str, Column], dict[str, np.ndarray]]:
    """Arrays "reward_terms/<name>": per env, or one number a step, which is a mean over the batch."""
    terms, means = {}, {}
    for key, header in layout.table.headers.items():
        if not key.startswith(TERMS_PREFIX):
            continue
        if header.shape == (layout.num_steps,) and layout.num_envs > 1 and header.dtype.kind in NUMBER_KINDS:
            means[key] = _load(layout, key)
            continue
        column = as_floats(layout.column(key, rank=len(agents_shape)))
        if not agents_shape and column.shape[2:] == (1,):
            column = _without_last_axis(column)
        if column.shape[2:] != agents_shape:
            expected = (layout.num_steps, layout.num_envs, *agents_shape)
            raise BadField(layout.table.path, key, f"has shape {header.shape}, expected {expected} like the reward.")
        terms[key[len(TERMS_PREFIX) :]] = column
    return terms, means


def _load(layout: TableLayout, key: str) -> np.ndarray:
    return layout.table.load(key).astype(np.float32)


def _without_last_axis(column: Column) -> Column:
    """(T, N, 1) as (T, N)."""
    return MappedColumn(column, lambda values: values[:, :, 0])


def _choose_terms(
    stored: Mapping[str, Column], info: Mapping[str, InfoArray], rew: Column | None, agents_shape: tuple[int, ...]
) -> RewardTerms:
    """The reward terms among the arrays of the file and of its info.

    Args:
        stored: arrays that the file itself calls terms, by name, of the shape of the reward.
        info: entries of info by path, flags left out.
        rew: the reward (T, N[, A]), which the terms should sum to, or None.
        agents_shape: () or (A,), the shape of one env's reward.
    """
    found = [_candidate(path, array) for path, array in info.items()]
    candidates = [candidate for candidate in found if candidate is not None]
    per_env = [c for c in candidates if c.array.values.shape[2:] == agents_shape and _can_be_env_term(c)]
    chosen = [] if stored else _best_group(per_env, rew)
    means = _batch_means([c for c in candidates if c not in chosen])
    used = frozenset(c.path for c in chosen) | frozenset(means)
    columns = dict(stored) or {c.name: MemoryColumn(c.array.values) for c in chosen}
    verdicts = (_stored_verdict(stored) if stored else _chosen_verdicts(chosen)) + _mean_verdicts(means)
    return RewardTerms(tuple(columns), tuple(columns.values()), means, used, tuple(verdicts))


@dataclass(frozen=True)
class _Candidate:
    """An entry of info that may be a term.

    Attributes:
        path: of the entry.
        group: the convention that its path follows, one of `_PREFERENCE` or "raw".
        name: of the term.
        array: its values.
    """

    path: str
    group: str
    name: str
    array: InfoArray


def _candidate(path: str, array: InfoArray) -> _Candidate | None:
    """The entry, if its path is one under which simulators report rewards."""
    match = _PATH.fullmatch(path)
    if match is None or array.is_flag or _NOT_TERMS.fullmatch(path):
        return None
    group = match["group"] or ("log" if match["log"] else "top")
    name = match["name"]
    if (group == "top" and "/" in name) or (group == "raw" and not name.endswith("_mean")):
        return None
    return _Candidate(path, group, name, array)


def _can_be_env_term(candidate: _Candidate) -> bool:
    return candidate.array.is_per_env and candidate.group != "raw"


def _best_group(candidates: Sequence[_Candidate], rew: Column | None) -> list[_Candidate]:
    """The first group in order of preference that has terms."""
    for group in _PREFERENCE:
        members = [c for c in candidates if c.group == group]
        if group in ("log", "top"):
            # Beside the terms stand other numbers; where names tell rewards apart, they decide.
            members = [c for c in members if "rew" in c.name.lower()] or members
        if members and not (group == "log" and _is_summary(members, rew)):
            return members
    return []


def _is_summary(members: Sequence[_Candidate], rew: Column | None) -> bool:
    """Whether the only env's logged numbers are statistics of whole episodes: those do not sum to the reward."""
    if members[0].array.values.shape[1] > 1:
        return False
    return rew is None or not _sums_to_reward(StackedColumn([MemoryColumn(c.array.values) for c in members]), rew)


def _batch_means(candidates: Sequence[_Candidate]) -> dict[str, np.ndarray]:
    """One number per step: a mean over envs, or of the only env's finished episodes."""
    means = {c.path: c.array.values for c in candidates if not c.array.is_per_env}
    for c in candidates:
        if c.array.is_per_env and c.array.values.shape[1:] == (1,) and c.group in ("raw", "log"):
            means[c.path] = c.array.values[:, 0]
    return means


def _stored_verdict(stored: Mapping[str, Column]) -> list[Verdict]:
    finding = f"{_count(stored)}: {listing(stored)}"
    return [Verdict("reward terms", finding, "the file has them as arrays 'reward_terms/...'", "stated")]


def _chosen_verdicts(chosen: Sequence[_Candidate]) -> list[Verdict]:
    if not chosen:
        return [Verdict("reward terms", "not recorded", "neither 'reward_terms/...' nor info has any", "stated")]
    finding = f"{_count(chosen)}: {listing([c.name for c in chosen])}"
    unscaled = "only 'raw_r', the values before scaling, is recorded: they are not what entered the reward"
    where: dict[str, tuple[str, Status]] = {
        "reward_terms": ("info holds them under 'reward_terms'", "stated"),
        "scaled_r": ("info holds them under 'scaled_r'", "stated"),
        "log": ("info logs these numbers per env", "assumed"),
        "raw_r": (unscaled, "problem"),
        "top": ("info holds these numbers per env at its top level", "assumed"),
    }
    reason, status = where[chosen[0].group]
    return [Verdict("reward terms", finding, reason, status), *_missing_verdicts(chosen)]


def _missing_verdicts(chosen: Sequence[_Candidate]) -> list[Verdict]:
    """Terms that some steps do not have."""
    return [
        Verdict(
            "reward terms",
            f"'{c.name}' is missing in {np.count_nonzero(~c.array.present)} of {len(c.array.present)} steps",
            f"info lacks it first at step {int(np.argmin(c.array.present))}; it is shown as unknown there",
            "problem",
        )
        for c in chosen
        if not c.array.present.all()
    ]


def _mean_verdicts(means: Mapping[str, np.ndarray]) -> list[Verdict]:
    if not means:
        return []
    reason = "info has one number per step for all envs together; it is no env's own value"
    return [Verdict("batch means", listing(means), reason, "found")]


def _stated_verdict(means: Mapping[str, np.ndarray]) -> list[Verdict]:
    if not means:
        return []
    reason = "the file has one number per step for all envs as arrays 'batch_means/...'; it is no env's own value"
    return [Verdict("batch means", listing(means), reason, "stated")]


def _count(terms: Sized) -> str:
    return "1 term" if len(terms) == 1 else f"{len(terms)} terms"


def _sums_to_reward(terms: Column, rew: Column) -> bool:
    """Whether the terms (T, N[, A], K) sum to the reward (T, N[, A]) up to rounding."""
    values, rewards, _ = _checked(terms, rew)
    total = values.sum(axis=-1)
    return bool(np.nanmax(np.abs(rewards - total), initial=0) <= _rounding(total))


def _is_clipped(names: Sequence[str], values: np.ndarray, rewards: np.ndarray) -> bool:
    """Whether the rewards are what legged_gym makes of the terms with `only_positive_rewards`."""
    after_clip = np.array([name.split("/")[-1] == "termination" for name in names])
    clipped = np.maximum(values[..., ~after_clip].sum(axis=-1), 0) + values[..., after_clip].sum(axis=-1)
    return bool(np.nanmax(np.abs(rewards - clipped), initial=0) <= _rounding(clipped))


def _checked(terms: Column, rew: Column) -> tuple[np.ndarray, np.ndarray, int]:
    """(terms, rewards, stride) of all steps, or of evenly spaced ones of a large file, in float64."""
    stride = max(1, math.ceil(math.prod(terms.shape) / _MAX_CHECKED_VALUES))
    steps, envs = slice(0, terms.shape[0], stride), range(terms.shape[1])
    return terms.read(steps, envs).astype(np.float64), rew.read(steps, envs).astype(np.float64), stride


def _rounding(total: np.ndarray) -> float:
    return _ROUNDING_ABSOLUTE + _ROUNDING_RELATIVE * float(np.nanmax(np.abs(total), initial=0))
