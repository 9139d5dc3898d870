"""Bins of a factor's values, and whether they differ by more than chance."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_viewer.report.statistics.bins import category_bins, chance, explained, number_bins

numbers = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), max_size=80)


@settings(max_examples=60)
@given(numbers)
def test_every_number_is_in_one_bin_and_what_is_not_known_in_none(values: list[float]) -> None:
    column = np.array(values, dtype=np.float64)
    times = sum((one.members.astype(int) for one in number_bins(column)), np.zeros(len(column), dtype=int))
    assert times.tolist() == np.isfinite(column).astype(int).tolist()


def test_bins_of_many_numbers_are_about_equally_full_and_in_order() -> None:
    values = np.random.default_rng(0).lognormal(size=400)
    bins = number_bins(values)
    assert [int(one.members.sum()) for one in bins] == [50] * 8
    assert all(one.high < following.low for one, following in pairwise(bins))


def test_a_few_different_numbers_are_a_bin_each() -> None:
    assert [one.low for one in number_bins(np.array([0.0, 2.0, 1.0, 2.0]))] == [0.0, 1.0, 2.0]


def test_rare_texts_share_a_bin() -> None:
    labels = [f"rare {k}" for k in range(30)] + ["flat"] * 10 + [None]
    bins = category_bins(labels)
    assert bins[-1].label == "19 others"
    assert sum(int(one.members.sum()) for one in bins) == 40


def test_a_factor_that_does_something_is_more_than_chance() -> None:
    rng = np.random.default_rng(0)
    friction = rng.random(200)
    good = (rng.random(200) < friction).astype(float)
    bins = number_bins(friction)
    assert chance(good, bins) < 0.001
    assert explained(good, bins) > 0.1


def test_of_a_factor_that_does_nothing_chance_is_as_likely_as_it_says() -> None:
    rng = np.random.default_rng(0)
    found = [chance((rng.random(120) < 0.7).astype(float), number_bins(rng.random(120))) for _ in range(300)]
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)


def test_where_all_succeed_nothing_can_be_told_of_a_factor() -> None:
    values = np.random.default_rng(0).random(50)
    assert chance(np.ones(50), number_bins(values)) == 1.0
    assert explained(np.ones(50), number_bins(values)) == 0.0
