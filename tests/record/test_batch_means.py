"""Claims about means over all envs that an environment logs itself: kept, and called what they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_columns import Columns
from legged_fake import DOF_NAMES
from legged_gym_sim import GymWrapper, LeggedGymSim, numbers

from replay_viewer import RolloutRecorder, attach

needs_reader = pytest.mark.skipif(sys.version_info < (3, 10), reason="the reader needs Python 3.10")
NAME = "raw/tracking_mean"


@pytest.fixture(params=["numpy", "torch"])
def library(request: pytest.FixtureRequest) -> str:
    if request.param == "torch":
        pytest.importorskip("torch")
    return request.param


class LoggingSim(LeggedGymSim):
    """Logs means of its terms in a dictionary that is made anew at each step; its info stays empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.means: list[float] = []

    def compute_reward(self) -> None:
        super().compute_reward()
        self.log_dict = self.logged()
        self.extras = {}

    def logged(self) -> dict[str, Any]:
        mean = self.rew_buf.mean()
        self.means.append(float(mean))
        return {NAME: mean, "scaled/odd name_mean": 2.0, "raw/root_states": self.root_states, "loss_mean": 1.0}

    def _fill_extras(self, ids: np.ndarray) -> None:
        super()._fill_extras(ids)
        self.extras = {}


def step(env: Any, num_steps: int) -> None:
    action = env.np.array(np.full((env.num_envs, len(DOF_NAMES)), 0.5, np.float32))
    for _ in range(num_steps):
        env.step(action)


def test_means_are_recorded_at_each_step(library: str, tmp_path: Path) -> None:
    env = LoggingSim(library=library)
    with attach(GymWrapper(env), tmp_path / "run.rec", env_ids=[4, 1]) as recorder:
        step(env, 100)
    columns = Columns(recorder.path)
    assert [name for name in columns.names if "mean" in name] == [
        f"batch_means/{NAME}",
        "batch_means/scaled/odd_name_mean",
    ]
    expected = np.repeat(np.array(env.means, np.float32)[:, None], 2, axis=1)
    np.testing.assert_array_equal(columns[f"batch_means/{NAME}"], expected)
    assert len(columns.ends) > 0
    for end in columns.ends:
        assert np.isnan(columns.last_state(end, f"batch_means/{NAME}"))


def test_what_is_no_mean_any_more_is_unknown_and_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Env(LoggingSim):
        def logged(self) -> dict[str, Any]:
            number = len(self.truth)
            later = {} if number < 3 else {"raw/late_mean": 1.0}
            gone = {} if number == 2 else {"raw/a_mean": [1.0, 2.0] if number == 4 else float(number)}
            return {**gone, **later, "raw/b_mean": np.zeros(3) if number == 5 else np.float64(number)}

    env = Env()
    with attach(env, tmp_path / "run.rec") as recorder:
        step(env, 6)
    columns = Columns(recorder.path)
    np.testing.assert_array_equal(columns["batch_means/raw/a_mean"][:, 0], [1, np.nan, 3, np.nan, 5, 6])
    np.testing.assert_array_equal(columns["batch_means/raw/b_mean"][:, 0], [1, 2, 3, 4, np.nan, 6])
    said = [message.split(": ", 1)[1] for message in caplog.messages if "_mean'" in message]
    assert said == [
        "'raw/late_mean' is a mean that the first step did not have: it is left out.",
        "'raw/a_mean' is a list, expected one number for all envs: it is NaN in such steps.",
        "'raw/b_mean' has shape (3,), expected one number for all envs: it is NaN in such steps.",
    ]


def test_several_recorders_have_them(tmp_path: Path) -> None:
    env = LoggingSim()
    first = attach(env, tmp_path / "a.rec")
    step(env, 3)
    with attach(env, tmp_path / "b.rec", env_ids="all") as second:
        step(env, 4)
    first.close()
    for recorder, means in ((first, env.means), (second, env.means[3:])):
        np.testing.assert_array_equal(Columns(recorder.path)[f"batch_means/{NAME}"][:, 0], np.array(means, np.float32))


@needs_reader
@pytest.mark.parametrize("format", ["npz", "rec"])
@pytest.mark.parametrize("env_ids", [[2], [0, 5]])
def test_a_rollout_shows_them_as_means_of_all_envs(
    format: str, env_ids: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from replay_viewer import load_rollout
    from replay_viewer.cli import main
    from replay_viewer.rollout.rewards import EpisodeRewardsCache

    env = LoggingSim()
    path = RolloutRecorder(env, 110, format=format, env_ids=env_ids).run(lambda obs: numbers(obs)[:, :12], tmp_path)
    rollout = load_rollout(path)
    # legged_gym makes a step of its own in reset(), which the policy knows nothing of.
    means = np.array(env.means[-rollout.num_steps :], np.float32)
    assert rollout.num_steps in (110, 111)
    np.testing.assert_array_equal(rollout.batch_means[NAME][:], means)
    np.testing.assert_array_equal(rollout.batch_means[NAME][5:9], means[5:9])
    assert EpisodeRewardsCache(rollout).at(7, 0).batch_means[NAME] == means[7]
    (verdict,) = [verdict for verdict in rollout.verdicts if verdict.topic == "batch means"]
    assert "no env's own value" in verdict.reason
    assert NAME in verdict.finding
    rollout.close()
    assert main(["info", str(path)]) == 0
    assert "Batch means over the simulator's envs, which are no env's own values" in capsys.readouterr().out
