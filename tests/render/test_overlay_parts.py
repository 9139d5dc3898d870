"""Letters, numbers, lines and boxes that overlays are made of."""

from __future__ import annotations

import numpy as np
import pytest

from replay_viewer.numerals import number_format, number_text
from replay_viewer.render.overlays.charts import Axes, Curve, VideoChart
from replay_viewer.render.overlays.layout import Box, PanelLayout, picture_beside, pixel_scale
from replay_viewer.render.overlays.painting import blend, dot, fill, line_mask, write
from replay_viewer.render.overlays.reward_rows import largest_terms, reward_rows
from replay_viewer.render.overlays.text import (
    fitted,
    number_mask,
    number_width,
    text_mask,
    ticks,
    widest_text,
    writable,
)
from replay_viewer.rollout.episodes import Episode, outcome_text
from replay_viewer.rollout.rewards import EpisodeRewards, bar_scale, chart_range, full_range
from replay_viewer.theme import LIGHT


def series_of(terms: np.ndarray, total: np.ndarray | None = None) -> EpisodeRewards:
    sums = np.nansum(terms, axis=1)
    names = tuple(f"term {k}" for k in range(terms.shape[1]))
    residual = None if total is None else total - sums
    summed = np.cumsum(sums if total is None else total)
    return EpisodeRewards(
        range(len(terms)), names, terms, total, residual, summed, "terms" if total is None else "reward"
    )


# -- letters ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("base_height [m]", "base_height [m]"),
        ("Größe, œuvre, Łódź", "Grosse, ?uvre, Lodz"),
        ("3 µm² \N{MINUS SIGN} 2°", "3 um2 - 2°"),
        ("漢字\x1b[0m\u202e", "???[0m?"),
        ("a\tb\nc", "a b c"),
    ],
)
def test_what_the_font_lacks_is_never_an_empty_box(text: str, written: str) -> None:
    assert writable(text) == written


@pytest.mark.parametrize("width", [0, 1, 7, 30, 100, 500])
@pytest.mark.parametrize("text", ["W" * 400, "i" * 400, "two words", "a " * 200, "漢" * 1_000_000])
def test_text_that_is_cut_fits_and_is_as_long_as_fits(text: str, width: int) -> None:
    cut = fitted(text, 14, width)
    assert not cut or text_mask(cut, 14).shape[1] <= width
    if cut != writable(text):
        longer = writable(text)[: len(cut.rstrip("…")) + 2] + "…"
        assert not cut or (cut.endswith("…") and text_mask(longer, 14).shape[1] > width)


@pytest.mark.parametrize("size", [9, 14, 17, 40])
def test_numbers_of_as_many_digits_are_as_wide(size: int) -> None:
    widths = {number_mask(text, size).shape[1] for text in ("0.0000", "1.1111", "8.8888", "4.7071")}
    assert widths == {number_width("0.0000", size)}


@pytest.mark.parametrize("size", [9, 14, 17, 40])
def test_capitals_are_about_the_middle_of_their_mask(size: int) -> None:
    rows = np.flatnonzero(text_mask("H", size).max(axis=1) > 127)
    assert (rows[0] + rows[-1] + 1) / 2 == pytest.approx(text_mask("H", size).shape[0] / 2, abs=0.51)


# -- numbers ------------------------------------------------------------------


def test_values_told_together_have_as_many_decimals() -> None:
    form = number_format(0.0412)
    assert [number_text(v, form) for v in (0.0412, -0.00015, 0.0, -1e-9)] == [
        "0.04120",
        "-0.00015",
        "0.00000",
        "0.00000",
    ]


@pytest.mark.parametrize(
    ("largest", "text"), [(0.0, "0.000"), (1.0, "1.000"), (999.0, "999.0"), (123456.0, "123456"), (3e-7, "3.00e-07")]
)
def test_the_largest_value_has_four_digits(largest: float, text: str) -> None:
    assert number_text(largest, number_format(largest)) == text


