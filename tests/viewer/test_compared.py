"""Several takes in the charts and in the table of rewards, without a browser: against what is recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from memory_rollout import memory_rollout, still

from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.paths import asset
from replay_viewer.replay.compared_rewards import ComparedRewards, Quantity, quantities
from replay_viewer.replay.replay import Replay, open_replay, with_robots
from replay_viewer.replay.take import Take
from replay_viewer.replay.world import World, world_of
from replay_viewer.rollout.episodes import Episode
from replay_viewer.viewer.actions import chart_actions
from replay_viewer.viewer.charts import compared_chart
from replay_viewer.viewer.charts.charts import Charts
from replay_viewer.viewer.charts.compared_chart import ComparedChart
from replay_viewer.viewer.panels.compared_rewards import ComparedTable
from replay_viewer.viewer.panels.html import legend, toolbar
from replay_viewer.viewer.session import Session
from replay_viewer.viewer.tail import Tail


@pytest.fixture(scope="module")
def walk() -> Replay:
    return open_replay(asset("walk.rec"))


def rewarded(terms: dict[str, np.ndarray], control_dt: float = 0.02, **facts: Any) -> Replay:
    """A replay of one env whose reward is the sum of its terms (T,)."""
    columns = np.stack(list(terms.values()), axis=1)[:, None].astype(float)
    values = {**still(len(columns), 1), "rew_terms": columns, "rew": np.nansum(columns, axis=2)}
    return with_robots(memory_rollout(values, reward_terms=tuple(terms), control_dt=control_dt, **facts))


def charts_of(world: World) -> tuple[Session, Charts, ComparedChart]:
    session = Session(world)
    charts = Charts(session, lambda: None)
    assert isinstance(charts.rewards, ComparedChart)
    return session, charts, charts.rewards


def table(session: Session, chart: ComparedChart) -> dict[str, list[str]]:
    """The cells of the table by the names of rows."""
    made = ComparedTable(session.world)
    rows = made.cells(session.rewards_of_takes, chart.factors, 1.0)
    return {row.name: [text for text, _ in cells] for row, cells in zip(made.rows, rows, strict=True)}


# -- rewards -----------------------------------------------------------------------


def test_terms_are_compared_by_name_and_what_one_take_lacks_is_none() -> None:
    lead = rewarded({"alive": np.ones(4), "speed": np.array([1.0, 2, 3, 4])})
    other = rewarded({"speed": np.array([1.0, np.nan, 2, 2]), "energy": -np.ones(4)})
    world = world_of([lead, other])
    assert [quantity.label for quantity in quantities(world)] == ["alive", "speed", "energy", "reward", "return so far"]
    session, _, chart = charts_of(world)
    session.seek(2)
    told = table(session, chart)
    assert told["speed"] == ["3.000", "2.000", "-1.000"]
    assert told["alive"] == ["1.000", "\u2013", "\u2013"] and told["energy"] == ["\u2013", "-1.000", "\u2013"]
    assert told["reward"] == ["4.000", "1.000", "-3.000"] and told["return so far"] == ["9.000", "0.000", "-9.000"]
    session.seek(1)
    assert table(session, chart)["speed"] == ["2.000", "NaN", "NaN"]


def test_values_of_all_takes_are_those_recorded_at_the_same_time(walk: Replay) -> None:
    world = world_of([walk, Take(walk, 2, start=30, delay=0.2)])
    terms = walk.rollout.read("rew_terms")[:, :, 0].astype(float)
    name = walk.rollout.reward_terms[0]
    values = ComparedRewards().values(world, Quantity("term", name), range(1000))
    expected = np.full(1000, np.nan)
    expected[:980] = terms[20:, 2]
    assert np.allclose(values, np.stack([terms[:, 0], expected], axis=1), equal_nan=True)


def test_a_return_is_that_of_the_episode_that_a_take_shows() -> None:
    episodes = {0: [Episode(0, 0, 0, 2, "terminated"), Episode(0, 1, 3, 7, "unfinished")]}
    lead = rewarded({"a": np.ones(8)})
    other = rewarded({"a": np.arange(8.0)}, episodes=episodes)
    values = ComparedRewards().values(world_of([lead, other]), Quantity("return"), range(8))
    assert values.T.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 3, 3, 7, 12, 18, 25]]


def test_a_step_lasts_until_the_next_one_and_different_steps_are_compared_per_second() -> None:
    lead, other = rewarded({"a": np.array([1.0, 2, 3])}, 0.02), rewarded({"a": np.arange(8.0)}, 0.005)
    session, _, chart = charts_of(world_of([lead, other]))
    assert chart.per_second
    assert np.allclose(chart.picture().curves, [[50, 0], [100, 800], [150, np.nan]], equal_nan=True)
    assert np.allclose(chart.gaps().curves, [[-50], [700], [np.nan]], equal_nan=True)
    session.seek(1)
    assert table(session, chart)["a"] == ["100.000", "800.000", "+700.000"]
    assert table(session, chart)["return so far"][:2] == ["3.000", "10.000"]
    chart.toggle_per_second()
    assert np.allclose(chart.picture().curves[:2], [[1, 0], [2, 4]])


def test_a_take_without_rewards_or_one_that_waits_tells_nothing(walk: Replay) -> None:
    bare = with_robots(memory_rollout(still(20, 1)))
    for takes, is_lead in (([walk, bare], False), ([bare, walk], True)):
        session, _, chart = charts_of(world_of(takes))
        session.seek(10)
        cells = table(session, chart)["reward"]
        assert cells[1 if not is_lead else 0] == cells[2] == "\u2013" != cells[0 if not is_lead else 1]
    session, _, chart = charts_of(world_of([walk, Take(walk, 1, steps=range(50))]))
    session.seek(60)
    assert set(table(session, chart)["reward"][1:]) == {"\u2013"}
    assert Charts(Session(world_of([bare, bare])), lambda: None).rewards is None


def test_rows_and_headings_of_evil_names_are_text() -> None:
    evil = rewarded({"<img src=x>": np.ones(3)})
    evil.rollout.name = "<script>"
    session, _, chart = charts_of(world_of([evil, evil]))
    page = ComparedTable(session.world).html(chart.choice)
    assert "<img" not in page and "<script" not in page


# -- charts ------------------------------------------------------------------------


def test_takes_are_laid_over_each_other_each_in_its_colour(walk: Replay) -> None:
    world = world_of([walk, Take(walk, 1), Take(walk, 2)])
    session, charts, chart = charts_of(world)
    total = walk.rollout.read("rew")[:, :3].astype(float)
    episode = session.episode
    picture, gaps = chart.picture(), chart.gaps()
    shown = total[episode.first_step : episode.last_step + 1]
    assert np.allclose(picture.curves, shown)
    assert np.allclose(gaps.curves, shown[:, 1:] - shown[:, :1])
    assert len({line.color for line in picture.lines}) == 3
    assert [line.color for line in gaps.lines] == [line.color for line in picture.lines[1:]]
    assert [line.name for line in picture.lines] == list(world.names)
    charts.select("joint positions")
    joints = walk.rollout.read_shown("robot.joint_pos", slice(0, episode.last_step + 1), [0, 1, 2]).astype(float)
    assert np.allclose(charts.signals[0].chart.picture().curves, joints[..., 0])
    chart_actions(charts, lambda *_: None)["signal1_alone"]("4", 1)
    assert np.allclose(charts.signals[0].chart.picture().curves, joints[..., 4])


def test_what_differs_is_a_signal_of_its_own_that_follows_delays_modes_and_envs(walk: Replay) -> None:
    session, charts, _ = charts_of(world_of([walk, Take(walk, 1)]))
    assert charts.signals[0].label == "difference of bases: distance"
    base = walk.rollout.read_shown("robot.base_pos", slice(0, 1000), range(6)).astype(float)

    def gap(env: int, other: int, delay: int = 0) -> np.ndarray:
        last = session.episode.last_step + 1
        apart = np.linalg.norm(base[: 1000 - delay, other] - base[delay:, env], axis=1)
        return np.concatenate([np.full(delay, np.nan), apart])[:last]

    chart = charts.signals[0].chart
    assert isinstance(chart, ComparedChart)
    assert np.allclose(chart.picture().curves[:, 0], gap(0, 1)) and chart.gaps().lines == ()
    assert "C" in chart.note
    session.world = session.world.with_delay("take2", 0.2)
    assert np.allclose(chart.picture().curves[:, 0], gap(0, 1, 10), equal_nan=True)
    session.world = session.world.with_delay("take2", 0.0).with_env(3)
    assert np.allclose(chart.picture().curves[:, 0], gap(3, 1))
    before = chart.picture().curves
    session.world = session.world.with_mode("ghost")
    assert chart.note == "" and chart.picture().curves[0, 0] < 0.1 < before[0, 0]


def test_turning_through_half_a_turn_is_no_difference() -> None:
    def turned(degrees: float) -> Replay:
        values = still(3, 1)
        values["robot.base_wxyz"][:] = [np.cos(np.radians(degrees) / 2), 0, 0, np.sin(np.radians(degrees) / 2)]
        return with_robots(memory_rollout(values))

    session = Session(world_of([turned(179), turned(-179)]))
    charts = Charts(session, lambda: None)
    charts.select("base tilt")
    chart_actions(charts, lambda *_: None)["signal1_alone"]("2", 1)
    chart = charts.signals[0].chart
    assert isinstance(chart, ComparedChart)
    assert np.allclose(chart.picture().curves[0], [179, -179]) and np.allclose(chart.gaps().curves, 2)


def test_one_thing_is_shown_at_a_time_and_odd_wishes_change_nothing(walk: Replay) -> None:
    _, charts, chart = charts_of(world_of([walk, Take(walk, 1)]))
    actions, names = chart_actions(charts, lambda *_: None), chart.source.names
    assert names[chart.choice.one] == "reward"
    for wish, value in (("reward_hide", "2"), ("reward_pin", "2"), ("reward_alone", "2"), ("reward_alone", "2")):
        actions[wish](value, 1)
        assert chart.choice.shown == (2,)
    for wish in ("reward_normalise", "reward_spread", "reward_all", "reward_first", "signal1_spread"):
        actions[wish](None, 1)
    actions["reward_alone"]("99", 1)
    assert chart.choice.shown == (2,)
    assert "per second" in toolbar("reward", chart)
    actions["reward_alone"](str(names.index("return so far")), 1)
    assert "reward_rate" not in toolbar("reward", chart) and chart.picture().unit == "return so far"
    charts.select("difference of each joint")
    assert legend("signal1", charts.signals[0].chart).count("<button") == 12


def test_the_same_picture_comes_while_nothing_changes(walk: Replay) -> None:
    session, _, chart = charts_of(world_of([walk, Take(walk, 1)]))
    picture, gaps = chart.picture(), chart.gaps()
    session.seek(50)
    assert chart.picture() is picture and chart.gaps() is gaps
    chart.toggle_per_second()
    assert chart.picture() is not picture


def test_of_very_long_episodes_not_all_links_are_worked_out_and_the_curve_is_the_same(
    walk: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def curve() -> np.ndarray:
        _, charts, _ = charts_of(world_of([walk, Take(walk, 1, delay=0.1)]))
        charts.select("difference of links: mean distance")
        return charts.signals[0].chart.picture().curves[:, 0]

    whole = curve()
    monkeypatch.setattr(compared_chart, "_MOST_COSTLY", 100)
    some = curve()
    known = np.flatnonzero(np.isfinite(some))
    assert len(known) <= 100 and np.allclose(some[known], whole[known])


def test_a_recording_that_is_written_grows_in_curves_of_takes_that_are_ahead_and_behind(tmp_path: Path) -> None:
    def append(steps: range) -> None:
        for step in steps:
            pose = {"robot.base_pos": np.array([[step, 0.0, 0.0]]), "robot.base_wxyz": np.array([[1.0, 0.0, 0.0, 0.0]])}
            writer.append(step, 0.02 * step, {**pose, "rew": np.array([float(step)])})

    with ContainerWriter(tmp_path / "run.rec", RecordingInfo([0], 0.02)) as writer:
        append(range(10))
        replay = open_replay(tmp_path / "run.rec")
        world = world_of([replay, Take(replay, start=3), Take(replay, delay=0.04)])
        session = Session(world, tail=Tail(replay))
        chart = Charts(session, lambda: None).rewards
        assert isinstance(chart, ComparedChart)
        for count in (10, 25, 40):
            steps = np.arange(count, dtype=float)
            ahead, behind = (np.where((at >= 0) & (at < count), at, np.nan) for at in (steps + 3, steps - 2))
            expected = np.stack([steps, ahead, behind], axis=1)
            assert np.allclose(chart.picture().curves, expected, equal_nan=True)
            append(range(count, count + 15))
            assert session.poll(1.0)
    replay.close()
