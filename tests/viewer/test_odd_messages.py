"""Claims about what a browser may send: nothing but the page's own actions and values has any effect or is printed."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import viser
import websockets
from websockets.sync.client import connect

from replay_viewer.paths import asset
from replay_viewer.replay.replay import open_replay
from replay_viewer.viewer.app import ViewerApp

_CAMERA = {
    "type": "ViewerCameraMessage",
    **{"wxyz": [1, 0, 0, 0], "position": [1, 1, 1], "look_at": [0, 0, 0], "up_direction": [0, 0, 1]},
    **{"fov": 1.0, "near": 0.1, "far": 100.0, "image_height": 100, "image_width": 100},
}


@pytest.fixture(scope="module")
def app() -> Iterator[ViewerApp]:
    with ViewerApp(port=0) as app:
        app.show(open_replay(asset("walk.rec")))
        yield app


def control(app: ViewerApp, label: str) -> Any:
    """The control of this label."""
    handles: list[Any] = list(app._page.server.gui._gui_input_handle_from_uuid.values())
    return next(handle for handle in handles if getattr(handle._impl.props, "label", None) == label)


def update(handle: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "GuiUpdateMessage", "uuid": handle._impl.uuid, "updates": properties}


def asked(app: ViewerApp, action: object, value: object = None) -> dict[str, Any]:
    """What the page sends for an action."""
    return update(control(app, "page"), value=json.dumps({"do": action, "value": value, "n": time.monotonic_ns()}))


def send(app: ViewerApp, *messages: object) -> None:
    """Send messages as a browser that has just opened the page."""
    url = f"ws://127.0.0.1:{app.port}/"
    protocol = websockets.Subprotocol(f"viser-v{viser.__version__}")
    with (
        contextlib.suppress(websockets.ConnectionClosed),  # The server hangs up on what it cannot read.
        connect(url, subprotocols=[protocol], max_size=None) as connection,
    ):
        for message in (_CAMERA, *messages):
            connection.send(message if isinstance(message, (str, bytes)) else msgspec.msgpack.encode(message))
            time.sleep(0.02)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_pages_own_messages_are_obeyed(app: ViewerApp) -> None:
    send(app, asked(app, "seek", 33), asked(app, "set_speed", "0.5"), asked(app, "set_loop", "episode"))
    until(lambda: app.session.player.loop == "episode")
    assert (app.session.player.step, app.session.player.speed) == (33, 0.5)


def test_messages_that_are_none_of_the_pages_change_nothing_and_print_no_traceback(
    app: ViewerApp, caplog: pytest.LogCaptureFixture
) -> None:
    send(app, asked(app, "seek", 7))
    until(lambda: app.session.player.step == 7)
    texts = [
        "garbage",
        "[1]",
        "5",
        "null",
        "{}",
        '{"do": []}',
        '{"do": "rm"}',
        "[" * 100_000,
        '{"do": "seek", "value": 1e999}',
    ]
    values = [[], {}, "x", None, -1, 0, "nan", 10**400]
    page, env = control(app, "page"), control(app, "Env")
    before = (app.session.env_id, app.session.player.speed, app.session.player.loop)
    with caplog.at_level(logging.WARNING):
        send(app, *(update(page, value=text) for text in texts))
        actions = ("set_speed", "set_loop", "set_look", "restore_view")
        send(app, *(asked(app, action, value) for action in actions for value in values))
        send(app, *(asked(app, "seek", value) for value in ([], {}, "x", None, "nan", 10**400)))
        send(app, *(update(env, value=value) for value in ("zzz", "99999", 5, [])))
        time.sleep(0.2)
    assert not caplog.records
    assert (app.session.env_id, app.session.player.speed, app.session.player.loop) == before
    assert app.session.player.step == 7


def test_a_browser_cannot_take_a_control_out_of_work(app: ViewerApp) -> None:
    page = control(app, "page")
    send(app, update(page, update_cb=[]), update(page, sync_cb=None, removed=True), update(page, no_such_thing=1))
    send(app, asked(app, "seek", 21))
    until(lambda: app.session.player.step == 21)


def test_what_is_no_message_ends_its_connection_with_one_line(app: ViewerApp, caplog: pytest.LogCaptureFixture) -> None:
    odd = ["text", b"\xff\xff", {"a": 1}, {"type": "Evil"}, [1], {**_CAMERA, "wxyz": "x", "fov": "y"}]
    with caplog.at_level(logging.WARNING):
        for message in odd:
            send(app, message)
        until(lambda: len(caplog.records) >= len(odd))
    assert not any(record.exc_info or "\n" in record.getMessage() for record in caplog.records)
    send(app, asked(app, "seek", 12))
    until(lambda: app.session.player.step == 12)


@pytest.mark.parametrize(
    "odd",
    [
        {"position": [float("nan")] * 3},
        {"position": [1e30, 0, 0]},
        {"position": [0, 0, 0]},
        {"look_at": [float("inf")] * 3},
        {"wxyz": [0, 0, 0]},
        {"fov": -1.0},
        {"fov": 1e9},
    ],
    ids=str,
)
def test_nothing_is_drawn_from_a_camera_that_is_none(
    app: ViewerApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, odd: dict[str, Any]
) -> None:
    told: list[str] = []
    monkeypatch.setattr(app, "notify", lambda title, problem: told.append(problem))
    with caplog.at_level(logging.WARNING):
        send(app, {**_CAMERA, **odd}, asked(app, "draw_screenshot", [640, 360]))
        until(lambda: bool(told))
    assert not caplog.records and "camera cannot be drawn with" in told[0]


def test_a_camera_that_is_nowhere_harms_nobody(app: ViewerApp, caplog: pytest.LogCaptureFixture) -> None:
    nowhere = {**_CAMERA, "position": [float("nan")] * 3}
    with caplog.at_level(logging.WARNING):
        send(app, nowhere, asked(app, "toggle_follow"), asked(app, "toggle_follow"), asked(app, "seek", 5))
        until(lambda: app.session.player.step == 5)
    assert not caplog.records
