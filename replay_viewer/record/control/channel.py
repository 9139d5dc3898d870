"""The channel: a thread that listens for viewers, hands on what their pages ask for, and tells them how things stand.

Lines of JSON go both ways. From a viewer: `{"token": ...}` first where one is asked for, then lines such as
`{"page": "3", "do": "push", "env": 0, "value": [1, 0, 0]}`, and "alive" or "left" in the place of "push".
To it: `{"state": {...}}`, at least twice a second, or `{"refused": why}`. Whatever else comes ends the connection.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import logging
import os
import selectors
import socket
import threading
import time
import weakref
from typing import Any, Callable, Mapping

from .address import ControlAddress
from .hand import Hand

_MAX_CONNECTIONS, _MAX_PAGES = 8, 64
_MAX_LINE, _MAX_WAITING = 1 << 12, 1 << 18
# How often the state is told [s], and how long somebody may take to show the token.
_TELL_PERIOD, _PATIENCE = 0.5, 2.0
_messages = logging.getLogger("replay_viewer")

# Takes who asks, for what, of which env, and how.
Ask = Callable[[Hand, str, Any, Any], None]


class Channel:
    """Listens until it is closed; nobody waits for it.

    Args:
        address: where.
        ask: told of what pages ask for, on this channel's thread.
        state: how things stand, as long as nothing else is told.

    Attributes:
        address: with the port that was taken.

    Raises:
        FileProblem, BadArgument: it cannot listen there.
    """

    def __init__(self, address: ControlAddress, ask: Ask, state: Mapping[str, Any]) -> None:
        self._listener = address.listen()
        self._listener.setblocking(False)
        port = self._listener.getsockname()[1] if address.path is None else 0
        self.address = ControlAddress(address.path, address.host, port, address.token)
        self._ask, self._state = ask, state
        self._connections: dict[socket.socket, _Connection] = {}
        self._waker, self._woken = socket.socketpair()
        for end in (self._waker, self._woken):
            end.setblocking(False)
        self._is_closed = False
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name="replay-viewer control", daemon=True)
        self._thread.start()
        _channels.add(self)

    def tell(self, state: Mapping[str, Any]) -> None:
        """Tell every viewer how things stand now; from any thread, returns at once."""
        self._state = state
        self._wake()

    def close(self) -> None:
        """Listen no more; a second call does nothing."""
        if self._is_closed or os.getpid() != self._process:
            return
        self._is_closed = True
        self._wake()
        self._thread.join(_PATIENCE)

    def abandon(self) -> None:
        """In a copy of the process, made by fork: leave the channel to the original."""
        self._is_closed = True
        for end in (self._listener, self._waker, self._woken, *self._connections):
            end.close()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # It is awake already, or closed.
            self._waker.send(b".")

    def _run(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._listener, selectors.EVENT_READ)
                selector.register(self._woken, selectors.EVENT_READ)
                while not self._is_closed:
                    self._serve(selector)
        except Exception as error:
            _messages.warning("control by hand: nobody is listened to any more (%s: %s).", type(error).__name__, error)
        finally:
            for connection in list(self._connections.values()):
                connection.close()
            self._listener.close()
            if self.address.path is not None:
                with contextlib.suppress(OSError):
                    os.unlink(self.address.path)

    def _serve(self, selector: selectors.BaseSelector) -> None:
        """Wait for something, and do it; with nobody there, for as long as it takes."""
        is_any_there = bool(self._connections)
        ready = [key.fileobj for key, _ in selector.select(_TELL_PERIOD if is_any_there else None)]
        for found in ready:
            if found is self._listener:
                self._accept(selector)
            elif found is self._woken:
                with contextlib.suppress(BlockingIOError):
                    self._woken.recv(1 << 10)
            else:
                self._connections[found].receive()  # type: ignore[index]
        is_news = self._woken in ready or self._listener in ready
        for end, connection in list(self._connections.items()):
            connection.tell(self._state, is_news)
            if connection.is_over:
                selector.unregister(end)
                connection.close()
                del self._connections[end]

    def _accept(self, selector: selectors.BaseSelector) -> None:
        try:
            end, _ = self._listener.accept()
        except OSError:  # Whoever it was is gone again.
            return
        if len(self._connections) >= _MAX_CONNECTIONS:
            end.close()
            return
        end.setblocking(False)
        self._connections[end] = _Connection(end, self.address.token, self._ask)
        selector.register(end, selectors.EVENT_READ)


class _Connection:
    """A viewer that is connected, with the hands of its pages.

    Attributes:
        is_over: whether it has ended, by itself or by nonsense.
    """

    def __init__(self, end: socket.socket, token: str, ask: Ask) -> None:
        self._end, self._token, self._ask = end, token, ask
        self._is_known = not token
        self._came, self._told = time.monotonic(), 0.0
        self._received, self._waiting = b"", b""
        self._hands: dict[str, Hand] = {}
        self.is_over = False

    def receive(self) -> None:
        """Take what has come."""
        try:
            content = self._end.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            content = b""
        self.is_over = self.is_over or not content
        *lines, self._received = (self._received + content).split(b"\n")
        for line in lines:
            if not self.is_over:
                self._take(line)
        if len(self._received) > _MAX_LINE:
            self.is_over = True

    def tell(self, state: Mapping[str, Any], is_news: bool) -> None:
        """Tell how things stand, if that was not told lately; whoever takes nothing for long is given up."""
        now = time.monotonic()
        if not self._is_known:
            self.is_over = self.is_over or now - self._came > _PATIENCE
        elif is_news or now - self._told >= _TELL_PERIOD:
            self._told = now
            self._send({"state": state})

    def close(self) -> None:
        """End it; its hands let go."""
        for hand in self._hands.values():
            hand.leave()
        self._end.close()

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line) if len(line) <= _MAX_LINE else None
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            self.is_over = True
        elif not self._is_known:
            self._check(message.get("token"))
        else:
            self._hand_on(message)

    def _check(self, token: Any) -> None:
        given = token if isinstance(token, str) else ""
        self._is_known = hmac.compare_digest(given.encode(errors="replace"), self._token.encode())
        if not self._is_known:
            self._send({"refused": "the token is another one"})
            self.is_over = True

    def _hand_on(self, message: Mapping[str, Any]) -> None:
        page, what = message.get("page"), message.get("do")
        if not isinstance(page, str) or not isinstance(what, str) or len(page) > 20 or not page.isalnum():
            return
        if page not in self._hands:
            if len(self._hands) >= _MAX_PAGES:
                return
            self._hands[page] = Hand(f"page {page}")
        hand = self._hands[page]
        hand.hear()
        if what == "left":
            self._hands.pop(page).leave()
        elif what != "alive":
            self._ask(hand, what, message.get("env"), message.get("value"))

    def _send(self, message: Mapping[str, Any]) -> None:
        self._waiting += json.dumps(message).encode() + b"\n"
        try:
            self._waiting = self._waiting[self._end.send(self._waiting) :]
        except BlockingIOError:
            pass
        except OSError:
            self.is_over = True
        self.is_over = self.is_over or len(self._waiting) > _MAX_WAITING


# Those that listen.
_channels: weakref.WeakSet[Channel] = weakref.WeakSet()


def _leave_all_to_parent() -> None:
    for channel in list(_channels):
        channel.abandon()


# A worker that inherits the socket would keep it open when the original is long gone.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)
