"""What a user points at: a link of a robot, with its joint, its pose and what is recorded of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import printable
from ..replay.frames import Frame
from ..replay.take import Take
from ..robot import Robot
from ..rollout.signals import Signal, signals
from ..rotations import conjugate, rotate, to_matrix
from .charts.charts import Charts
from .crowd.picking import nearest_triangle
from .session import Session


@dataclass(frozen=True)
class _Link:
    """A link of an entity of a take, by the take's key."""

    take: str
    entity: str
    index: int


@dataclass(frozen=True)
class _Part:
    """What is drawn on a link, in its coordinates [m]."""

    link: int
    vertices: np.ndarray
    triangles: np.ndarray


class Pointing:
    """The link that is pointed at, if any, which all browsers share."""

    def __init__(self, session: Session, charts: Charts) -> None:
        self._session, self._charts = session, charts
        self._parts: dict[int, list[_Part]] = {}
        self._signals = {id(replay): signals(replay.rollout) for replay in session.world.replays}
        self._link: _Link | None = None

    def point_along(self, ray: np.ndarray) -> None:
        """Point at the link that a ray (2, 3) of the world hits first, its origin [m] and direction, or at nothing."""
        hit = self._hit(ray)
        self._link = None if hit is None else hit[0]

    def clear(self) -> None:
        """Point at nothing."""
        self._link = None

    def pin(self, number: int) -> None:
        """Show the signal of one of the values that are told, and pin its curve."""
        found = self._values()
        if 0 <= number < len(found):
            own = self._charted(*found[number])
            if own is not None:
                signal, component = own
                choice = self._charts.show(signal.name).choice
                if component not in choice.pinned:
                    choice.toggle_pinned(component)

    def place_along(self, ray: np.ndarray) -> np.ndarray | None:
        """Where a ray of the world meets robots or ground first, (3,) [m]; None where it goes into the sky."""
        hit = self._hit(ray)
        if hit is not None:
            return ray[0] + hit[1] * ray[1]
        terrain = self._session.replay.rollout.terrain
        if terrain is not None:
            along = nearest_triangle(ray[0], ray[1], terrain.vertices, terrain.triangles)
        else:
            along = -ray[0, 2] / ray[1, 2] if ray[1, 2] * ray[0, 2] < 0 else None
        return None if along is None else ray[0] + along * ray[1]

    def page_state(self) -> dict[str, Any]:
        """What the page has to know of it."""
        return {"pointed": self._facts()}

    # -- what is hit ----------------------------------------------------------

    def _drawn(self) -> list[tuple[Take, Frame, np.ndarray]]:
        """The takes with what is drawn of them, and what is added to where they were recorded, (3,) [m]."""
        world = self._session.world
        beside = zip(world.others, self._session.frames_beside, world.offsets, strict=True)
        return [(world.lead, self._session.frame, np.zeros(3)), *beside]

    def _hit(self, ray: np.ndarray) -> tuple[_Link, float] | None:
        """The link that a ray hits first, and how far along."""
        hits = []
        for take, frame, offset in self._drawn():
            for name, robot in take.replay.robots.items():
                positions, wxyz = frame.entities[name].link_positions[0] + offset, frame.entities[name].link_wxyz[0]
                for part in self._parts_of(robot):
                    back = conjugate(wxyz[part.link])
                    origin, direction = rotate(back, ray[0] - positions[part.link]), rotate(back, ray[1])
                    along = nearest_triangle(origin, direction, part.vertices, part.triangles)
                    if along is not None:
                        hits.append((_Link(take.key, name, part.link), along))
        return min(hits, key=lambda hit: hit[1], default=None)

    def _parts_of(self, robot: Robot) -> list[_Part]:
        if id(robot) not in self._parts:
            self._parts[id(robot)] = [
                _Part(
                    visual.link,
                    visual.mesh.vertices @ visual.origin[:3, :3].T + visual.origin[:3, 3],
                    np.asarray(visual.mesh.faces),
                )
                for visual in robot.visuals
            ]
        return self._parts[id(robot)]

    # -- what is told of it ---------------------------------------------------

    def _facts(self) -> dict[str, Any] | None:
        if self._link is None:
            return None
        take, frame = next((take, frame) for take, frame, _ in self._drawn() if take.key == self._link.take)
        name, link = self._link.entity, self._link.index
        robot, poses = take.replay.robots[name], frame.entities[name]
        matrix = to_matrix(poses.link_wxyz[0, link])
        angles = (
            math.atan2(matrix[2, 1], matrix[2, 2]),
            math.asin(min(max(-matrix[2, 0], -1.0), 1.0)),
            math.atan2(matrix[1, 0], matrix[0, 0]),
        )
        return {
            "of": [printable(told) for told in self._names(take, name)],
            "link": printable(robot.link_names[link]),
            "joint": self._joint(robot, link),
            "position": [round(float(x), 6) for x in poses.link_positions[0, link]],
            "angles": [round(math.degrees(angle), 2) for angle in angles],
            "values": [self._value(*value) for value in self._values()],
        }

    def _names(self, take: Take, entity: str) -> list[str]:
        """By which a link's take and entity are told, where there are several."""
        world = self._session.world
        names = [world.names[world.takes.index(take)]] if world.others else []
        return names + ([entity] if len(take.replay.robots) > 1 else [])

    def _joint(self, robot: Robot, link: int) -> str:
        """The joint before the link, and what it does; the root has none."""
        if link == 0:
            return "the base"
        joint = robot.joints[link - 1]
        if joint.kind == "fixed":
            return "fixed"
        limits = ""
        if 0 <= joint.source < len(robot.joint_limits) and np.isfinite(robot.joint_limits[joint.source]).all():
            low, high = robot.joint_limits[joint.source]
            limits = f", {low:.2f} to {high:.2f} {'rad' if joint.kind == 'turn' else 'm'}"
        return printable(f"{joint.name}{limits}")

    def _take(self) -> Take:
        """Whose link is pointed at."""
        assert self._link is not None, "something is pointed at"
        return self._session.world.find(self._link.take) if self._link.take else self._session.world.lead

    def _values(self) -> list[tuple[Signal, int]]:
        """Signals, and which component of each, that are about the link: of its joint, or named as it is."""
        if self._link is None:
            return []
        name, link, replay = self._link.entity, self._link.index, self._take().replay
        robot = replay.robots[name]
        names = {robot.link_names[link], *([robot.joints[link - 1].name] if link else [])}
        return [
            (signal, component)
            for signal in self._signals[id(replay)]
            if signal.entity == name
            for component, told in enumerate(signal.components)
            if told in names or (link == 0 and _is_velocity(signal))
        ]

    def _charted(self, signal: Signal, component: int) -> tuple[Signal, int] | None:
        """The lead's curve of the same name: charts are of its signals."""
        told = signal.components[component]
        for own in self._signals[id(self._session.replay)]:
            if own.name == signal.name and told in own.components:
                return own, own.components.index(told)
        return None

    def _value(self, signal: Signal, component: int) -> dict[str, Any]:
        take, player = self._take(), self._session.player
        step = int(self._session.world.position_of(take, player.step))
        row = signal.read(take.replay.rollout, slice(step, step + 1), [take.env_index])
        value = float(row[0, 0, component])
        label = signal.label.partition(": ")[2] or signal.label
        if _is_velocity(signal):
            label = f"{label} {signal.components[component]}"
        return {
            "label": printable(label),
            "value": value if math.isfinite(value) else None,
            "unit": signal.unit,
            "isCharted": self._charted(signal, component) is not None,
        }


def _is_velocity(signal: Signal) -> bool:
    return signal.name.endswith(".base_lin_vel headed")
