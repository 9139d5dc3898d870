"""Claims about ends that no hook saw, and about steps that fail after their resets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
from container_columns import Columns
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim, WalkTheseWaysSim

from replay_viewer import EntitySpec, Recorder, attach

LOST, CAPTURED, RECORDED = 0, 1, 2
ACTIONS = np.full((6, len(DOF_NAMES)), 0.5, np.float32)


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Any]:
    urdf = tmp_path / "robot.urdf"
    urdf.write_text('<robot name="r"><link name="base"/></robot>')
    return lambda env, **options: attach(env, tmp_path / "run.rec", **{"env_ids": "all", "urdf": urdf, **options})


class ByBase(LeggedGymSim):
    """Resets by its base class's method, which no attribute of the instance replaces."""

    def post_physics_step(self) -> None:
        original, self.reset_idx = self.reset_idx, lambda ids: LeggedGymSim.reset_idx(self, ids)  # type: ignore[method-assign]
        super().post_physics_step()
        self.reset_idx = original  # type: ignore[method-assign]


class Late(LeggedGymSim):
    """Clears the flags in its own reset, which it makes outside of the step."""

    def respawn(self, ids: np.ndarray) -> None:
        LeggedGymSim.reset_idx(self, ids)


def resets(env: LeggedGymSim) -> list:
    return sorted((t, e) for t, step in enumerate(env.truth) for e in range(6) if step.reset[e])


