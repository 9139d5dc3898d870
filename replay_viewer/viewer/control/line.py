"""The line to a process that runs a policy: connected on a thread of its own, again and again, until it is closed."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ...record.control.address import ControlAddress

# How long a connection may take, and may bring nothing though the state is told twice a second [s].
_PATIENCE = 3.0
# How long until it is tried again [s].
_PAUSE = 0.5
# A state is told in some hundred bytes.
_MAX_LINE = 1 << 20


class ControlLine:
    """Tells the process what pages ask for, and knows how things stand there.

    Args:
        address: of its control.
        changed: called, on the line's thread, when the state is another one.

    Attributes:
        state: how things stand, as the process tells it; None while nobody is connected.
        problem: why nobody is, where that is known.
    """

    def __init__(self, address: ControlAddress, changed: Callable[[], object]) -> None:
        self._address, self._changed = address, changed
        self.state: Mapping[str, Any] | None = None
        self.problem = ""
        self._end: socket.socket | None = None
        self._closing = threading.Event()
        threading.Thread(target=self._run, name="replay-viewer control", daemon=True).start()

    def send(self, page: int, what: str, env_id: int | None = None, value: Any = None) -> None:
        """Hand on what a page asks for; returns at once, and does nothing while nobody is connected."""
        end = self._end
        if end is None:
            return
        line = json.dumps({"page": str(page), "do": what, "env": env_id, "value": value}).encode() + b"\n"
        try:
            sent = end.send(line, socket.MSG_DONTWAIT)
        except OSError:
            sent = 0
        if sent < len(line):  # Half a line would be nonsense, and whoever takes none is as good as gone.
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up."""
        self._closing.set()
        end = self._end
        if end is not None:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(OSError):
                with self._address.connect(_PATIENCE) as end:
                    self._talk(end)
            self._end = None
            self._set(None)
            self._closing.wait(_PAUSE)

    def _talk(self, end: socket.socket) -> None:
        """Take what is told until the line is over. May raise OSError."""
        end.settimeout(_PATIENCE)
        if self._address.token:
            end.sendall(json.dumps({"token": self._address.token}).encode() + b"\n")
        received = b""
        while not self._closing.is_set():
            content = end.recv(1 << 16)
            *lines, received = (received + content).split(b"\n")
            for line in lines:
                self._take(line, end)
            if not content or len(received) > _MAX_LINE:
                return

    def _take(self, line: bytes, end: socket.socket) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(message, dict):
            return
        if isinstance(message.get("refused"), str):
            self.problem = f"The running policy refuses this viewer: {message['refused'][:200]}."
            self._changed()
        elif isinstance(message.get("state"), dict):
            self.problem, self._end = "", end
            self._set(message["state"])

    def _set(self, state: Mapping[str, Any] | None) -> None:
        if state != self.state:
            self.state = state
            self._changed()
