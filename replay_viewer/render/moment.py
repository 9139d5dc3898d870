"""What one video frame shows."""

from __future__ import annotations

from dataclasses import dataclass

from ..rollout.rollout import Episode


@dataclass(frozen=True)
class Moment:
    """What one video frame shows.

    position: of playback, in steps; it may lie between two. envs: those shown, as positions in the recording; the
    first is the one whose numbers an overlay tells. episode: of `envs[0]`, that the position lies in. seconds: since
    the episode's first step, of recorded time.
    """

    position: float
    envs: tuple[int, ...]
    episode: Episode
    seconds: float
