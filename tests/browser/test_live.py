"""A recording that another process writes, followed on a real page."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from viewer_page import ViewerPage, ViewerProcess, open_page, open_tab

from replay_viewer.replay.replay import open_replay

WRITER = Path(__file__).parents[1] / "helpers" / "live_writer.py"
EPISODE_STEPS = 150


@contextmanager
def writing(path: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """The demo's robot, recorded at 50 Hz by another process until the block ends."""
    command = [sys.executable, str(WRITER), str(path), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def viewing(path: Path, *options: str) -> ViewerProcess:
    return ViewerProcess([str(path), "--port", "0", "--no-shadows", *options])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.rec"


def badge(page: ViewerPage) -> str:
    """What the badge says; empty where there is none."""
    return page.page.locator("#rv-live").inner_text() if page.page.locator("#rv-live").is_visible() else ""


def is_live(page: ViewerPage) -> bool:
    return page.page.locator("#rv-live").get_attribute("aria-pressed") == "true"


def newest(page: ViewerPage) -> int:
    """The last step of the timeline."""
    return int(page.page.locator(".rv-track").get_attribute("aria-valuemax") or -1)


def test_the_page_follows_the_newest_step_and_lets_the_user_look_back(chromium, path: Path) -> None:
    with viewing(path, "--tail") as viewer, open_tab(chromium) as page:
        page.page.goto(viewer.url)
        waiting = page.page.get_by_text("Waiting for the first step of run.rec")
        waiting.wait_for()
        with writing(path) as process:
            page.wait_ready()
            page.until(lambda: page.step() > EPISODE_STEPS, "the second episode", timeout=30)
            assert not waiting.is_visible()
            assert badge(page) == "LIVE" and is_live(page) and page.playing()
            page.until(lambda: newest(page) - page.step() < 50, "the newest step")
            page.until(lambda: "running" in page.episode_text(), "a running episode")
            _looks_back_and_returns(page)
            process.send_signal(signal.SIGTERM)
            page.until(lambda: badge(page) == "recording ended", "the end")
        replay = open_replay(path)
        last = replay.rollout.num_steps - 1
        page.wait_step(last)
        assert not page.playing() and f" / {last}" in page.time_text()
        _shows_what_was_recorded(page, replay.frames.frame_at(last, [0]).entities["robot"].base_pos[0])
        page.until(lambda: "unfinished" in page.chosen("Episode"), "the last episode")
        assert any(f"recording ended: {last + 1} steps" in line for line in viewer.lines)
        replay.close()


def _looks_back_and_returns(page: ViewerPage) -> None:
    """The past stands still, and plays, while the timeline grows; then the newest step again."""
    with page.hold_timeline(0.4):
        pass
    page.until(lambda: not is_live(page) and newest(page) - page.step() > EPISODE_STEPS, "the past")
    step, before = page.step(), newest(page)
    page.until(lambda: newest(page) > before + 20, "a timeline that grows")
    assert page.step() == step and not page.playing() and badge(page) == "LIVE"
    page.press_button("Play")
    page.until(lambda: page.step() > step + 10, "playback of the past")
    assert not is_live(page)
    page.page.locator("#rv-live").click()
    page.until(lambda: is_live(page) and newest(page) - page.step() < 50, "the newest step")
    page.page.keyboard.press("Space")
    page.until(lambda: not is_live(page) and not page.playing(), "a pause")
    page.page.keyboard.press("g")
    page.until(lambda: is_live(page), "live by its key")
    page.page.keyboard.press("Home")
    page.wait_step(0)
    page.page.keyboard.press("End")
    page.until(lambda: is_live(page), "live by the key End")
    with page.hold_timeline(0.2) as drag:
        page.until(lambda: not is_live(page), "the past")
        drag(1.0)
    page.until(lambda: is_live(page), "live by dragging to the end")


def _shows_what_was_recorded(page: ViewerPage, base: np.ndarray) -> None:
    np.testing.assert_allclose(page.pose("/world")["position"], [-base[0], -base[1], 0], atol=1e-4)


@pytest.mark.slow
def test_a_writer_that_dies_is_told(chromium, path: Path) -> None:
    with writing(path) as process, viewing(path, "--tail") as viewer:
        with open_page(chromium, viewer.url) as page:
            page.until(lambda: is_live(page) and page.step() > 20, "the newest step")
            process.kill()
            page.until(lambda: badge(page) == "the writer is gone", "the writer's death", timeout=20)
            page.until(lambda: not page.playing(), "a pause")
            replay = open_replay(path)
            page.wait_step(replay.rollout.num_steps - 1)
            assert any(f"the writer is gone: {replay.rollout.num_steps} steps" in line for line in viewer.lines)
            replay.close()


@pytest.mark.slow
def test_a_recording_that_is_deleted_while_it_is_followed_ends_nothing(chromium, path: Path) -> None:
    with writing(path), viewing(path, "--tail") as viewer:
        with open_page(chromium, viewer.url) as page:
            page.until(lambda: is_live(page) and page.step() > 20, "the newest step")
            shutil.rmtree(path)
            page.until(lambda: badge(page) == "recording lost", "the loss", timeout=20)
            page.press_button("Start of the recording")
            page.wait_step(0)
            page.press_button("Play")
            page.until(lambda: page.step() > 5, "playback")
        assert sum("was deleted or moved while it was followed" in line for line in viewer.lines) == 1
        assert viewer.interrupt() == 0


@pytest.mark.slow
def test_a_slow_click_is_one_also_while_the_recording_grows(chromium, path: Path) -> None:
    with writing(path), viewing(path, "--tail") as viewer, open_page(chromium, viewer.url) as page:
        page.until(lambda: is_live(page) and page.step() > 20, "the newest step")
        page.page.keyboard.press("Home")
        page.until(lambda: not is_live(page) and not page.playing(), "the past")
        for button, pressed in ((".rv-play", page.playing), ("#rv-live", lambda: is_live(page))):
            page.page.locator(button).hover()
            page.page.mouse.down()
            before = newest(page)
            page.until(lambda before=before: newest(page) > before + 30, "a timeline that grows")
            page.page.mouse.up()
            page.until(pressed, f"what {button} does")


_CURVES = """
() => {
  const time = Object.values(window.__viserTestpoints.uplots)[0]?.chart.data[0];
  return time ? [time[0], time.length] : [-1, 0];
}
"""


@pytest.mark.slow
def test_the_curves_of_the_running_episode_grow(chromium, path: Path) -> None:
    with writing(path), viewing(path, "--tail") as viewer, open_page(chromium, viewer.url) as page:
        page.until(lambda: is_live(page), "the newest step")
        lengths: dict[float, set[int]] = {}  # Of the curves that were seen, by the time at which their episode began.

        def see() -> bool:
            begin, length = page.page.evaluate(_CURVES)
            lengths.setdefault(begin, set()).add(length)
            return len(lengths) >= 3

        page.until(see, "three episodes", timeout=30)
        assert max(map(len, lengths.values())) >= 3


@pytest.mark.slow
def test_without_tail_the_page_says_that_more_is_to_come(chromium, path: Path) -> None:
    with writing(path), viewing(path, "--tail") as following:
        with open_page(chromium, following.url) as page:
            page.until(lambda: page.step() > 20, "some steps")
        with viewing(path) as viewer, open_page(chromium, viewer.url) as page:
            assert badge(page) == "still being written" and page.step() == 0
            length = newest(page)
            page.page.wait_for_timeout(500)
            assert newest(page) == length
            assert any("--tail follows it" in line for line in viewer.lines)


@pytest.mark.slow
def test_a_recording_that_is_being_written_is_followed_when_it_is_opened_from_a_list(chromium, path: Path) -> None:
    with writing(path), viewing(path.parent) as viewer, open_tab(chromium) as page:
        page.page.goto(viewer.url)
        page.page.locator("#rv-episodes .rv-group-line", has_text=path.name).click()
        page.wait_ready()
        page.until(lambda: is_live(page) and badge(page) == "LIVE", "the newest step as it is recorded")
        seen = newest(page)
        page.until(lambda: newest(page) > seen, "steps that came since")
        rows = page.page.locator("#rv-episodes .rv-episode-line")
        listed = page.until(rows.count, "its episodes in the table")
        page.until(lambda: rows.count() > listed, "episodes that came since", timeout=30)
