"""The layout of a recording on disk: the names of its files, and where every number lies in them.

Fields make up a row (one env at one step), rows a record (all envs at one step), records a segment (one file). A second
table has a row for each finished episode: its columns, then the row of fields in which it ended. FORMAT.md beside this
file specifies all of it for programs in any language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import BadField
from ..npz.npy import build_header
from ..rollout.fields import Field, unit_of

FORMAT_NAME = "replay-viewer recording"
VERSION = (1, 1)

# What names of recordings end in by custom, folders and packed files alike.
SUFFIX = ".rec"
META = "meta.json"
TERMINALS = "terminals.npy"
EPISODES = "episodes.jsonl"
LOG = "log.jsonl"
ASSETS = "assets"
TERRAIN = "assets/terrain.npz"
SEGMENT = re.compile(r"frames-[0-9]{5,}\.npy")
SEGMENT_BYTES = 256 * 2**20
# What no recording has more of. Files that should be small are read whole; a sparse one may claim any size.
MAX_META_BYTES = 8 << 20
MAX_LINES_BYTES = 32 << 20
MAX_LINE_BYTES = 1 << 20
MAX_HEADER_BYTES = 16 << 20
MAX_RECORD_BYTES = 512 << 20
MAX_ENDS = 5_000_000
MAX_TABLE_BYTES = 8 << 30

# What every word of a field holds where a terminal state was not captured; read as a float it is a NaN.
NOT_CAPTURED = 0xFFFFFFFF

# In front of the name of a mean over all of the simulator's envs.
MEANS_PREFIX = "batch_means/"

WORD_TYPES = ("<f4", "<u4", "<i4")
WORD_BYTES = 4
_WORD_OF_KIND = {"f": "<f4", "b": "<u4", "u": "<u4", "i": "<i4"}
_FIELD_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")
_POSES = ("base_pos", "base_wxyz", "joint_pos")
# In front of a record's rows: the step (int64) and the time (float64).
_HEAD_BYTES = 16


@dataclass(frozen=True)
class StructSpec:
    """Fields that lie together: in a row of a record, or as the columns of the terminals table.

    Attributes:
        fields: in order.
        offsets: bytes from the struct's start to each field, by name.
        num_bytes: from one such struct to the next.
    """

    fields: tuple[Field, ...]
    offsets: Mapping[str, int]
    num_bytes: int

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def dtype(self) -> np.dtype:
        """The same as a numpy dtype; bytes that no field covers are skipped."""
        return np.dtype(
            {
                "names": [f.name for f in self.fields],
                "formats": [(f.dtype, f.shape) for f in self.fields],
                "offsets": [self.offsets[f.name] for f in self.fields],
                "itemsize": self.num_bytes,
            }
        )


@dataclass(frozen=True)
class Layout:
    """Where everything lies.

    Attributes:
        num_envs: rows in a record.
        row: the fields of one env at one step.
        columns: what a terminals row says about its episode; `num_bytes` counts the row of fields behind them too.
        env_offset: bytes from a record's start to its first row, behind the step and the time.
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


def plan_layout(fields: Sequence[Field], num_envs: int, segment_bytes: int = SEGMENT_BYTES) -> Layout:
    """Lay out the fields without gaps, poses first; a segment takes as many records as fit, at least one.

    Raises BadField where a step of all envs is larger than what is read.
    """
    row = _laid_end_to_end(sorted(fields, key=lambda field: not is_pose(field.name)))
    agents = next((field.shape for field in fields if field.name == "rew"), ())
    columns = _laid_end_to_end(terminal_columns(agents))
    record_bytes = _HEAD_BYTES + num_envs * row.num_bytes
    if record_bytes > MAX_RECORD_BYTES:
        problem = f"of {num_envs} envs take {record_bytes} bytes a step, more than {MAX_RECORD_BYTES}."
        raise BadField("recording", "fields", problem, "Record fewer envs or signals.")
    header_bytes = len(build_header(record_dtype(row, num_envs)))
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


