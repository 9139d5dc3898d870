"""The finished episodes of a recording that is being made, read from its folder as any other process could."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...container.extents import Extent, count_whole, folder_extents
from ...container.layout import META, TERMINALS
from ...container.meta import Meta, read_meta
from ...container.terminals import read_ends
from ...episode_record import EpisodeRecord, finite
from ...rollout.outcomes import OUTCOMES


class FinishedEpisodes:
    """Reads the ends of episodes out of a recording's folder while it is written.

    Args:
        path: the folder.
        first: records before this one do not count.
    """

    def __init__(self, path: Path, first: int = 0) -> None:
        self._path, self._first = path, first
        self._meta: Meta | None = None
        self._num_rows = 0

    def new(self) -> list[EpisodeRecord]:
        """Those that have come since the last call."""
        if self._meta is None:
            # It is written with the first step.
            if not (self._path / META).exists():
                return []
            self._meta = read_meta(folder_extents(self._path), self._path)
        table, layout = self._path / TERMINALS, self._meta.layout
        extent = Extent(table, 0, table.stat().st_size)
        if count_whole(extent.size, layout.terminals_header_bytes, layout.columns.num_bytes) == self._num_rows:
            return []
        rows = read_ends(extent, layout, self._num_rows)
        self._num_rows += len(rows)
        return [self._record(row, self._meta) for row in rows]

    def _record(self, row: np.void, meta: Meta) -> EpisodeRecord:
        first, last = max(0, int(row["first_record"]) - self._first), int(row["last_record"]) - self._first
        length, reason, total = int(row["length"]), int(row["reason"]), float(np.sum(row["ret"]))
        info = meta.info
        return EpisodeRecord(
            env_id=info.env_ids[row["env_index"]],
            episode_in_env=int(row["episode"]),
            outcome=OUTCOMES[row["outcome"]],
            reason=info.outcome_reasons[reason] if reason >= 0 else None,
            success={1: True, 0: False}.get(int(row["success"])),
            episode_length=length if length >= 0 else last - first + 1,
            total_reward=finite(total),
            seed=info.seed,
            first_step=first,
            last_step=last,
        )
