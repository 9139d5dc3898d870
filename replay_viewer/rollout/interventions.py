"""Interventions: what somebody did by hand while a policy ran, and which steps of an env it touched.

A recording's log keeps them, so this runs on Python 3.8.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The kind of their lines in the log.
LINE_KIND = "by_hand"
# Ways of touching: for a while, each with its end; in one step; and none, since the simulation stands still.
SPANS: Mapping[str, str] = {"policy_off": "policy_on", "command": "command_end"}
ENDS = (*SPANS.values(), "resume")
_TOUCHES = ("push",)
_RESET = "reset"
# For people.
INTERVENTION_TEXT: Mapping[str, str] = {
    "policy_off": "policy off",
    "policy_on": "policy on",
    "command": "command by hand",
    "command_end": "end of the command by hand",
    "push": "push",
    "reset": "reset by hand",
    "pause": "pause",
    "resume": "resume",
    "step": "single step",
}
_MAX_TEXT = 100


@dataclass(frozen=True)
class Intervention:
    """Something that was done by hand, just before a step.

    Attributes:
        what: a key of `INTERVENTION_TEXT`.
        env_id: the simulator's index of the env; None for all of them.
        by: who: "page 3", "terminal", "code".
        value: how: a push's velocity [m/s], a command's values, what is sent while the policy is off; None where there
            is nothing to say.
        step: the first one that it touches; in a recorder the simulator's, in a recording the position.
    """

    what: str
    env_id: int | None = None
    by: str = ""
    value: Any = None
    step: int = 0


@dataclass(frozen=True)
class Touched:
    """Steps of an env in which something was done by hand.

    Attributes:
        first: position in the recording.
        last: likewise, included; None where it goes on.
        intervention: what it was.
    """

    first: int
    last: int | None
    intervention: Intervention


def touches_episode(what: str) -> bool:
    """Whether the episode in which it is done is not the policy's alone any more."""
    return what in SPANS or what in _TOUCHES or what == _RESET


def from_line(line: Mapping[str, Any], every: int) -> Intervention | None:
    """What a line of the log says, at its position in a recording of each `every`-th step; None of any other line."""
    what, step, env_id, by = (line.get(name) for name in ("what", "step", "env_id", "by"))
    if (
        line.get("kind") != LINE_KIND
        or not isinstance(what, str)
        or what not in INTERVENTION_TEXT
        or not _is_count(step)
    ):
        return None
    if env_id is not None and not _is_count(env_id):
        return None
    name = by[:_MAX_TEXT] if isinstance(by, str) else ""
    return Intervention(what, env_id, name, _value(line.get("value")), -(-int(step or 0) // every))


def touched_steps(interventions: Iterable[Intervention], env_id: int) -> list[Touched]:
    """The steps of an env that were touched, in their order."""
    found: list[Touched] = []
    running: dict[str, int] = {}
    for event in interventions:
        if event.env_id is not None and event.env_id != env_id:
            continue
        for begin, end in SPANS.items():
            if event.what == end and begin in running:
                index = running.pop(begin)
                found[index] = Touched(
                    found[index].first, max(found[index].first, event.step - 1), found[index].intervention
                )
        if event.what in SPANS and event.what not in running:
            running[event.what] = len(found)
            found.append(Touched(event.step, None, event))
        elif event.what in _TOUCHES:
            found.append(Touched(event.step, event.step, event))
        elif event.what == _RESET:
            # It ends the episode before; the coming one is nobody's.
            found.append(Touched(event.step - 1, event.step - 1, event))
    return found


def is_touched(touched: Sequence[Touched], first_step: int, last_step: int, outcome: str) -> bool:
    """Whether any of these steps is one of an episode's, which ended so; a reset touches what it has aborted alone."""
    return any(
        part.first <= last_step
        and (part.last is None or part.last >= first_step)
        and (part.intervention.what != _RESET or (outcome == "aborted" and part.last == last_step))
        for part in touched
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _value(value: Any) -> Any:
    """A short text, or a few finite numbers; None for anything else that a file may hold."""
    if isinstance(value, str):
        return value[:_MAX_TEXT]
    if isinstance(value, list) and len(value) <= 16 and all(map(_is_number, value)):
        return [float(number) for number in value]
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
