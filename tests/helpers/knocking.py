"""Requests as browsers, proxies and others make them, header by header."""

from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass
from email.message import Message

WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@dataclass(frozen=True)
class Answer:
    """What came back. text: of the body, empty for a websocket that was opened."""

    status: int
    headers: Message
    text: str


def knock(
    port: int,
    path: str = "/",
    headers: dict[str, str] | None = None,
    *more: tuple[str, str],
    host: str | None = "localhost",
) -> Answer:
    """Send one request to this machine, with these headers alone; more: headers that are given a second time."""
    given = [*{**({} if host is None else {"Host": host}), **(headers or {})}.items(), *more]
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given), "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1"))
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        text = "" if answer.status == 101 else answer.read().decode()
        return Answer(answer.status, answer.headers, text)


def knock_for_websocket(port: int, host: str, origin: str | None, path: str = "/", **headers: str) -> int:
    """Ask for a websocket from a page of this origin, and say with which status that was answered."""
    from_page = {} if origin is None else {"Origin": origin}
    return knock(port, path, {**WEBSOCKET, **from_page, **headers}, host=host).status
