"""Several browsers, reloads, foreign pages, and the end of the program."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import websockets.sync.client
from viewer_page import ViewerPage, ViewerProcess, open_page
from viser._messages import ShareUrlRequest
from viser_servers import running_server
from websockets.exceptions import InvalidStatus


@pytest.mark.slow
def test_two_browsers_show_the_same_step_with_cameras_of_their_own(chromium, viewer: ViewerProcess, page) -> None:
    with open_page(chromium, viewer.url) as other:
        page.press_button("One step forward")
        page.wait_step(1)
        other.wait_step(1)
        other.page.get_by_text("Another browser moves the time").wait_for(timeout=4_000)
        assert not page.page.get_by_text("Another browser moves the time").is_visible()
        other.choose("Env", "1")  # Who is moved now is the first one.
        page.page.get_by_text("Another browser moves the time or the env").wait_for(timeout=4_000)
        still = other.camera()["position"]
        page.click_button("Top")
        page.until(lambda: np.abs(page.camera()["position"] - still).max() > 0.05, "the view from the top")
        assert np.abs(other.camera()["position"] - still).max() < 1e-6
        page.click_button("Follow Robot")
        page.page.wait_for_timeout(200)
        other.press_button("Play")
        other.until(lambda: other.step() > 30, "playing")
        assert page.pose("/world")["position"] != other.pose("/world")["position"]


def test_a_reload_finds_the_state(page: ViewerPage) -> None:
    for _ in range(7):
        page.press_button("One step forward")
    page.choose_on_bar("Speed", "0.25")
    page.wait_step(7)
    page.page.reload()
    page.wait_ready()
    page.wait_step(7)
    page.until(lambda: page.chosen_on_bar("Speed") == "0.25", "the speed chosen before")


@pytest.mark.slow
def test_a_browser_that_leaves_during_a_drag_does_not_stop_time(chromium, viewer: ViewerProcess, page) -> None:
    with open_page(chromium, viewer.url) as other:
        other.press_timeline(0.1)
        page.page.wait_for_timeout(200)
    page.press_button("Play")
    before = page.step()
    page.until(lambda: page.step() > before + 10, "time going on")


@pytest.mark.slow
def test_a_frozen_browser_does_not_slow_another(chromium, viewer: ViewerProcess, page) -> None:
    with open_page(chromium, viewer.url) as other:
        # The page blocks its own thread, as a slow machine would.
        other.page.evaluate("setTimeout(() => { const end = Date.now() + 3000; while (Date.now() < end); }, 0)")
        page.press_button("Play")
        page.until(lambda: page.step() > 60, "playing", timeout=5)


def test_a_foreign_page_is_refused(viewer: ViewerProcess) -> None:
    address = viewer.url.replace("http", "ws")
    with pytest.raises(InvalidStatus, match="403"):
        websockets.sync.client.connect(address, origin="http://evil.example")  # type: ignore[arg-type]


def test_a_foreign_host_name_is_refused(viewer: ViewerProcess) -> None:
    request = urllib.request.Request(viewer.url, headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)


def test_no_browser_can_open_a_public_tunnel(page: ViewerPage, viewer: ViewerProcess) -> None:
    page.page.evaluate("window.__viserMutable.sendMessage({type: 'ShareUrlRequest'})")
    page.press_button("One step forward")
    page.wait_step(1)
    assert not any("share" in line.lower() for line in viewer.lines)
    with running_server() as server:
        handlers = server._websock_server._incoming_handlers
        assert ShareUrlRequest not in {kind for kind, calls in handlers.items() if calls}


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_kill_stop_cleanly(chromium, demo_path: Path, how: signal.Signals, tmp_path: Path) -> None:
    with ViewerProcess([str(demo_path), "--port", "0"], TMPDIR=str(tmp_path)) as viewer:
        with open_page(chromium, viewer.url) as page:
            assert page.nodes()
        assert viewer.interrupt(how) == 0
        assert not any("Traceback" in line for line in viewer.lines)
    assert not list(tmp_path.glob("replay-viewer-*")), "what was unpacked is still there"
