"""The address of a running policy's control: a Unix socket beside the recording, or a port of this machine.

The process that steps listens there, a viewer connects; both run on Python 3.8.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from ...errors import BadArgument, FileProblem

# Of the environment: the secret without which nobody is listened to at a port, where proxies look local.
TOKEN_VARIABLE = "REPLAY_VIEWER_CONTROL_TOKEN"
LOOPBACK = "127.0.0.1"
_SUFFIX = ".control"
# Systems take no longer names of sockets; 104 bytes with their end on some.
_MAX_NAME_BYTES = 100
_BACKLOG = 64


@dataclass(frozen=True)
class ControlAddress:
    """Where a policy is controlled.

    Attributes:
        path: of the Unix socket; None at a port.
        host: the machine, of a port.
        port: its number.
        token: the secret that is asked for at a port.
    """

    path: Path | None = None
    host: str = LOOPBACK
    port: int = 0
    token: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.path is None else str(self.path)

    def listen(self) -> socket.socket:
        """A socket that listens there. Raises FileProblem, or BadArgument for a port, where that cannot be."""
        if self.path is None:
            return self._listen_at_port()
        try:
            _remove_stale(self.path)
            with _short_name(self.path) as name:
                return _listening(name)
        except OSError as error:
            fix = "A port will do: attach(..., control=5055)."
            raise FileProblem(self.path, f"cannot be a socket: {error.strerror or error}.", fix) from error

    def connect(self, timeout: float) -> socket.socket:
        """A socket that is connected to whoever listens there. Raises OSError."""
        if self.path is None:
            return socket.create_connection((self.host, self.port), timeout)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout)
            with _short_name(self.path) as name:
                connection.connect(name)
        except BaseException:
            connection.close()
            raise
        return connection

    def _listen_at_port(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(_BACKLOG)
        except (OSError, OverflowError) as error:
            listener.close()
            raise BadArgument("control", self.port, f"is no port to listen at: {error}. 0 takes any.") from error
        return listener


def parse_address(text: str, token: str) -> ControlAddress | None:
    """HOST:PORT as an address; None for anything else."""
    host, _, port = text.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536
    return ControlAddress(None, host, int(port), token) if host and is_port else None


def socket_of(recording: Path) -> Path:
    """The path of the Unix socket beside a recording."""
    return recording.with_name(recording.name + _SUFFIX)


def is_socket(path: Path) -> bool:
    """Whether there is a socket at a path; a link to one is none."""
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except OSError:
        return False


def _listening(name: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(name)
        # Before anybody can connect: only whoever runs the policy has a hand on it.
        os.chmod(name, 0o600)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _remove_stale(path: Path) -> None:
    """Remove a socket that a killed process has left: the recording is this process's own."""
    if is_socket(path):
        os.unlink(path)


@contextlib.contextmanager
def _short_name(path: Path) -> Iterator[str]:
    """A name of a path that is short enough for a socket, where the system has one."""
    absolute = os.path.abspath(path)
    if len(os.fsencode(absolute)) <= _MAX_NAME_BYTES or not os.path.isdir("/proc/self/fd"):
        yield absolute
        return
    folder = os.open(os.path.dirname(absolute), os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(absolute)}"
    finally:
        os.close(folder)
