"""Values of a signal at any position of playback."""

from __future__ import annotations

import numpy as np
from memory_rollout import memory_rollout, still, windows

from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.rollout import Rollout
from replay_viewer.rollout.states import StepValues, samples


def counting(num_steps: int = 10, **facts: object) -> Rollout:
    """Signal "x" is (step, 10 * env)."""
    steps, envs = np.meshgrid(np.arange(num_steps), np.arange(2), indexing="ij")
    return memory_rollout(still(num_steps, 2) | {"x": np.stack([steps, 10.0 * envs], axis=-1)}, **facts)  # type: ignore[arg-type]


def test_values_lie_on_a_line_between_steps() -> None:
    values = StepValues(counting(), "x")
    assert values.at(3, 1).tolist() == [3, 10]
    assert values.at(3.25, 0).tolist() == [3.25, 0]
    assert values.at(9, 0).tolist() == [9, 0]


def test_nothing_goes_across_the_end_of_an_episode() -> None:
    episodes = [Episode(0, 0, 0, 4, "terminated", "recorded"), Episode(0, 1, 5, 9, "unfinished")]
    values = StepValues(counting(episodes={0: episodes}), "x")
    assert values.at(4.5, 0).tolist() == [4, 0]
    assert values.at(5.5, 0).tolist() == [5.5, 0]


def test_the_terminal_state_is_what_counts_at_an_end() -> None:
    episodes = [Episode(0, 0, 0, 4, "terminated", "captured", 0), Episode(0, 1, 5, 9, "unfinished")]
    rollout = counting(episodes={0: episodes}, terminals={"x": np.array([[40.0, 41.0]])})
    assert StepValues(rollout, "x").at(4, 0).tolist() == [40, 41]


def test_the_last_finite_number_stands_in_for_what_is_none() -> None:
    x = np.array([np.nan, 1, np.nan, np.inf, 4])[:, None, None]
    values = StepValues(memory_rollout(still(5, 1) | {"x": x}), "x")
    assert [float(values.at(step, 0)[0]) for step in range(5)] == [0, 1, 1, 1, 4]


def test_playing_on_reads_the_file_seldom() -> None:
    rollout = counting(200)
    values = StepValues(rollout, "x")
    for position in np.arange(0, 199, 0.5):
        assert values.at(position, 0)[0] == position
    assert len([name for name, _ in windows(rollout) if name == "x"]) <= 2 * (200 // 64 + 1)


def test_samples_are_few_and_spread() -> None:
    values = np.broadcast_to(np.arange(5000.0)[:, None], (5000, 40)).copy()
    values[0, 0] = np.nan
    found = samples(memory_rollout(still(5000, 40) | {"x": values}), "x")
    assert found.shape[0] <= 256 and found.shape[1] <= 16
    assert found.max() > 4900
    assert found[0, 0] == 0
