"""Variations: what was drawn belongs to the episode that it was drawn for, whenever that was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim
from single_env import Hopper

from replay_viewer import EpisodeRecording, attach, record_episodes
from replay_viewer.errors import BadArgument

ACTIONS = np.full((6, len(DOF_NAMES)), 0.5, np.float32)


class Randomised(LeggedGymSim):
    """Draws friction in each reset, and a push in step 30."""

    recording: Any = None

    def __init__(self) -> None:
        self.drawn: list[tuple[int, dict[int, float]]] = []
        super().__init__()

    def reset_idx(self, env_ids: Any) -> None:
        if self.recording is not None and len(env_ids):
            ids = np.asarray(env_ids)
            values = 100.0 * len(self.truth) + ids
            self.drawn.append((len(self.truth) - 1, dict(zip(ids.tolist(), values.tolist()))))
            self.recording.log_variation("friction", values, env_ids)
        super().reset_idx(env_ids)

    def post_physics_step(self) -> None:
        if len(self.truth) == 30:
            self.recording.log_variation("push", np.array([[0.5, -0.5]]), np.array([2]))
        super().post_physics_step()


def records(recording: EpisodeRecording) -> list[Any]:
    return [json.loads(line) for line in recording.path.read_text().splitlines()]


def logged(record: Any) -> dict[str, Any]:
    """What a test has logged: the environment's own commands are found without that."""
    return {name: value for name, value in record["variations"].items() if name != "command"}


def test_a_draw_in_a_reset_belongs_to_the_episode_that_it_begins(tmp_path: Path) -> None:
    env = Randomised()
    with record_episodes(env, tmp_path) as env.recording:
        for _ in range(200):
            env.step(ACTIONS)
    began = {(step + 1, env_id): draw for step, draws in env.drawn for env_id, draw in draws.items()}
    found = records(env.recording)
    assert len(found) > 8
    for record in found:
        friction = began.get((record["first_step"], record["env_id"]))
        assert record["variations"].get("friction") == friction


def test_a_draw_in_the_middle_is_kept_with_its_step(tmp_path: Path) -> None:
    env = Randomised()
    with record_episodes(env, tmp_path) as env.recording:
        for _ in range(40):
            env.step(ACTIONS)
        env.recording.log_variation("push", [[1.0, 0.0]], [2])
    (pushed,) = [record for record in records(env.recording) if "push" in record["variations"]]
    assert pushed["variations"]["push"] == [{"step": 30, "value": [0.5, -0.5]}, {"step": 40, "value": [1.0, 0.0]}]


def test_what_is_drawn_before_the_first_step_holds_for_all_episodes(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with record_episodes(env, tmp_path) as recording:
        recording.log_variation("mass", np.arange(6))
        recording.log_variation("ground", "grass")
        for number in range(200):
            env.step(ACTIONS)
            if number == 100:
                recording.log_variation("mass", 9, [0])
    for record in records(recording):
        changed = record["env_id"] == 0 and record["first_step"] <= 100 < record["last_step"]
        mass = [0, {"step": 101, "value": 9}] if changed else record["env_id"]
        assert logged(record) == {"mass": mass, "ground": "grass"}


def test_draws_of_an_episode_that_never_had_a_step_are_forgotten(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with record_episodes(env, tmp_path) as recording:
        env.step(ACTIONS)
        for number in range(3):
            env.reset_idx(np.arange(6))
            recording.log_variation("friction", number)
        env.step(ACTIONS)
    assert list(map(logged, records(recording))) == [{}] * 6 + [{"friction": 2}] * 6


def test_an_env_that_its_user_resets_has_its_own_draws(tmp_path: Path) -> None:
    env, number = Hopper(), 0
    with record_episodes(env, tmp_path) as recording:
        env.reset()
        for _ in range(30):
            if env.step([-0.9])[2]:
                env.reset()
                number += 1
                recording.log_variation("wind", number)
    found = [record["variations"].get("wind") for record in records(recording)]
    assert found[: len(found) - 1] == [None, *range(1, len(found) - 1)]


def test_a_mask_says_which_envs_as_well(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with record_episodes(env, tmp_path) as recording:
        recording.log_variation("mass", [4.0, 5.0], np.arange(6) >= 4)
        env.step(ACTIONS)
    found = [record["variations"].get("mass") for record in records(recording)]
    assert found == [None, None, None, None, 4.0, 5.0]


def test_what_is_drawn_in_the_reset_after_a_failed_step_begins_an_episode(tmp_path: Path) -> None:
    env = Hopper()
    with record_episodes(env, tmp_path) as recording:
        env.reset()
        env.step([0.1])
        with pytest.raises(TypeError):
            env.step(None)
        env.reset()
        recording.log_variation("wind", 3)
        env.step([0.1])
    assert [record["variations"] for record in records(recording)] == [{}, {"wind": 3}]


def test_of_envs_that_are_not_recorded_nothing_is_kept(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with attach(env, tmp_path / "run.rec", env_ids=[4, 1], episode_terms={}) as recorder:
        recorder.log_variation("mass", np.arange(6))
        env.step(ACTIONS)
    assert recorder.episodes_path is not None
    found = [json.loads(line) for line in recorder.episodes_path.read_text().splitlines()]
    assert [(record["env_id"], logged(record)) for record in found] == [(4, {"mass": 4}), (1, {"mass": 1})]
    with attach(env, tmp_path / "b.rec") as without:
        without.log_variation("mass", 1)


@pytest.mark.parametrize(
    ("values", "env_ids", "message"),
    [([1, 2], [0], "expected one for each of 1"), ([1], None, "expected one for each of 6"), (1, [6], "envs 0 to 5")],
)
def test_values_that_fit_no_envs_are_refused(values: Any, env_ids: Any, message: str, tmp_path: Path) -> None:
    with record_episodes(LeggedGymSim(), tmp_path) as recording:
        with pytest.raises(BadArgument, match=message):
            recording.log_variation("mass", values, env_ids)


def test_values_may_be_lists_of_different_lengths(tmp_path: Path) -> None:
    env, joints = LeggedGymSim(), [[1, 2], [3], [], [4], [5], [6]]
    with record_episodes(env, tmp_path) as recording:
        recording.log_variation("weak_joints", joints)
        env.step(np.zeros((6, len(DOF_NAMES)), np.float32))
    found = [json.loads(line) for line in recording.path.read_text().splitlines()]
    assert [record["variations"]["weak_joints"] for record in found] == joints
