"""The ledger: which films a target has already, in a file beside them, so that it holds across restarts."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from pathlib import Path
from typing import Iterable

from ..clips.films import Film
from ..container.log import mend_last_line, read_lines, try_lock, write_line
from ..errors import FileProblem
from ..files.regular import descriptor_of, read_limited

_MAX_BYTES = 64 << 20
_log = logging.getLogger("replay_viewer")


class Ledger:
    """Of one target. Only one process at a time has it.

    Args:
        folder: where the films are.
        target: the target's name.
    """

    def __init__(self, folder: Path, target: str) -> None:
        slug = re.sub(r"[^A-Za-z0-9]+", "-", target).strip("-")[:40]
        self.path = folder / f".uploaded-{slug}-{hashlib.sha256(target.encode()).hexdigest()[:8]}.jsonl"
        self._folder, self._fd, self._is_kept = folder, -1, True
        self._seen: set[tuple[str, int, int]] = set()

    def take(self) -> bool:
        """Have it from now on, and read it; False while another process has it, which may have added to it."""
        if self._fd != -1 or not self._is_kept:
            return True
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            fd = descriptor_of(self.path, flags, 0o644)
        except (OSError, FileProblem) as error:
            self._lose(error)
            return True
        try:
            is_ours = try_lock(fd)
            if is_ours:
                mend_last_line(fd)
            with os.fdopen(os.dup(fd), "rb") as file:
                file.seek(0)
                lines = list(read_lines(read_limited(file, self.path, _MAX_BYTES)))
        except BaseException:
            os.close(fd)
            raise
        self._seen.update(
            (str(line.get("file")), _number(line.get("num_bytes")), _number(line.get("modified"))) for line in lines
        )
        if is_ours:
            self._fd = fd
        else:
            os.close(fd)
        return is_ours

    def has(self, film: Film) -> bool:
        """Whether the target has the film as it is now."""
        return self._entry(film) in self._seen

    def add(self, films: Iterable[Film]) -> None:
        """The target has these films."""
        for film in films:
            self._seen.add(self._entry(film))
            name, num_bytes, modified = self._entry(film)
            try:
                if self._fd != -1:
                    write_line(self._fd, {"file": name, "num_bytes": num_bytes, "modified": modified})
            except OSError as error:
                self._lose(error)

    def close(self) -> None:
        """Another process may have it."""
        fd, self._fd = self._fd, -1
        if fd != -1:
            os.close(fd)

    def _entry(self, film: Film) -> tuple[str, int, int]:
        assert film.path is not None, "there is a file"
        return os.path.relpath(film.path, self._folder).replace(os.sep, "/"), film.num_bytes, film.modified

    def _lose(self, error: Exception) -> None:
        """Go on without a file."""
        self.close()
        self._is_kept = False
        _log.warning("%s: cannot be written (%s): after a restart films are uploaded again.", self.path, error)


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1
