"""The values at the playhead beside the names of curves: those recorded, told by the page itself as it plays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from chart_recording import JOINTS, joints_at
from chart_view import SIGNAL, chart, names
from memory_rollout import memory_rollout, still
from viewer_page import ViewerPage, ViewerProcess, open_page

from replay_viewer import EntitySpec, Recorder, Viewer
from replay_viewer.paths import asset
from replay_viewer.replay.replay import open_replay, with_robots
from replay_viewer.replay.take import Take

# Of each curve of a legend, by name: the numbers beside it.
_LEGEND = """
() => {
  const texts = (nodes) => [...nodes].map((node) => node.textContent);
  const chips = [...document.querySelectorAll(".rv-curves .rv-chip")];
  return chips.map((chip) => [chip.querySelector("span").textContent, texts(chip.querySelectorAll(".rv-now"))]);
}
"""
# What the page sends to Python, from now on, and how wide numbers are.
_LISTEN = """
() => {
  const { sendMessage } = __viserMutable;
  window.sent = [];
  __viserMutable.sendMessage = (message) => { sent.push(message.type); sendMessage(message); };
}
"""
_WIDTHS = "() => [...new Set([...document.querySelectorAll('.rv-now')].map((node) => node.offsetWidth))]"


def legend(page: ViewerPage) -> dict[str, list[str]]:
    return dict(page.page.evaluate(_LEGEND))


def wait_numbers(page: ViewerPage, expected: dict[str, float], form: str = ".3f") -> None:
    wanted = {name: [format(value, form)] for name, value in expected.items()}
    page.until(lambda: wanted.items() <= legend(page).items(), f"{wanted}")


def test_the_legend_tells_the_recorded_values_of_the_step_that_is_shown(charts_page: ViewerPage) -> None:
    page = charts_page
    page.choose("Signal", "joint positions")
    page.until(lambda: names(page, SIGNAL) == list(JOINTS[:12]), "joints")
    wait_numbers(page, dict(zip(JOINTS[:12], joints_at(0)[0], strict=False)))
    page.page.evaluate("replayViewer.send('seek', 37)")
    wait_numbers(page, dict(zip(JOINTS[:12], joints_at(37)[0], strict=False)))
    assert legend(page)[JOINTS[13]] == [""]
    assert page.page.locator(".rv-unit").inner_text() == "in rad or m"
    page.page.locator("[data-do=signal1_normalise]").click()
    page.until(lambda: chart(page, SIGNAL)["title"].startswith("share"), "shares")
    wait_numbers(page, dict(zip(JOINTS[:12], joints_at(37)[0], strict=False)))
    page.page.locator("[data-do=signal1_normalise]").click()
    page.until(lambda: not chart(page, SIGNAL)["title"].startswith("share"), "values")


def test_numbers_move_while_it_plays_without_a_word_to_python_and_keep_their_width(charts_page: ViewerPage) -> None:
    page = charts_page
    page.choose("Signal", "base position and height")
    wait_numbers(page, {"x": 0.0, "y": 0.0, "z": 0.5})
    widths = page.page.evaluate(_WIDTHS)
    page.choose_on_bar("Loop", "rollout")  # So that it plays still when it has been looked at.
    page.press_button("Play")
    page.until(page.playing, "playback")
    page.page.evaluate(_LISTEN)
    seen: list[str] = []

    def have_moved() -> bool:
        seen.append(legend(page)["x"][0])
        return len(set(seen)) > 5

    page.until(have_moved, "numbers that move")
    assert page.page.evaluate("sent") == []
    page.press_button("Pause")
    page.until(lambda: not page.playing(), "a pause")
    wait_numbers(page, {"x": 0.01 * page.step()})
    assert page.page.evaluate(_WIDTHS) == widths and len(widths) == 1
    page.choose("Signal", "joint positions")
    page.until(lambda: names(page, SIGNAL)[0] == JOINTS[0], "joints")


def test_where_a_point_stands_for_several_steps_a_sign_says_so_and_nothing_is_nan(chromium, tmp_path: Path) -> None:
    count = 3000
    facts = {"control_dt": 0.01, "env_ids": [0], "entities": [EntitySpec("robot")]}
    with Recorder(tmp_path / "long.rec", **facts) as recorder:
        for step in range(count):
            values = {"robot.base_pos": [[step, 0, 0]], "robot.base_wxyz": [[1, 0, 0, 0]]}
            recorder.append(values | {"battery": [float(step) if step < 2000 else np.nan]})
    options = [str(tmp_path / "long.rec"), "--port", "0", "--no-shadows"]
    with ViewerProcess(options) as viewer, open_page(chromium, viewer.url) as page:
        page.choose("Signal", "battery")
        page.page.evaluate("replayViewer.send('seek', 1501)")
        # Of the four steps from 1500 on, the last is the farthest from zero.
        page.until(lambda: legend(page).get("battery") == ["\u22481503.00"], "its number")
        page.page.evaluate("replayViewer.send('seek', 2500)")
        page.until(lambda: legend(page)["battery"] == ["\u2248NaN"], "nothing")


def test_of_takes_each_has_its_value_and_by_how_much_it_is_beyond_the_leads(chromium) -> None:
    walk, bare = open_replay(asset("walk.rec")), with_robots(memory_rollout(still(90, 1)))
    with Viewer([walk, Take(walk, 3), bare], port=0) as viewer, open_page(chromium, viewer.url) as page:
        page.choose("Signal", "joint positions")
        page.page.evaluate("replayViewer.send('seek', 40)")
        lead, other = walk.rollout.read("robot.joint_pos", slice(40, 41), [0, 3])[0, :, 0].astype(float)

        def are_told() -> bool:
            told = legend(page)
            if told.get("memory env 0") != ["\u2013", "\u2013"] or not told["walk env 3"][1:]:
                return False
            numbers = [float(text or "nan") for text in (*told["walk env 0"], *told["walk env 3"])]
            return np.allclose(numbers, [lead, other, other - lead], atol=6e-4)

        page.until(are_told, "values of all takes")
        assert legend(page)["walk env 3"][1].startswith("+" if other > lead else "-")
    walk.close()
