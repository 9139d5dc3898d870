"""What the panels make of the state, without a browser: HTML, chart data, and who may talk to the server."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from memory_rollout import memory_rollout, still

from replay_viewer.replay.replay import with_robots
from replay_viewer.replay.world import world_of
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import KIND_TEXT, Episode
from replay_viewer.rollout.rewards import EpisodeRewards, StepRewards
from replay_viewer.viewer.app import ViewerApp
from replay_viewer.viewer.charts.choice import CurveChoice
from replay_viewer.viewer.keys import KEYS, help_html
from replay_viewer.viewer.panels.recording import recording_html
from replay_viewer.viewer.panels.rewards import rewards_html, row_names, row_values
from replay_viewer.viewer.panels.timeline import TimelineState
from replay_viewer.viewer.session import Session
from replay_viewer.viewer.wire.access import Access
from replay_viewer.viewer.wire.mailbox import Mailbox
from replay_viewer.viewer.wire.server import HostProblem, open_server


def step_rewards(names: tuple[str, ...], values: list[float], total: float | None = None) -> StepRewards:
    residual = None if total is None else total - float(np.nansum(values))
    return StepRewards(names, np.array(values), total, residual, 1.5, "reward" if total is not None else "terms", {})


def episode_rewards(names: tuple[str, ...], terms: np.ndarray) -> EpisodeRewards:
    sums = np.nansum(terms, axis=1)
    return EpisodeRewards(range(len(terms)), names, terms, None, None, np.cumsum(sums), "terms")


def test_names_from_a_file_cannot_become_html() -> None:
    evil = '<img src=x onerror=alert(1)>"'
    page = rewards_html(step_rewards((evil,), [0.5]), CurveChoice(1))
    assert "<img" not in page
    assert html.escape(evil) in page


def test_bars_go_left_for_negative_and_right_for_positive_terms() -> None:
    names = ("up", "down", "none")
    series = episode_rewards(names, np.tile([0.5, -0.25, 0], (9, 1)))
    assert row_values(step_rewards(names, [0.5, -0.25, 0.0]), series)[:3] == [
        ("0.5000", 1.0),
        ("-0.2500", -0.5),
        ("0.0000", 0.0),
    ]


def test_a_term_that_is_not_zero_leaves_a_trace() -> None:
    names = ("large", "small")
    series = episode_rewards(names, np.tile([0.5, -1e-9], (9, 1)))
    (_, _), (_, share), *_ = row_values(step_rewards(names, [0.5, -1e-9]), series)
    assert -0.01 < share < 0


def test_what_the_terms_leave_is_shown_only_where_there_is_something() -> None:
    names = ("a", "b")
    series = episode_rewards(names, np.tile([0.5, -0.25], (3, 1)))
    clipped, whole = (step_rewards(names, [0.5, lost], total=total) for lost, total in ((-0.75, 0.0), (-0.25, 0.25)))
    row = row_names(clipped).index("not in the terms (clipping?)")
    assert (row_values(clipped, series)[row][0], row_values(whole, series)[row][0]) == ("0.2500", "")


def test_every_term_has_its_row_however_many_there_are() -> None:
    names = tuple(f"term_{i}" for i in range(60))
    values = np.linspace(-1, 1, 60)
    step = step_rewards(names, list(values))
    page = rewards_html(step, CurveChoice(60))
    assert page.count("data-term=") == 60 + 1  # and the return
    assert len(row_values(step, episode_rewards(names, np.tile(values, (2, 1))))) == 60 + 1


def test_pinned_terms_come_first_and_keep_their_numbers() -> None:
    choice = CurveChoice(3)
    choice.toggle_pinned(2)
    rows = re.findall(
        r'data-term="(\w+)" data-row="(\d)"', rewards_html(step_rewards(("a", "b", "c"), [1, 2, 3]), choice)
    )
    assert rows == [("c", "2"), ("a", "0"), ("b", "1")]


def test_rewards_per_second_are_multiples_of_those_per_step_and_the_return_is_none() -> None:
    series = episode_rewards(("a",), np.ones((3, 1)))
    values = row_values(step_rewards(("a",), [0.5], total=0.75), series, factor=50.0)
    assert [text for text, _ in values] == ["25.00", "37.50", "12.50", "1.50"]


def test_without_rewards_the_panel_says_what_would_fill_it() -> None:
    nothing = StepRewards((), np.zeros(0), None, None, 0.0, "nothing", {})
    assert "No rewards in this recording" in rewards_html(nothing, CurveChoice(0))
    assert row_values(nothing, episode_rewards((), np.zeros((1, 0)))) == []


def test_numbers_have_one_form_so_that_their_points_stand_below_each_other() -> None:
    names = ("large", "small", "none")
    values = [0.0213, -1.388e-06, -0.0]
    step = step_rewards(names, values, total=1234.5)
    texts = [text for text, _ in row_values(step, episode_rewards(names, np.tile(values, (9, 1))))]
    assert texts == ["0.02130", "0.00000", "0.00000", "1234.50000", "1234.47870", "1.50000"]


def test_a_term_that_is_no_number_is_shown_as_it_is_without_a_bar() -> None:
    values = row_values(step_rewards(("a",), [float("nan")]), episode_rewards(("a",), np.ones((3, 1))))
    assert values[0] == ("NaN", 0.0)


def test_a_bar_tells_that_its_value_is_beyond_it() -> None:
    names = ("penalty", "alive")
    terms = np.tile([-0.1, 0.2], (200, 1))
    terms[-1] = [-4.0, 0.2]
    (_, penalty), (_, alive), *_ = row_values(step_rewards(names, [-4.0, 0.2]), episode_rewards(names, terms))
    assert penalty < -1 and abs(alive) <= 1


def test_the_recording_panel_says_what_stands_for_each_entity() -> None:
    box = EntitySpec("crate", "object", shape={"type": "box", "size": [1, 1, 1]})
    values = {**still(3, 1), **still(3, 1, "crate")}
    page = recording_html(with_robots(memory_rollout(values, entities=(EntitySpec("robot"), box))))
    assert "robot: neutral body, 0 joints recorded" in page
    assert "crate: box<" in page
    assert "3 steps of 0.02 s, 0.04 s in all" in page
    assert "1 to check" in page


def test_a_success_has_a_colour_of_its_own_on_the_timeline_whatever_ended_it() -> None:
    episodes = [
        Episode(0, 0, 0, 3, "terminated", success=True, outcome_reason="at the target"),
        Episode(0, 1, 4, 6, "terminated", success=False),
        Episode(0, 2, 7, 9, "truncated"),
    ]
    session = Session(world_of([with_robots(memory_rollout(still(10, 1), episodes={0: episodes}))]))
    shown = TimelineState(session)
    first = shown.changes()
    assert [list(KIND_TEXT)[code] for code in shown.everything()["episodes"]["kind"]] == [
        "success",
        "terminated",
        "truncated",
    ]
    assert (first["episode"]["kind"], first["episode"]["text"]) == ("success", "terminated (at the target), success")
    session.seek(5)
    assert shown.changes()["episode"]["text"] == "terminated, failure"


def test_every_key_is_in_the_help_and_none_moves_the_camera_too() -> None:
    page = help_html()
    for key in KEYS:
        assert f"<kbd>{html.escape(key.label)}</kbd>" in page and key.description in page
    assert len({(key.key, key.with_shift) for key in KEYS}) == len(KEYS)
    assert not {key.key.upper() for key in KEYS} & set("WASDQE")


def test_actions_posted_by_many_threads_all_run_in_each_ones_order() -> None:
    mailbox, ran = Mailbox(), []

    def post(thread: int) -> None:
        for number in range(500):
            mailbox.post(ran.append, (thread, number))

    threads = [threading.Thread(target=post, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or len(ran) < 2000:
        mailbox.wait(0.1)
        for action, arguments in mailbox.take():
            action(*arguments)
    for thread in range(4):
        assert [number for t, number in ran if t == thread] == list(range(500))


@pytest.mark.parametrize("host", ["203.0.113.1", "no-such-host.invalid", "a..b", "a" * 70])
def test_a_host_that_cannot_be_bound_is_an_error_at_once(host: str) -> None:
    with pytest.raises(HostProblem, match="cannot listen on"):
        open_server(Access(host), 0, "test")


def test_the_address_of_an_ipv6_host_is_one_that_a_browser_takes() -> None:
    try:
        app = ViewerApp(access=Access("::1"), port=0)
    except HostProblem:
        pytest.skip("this machine has no IPv6")
    assert app.url == f"http://[::1]:{app.port}"
    app.close()


def test_the_page_is_served_before_kinematics_and_meshes_are_imported() -> None:
    code = "import sys, replay_viewer.viewer.app; print('trimesh' in sys.modules, 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False False\n"
