"""A record that is written in the simulator says exactly what the recording beside it says afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from isaac_lab_direct_sim import IsaacLabDirectSim
from isaac_lab_sim import IsaacLabSim
from legged_fake import DOF_NAMES
from legged_gym_sim import GymWrapper, LeggedGymSim, WalkTheseWaysSim
from mqe_sim import MqeSim, PushboxWrapper
from single_env import Hopper

from replay_viewer import attach, record_episodes, set_training_state
from replay_viewer.episode_record import EpisodeRecord
from replay_viewer.episodes.derive import records_of
from replay_viewer.episodes.record_files import from_here, read_records
from replay_viewer.formats import load_rollout
from replay_viewer.record import training_state


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process in which nothing was said of its training; environments that name no files."""
    monkeypatch.setattr(training_state, "_process_state", training_state.TrainingState())


def written(path: Path | None) -> list[EpisodeRecord]:
    """The records in a file, which says nothing wrong, in the order of a recording."""
    assert path is not None
    records, problem = read_records(path)
    assert problem == ""
    return sorted(from_here(records, path), key=lambda record: (record.env_id, record.episode_in_env))


def derived(path: Path) -> list[EpisodeRecord]:
    rollout = load_rollout(path)
    records = records_of(rollout)
    rollout.close()
    return sorted(records, key=lambda record: (record.env_id, record.episode_in_env))


def legged(kind: Any) -> Callable[[], tuple[Any, Callable[[], Any]]]:
    def make() -> tuple[Any, Callable[[], Any]]:
        env, rng = kind(), np.random.default_rng(3)
        return env, lambda: env.step(rng.uniform(-1, 1, (env.num_envs, len(DOF_NAMES))).astype(np.float32))

    return make


def hopper() -> tuple[Any, Callable[[], Any]]:
    env = Hopper()
    numbers = itertools.count()

    def step() -> None:
        if env.step([-0.9 if next(numbers) % 3 else 0.1])[2]:
            env.reset()

    return env, step


class ByBase(LeggedGymSim):
    """Resets by its base class's method, which no attribute of the instance replaces: counters tell of it."""

    def post_physics_step(self) -> None:
        original, self.reset_idx = self.reset_idx, lambda ids: LeggedGymSim.reset_idx(self, ids)  # type: ignore[method-assign]
        super().post_physics_step()
        self.reset_idx = original  # type: ignore[method-assign]


def agents() -> tuple[Any, Callable[[], Any]]:
    """Two robots in each env, with rewards of their own."""
    env = PushboxWrapper(MqeSim())
    rng = np.random.default_rng(3)
    shape = (env.num_envs, env.num_agents, 3)
    return env, lambda: env.step(rng.uniform(-2, 2, shape).astype(np.float32))


ENVIRONMENTS = {
    "legged_gym": legged(LeggedGymSim),
    "legged_gym, unseen": legged(ByBase),
    "walk-these-ways": legged(WalkTheseWaysSim),
    "isaac lab": legged(IsaacLabSim),
    "isaac lab, direct": legged(IsaacLabDirectSim),
    "agents": agents,
    "hopper": hopper,
}


def without_unnoted(record: EpisodeRecord) -> EpisodeRecord:
    """Without the time, and without what was drawn for an episode that the recording has no end of to note it with."""
    drawn = {} if record.outcome == "unfinished" else record.variations
    return replace(record, timestamp=None, variations=drawn)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_live_and_derived_agree_in_every_value(name: str, tmp_path: Path) -> None:
    """With resets from outside, one of them before any step, and what the training is, which changes between steps."""
    env, step = ENVIRONMENTS[name]()
    set_training_state(iteration=1, task="walk", sigma=0.5)
    env_ids = "all" if hasattr(env, "num_envs") else 0
    with attach(env, tmp_path / "run.rec", env_ids=env_ids, episode_terms={}) as recorder:
        env.reset()
        for number in range(230):
            if number == 57:
                env.reset()
                env.reset()
            if number % 60 == 10:
                set_training_state(iteration=number, sigma=0.1 * number)
            if number == 100:
                recorder.set_training_state(policy="b")
            step()
    assert recorder.episodes_path == tmp_path / "episode_results.jsonl"
    live, later = written(recorder.episodes_path), derived(recorder.path)
    assert len(live) > 8
    assert {record.outcome for record in live} >= {"terminated", "aborted", "unfinished"}
    assert len({record.iteration for record in live}) > 2
    for one, other in zip(live, later, strict=True):
        assert one.timestamp is not None
        assert without_unnoted(one) == other


