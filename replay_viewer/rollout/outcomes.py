"""Outcomes: how an episode ended and where its last state is, in words and in the codes of recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

# "aborted" is a reset from outside, "unfinished" what the recording ends before. In the order of their codes in the
# table of ends, which FORMAT.md states.
Outcome = Literal["unfinished", "terminated", "truncated", "aborted"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
# Those that a step brings, by the task itself; an episode of any other outcome has not seen the step that comes next.
ENDED_IN_STEP: tuple[Outcome, ...] = ("terminated", "truncated")

# "recorded" in the row of the last step, "captured" in the table of ends, "lost" where a reset hides it, "none" of an
# episode that has no end in this recording. In the order of their codes, likewise.
TerminalState = Literal["lost", "captured", "recorded", "none"]
TERMINAL_STATES: tuple[TerminalState, ...] = get_args(TerminalState)

# Bits of the field "flags", by outcome; and of an env that was reset in its step.
FLAG_BITS: Mapping[str, int] = {"terminated": 1, "truncated": 2}
RESET_BIT = 4

# For people.
OUTCOME_TEXT: Mapping[Outcome, str] = {
    "terminated": "terminated",
    "truncated": "time-out",
    "unfinished": "unfinished",
    "aborted": "reset from outside",
}
