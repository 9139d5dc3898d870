"""Terms of episodes: how they are called, what they may give, and what becomes of those that fail."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from replay_viewer.errors import BadArgument
from replay_viewer.record.episodes.columns import rows_of
from replay_viewer.record.episodes.terms import EpisodeRecorderManager, EpisodeRecorderTermCfg


class Env:
    """Heights of five robots."""

    height = np.array([0.0, 0.1, 0.2, np.nan, 0.4], np.float32)


class Counter:
    """A stateful term, as Isaac Lab's are: how often it was asked about an env since that was reset last."""

    def __init__(self, cfg: EpisodeRecorderTermCfg, env: Any) -> None:
        self.counts, self.resets = np.zeros(5, int), []

    def __call__(self, env: Any, env_ids: np.ndarray, by: int = 1) -> np.ndarray:
        self.counts[env_ids] += by
        return self.counts[env_ids]

    def reset(self, env_ids: np.ndarray) -> None:
        self.resets.append(env_ids.tolist())
        self.counts[env_ids] = 0


def height(env: Any, env_ids: np.ndarray, offset: float = 0.0) -> np.ndarray:
    return env.height[env_ids].astype(float) + offset


def manager(said: list[tuple[str, str]] | None = None, **terms: Any) -> EpisodeRecorderManager:
    said = [] if said is None else said
    return EpisodeRecorderManager(terms, Env(), lambda name, problem: said.append((name, problem)))


def values(found: EpisodeRecorderManager, *env_ids: int) -> list[dict[str, Any]]:
    return rows_of(found.values(np.array(env_ids), [7] * len(env_ids)), len(env_ids))


def test_a_term_is_asked_once_for_all_envs_that_end() -> None:
    calls = []

    def term(env: Any, env_ids: np.ndarray) -> list[int]:
        calls.append(env_ids.tolist())
        return [10 * env for env in env_ids.tolist()]

    assert values(manager(tens=term), 1, 4) == [{"tens": 10}, {"tens": 40}]
    assert calls == [[1, 4]]


def test_params_are_handed_on_and_nan_is_null() -> None:
    found = manager(height=EpisodeRecorderTermCfg(func=height, params={"offset": 1.0}))
    assert values(found, 0, 3) == [{"height": 1.0}, {"height": None}]


def test_values_are_of_any_kind_that_json_has() -> None:
    found = manager(
        vector=lambda env, ids: np.ones((len(ids), 2)),
        pair=lambda env, ids: [{"a": 1, "b": np.float32(0.5)}] * len(ids),
        columns=lambda env, ids: {"c": ids, "d": ["x"] * len(ids)},
        progress=lambda env, ids: [{"reached": True}] * len(ids),
        success=lambda env, ids: ids > 1,
    )
    expected = {"vector": [1.0, 1.0], "a": 1, "b": 0.5, "c": 2, "d": "x", "success": True}
    assert values(found, 2) == [{**expected, "progress": {"reached": True}}]


def test_a_function_whose_arguments_are_partly_given_is_a_function() -> None:
    assert values(manager(height=functools.partial(height, offset=2.0)), 0) == [{"height": 2.0}]


def test_stateful_terms_are_reset() -> None:
    config = EpisodeRecorderTermCfg(func=Counter, params={"by": 2})
    found = manager(count=config)
    assert values(found, 0, 1) == [{"count": 2}, {"count": 2}]
    found.reset(np.array([0]))
    assert values(found, 0, 1) == [{"count": 2}, {"count": 4}]


def test_a_term_that_fails_is_named_once_and_its_value_is_null() -> None:
    said: list[tuple[str, str]] = []

    def fails(env: Any, env_ids: np.ndarray) -> Any:
        raise RuntimeError("no such body")

    found = manager(said, fails=fails, height=height, short=lambda env, ids: [1], one=lambda env, ids: 1.0)
    for _ in range(2):
        assert [sorted(row) for row in values(found, 0, 1)] == [["fails", "height", "one", "short"]] * 2
    assert [name for name, _ in said] == ["fails", "short", "one"]
    assert said[0][1].startswith("has failed in env 0 (episode 7), env 1 (episode 7): RuntimeError: no such body.")
    assert "has 1 values, expected one for each of 2 envs" in said[1][1]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("x" * 200_000, "'odd' is longer than 100000 characters"),
        ([[0.5] * 50_000], "'odd' is longer"),
        (functools.reduce(lambda inner, _: [inner], range(60), 0), "'odd' is nested more than 50 levels deep"),
        (functools.reduce(lambda inner, _: [inner], range(5000), 0), "RecursionError"),
    ],
)
def test_what_no_line_of_a_file_holds_is_null(value: Any, problem: str) -> None:
    said: list[tuple[str, str]] = []
    found = manager(said, odd=lambda env, env_ids: [value] * len(env_ids), height=height)
    assert values(found, 1, 2) == [
        {"odd": None, "height": pytest.approx(0.1)},
        {"odd": None, "height": pytest.approx(0.2)},
    ]
    assert len(said) == 1
    assert problem in said[0][1]


def test_what_every_record_has_is_given_as_records_have_it() -> None:
    """Simulators give success as numbers, and a cause by its number; progress has names."""
    terms: Any = {
        "success": lambda env, env_ids: np.array([1.0, 0.0], np.float32),
        "reason": lambda env, env_ids: env_ids,
        "progress": lambda env, env_ids: [0.5, {"way": 1}],
    }
    assert values(manager(**terms), 1, 2) == [
        {"success": True, "reason": "1", "progress": {"progress": 0.5}},
        {"success": False, "reason": "2", "progress": {"way": 1}},
    ]
    assert values(manager(both=lambda env, env_ids: {"success": [1, None]}), 1, 2) == [
        {"success": True},
        {"success": None},
    ]
    said: list[tuple[str, str]] = []
    assert values(manager(said, success=lambda env, env_ids: [0.7]), 1) == [{"success": None}]
    assert "'success' is 0.7, expected true or false" in said[0][1]


def test_a_term_that_changes_the_ids_changes_them_for_itself_alone() -> None:
    def sorts(env: Any, env_ids: np.ndarray) -> np.ndarray:
        env_ids[:] = 0
        return env_ids

    assert values(manager(sorts=sorts, ids=lambda env, ids: ids), 3, 1) == [
        {"sorts": 0, "ids": 3},
        {"sorts": 0, "ids": 1},
    ]


def test_a_key_of_two_terms_belongs_to_the_first() -> None:
    said: list[tuple[str, str]] = []
    one, other = (lambda env, ids, value=value: [{"a": value, "outcome": 1}] * len(ids) for value in (1, 2))
    assert values(manager(said, one=one, other=other, third=lambda env, ids: [{"one": 3}]), 0) == [{"a": 1}]
    assert [name for name, _ in said] == ["one: outcome", "other: a", "other: outcome", "third: one"]


@pytest.mark.parametrize(("name", "term"), [("outcome", height), ("env_id", height), ("height", "no function")])
def test_what_is_no_term_is_refused_when_it_is_made(name: str, term: Any) -> None:
    with pytest.raises(BadArgument, match=f"episode_terms {name}"):
        manager(**{name: term})
