"""The curve of Kaplan and Meier, against the example that every textbook has."""

from __future__ import annotations

import numpy as np
import pytest

from replay_viewer.report.statistics.survival import survival

# E. J. Freireich et al. (1963), the treated group: weeks until relapse, and whether it came.
WEEKS = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35], dtype=float)
CAME = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], dtype=bool)


def test_the_curve_is_that_of_the_textbooks() -> None:
    curve = survival(WEEKS, CAME)
    assert curve is not None
    assert curve.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.alive == pytest.approx([0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], abs=1e-4)
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert (curve.median, curve.last) == (23, 35)


def test_its_interval_is_that_of_greenwoods_variance_on_the_log_log_scale() -> None:
    curve = survival(WEEKS, CAME)
    assert curve is not None
    # As R's survfit(conf.type = "log-log") prints them.
    assert curve.low[[0, 3]] == pytest.approx([0.6197, 0.4316], abs=1e-3)
    assert curve.high[[0, 3]] == pytest.approx([0.9516, 0.8491], abs=1e-3)


def test_without_anybody_cut_off_it_is_the_share_that_is_left() -> None:
    times = np.random.default_rng(0).integers(1, 50, size=200).astype(float)
    curve = survival(times, np.ones(200, dtype=bool))
    assert curve is not None
    assert curve.alive == pytest.approx([(times > time).mean() for time in curve.times])
    assert [curve.at(time) for time in (0.0, 10.0, 1e9)] == pytest.approx([1.0, (times > 10).mean(), 0.0])


def test_who_is_cut_off_counts_as_long_as_watched() -> None:
    rng = np.random.default_rng(2)
    lives, watched = rng.exponential(10, size=20_000), rng.uniform(0, 20, size=20_000)
    curve = survival(np.minimum(lives, watched), lives <= watched)
    assert curve is not None
    assert curve.at(10.0) == pytest.approx(np.exp(-1), abs=0.02)
    # What counts finished ones alone says is far from it.
    assert (lives[lives <= watched] > 10).mean() < 0.25


def test_of_nothing_there_is_no_curve() -> None:
    assert survival(np.zeros(0), np.zeros(0, dtype=bool)) is None
