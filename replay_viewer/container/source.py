"""The source of a recording's numbers: reads them from its files when they are asked for.

Reads are `pread`s and never a memory map: a recording may be cut while it is open, which kills a process that has it
mapped, and one cold `pread` is a hundred times faster than the page faults of a cold map.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np

from ..errors import FileProblem
from ..files.regular import descriptor_of
from ..files.zips import read_at
from ..rollout.fields import Field
from .extents import Extent
from .layout import NOT_CAPTURED, Layout

# Bytes between two wanted pieces that are cheaper to read through than to skip: a cold seek costs as much.
_GAP_BYTES = 128 * 1024
# At most this much is read at once.
_CHUNK_BYTES = 2**20
# So many chunks are kept, as several fields of the same steps are read one after the other.
_KEPT_BLOCKS = 2
# The position of an env that is asked for alone.
_ONLY = np.zeros(1, np.int64)
_MAX_OPEN = 64


@dataclass(frozen=True)
class _Run:
    """Steps of one segment that one read fetches.

    Attributes:
        first: position of the first of them in the result.
        count: of steps.
        segment: that holds them.
        record: of the segment, the first of them.
    """

    first: int
    count: int
    segment: int
    record: int


class ContainerSource:
    """A `Source` over segments of records and the table of terminal states.

    Args:
        pool: reads the files.
        layout: where everything lies in them.
        parts: the segments in order.
        num_steps: whole records in all of them.
        ends: the table.
        release: called by `close`.

    Attributes:
        parts: as given.
        num_steps: as given.
        num_envs: N.
        fields: by name.
    """

    def __init__(
        self,
        pool: FilePool,
        layout: Layout,
        parts: Sequence[Extent],
        num_steps: int,
        ends: Extent,
        release: Callable[[], None],
    ) -> None:
        self._pool, self._layout, self._release = pool, layout, release
        self.parts, self._ends = tuple(parts), ends
        self.num_steps, self.num_envs = num_steps, layout.num_envs
        self.fields: Mapping[str, Field] = layout.row.by_name
        self._block = lru_cache(maxsize=_KEPT_BLOCKS)(self._read_block)

    def read(self, name: str, steps: slice, envs: Sequence[int]) -> np.ndarray:
        """Values as recorded, shape (len(steps), len(envs), *field.shape); see Source."""
        field = self.fields[name]
        values = np.empty((len(range(self.num_steps)[steps]), len(envs), *field.shape), field.dtype)
        self.read_into(values, name, steps, envs)
        return values

    def read_into(self, values: np.ndarray, name: str, steps: slice, envs: Sequence[int]) -> None:
        """See ReadsInto."""
        indices = np.asarray(envs, dtype=np.int64).reshape(-1)
        for columns in _neighbours(indices, self._layout.row.num_bytes):
            self._read_columns(values, self.fields[name], range(self.num_steps)[steps], indices, columns)

    def read_terminal(self, name: str, row: int) -> np.ndarray:
        """Value of the field where an episode ended; where it was not captured, what its last record holds."""
        values, is_captured = self.read_captured(name, np.array([row]))
        if is_captured[0]:
            return values[0]
        end = np.frombuffer(self._terminal_rows(row, row + 1), self._layout.columns.dtype)[0]
        last = int(end["last_record"])
        return self.read(name, slice(last, last + 1), [int(end["env_index"])])[0, 0]

    def read_captured(self, name: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values of the field where episodes ended, (k, *field.shape), and which of them were captured, (k,) bool.

        rows: (k,) of the table, at least one; those that lie between them are read too.
        """
        layout, field = self._layout, self.fields[name]
        first, stop = int(rows.min()), int(rows.max()) + 1
        content = self._terminal_rows(first, stop)
        strides = (layout.columns.num_bytes, *np.empty(field.shape, field.dtype).strides)
        offset = layout.row_offset + layout.row.offsets[name]
        table = np.ndarray((stop - first, *field.shape), field.dtype, content, offset, strides)
        values = np.ascontiguousarray(table[rows - first])
        words = values.reshape(len(rows), -1).view("<u4")
        return values, (words != NOT_CAPTURED).any(axis=1)

    def simulator_step(self, step: int) -> int:
        """The simulator's own number of a recorded step."""
        segment, record = divmod(step, self._layout.records_per_segment)
        offset = self._layout.header_bytes + record * self._layout.record_bytes
        content = self._pool.read(self.parts[segment], offset, 8)
        return int.from_bytes(content, "little", signed=True)

    @property
    def torn_bytes(self) -> int:
        """What was written of a record that never became whole."""
        written = sum(max(0, part.size - self._layout.header_bytes) for part in self.parts)
        return written - self.num_steps * self._layout.record_bytes

    def grow(self, parts: Sequence[Extent], num_steps: int, ends: Extent) -> None:
        """The segments and the table hold more now, `num_steps` steps in all."""
        self.parts, self.num_steps, self._ends = tuple(parts), num_steps, ends
        self._block.cache_clear()

    def close(self) -> None:
        self._block.cache_clear()
        self._release()

    def _read_block(self, segment: int, offset: int, size: int) -> bytes:
        """Whole records, which never change once they are written."""
        return self._pool.read(self.parts[segment], offset, size)

    def _terminal_rows(self, first: int, stop: int) -> bytes:
        """Rows [first, stop) of the table of ends."""
        stride = self._layout.columns.num_bytes
        offset = self._layout.terminals_header_bytes + first * stride
        return self._pool.read(self._ends, offset, (stop - first) * stride)

    def _read_columns(
        self, values: np.ndarray, field: Field, steps: range, envs: np.ndarray, columns: np.ndarray
    ) -> None:
        """Fill these columns of `values`, whose envs lie close together in a record."""
        layout, nearby = self._layout, envs[columns]
        low, high = int(nearby.min()), int(nearby.max())
        span = (high - low) * layout.row.num_bytes + field.num_bytes
        stride = steps.step * layout.record_bytes
        inner = np.empty(field.shape, field.dtype).strides
        wanted, within = _as_slice(columns), _as_slice(nearby - low)
        at = layout.env_offset + low * layout.row.num_bytes + layout.row.offsets[field.name]
        # What lies far apart is read step by step.
        longest = 1 if stride - span > _GAP_BYTES else max(1, _CHUNK_BYTES // stride)
        for run in self._runs(steps, longest):
            first = run.record * layout.record_bytes + layout.header_bytes
            if run.count > 1:
                content, offset = self._block(run.segment, first, (run.count - 1) * stride + layout.record_bytes), at
            else:
                content, offset = self._pool.read(self.parts[run.segment], first + at, span), 0
            shape = (run.count, high - low + 1, *field.shape)
            block = np.ndarray(shape, field.dtype, content, offset, (stride, layout.row.num_bytes, *inner))
            values[run.first : run.first + run.count, wanted] = block[:, within]

    def _runs(self, steps: range, longest: int) -> Iterator[_Run]:
        """The steps in order, at most `longest` at once and never across the end of a segment."""
        per_segment, first = self._layout.records_per_segment, 0
        while first < len(steps):
            segment, record = divmod(steps[first], per_segment)
            left = -(-(per_segment - record) // steps.step)
            count = min(longest, left, len(steps) - first)
            yield _Run(first, count, segment, record)
            first += count


class FilePool:
    """Files that are opened when they are read and closed when they were used least recently, so that few are open.

    Several threads may read.
    """

    def __init__(self) -> None:
        self._fds: OrderedDict[Path, int] = OrderedDict()
        self._lock = Lock()
        self._is_sealed = False

    def read(self, extent: Extent, offset: int, size: int) -> bytes:
        """`size` bytes of the extent. Raises FileProblem where the file does not hold them any more."""
        if not 0 <= offset <= extent.size - size:
            raise FileProblem(extent.path, f"has no {size} bytes at {offset}.")
        # The lock is held while reading, lest another thread closes this file in between.
        with self._lock:
            content = read_at(self._fd(extent.path), size, extent.offset + offset)
        if len(content) < size:
            raise FileProblem(extent.path, "got shorter while it was open.", "Open the recording again.")
        return content

    def hold(self, paths: Iterable[Path]) -> None:
        """Open files before they are read, as many as may be open, so that they can be read after they are deleted.

        Raises OSError where one is gone already.
        """
        with self._lock:
            for path in paths:
                if path not in self._fds and len(self._fds) < _MAX_OPEN:
                    self._fds[path] = descriptor_of(path)

    def seal(self) -> None:
        """Open no further files: what is under their names now is not what was there. Open ones are read on."""
        self._is_sealed = True

    def close(self) -> None:
        with self._lock:
            while self._fds:
                os.close(self._fds.popitem()[1])

    def _fd(self, path: Path) -> int:
        if path not in self._fds:
            if self._is_sealed:
                raise FileProblem(path, "is gone.")
            if len(self._fds) >= _MAX_OPEN:
                os.close(self._fds.popitem(last=False)[1])
            self._fds[path] = _open(path)
        self._fds.move_to_end(path)
        return self._fds[path]


def _neighbours(envs: np.ndarray, row_bytes: int) -> list[np.ndarray]:
    """Positions in `envs`, grouped such that the envs of a group lie close together in a record."""
    if len(envs) < 2:
        return [_ONLY] * len(envs)
    if (envs.max() - envs.min()) * row_bytes <= _GAP_BYTES:
        return [np.arange(len(envs))]
    order = np.argsort(envs, kind="stable")
    far = np.diff(envs[order]) * row_bytes > _GAP_BYTES
    return np.split(order, np.flatnonzero(far) + 1)


def _as_slice(indices: np.ndarray) -> np.ndarray | slice:
    """Indices that follow one another as a slice, by which numpy copies several times faster."""
    first = int(indices[0])
    follow = len(indices) == 1 or bool((np.diff(indices) == 1).all())
    return slice(first, first + len(indices)) if follow else indices


def _open(path: Path) -> int:
    try:
        return descriptor_of(path)
    except OSError as error:
        raise FileProblem(path, f"cannot be read: {error.strerror}.") from error
