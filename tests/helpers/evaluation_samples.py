"""Evaluations without a simulator: records of two jobs, three seeds and varied factors, whose effects are known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from replay_viewer.episode_record import EpisodeRecord
from replay_viewer.record.episodes.file import RecordFile

TERMS = {"tracking": 1.1, "torques": -0.05, "action_rate": -0.03, "orientation": -0.04}
_LIMIT = 1000


def evaluation(
    num_episodes: int = 34, jobs: tuple[str, ...] = ("before", "after"), num_envs: int = 16
) -> list[EpisodeRecord]:
    """So many episodes for each job and seed, of the same draws: less friction makes them fail, a later job helps."""
    return [
        _episode(job, seed, number % num_envs, number // num_envs, helps=0.9 * jobs.index(job))
        for job in jobs
        for seed in (1, 2, 3)
        for number in range(num_episodes)
    ]


def record(env_id: int = 0, episode: int = 0, **facts: Any) -> EpisodeRecord:
    """A finished episode."""
    known = {"outcome": "truncated", "success": True, "episode_length": 100, "total_reward": 1.0, "duration_s": 2.0}
    return EpisodeRecord(env_id, episode, **{**known, **facts})


def written(folder: Path, records: list[EpisodeRecord]) -> Path:
    """A folder with a file of records."""
    file = RecordFile(folder / "episode_results.jsonl")
    file.append(records)
    file.close()
    return folder


def _episode(job: str, seed: int, env: int, number: int, helps: float) -> EpisodeRecord:
    draw = np.random.default_rng([seed, env, number])
    friction, mass = draw.uniform(0.2, 1.25), draw.uniform(-1.0, 3.0)
    pushes = [{"step": int(draw.integers(10, 900)), "value": draw.normal(size=2).tolist()} for _ in range(3)]
    pushes = pushes[: draw.integers(0, 4)]
    command, terrain = draw.uniform(-1, 1, size=2), ("flat", "rough", "stairs")[draw.integers(3)]
    is_good = bool(draw.random() < 1 / (1 + math.exp(-(6 * (friction - 0.6) - 0.3 * mass + helps))))
    steps = _LIMIT if is_good else int(np.clip(draw.weibull(1.3) * 320, 20, _LIMIT - 1))
    rewards = {name: steps * 0.02 * rate * (1 if is_good else 0.8) for name, rate in TERMS.items()}
    factors: dict[str, Any] = {
        "friction": friction,
        "added_mass": mass,
        "command": command.tolist(),
        "terrain": terrain,
    }
    if pushes:
        factors["push"] = pushes if len(pushes) > 1 else pushes[0]
    return EpisodeRecord(
        env,
        number,
        "truncated" if is_good else "terminated",
        "time_out" if is_good else "base_contact",
        is_good,
        steps,
        sum(rewards.values()),
        rewards,
        steps * 0.02,
        seed=seed,
        first_step=number * _LIMIT,
        last_step=number * _LIMIT + steps - 1,
        job_name=job,
        policy=f"{job}.pt",
        task="velocity",
        variations=factors,
        progress={"distance": steps * 0.02},
    )
