"""The witnesses of a recording: what its files say about each other, where one of them was damaged.

They are checksums (from format 1.1 on), the types and counts in .npy headers, the numbers of episodes in the table of
ends, and the flags of the steps in which they ended.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..rollout.outcomes import FLAG_BITS, OUTCOMES, TERMINAL_STATES
from .extents import Extent, chunks_of, content_of, count_whole
from .files import RecordingFiles
from .headers import Doubt, doubts_of_headers
from .layout import EPISODES, LOG, META, TERMINALS, Layout, segment_name
from .log import CHECKSUMS, checksum_text, read_lines
from .terminals import read_ends

# By the table's codes.
_FLAG_BITS = {OUTCOMES.index(outcome): bit for outcome, bit in FLAG_BITS.items()}
_UNFINISHED, _NO_STATE = OUTCOMES.index("unfinished"), TERMINAL_STATES.index("none")
_CHUNK_BYTES = 1 << 20
# The last lines of a log that are looked at.
_MAX_LOG_BYTES = 1 << 22


def find_doubts(files: RecordingFiles, max_bytes: float) -> list[Doubt]:
    """Everything in which the files of a recording that nobody writes to contradict each other.

    Args:
        files: of the recording.
        max_bytes: of records that are read; of a larger recording, the headers and the tables are compared alone.
    """
    stated = _read_stated(files)
    doubts = [*_of_meta(files, stated), *doubts_of_headers(files), *_of_count(files, stated)]
    scan = None
    if sum(part.size for part in files.parts) <= max_bytes:
        scan = _scan(files)
        doubts += _of_records(files, stated, scan)
    table = _Table.of(files, stated)
    if not table.is_as_written:
        doubts += _of_table(table, stated, None if scan is None else scan.steps, files.layout.num_envs)
        doubts += [] if scan is None else _of_flags(table, scan, files.layout.num_envs)
    return [*doubts, *_of_notes(files, stated)]


@dataclass(frozen=True)
class _Stated:
    """What the log says that there is.

    Attributes:
        num_records: steps when the recording was closed; None where nobody closed it.
        num_ends: likewise, rows of the table of ends.
        checksums: of files by name.
    """

    num_records: int | None = None
    num_ends: int | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)

    def differs(self, name: str, checksum: int) -> bool:
        """Whether another checksum of the file is stated."""
        return name in self.checksums and self.checksums[name] != checksum_text(checksum)


@dataclass(frozen=True)
class _Scan:
    """What all records were read for.

    Attributes:
        checksums: of the whole records of each segment.
        steps: (T,) the simulator's number of each.
        ended: (k, 3) record, env and bits of the flags that say that an episode ended.
    """

    checksums: list[int]
    steps: np.ndarray
    ended: np.ndarray


@dataclass(frozen=True)
class _Table:
    """The table of ends.

    Attributes:
        ends: the columns of its rows whose step is there.
        num_rows: all whole rows.
        is_as_written: whether its checksum says that it is what was written.
        is_changed: whether it says that it is not.
    """

    ends: np.ndarray
    num_rows: int
    is_as_written: bool
    is_changed: bool

    @classmethod
    def of(cls, files: RecordingFiles, stated: _Stated) -> _Table:
        layout, table = files.layout, files.terminals
        ends = read_ends(table, layout)
        known = TERMINALS in stated.checksums and stated.num_ends is not None and 0 <= stated.num_ends <= len(ends)
        is_as_written = False
        if known:
            size = (stated.num_ends or 0) * layout.columns.num_bytes
            rows = Extent(table.path, table.offset + layout.terminals_header_bytes, size)
            is_as_written = not stated.differs(TERMINALS, _checksum_of(rows))
        shown = ends[ends["last_record"] < files.num_steps]
        return cls(shown, len(ends), is_as_written, is_changed=known and not is_as_written)


def _read_stated(files: RecordingFiles) -> _Stated:
    log = files.extents.get(LOG)
    if log is None:
        return _Stated()
    skipped = max(0, log.size - _MAX_LOG_BYTES)
    counts: dict[str, int | None] = {}
    checksums: dict[str, str] = {}
    for line in read_lines(content_of(Extent(log.path, log.offset + skipped, log.size - skipped))):
        found = line.get(CHECKSUMS)
        if isinstance(found, dict):
            checksums.update((name, text) for name, text in found.items() if isinstance(text, str))
        if line.get("kind") == "end":
            counts = {key: line[key] for key in ("num_records", "num_ends") if isinstance(line.get(key), int)}
    return _Stated(checksums=checksums, **counts)


def _scan(files: RecordingFiles) -> _Scan:
    layout, record = files.layout, 0
    checksums, steps, ended = [], [np.zeros(0, np.int64)], [np.zeros((0, 3), np.int64)]
    for part in files.parts:
        checksum = 0
        for chunk in _records(part, layout):
            count = len(chunk) // layout.record_bytes
            checksum = zlib.crc32(chunk, checksum)
            steps.append(np.ndarray(count, "<i8", chunk, 0, (layout.record_bytes,)).copy())
            ended.append(_ended(chunk, count, record, layout))
            record += count
        checksums.append(checksum)
    return _Scan(checksums, np.concatenate(steps), np.concatenate(ended))


def _records(part: Extent, layout: Layout) -> Iterator[bytes]:
    """The whole records of a segment, some at a time."""
    count = count_whole(part.size, layout.header_bytes, layout.record_bytes)
    at_once = max(1, _CHUNK_BYTES // layout.record_bytes)
    for first in range(0, count, at_once):
        offset = part.offset + layout.header_bytes + first * layout.record_bytes
        yield content_of(Extent(part.path, offset, min(at_once, count - first) * layout.record_bytes))


def _ended(chunk: bytes, count: int, first: int, layout: Layout) -> np.ndarray:
    """(k, 3) record, env and bits, where the flags of records from `first` on say that an episode ended."""
    spec = layout.row.by_name.get("flags")
    if spec is None or spec.shape or spec.dtype != "<u4":
        return np.zeros((0, 3), np.int64)
    offset = layout.env_offset + layout.row.offsets["flags"]
    flags = np.ndarray((count, layout.num_envs), "<u4", chunk, offset, (layout.record_bytes, layout.row.num_bytes))
    bits = flags & sum(_FLAG_BITS.values())
    records, envs = np.nonzero(bits)
    return np.stack([first + records, envs, bits[records, envs]], axis=1).astype(np.int64)


def _of_meta(files: RecordingFiles, stated: _Stated) -> list[Doubt]:
    is_changed = files.meta.is_as_written is False or (
        META in stated.checksums and stated.differs(META, _checksum_of(files.extents[META]))
    )
    reason = (
        "its checksum is another one: names, units and places of numbers may be wrong, if nobody edited it on purpose"
    )
    return [Doubt(f"{META} is not what was written", reason)] if is_changed else []


def _of_count(files: RecordingFiles, stated: _Stated) -> list[Doubt]:
    """A number of steps that is not the one with which the recording was closed."""
    if stated.num_records is None or stated.num_records == files.num_steps:
        return []
    finding = "steps are missing" if files.num_steps < stated.num_records else "steps were added"
    reason = f"the recording was closed with {stated.num_records} of them, {files.num_steps} are there"
    return [Doubt(finding, reason)]


def _of_records(files: RecordingFiles, stated: _Stated, scan: _Scan) -> list[Doubt]:
    """Segments whose records are not those that were written, and records that are out of order."""
    doubts = []
    full, closed_with = files.layout.records_per_segment, stated.num_records
    for index, checksum in enumerate(scan.checksums):
        present = min(files.num_steps - index * full, full)
        # One that was cut has been named.
        is_whole = present == full or closed_with == files.num_steps
        if is_whole and stated.differs(segment_name(index), checksum):
            doubts.append(Doubt(f"{segment_name(index)} is damaged", "its checksum is another one: numbers are wrong"))
    count = int(np.count_nonzero(np.diff(scan.steps) <= 0))
    if count:
        reason = f"the simulator's step does not increase from one record to the next, {count} times"
        doubts.append(Doubt("records are not in their order", reason))
    return doubts


def _of_table(table: _Table, stated: _Stated, steps: np.ndarray | None, num_envs: int) -> list[Doubt]:
    """A table of ends that is not what was written, or whose rows cannot all be true."""
    if table.is_changed:
        return [Doubt(f"{TERMINALS} is damaged", "its checksum is another one: ends of episodes are wrong")]
    if stated.num_ends is not None and table.num_rows < stated.num_ends:
        reason = f"the recording was closed with {stated.num_ends} ends of episodes, {table.num_rows} are there"
        return [Doubt(f"{TERMINALS} was cut", reason)]
    fits = _follow(table.ends, num_envs)
    if steps is not None:
        fits &= _have_their_step(table.ends, steps)
    count = len(fits) - int(np.count_nonzero(fits))
    reason = (
        f"{count} of {len(fits)} rows do not fit those before or their steps: ends of episodes are wrong or missing"
    )
    return [Doubt(f"{TERMINALS} contradicts itself", reason)] if count else []


def _follow(ends: np.ndarray, num_envs: int) -> np.ndarray:
    """Whether each row follows the one before it of its env, (k,) bool: episodes are counted, and leave no gap."""
    order = np.argsort(ends["env_index"], kind="stable")
    env, first, last, episode = (ends[name][order] for name in ("env_index", "first_record", "last_record", "episode"))
    is_next = np.zeros(len(ends), bool)
    is_next[1:] = env[1:] == env[:-1]
    fits = (env >= 0) & (env < num_envs) & (last >= first - 1)
    fits &= first == np.where(is_next, np.roll(last, 1) + 1, 0)
    fits &= episode == np.where(is_next, np.roll(episode, 1) + 1, 0)
    # An episode that goes on has no last state.
    fits &= (ends["outcome"][order] != _UNFINISHED) | (ends["terminal_state"][order] == _NO_STATE)
    found = np.empty(len(ends), bool)
    found[order] = fits
    return found


def _have_their_step(ends: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Whether the last record of each episode is that of the step in which it ended, where that was recorded."""
    last = ends["last_record"]
    in_step = np.isin(ends["outcome"], list(_FLAG_BITS)) & (ends["terminal_state"] != _NO_STATE)
    is_inside = (last >= 0) & (last < len(steps))
    return ~in_step | (is_inside & (steps[np.where(is_inside, last, 0)] == ends["step"]))