def test_ends_by_a_method_that_is_not_hooked_are_recorded_as_lost(
    record: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    env = ByBase()
    with record(env) as recorder:
        for _ in range(200):
            env.step(ACTIONS)
    columns = Columns(recorder.path)
    assert sorted((end["last_record"], end["env_index"]) for end in columns.ends) == resets(env)
    for end in columns.ends:
        assert end["terminal_state"] == LOST
        assert end["outcome"] == (2 if env.truth[end["step"]].time_out[end["env_index"]] else 1)
        rewards = columns["rew"][end["first_record"] : end["last_record"] + 1, end["env_index"]]
        assert end["ret"] == pytest.approx(float(rewards.astype(float).sum()), abs=1e-9)
    flags = columns["flags"]
    expected = [np.where(s.reset, np.where(s.time_out, 4 | 2, 4 | 1), 0) for s in env.truth]
    np.testing.assert_array_equal(flags, expected)
    (message,) = caplog.messages
    assert "without a call of ByBase.reset_idx" in message


def test_ends_that_are_seen_are_not_witnessed_too(record: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    env = LeggedGymSim()
    with record(env) as recorder:
        for _ in range(60):
            env.step(ACTIONS)
        env.reset()
        for _ in range(120):
            env.step(ACTIONS)
    ends = Columns(recorder.path).ends
    assert sorted((end["step"], end["env_index"]) for end in ends if end["outcome"] != 3) == resets(env)
    assert {end["terminal_state"] for end in ends if end["outcome"] != 3} == {CAPTURED}
    assert sum(end["outcome"] == 3 for end in ends) <= 6
    assert caplog.messages == []


def test_an_unseen_reset_between_steps_cuts_off_what_the_last_record_shows(
    record: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    env = Late()
    with record(env) as recorder:
        for _ in range(10):
            env.step(ACTIONS)
        env.respawn(np.array([2, 4]))
        for _ in range(5):
            env.step(ACTIONS)
    ends = Columns(recorder.path).ends
    found = [(e["env_index"], e["outcome"], e["first_record"], e["last_record"], e["terminal_state"]) for e in ends]
    assert found == [(2, 3, 0, 9, RECORDED), (4, 3, 0, 9, RECORDED)]
    assert len(caplog.messages) == 1


def test_counters_that_a_learner_spreads_end_nothing(record: Callable[..., Any]) -> None:
    env = LeggedGymSim()
    with record(env) as recorder:
        for _ in range(10):
            env.step(ACTIONS)
        env.episode_length_buf = np.array([3, 9, 14, 5, 2, 8])
        for _ in range(3):
            env.step(ACTIONS)
    assert Columns(recorder.path).ends == []


def test_an_end_in_a_step_that_fails_after_it_joins_no_two_episodes(record: Callable[..., Any]) -> None:
    env, failed = LeggedGymSim(), []
    original = env.compute_observations

    def fail_after_the_first_reset() -> None:
        original()
        if env.reset_buf.any() and not failed:
            failed.append((len(env.truth) - 1, int(np.flatnonzero(env.reset_buf)[0])))
            raise ValueError("out of memory")

    env.compute_observations = fail_after_the_first_reset  # type: ignore[method-assign]
    with record(env) as recorder:
        for _ in range(120):
            try:
                env.step(ACTIONS)
            except ValueError:
                env.truth[-1].shown = env.truth[-1].real
    columns = Columns(recorder.path)
    (step, slot) = failed[0]
    end = next(end for end in columns.ends if end["env_index"] == slot)
    assert columns.num_steps == 119
    assert (end["last_record"], end["length"], end["terminal_state"]) == (step - 1, step + 1, CAPTURED)
    real = env.truth[step].real["root_states"][slot, :3]
    np.testing.assert_array_equal(columns.last_state(end, "robot.base_pos"), real)
    later = [end for end in columns.ends if end["env_index"] == slot][1:]
    assert [later_end["first_record"] for later_end in later][:1] == [step][: len(later)]


class Rebuilding(LeggedGymSim):
    """Makes the list of its reward functions anew whenever it computes a reward."""

    def compute_reward(self) -> None:
        self.reward_functions = [getattr(self, "_reward_" + name) for name in self.reward_names]
        super().compute_reward()


class RebuildingLambdas(LeggedGymSim):
    """Makes the list anew in each step, out of functions that call its methods."""

    def step(self, actions: Any) -> tuple:
        self._prepare_reward_function()
        self.reward_functions = [lambda f=function: f() for function in self.reward_functions]
        return super().step(actions)


class Nested(LeggedGymSim):
    """One of its terms calls another's method, which changes the state that it reads."""

    def _reward_orientation(self) -> Any:
        self._reward_feet_air_time()
        return super()._reward_orientation()


@pytest.mark.parametrize("kind", [Rebuilding, RebuildingLambdas, WalkTheseWaysSim])
def test_terms_are_known_where_their_functions_are_listed_anew(kind: type, record: Callable[..., Any]) -> None:
    env = kind()
    with record(env) as recorder:
        for _ in range(30):
            env.step(ACTIONS)
    columns = Columns(recorder.path)
    for name in columns.meta["reward_terms"]:
        np.testing.assert_array_equal(columns.term(name), [step.terms[name] for step in env.truth], err_msg=name)
    assert not [name for name in vars(env) if name.startswith("_reward_")]


def test_a_term_that_calls_anothers_method_is_not_taken_for_it(record: Callable[..., Any]) -> None:
    env = Nested()
    with record(env) as recorder:
        for _ in range(30):
            env.step(ACTIONS)
    term = Columns(recorder.path).term("feet_air_time")[1:]
    np.testing.assert_array_equal(term, [step.terms["feet_air_time"] for step in env.truth[1:]])


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the reader needs Python 3.10")
def test_the_reader_says_how_many_states_are_lost_and_nothing_where_nothing_ended(
    record: Callable[..., Any], tmp_path: Path
) -> None:
    from replay_viewer.container.reader import open_container

    env = ByBase()
    with record(env) as recorder:
        for _ in range(120):
            env.step(ACTIONS)
    with Recorder(tmp_path / "plain.rec", env_ids=[0], control_dt=0.1, entities=[EntitySpec("robot")]) as plain:
        plain.append({"robot.base_pos": np.zeros((1, 3)), "robot.base_wxyz": np.array([[1.0, 0, 0, 0]])})
    count = len(resets(env))
    found = {}
    for path in (recorder.path, plain.path):
        rollout = open_container(path)
        found[path.name] = [v.finding for v in rollout.verdicts if v.topic == "terminal state"]
        rollout.close()
    finding = f"lost of {count} of {count} episodes: the pose before an episode's last is shown"
    assert found == {"run.rec": [finding], "plain.rec": []}
