"""Claims about what a browser may send: nothing but the page's own actions and values has any effect or is printed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from page_messages import asked, control, send, update
from viser_servers import CAMERA

from replay_viewer.paths import asset
from replay_viewer.replay.replay import open_replay
from replay_viewer.replay.world import world_of
from replay_viewer.viewer.app import ViewerApp


@pytest.fixture(scope="module")
def app() -> Iterator[ViewerApp]:
    with ViewerApp(port=0) as app:
        app.show(world_of([open_replay(asset("walk.rec"))]))
        yield app


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_pages_own_messages_are_obeyed(app: ViewerApp) -> None:
    send(app, asked(app, "seek", 33), asked(app, "set_speed", "0.5"), asked(app, "set_loop", "episode"))
    player = app.session.player
    assert (player.step, player.speed, player.loop) == (33, 0.5, "episode")


def test_messages_that_are_none_of_the_pages_change_nothing_and_print_no_traceback(
    app: ViewerApp, caplog: pytest.LogCaptureFixture
) -> None:
    send(app, asked(app, "seek", 7))
    assert app.session.player.step == 7
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
    assert not caplog.records
    assert (app.session.env_id, app.session.player.speed, app.session.player.loop) == before
    assert app.session.player.step == 7


def test_a_browser_cannot_take_a_control_out_of_work(app: ViewerApp) -> None:
    page = control(app, "page")
    send(app, update(page, update_cb=[]), update(page, sync_cb=None, removed=True), update(page, no_such_thing=1))
    send(app, asked(app, "seek", 21))
    assert app.session.player.step == 21


def test_what_is_no_message_ends_its_connection_with_one_line(app: ViewerApp, caplog: pytest.LogCaptureFixture) -> None:
    odd = ["text", b"\xff\xff", {"a": 1}, {"type": "Evil"}, [1], {**CAMERA, "wxyz": "x", "fov": "y"}]
    with caplog.at_level(logging.WARNING):
        for message in odd:
            send(app, message)
        until(lambda: len(caplog.records) >= len(odd))
    assert not any(record.exc_info or "\n" in record.getMessage() for record in caplog.records)
    send(app, asked(app, "seek", 12))
    assert app.session.player.step == 12


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
    app: ViewerApp, caplog: pytest.LogCaptureFixture, odd: dict[str, Any]
) -> None:
    with caplog.at_level(logging.WARNING):
        received = send(app, {**CAMERA, **odd}, asked(app, "draw_screenshot", [640, 360]))
    told = [message["props"]["body"] for message in received if message["type"] == "NotificationShowMessage"]
    assert not caplog.records and len(told) == 1 and "camera cannot be drawn with" in told[0]


def test_a_camera_that_is_nowhere_harms_nobody(app: ViewerApp, caplog: pytest.LogCaptureFixture) -> None:
    nowhere = {**CAMERA, "position": [float("nan")] * 3}
    with caplog.at_level(logging.WARNING):
        send(app, nowhere, asked(app, "toggle_follow"), asked(app, "toggle_follow"), asked(app, "seek", 5))
        assert app.session.player.step == 5
    assert not caplog.records
