"""Rewards of a rollout: every term at a step, an episode's curves, its return, and what the terms leave unexplained.

A NaN is kept where it is recorded and left out of every sum over terms or steps, so that one bad value does not hide
the rest of an episode. At the end stand the scales on which rewards are shown: where a bar is full, and from where to
where a chart reaches.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..errors import UnknownName
from .episodes import Episode, read_windows
from .growing_array import GrowingArray
from .rollout import Rollout
from .spread import Read

# What the terms leave of a reward says nothing within rounding of float32 sums.
ROUNDING = 1e-5

# One extreme step, such as a termination penalty, must not flatten the bars of all others.
_BAR_QUANTILE = 0.98
# Steps that the scale is found from, spread over the episode: enough, and quick however long it is.
_MAX_BAR_STEPS = 2048
# Share of a curve's values, at either end, that may lie outside the chart.
_OUTLIERS = 0.003
# Share of the range of the values that is left free above and below them.
_MARGIN = 0.15
# Values that differ by a smaller share than this are one value.
_CONSTANT = 1e-5

SummedOver = Literal["reward", "terms", "nothing"]
# Bottom and top of a chart; None where nothing is known.
Range = tuple[float, float] | None


# -- values --------------------------------------------------------------------


@dataclass(frozen=True)
class StepRewards:
    """Rewards of one env, or one of its agents, at one step.

    Attributes:
        names: of the recorded terms, K of them.
        values: (K,) their values, NaN where NaN is recorded.
        total: the recorded reward, None if there is none.
        residual: total minus the terms' sum, for example what clipping took; None without total or without terms.
        cumulative: sum from the episode's first step to this one.
        cumulative_of: of what: the reward, the terms where no reward is recorded, or nothing.
        batch_means: means over the simulator's envs, no env's own values.
    """

    names: tuple[str, ...]
    values: np.ndarray
    total: float | None
    residual: float | None
    cumulative: float
    cumulative_of: SummedOver
    batch_means: Mapping[str, float]


@dataclass(frozen=True)
class EpisodeRewards:
    """Rewards of one episode, step by step; S steps, K terms. See `StepRewards` for what they mean.

    Attributes:
        steps: S positions in the recording.
        names: of the terms.
        terms: (S, K).
        total: (S,) or None.
        residual: (S,) or None.
        cumulative: (S,).
        cumulative_of: of what.
    """

    steps: range
    names: tuple[str, ...]
    terms: np.ndarray
    total: np.ndarray | None
    residual: np.ndarray | None
    cumulative: np.ndarray
    cumulative_of: SummedOver

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Those of the arrays that there are, by name."""
        arrays = {name: getattr(self, name) for name in ("terms", "total", "residual", "cumulative")}
        return {name: rows for name, rows in arrays.items() if rows is not None}

    @property
    def num_bytes(self) -> int:
        """Memory that the arrays take."""
        return sum(rows.nbytes for rows in self.arrays.values())


def episode_series(rollout: Rollout, episode: Episode, agent: int | None = None) -> EpisodeRewards:
    """The rewards of a whole episode, read in bounded chunks.

    Args:
        rollout: where the episode was recorded.
        episode: one of `rollout.episodes(env_index)`.
        agent: which agent, where the rewards are recorded per agent; None sums over the agents.

    Raises:
        UnknownName: if there is no such agent.
    """
    _check_agent(rollout, agent)
    return _series(rollout, episode, agent)


