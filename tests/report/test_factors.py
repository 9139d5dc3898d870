"""Varied factors: numbers, texts, vectors and lists of draws as columns, and what comes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from evaluation_samples import evaluation, record

from replay_viewer.report.draws import columns_of
from replay_viewer.report.evaluation import Evaluation
from replay_viewer.report.factors import factors_of


def late(step: int, value: Any) -> dict[str, Any]:
    """A draw in the middle of an episode, as recorders keep it."""
    return {"step": step, "value": value}


@pytest.mark.parametrize(
    ("values", "columns"),
    [
        ([0.5, 2, None], {"f": [0.5, 2.0, None]}),
        (["flat", "rough", None], {"f": ["flat", "rough", None]}),
        ([True, False, None], {"f": ["yes", "no", None]}),
        ([late(5, 0.5), 2, None], {"f": [0.5, 2.0, None]}),
        ([[1, 2], [3, 4], None], {"f[0]": [1.0, 3.0, None], "f[1]": [2.0, 4.0, None]}),
        ([[1, 2, 2, 4, 0], [0, 0, 0, 0, 3], None], {"|f|": [5.0, 3.0, None]}),
        ([{"x": 1, "y": "a"}, {"x": 2}, None], {"f.x": [1.0, 2.0, None], "f.y": ["a", None, None]}),
        # Draws: one, several, and none.
        ([late(3, [3, 4]), [late(3, [0, 1]), late(9, [0, 2])], None],
         {"f: draws": [1.0, 2.0, 0.0], "f: largest": [5.0, 2.0, None]}),
        ([[1.0, late(9, -3.0)], 2.0, None], {"f: draws": [2.0, 1.0, 0.0], "f: largest": [3.0, 2.0, None]}),
        ([[1, 2, 3], [4], None], {"f: draws": [1.0, 1.0, 0.0], "f: largest": [pytest.approx(14**0.5), 4.0, None]}),
        ([[], [late(9, -3.0)], None], {"f: draws": [0.0, 1.0, 0.0], "f: largest": [None, 3.0, None]}),
        # What is no number, or none to count with, is not known.
        ([float("inf"), 1.0, None], {"f": [None, 1.0, None]}),
        ([10**400, -1e308, 1.0, None], {"f": [None, None, 1.0, None]}),
    ],
)  # fmt: skip
def test_every_kind_of_draw_has_its_columns(values: list[Any], columns: dict[str, list[Any]]) -> None:
    assert columns_of([{} if value is None else {"f": value} for value in values]) == columns


def test_what_makes_it_fail_comes_first_and_is_no_chance() -> None:
    factors = factors_of(Evaluation(evaluation(40)))
    assert factors[0].name == "friction"
    assert factors[0].chance < 0.001
    best, worst = factors[0].ends
    assert worst.bin.high < best.bin.low
    assert {factor.name for factor in factors} == {
        *("friction", "added_mass", "command[0]", "command[1]", "terrain", "push: draws", "push: largest")
    }


def test_levels_are_what_a_pass_by_hand_gives() -> None:
    episodes = Evaluation(evaluation(40))
    friction = np.array([record.variations["friction"] for record in episodes.records])
    levels = next(factor for factor in factors_of(episodes) if factor.name == "friction").levels
    for level in levels:
        members = (friction >= level.bin.low) & (friction <= level.bin.high)
        assert level.good.value == pytest.approx(episodes.is_good[members].mean())
        assert level.total_reward.value == pytest.approx(episodes.total_reward[members].mean())
    assert sum(level.good.count for level in levels) == len(episodes)


def test_a_factor_that_never_changes_is_none() -> None:
    records = [record(env, variations={"mass": 1.0, "terrain": "flat"}) for env in range(5)]
    assert factors_of(Evaluation(records)) == []
