"""A hand on a policy that runs in another process, laid on by a real page, and found in the recording."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from chromium_tabs import CHROMIUM_FLAGS, chromium_path
from container_columns import Columns
from control_child import SILENCE
from controlled import events, until, whats
from viewer_page import ViewerPage, ViewerProcess, open_page

from replay_viewer.record.control.address import TOKEN_VARIABLE, socket_of
from replay_viewer.rollout.outcomes import OUTCOMES

CHILD = Path(__file__).parents[1] / "helpers" / "control_child.py"


@contextmanager
def simulating(path: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A loop that can be controlled, in another process until the block ends."""
    with subprocess.Popen([sys.executable, str(CHILD), "simulate", str(path), *options]) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("hand") / "run.rec"
    with simulating(path):
        until(lambda: (path / "meta.json").exists(), "a simulation")
        yield path


@pytest.fixture(scope="module")
def viewer(path: Path) -> Iterator[ViewerProcess]:
    with ViewerProcess([str(path), "--tail", "--port", "0", "--no-shadows"]) as process:
        yield process


@pytest.fixture(scope="module")
def page(chromium, viewer: ViewerProcess) -> Iterator[ViewerPage]:
    with open_page(chromium, viewer.url) as page:
        hand(page).wait_for()
        yield page


def hand(page: ViewerPage) -> Any:
    return page.page.locator("#rv-hand")


def a_switch(page: ViewerPage, name: str) -> Any:
    return hand(page).get_by_role("switch", name=name, exact=True)


def press(page: ViewerPage, name: str) -> None:
    hand(page).get_by_role("button", name=name, exact=True).click()


def is_on(page: ViewerPage, name: str) -> bool:
    return a_switch(page, name).get_attribute("aria-checked") == "true"


def since(path: Path, count: int) -> list[str]:
    """What was done since there were so many events."""
    return whats(path)[count:]


def test_the_policy_is_switched_off_and_on_and_both_actions_are_recorded(page: ViewerPage, path: Path) -> None:
    count = len(events(path))
    a_switch(page, "Policy").click()
    page.until(lambda: not is_on(page, "Policy"), "the policy off")
    page.until(lambda: "zeros in its place, by you" in hand(page).inner_text(), "by whom")
    page.page.wait_for_timeout(1000 * (SILENCE + 0.6))  # Longer than that: the page goes on saying that it is there.
    assert not is_on(page, "Policy")
    a_switch(page, "Policy").click()
    page.until(lambda: is_on(page, "Policy"), "the policy on")
    off, on = events(path)[count:]
    assert (off["what"], on["what"]) == ("policy_off", "policy_on") and off["by"] == on["by"] != ""
    until(lambda: Columns(path).num_steps > on["step"], "further steps")
    columns, steps = Columns(path), slice(off["step"], on["step"])
    assert not columns["act"][steps].any() and np.all(columns["policy_act"][steps] == 1)


def test_a_push_is_in_the_recording_and_on_the_timeline(page: ViewerPage, path: Path) -> None:
    count = len(events(path))
    press(page, "Push left")
    until(lambda: since(path, count) == ["push"], "a push")
    event = events(path)[count]
    assert event["env_id"] == 0 and abs(np.linalg.norm(event["value"]) - 1.5) < 1e-6
    # To the left of where the robot looked in the step that the viewer had as its newest when it was asked.
    newest = slice(max(0, event["step"] - 100), event["step"])
    w, x, y, z = Columns(path)["robot.base_wxyz"][newest, 0].astype(float).T
    yaw = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    lefts = np.stack([-np.sin(yaw), np.cos(yaw)], 1)
    assert (lefts @ event["value"][:2]).max() > 1.5 - 1e-6
    marks = "() => window.replayViewer.state.byHand.map(([first, last, text]) => [first, last, text])"
    page.until(lambda: [event["step"]] * 2 in [m[:2] for m in page.page.evaluate(marks)], "its mark")
    assert page.page.evaluate(marks)[-1][2].startswith("push 1.5 m/s, by page")