class EpisodeRewardsCache:
    """The latest episodes' rewards, so that a live panel costs microseconds per frame."""

    def __init__(self, rollout: Rollout, max_bytes: int = 64 << 20) -> None:
        """Keep up to `max_bytes` of series, and always the latest one."""
        self._rollout = rollout
        self._max_bytes = max_bytes
        self._series: OrderedDict[tuple[int, int, int | None], _GrowingSeries] = OrderedDict()

    def series(self, env_index: int, step: int, agent: int | None = None) -> EpisodeRewards:
        """The rewards of the episode that contains `step`, as far as it is recorded.

        Raises UnknownName if there is no such agent.
        """
        episode = self._rollout.episode_at(env_index, step)
        key = (env_index, episode.index, agent)
        series = self._series.get(key)
        if series is None or len(series.rewards.steps) > episode.num_steps:
            series = self._series[key] = _GrowingSeries(episode_series(self._rollout, episode, agent))
            self._forget()
        elif len(series.rewards.steps) < episode.num_steps:
            series.extend(self._rollout, episode, agent)
        self._series.move_to_end(key)
        return series.rewards

    def at(self, step: int, env_index: int, agent: int | None = None) -> StepRewards:
        """The rewards at one step. Raises UnknownName if there is no such agent."""
        series = self.series(env_index, step, agent)
        row = series.steps.index(step)
        return StepRewards(
            names=series.names,
            values=series.terms[row],
            total=None if series.total is None else float(series.total[row]),
            residual=None if series.residual is None else float(series.residual[row]),
            cumulative=float(series.cumulative[row]),
            cumulative_of=series.cumulative_of,
            batch_means={name: float(means[step]) for name, means in self._rollout.batch_means.items()},
        )

    def _forget(self) -> None:
        """Drop the series used longest ago until the rest fits."""
        while len(self._series) > 1 and sum(s.rewards.num_bytes for s in self._series.values()) > self._max_bytes:
            self._series.popitem(last=False)


def read_reward(term: int | None, agent: int | None) -> Read:
    """Gives the values (S, E, 1) of one term, or of the reward itself (None), in any steps and envs.

    agent: which one, where the rewards are recorded per agent; None sums over the agents.
    """

    def read(rollout: Rollout, steps: slice, envs: Sequence[int]) -> np.ndarray:
        values = rollout.read("rew" if term is None else "rew_terms", steps, envs)
        values = values[..., None] if term is None else values[..., [term]]
        if not rollout.agents_shape:
            return values
        return values.sum(axis=2) if agent is None else values[:, :, agent]

    return read


class _GrowingSeries:
    """The rewards of a running episode: further steps are read and appended, no other one is touched."""

    def __init__(self, rewards: EpisodeRewards) -> None:
        self.rewards = rewards
        self._arrays = {name: GrowingArray(rows) for name, rows in rewards.arrays.items()}

    def extend(self, rollout: Rollout, episode: Episode, agent: int | None) -> None:
        """Take in the episode's steps that are new."""
        rest = replace(episode, first_step=self.rewards.steps.stop)
        new = _series(rollout, rest, agent, before=float(self.rewards.cumulative[-1]))
        for name, rows in new.arrays.items():
            self._arrays[name].extend(rows)
        arrays = {name: array.rows for name, array in self._arrays.items()}
        self.rewards = replace(self.rewards, steps=range(self.rewards.steps.start, episode.last_step + 1), **arrays)


def _series(rollout: Rollout, episode: Episode, agent: int | None, before: float = 0.0) -> EpisodeRewards:
    """The rewards of an episode, or of a later part of it; `before` was summed up in the steps before."""
    has_terms, has_total = bool(rollout.reward_terms), "rew" in rollout.fields
    names = (*(("rew",) if has_total else ()), *(("rew_terms",) if has_terms else ()))
    columns = {name: _column(rollout, name, episode.num_steps) for name in names}
    explained = np.zeros(episode.num_steps)
    # Piece by piece: what lies together in a file, and what is summed, is still in the processor's cache.
    for window in read_windows(episode):
        rows = slice(window.start - episode.first_step, window.stop - episode.first_step)
        for name, column in columns.items():
            if rollout.agents_shape:
                column[rows] = _of_agent(rollout.read(name, window, [episode.env_index])[:, 0], agent)
            else:
                rollout.read_into(column[rows, None], name, window, [episode.env_index])
        if has_terms:
            explained[rows] = _sum(columns["rew_terms"][rows])
    total, terms = columns.get("rew"), columns.get("rew_terms", np.zeros((episode.num_steps, 0)))
    summed_over: SummedOver = "reward" if total is not None else "terms" if has_terms else "nothing"
    return EpisodeRewards(
        steps=range(episode.first_step, episode.last_step + 1),
        names=rollout.reward_terms,
        terms=terms,
        total=total,
        cumulative=_running_sum(explained if total is None else total, before),
        # In its place, since a million steps need time for memory alone.
        residual=np.subtract(total, explained, out=explained) if total is not None and has_terms else None,
        cumulative_of=summed_over,
    )


