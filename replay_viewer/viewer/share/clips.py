"""Clips: what a shared replay plays of an episode, packed: poses of all links, what cameras look at, and rewards.

Poses are kept to a few hundredths of a millimetre and thousandths of a degree: links as 16-bit numbers from their base,
each as the difference from the frame before, which packs well.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...camera import SmoothBase
from ...episodes.derive import records_of
from ...progress import Progress
from ...replay.frames import STAND_INS, Frame
from ...replay.replay import Replay
from ...rollout.episodes import Episode, kind_of, outcome_text
from ...rollout.rewards import EpisodeRewards, EpisodeRewardsCache, bar_scale, chart_range
from ..panels.rewards import row_names

# Frames come no faster than displays show them [1/s].
_FASTEST = 60.0
_LARGEST = 32767

Nodes = Mapping[str, Mapping[int, str]]


@dataclass(frozen=True)
class Clip:
    """One episode.

    Attributes:
        facts: what the page has to know of it, as JSON has it; see page/shared/clips.js.
        content: its numbers, packed.
    """

    facts: Mapping[str, Any]
    content: bytes


def num_frames(episode: Episode, control_dt: float) -> int:
    """How many frames are kept of an episode."""
    return len(_kept_steps(episode, control_dt))


def clips_of(replay: Replay, episodes: Sequence[Episode], nodes: Nodes, progress: Progress | None) -> list[Clip]:
    """The clips of some episodes of one recording.

    Args:
        replay: the recording.
        episodes: of it, in the order of the file.
        nodes: of the scene: names by entity and index of the link.
        progress: called with the frames that are done and those there are.
    """
    total = sum(num_frames(episode, replay.rollout.control_dt) for episode in episodes)
    rewards = EpisodeRewardsCache(replay.rollout)
    made: list[Clip] = []
    done = 0
    for episode, record in zip(episodes, records_of(replay.rollout, episodes, terms=False), strict=True):
        frames: list[Frame] = []
        for step in _kept_steps(episode, replay.rollout.control_dt):
            frames.append(replay.frames.frame_at(step, [episode.env_index]))
            if progress is not None:
                progress(done + len(frames), total)
        done += len(frames)
        facts = {
            "env": record.env_id,
            "episode": record.episode_in_env,
            "kind": kind_of(episode),
            "text": outcome_text(episode),
            "total": record.total_reward,
        }
        series = rewards.series(episode.env_index, episode.first_step)
        made.append(_clip(replay, episode, frames, nodes, series, facts))
    return made


def reward_rows(replay: Replay, episode: Episode) -> list[str]:
    """What the columns of rewards are of: the terms, the reward, what they leave of it, the return."""
    step = EpisodeRewardsCache(replay.rollout).at(episode.first_step, episode.env_index)
    return row_names(replace(step, batch_means={}))


def _kept_steps(episode: Episode, control_dt: float) -> list[int]:
    """Every so manieth step, and the last one."""
    stride = _stride(control_dt)
    return [*range(episode.first_step, episode.last_step, stride), episode.last_step]


def _stride(control_dt: float) -> int:
    return max(1, int(1 / (_FASTEST * control_dt) + 1e-6))


def _clip(
    replay: Replay,
    episode: Episode,
    frames: Sequence[Frame],
    nodes: Nodes,
    series: EpisodeRewards,
    facts: Mapping[str, Any],
) -> Clip:
    steps = np.array(_kept_steps(episode, replay.rollout.control_dt)) - episode.first_step
    wide = [_aims(replay, episode, steps), _reward_columns(series, steps)]
    narrow: list[np.ndarray] = []
    scales: list[float] = []
    for entity, links in nodes.items():
        chosen = list(links)
        positions = np.stack([frame.entities[entity].link_positions[0] for frame in frames])
        wxyz = np.stack([frame.entities[entity].link_wxyz[0][chosen] for frame in frames])
        base = positions[:, 0]
        offsets = positions[:, chosen] - base[:, None]
        scale = max(float(np.abs(offsets).max(initial=0.0)) / _LARGEST, 1e-9)
        wide.append(base)
        narrow += [offsets / scale, _continuous(wxyz) * _LARGEST]
        scales.append(scale)
    stood_in = np.array([STAND_INS.index(frame.stand_in) for frame in frames], np.uint8)
    with np.errstate(over="ignore"):  # What is too large to be drawn is infinite in the page.
        floats = [np.ascontiguousarray(array, "<f4") for array in wide]
    arrays = [*floats, *map(_differences, narrow), stood_in]
    content = b"".join(array.tobytes() for array in arrays)
    shown = np.column_stack([*([] if series.total is None else [series.total]), series.terms])
    facts = {
        **facts,
        "first": episode.first_step,
        "count": episode.num_steps,
        "stride": _stride(replay.rollout.control_dt),
        "frames": len(frames),
        "scales": scales,
        "bar": bar_scale(series.terms),
        "range": chart_range(shown) if shown.size else None,
    }
    return Clip(facts, zlib.compress(content, 9))


def _aims(replay: Replay, episode: Episode, steps: np.ndarray) -> np.ndarray:
    """What cameras look at, (F, 4): x, y and z [m], and the heading [rad]."""
    entity = next(iter(replay.rollout.entities))
    base = SmoothBase(replay.rollout, entity, replay.robots[entity].radius)
    aims = [base.in_episode(float(episode.first_step + step), episode) for step in steps.tolist()]
    return np.array([(*aim.position, aim.heading) for aim in aims])


def _reward_columns(series: EpisodeRewards, steps: np.ndarray) -> np.ndarray:
    """Rewards at the steps, (F, C); C as `reward_rows` has them."""
    parts = [series.terms, series.total, series.residual]
    if series.cumulative_of != "nothing":
        parts.append(series.cumulative)
    return np.column_stack([part for part in parts if part is not None])[steps]


def _continuous(wxyz: np.ndarray) -> np.ndarray:
    """Quaternions (F, L, 4) with the sign that is nearer to those before: both signs are the same rotation."""
    dots = np.einsum("flk,flk->fl", wxyz[1:], wxyz[:-1])
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)
    return np.concatenate([wxyz[:1], wxyz[1:] * signs[..., None]])


def _differences(values: np.ndarray) -> np.ndarray:
    """Whole numbers as 16-bit differences along the first axis, which wrap around."""
    whole = np.round(values).astype(np.int64)
    return np.diff(whole, axis=0, prepend=0).astype("<i2")
