"""Motion clips as training to track them takes them: poses of all bodies and positions of all joints, without names.

BeyondMimic and mjlab write `fps`, `joint_pos`, `joint_vel`, `body_pos_w`, `body_quat_w`, `body_lin_vel_w` and
`body_ang_vel_w` (csv_to_npz.py of whole_body_tracking, of mjlab), each in the order of its simulator; Isaac Lab's AMP
clips have other names, and those of joints and bodies. T steps, B bodies, J joints; the base is a body; quaternions are
wxyz.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import rotations
from ..errors import BadField
from ..npz.archive import NpzArchive, array_names
from ..rollout.rollout import Rollout, Verdict
from .evidence.array_table import ArrayTable, ChangedTable
from .evidence.body_order import BodiesFound, find_bodies
from .evidence.body_samples import MAX_BODIES, BodySamples
from .evidence.quaternion_order import rigid_order, stated_order
from .evidence.reader import rollout_of
from .format import Format, LoadOptions, QuatOrder

if TYPE_CHECKING:
    from ..robot import Robot

_NAME = "motion npz"
_MAX_SAMPLES = 32


@dataclass(frozen=True)
class _Names:
    """How a clip names its arrays.

    Attributes:
        joint_pos: (T, J) [rad or m].
        joint_vel: (T, J).
        body_pos: (T, B, 3) [m], in the world.
        body_quat: (T, B, 4).
        body_lin_vel: (T, B, 3) [m/s].
        body_ang_vel: (T, B, 3) [rad/s].
    """

    joint_pos: str
    joint_vel: str
    body_pos: str
    body_quat: str
    body_lin_vel: str
    body_ang_vel: str

    @property
    def needed(self) -> set[str]:
        return {"fps", self.joint_pos, self.body_pos, self.body_quat}


_KNOWN_NAMES = (
    _Names("joint_pos", "joint_vel", "body_pos_w", "body_quat_w", "body_lin_vel_w", "body_ang_vel_w"),
    _Names(
        "dof_positions",
        "dof_velocities",
        "body_positions",
        "body_rotations",
        "body_linear_velocities",
        "body_angular_velocities",
    ),
)
# Names of the joints, by either of which they may be stated.
_JOINT_NAMES = ("dof_names", "joint_names")


def _is_motion(path: Path) -> bool:
    names = set() if path.is_dir() else array_names(path)
    return "base_pos" not in names and any(known.needed <= names for known in _KNOWN_NAMES)


def _open(path: Path, options: LoadOptions, robot: Robot | None) -> Rollout:
    archive = NpzArchive(path)
    try:
        return _Clip(archive).open(options, robot)
    except BaseException:
        archive.close()
        raise


class _Clip:
    """The arrays of a clip. Raises BadField for those that are missing, cannot be read, or do not fit each other."""

    def __init__(self, table: ArrayTable) -> None:
        self._table = table
        there = {*table.headers, *table.unreadable}
        found = next((names for names in _KNOWN_NAMES if names.needed <= there), None)
        self._names = found or _KNOWN_NAMES[0]
        for key in sorted(self._names.needed):
            if key in table.unreadable:
                raise table.unreadable[key]
            if key not in table.headers:
                raise BadField(table.path, key, "is missing, which a motion clip has.")
        shape = table.headers[self._names.body_pos].shape
        if len(shape) != 3 or shape[2] != 3 or 0 in shape:
            raise BadField(table.path, self._names.body_pos, f"has shape {shape}, expected (T, B, 3).")
        if shape[1] > MAX_BODIES:
            raise BadField(table.path, self._names.body_pos, f"has {shape[1]} bodies, and no robot has {MAX_BODIES}.")
        self._num_steps, self._num_bodies = shape[:2]
        self._check(self._names.body_quat, (*shape[:2], 4))
        joints = table.headers[self._names.joint_pos].shape
        self._check(self._names.joint_pos, (self._num_steps, *joints[1:2]))

    def open(self, options: LoadOptions, robot: Robot | None) -> Rollout:
        names = self._names
        order, order_verdict = self._quat_order(options)
        stated = options.joint_names or self._stated_names()
        bodies = find_bodies(self._samples(order), robot, stated)
        arrays = self._arrays(bodies, order)
        used = {*vars(names).values(), *_JOINT_NAMES, "body_names"}
        rollout = rollout_of(ChangedTable(self._table, used, arrays), options, robot, _NAME, has_resets=False)
        one = Verdict("episode ends", "none", "a clip is one episode", "stated")
        for verdict in (one, order_verdict, *bodies.verdicts, self._joint_names_verdict(bodies, options)):
            if verdict is not None:
                rollout.state(verdict)
        return rollout

    def _check(self, key: str, shape: tuple[int, ...]) -> None:
        header = self._table.headers[key]
        if header.shape != shape or header.dtype.kind not in "iuf":
            problem = f"has shape {header.shape} and type {header.dtype}, expected {shape} of numbers."
            raise BadField(self._table.path, key, problem)

    def _of_bodies(self, key: str, steps: slice, bodies: list[int]) -> np.ndarray:
        """(len(steps), len(bodies), ...), of which nothing else is read from a large file."""
        return self._table.column(key, self._table.headers[key].shape).read(steps, bodies)

    def _stated_names(self) -> tuple[str, ...] | None:
        key = next((key for key in _JOINT_NAMES if key in self._table.headers), None)
        if key is None or self._table.headers[key].dtype.kind != "U":
            return None
        return tuple(str(name) for name in self._table.load(key).reshape(-1))

    def _quat_order(self, options: LoadOptions) -> tuple[QuatOrder, Verdict]:
        if options.quat_order:
            return stated_order(options.quat_order)
        steps, bodies = self._sampled, list(range(self._num_bodies))
        pos, quat = (self._of_bodies(key, steps, bodies) for key in (self._names.body_pos, self._names.body_quat))
        return rigid_order(pos.astype(np.float64), quat.astype(np.float64))

    @property
    def _sampled(self) -> slice:
        return slice(0, self._num_steps, max(1, self._num_steps // _MAX_SAMPLES))

    def _samples(self, order: QuatOrder) -> BodySamples:
        """Evenly over the clip, without steps that have values which are no numbers."""
        names, bodies = self._names, list(range(self._num_bodies))
        pos = self._of_bodies(names.body_pos, self._sampled, bodies).astype(np.float64)
        quat = self._of_bodies(names.body_quat, self._sampled, bodies).astype(np.float64)
        joint_pos = self._joints(names.joint_pos)[self._sampled].astype(np.float64)
        whole = [np.isfinite(values.reshape(len(values), -1)).all(axis=1) for values in (pos, quat, joint_pos)]
        rows = np.logical_and.reduce(whole) & (np.linalg.norm(quat, axis=-1) > 0).all(axis=1)
        wxyz = quat if order == "wxyz" else rotations.xyzw_to_wxyz(quat)
        return BodySamples(pos[rows], rotations.normalize(wxyz[rows]), joint_pos[rows])

    def _joints(self, key: str) -> np.ndarray:
        """(T, J)."""
        return self._table.load(key).reshape(self._num_steps, -1)

    def _arrays(self, bodies: BodiesFound, order: QuatOrder) -> dict[str, np.ndarray]:
        """The clip under the names of a plain npz."""
        names, everything, base = self._names, slice(0, self._num_steps), [bodies.base]
        arrays = {
            "base_pos": self._of_bodies(names.body_pos, everything, base)[:, 0],
            "base_quat": self._of_bodies(names.body_quat, everything, base)[:, 0],
            "quat_order": np.array(order),
            "dof_pos": self._joints(names.joint_pos),
        }
        if bodies.joint_names is not None:
            arrays["dof_names"] = np.array(bodies.joint_names)
        for key, name, wanted in self._velocities():
            if key in self._table.headers and self._table.headers[key].shape == wanted:
                of_base = key != names.joint_vel
                arrays[name] = self._of_bodies(key, everything, base)[:, 0] if of_base else self._joints(key)
        return arrays

    def _velocities(self) -> list[tuple[str, str, tuple[int, ...]]]:
        """Their names here and in a plain npz, and the shape that they have to have."""
        names, of_bodies = self._names, (self._num_steps, self._num_bodies, 3)
        return [
            (names.joint_vel, "dof_vel", self._table.headers[names.joint_pos].shape),
            (names.body_lin_vel, "base_lin_vel", of_bodies),
            (names.body_ang_vel, "base_ang_vel", of_bodies),
        ]

    def _joint_names_verdict(self, bodies: BodiesFound, options: LoadOptions) -> Verdict | None:
        """Where the names come from, if from the order that was found."""
        if bodies.joint_names is None or options.joint_names:
            return None
        finding = f"{len(bodies.joint_names)} joints"
        if self._stated_names():
            return Verdict("joint names", finding, "the file has them", "stated")
        return Verdict("joint names", finding, "the robot's, in the joint order that was found", "found")


MOTION_NPZ = Format(_NAME, (".npz",), _is_motion, _open)