@pytest.mark.parametrize(("value", "text"), [(np.nan, "NaN"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_what_is_no_number_is_named(value: float, text: str) -> None:
    assert number_text(value, ".3f") == text


def test_no_value_is_longer_than_the_widest() -> None:
    values = np.random.default_rng(0).normal(scale=30, size=1000)
    values[7] = np.nan
    form = number_format(30)
    assert max(len(number_text(value, form)) for value in values) == len(widest_text(values, form))


def test_ticks_are_round_inside_and_no_more_than_asked_for() -> None:
    random = np.random.default_rng(0)
    for _ in range(2000):
        low, high = np.sort(random.normal(size=2) * 10 ** random.uniform(-8, 8, 2))
        most = int(random.integers(1, 9))
        found = ticks(low, high, most)
        values = np.array([value for value, _ in found])
        assert len(found) <= most and len({text for _, text in found}) == len(found)
        assert ((values >= low) & (values <= high)).all()
        np.testing.assert_allclose(np.diff(values, 2), 0, atol=1e-6 * (high - low))
        assert most < 4 or len(found) >= 2


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (np.nan, 1.0), (2.0, 1.0)])
def test_an_empty_range_has_no_ticks(low: float, high: float) -> None:
    assert ticks(low, high, 5) == []


@pytest.mark.parametrize("value", [0.0, 0.02, -3.0, 1e30])
def test_rounding_is_no_range_to_look_at(value: float) -> None:
    values = value * (1 + 1e-7 * np.random.default_rng(0).normal(size=100))
    for shown in (full_range(values), chart_range(values[:, None])):
        assert shown is not None and shown[1] - shown[0] == pytest.approx(0.3 * abs(value) or 2.0, rel=0.01)
        assert max(len(text) for _, text in ticks(*shown, 5)) <= 7


# -- painting -----------------------------------------------------------------


def test_a_rectangle_covers_the_part_of_a_pixel_that_it_lies_in() -> None:
    image = np.zeros((3, 8, 3), dtype=np.uint8)
    fill(image, 1.25, 1, 5.5, 2, (200, 100, 0))
    assert image[1, :, 0].tolist() == [0, 150, 200, 200, 200, 100, 0, 0]
    assert not image[[0, 2]].any()


def test_a_rectangle_inside_one_pixel_is_its_share() -> None:
    image = np.zeros((1, 4, 3), dtype=np.uint8)
    fill(image, 2.25, 0, 2.75, 1, (200, 200, 200))
    assert image[0, :, 0].tolist() == [0, 0, 100, 0]


@pytest.mark.parametrize(("left", "top"), [(-3, -2), (18, 9), (40, 40), (-40, 2), (5, -40)])
def test_what_lies_outside_a_picture_is_left_out(left: int, top: int) -> None:
    mask = np.random.default_rng(0).integers(0, 256, (5, 7)).astype(np.uint8)
    image, roomy = np.zeros((12, 20, 3), dtype=np.uint8), np.zeros((112, 120, 3), dtype=np.uint8)
    blend(image, mask, left, top, (9, 120, 255))
    blend(roomy, mask, left + 50, top + 50, (9, 120, 255))
    np.testing.assert_array_equal(image, roomy[50:62, 50:70])


def test_blending_is_a_weighted_mean() -> None:
    random = np.random.default_rng(0)
    image, mask = (random.integers(0, 256, shape).astype(np.uint8) for shape in ((40, 50, 3), (40, 50)))
    expected = image + (np.array([10, 128, 250]) - image) * (mask[..., None] / 255)
    blend(image, mask, 0, 0, (10, 128, 250))
    assert np.abs(image - expected).max() <= 0.51


@pytest.mark.parametrize(("align", "x"), [("left", 10), ("middle", 50), ("right", 90)])
def test_text_begins_ends_or_has_its_middle_where_it_should(align, x: int) -> None:
    image = np.zeros((40, 100, 3), dtype=np.uint8)
    write(image, text_mask("HHH", 16), x, 20, (255, 255, 255), align)
    columns, rows = (np.flatnonzero(image.any(axis=(axis, 2))) for axis in (0, 1))
    place = {"left": columns[0], "middle": (columns[0] + columns[-1]) / 2, "right": columns[-1]}[align]
    assert place == pytest.approx(x, abs=3)
    assert (rows[0] + rows[-1]) / 2 == pytest.approx(20, abs=1)


def test_a_dot_is_about_its_point() -> None:
    image = np.zeros((30, 30, 3), dtype=np.uint8)
    dot(image, 12.25, 17.5, 4.0, (200, 200, 200))
    weights = image[..., 0] / 200
    y, x = ((np.indices(weights.shape) + 0.5) * weights).sum(axis=(1, 2)) / weights.sum()
    assert (x, y) == (pytest.approx(12.25, abs=0.05), pytest.approx(17.5, abs=0.05))
    assert weights.sum() == pytest.approx(np.pi * 16, rel=0.03)


def test_a_line_has_gaps_where_there_is_no_number() -> None:
    points = np.stack([np.arange(60.0), np.full(60, 10.0)], axis=1)
    points[20:40, 1] = np.nan
    columns = line_mask((60, 20), points, 2.0).max(axis=0) > 0
    assert columns[2:18].all() and not columns[22:38].any() and columns[42:58].all()


# -- charts -------------------------------------------------------------------


def chart_image(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Where a curve is drawn in a plot of 300 x 100 pixels, bool."""
    curve = Curve(values, (255, 0, 0), 1.5)
    chart = VideoChart("", Axes(len(values), 1.0, low, high), [curve], pixel_scale((1280, 720)), LIGHT)
    chart.place(Box(0, 0, 300, 100), 0)
    image = np.zeros((100, 300, 3), dtype=np.uint8)
    chart.paint_curves(image)
    return image[..., 0] > 100


def test_a_curve_goes_through_its_values() -> None:
    drawn = chart_image(np.linspace(-1, 1, 50), -1.0, 1.0)
    for column in (30, 150, 270):
        rows = np.flatnonzero(drawn[:, column])
        assert (rows.mean() + 0.5) == pytest.approx(100 - column / 3, abs=1)


@pytest.mark.parametrize("num_steps", [700, 20_000, 99_999])
def test_a_spike_of_one_step_is_in_the_chart_however_long_the_episode_is(num_steps: int) -> None:
    values = np.zeros(num_steps)
    up, down = round(num_steps / 3), round(num_steps * 2 / 3)
    values[up], values[down] = 0.9, -0.9
    drawn = chart_image(values, -1.0, 1.0)
    assert np.flatnonzero(drawn[10]).mean() == pytest.approx(100, abs=2)
    assert np.flatnonzero(drawn[90]).mean() == pytest.approx(200, abs=2)


def test_values_far_outside_do_not_cover_the_chart() -> None:
    values = np.zeros(300)
    values[150] = 1e9
    drawn = chart_image(values, -1.0, 1.0)
    assert drawn[5, 145:156].any()
    assert not drawn[:45, :140].any() and not drawn[:45, 160:].any()


# -- rows ---------------------------------------------------------------------


def test_of_many_terms_the_largest_are_shown_in_their_order_and_the_rest_is_summed() -> None:
    terms = np.random.default_rng(0).normal(size=(30, 50)) * np.linspace(0.1, 1, 50)[::-1]
    terms[4, 33] = -40.0  # Rare, and what a viewer must not miss.
    rows = reward_rows(series_of(terms, terms.sum(axis=1)), {}, most=20)
    shown = [row.term for row in rows if row.term is not None]
    assert len(rows) == 20 and shown == sorted(shown) and 33 in shown and len(shown) == 18
    rest = rows[18]
    assert rest.name == "32 smaller terms"
    np.testing.assert_allclose(rest.values + terms[:, shown].sum(axis=1), terms.sum(axis=1))
    assert (rows[19].name, rows[19].is_total) == ("reward", True)


def test_values_that_are_no_numbers_do_not_flatten_the_bars() -> None:
    terms = np.tile([1.0, 0.5], (40, 1))
    terms[:9, 1] = [np.inf, -np.inf, np.nan] * 3
    assert bar_scale(terms) == 1.0


def test_terms_that_have_room_are_all_shown() -> None:
    terms = np.ones((9, 6))
    assert [row.name for row in reward_rows(series_of(terms), {}, most=6)] == [f"term {k}" for k in range(6)]


def test_what_the_terms_leave_has_a_row_where_there_is_something() -> None:
    terms = np.full((9, 2), 0.25)
    clipped = np.full(9, 0.5)
    assert [row.name for row in reward_rows(series_of(terms, clipped), {}, 9)][2:] == ["reward"]
    clipped[3] = 0.0
    assert [row.name for row in reward_rows(series_of(terms, clipped), {}, 9)][3:] == ["not in the terms (clipping?)"]


def test_means_over_envs_come_last_and_say_so() -> None:
    rows = reward_rows(series_of(np.ones((9, 2))), {"level": np.ones(9)}, most=9)
    assert rows[-1].name == "level (mean of all envs)" and rows[-1].scale is None


def test_a_term_without_a_number_is_the_smallest() -> None:
    terms = np.tile([np.nan, 0.0, 1.0], (5, 1))
    assert largest_terms(series_of(terms), 2) == [1, 2]


# -- places -------------------------------------------------------------------


@pytest.mark.parametrize(
    "size", [(640, 360), (1280, 720), (3840, 2160), (720, 1280), (300, 300), (400, 300), (2560, 720)]
)
@pytest.mark.parametrize("num_rows", [0, 1, 7, 1000])
def test_rows_and_charts_are_inside_the_panel_and_apart(size: tuple[int, int], num_rows: int) -> None:
    pixels = pixel_scale(size)
    width, height = picture_beside(size, pixels)
    assert width * height >= 0.4 * size[0] * size[1]
    panel = (size[0] - width or size[0], size[1] - height or size[1])
    layout = PanelLayout(panel, pixels, has_charts=True)
    num_rows = min(num_rows, layout.most_rows)
    rows, charts = layout.rows(num_rows), layout.charts(num_rows)
    for box in (rows, charts):
        assert 0 < box.left < box.right < panel[0] and 0 < box.top <= box.bottom <= panel[1]
    assert rows.right < charts.left or rows.bottom < charts.top
    assert layout.heading_middle < rows.top
    assert charts.height >= 0.45 * min(panel) and charts.width >= 0.4 * panel[0]
    assert num_rows == 0 or layout.pitch(num_rows) >= pixels.font(10)


# -- words --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"outcome": "terminated", "outcome_reason": "fell"}, "terminated (fell)"),
        ({"outcome": "truncated", "success": True}, "time-out, success"),
        ({"outcome": "terminated", "success": False}, "terminated, failure"),
        ({"outcome": "unfinished"}, "unfinished"),
    ],
)
def test_outcomes_are_told_in_words(facts: dict, text: str) -> None:
    assert outcome_text(Episode(0, 0, 0, 9, **facts)) == text
