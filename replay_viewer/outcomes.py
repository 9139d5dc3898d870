"""How episodes ended, in words."""

from __future__ import annotations

from collections.abc import Mapping

from .rollout.rollout import Episode, Outcome

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
