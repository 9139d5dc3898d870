"""The manifest of a writer of films: a line for each that is begun, and another when it is complete."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import weakref
from pathlib import Path

from ...clip_record import CLOSED, MANIFEST_STEM, MANIFEST_SUFFIX, ClipRecord, to_json
from ...container.log import JsonLines, try_lock
from ...errors import FileProblem

_manifests: weakref.WeakSet = weakref.WeakSet()


def host_name() -> str:
    """Of this machine, as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname())[:60] or "host"


class Manifest:
    """Appends lines to a file of its own, which it and its encoders hold a lock on.

    An encoder outlives a writer that is killed, until it has written what it was given. So the lock of a manifest is
    free when its films are complete, or will never be.

    Args:
        folder: of the run; made if need be.

    Attributes:
        path: of the file.
        folder: in which it lies.
        token: tells this writer from every other one.

    Raises:
        FileProblem: it cannot be made here.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.token = folder, f"{os.getpid()}-{secrets.token_hex(3)}"
        self.path = folder / f"{MANIFEST_STEM}-{host_name()}-{self.token}{MANIFEST_SUFFIX}"
        self._process = os.getpid()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lines = JsonLines(self.path)
            try_lock(self._lines.fd)
        except OSError as error:
            raise FileProblem(error.filename or folder, f"cannot be written: {error.strerror or error}.") from error
        _manifests.add(self)

    @property
    def lock(self) -> int:
        """The descriptor whose holders hold the lock, for encoders."""
        return self._lines.fd

    def write(self, record: ClipRecord) -> None:
        """Append what is known of a film. Raises FileProblem where the disk refuses it."""
        if os.getpid() != self._process:
            return  # A process that was forked has films of its own, if any.
        try:
            self._lines.append(to_json(record))
        except OSError as error:
            raise FileProblem(self.path, f"cannot be written: {error.strerror or error}.") from error

    def close(self) -> None:
        """State that nothing is left to do; a second call does nothing."""
        with contextlib.suppress(OSError):
            if self._lines.fd >= 0 and os.getpid() == self._process:
                self._lines.append({CLOSED: True})
        self.drop()

    def drop(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(OSError):
            self._lines.close()


def _drop_all() -> None:
    for manifest in list(_manifests):
        manifest.drop()


if hasattr(os, "register_at_fork"):
    # The lock is held for as long as anybody has the file open.
    os.register_at_fork(after_in_child=_drop_all)
