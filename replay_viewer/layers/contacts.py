"""Contact forces as arrows at the bodies that they act on."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..rollout.signals import contact_forces_of
from ..rollout.states import StepValues, samples
from .layer import BuiltinLayer, Meaning
from .shapes import Arrows

if TYPE_CHECKING:
    from ..replay.frames import Frame
    from ..replay.replay import Replay

_COLOR = (220, 38, 38)
# An arrow of the robot's weight is so many of its radii long, and none is longer than so many.
_WEIGHT_LENGTH, _MOST_LENGTH = 1.2, 2.5
# When the weight is told, no moment counts for more than so many times the usual total.
_MOST_TOTAL = 5.0
# Thickness of the arrows, of a robot's radius.
_ARROW = 0.022
# Forces below this share of the weight are not drawn: simulators' noise.
_LEAST_SHARE = 0.02


class ContactForces(BuiltinLayer):
    """Arrows as long as the forces, in shares of the robot's weight, which is told from the forces themselves."""

    name = "contacts"
    title = "Contact forces"
    hint = "The forces on feet and other bodies"

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self._bodies = [body for name in replay.robots if (body := _bodies_of(replay, name)) is not None]
        if not self._bodies:
            self.lack = _lack(replay)

    @property
    def legend(self) -> tuple[Meaning, ...]:
        scales = [f"{body.weight:.3g} N, about its weight, is {body.weight_length:.2g} m long" for body in self._bodies]
        return tuple(Meaning((_COLOR,), scale) for scale in dict.fromkeys(scales))

    def shapes(self, frame: Frame) -> list[Arrows]:
        return [body.arrows(frame) for body in self._bodies]


class _Bodies:
    """The bodies of one entity whose contact is recorded.

    Attributes:
        weight_length: how long [m] the weight is drawn.
    """

    def __init__(self, replay: Replay, entity: str, field: str, columns: list[int], links: list[int]) -> None:
        """columns, links: those of the field and those of the robot that belong to the same bodies, K each."""
        self._entity, self._columns, self._links = entity, columns, links
        self._rollout, self._field = replay.rollout, field
        self._agent = _agent(replay, entity, field)
        self._size = replay.robots[entity].radius
        self._values = StepValues(replay.rollout, field)
        self.weight_length = _WEIGHT_LENGTH * self._size

    @cached_property
    def weight(self) -> float:
        """Of the robot [N]."""
        totals = np.linalg.norm(self._forces(samples(self._rollout, self._field)).sum(axis=-2), axis=-1)
        # Over a long time the ground carries just the weight. Impacts of a simulation that blows up must not count.
        felt = totals[totals > 0]
        most = _MOST_TOTAL * np.median(felt) if len(felt) else 0.0
        return float(np.minimum(totals, most).mean())

    def arrows(self, frame: Frame) -> Arrows:
        """The forces at a frame."""
        forces = self._forces(self._values.at(frame.position, frame.envs[0]))
        shares = forces / max(self.weight, 1e-9)
        size = np.linalg.norm(shares, axis=-1, keepdims=True)
        longest = _MOST_LENGTH / _WEIGHT_LENGTH
        vectors = np.where(size > _LEAST_SHARE, shares * np.minimum(1.0, longest / np.maximum(size, 1e-9)), 0.0)
        starts = frame.entities[self._entity].link_positions[0, self._links]
        return Arrows(starts, vectors * self.weight_length, _COLOR, _ARROW * self._size)

    def _forces(self, values: np.ndarray) -> np.ndarray:
        """Forces (..., K, 3) [N] of these bodies out of the field's values."""
        if self._agent is not None:
            values = values[..., self._agent, :, :]
        return values[..., self._columns, :]


def _bodies_of(replay: Replay, entity: str) -> _Bodies | None:
    """The bodies with a recorded contact that the robot has; None if there are none."""
    found = contact_forces_of(replay.rollout, replay.rollout.entities[entity])
    link_names = replay.robots[entity].link_names
    if found is None:
        return None
    columns = [column for column, name in enumerate(found.bodies) if name in link_names]
    links = [link_names.index(found.bodies[column]) for column in columns]
    return _Bodies(replay, entity, found.field, columns, links) if columns else None


def _agent(replay: Replay, entity: str, field: str) -> int | None:
    """Which agent's forces are this robot's, where the field has those of all."""
    if len(replay.rollout.fields[field].shape) == 2:
        return None
    return [robot.name for robot in replay.rollout.robots].index(entity)


def _lack(replay: Replay) -> str:
    forces = [contact_forces_of(replay.rollout, entity) for entity in replay.rollout.entities.values()]
    recorded = [found for found in forces if found is not None]
    if not recorded:
        return "needs contact forces: the recorder writes them as `contact_force`"
    if not any(found.bodies for found in recorded):
        return "needs the names of the bodies: the recorder writes them as `contact_bodies`"
    return "none of the bodies whose contact is recorded is a link of the robot that is drawn"
