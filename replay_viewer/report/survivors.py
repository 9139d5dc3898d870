"""How long episodes last: curves of survival, of all or by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .evaluation import Evaluation
from .statistics.survival import Survival, survival

# More curves than these cannot be told apart.
_MOST_CURVES = 6


@dataclass(frozen=True)
class Survivors:
    """A curve for each group.

    Attributes:
        unit: of the times, "s" or "steps".
        labels: of the groups; one, "", of all episodes.
        curves: of each.
        counts: episodes of each.
        num_ended: episodes that something ended.
        num_cut_off: episodes that lasted to their time limit or to the end of the recording, or were successes.
    """

    unit: str
    labels: tuple[str, ...]
    curves: tuple[Survival, ...]
    counts: tuple[int, ...]
    num_ended: int
    num_cut_off: int


def survivors_of(episodes: Evaluation, groups: Sequence[tuple[str, np.ndarray]] = ()) -> Survivors | None:
    """None where no episode is known to have been ended by anything.

    An episode that was terminated without being a success has ended. Truncated, successful and unfinished ones are cut
    off: they would have gone on. Aborted ones, and those of unknown outcome, are left out.

    Args:
        episodes: all of them.
        groups: labels with masks (N,); none for all as one.
    """
    is_success = np.array([record.success is True for record in episodes.records], dtype=bool)
    ended = (episodes.outcome == "terminated") & ~is_success
    counts = np.isin(episodes.outcome, ("terminated", "truncated", "unfinished"))
    has_seconds = bool(np.isfinite(episodes.seconds[counts]).all())
    times = episodes.seconds if has_seconds else episodes.steps
    counts &= times >= 0
    if not (ended & counts).any():
        return None
    parts = [(label, mask & counts) for label, mask in groups[:_MOST_CURVES] if (mask & counts).any()]
    if len(parts) < 2:
        parts = [("", counts)]
    curves = [curve for _, mask in parts if (curve := survival(times[mask], ended[mask]))]
    return Survivors(
        unit="s" if has_seconds else "steps",
        labels=tuple(label for label, _ in parts),
        curves=tuple(curves),
        counts=tuple(int(mask.sum()) for _, mask in parts),
        num_ended=int((ended & counts).sum()),
        num_cut_off=int((~ended & counts).sum()),
    )
