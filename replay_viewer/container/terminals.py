"""Ends of episodes: what a simulator knows about them, and their rows in the terminals table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import BadField, UnknownName
from .extents import Extent, chunks_of, count_whole
from .info import RecordingInfo
from .layout import NOT_CAPTURED, OUTCOMES, TERMINAL_STATES, Layout
from .packing import RowPacker, Values


@dataclass(frozen=True)
class EpisodeEnds:
    """Episodes that end at one step, k of them.

    Attributes:
        step: the simulator's control step in which they end.
        env_indices: (k,) positions of their envs in the recording.
        outcome: one for all or (k,): "terminated", "truncated", "aborted" by a reset outside a step, or "unfinished"
            where the recording pauses.
        values: the states in which they ended, before any reset: arrays (k, ...) by field name or (k, num_words)
            packed. Poses are required, other fields may be missing. None where the simulator hides them.
        reasons: (k,) names out of the info's `outcome_reasons`, "" for unknown.
        success: (k,) True, False, or None for unknown.
        lengths: (k,) control steps of each episode as the simulator counts them, more than was recorded for one that
            was already running when the recording began.
        returns: (k,) or (k, num_agents) sums of rewards.
        step_is_recorded: whether the record of `step` follows. False between the records of `every=k`.
    """

    step: int
    env_indices: Sequence[int]
    outcome: str | Sequence[str]
    values: Values | None = None
    reasons: Sequence[str] | None = None
    success: Sequence[bool | None] | None = None
    lengths: Sequence[int] | None = None
    returns: np.ndarray | None = None
    step_is_recorded: bool = True

    def of(self, chosen: Sequence[int]) -> EpisodeEnds:
        """Those at some positions; where `outcome` is (k,) and `values` are by name."""
        if len(chosen) == len(self.env_indices):
            return self
        columns: dict[str, Any] = {
            name: [column[index] for index in chosen]
            for name, column in vars(self).items()
            if name in ("env_indices", "outcome", "reasons", "success", "lengths") and column is not None
        }
        if isinstance(self.values, Mapping):
            columns["values"] = {name: rows[chosen] for name, rows in self.values.items()}
        return replace(self, **columns)


@dataclass(frozen=True)
class Progress:
    """Where each env stands, arrays (num_envs,) that are never written to.

    Attributes:
        first_record: of the running episode.
        episode: how many have ended.
    """

    first_record: np.ndarray
    episode: np.ndarray

    @classmethod
    def at_start(cls, num_envs: int) -> Progress:
        """Nothing is recorded yet."""
        return cls(np.zeros(num_envs, np.int64), np.zeros(num_envs, np.int64))

    def after(self, rows: np.ndarray) -> Progress:
        """When the episodes of these rows are over."""
        first_record, episode, envs = self.first_record.copy(), self.episode.copy(), rows["env_index"]
        first_record[envs] = rows["last_record"] + 1
        episode[envs] += 1
        return Progress(first_record, episode)


def terminal_rows(
    ends: EpisodeEnds, progress: Progress, num_records: int, info: RecordingInfo, layout: Layout, where: object
) -> np.ndarray:
    """The table's rows for these ends, uint8 of shape (<= k, layout.columns.num_bytes).

    A reset outside a step that comes when nothing was recorded since the last one ends nothing and gets no row.

    Raises:
        UnknownName: an outcome, a reason or an env that the recording does not have.
        BadField: values whose shapes do not fit.
    """
    envs = _env_indices(ends, layout.num_envs)
    outcomes = _codes("outcome", _each(ends.outcome, len(envs)), OUTCOMES)
    rows, buffer = _blank_rows(len(envs), layout)
    in_step = (outcomes == OUTCOMES.index("terminated")) | (outcomes == OUTCOMES.index("truncated"))
    rows["step"] = ends.step
    rows["first_record"] = progress.first_record[envs]
    rows["last_record"] = np.where(in_step & ends.step_is_recorded, num_records, num_records - 1)
    rows["episode"] = progress.episode[envs]
    rows["env_index"] = envs
    rows["outcome"] = outcomes
    rows["terminal_state"] = _terminal_states(outcomes, ends, info)
    _fill_facts(rows, ends, info, where)
    if ends.values is not None:
        stride = layout.columns.num_bytes
        packer = RowPacker(layout.row, buffer, count=len(rows), offset=layout.row_offset, stride=stride, where=where)
        packer.pack_captured(ends.values)
    # As bytes: numpy's own indexing leaves out what lies between the columns.
    return buffer.reshape(len(rows), -1)[in_step | (rows["last_record"] >= rows["first_record"])]


def _blank_rows(count: int, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Rows in which nothing is captured yet, and the bytes that they lie in."""
    words = np.full(count * layout.columns.num_bytes // 4, NOT_CAPTURED, "<u4")
    return words.view(layout.columns.dtype), words.view(np.uint8)


def _fill_facts(rows: np.ndarray, ends: EpisodeEnds, info: RecordingInfo, where: object) -> None:
    count = len(rows)
    success = [None] * count if ends.success is None else ends.success
    reasons = [""] * count if ends.reasons is None else ends.reasons
    columns = {
        "length": [-1] * count if ends.lengths is None else ends.lengths,
        "reason": _codes("outcome reason", reasons, info.outcome_reasons, unknown=""),
        "success": [-1 if flag is None else int(flag) for flag in success],
        "ret": np.full(rows["ret"].shape, np.nan) if ends.returns is None else ends.returns,
    }
    for name, column in columns.items():
        if np.shape(column) != rows[name].shape:
            raise BadField(where, name, f"of the ended episodes has shape {np.shape(column)}, not {rows[name].shape}.")
        rows[name] = column


def _terminal_states(outcomes: np.ndarray, ends: EpisodeEnds, info: RecordingInfo) -> np.ndarray:
    """Where each episode's last state is to be found, as an index into TERMINAL_STATES."""
    if ends.values is not None:
        in_step = "captured"
    elif not ends.step_is_recorded:
        in_step = "none"
    else:
        in_step = "recorded" if info.terminal_states == "recorded" else "lost"
    # A reset outside a step comes after the last record, which therefore shows the episode's last state.
    by_outcome = {"unfinished": "none", "terminated": in_step, "truncated": in_step, "aborted": "recorded"}
    return np.array([TERMINAL_STATES.index(by_outcome[name]) for name in OUTCOMES], "<u4")[outcomes]


def _env_indices(ends: EpisodeEnds, num_envs: int) -> np.ndarray:
    envs = np.asarray(ends.env_indices, dtype=np.int64).reshape(-1)
    outside = envs[(envs < 0) | (envs >= num_envs)]
    if len(outside):
        raise UnknownName("env index", int(outside[0]), range(num_envs))
    return envs


def _each(value: str | Sequence[str], count: int) -> Sequence[str]:
    return [value] * count if isinstance(value, str) else value


def _codes(kind: str, names: Sequence[str], known: Sequence[str], unknown: str | None = None) -> np.ndarray:
    """Index of each name among the known ones; -1 for `unknown`. Raises UnknownName."""
    numbers = {name: index for index, name in enumerate(known)}
    if unknown is not None:
        numbers[unknown] = -1
    for name in names:
        if name not in numbers:
            raise UnknownName(kind, name, tuple(known))
    return np.array([numbers[name] for name in names], dtype=np.int64)


def read_columns(extent: Extent, layout: Layout, first: int = 0) -> np.ndarray:
    """The columns of all whole rows from row `first` on, without the terminal states, shape (num_rows,).

    A table of many gigabytes costs a megabyte and its columns.
    """
    stride, skip = layout.columns.num_bytes, layout.terminals_header_bytes
    count = max(0, count_whole(extent.size, skip, stride) - first)
    columns = np.empty(count, _packed(layout.columns.dtype))
    rows = Extent(extent.path, extent.offset + skip + first * stride, count * stride)
    done, rest = 0, b""
    for chunk in chunks_of(rows):
        rest += chunk
        whole = len(rest) // stride
        columns[done : done + whole] = np.frombuffer(rest, layout.columns.dtype, whole)
        done, rest = done + whole, rest[whole * stride :]
    return columns


def _packed(dtype: np.dtype) -> np.dtype:
    """The same fields without gaps."""
    return np.dtype([(name, *_described(dtype[name])) for name in dtype.names or ()])


def _described(field: np.dtype) -> tuple[np.dtype, tuple[int, ...]]:
    return field.base, field.shape