class Randomised(LeggedGymSim):
    """Draws friction in each reset, and pushes in the middle of steps."""

    recorder: Any = None

    def reset_idx(self, env_ids: Any) -> None:
        super().reset_idx(env_ids)
        if self.recorder is not None and len(env_ids):
            self.recorder.log_variation("friction", 0.1 * len(self.truth) + np.asarray(env_ids), env_ids)

    def post_physics_step(self) -> None:
        if self.recorder is not None and len(self.truth) % 40 == 7:
            self.recorder.log_variation("push", np.ones((2, 2)), [0, 1])
        super().post_physics_step()


def test_what_terms_say_and_what_was_drawn_is_in_the_recording_too(tmp_path: Path) -> None:
    env = Randomised()
    terms: Any = {"height": lambda env, ids: env.root_states[ids, 2], "success": lambda env, ids: ids > 2}
    with attach(env, tmp_path / "run.rec", env_ids="all", episode_terms=terms) as env.recorder:
        env.recorder.log_variation("mass", 1.5)
        for number in range(200):
            if number == 57:
                env.reset_idx(np.array([1, 3]))
            env.step(np.zeros((6, len(DOF_NAMES)), np.float32))
    live, later = written(env.recorder.episodes_path), derived(env.recorder.path)
    ended = [(one, other) for one, other in zip(live, later, strict=True) if one.outcome != "unfinished"]
    assert len(ended) > 8
    for one, other in ended:
        assert replace(one, timestamp=None) == other
        assert one.variations["mass"] == 1.5
        assert one.success is (one.env_id > 2)


@pytest.mark.parametrize("every", [1, 4])
def test_where_only_one_of_them_knows_they_do_not_contradict_each_other(every: int, tmp_path: Path) -> None:
    """Episodes that had begun before; of every fourth step, the recording cannot know all that they earned."""
    env, step = ENVIRONMENTS["legged_gym"]()
    for _ in range(20):
        step()
    with attach(GymWrapper(env), tmp_path / "run.rec", env_ids=[4, 1], every=every, episode_terms={}) as recorder:
        for _ in range(301):
            step()
    live, later = written(recorder.episodes_path), derived(recorder.path)
    for one, other in zip(live, later, strict=True):
        for field, value in vars(other).items():
            own = vars(without_unnoted(one))[field]
            if field == "rewards":
                assert all(value[name] in (None, own[name]) for name in own)
            else:
                assert own == value or None in (own, value), field
    first = [record for record in live if record.first_step == 0]
    assert [record.total_reward for record in first] == [None, None]
    assert all((record.episode_length or 0) > (record.last_step or 0) * every for record in first)


def test_alone_it_records_the_same_of_all_envs(tmp_path: Path) -> None:
    envs = [ENVIRONMENTS["legged_gym"]() for _ in range(2)]
    with attach(envs[0][0], tmp_path / "run.rec", env_ids="all"), record_episodes(envs[1][0], tmp_path) as alone:
        for _ in range(200):
            for _, step in envs:
                step()
    live, later = written(alone.path), derived(tmp_path / "run.rec")
    # What is drawn is seen where records are written.
    unknown: Any = {"timestamp": None, "recording": None, "variations": {}}
    assert [replace(record, **unknown) for record in live] == [replace(record, **unknown) for record in later]
