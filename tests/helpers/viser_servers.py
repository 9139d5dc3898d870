"""viser servers for a while, and browsers as a server sees them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import msgspec
import viser
import websockets
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from replay_viewer.viewer.wire.access import Access
from replay_viewer.viewer.wire.server import WebsocketHandler, close_server, open_server

# What a browser says first of all: where it looks from.
CAMERA = {
    "type": "ViewerCameraMessage",
    **{"wxyz": [1, 0, 0, 0], "position": [1, 1, 1], "look_at": [0, 0, 0], "up_direction": [0, 0, 1]},
    **{"fov": 1.0, "near": 0.1, "far": 100.0, "image_height": 100, "image_width": 100},
}


@contextlib.contextmanager
def running_server(
    websockets_at: Mapping[str, WebsocketHandler] | None = None, access: Access | None = None
) -> Iterator[viser.ViserServer]:
    """A server until the block ends; on this machine alone, where nothing else is said."""
    server = open_server(access or Access(), 0, "test", websockets_at)
    try:
        yield server
    finally:
        close_server(server)


@contextlib.contextmanager
def connected_browser(port: int) -> Iterator[Connection]:
    """The websocket of a browser that has just opened the page."""
    protocol = websockets.Subprotocol(f"viser-v{viser.__version__}")
    with connect(f"ws://127.0.0.1:{port}/", subprotocols=[protocol], max_size=None, max_queue=None) as connection:
        connection.send(msgspec.msgpack.encode(CAMERA))
        yield connection
