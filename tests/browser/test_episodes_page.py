"""The table of episodes on a real page: which episodes it shows, where a click leads, and what it never runs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator
from viewer_page import ViewerPage, ViewerProcess, open_tab

from replay_viewer import EntitySpec, Recorder
from replay_viewer.episodes.annotations import annotate, annotations_path

_EVIL = "<img src=x onerror=alert(1)>"
_ENVS, _EPISODES, _STEPS = 5, 100, 4
# From end to end, with frames between.
_SCROLL = """
async () => {
  const rows = document.querySelector(".rv-drawer-rows");
  for (let share = 0; share <= 1; share += 0.1) {
    rows.scrollTop = share * rows.scrollHeight;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}
"""


def write_recording(path: Path, seed: int = 0) -> Path:
    """500 episodes of 4 steps; every tenth one of an env is a fall, and what has a name has one that is HTML."""
    facts = {"env_ids": range(_ENVS), "control_dt": 0.02, "entities": [EntitySpec("robot")]}
    poses = {"robot.base_pos": np.zeros((_ENVS, 3)), "robot.base_wxyz": np.tile([1.0, 0, 0, 0], (_ENVS, 1))}
    metadata = {"policy": _EVIL, "seed": seed}
    with Recorder(path, reward_terms=[_EVIL], outcome_reasons=[_EVIL], metadata=metadata, **facts) as recorder:
        for step in range(_EPISODES * _STEPS):
            if step % _STEPS == _STEPS - 1:
                outcome = "terminated" if step // _STEPS % 10 == 3 else "truncated"
                recorder.end_episodes(range(_ENVS), outcome, poses, reasons=[_EVIL] * _ENVS, lengths=[_STEPS] * _ENVS)
            rewards = np.full((_ENVS, 1), float(step // _STEPS)) + np.arange(_ENVS)[:, None] / 10
            recorder.append({**poses, "rew": rewards[:, 0], "rew_terms": rewards})
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_recording(folder / f"{_EVIL}.rec")
    time.sleep(0.02)
    write_recording(folder / "new.rec", 1)
    return folder


@pytest.fixture
def page(chromium) -> Iterator[ViewerPage]:
    with open_tab(chromium, size=(1366, 768)) as page:
        page.page.on("dialog", lambda dialog: pytest.fail("a script of a file ran"))
        yield page


def viewing(path: Path) -> ViewerProcess:
    return ViewerProcess([str(path), "--port", "0", "--no-shadows"])


def rows(page: ViewerPage) -> Locator:
    """The episodes that are seen, from the top on."""
    return page.page.locator("#rv-episodes .rv-episode-line")


def texts(page: ViewerPage) -> list[list[str]]:
    """Their cells, in the order in which they stand below each other."""
    cells = """
    nodes => nodes.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
      .map(node => [...node.children].filter(cell => !cell.querySelector('input')).map(cell => cell.textContent))
    """
    return rows(page).evaluate_all(cells)


def wait_rows(page: ViewerPage, first: list[str]) -> None:
    page.until(
        lambda: [line[: len(first)] for line in texts(page)[:1]] == [first], f"{first} at the top: {texts(page)[:2]}"
    )


def summary(page: ViewerPage) -> str:
    return page.page.locator(".rv-drawer-summary").inner_text()


def test_a_bad_episode_of_a_thousand_is_found_and_one_click_from_its_replay(page: ViewerPage, runs: Path) -> None:
    with viewing(runs) as viewer:
        page.page.goto(viewer.url)
        page.until(lambda: summary(page) == "1,000 episodes, 2 recordings", "all episodes")
        page.page.get_by_label("Group by").select_option("")
        page.page.locator(".rv-kinds button", has_text="terminated").click()
        page.until(lambda: summary(page).startswith("100 of 1,000 episodes"), "the falls alone")
        page.page.locator(".rv-head-cell button", has_text="Return").click()
        page.page.locator(".rv-where").fill("seed == 0")
        page.page.keyboard.press("Enter")
        page.until(lambda: summary(page).startswith("50 of 1,000 episodes"), "those of one seed")
        wait_rows(page, [f"{_EVIL}.rec", "0", "3", f"terminated{_EVIL}", "12", "4", _EVIL])
        rows(page).nth(1).click()
        page.wait_ready()
        # Of the other recording, the first step of that episode.
        page.wait_step(3 * _STEPS)
        assert "env 1, Episode 3" in page.episode_text() and page.page.title().startswith(_EVIL)
        page.until(lambda: "rv-here" in (rows(page).nth(1).get_attribute("class") or ""), "the mark of what is shown")
        # In the order of the table: the same episode of the next env.
        page.page.keyboard.press("Shift+N")
        page.until(lambda: "env 2, Episode 3" in page.episode_text(), "the next failure")
        page.page.keyboard.press("Shift+P")
        page.until(lambda: "env 1, Episode 3" in page.episode_text(), "the failure before")
        page.page.locator(".rv-where").fill("seed =")
        page.page.keyboard.press("Enter")
        page.until(lambda: "Did you mean ==" in page.page.locator(".rv-where-problem").inner_text(), "what is wrong")
        assert not [line for line in page.console if "error" in line]


def test_only_what_is_seen_is_in_the_page_and_all_of_it_can_be_scrolled_to(page: ViewerPage, runs: Path) -> None:
    with viewing(runs / "new.rec") as viewer:
        page.goto(viewer.url)
        page.click_button("Episodes")
        page.until(lambda: rows(page).count() > 5, "episodes")
        page.page.evaluate(_SCROLL)
        page.until(lambda: texts(page)[-1:] and texts(page)[-1][:2] == ["4", "99"], "the last episode")
        assert rows(page).count() < 60
        # The playhead enters another episode, and the table follows, once nobody has scrolled it for a while.
        page.page.wait_for_timeout(3000)
        page.page.keyboard.press("Home")
        page.page.evaluate("window.replayViewer.send('seek', 201)")
        here = page.page.locator("#rv-episodes .rv-here")
        page.until(lambda: here.count() and here.locator(".rv-cell").nth(1).inner_text() == "50", "the episode shown")


@pytest.mark.slow
def test_a_flag_and_a_note_stand_in_every_page_in_the_timeline_and_beside_the_recording(
    page: ViewerPage, runs: Path, chromium
) -> None:
    recording = runs / "new.rec"
    with viewing(recording) as viewer, open_tab(chromium) as other:
        page.goto(viewer.url)
        page.click_button("Episodes")
        other.goto(viewer.url)
        other.page.wait_for_timeout(100)
        other.click_button("Episodes")
        for tab in (page, other):
            tab.until(lambda tab=tab: rows(tab).count() > 3, "episodes")
        rows(page).nth(1).locator(".rv-note-cell").click()
        page.page.locator(".rv-flags button", has_text="bad").click()
        page.page.get_by_label("Note", exact=True).fill(_EVIL)
        page.page.keyboard.press("Enter")
        for tab in (page, other):
            tab.until(lambda tab=tab: rows(tab).nth(1).locator(".rv-note-cell").inner_text() == _EVIL, "the note")
            tab.until(lambda tab=tab: tab.page.evaluate("window.replayViewer.state.marks.length") == 1, "the mark")
        (line,) = map(json.loads, annotations_path(recording).read_text().splitlines())
        assert (line["env_id"], line["episode"], line["flag"], line["text"]) == (0, 1, "bad", _EVIL)
        # Another viewer notes something.
        annotate(recording, 0, 2, flag="good")
        page.until(lambda: rows(page).nth(2).locator(".rv-flag-good").count(), "what another viewer noted", timeout=30)
        page.page.get_by_role("button", name="noted", exact=True).click()
        page.until(lambda: summary(page).startswith("2 of 500 episodes"), "those with notes")


@pytest.mark.slow
def test_columns_ranges_and_groups_are_chosen_and_remembered(page: ViewerPage, runs: Path) -> None:
    with viewing(runs) as viewer:
        page.page.goto(viewer.url)
        page.until(lambda: summary(page) == "1,000 episodes, 2 recordings", "all episodes")
        page.page.get_by_role("button", name="Columns").click()
        page.page.locator(".rv-columns-editor label", has_text="rewards.").locator("input").check()
        page.page.locator(".rv-columns-editor label[title=outcome]").locator("input").uncheck()
        page.page.keyboard.press("Escape")
        heads = page.page.locator(".rv-head-cell")
        page.until(lambda: _EVIL in heads.all_inner_texts() and "Outcome" not in heads.all_inner_texts(), "the columns")
        page.page.mouse.click(600, 5)
        page.page.get_by_role("button", name="+ range").click()
        page.page.get_by_label("Greatest").fill("39")
        page.page.keyboard.press("Enter")
        page.until(lambda: summary(page).startswith("100 of 1,000"), "returns of up to 39")
        page.page.get_by_label("Group by").select_option("seed")
        groups = page.page.locator(".rv-group-name b")
        page.until(lambda: groups.all_inner_texts() == ["0", "1"], "a group for each seed")
        page.page.get_by_role("button", name="Unfold all").click()
        page.until(lambda: rows(page).count() > 5, "their episodes")
        lefts = "nodes => nodes.map(node => Math.round(node.getBoundingClientRect().left))"
        assert heads.evaluate_all(lefts) == rows(page).first.locator("> :not(.rv-tick)").evaluate_all(lefts)
        page.page.reload()
        page.until(lambda: groups.all_inner_texts() == ["0", "1"], "the same groups")
        assert _EVIL in heads.all_inner_texts()


@pytest.mark.slow
def test_a_recording_that_is_written_grows_in_the_table(page: ViewerPage, tmp_path: Path) -> None:
    writer = Path(__file__).parents[1] / "helpers" / "live_writer.py"
    command = [sys.executable, str(writer), str(tmp_path / "run.rec"), "--rate", "200"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            with ViewerProcess([str(tmp_path / "run.rec"), "--port", "0", "--no-shadows", "--tail"]) as viewer:
                page.goto(viewer.url)
                page.click_button("Episodes")
                page.until(lambda: rows(page).count() >= 2, "the running episodes")
                page.until(lambda: rows(page).count() >= 6, "episodes that have ended", timeout=60)
                ended = page.page.locator(".rv-episode-line", has_text="terminated").first
                page.until(lambda: ended.locator(".rv-return").inner_text(), "the return of one")
        finally:
            process.kill()
