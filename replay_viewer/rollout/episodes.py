"""Where the keys "previous" and "next" lead among the episodes of one env."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .rollout import Episode, Outcome


def next_episode_start(episodes: Sequence[Episode], step: int) -> int:
    """First step of the episode after the one that contains `step`; `step` itself in the last one."""
    return next((e.first_step for e in episodes if e.first_step > step), step)


def previous_episode_start(episodes: Sequence[Episode], step: int, grace_steps: int = 50) -> int:
    """First step of the current episode, or of the one before it when `step` is near that start, as video players do.

    Args:
        episodes: of one env, in order.
        step: where playback stands.
        grace_steps: how near is near; about one second of steps, so that a second press goes on further back.
    """
    starts = [e.first_step for e in episodes if e.first_step <= step]
    if len(starts) > 1 and step - starts[-1] <= grace_steps:
        return starts[-2]
    return starts[-1] if starts else step


def next_episode_end(episodes: Sequence[Episode], step: int) -> int:
    """Last step of the next episode that ends after `step`, so that its end is seen; `step` itself if none does."""
    return next((end for end in _ends(episodes) if end > step), step)


def previous_episode_end(episodes: Sequence[Episode], step: int) -> int:
    """Last step of the latest episode that ended before `step`; `step` itself if none did."""
    return max((end for end in _ends(episodes) if end < step), default=step)


def _ends(episodes: Sequence[Episode]) -> list[int]:
    """Last steps of the episodes that really ended: the end of the recording is no end of an episode."""
    return [e.last_step for e in episodes if e.outcome != "unfinished"]


OUTCOME_TEXT: Mapping[Outcome, str] = {
    "terminated": "terminated",
    "truncated": "time-out",
    "unfinished": "unfinished",
    "aborted": "reset from outside",
}


# What colours tell apart: outcomes, and successes whatever their outcome is.
KIND_TEXT: Mapping[str, str] = {**OUTCOME_TEXT, "success": "success"}


def kind_of(episode: Episode) -> str:
    """A key of `KIND_TEXT`."""
    return "success" if episode.success else episode.outcome


def outcome_text(episode: Episode) -> str:
    """How an episode ended, with the simulator's reason and whether it was a success where that is known."""
    reason = f" ({episode.outcome_reason})" if episode.outcome_reason else ""
    success = {True: ", success", False: ", failure", None: ""}[episode.success]
    return f"{OUTCOME_TEXT[episode.outcome]}{reason}{success}"
