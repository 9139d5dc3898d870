"""How two robots push a box to a target: each has its place behind the box, and the one that pushes faster turns it.

All angles are about the vertical, in radians; a *place* is x, y [m] and yaw. Arrays are for n envs at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SIDES = np.array([1.0, -1.0])
"""Of the box on which the robots push: left, right."""


@dataclass(frozen=True)
class Plan:
    """How they push.

    Attributes:
        behind: from the box's middle back to a base that touches it [m].
        beside: from the box's middle to the robots' places, sideways [m].
        speed: of pushing [m/s].
        turn: how much faster one pushes for each radian that the box shall turn [m/s].
    """

    behind: float = 0.55
    beside: float = 0.27
    speed: float = 0.45
    turn: float = 1.2

    def places(self, box: np.ndarray) -> np.ndarray:
        """Where the robots' bases belong, (n, 2, 3), for the box's place (n, 3)."""
        offsets = np.stack([np.full(2, -self.behind), self.beside * SIDES], axis=-1)
        places = np.repeat(box[:, None], 2, axis=1)
        places[..., :2] += turned(offsets, box[:, None, 2])
        return places

    def commands(self, robots: np.ndarray, box: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Forward and leftward velocity [m/s] and turn rate [rad/s] of each robot, (n, 2, 3).

        Args:
            robots: places of their bases, (n, 2, 3).
            box: its place, (n, 3).
            target: where it shall be, (n, 3).
        """
        place = self.places(box)
        # How far each is behind and beside its place, seen along the box.
        behind, beside = np.moveaxis(turned(place[..., :2] - robots[..., :2], -place[..., 2]), -1, 0)
        heading = wrap(place[..., 2] - robots[..., 2])
        # Who is not there yet waits a hand's breadth behind the box until both can push.
        pushes = ((np.abs(beside) < 0.13) & (np.abs(heading) < 0.3) & (behind < 0.22)).all(axis=1)[:, None]
        forward = np.where(pushes, self._pushing(box, target), np.clip(1.5 * (behind - 0.12), -0.3, 0.6))
        along_box = np.stack([forward, np.clip(1.5 * beside, -0.25, 0.25)], axis=-1)
        return np.concatenate([turned(along_box, heading), np.clip(2 * heading, -0.8, 0.8)[..., None]], axis=-1)

    def _pushing(self, box: np.ndarray, target: np.ndarray) -> np.ndarray:
        """How fast each pushes, (n, 2) [m/s]."""
        way = target[:, :2] - box[:, :2]
        distance = np.linalg.norm(way, axis=1)
        ahead = turned(way, -box[:, 2])[:, 0]
        # Near the target the bearing means nothing any more.
        bearing = wrap(np.arctan2(way[:, 1], way[:, 0]) - box[:, 2])
        bearing = np.where(distance > 0.3, bearing, wrap(target[:, 2] - box[:, 2]))
        pace = np.clip(2 * (ahead - 0.03), -0.1, self.speed)
        steer = np.clip(self.turn * bearing, -0.3, 0.3) * np.clip(4 * pace, 0, 1)
        return pace[:, None] - SIDES * steer[:, None]


def turned(vectors: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """Flat vectors (..., 2) turned to the left by yaw (...)."""
    x, y = np.moveaxis(vectors, -1, 0)
    cos, sin = np.cos(yaw), np.sin(yaw)
    return np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1)


def wrap(angle: np.ndarray) -> np.ndarray:
    """The same angle between -pi and pi."""
    return (angle + np.pi) % (2 * np.pi) - np.pi
