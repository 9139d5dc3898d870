"""What a user points at: a link of the robots that are watched, with its joint, its pose and what is recorded of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import printable
from ..robot import Robot
from ..rollout.signals import Signal, signals
from ..rotations import conjugate, rotate, to_matrix
from .charts.charts import Charts
from .crowd.picking import nearest_triangle
from .session import Session


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
        self._parts: dict[str, list[_Part]] = {}
        self._signals = signals(session.replay.rollout)
        self._link: tuple[str, int] | None = None

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
            signal, component = found[number]
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

    def _hit(self, ray: np.ndarray) -> tuple[tuple[str, int], float] | None:
        """The link that a ray hits first, and how far along."""
        frame, hits = self._session.frame, []
        for name, robot in self._session.replay.robots.items():
            positions, wxyz = frame.entities[name].link_positions[0], frame.entities[name].link_wxyz[0]
            for part in self._parts_of(name, robot):
                back = conjugate(wxyz[part.link])
                origin, direction = rotate(back, ray[0] - positions[part.link]), rotate(back, ray[1])
                along = nearest_triangle(origin, direction, part.vertices, part.triangles)
                if along is not None:
                    hits.append(((name, part.link), along))
        return min(hits, key=lambda hit: hit[1], default=None)

    def _parts_of(self, name: str, robot: Robot) -> list[_Part]:
        if name not in self._parts:
            self._parts[name] = [
                _Part(
                    visual.link,
                    visual.mesh.vertices @ visual.origin[:3, :3].T + visual.origin[:3, 3],
                    np.asarray(visual.mesh.faces),
                )
                for visual in robot.visuals
            ]
        return self._parts[name]

    # -- what is told of it ---------------------------------------------------

    def _facts(self) -> dict[str, Any] | None:
        if self._link is None:
            return None
        name, link = self._link
        robot, poses = self._session.replay.robots[name], self._session.frame.entities[name]
        matrix = to_matrix(poses.link_wxyz[0, link])
        angles = (
            math.atan2(matrix[2, 1], matrix[2, 2]),
            math.asin(min(max(-matrix[2, 0], -1.0), 1.0)),
            math.atan2(matrix[1, 0], matrix[0, 0]),
        )
        return {
            "entity": printable(name) if len(self._session.replay.robots) > 1 else "",
            "link": printable(robot.link_names[link]),
            "joint": self._joint(robot, link),
            "position": [round(float(x), 4) for x in poses.link_positions[0, link]],
            "angles": [round(math.degrees(angle), 2) for angle in angles],
            "values": [self._value(*value) for value in self._values()],
        }

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

    def _values(self) -> list[tuple[Signal, int]]:
        """Signals, and which component of each, that are about the link: of its joint, or named as it is."""
        if self._link is None:
            return []
        name, link = self._link
        robot = self._session.replay.robots[name]
        names = {robot.link_names[link], *([robot.joints[link - 1].name] if link else [])}
        return [
            (signal, component)
            for signal in self._signals
            if signal.entity == name
            for component, told in enumerate(signal.components)
            if told in names or (link == 0 and _is_velocity(signal))
        ]

    def _value(self, signal: Signal, component: int) -> dict[str, Any]:
        step = self._session.player.step
        row = signal.read(self._session.replay.rollout, slice(step, step + 1), [self._session.env_index])
        value = float(row[0, 0, component])
        label = signal.label.partition(": ")[2] or signal.label
        if _is_velocity(signal):
            label = f"{label} {signal.components[component]}"
        return {"label": printable(label), "value": value if math.isfinite(value) else None, "unit": signal.unit}


def _is_velocity(signal: Signal) -> bool:
    return signal.name.endswith(".base_lin_vel headed")
