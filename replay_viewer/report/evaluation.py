"""An evaluation: episodes as arrays, and what counts as a success among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..episode_record import EpisodeRecord
from .draws import columns_of, number_of

# Of these nothing is counted: nobody knows how they would have ended.
_CUT_OFF = ("aborted", "unfinished")


@dataclass(frozen=True)
class Measure:
    """What the first number of the report is.

    Attributes:
        name: for people.
        yes: how an episode of which it is true is called.
        no: of which it is not.
        short: where there is little room.
    """

    name: str
    yes: str
    no: str
    short: str


SUCCESS = Measure("Success rate", "success", "failure", "success")
# Where no task says what a success is, as in walking, an episode that was not ended by a fall is as good as one.
TO_THE_LIMIT = Measure("Ran to the time limit", "time limit", "terminated", "to the limit")


class Evaluation:
    """Episodes as arrays of the same length, in their order.

    Attributes:
        records: of the episodes.
        total_reward: (N,) returns; NaN where one is not known, here and in the next two.
        steps: (N,) lengths.
        seconds: (N,) durations.
        outcome: (N,) words, "" where it is not known.
        is_manual: (N,) whether somebody had a hand in it, who is not to be counted.
        is_finished: (N,) whether the episode came to an end of its own: all statistics are of these alone.
        measure: what `is_good` says.
        is_good: (N,) 1 or 0, or NaN: whether it was a success or, where no episode says that, ran to its time limit.
    """

    def __init__(
        self, records: Sequence[EpisodeRecord], measure: Measure | None = None, *, counts_manual: bool = False
    ) -> None:
        """Take them in.

        Args:
            records: of the episodes.
            measure: by default what is known of these records; of a part of an evaluation, the one of the whole.
            counts_manual: whether those count that somebody had a hand in.
        """
        self.records = list(records)
        self._whole: tuple[Evaluation, np.ndarray] | None = None
        self.total_reward = as_numbers([record.total_reward for record in records])
        self.steps = as_numbers([record.episode_length for record in records])
        self.seconds = as_numbers([record.duration_s for record in records])
        self.outcome = np.array([record.outcome or "" for record in records], dtype=object)
        self._counts_manual = counts_manual
        self.is_manual = np.array([record.manual is True and not counts_manual for record in records], dtype=bool)
        self.is_finished = ~np.isin(self.outcome, _CUT_OFF) & ~self.is_manual
        success = as_numbers([record.success for record in records])
        if measure is None:
            is_told = bool(np.isfinite(success[self.is_finished]).any())
            measure = SUCCESS if is_told or not self._has_ends else TO_THE_LIMIT
        self.measure = measure
        self.is_good = success if measure is SUCCESS else _limit_reached(self.outcome)
        self.is_good[~self.is_finished] = np.nan

    def __len__(self) -> int:
        return len(self.records)

    def part(self, members: np.ndarray) -> Evaluation:
        """Those of a mask (N,) or of indices, with the same measure."""
        places = np.flatnonzero(members) if members.dtype == bool else members
        part = Evaluation([self.records[place] for place in places], self.measure, counts_manual=self._counts_manual)
        part._whole = self, places
        return part

    @cached_property
    def finished(self) -> Evaluation:
        """The episodes that statistics are of."""
        return self.part(self.is_finished)

    @cached_property
    def factors(self) -> dict[str, list[Any]]:
        """What was varied, by column; see `columns_of`."""
        return self._columns("factors", [record.variations for record in self.records])

    @cached_property
    def progress(self) -> dict[str, list[Any]]:
        """How far they came, likewise."""
        return self._columns("progress", [record.progress for record in self.records])

    def _columns(self, name: str, values: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """Those of the whole: what a value is taken for depends on the others."""
        if self._whole is None:
            return columns_of(values)
        whole, places = self._whole
        return {column: [found[place] for place in places] for column, found in getattr(whole, name).items()}

    @property
    def _has_ends(self) -> bool:
        return bool(np.isin(self.outcome, ("terminated", "truncated")).any())


def _limit_reached(outcome: np.ndarray) -> np.ndarray:
    return np.where(outcome == "truncated", 1.0, np.where(outcome == "terminated", 0.0, np.nan))


def as_numbers(values: Sequence[float | int | bool | None]) -> np.ndarray:
    """Values (N,) float64, NaN where one is not known or no number that counts."""
    numbers = map(number_of, values)
    return np.array([np.nan if number is None else number for number in numbers], dtype=np.float64)
