"""The growth of a recording that is open: takes in what its writer appends to the folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import FileProblem
from ..rollout.rollout import Verdict
from .episodes import EpisodeTable
from .extents import Extent, count_whole
from .layout import META, TERMINALS, segment_name
from .log import ContainerLog, GrowingLines
from .meta import Meta
from .source import ContainerSource, FilePool
from .terminals import read_ends
from .verdicts import damage_of, verdicts_of

_STAYS = "What there was of it can still be looked at."


class ContainerGrowth:
    """Follows the files of an open recording. A refresh looks at their sizes and reads nothing twice.

    Args:
        path: the recording's folder.
        meta: the content of its meta.json.
        source: its numbers; a refresh extends them, and the two that follow.
        episodes: its episodes.
        log: its log.
        pool: the source's; sealed when the recording is replaced.
        facts: lines about episodes that come after those that were read.
        doubts: verdicts that do not change.
    """

    def __init__(
        self,
        path: Path,
        meta: Meta,
        source: ContainerSource,
        episodes: EpisodeTable,
        log: ContainerLog,
        pool: FilePool,
        facts: GrowingLines,
        doubts: Sequence[Verdict],
    ) -> None:
        self._path, self._meta, self._pool, self._facts = path, meta, pool, facts
        self._source, self._episodes, self._log = source, episodes, log
        self._doubts = tuple(doubts)
        self._parts = list(source.parts)
        self._identity = _identity(path)
        self._num_interventions = len(log.interventions)
        # What the files contradict each other in, and how much there was of them when they were looked at.
        self._damage: list[Verdict] = []
        self._looked_at: tuple[int, bool] | None = None

    @property
    def closed(self) -> bool:
        """Whether the writer has finished the recording, as far as it was read."""
        return self._log.closed

    @property
    def is_held(self) -> bool | None:
        """Whether a process still has the recording open for writing; None where that cannot be known."""
        return self._log.is_held()

    def verdicts(self) -> Sequence[Verdict]:
        """What there is to know about the recording as it is now."""
        verdicts = verdicts_of(self._meta, self._source, self._episodes, self._log)
        return [*self._find_damage(), *verdicts, *self._doubts]

    def refresh(self) -> bool:
        """Take in what was appended since; returns whether there is more.

        Raises FileProblem where the recording is gone, cut or another one; what was taken in can still be read.
        """
        try:
            return self._refresh()
        except FileNotFoundError:
            problem = FileProblem(self._path, "was deleted or moved while it was followed.", _STAYS)
        except OSError as error:
            problem = FileProblem(self._path, f"cannot be followed: {error.strerror}.", _STAYS)
        self._pool.seal()
        raise problem

    def _find_damage(self) -> list[Verdict]:
        """Of files that nobody writes to any more; they are looked at once, as they are now."""
        now = self._source.num_steps, self._log.closed
        if now != self._looked_at and self._log.is_held() is False:
            self._looked_at = now
            self._damage = damage_of(self._path)  # `refresh` says if it was deleted or cut since.
        return self._damage

    def _refresh(self) -> bool:
        if _identity(self._path) != self._identity:
            self._pool.seal()
            raise FileProblem(self._path, "was replaced by another recording while it was followed.", _STAYS)
        # What was written before the log's last line is there when the records are counted; and a row of the table
        # that is not there after they were counted ends an episode in a later record, or in the last one of them.
        self._log.refresh()
        num_steps = self._count_steps()
        table = Extent(self._path / TERMINALS, 0, os.stat(self._path / TERMINALS).st_size)
        # The rows that were appended since, and those whose step was not there yet.
        ends = read_ends(table, self._meta.layout, self._episodes.num_settled)
        self._pool.hold([table.path, *(part.path for part in self._parts)])
        facts = list(self._facts.new())
        num_interventions = len(self._log.interventions)
        is_by_hand, self._num_interventions = num_interventions != self._num_interventions, num_interventions
        is_same = num_steps == self._source.num_steps
        if is_same and not facts and not is_by_hand and not (ends["last_record"] < num_steps).any():
            return False
        self._source.grow(self._parts, num_steps, table)
        self._episodes.grow(ends, num_steps, facts)
        return True

    def _count_steps(self) -> int:
        """Bring the segments' sizes up to date; returns the steps in all of them."""
        layout = self._meta.layout
        full = layout.records_per_segment
        count = self._measure_last()
        while count == full and self._begin_next():
            count = self._measure_last()
        num_steps = (len(self._parts) - 1) * full + count
        if count > full or num_steps < self._source.num_steps:
            problem = f"was cut or damaged while it was followed: {self._parts[-1].path.name} holds {count} steps."
            raise FileProblem(self._path, problem, _STAYS)
        return num_steps

    def _measure_last(self) -> int:
        """Bring the last segment's size up to date; returns the whole records in it."""
        last, layout = self._parts[-1], self._meta.layout
        if last.size < layout.header_bytes and len(self._parts) > 1 and not last.path.exists():
            self._parts.pop()  # A repair removes a last file that holds nothing.
            return layout.records_per_segment
        size = os.stat(last.path).st_size
        self._parts[-1] = Extent(last.path, 0, size)
        return count_whole(size, layout.header_bytes, layout.record_bytes)

    def _begin_next(self) -> bool:
        """Take in the segment after the last; returns whether there is one."""
        path = self._path / segment_name(len(self._parts))
        if not path.exists():
            return False
        self._parts.append(Extent(path, 0, 0))
        return True


def _identity(path: Path) -> tuple[int, ...]:
    """What tells a recording from another one under its name: meta.json is written once."""
    status = os.stat(path / META)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
