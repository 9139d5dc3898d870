"""How a recording lies on disk: rows of fields in records, records in segments, episode ends in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..npz.npy import build_header
from ..record.fields import FieldSpec, StructSpec, is_pose, laid_end_to_end

FORMAT_NAME = "replay-viewer recording"
VERSION = (1, 0)
SEGMENT_BYTES = 256 * 2**20
OUTCOMES = ("unfinished", "terminated", "truncated", "aborted")
TERMINAL_STATES = ("lost", "captured", "recorded", "none")
# What every word of a field holds where a terminal state was not captured; read as a float it is a NaN.
NOT_CAPTURED = 0xFFFFFFFF
_HEAD_BYTES = 16


@dataclass(frozen=True)
class Layout:
    """Where everything lies.

    Attributes:
        num_envs: rows in a record.
        row: the fields of one env at one step.
        columns: what a terminals row says about its episode; `num_bytes` counts the row of fields behind them too.
        env_offset: bytes from a record's start to its first row, behind the step (int64) and the time (float64).
        row_offset: bytes from a terminals row's start to its row of fields.
        record_bytes: from one record to the next.
        header_bytes: .npy header in front of each segment's records.
        terminals_header_bytes: .npy header in front of the table's rows.
        records_per_segment: in every segment but the last.
    """

    num_envs: int
    row: StructSpec
    columns: StructSpec
    env_offset: int
    row_offset: int
    record_bytes: int
    header_bytes: int
    terminals_header_bytes: int
    records_per_segment: int


def plan_layout(fields: Sequence[FieldSpec], num_envs: int, segment_bytes: int = SEGMENT_BYTES) -> Layout:
    """Lay out the fields without gaps, poses first; a segment takes as many records as fit, at least one."""
    row = laid_end_to_end(sorted(fields, key=lambda field: not is_pose(field.name)))
    columns = laid_end_to_end(terminal_columns(next((f.shape for f in fields if f.name == "rew"), ())))
    header_bytes = len(build_header(record_dtype(row, num_envs)))
    record_bytes = _HEAD_BYTES + num_envs * row.num_bytes
    return Layout(
        num_envs=num_envs,
        row=row,
        columns=StructSpec(columns.fields, columns.offsets, columns.num_bytes + row.num_bytes),
        env_offset=_HEAD_BYTES,
        row_offset=columns.num_bytes,
        record_bytes=record_bytes,
        header_bytes=header_bytes,
        terminals_header_bytes=len(build_header(terminals_dtype(columns, row))),
        records_per_segment=max(1, (segment_bytes - header_bytes) // record_bytes),
    )


def record_dtype(row: StructSpec, num_envs: int) -> np.dtype:
    """One step of all envs; `row` without gaps."""
    return np.dtype([("step", "<i8"), ("t", "<f8"), ("env", _plain_dtype(row.fields), (num_envs,))])


def terminals_dtype(columns: StructSpec, row: StructSpec) -> np.dtype:
    """One finished episode: what is said about it, then the state in which it ended; both without gaps."""
    return np.dtype([*_plain_dtype(columns.fields).descr, ("row", _plain_dtype(row.fields))])


def terminal_columns(agents: tuple[int, ...] = ()) -> list[FieldSpec]:
    """What a terminals row says about its episode. agents: shape of `rew`, which the return shares."""
    numbers = ("step", "first_record", "last_record", "episode", "length")
    words = (("env_index", "<i4"), ("outcome", "<u4"), ("reason", "<i4"), ("success", "<i4"), ("terminal_state", "<u4"))
    fields = [FieldSpec(name, (), "<i8") for name in numbers] + [FieldSpec(name, (), dtype) for name, dtype in words]
    return [*fields, FieldSpec("ret", agents, "<f8")]


def _plain_dtype(fields: Sequence[FieldSpec]) -> np.dtype:
    """Without offsets, as it stands in an .npy header; numpy packs it."""
    return np.dtype([(f.name, f.dtype, f.shape) if f.shape else (f.name, f.dtype) for f in fields])