def _column(rollout: Rollout, name: str, num_steps: int) -> np.ndarray:
    """Room for a field over an episode as floats, (S,) or (S, K); each term's values lie together, as they are used."""
    field = rollout.fields[name]
    inner = field.shape[len(rollout.agents_shape) :]
    return np.empty((*inner[::-1], num_steps), np.result_type(field.dtype, np.float32)).T


def _sum(terms: np.ndarray) -> np.ndarray:
    """The sums over terms (S, K) without those that are NaN, (S,)."""
    sums = terms.sum(axis=1, dtype=np.float64)
    return np.asarray(np.nansum(terms, axis=1, dtype=np.float64)) if np.isnan(sums).any() else sums


def _running_sum(values: np.ndarray, before: float) -> np.ndarray:
    """What is summed up at each step (S,), without what is NaN."""
    if before:
        return _running_sum(np.concatenate([[before], values], dtype=np.float64), 0.0)[1:]
    sums = np.cumsum(values, dtype=np.float64)
    return np.nancumsum(values, dtype=np.float64) if len(sums) and np.isnan(sums[-1]) else sums


def _of_agent(values: np.ndarray, agent: int | None) -> np.ndarray:
    """Values (S, A, ...) of one agent, or summed over the agents, as floats."""
    values = values.astype(np.result_type(values.dtype, np.float32), copy=False)
    return values.sum(axis=1) if agent is None else values[:, agent]


def _check_agent(rollout: Rollout, agent: int | None) -> None:
    num_agents = rollout.agents_shape[0] if rollout.agents_shape else 0
    if agent is not None and not 0 <= agent < num_agents:
        raise UnknownName("agent", agent, range(num_agents))


# -- scales --------------------------------------------------------------------


def bar_scale(terms: np.ndarray) -> float:
    """Value of a full bar: one scale for all terms (S, K) of an episode, so that their sizes compare."""
    if not terms.shape[1]:
        return 1.0
    stride = -(-len(terms) // _MAX_BAR_STEPS)
    sizes = np.abs(terms[::stride])
    largest = np.where(np.isfinite(sizes), sizes, 0.0).max(axis=1)
    return float(np.quantile(largest, _BAR_QUANTILE)) or 1.0


def chart_range(curves: np.ndarray) -> Range:
    """What a chart shows of the values of curves (P, C).

    Where one extreme step, such as a termination penalty, would flatten all curves, it is left outside.
    """
    ranges = [_usual_range(curve[np.isfinite(curve)]) for curve in curves.T if np.isfinite(curve).any()]
    if not ranges:
        return None
    low, high, least, greatest = np.array(ranges).T
    bottom, top = low.min(), high.max()
    margin = _margin(bottom, top)
    if least.min() >= bottom - 3 * margin and greatest.max() <= top + 3 * margin:
        bottom, top = least.min(), greatest.max()
    return float(bottom - margin), float(top + margin)


def full_range(values: np.ndarray) -> Range:
    """From a little below the least to a little above the greatest finite value (P,)."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    margin = _margin(finite.min(), finite.max())
    return float(finite.min() - margin), float(finite.max() + margin)


def _margin(bottom: float, top: float) -> float:
    """Room above and below. What differs by rounding alone is shown as the constant that it is."""
    spread, size = top - bottom, max(abs(bottom), abs(top))
    return float(_MARGIN * (spread if spread > _CONSTANT * size else size)) or 1.0


def _usual_range(values: np.ndarray) -> tuple[float, float, float, float]:
    """Of one curve, so that one among many still counts: low and high without outliers, least and greatest."""
    low, high = np.quantile(values, [_OUTLIERS, 1 - _OUTLIERS])
    return float(low), float(high), float(values.min()), float(values.max())
