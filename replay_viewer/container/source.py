"""The numbers of a recording, read from its files when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..formats.file_pool import FilePool
from ..record.fields import FieldSpec
from ..rollout.rollout import Field
from .extents import Extent
from .layout import NOT_CAPTURED, Layout

# Bytes between two wanted pieces that are cheaper to read through than to skip: a cold seek costs as much.
_GAP_BYTES = 128 * 1024
# At most this much is in memory besides the result.
_CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class _Run:
    """Steps of one segment that one read fetches: `count` of them, from record `record` of `segment`.

    first: position of the first of them in the result.
    """

    first: int
    count: int
    segment: int
    record: int


class ContainerSource:
    """A `Source` over segments of records and the table of terminal states.

    parts: the segments in order. ends: the table. release: called by `close`.
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
        self._pool, self._layout, self._parts, self._ends = pool, layout, tuple(parts), ends
        self._release = release
        self.num_steps, self.num_envs = num_steps, layout.num_envs
        self.fields: Mapping[str, Field] = {
            f.name: Field(f.name, f.shape, np.dtype(f.dtype), f.unit) for f in layout.row.fields
        }

    def read(self, name: str, steps: slice, envs: Sequence[int]) -> np.ndarray:
        """Values as recorded, shape (len(steps), len(envs), *field.shape); see Source."""
        field = self._layout.row.by_name[name]
        wanted = range(self.num_steps)[steps]
        indices = np.asarray(envs, dtype=np.int64).reshape(-1)
        values = np.empty((len(wanted), len(indices), *field.shape), field.dtype)
        for columns in _neighbours(indices, self._layout.row.num_bytes):
            self._read_columns(values, field, wanted, indices, columns)
        return values

    def read_terminal(self, name: str, row: int) -> np.ndarray:
        """Value of the field where an episode ended; where it was not captured, what its last record holds."""
        layout, field = self._layout, self._layout.row.by_name[name]
        stride = layout.columns.num_bytes
        content = self._pool.read(self._ends, layout.terminals_header_bytes + row * stride, stride)
        offset = layout.row_offset + layout.row.offsets[name]
        words = np.frombuffer(content, "<u4", field.num_bytes // 4, offset)
        if np.all(words == NOT_CAPTURED):
            end = np.frombuffer(content, layout.columns.dtype)[0]
            last = int(end["last_record"])
            return self.read(name, slice(last, last + 1), [int(end["env_index"])])[0, 0]
        return words.view(field.dtype).reshape(field.shape).copy()

    def heads(self, steps: Sequence[int]) -> np.ndarray:
        """The simulator's step number and its time [s] of some records, fields "step" and "t", shape (len(steps),)."""
        heads = []
        for step in steps:
            segment, record = divmod(step, self._layout.records_per_segment)
            offset = self._layout.header_bytes + record * self._layout.record_bytes
            heads.append(self._pool.read(self._parts[segment], offset, 16))
        return np.frombuffer(b"".join(heads), [("step", "<i8"), ("t", "<f8")])

    @property
    def parts(self) -> Sequence[Extent]:
        """The segments in order."""
        return self._parts

    @property
    def torn_bytes(self) -> int:
        """What was written of a record that never became whole."""
        written = sum(max(0, part.size - self._layout.header_bytes) for part in self._parts)
        return written - self.num_steps * self._layout.record_bytes

    def grow(self, parts: Sequence[Extent], num_steps: int, ends: Extent) -> None:
        """The segments and the table hold more now, `num_steps` steps in all."""
        self._parts, self.num_steps, self._ends = tuple(parts), num_steps, ends

    def close(self) -> None:
        self._release()

    def _read_columns(
        self, values: np.ndarray, field: FieldSpec, steps: range, envs: np.ndarray, columns: np.ndarray
    ) -> None:
        """Fill these columns of `values`, whose envs lie close together in a record."""
        layout, nearby = self._layout, envs[columns]
        low, high = int(nearby.min()), int(nearby.max())
        span = (high - low) * layout.row.num_bytes + field.num_bytes
        stride = steps.step * layout.record_bytes
        inner = np.empty(field.shape, field.dtype).strides
        at = layout.header_bytes + layout.env_offset + low * layout.row.num_bytes + layout.row.offsets[field.name]
        for run in self._runs(steps, 1 if stride - span > _GAP_BYTES else max(1, _CHUNK_BYTES // stride)):
            size = (run.count - 1) * stride + span
            content = self._pool.read(self._parts[run.segment], at + run.record * layout.record_bytes, size)
            shape = (run.count, high - low + 1, *field.shape)
            block = np.ndarray(shape, field.dtype, content, 0, (stride, layout.row.num_bytes, *inner))
            values[run.first : run.first + run.count, columns] = block[:, nearby - low]

    def _runs(self, steps: range, longest: int) -> Iterator[_Run]:
        """The steps in order, at most `longest` at once and never across the end of a segment."""
        per_segment, first = self._layout.records_per_segment, 0
        while first < len(steps):
            segment, record = divmod(steps[first], per_segment)
            left = -(-(per_segment - record) // steps.step)
            count = min(longest, left, len(steps) - first)
            yield _Run(first, count, segment, record)
            first += count


def _neighbours(envs: np.ndarray, row_bytes: int) -> list[np.ndarray]:
    """Positions in `envs`, grouped such that the envs of a group lie close together in a record."""
    if not len(envs):
        return []
    if (envs.max() - envs.min()) * row_bytes <= _GAP_BYTES:
        return [np.arange(len(envs))]
    order = np.argsort(envs, kind="stable")
    far = np.diff(envs[order]) * row_bytes > _GAP_BYTES
    return np.split(order, np.flatnonzero(far) + 1)
