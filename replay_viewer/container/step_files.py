"""The files of a recording that grow with it: segments of records, and the table of episode ends.

Each append is one system call, after which the data survives the death of the process. Against a power failure, a
thread beside the simulation's syncs the files to the disk about once a second; it also sums up what was written, and
looks whether the folder is still there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..npz.npy import build_header, with_count
from .disk import Block, sync_data, write_all
from .layout import TERMINALS, Layout, record_dtype, segment_name, terminals_dtype
from .terminals import RunningEpisodes
from .words import RowPacker, Values

# In front of a record's rows: its step and its time.
_HEAD = struct.Struct("<qd")
_SYNC_PERIOD = 1.0  # [s]
_CLOSED = -1
_CHUNK_BYTES = 1 << 20
# Up to so many bytes, rows that are ready are copied behind their head: to hand two pieces to the system costs more.
_COPIED_BYTES = 1 << 16
# Windows lacks some of these, and is not recorded on; but whoever only reads may import this there.
_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_TRUNC | _CLOEXEC
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _CLOEXEC


class Done(NamedTuple):
    """How far a recording has come. Replaced as a whole: whatever interrupts a step, it is done or not.

    Attributes:
        num_records: steps in the segments.
        num_ends: rows of the terminals table.
        last_step: the simulator's control step of the last record, None before the first.
        running: the episodes that have not ended yet.
    """

    num_records: int
    num_ends: int
    last_step: int | None
    running: RunningEpisodes


class StepFiles:
    """Segments of records and the terminals table of one recording, synced in the background.

    Methods may raise OSError: FileNotFoundError where the folder was deleted. One that was moved is followed.

    Args:
        path: the recording's folder, absolute.
        layout: where everything lies in them.
        on_error: called on another thread when the disk refuses a sync, or the folder was deleted.
        on_full: called on another thread with the name and the checksum of a segment that will not change any more.
        on_moved: called once, perhaps on another thread, when the folder is not under its name any more.

    Attributes:
        layout: as given.
        done: what was appended.
        num_synced: steps that are surely on the disk.
        checksums: CRC-32 of the records, or rows, of files that are closed and were not told to `on_full`, by name.
    """

    def __init__(
        self,
        path: Path,
        layout: Layout,
        *,
        on_error: Callable[[OSError], object],
        on_full: Callable[[str, int], object],
        on_moved: Callable[[], object],
    ) -> None:
        self.done = Done(0, 0, None, RunningEpisodes.at_start(layout.num_envs))
        self.num_synced = 0
        self.checksums: dict[str, int] = {}
        self.layout, self._path = layout, path
        self._on_full, self._on_moved, self._is_moved = on_full, on_moved, False
        # New segments are made in this folder, whatever it is called by then.
        self._folder = os.open(path, _FOLDER)
        # Whether something of a step may be in the files that `done` does not count.
        self._in_doubt = False
        self._record_dtype = record_dtype(layout.row, layout.num_envs)
        self._buffer = bytearray(layout.record_bytes)
        self._whole_record: tuple[Block, ...] = (memoryview(self._buffer),)
        self._is_small = layout.record_bytes <= _COPIED_BYTES
        self._records_per_segment = layout.records_per_segment
        self._packer = RowPacker(
            layout.row,
            self._buffer,
            count=layout.num_envs,
            offset=layout.env_offset,
            stride=layout.row.num_bytes,
            where=path,
        )
        # Those that are open, by number, the last being written; a full one leaves when it is synced.
        self._segments: list[tuple[int, _RecordFile]] = []
        try:
            self._segment(0)
            self._terminals = _RecordFile(TERMINALS, self._folder, terminals_dtype(layout.columns, layout.row))
        except BaseException:
            for _, file in self._segments:
                file.abandon()
            self._close_folder()
            raise
        self._sync = _BackgroundSync(self._sync_all, on_error)

    def append(self, step: int, t: float, values: Values, ends: np.ndarray | None = None) -> None:
        """Write the ends of episodes in a step, rows made by `terminal_rows`, then its record.

        Raises as RowPacker.pack does, before anything is written.
        """
        record = self._whole_record
        if not isinstance(values, np.ndarray):
            self._packer.pack(values)
        elif self._is_small:
            self._packer.take(values)
        else:
            record = (_HEAD.pack(step, t), self._packer.checked(values).data)
        if record is self._whole_record:
            _HEAD.pack_into(self._buffer, 0, step, t)
        num_records, num_ends, _, running = self.done
        if self._in_doubt:
            self._roll_back()
        self._in_doubt = True
        try:
            if ends is not None:
                self._terminals.write(num_ends, (ends.data,), len(ends))
                num_ends, running = num_ends + len(ends), running.after(self._columns_of(ends))
            number, index = divmod(num_records, self._records_per_segment)
            last, file = self._segments[-1]
            (file if last == number else self._segment(number)).write(index, record)
        except OSError:
            self._roll_back()
            raise
        # As Done(...), without the function that a named tuple has for that: it is called at each step.
        self.done = tuple.__new__(Done, (num_records + 1, num_ends, step, running))
        self._in_doubt = False

    def append_ends(self, ends: np.ndarray) -> None:
        """Write ends of episodes that belong to the steps so far, rows made by `terminal_rows`."""
        done = self.done
        if self._in_doubt:
            self._roll_back()
        self._in_doubt = True
        try:
            self._terminals.write(done.num_ends, (ends.data,), len(ends))
        except OSError:
            self._roll_back()
            raise
        running = done.running.after(self._columns_of(ends))
        self.done = done._replace(num_ends=done.num_ends + len(ends), running=running)
        self._in_doubt = False

    def close(self) -> None:
        """Sync and close every file, also where one of them fails; a second call does what the first could not."""
        self._sync.close()
        problem: OSError | None = None
        try:
            self._look_after_folder()
        except OSError as error:
            problem = error
        counts = [(self._terminals, self.done.num_ends)]
        counts += [(file, self._count_in(number)) for number, file in self._segments]
        for file, count in counts:
            try:
                if file.close(count):
                    self.checksums[file.name] = file.checksum
            except OSError as error:
                problem = problem or error
        self._close_folder()
        if problem is not None:
            raise problem

    def abandon(self) -> None:
        """Close every file as it is, in a copy of the process, in which no other thread runs."""
        for file in (self._terminals, *(file for _, file in self._segments)):
            file.abandon()
        self._close_folder()

    def _roll_back(self) -> None:
        """Drop what was written of a step that was interrupted."""
        self._terminals.cut(self.done.num_ends)
        number, file = self._segments[-1]
        file.cut(self._count_in(number))

    def _segment(self, number: int) -> _RecordFile:
        if not self._segments or self._segments[-1][0] != number:
            self._segments.append((number, _RecordFile(segment_name(number), self._folder, self._record_dtype)))
        return self._segments[-1][1]

    def _count_in(self, number: int) -> int:
        """Records of a segment."""
        full = self.layout.records_per_segment
        return min(max(self.done.num_records - number * full, 0), full)

    def _columns_of(self, ends: np.ndarray) -> np.ndarray:
        """What rows of the table, as bytes, say about their episodes."""
        return ends.view(self.layout.columns.dtype)[:, 0]

    def _sync_all(self) -> None:
        """Sync what was appended so far, and close the segments that are full. Runs on the other thread."""
        self._look_after_folder()
        done = self.done
        self._terminals.sync(done.num_ends)
        while len(self._segments) > 1:
            _, file = self._segments[0]
            file.close(self.layout.records_per_segment, is_kept_in_memory=False)
            self._on_full(file.name, file.checksum)
            del self._segments[0]
        number, file = self._segments[0]
        count = self._count_in(number)
        file.sync(count)
        self.num_synced = done.num_records
        # What is done stays as it is, so it can be summed up while more is appended.
        file.sum_up(count)
        self._terminals.sum_up(done.num_ends)

    def _look_after_folder(self) -> None:
        """Say once that the folder is elsewhere. Raises FileNotFoundError where what is written is in no folder."""
        _, file = self._segments[-1]
        if self._is_moved or self._folder == _CLOSED or file.is_at(self._path / file.name):
            return
        if file.is_deleted:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._path))
        self._is_moved = True
        self._on_moved()

    def _close_folder(self) -> None:
        fd, self._folder = self._folder, _CLOSED
        if fd != _CLOSED:
            os.close(fd)


class _RecordFile:
    """An .npy file of records of one size, made anew; `write` costs one system call.

    How many records it holds is for the caller to remember: a write that is done again, since something interrupted
    it before it was counted, goes to the same place.

    Args:
        name: of the file.
        folder: the open folder that it is made in.
        dtype: of a record.

    Attributes:
        name: as given.
        checksum: CRC-32 of the records that were summed up.
    """

    def __init__(self, name: str, folder: int, dtype: np.dtype) -> None:
        self.name, self.checksum = name, 0
        self._header = build_header(dtype)
        self._header_bytes = len(self._header)
        self._record_bytes = dtype.itemsize
        self._summed_bytes = 0
        # Emptied where it exists: then a recording was interrupted just when it began the file.
        self._fd = os.open(name, _NEW_FILE, 0o644, dir_fd=folder)
        try:
            write_all(self._fd, 0, len(self._header), (self._header,))
        except BaseException:
            self.abandon()
            os.unlink(name, dir_fd=folder)
            raise

    @property
    def is_deleted(self) -> bool:
        """Whether it has no name any more in any folder."""
        return os.fstat(self._fd).st_nlink == 0

    def is_at(self, path: Path) -> bool:
        """Whether a path leads to it, as far as that can be known."""
        try:
            return os.path.samestat(os.stat(path), os.fstat(self._fd))
        except OSError as error:
            return not isinstance(error, (FileNotFoundError, NotADirectoryError))

    def write(self, index: int, blocks: tuple[Block, ...], count: int = 1) -> None:
        """Write `count` records from the index-th on, in one or several pieces. Raises OSError: a full disk, ..."""
        size = self._record_bytes
        write_all(self._fd, self._header_bytes + index * size, count * size, blocks)

    def cut(self, count: int) -> None:
        """Drop what lies behind the first `count` records."""
        end = self._header_bytes + count * self._record_bytes
        if os.fstat(self._fd).st_size > end:
            os.ftruncate(self._fd, end)

    def sync(self, count: int) -> None:
        """State the count in the header and have it all on the disk. May run beside `write` in another thread."""
        os.pwrite(self._fd, with_count(self._header, count), 0)
        sync_data(self._fd)

    def sum_up(self, count: int) -> None:
        """Extend the checksum to the first `count` records, which will not change: they are on the disk.

        May run beside `write`.
        """
        end = count * self._record_bytes
        while self._summed_bytes < end:
            size = min(_CHUNK_BYTES, end - self._summed_bytes)
            chunk = os.pread(self._fd, size, self._header_bytes + self._summed_bytes)
            if not chunk:
                return  # Somebody has cut it; the reader finds records missing.
            self.checksum = zlib.crc32(chunk, self.checksum)
            self._summed_bytes += len(chunk)

    def close(self, count: int, *, is_kept_in_memory: bool = True) -> bool:
        """Sync, sum up and close; a second call does nothing. Returns whether this one did it.

        What is not kept in memory makes room there for the steps to come. They would take new pages, which cost
        several times as much where the system has none at hand, and take them from whatever else is cached.
        """
        if self._fd == _CLOSED:
            return False
        try:
            self.cut(count)
            self.sync(count)
            self.sum_up(count)
            if not is_kept_in_memory and hasattr(os, "posix_fadvise"):  # macOS lacks it.
                with contextlib.suppress(OSError):  # Where it is not known how, it stays there.
                    os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError:
            self.abandon()
            raise
        self.abandon()
        return True

    def abandon(self) -> None:
        """Close it as it is."""
        # Forgotten first: the system may give the number to another file of this process at once.
        fd, self._fd = self._fd, _CLOSED
        if fd != _CLOSED:
            os.close(fd)


class _BackgroundSync:
    """A thread that syncs what is being written about once a second.

    Args:
        sync: does it.
        on_error: called on this thread when a disk refuses; nothing is synced after that.
    """

    def __init__(self, sync: Callable[[], None], on_error: Callable[[OSError], object]) -> None:
        self._sync, self._on_error = sync, on_error
        self._stop = threading.Event()
        # A daemon: the simulator's process may end without a word, and must not wait for a slow disk.
        self._thread = threading.Thread(target=self._run, name="recording-sync", daemon=True)
        # From Python 3.12 on, a process that is ending starts no thread; what it still writes is synced by `close`.
        with contextlib.suppress(RuntimeError):
            self._thread.start()

    def close(self) -> None:
        """Stop the thread, when it has done what it is doing."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_SYNC_PERIOD):
            try:
                self._sync()
            except OSError as error:
                self._on_error(error)
                return
