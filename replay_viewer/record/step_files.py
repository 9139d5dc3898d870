"""The files that steps and ends of episodes are appended to, once the fields are known."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Callable

import numpy as np

from .background import BackgroundSync
from .layout import Layout, record_dtype, terminals_dtype
from .names import TERMINALS, segment_name
from .record_file import RecordFile
from .row_packer import RowPacker, Values

_HEAD = struct.Struct("<qd")


class StepFiles:
    """Segments of records and the terminals table of one recording, synced in the background.

    layout: how they lie. num_records: steps appended so far.
    on_error: called on another thread when the disk refuses a sync. Methods may raise OSError.
    """

    def __init__(self, path: Path, layout: Layout, on_error: Callable[[OSError], object]) -> None:
        self.num_records = 0
        self.layout, self._path = layout, path
        self._record_dtype = record_dtype(layout.row, layout.num_envs)
        self._buffer = bytearray(layout.record_bytes)
        self._block = memoryview(self._buffer)
        self._packer = RowPacker(
            layout.row,
            self._buffer,
            count=layout.num_envs,
            offset=layout.env_offset,
            stride=layout.row.num_bytes,
            where=path,
        )
        self._num_segments = 1
        self._frames = RecordFile(path / segment_name(0), self._record_dtype)
        self._terminals = RecordFile(path / TERMINALS, terminals_dtype(layout.columns, layout.row))
        self._sync = BackgroundSync(self._open_files, on_error)

    def append(self, step: int, t: float, values: Values) -> None:
        """Write the record of one step. Raises as RowPacker.pack does, before anything is written."""
        self._packer.pack(values)
        _HEAD.pack_into(self._buffer, 0, step, t)
        if self._frames.count == self.layout.records_per_segment:
            self._begin_segment()
        self._frames.append(self._block)
        self.num_records += 1

    def append_terminals(self, rows: np.ndarray) -> None:
        """Write rows of the terminals table, made by `terminal_rows`."""
        self._terminals.append(rows.tobytes(), len(rows))

    def close(self) -> None:
        self._sync.close()
        for file in self._open_files():
            file.close()

    def _begin_segment(self) -> None:
        frames = RecordFile(self._path / segment_name(self._num_segments), self._record_dtype)
        self._num_segments += 1
        full, self._frames = self._frames, frames
        self._sync.retire(full)

    def _open_files(self) -> tuple[RecordFile, RecordFile]:
        return self._terminals, self._frames
