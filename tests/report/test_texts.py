"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from replay_viewer.report.charts.scales import Scale, tick_texts
from replay_viewer.report.statistics.estimates import Estimate, mean, wilson
from replay_viewer.report.texts import (
    number_text,
    percent_range,
    percent_text,
    plain_text,
    points_range,
    range_text,
    signed_text,
    value_text,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (0.4, "0.400"),
        (-12.345, "\N{MINUS SIGN}12.3"),
        (1.5e-7, "1.50e\N{MINUS SIGN}7"),
        (3e20, "3.00e20"),
        (math.nan, "\N{EN DASH}"),
    ],
)
def test_three_digits_of_a_number_count(value: float, text: str) -> None:
    assert number_text(value) == text


def test_a_number_alone_has_no_zeros_at_its_end() -> None:
    assert [plain_text(value) for value in (0.4, 20, 1.05)] == ["0.4", "20", "1.05"]


def test_a_share_is_never_none_or_all_of_what_is_neither() -> None:
    assert [percent_text(share) for share in (0, 0.001, 0.5, 0.999, 1)] == ["0 %", "<1 %", "50 %", ">99 %", "100 %"]
    assert percent_range(*wilson(15, 20)[1:3]) == "53 to 89 %"


def test_a_value_has_as_many_digits_as_its_interval_makes_sense_of() -> None:
    wide, narrow = Estimate(19.0371, 17.2, 20.9, 9), Estimate(19.0371, 19.03, 19.044, 9)
    assert (value_text(wide), range_text(wide)) == ("19.0", "17.2 to 20.9")
    assert (value_text(narrow), range_text(narrow)) == ("19.037", "19.030 to 19.044")
    assert value_text(mean([2.5])) == "2.50"  # type: ignore[arg-type]


def test_differences_have_their_sign() -> None:
    assert signed_text(Estimate(2.21, 0.86, 3.56, 9)) == "+2.2"
    assert points_range(Estimate(0.1, -0.012, 0.212, 9)) == "\N{MINUS SIGN}1.2 to +21.2 points"


def test_ticks_are_round_and_differ() -> None:
    scale = Scale(0.003, 0.0142, 0, 100)
    assert tick_texts(scale.ticks()) == ["0.004", "0.006", "0.008", "0.010", "0.012", "0.014"]
    assert tick_texts(Scale(-1, 3, 0, 1).ticks(4)) == ["\N{MINUS SIGN}1", "0", "1", "2", "3"]
