"""Reward terms are found wherever simulators put them; means over a batch are never taken for an env's value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from npz_samples import loaded, object_array, standing, verdict_on, verdicts_on

from replay_viewer.errors import BadField
from replay_viewer.formats.evidence.columns import MemoryColumn
from replay_viewer.formats.evidence.rewards import sum_verdict
from replay_viewer.rollout.rollout import Rollout

T, N = 30, 3
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(T, N)).astype(np.float32), RNG.normal(size=(T, N)).astype(np.float32)


def _with_info(folder: Path, of_step: Callable[[int], Any], num_envs: int = N) -> Rollout:
    infos = object_array([of_step(step) for step in range(T)])
    poses = standing(T, num_envs)
    return loaded(folder, {**poses, "rew": (X + Y)[:, :num_envs], "info": infos})


@pytest.mark.parametrize(
    ("of_step", "status"),
    [
        (lambda t: {"reward_terms": {"x": X[t], "y": Y[t]}}, "stated"),
        (lambda t: {"scaled_r/x": X[t], "scaled_r/y": Y[t], "raw_r/x": X[t] * 9, "raw_r/y": Y[t] * 9}, "stated"),
        (lambda t: {"log": {"scaled_r/x": X[t], "scaled_r/y": Y[t]}}, "stated"),
        (lambda t: {"log": {"x": X[t], "y": Y[t]}}, "assumed"),
        (lambda t: {"episode": {"x": X[t], "y": Y[t]}}, "assumed"),
        (lambda t: {"x": X[t], "y": Y[t]}, "assumed"),
        (lambda t: {"raw_r/x": X[t], "raw_r/y": Y[t]}, "problem"),
        (lambda t: {"reward_terms": {"x": X[t][:, None], "y": Y[t].tolist()}}, "stated"),
        (lambda t: [{"reward_terms": {"x": float(X[t, e]), "y": Y[t, e]}} for e in range(N)], "stated"),
    ],
    ids=["reward_terms", "scaled_r", "log/scaled_r", "log", "episode", "top", "raw_r", "odd arrays", "dict per env"],
)
def test_terms_per_env_are_found_where_simulators_put_them(
    tmp_path: Path, of_step: Callable[[int], Any], status: str
) -> None:
    rollout = _with_info(tmp_path, of_step)
    assert rollout.reward_terms == ("x", "y")
    np.testing.assert_array_equal(rollout.read("rew_terms"), np.stack([X, Y], axis=-1))
    assert verdict_on(rollout, "reward terms").status == status
    assert verdict_on(rollout, "sum of the terms").finding == "equals the reward"
    assert rollout.batch_means == {}


def test_one_dict_of_whole_arrays_is_read(tmp_path: Path) -> None:
    info = np.array({"reward_terms": {"x": X, "y": Y}, "raw/x_mean": X.mean(axis=1)}, dtype=object)
    rollout = loaded(tmp_path, {**standing(T, N), "rew": X + Y, "info": info})
    np.testing.assert_array_equal(rollout.read("rew_terms"), np.stack([X, Y], axis=-1))
    np.testing.assert_array_equal(rollout.batch_means["raw/x_mean"], X.mean(axis=1))


def test_a_grid_of_dicts_is_read(tmp_path: Path) -> None:
    grid = object_array([{"reward_terms": {"x": X[t, e]}} for t in range(T) for e in range(N)]).reshape(T, N)
    rollout = loaded(tmp_path, {**standing(T, N), "info": grid})
    np.testing.assert_array_equal(rollout.read("rew_terms")[..., 0], X)


@pytest.mark.parametrize(
    ("of_step", "name"),
    [
        (lambda t: {"raw/x_mean": float(X[t].mean())}, "raw/x_mean"),
        (lambda t: {"log": {"raw/x_mean": X[t].mean()}}, "log/raw/x_mean"),
        (lambda t: {"reward_terms": {"x": float(X[t].mean())}}, "reward_terms/x"),
        (lambda t: {"episode": {"rew_x": X[t].mean()}}, "episode/rew_x"),
        (lambda t: {"x": np.array(X[t].mean())}, "x"),
    ],
)
def test_one_number_for_several_envs_is_a_batch_mean(tmp_path: Path, of_step: Callable[[int], Any], name: str) -> None:
    rollout = _with_info(tmp_path, of_step)
    assert rollout.reward_terms == ()
    np.testing.assert_allclose(rollout.batch_means[name][:], X.mean(axis=1), rtol=1e-6)
    assert "no env's own value" in verdict_on(rollout, "batch means").reason


def test_batch_means_are_kept_beside_terms(tmp_path: Path) -> None:
    rollout = _with_info(tmp_path, lambda t: {"reward_terms": {"x": X[t], "y": Y[t]}, "raw/x_mean": X[t].mean()})
    assert (rollout.reward_terms, tuple(rollout.batch_means)) == (("x", "y"), ("raw/x_mean",))


def test_a_stored_array_of_one_number_per_step_is_a_batch_mean(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, {**standing(T, N), "reward_terms/x": X, "reward_terms/m": X.mean(axis=1)})
    assert rollout.reward_terms == ("x",)
    np.testing.assert_array_equal(rollout.batch_means["reward_terms/m"], X.mean(axis=1))


def test_a_number_of_the_only_env_is_its_own(tmp_path: Path) -> None:
    rollout = _with_info(tmp_path, lambda t: {"reward_terms": {"x": float(X[t, 0]), "y": Y[t, :1]}}, num_envs=1)
    np.testing.assert_array_equal(rollout.read("rew_terms")[:, 0, 1], Y[:, 0])
    assert rollout.batch_means == {}


def test_a_vector_of_the_only_env_is_a_signal(tmp_path: Path) -> None:
    rollout = _with_info(tmp_path, lambda t: {"reward_terms": {"x": X[t, 0]}, "feet": np.full(4, t)}, num_envs=1)
    assert rollout.fields["info/feet"].shape == (4,)
    assert rollout.read("info/feet")[9, 0].tolist() == [9] * 4


def test_statistics_of_the_only_envs_episodes_are_no_terms(tmp_path: Path) -> None:
    """legged_gym's extras["episode"] holds sums over the last finished episode."""
    rollout = _with_info(tmp_path, lambda t: {"episode": {"rew_x": 7.0}}, num_envs=1)
    assert rollout.reward_terms == ()
    assert rollout.batch_means["episode/rew_x"][:].tolist() == [7.0] * T


