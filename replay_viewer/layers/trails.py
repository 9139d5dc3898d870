"""Trails of the feet in the last moments of the episode, thinner the longer ago."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..robot.feet import foot_links
from ..theme import FOOT_COLORS, rgb_bytes
from .layer import BuiltinLayer, Meaning
from .shapes import Tubes, through

if TYPE_CHECKING:
    from ..replay.frames import Frame
    from ..replay.replay import Replay

_COLORS = np.array([rgb_bytes(color) for color in FOOT_COLORS], np.uint8)
_SECONDS = 1.5
# A trail has so many pieces at most; shorter steps are skipped.
_MOST_PIECES = 40
# Radius of a trail's newest piece, of a robot's radius.
_TUBE = 0.02


class FootTrails(BuiltinLayer):
    """Thin tubes for all feet of all robots, those of one foot in one colour."""

    name = "trails"
    title = "Foot trails"
    hint = f"Where the feet were in the last {_SECONDS:g} s"

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self._replay = replay
        entities = replay.rollout.robots
        feet = {entity.name: foot_links(replay.robots[entity.name], entity.contact_bodies) for entity in entities}
        self._feet = {name: links for name, links in feet.items() if links}
        if not self._feet:
            self.lack = "needs a robot with limbs: give its URDF with --urdf"
        steps = round(_SECONDS / replay.rollout.control_dt)
        self._stride = max(1, -(-steps // _MOST_PIECES))
        self._steps = max(steps, 1)

    @property
    def legend(self) -> tuple[Meaning, ...]:
        names = {
            self._replay.robots[name].link_names[link]: tuple(color.tolist())
            for name, links in self._feet.items()
            for link, color in zip(links, _colors(len(links)), strict=True)
        }
        return tuple(Meaning((color,), name) for name, color in names.items())

    @cached_property
    def _width(self) -> float:
        return _TUBE * max(self._replay.robots[name].radius for name in self._feet)

    def shapes(self, frame: Frame) -> list[Tubes]:
        lines = [self._line(frame, name, links) for name, links in self._feet.items()]
        segments = np.concatenate([through(points) for points, _ in lines])
        radii = np.concatenate([np.repeat((at[:-1] + at[1:]) / 2, points.shape[1]) for points, at in lines])
        colors = [np.tile(_colors(points.shape[1]), (len(points) - 1, 1)) for points, _ in lines]
        return [Tubes(segments, radii, np.concatenate(colors))]

    def _line(self, frame: Frame, entity: str, links: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Points (S, K, 3) of the trails of one robot's feet, and radii (S,) [m] at them."""
        first_step = self._replay.rollout.episode_at(frame.envs[0], int(frame.position)).first_step
        steps = trail_steps(first_step, frame.position, self._steps, self._stride)
        now = frame.entities[entity].link_positions[:1, links]
        if not len(steps):
            return now, np.zeros(1)
        window = range(steps[0], steps[-1] + 1)
        past = self._replay.frames.link_positions(entity, links, window, frame.envs[0])[:: self._stride]
        ages = (frame.position - np.array([*steps, frame.position])) / self._steps
        return np.concatenate([past, now]), self._width * np.clip(1.0 - ages, 0.0, 1.0)


def _colors(num_feet: int) -> np.ndarray:
    """Of the feet of one robot (F, 3), sRGB bytes."""
    return _COLORS[np.arange(num_feet) % len(_COLORS)]


def trail_steps(first_step: int, position: float, num_steps: int, stride: int) -> range:
    """The steps of an episode that a trail passes, before a position of playback.

    Multiples of the stride, so that the pieces stay where they are while time goes on.
    """
    first = max(first_step, int(position) - num_steps)
    return range(-(-first // stride) * stride, int(np.ceil(position)), stride)
