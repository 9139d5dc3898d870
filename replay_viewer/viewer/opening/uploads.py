"""Files that browsers send: every drop in a folder of its own, removed at the latest when the viewer ends.

A browser sends a drop through a websocket of its own, so that neither its playback nor anybody else's waits for it.
First comes `{"files": [{"name": ..., "size": ...}, ...]}` as text, then the bytes of all these files, one after the
other, in messages of at most CHUNK_BYTES. The answers are `{"received": bytes}` after each message, at the end
`{"key": ...}`, by which the drop can be opened, and `{"problem": ...}` where something does not fit. Who closes the
websocket before the end cancels.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from websockets.exceptions import ConnectionClosed

from ...container.disk import SPARED_BYTES
from ...container.layout import is_inside
from ...errors import BadArgument, ReplayError, printable

UPLOAD_PATH = "/upload"
CHUNK_BYTES = 1 << 20
MAX_BYTES = 4 << 30
MAX_FILES = 10_000
# So much of the disk is left to others.
_SPARED_BYTES = SPARED_BYTES
# File systems take names of so many bytes.
_MAX_NAME_BYTES = 255
_AT_ONCE = 4
# A drop that arrived less than so long ago is not removed [s].
_NEW = 60.0
# Who sends nothing for so long is not waited for any more [s].
_PATIENCE = 60.0
# While another waits for its turn, who sends nothing for so long loses it, and who waits is told after so long [s].
_PATIENCE_OF_OTHERS, _LONGEST_TURN = 2.0, 10.0
_LOOK = 0.1

_log = logging.getLogger(__name__)


class UploadRefused(ReplayError):
    """Files that are not taken, and why."""


class Connection(Protocol):
    """What of a websocket is used here."""

    async def recv(self) -> str | bytes: ...

    async def send(self, message: str) -> None: ...


@dataclass(frozen=True)
class IncomingFile:
    """A file that a browser is about to send. name: relative, with forward slashes. size: in bytes."""

    name: str
    size: int


class Uploads:
    """The drops of all browsers. They arrive on the server's thread, and are opened on the viewer's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._root: tempfile.TemporaryDirectory[str] | None = None
        self._arrived: dict[str, tuple[Path, float]] = {}
        self._num_arriving = self._num_waiting = 0
        # Bytes that were announced and have not come: their room on the disk is taken.
        self._num_missing = 0

    async def receive(self, connection: Connection) -> None:
        """Take one drop from a browser and tell it how that goes."""
        if not await self._has_turn():
            return await _tell(connection, problem=f"{_AT_ONCE} uploads are running already; try again later.")
        self._num_arriving += 1
        try:
            await self._receive(connection)
        except (UploadRefused, OSError) as error:
            with suppress(ConnectionClosed):
                await _tell(connection, problem=_reason(error))
        except ConnectionClosed:
            pass  # The user cancelled, or left.
        finally:
            self._num_arriving -= 1

    def folder(self, key: object) -> Path:
        """Where the files of a drop are. Raises BadArgument for a key that is none, or is no more."""
        found = self._arrived.get(key) if isinstance(key, str) else None
        if found is None:
            raise BadArgument("upload", printable(str(key)[:40]), "is not here (any more); drop the files again.")
        return found[0]

    def has(self, path: Path) -> bool:
        """Whether a path is in one of the drops."""
        return any(folder == path or folder in path.parents for folder, _ in self._arrived.values())

    def is_removed(self, path: Path) -> bool:
        """Whether a path was in a drop that is not there any more."""
        return self._root is not None and Path(self._root.name).resolve() in path.parents and not self.has(path)

    def keep_only(self, used: Sequence[Path]) -> None:
        """Remove the drops that nothing in `used` is of; but those that have just arrived are about to be opened."""
        now = time.monotonic()
        for key, (folder, arrived_at) in list(self._arrived.items()):
            is_used = any(folder == path or folder in path.parents for path in used)
            if not is_used and now - arrived_at > _NEW:
                del self._arrived[key]
                _remove(folder)

    def close(self) -> None:
        """Remove all of them."""
        with self._lock:
            if self._root is not None:
                self._root.cleanup()

    async def _has_turn(self) -> bool:
        """Wait until one of the others is done, or has sent nothing for a while; whether that came soon enough."""
        give_up = time.monotonic() + _LONGEST_TURN
        self._num_waiting += 1
        try:
            while self._num_arriving >= _AT_ONCE and time.monotonic() < give_up:
                await asyncio.sleep(_LOOK)
        finally:
            self._num_waiting -= 1
        return self._num_arriving < _AT_ONCE

    async def _receive(self, connection: Connection) -> None:
        files = read_announcement(await self._next(connection))
        missing = sum(file.size for file in files)
        key, folder = self._new_folder(missing)
        self._num_missing += missing
        try:
            async for left in _write_files(folder, files, self._chunks(connection)):
                self._num_missing, missing = self._num_missing - missing + left, left
        except BaseException:
            await asyncio.to_thread(_remove, folder)
            raise
        finally:
            self._num_missing -= missing
        self._arrived[key] = folder, time.monotonic()
        await _tell(connection, key=key)

    async def _next(self, connection: Connection) -> str | bytes:
        """The next message. Raises UploadRefused for who sends nothing for too long."""
        coming = asyncio.ensure_future(connection.recv())
        silent_since = time.monotonic()
        try:
            while not (await asyncio.wait([coming], timeout=min(_LOOK, _PATIENCE)))[0]:
                patience = min(_PATIENCE, _PATIENCE_OF_OTHERS) if self._num_waiting else _PATIENCE
                if time.monotonic() - silent_since > patience:
                    others = ", and others wait" if self._num_waiting else ""
                    raise UploadRefused(f"nothing came for {patience:.0f} s{others}.")
            return coming.result()
        finally:
            coming.cancel()

    async def _chunks(self, connection: Connection) -> AsyncIterator[bytes]:
        """The messages with bytes, each acknowledged once it was used."""
        received = 0
        while True:
            chunk = await self._next(connection)
            if isinstance(chunk, str) or not 0 < len(chunk) <= CHUNK_BYTES:
                raise UploadRefused("the files did not come as the viewer's page sends them.")
            yield chunk
            received += len(chunk)
            await _tell(connection, received=received)

    def _new_folder(self, num_bytes: int) -> tuple[str, Path]:
        """A key nobody can guess, and an empty folder. Raises UploadRefused where the disk has no room."""
        with self._lock:
            if self._root is None:
                self._root = tempfile.TemporaryDirectory(prefix="replay-viewer-", ignore_cleanup_errors=True)
        refuse_without_room(Path(self._root.name), self._num_missing + num_bytes)
        key = secrets.token_urlsafe(16)
        # One folder deeper than needed: textures are also looked for beside a mesh's folder.
        folder = Path(self._root.name).resolve() / key / "files"
        folder.mkdir(parents=True)
        return key, folder


