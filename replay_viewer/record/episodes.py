"""Episodes of a recording that is being made: those that have finished, and what the running ones have earned.

What has finished is read from the recording's folder, as any other process could.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Sequence

import numpy as np

from ..container.extents import Extent, count_whole, folder_extents
from ..container.layout import META, TERMINALS
from ..container.meta import Meta, read_meta
from ..container.terminals import read_ends
from ..episode_record import EpisodeRecord
from ..rollout.outcomes import OUTCOMES


class EpisodeRecords:
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
            total_reward=total if math.isfinite(total) else None,
            seed=info.seed,
            first_step=first,
            last_step=last,
        )


class EpisodeSums:
    """Sums of rewards and numbers of control steps since each env's last reset, over all steps, recorded or not."""

    def __init__(self, num_envs: int) -> None:
        self._steps = np.zeros(num_envs, np.int64)
        self._rewards = np.zeros(num_envs)

    def add(self, rewards: np.ndarray | None) -> None:
        """Count one step, with its rewards (num_envs,) or (num_envs, num_agents) where there are any."""
        if rewards is None:
            self._rewards[...] = np.nan
        elif rewards.shape == self._rewards.shape:
            self._rewards += rewards
        else:
            # The first step tells that there are several agents.
            self._rewards = rewards.astype(np.float64)
        # Last, here and in `clear`: what interrupts them leaves a length that fits no episode's.
        self._steps += 1

    def returns_of(self, env_indices: Sequence[int], lengths: Sequence[int] | None) -> np.ndarray:
        """The sums (k,) or (k, num_agents); NaN where the simulator counts other lengths than were seen here."""
        envs = np.asarray(env_indices, dtype=np.int64)
        returns = self._rewards[envs]
        if lengths is not None:
            returns[self._steps[envs] != np.asarray(lengths)] = np.nan
        return returns

    def clear(self, env_indices: Sequence[int]) -> None:
        """The episodes of these envs are over."""
        envs = np.asarray(env_indices, dtype=np.int64)
        self._rewards[envs] = 0
        self._steps[envs] = 0
