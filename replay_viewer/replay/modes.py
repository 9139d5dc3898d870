"""The modes of a world: where its takes stand, as recorded, all from one place, or side by side; and its alignments:
what happens in all of them at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ..errors import UnknownName
from ..rotations import yaw

if TYPE_CHECKING:
    from .take import Take

Mode = Literal["recorded", "ghost", "side"]

Alignment = Literal["start", "recording", "end", "mark"]

# What the page calls them, in the order in which a key goes through them.
MODES: dict[Mode, str] = {"recorded": "as recorded", "ghost": "from one place", "side": "side by side"}

# What the page calls what is at the same time in all of them.
ALIGNMENTS: dict[Alignment, str] = {
    "start": "starts", "recording": "recorded time", "end": "ends of episodes", "mark": "bookmarks",
}  # fmt: skip

# Side by side, from one to the next, so many times the radius of the largest robot.
_ROOM = 2.0


def check_mode(name: str) -> None:
    """Raise UnknownName for a mode that there is not."""
    if name not in get_args(Mode):
        raise UnknownName("mode", name, get_args(Mode), where="this version")


def check_alignment(name: str) -> None:
    """Raise UnknownName for an alignment that there is not."""
    if name not in get_args(Alignment):
        raise UnknownName("alignment", name, get_args(Alignment), where="this version")


def offsets_of(takes: Sequence[Take], mode: Mode) -> tuple[np.ndarray, ...]:
    """What is added to where each take was recorded, (3,) [m]; of the lead, the first, nothing.

    As recorded that is the take's own offset. From one place, each stands at its start above the spot where the lead
    stands at its own, at the height that was recorded; side by side, it is moved from there across the way that the
    lead heads, in turn to its right and its left. The take's own offset is added to both.
    """
    lead, *others = takes
    own = [np.asarray(take.offset, np.float64) for take in others]
    if mode == "recorded" or not others:
        return (np.zeros(3), *own)
    spot, right = _stand(lead)
    step = _ROOM * max(map(_radius, takes)) * right if mode == "side" else np.zeros(3)
    moved = [spot - _stand(take)[0] + _aside(number) * step for number, take in enumerate(others)]
    return (np.zeros(3), *(offset + move for offset, move in zip(own, moved, strict=True)))


def _aside(number: int) -> int:
    """How many places to the right of the lead: 1, -1, 2, -2, ..."""
    return (number // 2 + 1) * (-1 if number % 2 else 1)


def _stand(take: Take) -> tuple[np.ndarray, np.ndarray]:
    """Where the first robot of a take stands at its start, at height 0 [m], and the direction to its right; (3,)."""
    poses = take.frame_at(take.start).entities[_first(take)]
    heading = float(yaw(poses.base_wxyz[0].astype(np.float64)))
    spot = poses.base_pos[0].astype(np.float64) * (1.0, 1.0, 0.0)
    return spot, np.array([np.sin(heading), -np.cos(heading), 0.0])


def _radius(take: Take) -> float:
    return take.replay.robots[_first(take)].radius


def _first(take: Take) -> str:
    return next(iter(take.replay.rollout.entities))