def test_logged_numbers_of_the_only_env_that_sum_to_its_reward_are_terms(tmp_path: Path) -> None:
    rollout = _with_info(tmp_path, lambda t: {"log": {"x": X[t, 0], "y": Y[t, 0]}}, num_envs=1)
    assert rollout.reward_terms == ("x", "y")


def test_names_tell_rewards_from_other_numbers_at_the_top(tmp_path: Path) -> None:
    def of_step(t: int) -> dict[str, Any]:
        return {"reward_x": X[t], "reward_y": Y[t], "height": np.ones(N), "success": np.zeros(N), "note": "text"}

    rollout = _with_info(tmp_path, of_step)
    assert rollout.reward_terms == ("reward_x", "reward_y")
    assert rollout.read("info/height").tolist() == np.ones((T, N)).tolist()


def test_a_term_that_is_a_plain_number_at_some_steps_holds_for_every_env(tmp_path: Path) -> None:
    rollout = _with_info(tmp_path, lambda t: {"reward_terms": {"x": X[t] if t else 0.0}})
    assert rollout.read("rew_terms")[0].tolist() == [[0.0]] * N
    np.testing.assert_array_equal(rollout.read("rew_terms")[1:, :, 0], X[1:])


def test_a_term_that_is_missing_in_some_steps_is_unknown_there_and_said(tmp_path: Path) -> None:
    terms = [{"x": X[t], **({"y": Y[t]} if t not in (4, 9) else {})} for t in range(T)]
    rollout = _with_info(tmp_path, lambda t: {"reward_terms": terms[t]})
    values = rollout.read("rew_terms")[..., 1]
    assert np.flatnonzero(np.isnan(values).any(axis=1)).tolist() == [4, 9]
    np.testing.assert_array_equal(values[5:9], Y[5:9])
    said = verdicts_on(rollout, "reward terms")[1]
    assert said.finding == "'y' is missing in 2 of 30 steps"
    assert "step 4" in said.reason


def test_numbers_beyond_all_floats_are_left_out(tmp_path: Path) -> None:
    rollout = _with_info(tmp_path, lambda t: {"reward_terms": {"x": X[t]}, "seed_sequence": 10**400})
    assert rollout.reward_terms == ("x",)
    assert rollout.batch_means == {}