def test_a_run_is_paused_stepped_and_resumed(page: ViewerPage, path: Path) -> None:
    press(page, "Pause")
    page.until(lambda: "paused" in hand(page).inner_text(), "paused")
    before = Columns(path).num_steps
    press(page, "Step")
    until(lambda: Columns(path).num_steps == before + 1, "one step more")
    page.page.wait_for_timeout(200)
    assert Columns(path).num_steps == before + 1
    press(page, "Resume")
    until(lambda: Columns(path).num_steps > before + 5, "it goes on")


def test_an_env_is_reset_and_its_episode_is_aborted(page: ViewerPage, path: Path) -> None:
    # A reset just after the episode has ended by itself cuts nothing off; not twice in a row.
    assert "aborted" in reset(page, path) or "aborted" in reset(page, path)
    page.until(lambda: "reset from outside" in page.page.evaluate(_KINDS), "an aborted episode")


def reset(page: ViewerPage, path: Path) -> list[str]:
    """Press the button; how the episode has ended which lay before that step."""
    count = len(events(path))
    press(page, "Reset env 0")
    until(lambda: since(path, count) == ["reset"], "a reset")
    step = events(path)[count]["step"]
    until(lambda: Columns(path).num_steps > step + 1, "steps after it")
    ends = [end for end in Columns(path).ends if end["env_index"] == 0 and end["last_record"] == step - 1]
    return [OUTCOMES[end["outcome"]] for end in ends]


_KINDS = """() => { const { kinds, episodes } = window.replayViewer.state;
  return episodes.kind.map((code) => Object.values(kinds)[code]).join(); }"""


def test_an_env_is_commanded_by_sliders(page: ViewerPage, path: Path) -> None:
    a_switch(page, "Command by hand").click()
    page.until(lambda: is_on(page, "Command by hand"), "a command by hand")
    slider = hand(page).get_by_role("slider", name="forward [m/s]")
    page.until(slider.is_enabled, "a slider")
    slider.fill("1.5")
    until(lambda: np.allclose(Columns(path)["command"][-1, 0, :3], [1.5, 0, 0]), "the command that was asked for")
    assert not np.allclose(Columns(path)["command"][-1, 1, :3], [1.5, 0, 0])  # Other envs are left alone.
    a_switch(page, "Command by hand").click()
    page.until(lambda: not is_on(page, "Command by hand"), "the task's own command")


def test_a_gamepad_commands(page: ViewerPage, path: Path) -> None:
    page.page.evaluate(
        "() => { window.padAxes = [0, 0, 0, 0];"
        " navigator.getGamepads = () => [{ connected: true, axes: window.padAxes }];"
        " window.dispatchEvent(new Event('gamepadconnected')); }"
    )
    a_switch(page, "Command by hand").click()
    page.until(lambda: is_on(page, "Command by hand"), "a command by hand")
    assert "left stick walks" in hand(page).inner_text()
    page.page.evaluate("() => { window.padAxes = [0, -1, 0.5, 0]; }")
    until(lambda: np.allclose(Columns(path)["command"][-1, 0, :3], [3.0, 0, -0.5], atol=0.03), "what the sticks say")
    page.page.evaluate("() => { window.padAxes = [0, 0, 0, 0]; }")
    until(lambda: np.allclose(Columns(path)["command"][-1, 0, :3], 0), "sticks let go")
    a_switch(page, "Command by hand").click()
    page.until(lambda: not is_on(page, "Command by hand"), "the task's own command")


def test_no_key_of_the_page_does_anything_to_the_run(page: ViewerPage, path: Path) -> None:
    count = len(events(path))
    for key in "abcdefghijklmnopqrstuvwxyz0123456789":
        page.page.keyboard.press(key)
    page.page.keyboard.press("Escape")
    page.page.wait_for_timeout(300)
    assert since(path, count) == []
    page.show_as_new()


def test_a_second_page_sees_a_pause_and_ends_it(chromium, page: ViewerPage, viewer: ViewerProcess, path: Path) -> None:
    with open_page(chromium, viewer.url) as other:
        hand(other).wait_for()
        press(other, "Pause")
        page.until(lambda: "paused" in hand(page).inner_text(), "paused, in the first page too")
    paused_at = Columns(path).num_steps
    page.page.wait_for_timeout(1300)
    assert Columns(path).num_steps == paused_at  # It was on purpose.
    press(page, "Resume")
    until(lambda: Columns(path).num_steps > paused_at + 5, "it goes on")


