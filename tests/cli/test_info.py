"""The summary of a recording, as data, as text and as JSON."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from memory_rollout import memory_rollout, still, windows

from replay_viewer.cli.info_text import id_ranges, info_text
from replay_viewer.paths import asset
from replay_viewer.replay.replay import Replay, open_replay, with_robots
from replay_viewer.replay.summary import summarize, to_json
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.rollout import Terrain, Verdict


def replay_of(num_steps: int = 10, num_envs: int = 2, **facts: Any) -> Replay:
    """A robot with two joints and two reward terms: `alive` is 1, `torque` falls from 0 by 0.1 a step."""
    alive = np.ones((num_steps, num_envs))
    torque = np.repeat(-0.1 * np.arange(num_steps)[:, None], num_envs, axis=1)
    values = {
        **still(num_steps, num_envs),
        "robot.joint_pos": np.zeros((num_steps, num_envs, 2)),
        "rew": alive + torque,
        "rew_terms": np.stack([alive, torque], axis=-1),
    }
    defaults = {
        "entities": (EntitySpec("robot", joint_names=("hip", "knee")),),
        "reward_terms": ("alive", "torque"),
    }
    return with_robots(memory_rollout({**values, **facts.pop("values", {})}, **{**defaults, **facts}))


def test_statistics_of_rewards_are_those_of_the_file() -> None:
    rewards = {s.name: s for s in summarize(replay_of()).rewards}
    assert list(rewards) == ["rew", "alive", "torque"]
    assert (rewards["alive"].mean, rewards["alive"].min, rewards["alive"].max) == (1, 1, 1)
    assert rewards["torque"].mean == pytest.approx(-0.45)
    assert (rewards["torque"].min, rewards["torque"].max) == pytest.approx((-0.9, 0))


def test_minus_zero_is_zero() -> None:
    text = info_text(summarize(replay_of(values={"rew": np.full((10, 2), -0.0)})))
    assert re.search(r"rew +0 +0 +0\n", text)


def test_values_that_are_not_finite_are_counted_and_left_out() -> None:
    reward = np.array([[1.0, 2.0], [math.nan, math.inf]])
    replay = replay_of(num_steps=2, values={"rew": reward})
    rew = summarize(replay).rewards[0]
    assert (rew.mean, rew.min, rew.max, rew.num_not_finite) == (1.5, 1, 2, 2)
    assert "NaN or inf" in info_text(summarize(replay))


def test_a_long_recording_is_sampled_and_the_text_says_so() -> None:
    replay = replay_of(num_steps=2500, num_envs=100)
    summary = summarize(replay)
    assert summary.sample is not None
    assert (summary.sample.stride, summary.sample.num_steps, len(summary.sample.env_ids)) == (3, 834, 64)
    assert (summary.sample.env_ids[0], summary.sample.env_ids[-1]) == (0, 99)
    assert max(steps for name, steps in windows(replay.rollout) if name.startswith("rew")) == 834
    assert "over every 3rd step (834 of them) of 64 of 100 envs" in info_text(summary)


def test_text_tells_time_envs_and_ground() -> None:
    triangles = Terrain(np.zeros((3, 3)), np.zeros((5, 3), dtype=int))
    text = info_text(summarize(replay_of(env_ids=(3, 40), terrain=triangles)))
    assert "Time        10 steps of 0.02 s (50 Hz), 0.18 s in all" in text
    assert "Envs        2: id 3, 40" in text
    assert "Ground      a terrain of 5 triangles" in text


def test_a_packed_recordings_own_urdf_is_told_by_its_place_in_it() -> None:
    replay = open_replay(asset("walk.rec"))  # Unpacked to a temporary folder, which nobody needs to know.
    try:
        text, content = info_text(summarize(replay)), to_json(summarize(replay))
    finally:
        replay.close()
    assert "URDF assets/robot/trotter.urdf in the recording" in text
    assert content["entities"][0]["urdf"] == "assets/robot/trotter.urdf"
    assert content["entities"][0]["folder"] == "assets"


def test_text_tells_each_episode_of_each_env() -> None:
    episodes = {
        0: [Episode(0, 0, 0, 9, "unfinished")],
        1: [
            Episode(1, 0, 0, 3, "terminated", "recorded", outcome_reason="fell over"),
            Episode(1, 1, 4, 6, "truncated", "lost", success=True),
            Episode(1, 2, 7, 9, "unfinished"),
        ],
    }
    lines = info_text(summarize(replay_of(episodes=episodes, env_ids=(0, 7)))).splitlines()
    start = lines.index("Episodes    4: 2 unfinished, 1 terminated, 1 truncated")
    assert [line.split(maxsplit=5) for line in lines[start + 2 : start + 6]] == [
        ["0", "0", "-", "9", "0.20", "unfinished"],
        ["7", "0", "-", "3", "0.08", "terminated (fell over)"],
        ["7", "4", "-", "6", "0.06", "truncated, success, terminal state lost"],
        ["7", "7", "-", "9", "0.06", "unfinished"],
    ]


def test_episodes_left_out_of_the_text_are_counted() -> None:
    text = info_text(summarize(replay_of(num_envs=50)))
    assert "... and 10 more episodes: see --json" in text


def test_text_shows_problems_first_and_every_reason_whole() -> None:
    reason = "because " + "of a long story " * 20
    verdicts = (
        Verdict("time step", "0.02 s", "stated in the file", "stated"),
        Verdict("quaternions", "xyzw", reason, "assumed"),
        Verdict("base_pos", "has 3 NaNs", "in env 1", "problem"),
    )
    text = info_text(summarize(replay_of(verdicts=verdicts)), width=80)
    positions = [text.index(finding) for finding in ("base_pos: has 3 NaNs", "quaternions: xyzw", "time step: 0.02 s")]
    assert positions == sorted(positions)
    assert reason.strip() in " ".join(text.split())


def test_text_keeps_to_the_width_and_breaks_no_name() -> None:
    names = tuple(f"joint_number_{i}" for i in range(30))
    values = {"robot.joint_pos": np.zeros((10, 2, 30))}
    text = info_text(summarize(replay_of(values=values, entities=(EntitySpec("robot", joint_names=names),))), width=60)
    assert all(len(line) <= 60 for line in text.splitlines())
    assert all(name in text.replace(",", " ").split() for name in names)


def test_batch_means_are_labelled_as_no_envs_values() -> None:
    text = info_text(summarize(replay_of(batch_means={"tracking": np.linspace(0, 1, 10)})))
    assert "Batch means over the simulator's envs, which are no env's own values" in text
    assert "tracking    0.5     0     1" in text


def test_a_terrain_that_is_not_recorded_is_no_flat_ground() -> None:
    lacking = replay_of(verdicts=[Verdict("terrain", "is not recorded", "said when it was recorded", "problem")])
    assert "Ground      not recorded" in info_text(summarize(lacking))
    assert "Ground      flat" in info_text(summarize(replay_of()))


def test_ids_in_a_row_are_ranges() -> None:
    assert id_ranges([0, 1, 2, 3, 7, 16, 17]) == "0-3, 7, 16-17"


def test_json_is_complete_and_holds_no_nan() -> None:
    replay = replay_of(num_steps=2, values={"rew": np.full((2, 2), math.nan)}, metadata={"task": Path("g1")})
    data = json.loads(json.dumps(to_json(summarize(replay)), allow_nan=False))
    assert list(data) == [
        "name", "path", "num_steps", "control_dt", "duration", "env_ids", "entities", "ground", "terrain_triangles",
        "episodes", "interventions", "num_manual", "fields", "rewards", "batch_means", "sample", "verdicts", "metadata",
    ]  # fmt: skip
    assert data["rewards"][0] == {"name": "rew", "mean": None, "min": None, "max": None, "num_not_finite": 4}
    assert data["entities"][0]["joint_names"] == ["hip", "knee"]
    assert data["fields"][0] == {"name": "robot.base_pos", "shape": [3], "dtype": "float64", "unit": ""}
    assert data["metadata"] == {"task": "g1"}


def test_json_names_every_episode_by_env_id() -> None:
    data = to_json(summarize(replay_of(num_envs=50, env_ids=range(100, 150))))
    assert len(data["episodes"]) == 50
    assert data["episodes"][1] == {
        "env_id": 101, "env_index": 1, "index": 0, "first_step": 0, "last_step": 9, "num_steps": 10,
        "outcome": "unfinished", "outcome_reason": "", "success": None, "terminal_state": "none", "terminal_row": -1,
        "length": None, "total_reward": None, "facts": {},
    }  # fmt: skip
