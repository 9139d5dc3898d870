"""Which recorded joint drives which joint of a robot: by name, never by position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .robot import Robot


@dataclass(frozen=True)
class JointMapping:
    """Recorded joints against a robot's.

    columns: for each of the robot's D joints the recorded column, -1 where it is not recorded. missing: the robot's
    joints that are not recorded. unknown: recorded names that are no movable joint of the robot. followers: recorded
    names that mimic another joint in the robot, and so are not read.
    """

    columns: tuple[int, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    followers: tuple[str, ...] = ()

    @property
    def num_matched(self) -> int:
        """How many of the robot's joints are recorded."""
        return len(self.columns) - len(self.missing)

    def apply(self, recorded: np.ndarray, joint_pos: np.ndarray) -> None:
        """Write recorded values (*batch, R) to the matched joints of `joint_pos` (*batch, D); others stay."""
        columns = np.array(self.columns, dtype=np.intp)
        matched = np.flatnonzero(columns >= 0)
        joint_pos[..., matched] = recorded[..., columns[matched]]


def map_joints(robot: Robot, recorded: Sequence[str]) -> JointMapping:
    """Match recorded joint names to the robot's."""
    column = {name: i for i, name in enumerate(recorded)}
    known = {*robot.joint_names, *robot.mimic_names}
    return JointMapping(
        columns=tuple(column.get(name, -1) for name in robot.joint_names),
        missing=tuple(name for name in robot.joint_names if name not in column),
        unknown=tuple(name for name in recorded if name not in known),
        followers=tuple(name for name in recorded if name in robot.mimic_names),
    )