def refuse_without_room(folder: Path, num_bytes: int) -> None:
    """Raise UploadRefused where the disk would not have enough room left for others."""
    free = shutil.disk_usage(folder).free
    if free < num_bytes + _SPARED_BYTES:
        raise UploadRefused(f"the viewer's temporary folder has {free / 1e6:.0f} MB of room left, too little.")


def read_announcement(text: str | bytes) -> list[IncomingFile]:
    """The files that a browser says it will send. Raises UploadRefused for what cannot be taken."""
    try:
        files = [IncomingFile(file["name"], file["size"]) for file in json.loads(text)["files"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UploadRefused("the files were not announced as the viewer's page does it.") from None
    if not 0 < len(files) <= MAX_FILES:
        raise UploadRefused(f"{len(files)} files were dropped; 1 to {MAX_FILES} at once can be taken.")
    for file in files:
        _check(file)
    if sum(file.size for file in files) > MAX_BYTES:
        size = sum(file.size for file in files) / 2**30
        limit = f"{MAX_BYTES >> 30} GiB is the limit"
        raise UploadRefused(f"{size:.1f} GiB were dropped; {limit}. Open larger ones by path: replay-viewer PATH")
    return files


def _check(file: IncomingFile) -> None:
    if not isinstance(file.name, str) or not is_inside(file.name) or not _has_short_parts(file.name):
        raise UploadRefused(f"{printable(str(file.name)[:200])!r} is no name that a dropped file may have.")
    if type(file.size) is not int or not 0 <= file.size < 2**63:
        raise UploadRefused(f"{printable(file.name)!r} has no size that a file can have.")


def _has_short_parts(name: str) -> bool:
    try:
        return len(name) < 2000 and all(len(part.encode()) <= _MAX_NAME_BYTES for part in name.split("/"))
    except UnicodeEncodeError:
        return False


async def _write_files(folder: Path, files: Sequence[IncomingFile], chunks: AsyncIterator[bytes]) -> AsyncIterator[int]:
    """Write the files as they come; gives the bytes that are missing still."""
    left, all_missing = b"", sum(file.size for file in files)
    for file in files:
        with await asyncio.to_thread(_create, folder / file.name) as out:
            missing = file.size
            while missing:
                left = left or await anext(chunks)
                part, left = left[:missing], left[missing:]
                await asyncio.to_thread(out.write, part)
                missing, all_missing = missing - len(part), all_missing - len(part)
                yield all_missing
    if left:
        raise UploadRefused("more bytes came than the files were said to have.")


def _create(path: Path) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


def _remove(folder: Path) -> None:
    shutil.rmtree(folder.parent, ignore_errors=True)


async def _tell(connection: Connection, **message: object) -> None:
    await connection.send(json.dumps(message))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        _log.warning("an upload failed: %s", error)
        return f"the viewer cannot store it: {error.strerror or error}."
    return str(error)
