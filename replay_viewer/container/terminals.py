"""Ends of episodes: what a simulator knows about them, and the terminals table that has a row for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import BadField, FileProblem, UnknownName
from ..rollout.outcomes import ENDED_IN_STEP, OUTCOMES, TERMINAL_STATES
from .extents import Extent, chunks_of, count_whole
from .info import RecordingInfo
from .layout import MAX_ENDS, MAX_TABLE_BYTES, NOT_CAPTURED, Layout
from .words import RowPacker, Values, checked_rows

# By outcome, in the order of their codes.
_CODES = {name: code for code, name in enumerate(OUTCOMES)}
_ENDS_IN_STEP = np.isin(OUTCOMES, ENDED_IN_STEP)
# The same, where the last states are, by where those are that end in their step. A reset outside a step comes after the
# last record, which therefore shows the episode's last state.
_STATE_CODES = {
    in_step: np.array([TERMINAL_STATES.index(state) for state in ("none", in_step, in_step, "recorded")], "<u4")
    for in_step in TERMINAL_STATES
}


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
        is_lost: whether a reset inside of `step` hid the states, whatever the recording says of others; "aborted" ends
            are in the step, too, then.
        time_is_up: (k,) whether their time was up, also of those that are terminated in that very step; for the step's
            flags. None where `outcome` says all.
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
    is_lost: bool = False
    time_is_up: Sequence[bool] | None = None

    def of(self, chosen: Sequence[int]) -> EpisodeEnds:
        """Those at some positions; where `outcome` is (k,)."""
        if len(chosen) == len(self.env_indices):
            return self
        columns: dict[str, Any] = {
            name: [column[index] for index in chosen]
            for name, column in vars(self).items()
            if name in ("env_indices", "outcome", "reasons", "success", "lengths", "time_is_up") and column is not None
        }
        if isinstance(self.values, np.ndarray):
            columns["values"] = self.values[chosen]
        elif self.values is not None:
            columns["values"] = {name: rows[chosen] for name, rows in self.values.items()}
        return replace(self, **columns)


@dataclass(frozen=True)
class RunningEpisodes:
    """The episode that each env is in, arrays (num_envs,) that are never written to.

    Attributes:
        first_record: where it begins.
        episode: its number: how many of the env have ended before.
    """

    first_record: np.ndarray
    episode: np.ndarray

    @classmethod
    def at_start(cls, num_envs: int) -> RunningEpisodes:
        """Nothing is recorded yet."""
        return cls(np.zeros(num_envs, np.int64), np.zeros(num_envs, np.int64))

    def after(self, ends: np.ndarray) -> RunningEpisodes:
        """When the episodes of these rows, by column, are over."""
        first_record, episode, envs = self.first_record.copy(), self.episode.copy(), ends["env_index"]
        first_record[envs] = ends["last_record"] + 1
        episode[envs] += 1
        return RunningEpisodes(first_record, episode)


def terminal_rows(
    ends: EpisodeEnds, running: RunningEpisodes, num_records: int, info: RecordingInfo, layout: Layout, where: object
) -> np.ndarray:
    """The table's rows for these ends, uint8 of shape (<= k, layout.columns.num_bytes).

    A reset outside a step that comes when nothing was recorded since the last one ends nothing and gets no row.

    Args:
        ends: as the simulator has them.
        running: the episodes that they end.
        num_records: steps that are recorded already.
        info: facts of the recording.
        layout: of the recording.
        where: its path, for errors.

    Raises:
        UnknownName: an outcome, a reason or an env that the recording does not have.
        BadField: values whose shapes do not fit.
    """
    envs = _env_indices(ends, layout.num_envs)
    names = [ends.outcome] * len(envs) if isinstance(ends.outcome, str) else ends.outcome
    outcomes = _codes("outcome", names, _CODES)
    rows, buffer = _blank_rows(len(envs), layout)
    in_step = _ENDS_IN_STEP[outcomes] | ends.is_lost
    rows["step"] = ends.step
    rows["first_record"] = running.first_record[envs]
    rows["last_record"] = np.where(in_step & ends.step_is_recorded, num_records, num_records - 1)
    rows["episode"] = running.episode[envs]
    rows["env_index"] = envs
    rows["outcome"] = outcomes
    rows["terminal_state"] = _terminal_states(outcomes, ends, info)
    _fill_facts(rows, ends, info, where)
    if isinstance(ends.values, np.ndarray):
        words = checked_rows(ends.values, (len(rows), layout.row.num_bytes // 4), where)
        buffer.reshape(len(rows), -1)[:, layout.row_offset :] = words.view(np.uint8)
    elif ends.values is not None:
        stride = layout.columns.num_bytes
        packer = RowPacker(layout.row, buffer, count=len(rows), offset=layout.row_offset, stride=stride, where=where)
        packer.pack_captured(ends.values)
    has_row = in_step | (rows["last_record"] >= rows["first_record"])
    # As bytes: numpy's own indexing leaves out what lies between the columns.
    return buffer.reshape(len(rows), -1)[has_row]


def read_ends(extent: Extent, layout: Layout, first: int = 0) -> np.ndarray:
    """What the table says about its episodes: the columns of all whole rows from row `first` on, shape (num_rows,).

    The states in which they ended are left out: a table of many gigabytes costs a megabyte and its columns.

    Raises FileProblem where there are more rows than any recording has.
    """
    stride, skip = layout.columns.num_bytes, layout.terminals_header_bytes
    num_rows = count_whole(extent.size, skip, stride)
    if num_rows > MAX_ENDS or num_rows * stride > MAX_TABLE_BYTES:
        problem = f"its table of ends has {num_rows} rows in {num_rows * stride} bytes"
        raise FileProblem(extent.path, f"{problem}; at most {MAX_ENDS} in {MAX_TABLE_BYTES} are read.")
    count = max(0, num_rows - first)
    columns = np.empty(count, _without_gaps(layout.columns.dtype))
    rows = Extent(extent.path, extent.offset + skip + first * stride, count * stride)
    done, rest = 0, b""
    for chunk in chunks_of(rows):
        rest += chunk
        whole = len(rest) // stride
        columns[done : done + whole] = np.frombuffer(rest, layout.columns.dtype, whole)
        done, rest = done + whole, rest[whole * stride :]
    return columns


def _blank_rows(count: int, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Rows in which nothing is captured yet, and the bytes that they lie in."""
    words = np.full(count * layout.columns.num_bytes // 4, NOT_CAPTURED, "<u4")
    return words.view(layout.columns.dtype), words.view(np.uint8)


def _fill_facts(rows: np.ndarray, ends: EpisodeEnds, info: RecordingInfo, where: object) -> None:
    """Fill the columns that the simulator may know nothing of."""
    rows["length"] = rows["reason"] = rows["success"] = -1
    rows["ret"] = np.nan
    columns: dict[str, Any] = {"length": ends.lengths, "ret": ends.returns}
    if ends.reasons is not None:
        known = {**{reason: code for code, reason in enumerate(info.outcome_reasons)}, "": -1}
        columns["reason"] = _codes("outcome reason", ends.reasons, known)
    if ends.success is not None:
        columns["success"] = [-1 if flag is None else int(flag) for flag in ends.success]
    for name, column in columns.items():
        if column is None:
            continue
        if np.shape(column) != rows[name].shape:
            raise BadField(where, name, f"of the ended episodes has shape {np.shape(column)}, not {rows[name].shape}.")
        rows[name] = column


def _terminal_states(outcomes: np.ndarray, ends: EpisodeEnds, info: RecordingInfo) -> np.ndarray:
    """Where each episode's last state is to be found, as an index into TERMINAL_STATES."""
    if ends.is_lost:
        return np.full(len(outcomes), TERMINAL_STATES.index("lost" if ends.step_is_recorded else "none"), "<u4")
    if ends.values is not None:
        in_step = "captured"
    elif not ends.step_is_recorded:
        in_step = "none"
    else:
        in_step = "recorded" if info.terminal_states == "recorded" else "lost"
    return _STATE_CODES[in_step][outcomes]


def _env_indices(ends: EpisodeEnds, num_envs: int) -> np.ndarray:
    """(k,) int64. Raises UnknownName for one that the recording does not have."""
    envs = np.asarray(ends.env_indices, dtype=np.int64).reshape(-1)
    outside = envs[(envs < 0) | (envs >= num_envs)]
    if len(outside):
        raise UnknownName("env index", int(outside[0]), range(num_envs))
    return envs


def _codes(kind: str, names: Sequence[str], known: Mapping[str, int]) -> np.ndarray:
    """The number of each name among the known ones. Raises UnknownName."""
    for name in names:
        if name not in known:
            raise UnknownName(kind, name, tuple(filter(None, known)))
    return np.array([known[name] for name in names], dtype=np.int64)


def _without_gaps(dtype: np.dtype) -> np.dtype:
    """The same fields one behind the other."""
    return np.dtype([(name, dtype[name].base, dtype[name].shape) for name in dtype.names or ()])