def test_steps_without_info_are_missing_steps(tmp_path: Path) -> None:
    rollout = _with_info(tmp_path, lambda t: None if t == 3 else {"reward_terms": {"x": X[t]}})
    assert np.isnan(rollout.read("rew_terms")[3]).all()


def test_terms_of_agents_are_kept_per_agent(tmp_path: Path) -> None:
    both = np.stack([X, Y], axis=-1)
    poses = {key: np.stack([value] * 2, axis=2) for key, value in standing(T, N).items()}
    infos = object_array([{"reward_terms": {"x": both[t], "env_only": X[t]}} for t in range(T)])
    rollout = loaded(tmp_path, {**poses, "rew": both, "info": infos})
    assert rollout.reward_terms == ("x",)
    np.testing.assert_array_equal(rollout.read("rew_terms")[..., 0], both)
    assert "info/reward_terms/env_only" in rollout.fields


def test_arrays_of_the_file_go_before_info(tmp_path: Path) -> None:
    infos = object_array([{"reward_terms": {"other": X[t]}} for t in range(T)])
    rollout = loaded(tmp_path, {**standing(T, N), "info": infos, "reward_terms/x": X})
    assert rollout.reward_terms == ("x",)


def test_the_clip_of_legged_gym_is_recognised(tmp_path: Path) -> None:
    termination = np.where(np.arange(T)[:, None] % 7 == 0, np.float32(-2), np.float32(0)) * np.ones(N, np.float32)
    rew = np.maximum(X + Y, 0) + termination
    terms = {"reward_terms/x": X, "reward_terms/y": Y, "reward_terms/termination": termination}
    verdict = verdict_on(loaded(tmp_path, {**standing(T, N), "rew": rew, **terms}), "sum of the terms")
    assert (verdict.status, "clipped at zero" in verdict.finding) == ("found", True)
    assert f"largest difference {np.maximum(-(X + Y), 0).max():.3g}" in verdict.reason


def test_terms_that_do_not_sum_to_the_reward_are_a_problem_with_its_place(tmp_path: Path) -> None:
    rew = X + Y
    rew[17, 2] += 0.5
    rollout = loaded(tmp_path, {**standing(T, N), "rew": rew, "reward_terms/x": X, "reward_terms/y": Y})
    verdict = verdict_on(rollout, "sum of the terms")
    assert (verdict.status, verdict.finding) == ("problem", "does not equal the reward")
    assert "0.5 at step 17, env index 2" in verdict.reason


def test_the_sum_of_a_large_file_is_checked_at_evenly_spaced_steps() -> None:
    terms = np.ones((6000, 100, 8), dtype=np.float32)
    verdict = sum_verdict(list("abcdefgh"), MemoryColumn(terms), MemoryColumn(terms.sum(axis=-1)))
    assert verdict.finding == "equals the reward"
    assert "only one step in 2 was checked" in verdict.reason


def test_rewards_that_are_no_numbers_do_not_hide_the_sum(tmp_path: Path) -> None:
    rew = X + Y
    rew[3, 1] = np.nan
    rollout = loaded(tmp_path, {**standing(T, N), "rew": rew, "reward_terms/x": X, "reward_terms/y": Y})
    assert verdict_on(rollout, "sum of the terms").finding == "equals the reward"
    assert verdict_on(rollout, "rew").reason.startswith("first at step 3; env 1")


@pytest.mark.parametrize("info", [np.array("text", dtype=object), np.array([1, 2], dtype=object)])
def test_info_of_another_form_is_named(tmp_path: Path, info: np.ndarray) -> None:
    with pytest.raises(BadField, match="expected 30 dictionaries, one per step"):
        loaded(tmp_path, {**standing(T, N), "info": info})


def test_info_that_is_no_object_array_is_left_out(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, {**standing(T, N), "info": np.zeros(T)})
    assert verdict_on(rollout, "info").finding == "left out"


def test_a_single_term_that_is_the_reward_is_told_in_plain_words(tmp_path: Path) -> None:
    rew = np.full((T, N), 0.5, np.float32)
    rollout = loaded(tmp_path, {**standing(T, N), "rew": rew, "reward_terms/alive": rew})
    assert verdict_on(rollout, "reward terms").finding == "1 term: alive"
    assert verdict_on(rollout, "sum of the terms").reason == "exactly"
