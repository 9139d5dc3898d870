"""The key in the terminal: while a loop runs in the foreground of one, `l` switches its policy off and on.

For that the terminal hands on each key at once and does not echo it; Ctrl-C and Ctrl-Z work as ever. It is put back
when the recorder is closed, Python ends, or the process is stopped, and while the program asks something itself, by
`input()` or in a debugger; and by a small helper that outlives it where the
process is killed, or crashes.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import functools
import os
import select
import signal
import subprocess
import sys
import threading
import weakref
from typing import Any, Callable, Iterator

try:
    import termios as _termios
except ImportError:  # Windows.
    _termios = None

termios: Any = _termios
KEY = "l"
# How often it is looked whether the process is in the foreground [s].
_LOOK_PERIOD = 0.3
_LFLAG = 3
# Waits until its input ends, then puts back what it was given; its output is the terminal, of which no signal is meant
# for it.
_HELPER = "trap '' INT QUIT TSTP TTOU TTIN HUP TERM; cat >/dev/null; stty \"$1\" <&1 2>/dev/null"


class TerminalKeys:
    """Listens to the terminal until it is closed.

    Args:
        press: called, on a thread of its own, when the key was pressed; keys that were typed ahead are one.
    """

    def __init__(self, press: Callable[[], None]) -> None:
        self._press = press
        self._fd = sys.stdin.fileno()
        self._process, self._is_closed, self._is_raw = os.getpid(), False, False
        self._num_lent = 0
        self._lock = threading.RLock()
        self._usual = termios.tcgetattr(self._fd)
        self._helper = _start_helper(self._fd)
        self._woken, self._waker = os.pipe()
        self._before: dict[int, Any] = {}
        self._listen_to_signals()
        self._usual_input = builtins.input
        self._own_input = builtins.input = _lending(builtins.input, weakref.ref(self))
        # Of those that nobody closes.
        self._at_exit = atexit.register(_close_if_there, weakref.ref(self))
        threading.Thread(target=_run, args=(weakref.ref(self), self._fd, self._woken), daemon=True).start()

    def close(self) -> None:
        """Put the terminal back; a second call does nothing."""
        if self._is_closed or os.getpid() != self._process:
            return
        self._is_closed = True
        self.put_back()
        if builtins.input is self._own_input:
            builtins.input = self._usual_input
        for number, before in self._before.items():
            with contextlib.suppress(ValueError, TypeError):  # Another thread cannot.
                signal.signal(number, before)
        os.close(self._waker)  # The thread closes the other end.
        if self._helper is not None:
            self._helper.kill()  # Nothing is left to it.
            with contextlib.suppress(OSError):
                self._helper.communicate()
        atexit.unregister(self._at_exit)

    def take(self) -> None:
        """Have keys handed on at once, if the process is in the foreground."""
        with self._lock, contextlib.suppress(OSError, termios.error):
            if not (self._is_closed or self._is_raw or self._num_lent) and is_foreground(self._fd):
                self._usual = termios.tcgetattr(self._fd)
                raw = list(self._usual)
                raw[_LFLAG] &= ~(termios.ICANON | termios.ECHO)
                termios.tcsetattr(self._fd, termios.TCSANOW, raw)
                self._is_raw = True

    def put_back(self) -> None:
        """Have the terminal as it was."""
        with self._lock, contextlib.suppress(OSError, termios.error):
            if self._is_raw:
                self._is_raw = False
                if is_foreground(self._fd):
                    termios.tcsetattr(self._fd, termios.TCSANOW, self._usual)

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Leave the terminal to whoever else reads it meanwhile."""
        with self._lock:  # Nobody is reading.
            self._num_lent += 1
            self.put_back()
        try:
            yield
        finally:
            with self._lock:
                self._num_lent -= 1

    def look(self) -> bool:
        """Take in what was typed; False once there is nothing to listen to."""
        if self._is_closed:
            return False
        if not is_foreground(self._fd):
            self._is_raw = False  # A shell has its own way with the terminal meanwhile.
            return True
        with self._lock:
            if self._num_lent:
                return True
            self.take()
            try:
                ready, _, _ = select.select([self._fd], [], [], 0)
                typed = os.read(self._fd, 1 << 10) if ready else b"-"
            except (OSError, ValueError):
                return False
        if KEY.encode() in typed.lower():
            self._press()
        return bool(typed)

    def _listen_to_signals(self) -> None:
        """Put the terminal back before whatever stops or ends the process as nobody else has wished otherwise."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTSTP, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            if signal.getsignal(number) is signal.SIG_DFL:
                self._before[number] = signal.signal(number, self._on_end)

    def _on_end(self, number: int, _: Any) -> None:
        self.put_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        # After Ctrl-Z, once it goes on.
        signal.signal(number, self._on_end)
        self.take()


def has_terminal() -> bool:
    """Whether a program runs in a terminal of which nobody else reads the keys."""
    if termios is None or hasattr(sys, "ps1") or sys.flags.interactive or sys.stdin is None:
        return False
    try:
        return os.isatty(sys.stdin.fileno()) and is_foreground(sys.stdin.fileno())
    except (OSError, ValueError):  # What stands there is no file.
        return False


def is_foreground(fd: int) -> bool:
    """Whether the terminal is this process's to read: who reads it in the background is stopped."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


def _run(keys: weakref.ref[TerminalKeys], fd: int, woken: int) -> None:
    """Look whenever something is typed; who has no recorder any more is not kept alive for it."""
    try:
        while True:
            there = keys()
            if there is None or not there.look():
                return
            is_raw = there._is_raw
            del there
            ready, _, _ = select.select([woken, *([fd] if is_raw else [])], [], [], _LOOK_PERIOD)
            if woken in ready:
                return
    except (OSError, ValueError):
        return
    finally:
        os.close(woken)


def _lending(ask: Callable[..., str], keys: weakref.ref[TerminalKeys]) -> Callable[..., str]:
    """`input`, which debuggers ask by too, with the terminal as it usually is."""

    @functools.wraps(ask)
    def input_with_terminal(*prompt: Any) -> str:
        there = keys()
        with contextlib.nullcontext() if there is None else there.lent():
            return ask(*prompt)

    return input_with_terminal


def _start_helper(fd: int) -> subprocess.Popen | None:
    """A process that puts the terminal back when this one is gone; None where it cannot be started."""
    try:
        saved = subprocess.check_output(["stty", "-g"], stdin=fd, stderr=subprocess.DEVNULL).decode().strip()
        return subprocess.Popen(
            ["sh", "-c", _HELPER, "sh", saved],
            stdin=subprocess.PIPE,
            stdout=fd,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None


def _close_if_there(keys: weakref.ref[TerminalKeys]) -> None:
    there = keys()
    if there is not None:
        there.close()
