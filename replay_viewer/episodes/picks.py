"""Picks: the worst, the best and the most typical episodes, as a user asks for them: "worst:3", "best:2,typical:1"."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..episode_record import EpisodeRecord
from ..errors import BadArgument
from ..rollout.outcomes import ENDED_IN_STEP

_PICK = re.compile(r"([a-z]+):([0-9]{1,6})", re.ASCII)
# Farther than so many usual distances from the middle is as far as can be; so is what is not known.
_FARTHEST = 10.0


class Picks:
    """Episodes by how they went.

    Only those count that came to an end of their own, as long as there are any: what was cut off has no whole return.

    Raises:
        BadArgument: a text that is none of that.
    """

    def __init__(self, option: str, text: str) -> None:
        """option: what the text was given to, for messages."""
        self._chosen = [_parsed(option, text, part.strip()) for part in text.split(",")]

    @staticmethod
    def is_one(choice: object) -> bool:
        """Whether somebody who chooses episodes means picks, and not numbers of them."""
        return isinstance(choice, str) and any(word in choice for word in _ORDERS)

    def of(self, records: Sequence[EpisodeRecord]) -> list[int]:
        """Places of those that are meant among the records, each once."""
        finished = [place for place, record in enumerate(records) if record.outcome in (None, *ENDED_IN_STEP)]
        places = finished or list(range(len(records)))
        found = (place for order, count in self._chosen for place in order(records, places)[:count])
        return list(dict.fromkeys(found))


def _parsed(option: str, text: str, part: str) -> tuple[Callable[..., list[int]], int]:
    match = _PICK.fullmatch(part)
    order, count = (None, 0) if match is None else (_ORDERS.get(match.group(1)), int(match.group(2)))
    if order is None or not count:
        raise BadArgument(option, text, f"expected {', '.join(f'{word}:N' for word in _ORDERS)}, such as worst:3.")
    return order, count


def _worst_first(records: Sequence[EpisodeRecord], places: Sequence[int]) -> list[int]:
    """Failures first, then by return, then by length; what is not known comes last."""
    return sorted(places, key=lambda place: _goodness(records[place], 1))


def _best_first(records: Sequence[EpisodeRecord], places: Sequence[int]) -> list[int]:
    return sorted(places, key=lambda place: _goodness(records[place], -1))


def _typical_first(records: Sequence[EpisodeRecord], places: Sequence[int]) -> list[int]:
    """By how near they are to the middle in return, length and reward terms."""
    names = dict.fromkeys(name for place in places for name in records[place].rewards)
    columns = [
        [records[place].total_reward for place in places],
        [records[place].episode_length for place in places],
        *([records[place].rewards.get(name) for place in places] for name in names),
    ]
    distances = sum(map(_distances, columns), np.zeros(len(places)))
    return [places[index] for index in np.argsort(distances, kind="stable")]


def _goodness(record: EpisodeRecord, sign: int) -> tuple[float, float, float]:
    """By which the worst is the least, or the best where the sign is -1."""
    success = record.success
    if success is None:
        success = {"terminated": False, "truncated": True}.get(record.outcome or "")
    rank = 0.5 if success is None else float(success)
    return sign * rank, _signed(record.total_reward, sign), _signed(record.episode_length, sign)


def _signed(value: float | None, sign: int) -> float:
    return math.inf if value is None else sign * value


def _distances(values: Sequence[float | None]) -> np.ndarray:
    """How far values are from the middle one, in usual distances from it; all 0 where none is known."""
    column = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    known = column[np.isfinite(column)]
    if not known.size:
        return np.zeros(len(column))
    middle = np.median(known)
    usual = float(np.median(np.abs(known - middle)) or known.std() or 1.0)
    return np.nan_to_num(np.minimum(np.abs(column - middle) / usual, _FARTHEST), nan=_FARTHEST)


_ORDERS: Mapping[str, Callable[[Sequence[EpisodeRecord], Sequence[int]], list[int]]] = {
    "worst": _worst_first,
    "best": _best_first,
    "typical": _typical_first,
}
