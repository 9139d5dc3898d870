"""The file of records: a line of JSON for each episode, appended when it ends."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator, Sequence

from ...container.layout import MAX_LINE_BYTES
from ...container.log import mend_last_line, try_lock
from ...episode_record import FILE_STEM, FILE_SUFFIX, EpisodeRecord, to_line
from ...errors import FileProblem
from ...files.regular import descriptor_of
from ...paths import make_new, numbered
from .batch import RecordBatch

_CLOSED = -1
_messages = logging.getLogger("replay_viewer")


def record_file_name(rebuild: int | None = None, rank: int | None = None) -> str:
    """The name of the file: one for each process, and for each time that its environment is built anew."""
    parts = [FILE_STEM]
    if rebuild is not None:
        parts.append(f"rebuild{rebuild}")
    if rank is not None:
        parts.append(f"rank{rank}")
    return "_".join(parts) + FILE_SUFFIX


class RecordFile:
    """Appends records to a file of its own.

    A batch of records is one write: of what was appended, nothing is lost, and of a batch that a kill interrupts, the
    lines that are whole stay.

    Args:
        path: of the file; its folder is made if need be. If it exists, `<name>-2.jsonl` is made, and so on: nothing is
            overwritten, and no two runs are mixed.
        resume: go on with the file that exists, unless another process is writing it; a last line that is torn is cut
            off, or completed where only its end is missing.

    Attributes:
        path: of the file.

    Raises:
        FileProblem: it cannot be written.
    """

    def __init__(self, path: str | Path, resume: bool = False) -> None:
        self._fd = _CLOSED
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self.path, self._fd = _open(Path(path), resume)
            # From here on, who resumes it knows that it is written.
            try_lock(self._fd)
            mend_last_line(self._fd)
        except OSError as error:
            self.close()
            raise FileProblem(path, f"cannot be written: {error.strerror or error}.") from error

    def numbers(self) -> dict[int, int]:
        """By env_id, how many episodes the file's records count: one more than the greatest `episode_in_env`."""
        found: dict[int, int] = {}
        for line in _lines(self._fd):
            env, episode = line.get("env_id"), line.get("episode_in_env")
            if isinstance(env, int) and isinstance(episode, int):
                found[env] = max(found.get(env, 0), episode + 1)
        return found

    def append(self, records: Sequence[EpisodeRecord] | RecordBatch) -> None:
        """Write a batch of records. Raises FileProblem where the disk refuses it; then no part of it stays."""
        if len(records) == 0:
            return
        if self._fd == _CLOSED:
            raise FileProblem(self.path, "is closed.")
        lines = records.lines() if isinstance(records, RecordBatch) else list(map(to_line, records))
        if max(map(len, lines)) >= MAX_LINE_BYTES:
            lines = [self._fitting(record, line) for record, line in zip(records, lines)]
        content = "".join(lines).encode()
        try:
            size = os.fstat(self._fd).st_size
            try:
                while content:
                    content = content[os.write(self._fd, content) :]
            except OSError:
                os.ftruncate(self._fd, size)
                raise
        except OSError as error:
            raise FileProblem(self.path, f"cannot be written: {error.strerror or error}.") from error

    def _fitting(self, record: EpisodeRecord, line: str) -> str:
        """The record's line; where it is longer than readers take, it does without what has no limit."""
        if len(line) < MAX_LINE_BYTES:
            return line
        _messages.warning(
            "%s: the record of episode %d of env %d is longer than %d bytes, and goes without variations and terms.",
            *(self.path, record.episode_in_env, record.env_id, MAX_LINE_BYTES),
        )
        return to_line(replace(record, variations={}, progress={}, more={}))

    def close(self) -> None:
        """A second call does nothing."""
        fd, self._fd = self._fd, _CLOSED
        if fd != _CLOSED:
            with contextlib.suppress(OSError):  # Some file systems write late; what was lost then is not known here.
                os.close(fd)


def _open(path: Path, resume: bool) -> tuple[Path, int]:
    """The first of the numbered files that can be made, or else resumed."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    if not resume:
        return make_new(path, lambda free: (free, descriptor_of(free, flags | os.O_EXCL, 0o644)))
    for candidate in numbered(path):
        fd = descriptor_of(candidate, flags, 0o644)
        if try_lock(fd):
            return candidate, fd
        os.close(fd)
    raise AssertionError("there is always another name")


def _lines(fd: int) -> Iterator[dict[str, Any]]:
    with open(os.dup(fd), "rb") as file:
        file.seek(0)
        for line in file:
            try:
                item = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(item, dict):
                yield item
