"""The means: what a family of environments can be made to do by hand, beside being stepped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Sequence

Velocity = Sequence[float]
# Names of what a hand may do to one env.
PUSH, RESET, COMMAND = "push", "reset", "command"
_LACKS: Mapping[str, str] = {
    PUSH: "Environments of this kind cannot be pushed from here.",
    RESET: "Environments of this kind cannot be reset one by one from here.",
    COMMAND: "This task has no commanded velocity.",
}


@dataclass(frozen=True)
class Command:
    """A commanded velocity that can be overridden.

    Attributes:
        names: of its values, for people: "forward [m/s]".
        low: the least value of each that the task draws.
        high: the greatest.
        write: writes the values for an env into the task's buffers.
        after: methods (object, name) after which the task may have written others.
        before: the same of those that read them.
    """

    names: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    write: Callable[[int, Sequence[float]], None]
    after: Sequence[tuple[Any, str]] = ()
    before: Sequence[tuple[Any, str]] = ()


@dataclass(frozen=True)
class Means:
    """What an environment can be made to do between two steps; None where it cannot.

    Attributes:
        push: adds a velocity in the world (3,) [m/s] to that of an env's base.
        reset: begins a new episode in an env.
        command: its commanded velocity.
        default_pose: gives, like an action, the one that brings every joint to the task's default pose.
        lacks: a sentence about what cannot be done, by the names above and "default_pose".
    """

    push: Callable[[int, Velocity], None] | None = None
    reset: Callable[[int], None] | None = None
    command: Command | None = None
    default_pose: Callable[[Any], Any] | None = None
    lacks: Mapping[str, str] = field(default_factory=dict)

    def lack(self, what: str) -> str:
        """Why something cannot be done; empty where it can."""
        if getattr(self, what) is not None:
            return ""
        return self.lacks.get(what) or _LACKS.get(what, "")


VELOCITY_NAMES = ("forward [m/s]", "left [m/s]", "turn [rad/s]")
_RANGE_NAMES = (("lin_vel_x",), ("lin_vel_y",), ("ang_vel_yaw", "ang_vel_z"))
_USUAL = (-1.0, 1.0)


def velocity_ranges(ranges: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The least and the greatest of each value of a commanded velocity, as settings or a dict name them."""
    found = [next((limits for name in names if (limits := _limits(ranges, name))), _USUAL) for names in _RANGE_NAMES]
    return tuple(low for low, _ in found), tuple(high for _, high in found)


def _limits(ranges: Any, name: str) -> tuple[float, float] | None:
    value: Any = ranges.get(name) if isinstance(ranges, Mapping) else getattr(ranges, name, None)
    try:
        low, high = (float(number) for number in value)
    except (TypeError, ValueError):
        return None
    # One that is always the same leaves a hand nothing to choose.
    return (low, high) if low < high else None
