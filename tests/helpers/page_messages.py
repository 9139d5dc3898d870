"""Messages that a browser with the page sends, without a browser."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import msgspec
import websockets
import zstandard
from viser_servers import connected_browser
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from replay_viewer.viewer.app import ViewerApp


def control(app: ViewerApp, label: str) -> Any:
    """The control of this label."""
    handles: list[Any] = list(app._page.server.gui._gui_input_handle_from_uuid.values())
    return next(handle for handle in handles if getattr(handle._impl.props, "label", None) == label)


def update(handle: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "GuiUpdateMessage", "uuid": handle._impl.uuid, "updates": properties}


def asked(app: ViewerApp, action: object, value: object = None) -> dict[str, Any]:
    """What the page sends for an action."""
    return update(control(app, "page"), value=json.dumps({"do": action, "value": value, "n": time.monotonic_ns()}))


def send(app: ViewerApp, *messages: object) -> list[dict[str, Any]]:
    """Send messages as a browser that has opened the page, and stay until they were obeyed: gives what it is sent then.

    Or until the server hangs up.
    """
    with contextlib.suppress(websockets.ConnectionClosed), connected_browser(app.port) as connection:
        # Before the page is told what it shows, the server puts the camera where a new browser has it.
        received_until(connection, 'replayViewer.update({"title"')
        for message in (*messages, asked(app, "zoom")):
            connection.send(message if isinstance(message, (str, bytes)) else msgspec.msgpack.encode(message))
        return received_until(connection, "replayViewer.toggleZoom()")
    return []


def received_until(connection: Connection, script: str) -> list[dict[str, Any]]:
    """What the server sends until it has its page run a script that begins so."""
    received: list[dict[str, Any]] = []
    while not any(message.get("source", "").startswith(script) for message in received):
        frame = connection.recv(60)
        assert isinstance(frame, bytes)
        # As viser's page reads it: two sizes, packed messages, arrays.
        packed = frame[16 : 16 + int.from_bytes(frame[8:16], "little")]
        received += msgspec.msgpack.decode(zstandard.decompress(packed))["messages"]
    return received


def sent(app: ViewerApp, name: str, content: bytes) -> str:
    """Send a file as a browser does; returns its key."""
    with connect(f"ws://127.0.0.1:{app.port}/upload") as socket:
        socket.send(json.dumps({"files": [{"name": name, "size": len(content)}]}))
        socket.send(content)
        while True:
            answer = json.loads(socket.recv(timeout=10))
            if "key" in answer:
                return answer["key"]