def test_a_page_that_is_killed_gives_the_policy_back(chromium, page: ViewerPage, viewer: ViewerProcess) -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    browser = chromium.browser_type.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
    doomed = {process.pid for process in psutil.Process().children(recursive=True)} - before
    with pytest.raises(Exception, match=r"closed|crash|Target"):
        with open_page(browser, viewer.url) as other:
            hand(other).wait_for()
            a_switch(other, "Policy").click()
            page.until(lambda: not is_on(page, "Policy"), "the policy off, in the first page too")
            for pid in doomed:
                if psutil.pid_exists(pid):
                    os.kill(pid, signal.SIGKILL)
            page.until(lambda: is_on(page, "Policy"), "the policy on again")
            other.page.evaluate("1")


@pytest.mark.slow
def test_a_viewer_that_is_killed_gives_the_policy_back(chromium, path: Path) -> None:
    count = len(events(path))
    with (
        ViewerProcess([str(path), "--tail", "--port", "0", "--no-shadows"]) as own,
        open_page(chromium, own.url) as page,
    ):
        hand(page).wait_for()
        a_switch(page, "Policy").click()
        page.until(lambda: not is_on(page, "Policy"), "the policy off")
        own.process.kill()
        until(lambda: since(path, count) == ["policy_off", "policy_on"], "the policy goes on")
    before = Columns(path).num_steps
    until(lambda: Columns(path).num_steps > before + 5, "further steps")


def token(said: str) -> dict[str, Any]:
    """Variables of a viewer's environment."""
    return {TOKEN_VARIABLE: said}


@pytest.mark.slow
def test_a_run_that_dies_is_told_and_one_without_control_has_no_hand(chromium, tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    with simulating(path, "--port") as simulator:
        until(lambda: (path / "meta.json").exists(), "a simulation")
        port = next(line for line in iter((tmp_path / "port").read_text().splitlines()))
        options = [str(path), "--tail", "--port", "0", "--no-shadows"]
        assert not socket_of(path).exists()
        with ViewerProcess(options) as own, open_page(chromium, own.url) as page:
            page.page.wait_for_timeout(300)
            assert not hand(page).is_visible()
        control = ["--control", f"127.0.0.1:{port}"]
        with ViewerProcess([*options, *control], **token("wrong")) as own:
            with open_page(chromium, own.url) as page:
                page.until(lambda: "the token is another one" in hand(page).inner_text(), "why it is refused")
        with ViewerProcess([*options, *control], **token("secret")) as own:
            with open_page(chromium, own.url) as page:
                a_switch(page, "Policy").click()
                until(lambda: whats(path) == ["policy_off"], "a hand at a port")
                simulator.kill()
                page.until(lambda: "The run has ended" in hand(page).inner_text(), "the end")


@pytest.mark.parametrize("size", [(390, 844), (844, 390)], ids=["upright", "lying"])
def test_a_phone_has_the_card_below_the_buttons_and_says_what_is_sent_instead(chromium, viewer, size) -> None:
    with open_page(chromium, viewer.url, size=size, has_touch=True, is_mobile=True) as page:
        head = hand(page).get_by_role("button", name="Running policy")
        if head.get_attribute("aria-expanded") == "false":
            head.tap()
        policy = a_switch(page, "Policy")
        page.tap(policy, hand(page).get_by_text("zeros in its place").is_visible, "what is sent instead")
        page.tap(policy, lambda: is_on(page, "Policy"), "the policy")
        boxes = {
            name: page.page.locator(name).bounding_box() or {}
            for name in ("#rv-hand", "#rv-files", "#rv-bar .rv-episode", "#rv-bar .rv-choice[aria-label=Speed]")
        }
        card = boxes["#rv-hand"]
        assert card["y"] >= boxes["#rv-files"]["y"] + boxes["#rv-files"]["height"]
        episode, speed = boxes["#rv-bar .rv-episode"], boxes["#rv-bar .rv-choice[aria-label=Speed]"]
        assert episode["y"] + episode["height"] <= card["y"] or episode["y"] >= card["y"] + card["height"]
        assert speed["y"] + speed["height"] <= size[1]
