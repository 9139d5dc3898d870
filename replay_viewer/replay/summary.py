"""The summary of a recording, as plain data: for `replay-viewer info`, its `--json`, and the viewer's info panel."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..rollout.entities import EntitySpec
from ..rollout.episodes import Episode
from ..rollout.fields import Field
from ..rollout.rollout import Rollout, Verdict
from .replay import Replay

# A statistic needs no more than this; a 10 GB recording is then summed up in well under a second.
_MAX_STEPS = 1000
_MAX_ENVS = 64
# Programs whose numbers are floats, as JavaScript's are, hold no larger one exactly.
_LARGEST_INTEGER = 2**53 - 1
# What verdicts about the ground are about.
_TERRAIN = "terrain"


@dataclass(frozen=True)
class Statistics:
    """Mean, least and greatest of the finite values of one signal; NaN where there are none.

    Attributes:
        name: of the signal.
        mean: of the finite values.
        min: likewise.
        max: likewise.
        num_not_finite: how many of the values that were looked at are NaN or infinite.
    """

    name: str
    mean: float
    min: float
    max: float
    num_not_finite: int


@dataclass(frozen=True)
class Sample:
    """Which steps and envs the statistics come from: every `stride`-th step of these env ids."""

    stride: int
    num_steps: int
    env_ids: tuple[int, ...]


@dataclass(frozen=True)
class Summary:
    """What is in a recording.

    Attributes:
        name: what to call it.
        path: its file or folder, "" when it was made in memory.
        num_steps: control steps.
        control_dt: seconds between two of them.
        duration: seconds from the first step to the last.
        env_ids: the simulator's index of each recorded env.
        entities: robots first, each with the URDF that it is drawn from, relative to the recording where that carries
            it.
        ground: "terrain", "flat", or "not recorded" where the recording says that it lacks the terrain.
        terrain_triangles: 0 without a terrain.
        episodes: of every env, in the order of `env_ids`.
        interventions: how often each thing was done by hand, by its name, such as "push".
        num_manual: how many of the episodes somebody had a hand in.
        fields: the recorded signals, shapes per env and step.
        rewards: statistics of the total "rew", where it is recorded, and of each term, over `sample`.
        batch_means: statistics, over at most 1000 steps, of means over the simulator's envs: no env's own values.
        sample: what `rewards` was computed from; None without rewards.
        verdicts: every decision and doubt, with its reason.
        metadata: anything else that the file says about itself.
    """

    name: str
    path: str
    num_steps: int
    control_dt: float
    duration: float
    env_ids: tuple[int, ...]
    entities: tuple[EntitySpec, ...]
    ground: str
    terrain_triangles: int
    episodes: tuple[Episode, ...]
    interventions: Mapping[str, int]
    num_manual: int
    fields: tuple[Field, ...]
    rewards: tuple[Statistics, ...]
    batch_means: tuple[Statistics, ...]
    sample: Sample | None
    verdicts: tuple[Verdict, ...]
    metadata: Mapping[str, Any]


def summarize(replay: Replay) -> Summary:
    """Sum up a recording without reading all of it: rewards come from at most 1000 steps of 64 envs."""
    rollout = replay.rollout
    sample = _sample(rollout) if rollout.has_rewards else None
    stride = -(-rollout.num_steps // _MAX_STEPS)
    episodes = tuple(episode for env in range(rollout.num_envs) for episode in rollout.episodes(env))
    return Summary(
        name=rollout.name,
        path=str(rollout.path or ""),
        num_steps=rollout.num_steps,
        control_dt=rollout.control_dt,
        duration=(rollout.num_steps - 1) * rollout.control_dt,
        env_ids=rollout.env_ids,
        entities=tuple(_as_drawn(entity, replay.robots[name].path) for name, entity in rollout.entities.items()),
        ground=_ground(replay),
        terrain_triangles=0 if rollout.terrain is None else len(rollout.terrain.triangles),
        episodes=episodes,
        interventions=Counter(intervention.what for intervention in rollout.interventions),
        num_manual=sum(map(rollout.is_manual, episodes)) if rollout.interventions else 0,
        fields=tuple(rollout.fields.values()),
        rewards=_reward_statistics(rollout, sample) if sample else (),
        batch_means=tuple(_statistics(name, means[::stride]) for name, means in rollout.batch_means.items()),
        sample=sample,
        verdicts=tuple(replay.verdicts),
        metadata=rollout.metadata,
    )


def to_json(summary: Summary) -> dict[str, Any]:
    """The summary as JSON-ready data, the output of `info --json`.

    Keys are those of `Summary`, its parts' keys those of their classes, with these differences: numbers that are not
    finite are null, integers beyond 2^53 (seeds) are strings like paths and dtypes, and each episode has its `env_id`
    and `num_steps`. Keys are only ever added.
    """
    content = {name: getattr(summary, name) for name in Summary.__dataclass_fields__}
    content["episodes"] = [
        {"env_id": summary.env_ids[e.env_index], **asdict(e), "num_steps": e.num_steps} for e in summary.episodes
    ]
    return _plain(content)


def _as_drawn(entity: EntitySpec, urdf: Path | None) -> EntitySpec:
    """The entity with the URDF that it is drawn from, which of a packed recording lies in a temporary folder."""
    folder = entity.folder
    if urdf is None or folder is None or not urdf.resolve().is_relative_to(folder):
        return replace(entity, urdf=urdf, folder=None)
    return replace(entity, urdf=urdf.resolve().relative_to(folder.parent), folder=Path(folder.name))


def _ground(replay: Replay) -> str:
    if replay.rollout.terrain is not None:
        return _TERRAIN
    is_missing = any(verdict.topic == _TERRAIN and verdict.status == "problem" for verdict in replay.verdicts)
    return "not recorded" if is_missing else "flat"


def _sample(rollout: Rollout) -> Sample:
    """Steps and envs spread evenly over the whole recording."""
    stride = math.ceil(rollout.num_steps / _MAX_STEPS)
    num_envs = min(rollout.num_envs, _MAX_ENVS)
    envs = np.linspace(0, rollout.num_envs - 1, num_envs).astype(int)
    env_ids = tuple(rollout.env_ids[env] for env in envs)
    return Sample(stride, len(range(0, rollout.num_steps, stride)), env_ids)


def _reward_statistics(rollout: Rollout, sample: Sample) -> tuple[Statistics, ...]:
    envs = [rollout.env_index(env_id) for env_id in sample.env_ids]
    steps = slice(0, rollout.num_steps, sample.stride)
    rewards = []
    if "rew" in rollout.fields:
        rewards.append(_statistics("rew", rollout.read("rew", steps, envs)))
    if rollout.reward_terms:
        terms = rollout.read("rew_terms", steps, envs)
        rewards += [_statistics(name, terms[..., k]) for k, name in enumerate(rollout.reward_terms)]
    return tuple(rewards)


def _statistics(name: str, values: np.ndarray) -> Statistics:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Statistics(name, math.nan, math.nan, math.nan, values.size)
    mean = float(finite.mean(dtype=np.float64))
    return Statistics(name, mean, float(finite.min()), float(finite.max()), values.size - finite.size)


def _plain(value: Any) -> Any:
    """The same data in the types that JSON has."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        return str(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)
