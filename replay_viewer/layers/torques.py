"""Joint torques as the colour of the links that the joints move."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..robot.joints import match_joints
from ..rollout.states import StepValues, samples
from ..theme import Rgb
from .layer import BuiltinLayer, Meaning
from .shapes import Tints

if TYPE_CHECKING:
    from ..replay.frames import Frame
    from ..replay.replay import Replay

# From no torque to the most: yellow to dark red, like the scale YlOrRd of ColorBrewer.
_SCALE = np.array([(255, 255, 217), (254, 217, 118), (253, 141, 60), (227, 26, 28), (128, 0, 38)], dtype=float)
# Colours differ by so little that hardly a step is seen, and a joint at rest costs no message.
_NUM_COLORS = 32
# Of the recording's time, colours stay for so long [s]: faster ones are not seen, and cost the server most of all.
_PERIOD = 0.04
# A limit that the recording never comes near is a simulator's way to write that there is none.
_LEAST_USE = 0.05


class JointTorques(BuiltinLayer):
    """Colours in the place of the links' own."""

    name = "torques"
    title = "Joint torques"
    hint = "As the colour of the link behind each joint"

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self._loads = [_Load(replay, name) for name in replay.robots if f"{name}.joint_torque" in replay.rollout.fields]
        self._loads = [load for load in self._loads if load.links]
        if not self._loads:
            self.lack = _lack(replay)

    @property
    def legend(self) -> tuple[Meaning, ...]:
        stops = tuple(color_of(place) for place in np.linspace(0, 1, len(_SCALE)).tolist())
        return (Meaning(stops, "none to " + ", ".join(dict.fromkeys(load.most[1] for load in self._loads))),)

    def shapes(self, frame: Frame) -> list[Tints]:
        return [load.tints(frame) for load in self._loads]


class _Load:
    """The torques of one robot. links: the moving links whose joint's torque is recorded. columns: of the field."""

    def __init__(self, replay: Replay, entity: str) -> None:
        self._replay, self._entity, self._field = replay, entity, f"{entity}.joint_torque"
        self._robot = replay.robots[entity]
        self._values = StepValues(replay.rollout, self._field)
        columns = match_joints(self._robot, replay.rollout.entities[entity]).columns
        driven = {link: joint.source for link, joint in enumerate(self._robot.joints, 1) if joint.source >= 0}
        drawn = {visual.link for visual in self._robot.visuals}
        self.links = [link for link, joint in driven.items() if columns[joint] >= 0 and link in drawn]
        self._joints = [driven[link] for link in self.links]
        self._columns = [columns[joint] for joint in self._joints]
        self._names = tuple(self._robot.link_names[link] for link in self.links)
        self._stride = max(1, round(_PERIOD / replay.rollout.control_dt))
        self._read = (-1, -1)
        self._levels = np.full(len(self.links), -1)
        self._tints = Tints(entity, (), np.zeros((0, 3), np.uint8))

    def tints(self, frame: Frame) -> Tints:
        """The colours at a frame; the same object as before where none has changed."""
        step = int(frame.position) // self._stride * self._stride
        if (step, frame.envs[0]) != self._read:
            self._read = (step, frame.envs[0])
            torques = np.abs(self._values.at(step, frame.envs[0])[self._columns])
            levels = np.rint(np.clip(torques / self.most[0], 0, 1) * (_NUM_COLORS - 1)).astype(int)
            if (levels != self._levels).any():
                self._levels = levels
                self._tints = Tints(self._entity, self._names, _LEVEL_COLORS[levels])
        return self._tints

    @cached_property
    def most(self) -> tuple[np.ndarray, str]:
        """The torque [N m or N] of each link's joint that has the last colour, and what to call it."""
        recorded = np.abs(samples(self._replay.rollout, self._field)[..., self._columns]).max(axis=(0, 1))
        limits = self._robot.joint_efforts[self._joints]
        if np.isfinite(limits).all() and (recorded > _LEAST_USE * limits).any():
            return limits, "the effort limits of the URDF"
        largest = max(float(recorded.max()), 1e-9)
        return np.full(len(self.links), largest), f"the largest recorded, {largest:.3g} N m"


def color_of(share: float) -> Rgb:
    """The colour of a torque that is a share (0..1) of the most."""
    place = np.linspace(0, 1, len(_SCALE))
    red, green, blue = (round(float(np.interp(share, place, _SCALE[:, channel]))) for channel in range(3))
    return red, green, blue


_LEVEL_COLORS = np.array([color_of(level / (_NUM_COLORS - 1)) for level in range(_NUM_COLORS)], np.uint8)


def _lack(replay: Replay) -> str:
    if any(field.endswith(".joint_torque") for field in replay.rollout.fields):
        return "none of the joints whose torque is recorded moves anything that is drawn"
    return "needs torques: the recorder writes them as `joint_torque`"
