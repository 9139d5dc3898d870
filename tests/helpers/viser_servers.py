"""viser servers for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import viser

from replay_viewer.viewer.wire.server import WebsocketHandler, close_server, open_server


@contextlib.contextmanager
def running_server(websockets_at: Mapping[str, WebsocketHandler] | None = None) -> Iterator[viser.ViserServer]:
    """A server on this machine alone, until the block ends."""
    server = open_server("127.0.0.1", 0, "test", websockets_at)
    try:
        yield server
    finally:
        close_server(server)
