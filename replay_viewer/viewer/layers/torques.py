"""Joint torques as the colour of the links that the joints move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import viser

from ...robot.joints import match_joints
from ...rollout.states import StepValues, samples
from ..scene import link_node
from .layer import BuiltinLayer, Rgb
from .shapes import skin

if TYPE_CHECKING:
    from ...replay.frames import Frame
    from ...replay.replay import Replay
    from ...robot import Robot

# From no torque to the most: yellow to dark red, like the scale YlOrRd of ColorBrewer.
_SCALE = np.array([(255, 255, 217), (254, 217, 118), (253, 141, 60), (227, 26, 28), (128, 0, 38)], dtype=float)
# Colours differ by so little that hardly a step is seen, and a joint at rest costs no message.
_NUM_COLORS = 32
# Of the recording's time, colours stay for so long [s]: faster ones are not seen, and cost the server most of all.
_PERIOD = 0.04
# A limit that the recording never comes near is a simulator's way to write that there is none.
_LEAST_USE = 0.05


class JointTorques(BuiltinLayer):
    """A skin of its own over each link, since a link's own colours are those of its mesh."""

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
    def legend(self) -> tuple[tuple[str, str], ...]:
        stops = ",".join("rgb({:g},{:g},{:g})".format(*color) for color in _SCALE)
        return (
            (
                f"linear-gradient(90deg,{stops})",
                "none to " + ", ".join(dict.fromkeys(load.most for load in self._loads)),
            ),
        )

    def setup(self, server: viser.ViserServer) -> None:
        for load in self._loads:
            self._roots += load.setup(server)

    def show(self, frame: Frame) -> None:
        for load in self._loads:
            load.show(frame)


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
        self.most = ""

    def setup(self, server: viser.ViserServer) -> list[Any]:
        """Add the skins, and find out what is much."""
        self._most, self.most = self._find_most()
        self._stride = max(1, round(_PERIOD / self._replay.rollout.control_dt))
        self._coloured = (-1, -1)
        self._shown = np.full(len(self.links), -1)
        self._skins = [_add_skin(server, self._entity, self._robot, link) for link in self.links]
        return self._skins

    def show(self, frame: Frame) -> None:
        """Colour the skins for a frame."""
        step = int(frame.position) // self._stride * self._stride
        if (step, frame.envs[0]) == self._coloured:
            return
        self._coloured = (step, frame.envs[0])
        torques = np.abs(self._values.at(step, frame.envs[0])[self._columns])
        levels = np.rint(np.clip(torques / self._most, 0, 1) * (_NUM_COLORS - 1)).astype(int)
        for index in np.flatnonzero(levels != self._shown).tolist():
            self._skins[index].color = color_of(float(levels[index]) / (_NUM_COLORS - 1))
        self._shown = levels

    def _find_most(self) -> tuple[np.ndarray, str]:
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


def _add_skin(server: viser.ViserServer, entity: str, robot: Robot, link: int) -> Any:
    mesh = skin([visual for visual in robot.visuals if visual.link == link], 0.003 * robot.radius)
    return server.scene.add_mesh_simple(
        f"{link_node(entity, robot.link_names[link])}/torque",
        mesh.vertices.astype(np.float32),
        mesh.faces.astype(np.uint32),
        color=color_of(0),
        flat_shading=True,
        cast_shadow=False,
    )


def _lack(replay: Replay) -> str:
    if any(field.endswith(".joint_torque") for field in replay.rollout.fields):
        return "none of the joints whose torque is recorded moves anything that is drawn"
    return "needs torques: the recorder writes them as `joint_torque`"
