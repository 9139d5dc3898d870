"""Records of the episodes in a recording, made afterwards from its numbers."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..episode_record import DIGITS, NAMES, EpisodeRecord, as_integer, finite, training_facts
from ..rollout.episodes import Episode
from ..rollout.rollout import Rollout

# Numbers that one read takes into memory.
_READ_NUMBERS = 1 << 22


def records_of(
    rollout: Rollout, episodes: Iterable[Episode] | None = None, terms: bool = True, totals: bool = True
) -> list[EpisodeRecord]:
    """The record of each episode, in the order of the recording: env by env.

    Args:
        rollout: the recording.
        episodes: those of it that are asked for; None for all.
        terms: whether to sum up the reward terms, for which all of them have to be read.
        totals: whether to sum up returns that the recorder has not summed up.
    """
    if episodes is None:
        episodes = (episode for env in range(rollout.num_envs) for episode in rollout.episodes(env))
    chosen = list(episodes)
    every = as_integer(rollout.metadata.get("every")) or 1
    # The recorder has summed up the returns of those that it has seen end.
    unsummed = [episode for episode in chosen if episode.total_reward is None] if totals else []
    returns = _sums(rollout, "rew", unsummed) if every == 1 and "rew" in rollout.fields else {}
    sums = _sums(rollout, "rew_terms", chosen) if every == 1 and terms and rollout.reward_terms else {}
    facts = _facts(rollout)
    return [_record(rollout, episode, every, returns, sums, facts) for episode in chosen]


def _record(
    rollout: Rollout,
    episode: Episode,
    every: int,
    totals: Mapping[Episode, np.ndarray],
    sums: Mapping[Episode, np.ndarray],
    facts: Mapping[str, Any],
) -> EpisodeRecord:
    length = episode.length if episode.length is not None else episode.num_steps if every == 1 else None
    # Of what was not recorded, or between two records, the sums are not known.
    is_whole = length == episode.num_steps
    total = episode.total_reward
    if total is None and is_whole and episode in totals:
        total = finite(totals[episode].sum())
    of_terms = np.full(len(rollout.reward_terms), np.nan)
    if is_whole and episode in sums:
        of_terms = sums[episode].reshape(-1, len(rollout.reward_terms)).sum(axis=0)
    step_dt = rollout.control_dt / every
    return EpisodeRecord(
        env_id=rollout.env_ids[episode.env_index],
        episode_in_env=episode.index,
        outcome=episode.outcome,
        reason=episode.outcome_reason or None,
        success=episode.success,
        episode_length=length,
        total_reward=total,
        rewards={name: finite(value) for name, value in zip(rollout.reward_terms, of_terms, strict=True)},
        duration_s=None if length is None else round(length * step_dt, DIGITS),
        start=round(episode.first_step * rollout.control_dt, DIGITS),
        end=round(episode.last_step * rollout.control_dt, DIGITS),
        manual=True if episode.facts.get("manual") is True or rollout.is_manual(episode) else None,
        first_step=episode.first_step,
        last_step=episode.last_step,
        **{**facts, **training_facts(episode.facts)},
        variations=_mapping(episode.facts.get("variations")),
        progress=_mapping(episode.facts.get("progress")),
        more={**_mapping(rollout.metadata.get("training_state")), **_others(episode.facts)},
    )


def _facts(rollout: Rollout) -> dict[str, Any]:
    """What the recording says of all its episodes."""
    path = None if rollout.path is None else rollout.path.as_posix()
    return {**training_facts(rollout.metadata), "seed": as_integer(rollout.metadata.get("seed")), "recording": path}


def _others(found: Mapping[str, Any]) -> dict[str, Any]:
    """Facts that only some records have."""
    return {name: value for name, value in found.items() if name not in NAMES}


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _sums(rollout: Rollout, name: str, episodes: Sequence[Episode]) -> dict[Episode, np.ndarray]:
    """Sums of a field over each episode's steps, float64, added up one step after the other as a recorder does."""
    shape = rollout.fields[name].shape
    sums = {episode: np.zeros(shape) for episode in episodes}
    of_env: dict[int, list[Episode]] = {}
    for episode in sorted(sums, key=lambda episode: episode.first_step):
        of_env.setdefault(episode.env_index, []).append(episode)
    envs = sorted(of_env)
    num_steps = max(1, _READ_NUMBERS // max(1, math.prod(shape) * len(envs)))
    stop = max((episode.last_step + 1 for episode in sums), default=0)
    for start in range(min((episode.first_step for episode in sums), default=0), stop, num_steps):
        values = rollout.read(name, slice(start, min(start + num_steps, stop)), envs)
        for column, env in enumerate(envs):
            for episode in _within(of_env[env], start, start + len(values)):
                part = values[max(0, episode.first_step - start) : episode.last_step + 1 - start, column]
                sums[episode] = _added(sums[episode], part)
    return sums


def _within(episodes: Sequence[Episode], start: int, stop: int) -> Sequence[Episode]:
    """Those of an env's episodes, in order, that have a step among start to stop - 1."""
    first = bisect_left(episodes, start, key=lambda episode: episode.last_step)
    return episodes[first : bisect_left(episodes, stop, key=lambda episode: episode.first_step)]


def _added(before: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A sum with further values (S, ...) added one by one: numpy's own order of adding depends on the shape."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.cumsum(np.concatenate([before[None], values]), axis=0, dtype=np.float64)[-1]
