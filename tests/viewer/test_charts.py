"""What the charts show, without a browser: which curves, in which unit, over what, and how they grow."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arm_urdf import JOINTS, write_arm
from memory_rollout import memory_rollout, still
from urdf_files import joint, links, write_urdf

from replay_viewer.errors import UnknownName
from replay_viewer.replay.replay import Replay, with_robots
from replay_viewer.replay.world import world_of
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode
from replay_viewer.viewer.actions import chart_actions, session_actions
from replay_viewer.viewer.charts.chart import Chart
from replay_viewer.viewer.charts.charts import Charts
from replay_viewer.viewer.charts.choice import CurveChoice
from replay_viewer.viewer.charts.followed_curves import FollowedCurves, settled_range
from replay_viewer.viewer.charts.picture import Picture, power_of_ten
from replay_viewer.viewer.panels.charts import chart_data
from replay_viewer.viewer.panels.html import legend, toolbar
from replay_viewer.viewer.session import Session
from replay_viewer.viewer.settings import ChartLayout

NAMES = ("up", "down")


def replay_of(terms: np.ndarray, episodes: dict[int, list[Episode]] | None = None, **fields: np.ndarray) -> Replay:
    """A replay whose reward is the sum of its terms (T, N, K)."""
    values = {**still(*terms.shape[:2]), "rew_terms": terms, "rew": terms.sum(axis=2), **fields}
    names = NAMES if terms.shape[2] == 2 else tuple(f"t{i}" for i in range(terms.shape[2]))
    return with_robots(memory_rollout(values, reward_terms=names, episodes=episodes))


def charts_of(replay: Replay) -> Charts:
    return Charts(Session(world_of([replay])), lambda: None)


def rewards_of(terms: np.ndarray, **facts: Any) -> Chart:
    chart = charts_of(replay_of(terms, **facts)).rewards
    assert isinstance(chart, Chart)
    return chart


def random_terms(num_steps: int = 50, num_envs: int = 1) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(num_steps, num_envs, 2))


def names(picture: Picture) -> list[str]:
    return [line.name for line in picture.lines]


# -- which curves ----------------------------------------------------------------


def test_a_pinned_curve_comes_first_and_is_shown() -> None:
    choice = CurveChoice(4)
    choice.toggle_hidden(2)
    choice.toggle_pinned(3)
    choice.toggle_pinned(2)
    assert choice.shown == (3, 2, 0, 1)
    choice.toggle_pinned(3)
    assert choice.shown == (2, 0, 1, 3)


def test_a_curve_shown_alone_leaves_the_choice_as_it_was() -> None:
    choice = CurveChoice(4)
    choice.toggle_hidden(1)
    choice.toggle_alone(2)
    assert choice.shown == (2,)
    choice.toggle_alone(2)
    assert choice.shown == (0, 2, 3)


def test_of_many_curves_the_first_are_shown_until_all_are_asked_for() -> None:
    choice = CurveChoice(47, max_shown=12)
    assert choice.shown == tuple(range(12))
    choice.show_all()
    assert len(choice.shown) == 47
    choice.show_first()
    assert len(choice.shown) == 12


def test_what_is_shown_is_drawn_as_chosen() -> None:
    chart = rewards_of(random_terms())
    chart.choice.toggle_pinned(1)
    chart.choice.toggle_hidden(0)
    picture = chart.picture()
    assert names(picture) == ["reward", "down"]  # above the other
    assert picture.lines[1].width > picture.lines[0].width
    assert picture.curves.shape == (50, 2)


def test_with_every_curve_hidden_the_chart_says_so_and_is_empty() -> None:
    chart = rewards_of(random_terms())
    for curve in range(3):
        chart.choice.toggle_hidden(curve)
    picture = chart.picture()
    assert chart.note.startswith('Every curve is hidden: "show all')
    assert picture.y_range is None and np.isnan(chart_data(picture, 0.02)[1]).all()


# -- values ----------------------------------------------------------------------


def test_short_curves_are_as_recorded() -> None:
    terms = random_terms()
    picture = rewards_of(terms).picture()
    seconds, *curves = chart_data(picture, 0.5)
    np.testing.assert_array_equal(seconds, np.arange(50) * 0.5)
    np.testing.assert_allclose(
        np.stack(curves, axis=1), np.append(terms[:, 0], terms[:, 0].sum(axis=1)[:, None], axis=1)
    )


def test_rewards_per_second_are_those_of_a_step_over_its_time() -> None:
    chart = rewards_of(random_terms())
    before = chart.picture()
    chart.toggle_per_second()
    assert (before.unit, chart.picture().unit) == ("per step", "per second")
    np.testing.assert_allclose(chart.picture().curves, before.curves * 50)


def test_a_normalised_curve_reaches_one_and_its_values_are_still_told() -> None:
    chart = rewards_of(random_terms() * [1e-4, 3.0])
    recorded = chart.picture().curves
    chart.toggle_normalised()
    picture = chart.picture()
    np.testing.assert_allclose(np.abs(picture.curves).max(axis=0), 1.0)
    np.testing.assert_allclose(picture.curves / [line.factor for line in picture.lines], recorded)


def test_a_curve_of_zeros_is_normalised_to_zeros() -> None:
    chart = rewards_of(np.zeros((50, 1, 2)))
    chart.toggle_normalised()
    assert not chart.picture().curves.any()


def test_thinned_curves_keep_their_spikes() -> None:
    terms = np.zeros((100_000, 1, 2))
    terms[54_321, 0, 0] = -7.0
    seconds, curve, *_ = chart_data(rewards_of(terms).picture(), control_dt=0.02)
    assert len(seconds) == len(curve) <= 1200
    assert curve.min() == -7.0
    assert abs(seconds[curve.argmin()] - 54_321 * 0.02) < 0.02 * 100


def test_one_curve_among_many_stays_inside_the_chart() -> None:
    terms = np.zeros((300, 1, 40))
    terms[::20, 0, 0] = 5.0
    y_range = rewards_of(terms).picture().y_range
    assert y_range is not None and y_range[0] < 0 and y_range[1] > 5


def test_a_lone_extreme_step_does_not_flatten_the_chart() -> None:
    terms = np.tile(np.sin(np.arange(1000))[:, None, None], (1, 1, 2))
    terms[-1, 0, 0] = -400.0
    y_range = rewards_of(terms).picture().y_range
    assert y_range is not None and -4 < y_range[0] < -1


def test_the_chart_of_a_single_step_is_as_wide_as_its_neighbours() -> None:
    assert rewards_of(np.ones((1, 1, 2))).picture().span == (-1, 1)


@pytest.mark.parametrize(
    ("y_range", "exponent"), [(None, 0), ((-1.0, 1.0), 0), ((0.0, 2e-4), -6), ((-3e6, 1.0), 6), ((0.0, 9999.0), 0)]
)
def test_labels_of_an_axis_are_short(y_range: tuple[float, float] | None, exponent: int) -> None:
    assert power_of_ten(y_range) == exponent


# -- of all envs -----------------------------------------------------------------


def settled(chart: Chart, is_done: Callable[[Picture], object]) -> Picture:
    """The picture once work in the background has brought it there."""
    end = time.monotonic() + 20
    while not is_done(chart.picture()):
        assert time.monotonic() < end, chart.note
        time.sleep(0.01)
    return chart.picture()


def test_the_reward_is_compared_with_that_of_all_envs() -> None:
    terms = random_terms(num_envs=6)
    chart = rewards_of(terms)
    chart.toggle_spread()
    (spread,) = settled(chart, lambda picture: picture.spreads).spreads
    assert names(chart.picture())[spread.line] == "reward"
    reward = terms.sum(axis=2)
    np.testing.assert_allclose(spread.mean, reward.mean(axis=1), atol=1e-9)
    np.testing.assert_allclose(spread.deviation, reward.std(axis=1), atol=1e-6)
    assert "mean over the episodes of all envs" in chart.note


def test_pinned_terms_are_compared_in_the_place_of_the_reward_and_in_the_chosen_unit() -> None:
    terms = random_terms(num_envs=6)
    chart = rewards_of(terms)
    chart.choice.toggle_pinned(1)
    chart.toggle_per_second()
    chart.toggle_spread()
    (spread,) = settled(chart, lambda picture: picture.spreads).spreads
    np.testing.assert_allclose(spread.mean, 50 * terms[:, :, 1].mean(axis=1), atol=1e-6)
    assert len(chart_data(chart.picture(), 0.02)) == 1 + 3 + 3


def test_a_mean_that_cannot_be_worked_out_is_said_so() -> None:
    replay = replay_of(random_terms(num_envs=2))
    chart = charts_of(replay).rewards
    assert isinstance(chart, Chart)
    chart.picture()
    replay.rollout.source.close()
    chart.toggle_spread()
    settled(chart, lambda _: "not known" in chart.note)
    assert not chart.picture().spreads


# -- another episode, and growth ---------------------------------------------------


def test_the_picture_is_the_same_object_until_something_changes() -> None:
    episodes = {0: [Episode(0, 0, 0, 24, "truncated"), Episode(0, 1, 25, 49, "unfinished")]}
    session = Session(world_of([replay_of(random_terms(), episodes)]))
    chart = Charts(session, lambda: None).rewards
    assert chart is not None
    first = chart.picture()
    session.seek(10)
    assert chart.picture() is first
    session.seek(30)
    second = chart.picture()
    assert second.span == (25, 49) and len(second.curves) == 25
    session.seek(10)
    np.testing.assert_array_equal(chart.picture().curves, first.curves)


def test_an_episode_that_goes_on_is_extended_when_growth_is_taken_in() -> None:
    curves, reads = FollowedCurves(), []

    def read(first: int) -> list[np.ndarray]:
        reads.append(first)
        return [np.arange(first, count, dtype=float)[:, None]]

    for count, takes_growth in ((30, True), (40, False), (50, True)):
        curves.follow("a", range(count), 1, read, is_running=True, takes_growth=takes_growth)
    assert reads == [0, 30] and curves.version == 2
    np.testing.assert_array_equal(curves.curves.points[:, 0], np.arange(50))
    assert curves.num_steps_shown == 100


def test_an_axis_keeps_still_while_what_is_needed_fits_and_fills_half_of_it() -> None:
    assert settled_range((-1, 1), (-0.6, 0.9)) == (-1, 1)
    assert settled_range((-1, 1), (-0.1, 0.3)) == (-0.1, 0.3)
    assert settled_range((-1, 1), (-2.0, 0.9)) == (-2.0, 0.9)


# -- signals -----------------------------------------------------------------------


def test_another_signal_is_plotted_by_its_label() -> None:
    battery = np.arange(50.0)[:, None]
    charts = charts_of(replay_of(random_terms(), battery=battery))
    charts.select("battery")
    np.testing.assert_array_equal(charts.signals[0].chart.picture().curves, battery)
    with pytest.raises(UnknownName, match="no_such"):
        charts.select("no_such")
    assert charts.signals[0].label == "battery"


def test_a_users_signal_with_one_of_our_names_is_told_apart() -> None:
    values = {**still(50, 1), "base tilt": np.ones((50, 1))}
    charts = charts_of(with_robots(memory_rollout(values)))
    assert "base tilt (base tilt)" in charts.labels
    charts.select("base tilt (base tilt)")
    assert charts.signals[0].chart.picture().curves.shape == (50, 1)


def test_recordings_without_rewards_have_signals_still() -> None:
    charts = charts_of(with_robots(memory_rollout(still(10, 1))))
    assert charts.rewards is None
    assert charts.signals[0].chart.picture().curves.shape[0] == 10


def test_what_is_pinned_is_shown_where_its_signal_is_else_in_a_chart_of_its_own() -> None:
    charts = charts_of(replay_of(random_terms(), battery=np.ones((50, 1))))
    assert charts.show("robot.base_pos") is charts.signals[1].chart
    assert charts.show("robot.base_pos") is charts.signals[1].chart and len(charts.signals) == 2
    while charts.has_room:
        charts.add()
    assert "battery" in [signal.label for signal in charts.signals]
    charts.select(charts.labels[0], charts.signals[-1].name)
    for signal in charts.signals:
        charts.select("base tilt", signal.name)
    assert charts.show("battery") is charts.signals[-1].chart
    assert [signal.label for signal in charts.signals[:-1]] == ["base tilt"] * 7


def test_charts_are_laid_out_as_for_the_recording_before_as_far_as_it_has_the_signals() -> None:
    layout = ChartLayout()
    session = Session(world_of([replay_of(random_terms(), battery=np.ones((50, 1)))]))
    charts = Charts(session, lambda: None, layout)
    charts.add()
    charts.select("battery")
    charts.resize("signal1", 5000)
    charts.resize("no_such", 300)
    other = Charts(Session(world_of([replay_of(random_terms())])), lambda: None, layout)
    assert [signal.label for signal in other.signals] == [charts.signals[1].label]
    again = Charts(session, lambda: None, layout)
    assert [signal.label for signal in again.signals] == ["battery", charts.signals[1].label]
    assert again.height("signal1") == 800 and again.height("no_such") is None
    again.restore("signal1")
    assert again.height("signal1") is None


def test_curves_are_chosen_as_for_the_recording_before_as_far_as_it_has_them() -> None:
    layout = ChartLayout()

    def opened(names: list[str]) -> Charts:
        values = {**still(50, 1), "rew_terms": np.ones((50, 1, len(names)))}
        replay = with_robots(memory_rollout(values, reward_terms=names))
        return Charts(Session(world_of([replay])), lambda: None, layout)

    charts = opened(["a", "b", "c"])
    assert isinstance(charts.rewards, Chart)
    charts.rewards.choice.toggle_pinned(1)
    charts.rewards.choice.toggle_hidden(2)
    charts.rewards.toggle_normalised()
    charts.close()
    other = opened(["c", "new", "b"])
    assert isinstance(other.rewards, Chart)
    assert other.rewards.choice.pinned == [2]
    assert 0 not in other.rewards.choice.shown and 1 in other.rewards.choice.shown
    assert other.rewards.normalised and not other.rewards.per_second


@pytest.fixture
def swinging_arm(tmp_path: Path) -> Charts:
    """An arm whose shoulder swings by 2.5 of its limits of 3 rad, with torques of a hundredth of theirs."""
    swing = 2.5 * np.sin(np.arange(50) / 5)[:, None, None] * [1.0, 0.1]
    values = {**still(50, 1), "robot.joint_pos": swing, "robot.joint_torque": swing / 250}
    robot = EntitySpec("robot", joint_names=JOINTS, urdf=write_arm(tmp_path))
    return charts_of(with_robots(memory_rollout(values, entities=(robot,))))


def test_limits_of_joints_are_marked_where_they_are_near(swinging_arm: Charts) -> None:
    picture = swinging_arm.signals[0].chart.picture()
    assert picture.limits == ((0, -3.0), (0, 3.0), (1, -3.0), (1, 3.0))
    assert picture.y_range is not None and picture.y_range[0] < -3 and picture.y_range[1] > 3
    swinging_arm.select("joint torques")
    assert swinging_arm.signals[0].chart.picture().limits == ()


def test_a_normalised_curve_has_its_limits_normalised(swinging_arm: Charts) -> None:
    chart = swinging_arm.signals[0].chart
    assert isinstance(chart, Chart)
    chart.choice.toggle_alone(0)
    chart.toggle_normalised()
    (_, low), (_, high) = chart.picture().limits
    assert high == pytest.approx(1.2, abs=0.01) and low == pytest.approx(-1.2, abs=0.01)


def test_shares_of_limits_go_from_the_lower_to_the_upper_one_and_leave_out_what_has_none(tmp_path: Path) -> None:
    """A hip between -1 and 3 rad, of at most 5 N m and 2 rad/s, and a wheel without any limits."""
    body = links("a", "b", "c") + joint(
        "hip", "revolute", "a", "b", '<limit lower="-1" upper="3" effort="5" velocity="2"/>'
    )
    urdf = write_urdf(tmp_path, body + joint("wheel", "continuous", "b", "c"))
    columns = np.array([[-1.0, 9.0], [1.0, 9.0], [3.0, 9.0], [3.4, 9.0]])[:, None]
    fields = {f"robot.{what}": columns for what in ("joint_pos", "joint_vel", "joint_torque")}
    robot = EntitySpec("robot", joint_names=("hip", "wheel"), urdf=urdf)
    charts = charts_of(with_robots(memory_rollout({**still(4, 1), **fields}, entities=(robot,))))
    for label, shares in (
        ("joint positions", [-100, 0, 100, 120]),
        ("joint velocities", [-50, 50, 150, 170]),
        ("joint torques", [-20, 20, 60, 68]),
    ):
        charts.select(label)
        chart = charts.signals[0].chart
        assert isinstance(chart, Chart) and "signal1_limits" in toolbar("signal1", chart)
        chart.toggle_normalised()
        chart.toggle_of_limits()
        picture = chart.picture()
        assert names(picture) == ["hip"] and picture.curves[:, 0] == pytest.approx(shares)
        assert [value for _, value in picture.limits] == [-100, 100] and picture.unit == "% of limits"
        assert picture.y_range is not None and picture.y_range[0] < -100 and picture.y_range[1] > max(100, shares[-1])
        assert chart.note == "Left out, because the URDF has no limits for them: wheel" and not chart.normalised
        headings, values = chart.values_told(range(1, 3))
        assert headings == ("hip [% of limits]",) and values[:, 0] == pytest.approx(shares[1:3])
    charts.select("base tilt")
    assert "signal1_limits" not in toolbar("signal1", charts.signals[0].chart)


def test_no_value_beyond_a_limit_is_thinned_out(tmp_path: Path) -> None:
    body = links("a", "b") + joint(
        "knee", "revolute", "a", "b", '<limit lower="-3" upper="-1" effort="1" velocity="1"/>'
    )
    angles = np.full((5000, 1, 1), -2.9)
    angles[3001] = -0.9  # Nearer to zero than all others, and the only one beyond.
    values = {**still(5000, 1), "robot.joint_pos": angles}
    robot = EntitySpec("robot", joint_names=("knee",), urdf=write_urdf(tmp_path, body))
    chart = charts_of(with_robots(memory_rollout(values, entities=(robot,)))).signals[0].chart
    assert isinstance(chart, Chart)
    chart.toggle_of_limits()
    assert chart.picture().curves.max() == pytest.approx(110)


# -- buttons -----------------------------------------------------------------------


def test_buttons_ask_for_actions_that_there_are_and_these_check_what_they_are_given() -> None:
    charts = charts_of(replay_of(random_terms()))
    actions = chart_actions(charts, lambda *_: None)
    assert charts.rewards is not None
    page = toolbar("reward", charts.rewards) + legend("reward", charts.rewards)
    asked = set(re.findall(r'data-do="(\w+)"', page))
    assert asked and asked <= set(actions)
    for name in actions:
        for value in ("99", "-1", "x", None, [], {}, 1.5, "\u00b2"):
            if name.rpartition("_")[2] in ("pin", "hide", "alone"):
                actions[name](value, 0)
    assert charts.rewards.choice.shown == (0, 1, 2)
    actions["reward_hide"]("1", 0)
    actions["reward_rate"](None, 0)
    assert charts.rewards.choice.shown == (0, 2) and charts.rewards.per_second
    actions["reward_all"](None, 0)
    assert charts.rewards.choice.shown == (0, 1, 2)


def test_steps_are_selected_by_two_finite_numbers_only() -> None:
    session = Session(world_of([replay_of(random_terms())]))
    select = session_actions(session)["select_steps"]
    for value in (None, 3, "ab", [1], [1, 2, 3], [1, "2"], [1, None], [True, 2], [1, float("nan")], [10**400, 1], {}):
        select(value, 0)
    assert session.player.selection is None
    select([7.2, 3], 0)
    assert session.player.selection == (3, 7)


def test_names_of_components_cannot_become_html() -> None:
    evil = '<img src=x onerror=alert(1)>"'
    values = {**still(5, 1), "robot.joint_pos": np.zeros((5, 1, 2))}
    robot = EntitySpec("robot", joint_names=(evil, "knee"), joints_named=False)
    charts = charts_of(with_robots(memory_rollout(values, entities=(robot,))))
    page = legend("signal1", charts.signals[0].chart)
    assert "<img" not in page and html.escape(evil) in page