def _of_flags(table: _Table, scan: _Scan, num_envs: int) -> list[Doubt]:
    """Ends of episodes that flags state and the table does not."""
    ends = table.ends[table.ends["first_record"] <= table.ends["last_record"]]
    records, envs, bits = scan.ended.T
    is_known = np.zeros(len(bits), bool)
    for outcome, bit in _FLAG_BITS.items():
        rows = ends[ends["outcome"] == outcome]
        known = np.isin(records * num_envs + envs, rows["last_record"] * num_envs + rows["env_index"])
        is_known |= known & (bits & bit > 0)
    missing = np.flatnonzero(~is_known)
    if not len(missing):
        return []
    record, env = int(records[missing[0]]), int(envs[missing[0]])
    reason = f"flags say that episodes ended, the first in record {record}, env_index {env}"
    return [Doubt(f"{len(missing)} ends of episodes are not in {TERMINALS}", reason)]


def _of_notes(files: RecordingFiles, stated: _Stated) -> list[Doubt]:
    """Facts about episodes that are not those that were noted."""
    checksum = _checksum_of(files.extents[EPISODES]) if EPISODES in files.extents else 0
    if not stated.differs(EPISODES, checksum):
        return []
    reason = "its checksum is another one: what is known late about episodes may be wrong or missing"
    return [Doubt(f"{EPISODES} is not what was written", reason)]


def _checksum_of(extent: Extent) -> int:
    checksum = 0
    for chunk in chunks_of(extent):
        checksum = zlib.crc32(chunk, checksum)
    return checksum
