"""The index of episodes: records of what was read before, in the user's cache: only what has changed is read again.

Nothing is written beside recordings. The index is a copy that may be deleted at any time; where it cannot be read or
written, everything is read.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .. import __version__
from ..episode_record import EpisodeRecord
from ..paths import cache_folder
from .columns import packed, unpacked

# With each change of what is kept, or how it is made of a recording.
_LAYOUT = f"1 {__version__}"
# A file that was changed as short a time ago may be changed again without looking different [s].
_SETTLED = 2.0
# Those that were read longest ago go.
_MAX_SOURCES = 50_000
# Another process may be writing [s].
_PATIENCE = 0.3
# What was read for so long is not read again, if the process ends before the rest is [s].
_KEPT_EVERY = 20.0

_TABLES = """
CREATE TABLE IF NOT EXISTS about (layout TEXT);
CREATE TABLE IF NOT EXISTS sources (path TEXT PRIMARY KEY, stamp TEXT, problem TEXT, records BLOB);
"""


def index_path() -> Path:
    """Where the index is."""
    return cache_folder() / "episodes.sqlite"


class Index:
    """Records by the file or folder that they were made of.

    Args:
        path: of the index; by default `index_path()`.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._connection = _connected(path or index_path())
        # By name, the stamps of all that is kept; asked for once, since many sources are looked for in parts.
        self._stamps: dict[str, str] | None = None
        # What is put here is written in few batches: another process may be filling the index, and is waited for then.
        self._new: list[tuple[str, str, str, bytes]] = []
        self._written_at = time.monotonic()

    def find(self, sources: Sequence[Path]) -> dict[Path, tuple[list[EpisodeRecord], str]]:
        """The records of those sources that have not changed since they were put here, and what was wrong with them."""
        found: dict[Path, tuple[list[EpisodeRecord], str]] = {}
        with contextlib.suppress(sqlite3.Error), _no_garbage():
            if self._stamps is None:
                self._stamps = dict(self._ask("SELECT path, stamp FROM sources"))
            for source in sources:
                name = _name_of(source)
                stamp = self._stamps.get(name)
                if stamp and stamp == stamp_of(source):
                    question = "SELECT problem, records FROM sources WHERE path = ? AND stamp = ?"
                    for problem, content in self._ask(question, name, stamp):  # Another process may have removed it.
                        with contextlib.suppress(ValueError, LookupError, TypeError):
                            found[source] = unpacked(content), problem
        return found

    def put(self, source: Path, stamp: str, records: Sequence[EpisodeRecord], problem: str) -> None:
        """Keep the records of a source that had this stamp before it was read."""
        if not stamp:
            return
        with contextlib.suppress(TypeError, ValueError):
            _name_of(source).encode()  # A name that is no text has no row.
            self._new.append((_name_of(source), stamp, problem, packed(records)))
        if time.monotonic() - self._written_at >= _KEPT_EVERY:
            self._write()

    def close(self) -> None:
        """Write what was put here."""
        self._write()
        self._connection.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _write(self) -> None:
        with contextlib.suppress(sqlite3.Error, ValueError):
            self._connection.executemany("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?)", self._new)
            oldest = "SELECT rowid FROM sources ORDER BY rowid DESC LIMIT -1 OFFSET ?"
            self._connection.execute(f"DELETE FROM sources WHERE rowid IN ({oldest})", (_MAX_SOURCES,))
            self._connection.commit()
            self._new, self._stamps = [], None
        self._written_at = time.monotonic()

    def _ask(self, question: str, *values: object) -> Iterator[tuple]:
        return self._connection.execute(question, values)


@contextlib.contextmanager
def _no_garbage() -> Iterator[None]:
    """Look for no garbage: records come by the hundred thousand, and going through them takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def stamp_of(source: Path) -> str:
    """What changes with a file, or with a recording's folder; "" where that is changing just now, or is not there."""
    try:
        entries = os.scandir(source) if source.is_dir() else [source]
        states = sorted((entry.name, entry.stat()) for entry in entries)
    except OSError:
        return ""
    if any(abs(time.time() - state.st_mtime) < _SETTLED for _, state in states):
        return ""
    return " ".join(f"{name}:{state.st_size}:{state.st_mtime_ns}:{state.st_ino}" for name, state in states)


def _name_of(source: Path) -> str:
    return os.path.abspath(source)


def _connected(path: Path) -> sqlite3.Connection:
    """The index; a new one where it is damaged or of another version; one in memory where nothing can be written."""
    for place in (path, path, None):
        try:
            if place is None:
                return _opened(":memory:")
            place.parent.mkdir(parents=True, exist_ok=True)
            return _opened(str(place))
        except sqlite3.DatabaseError as error:
            if place is not None and not isinstance(error, sqlite3.OperationalError):
                with contextlib.suppress(OSError):
                    place.unlink()
        except OSError:
            continue
    raise AssertionError("there is always memory")


def _opened(place: str) -> sqlite3.Connection:
    connection = sqlite3.connect(place, timeout=_PATIENCE)
    try:
        connection.executescript(_TABLES)
        found = connection.execute("SELECT layout FROM about").fetchone()
        if found != (_LAYOUT,):
            connection.execute("DELETE FROM about")
            connection.execute("DELETE FROM sources")
            connection.execute("INSERT INTO about VALUES (?)", (_LAYOUT,))
            connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection
