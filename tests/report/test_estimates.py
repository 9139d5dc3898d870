"""Estimates and their intervals, against published values and against what repetition shows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from replay_viewer.report.statistics.estimates import (
    mean,
    paired_difference,
    paired_share_difference,
    share,
    t_quantile,
    wilson,
)


# R. G. Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_shares_have_wilsons_interval_as_published(count: int, total: int, low: float, high: float) -> None:
    found = wilson(count, total)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_an_interval_of_all_or_none_ends_at_the_rate_itself() -> None:
    assert wilson(0, 7).low == 0.0
    assert wilson(7, 7).high == 1.0
    assert math.isnan(wilson(0, 0).value)


def test_a_share_leaves_out_what_is_not_known() -> None:
    assert share(np.array([1.0, 0.0, math.nan, 1.0])) == wilson(2, 3)


# Any table of Student's distribution.
@pytest.mark.parametrize(
    ("freedom", "point"), [(1, 12.7062), (2, 4.3027), (5, 2.5706), (30, 2.0423), (100, 1.9840), (10**7, 1.9600)]
)
def test_points_of_students_distribution_are_those_of_the_tables(freedom: int, point: float) -> None:
    assert t_quantile(freedom) == pytest.approx(point, abs=3e-4)


def test_a_mean_has_students_interval() -> None:
    # By hand: mean 3, standard deviation sqrt(2.5), four degrees of freedom.
    found = mean(np.array([1.0, 2.0, math.nan, 3.0, 4.0, 5.0]))
    half = 2.776445 * math.sqrt(2.5) / math.sqrt(5)
    assert found == pytest.approx((3.0, 3 - half, 3 + half, 5), abs=1e-4)


def test_one_value_has_no_interval() -> None:
    found = mean(np.array([2.0]))
    assert (found.value, found.count) == (2.0, 1)
    assert math.isnan(found.low)


def test_a_paired_difference_is_the_mean_of_differences() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=50) * 10
    second = first + 1 + rng.normal(size=50)
    found = paired_difference(first, second)
    boots = [(second - first)[rng.integers(50, size=50)].mean() for _ in range(4000)]
    assert found.value == pytest.approx((second - first).mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(boots, [0.025, 0.975])), abs=0.05)
    # Matching is what makes it narrow: the values themselves spread ten times as much.
    assert found.high - found.low < 0.7


def test_matched_shares_have_an_interval_that_covers_the_difference_in_19_of_20_repetitions() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(2000):
        hardness = rng.random(60)
        first, second = rng.random(60) < hardness, rng.random(60) < 0.8 * hardness
        found = paired_share_difference(first, second)
        covered += found.low <= -0.1 <= found.high
    assert 0.93 < covered / 2000 < 0.98


def test_matched_shares_are_told_apart_sooner_than_unmatched_ones() -> None:
    first = np.array([1] * 50 + [0] * 50)
    second = np.array([1] * 60 + [0] * 40)
    matched = paired_share_difference(first, second)
    unmatched = paired_share_difference(first, np.random.default_rng(0).permutation(second))
    assert matched.value == unmatched.value == pytest.approx(0.1)
    assert matched.low > 0 > unmatched.low


def test_pairs_of_which_one_is_not_known_are_left_out() -> None:
    found = paired_share_difference(np.array([1.0, 0.0, math.nan]), np.array([1.0, 1.0, 0.0]))
    assert found.count == 2