def terminal_columns(agents: tuple[int, ...] = ()) -> list[Field]:
    """What a terminals row says about its episode. agents: shape of `rew`, which the return shares."""
    numbers = ("step", "first_record", "last_record", "episode", "length")
    words = (("env_index", "<i4"), ("outcome", "<u4"), ("reason", "<i4"), ("success", "<i4"), ("terminal_state", "<u4"))
    typed = [*((name, "<i8") for name in numbers), *words]
    return [*(Field(name, (), np.dtype(code)) for name, code in typed), Field("ret", agents, np.dtype("<f8"))]


def declare(name: str, shape: Sequence[int] = (), dtype: object = np.float32, unit: str = "") -> Field:
    """A signal to record: floats are stored as float32, booleans and unsigned integers as uint32, others as int32.

    Args:
        name: such as "robot.base_pos", "obs" or a name of your own.
        shape: of one env at one step.
        dtype: what the arrays hold.
        unit: for the viewer; known for the names of the format.

    Raises:
        BadField: a name that other programs could not use, an empty shape, or a dtype that is no number.
    """
    where = "recording"
    if not is_field_name(name):
        raise BadField(where, name, "is no usable name of a signal.", "Use letters, digits and _ . / - (at most 200).")
    if any(int(size) < 1 for size in shape):
        raise BadField(where, name, f"has shape {tuple(shape)} per env, which holds nothing.", "Leave it out.")
    kind = np.dtype(dtype).kind  # type: ignore[call-overload]
    if kind not in _WORD_OF_KIND:
        raise BadField(where, name, f"is of type {np.dtype(dtype)}, which is no number.")  # type: ignore[call-overload]
    return Field(name, tuple(int(size) for size in shape), np.dtype(_WORD_OF_KIND[kind]), unit or unit_of(name))


def declare_all(values: Mapping[str, np.ndarray]) -> list[Field]:
    """The signals of one step's arrays, each of shape (num_envs, *shape)."""
    return [declare(name, np.shape(array)[1:], np.asarray(array).dtype) for name, array in values.items()]


def redeclared(fields: Sequence[Field]) -> list[Field]:
    """The fields as `declare` makes them. Raises BadField as it does, and for a name that is there twice."""
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise BadField("recording", name, "is declared twice.")
    return [declare(field.name, field.shape, field.dtype, field.unit) for field in fields]


# The field of what a policy wanted, where somebody may have sent something else, which is "act".
POLICY_ACTION = "policy_act"


def is_batch_mean(name: str) -> bool:
    """Whether a field of this name holds one number for all envs: a mean over the simulator's envs."""
    return name.startswith(MEANS_PREFIX)


def is_field_name(name: str) -> bool:
    """Whether other programs can use it: letters, digits and _ . / -, at most 200."""
    return _FIELD_NAME.fullmatch(name) is not None


def is_pose(name: str) -> bool:
    """Whether a field of this name says where a body of an entity is."""
    return "." in name and name.rpartition(".")[2] in _POSES


def segment_name(index: int) -> str:
    """The file that holds the index-th run of records."""
    return f"frames-{index:05d}.npy"


def is_inside(name: str) -> bool:
    """Whether a path that a file states stays inside of the recording: relative, with forward slashes, without `..`."""
    leads_out = any(part in ("", ".", "..") for part in name.split("/"))
    return not leads_out and not any(character in name for character in "\\:\0")


def _laid_end_to_end(fields: Sequence[Field]) -> StructSpec:
    """The fields one after the other, without gaps."""
    ends = np.cumsum([0, *(field.num_bytes for field in fields)]).tolist()
    offsets = {field.name: offset for field, offset in zip(fields, ends)}
    return StructSpec(tuple(fields), offsets, ends[-1])


def _plain_dtype(fields: Sequence[Field]) -> np.dtype:
    """Without offsets, as it stands in an .npy header; numpy packs it."""
    return np.dtype([(f.name, f.dtype, f.shape) if f.shape else (f.name, f.dtype) for f in fields])
