"""The shelf of a writer: its films from the first frame until they are complete, and those that are kept."""

from __future__ import annotations

import logging
import os
import shutil
from collections import deque
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any, Mapping

from ...clip_record import ClipRecord
from ...clips.manifest import records_of
from ...errors import FileProblem, ReplayError
from ..background import BackgroundCalls
from .completing import complete_film, now, partial_name
from .film import StreamedFilm
from .guardian import Guardian
from .manifest import Manifest, host_name

# Films that wait for their encoders' ends.
_DEPTH = 10_000
_STATIC = (
    "identical frames: all {} are the same picture{}. So are those of a simulator that draws nothing without a "
    "display; record its states instead, which needs none"
)
_messages = logging.getLogger("replay_viewer")


class Shelf:
    """Begins films, completes them beside the simulation, and removes the oldest where there are too many.

    Args:
        folder: of the run.
        keep_last: how many films of each camera are kept; None for all.
        max_bytes: of all films together; None for no limit.
        keep_states: whether recordings of states stay when their film is drawn, and as long as it is kept.
        python: the interpreter that draws; None where there is none.
    """

    def __init__(
        self,
        folder: Path,
        keep_last: int | None = None,
        max_bytes: int | None = None,
        keep_states: bool = True,
        python: str | None = None,
    ) -> None:
        self.folder, self.python = folder, python
        self._keep_last, self._max_bytes, self._keep_states = keep_last, max_bytes, keep_states
        # Made with the first film: who records none leaves no trace.
        self._manifest: Manifest | None = None
        self._guardian: Guardian | None = None
        self._calls: BackgroundCalls | None = None
        self._numbers = count()
        self._kept: deque[ClipRecord] = deque()
        self._num_users, self._process = 1, os.getpid()

    def share(self) -> Shelf:
        """For one more user, who closes it too."""
        self._num_users += 1
        return self

    def begin(self, **facts: Any) -> ClipRecord:
        """Write that a film is begun: facts of its record."""
        manifest = self._manifest
        if manifest is None:
            manifest = self._manifest = Manifest(self.folder)
            self._guardian = Guardian(manifest.path, self.python)
        record = ClipRecord(
            clip=f"{manifest.token}-{next(self._numbers)}",
            file=None,
            started=now(),
            pid=os.getpid(),
            host=host_name(),
            **facts,
        )
        stated = record.facts.get("experiment")
        if stated is not None:
            record = replace(record, experiment=str(stated))
        if record.recording is None:
            record = replace(record, file=partial_name(record))
        manifest.write(record)
        return record

    def film_of(self, record: ClipRecord, size: tuple[int, int] | None, rate: Fraction) -> StreamedFilm:
        """The film that a record is of. Raises FileProblem."""
        assert record.file is not None and self._manifest is not None
        return StreamedFilm(self.folder / record.file, size, rate, self._manifest.lock)

    def write(self, record: ClipRecord) -> None:
        """Write what is known of a film by now."""
        if self._manifest is not None:
            self._manifest.write(record)

    def complete(self, record: ClipRecord, film: StreamedFilm) -> None:
        """A film has its last frame: what is known of it is written at once, and its name when the encoder is done."""
        if film.is_static and record.note is None:
            record = replace(record, note=_STATIC.format(film.num_frames, ", all black" if film.is_black else ""))
            _messages.warning("%s of episode %s: %s.", record.camera or record.kind, record.key, record.note)
        self.write(replace(record, ended=record.ended or now()))
        self._later(self._complete, (replace(record, ended=record.ended or now()), film))

    def keep(self, record: ClipRecord) -> None:
        """A film of states is recorded; the oldest go where there are too many."""
        self._later(self._keep, record)

    def close(self) -> None:
        """Wait until all films are complete, when the last user has closed it."""
        self._num_users -= 1
        if os.getpid() != self._process or self._num_users > 0:
            return
        if self._calls is not None:
            self._calls.finish()
            self._calls = None
        if self._manifest is not None:
            self._manifest.close()
        if self._guardian is not None:
            self._guardian.dismiss()

    def _later(self, call: Any, argument: Any) -> None:
        if self._calls is None:
            self._calls = BackgroundCalls(_DEPTH)
        self._calls.add(call, argument)

    def _complete(self, what: tuple[ClipRecord, StreamedFilm]) -> None:
        record, film = what
        try:
            film.finish()
            record = complete_film(self.folder, film.path, record)
            self.write(record)
        except ReplayError as error:
            _messages.error("%s", error)
            return
        if record.file is not None:
            self._keep(record)

    def _keep(self, record: ClipRecord) -> None:
        self._kept.append(record)
        same = [kept for kept in self._kept if _series(kept) == _series(record)]
        while self._keep_last is not None and len(same) > self._keep_last:
            self._remove(same.pop(0), f"keep_last_n_clips={self._keep_last}")
        while self._max_bytes is not None and len(self._kept) > 1 and self._bytes() > self._max_bytes:
            self._remove(self._kept[0], f"max_bytes={self._max_bytes}")

    def _bytes(self) -> int:
        return sum(bytes_of(self.folder / path) for kept in self._kept for path in (kept.file, kept.recording) if path)

    def _remove(self, record: ClipRecord, reason: str) -> None:
        self._kept.remove(record)
        try:
            if record.recording is not None and self._manifest is not None:  # By now, somebody may have drawn it.
                record = records_of(self._manifest.path).get(record.clip, record)
            for path in (record.file, record.recording):
                if path is not None:
                    remove(self.folder / path)
            self.write(
                replace(record, file=None, recording=None, drawing=None, complete=True, note=f"removed: {reason}")
            )
        except (OSError, FileProblem) as error:
            _messages.warning("%s cannot be removed: %s.", record.file or record.recording, error)


def bytes_of(path: Path) -> int:
    """Of a file, or of all in a folder; 0 where there is none."""
    with suppress(OSError):
        if path.is_dir():
            return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        return path.stat().st_size
    return 0


def remove(path: Path) -> None:
    """Remove a film or a recording, which may be gone already. May raise OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


def _series(record: ClipRecord) -> Mapping[str, Any]:
    return {"kind": record.kind, "camera": record.camera, "env": record.key.get("env_id")}
