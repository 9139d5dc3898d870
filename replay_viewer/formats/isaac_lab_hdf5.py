"""Demonstrations that Isaac Lab's recorder manager writes: HDF5 with a group for each episode, demo_0, demo_1, ...

See `isaaclab/utils/datasets/hdf5_dataset_file_handler.py`. Each demo holds the state before its first step, and that
after each step and before any reset, so that its last row is how it ended. Positions count from the env's origin.
Quaternions are wxyz in files without `format_version`, xyzw from version 1 on. Here the demos follow each other in one
env; an action is in the row of the state that it led to, and so is what the policy saw before it.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import rotations
from ..container.info import is_time_step
from ..errors import BadArgument, BadField, FileProblem, listing, printable
from ..files.regular import open_regular
from ..rollout.entities import EntitySpec
from ..rollout.outcomes import OUTCOMES
from ..rollout.rollout import Rollout, Verdict
from .evidence.columns import Column, ColumnSource, MappedColumn
from .evidence.doubts import without_bad_rotations, without_bad_values
from .evidence.ends import FlagsColumn, FoundEnds
from .evidence.motion import to_wxyz
from .evidence.quaternion_order import stated_order
from .evidence.time_step import stated_dt
from .format import Format, LoadOptions, QuatOrder
from .hdf5 import DAMAGE, MAGIC, array, attribute, member, names_in, opened
from .series import SeriesColumn, SeriesPart

if TYPE_CHECKING:
    from ..robot import Robot

_NAME = "Isaac Lab HDF5"
_DEMO = re.compile(r"demo_[0-9]{1,9}")
_KINDS = {"articulation": "robot", "rigid_object": "object"}
_USUAL_DT = 0.02  # [s]
# In all; a file may claim any number.
_MAX_STEPS = 10_000_000
# Observations of more numbers than this are pictures.
_MAX_VALUES = 4096
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")


def _is_demos(path: Path) -> bool:
    if path.is_dir():
        return False
    with open_regular(path) as file:
        if file.read(len(MAGIC)) != MAGIC:
            return False
    with opened(path) as file:
        return any(_DEMO.fullmatch(name) for name in names_in(member(file, "data")))


def _open(path: Path, options: LoadOptions, robot: Robot | None) -> Rollout:
    file = opened(path)
    try:
        return _Demos(path, file).rollout(options, robot)
    except DAMAGE as error:
        file.close()
        raise FileProblem(path, f"is damaged: {printable(str(error))}.", "Copy or write it again.") from error
    except BaseException:
        file.close()
        raise


def _pose_of(demo: Any, kind: str, name: str) -> Any:
    """The poses of an entity in a demo, or None."""
    return array(demo, f"states/{kind}/{name}/root_pose")


class _Demos:
    """The episodes of a file, one after the other.

    Raises FileProblem for a file without any, BadField for arrays that are missing or do not fit each other.
    """

    def __init__(self, path: Path, file: Any) -> None:
        self._path, self._file = path, file
        self._data = member(file, "data")
        found = [name for name in names_in(self._data) if _DEMO.fullmatch(name)]
        # As text demo_10 comes before demo_2.
        self._names = sorted(found, key=lambda name: int(name.removeprefix("demo_")))
        self._demos = [demo for name in self._names if (demo := member(self._data, name)) is not None]
        self._entities = self._find_entities()
        if not self._entities:
            problem = "holds no states of robots or objects that could be replayed."
            raise FileProblem(path, problem, "Record with a recorder manager that has the term of states.")
        self._lengths = [self._num_states(demo) for demo in self._demos]
        self._leads = [int(self._has_initial(demo)) for demo in self._demos]
        if sum(self._lengths) > _MAX_STEPS:
            raise BadField(path, "data", f"claims {sum(self._lengths)} steps; {_MAX_STEPS} can be read.")
        rows = np.array(self._lengths) + self._leads
        self._firsts = np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)

    def rollout(self, options: LoadOptions, robot: Robot | None) -> Rollout:
        control_dt, dt_verdict = self._control_dt(options)
        order, order_verdict = self._quat_order(options)
        columns: dict[str, Column] = {}
        entities, verdicts = [], [dt_verdict, order_verdict]
        for kind, name in self._entities:
            entity, found = self._read_entity(kind, name, order, options, robot, columns)
            entities.append(entity)
            verdicts += found
        columns |= self._signals()
        ends = self._ends()
        columns["flags"] = FlagsColumn(ends, 1)
        reason = "a demonstration each; the file does not say why they end"
        verdicts.append(Verdict("episode ends", f"{len(self._demos)} (reset from outside)", reason, "assumed"))
        return Rollout(
            ColumnSource(columns, self._file.close),
            name=self._path.stem,
            path=self._path,
            control_dt=control_dt,
            env_ids=(0,),
            entities=entities,
            episodes_of=ends.episodes,
            verdicts=verdicts,
            metadata={"format": _NAME, "quat_order": order, **self._env_args()},
        )

    # -- what there is --------------------------------------------------------

    def _find_entities(self) -> list[tuple[str, str]]:
        """(kind, name) of all that every demo has the states of; robots first."""
        if not self._demos:
            return []
        first = {kind: member(self._demos[0], f"states/{kind}") for kind in _KINDS}
        entities = [(kind, name) for kind, group in first.items() for name in names_in(group)]
        return [entity for entity in entities if all(_pose_of(demo, *entity) is not None for demo in self._demos)]

    def _num_states(self, demo: Any) -> int:
        """How many steps a demo has. Raises BadField where its poses are none, or it has no end of them."""
        lengths = set()
        for kind, name in self._entities:
            pose = _pose_of(demo, kind, name)
            if len(pose.shape) != 2 or pose.shape[1] != 7 or not pose.shape[0]:
                raise BadField(self._path, pose.name, f"has shape {pose.shape}, expected (T, 7).")
            lengths.add(pose.shape[0])
        if len(lengths) > 1:
            raise BadField(
                self._path, demo.name, f"has states of {listing(sorted(lengths))} steps, expected one number."
            )
        return lengths.pop()

    def _has_initial(self, demo: Any) -> bool:
        poses = [array(demo, f"initial_state/{kind}/{name}/root_pose") for kind, name in self._entities]
        return all(pose is not None and pose.shape == (1, 7) for pose in poses)

    def _env_args(self) -> dict[str, Any]:
        try:
            found = json.loads(attribute(self._data, "env_args"))
        except (ValueError, TypeError, RecursionError):
            return {}
        return {"env_args": found} if isinstance(found, dict) else {}

    # -- what it says ---------------------------------------------------------

    def _control_dt(self, options: LoadOptions) -> tuple[float, Verdict]:
        if options.control_dt is not None:
            return stated_dt(options.control_dt)
        stated = self._env_args().get("env_args", {}).get("sim_args")
        try:
            dt = float(stated["dt"]) * float(stated["decimation"])
        except (KeyError, TypeError, ValueError):
            dt = math.nan
        if is_time_step(dt):
            return dt, Verdict("control_dt", f"{dt:g} s", "the file's 'sim_args': dt times decimation", "stated")
        reason = "the file does not state it; 50 Hz is the usual rate of control (--dt changes it)"
        return _USUAL_DT, Verdict("control_dt", f"{_USUAL_DT:g} s", reason, "assumed")

    def _quat_order(self, options: LoadOptions) -> tuple[QuatOrder, Verdict]:
        if options.quat_order:
            return stated_order(options.quat_order)
        version = attribute(self._file, "format_version")
        if isinstance(version, (int, np.integer)) and version >= 1:
            return "xyzw", Verdict("quaternion order", "xyzw", f"the file's 'format_version' is {version}", "stated")
        reason = "the file has no 'format_version', as before Isaac Lab 3"
        return "wxyz", Verdict("quaternion order", "wxyz", reason, "assumed")

    # -- what is read ---------------------------------------------------------

    def _read_entity(
        self,
        kind: str,
        name: str,
        order: QuatOrder,
        options: LoadOptions,
        robot: Robot | None,
        columns: dict[str, Column],
    ) -> tuple[EntitySpec, list[Verdict]]:
        """A robot or an object; its columns are added."""
        field = _NO_NAME.sub("_", name)
        if f"{field}.base_pos" in columns:
            raise BadField(self._path, printable(name), "has the name of another entity.")
        pose = self._states(kind, name, "root_pose", 7)
        assert pose is not None, "every demo has it"
        pos, verdicts = without_bad_values(f"{field} root_pose", MappedColumn(pose, lambda rows: rows[..., :3]), (0,))
        quat, found = without_bad_rotations(f"{field} root_pose", MappedColumn(pose, lambda rows: rows[..., 3:]), (0,))
        columns[f"{field}.base_pos"] = pos
        columns[f"{field}.base_wxyz"] = MappedColumn(quat, lambda rows: rotations.normalize(to_wxyz(rows, order)))
        velocity = self._states(kind, name, "root_velocity", 6)
        if velocity is not None:
            columns[f"{field}.base_lin_vel"] = MappedColumn(velocity, lambda rows: rows[..., :3])
            columns[f"{field}.base_ang_vel"] = MappedColumn(velocity, lambda rows: rows[..., 3:])
        joints = self._states(kind, name, "joint_position")
        if joints is None:
            return EntitySpec(field, kind=_KINDS[kind]), [*verdicts, *found]
        columns[f"{field}.joint_pos"] = joints
        joint_velocity = self._states(kind, name, "joint_velocity", joints.shape[-1])
        if joint_velocity is not None:
            columns[f"{field}.joint_vel"] = joint_velocity
        names, named = _joint_names(joints.shape[-1], options, robot)
        entity = EntitySpec(field, kind=_KINDS[kind], joint_names=names, joints_named=named.finding != "not known")
        return entity, [*verdicts, *found, named]

    def _states(self, kind: str, name: str, key: str, size: int | None = None) -> SeriesColumn | None:
        """A state of an entity, with the one before the first step; None where a demo has none that fits."""
        return self._series(f"states/{kind}/{name}/{key}", f"initial_state/{kind}/{name}/{key}", size)

    def _series(self, key: str, initial: str = "", size: int | None = None) -> SeriesColumn | None:
        parts: list[SeriesPart] = []
        for demo, first, lead, length in zip(self._demos, self._firsts, self._leads, self._lengths, strict=False):
            values, before = array(demo, key), array(demo, initial) if initial and lead else None
            if not _fits(values, parts[0].values if parts else None, size):
                return None
            before = before if before is not None and before.shape == (1, *values.shape[1:]) else None
            parts.append(SeriesPart(int(first), lead + length, lead, values, before))
        return SeriesColumn(parts)

    def _signals(self) -> dict[str, Column]:
        """What the policy saw and did, and what was recorded beside it; pictures are left out."""
        found: dict[str, Column] = {}
        for name, key in {"act": "actions", "processed_actions": "processed_actions", "obs": "obs"}.items():
            series = self._series(key)
            if series is not None:
                found[name] = series
        if "obs" not in found:
            for name in names_in(member(self._demos[0], "obs")):
                series = self._series(f"obs/{name}")
                if series is not None:
                    found[f"obs/{printable(name)}"] = series
        return found

    def _ends(self) -> FoundEnds:
        num_steps = int(self._firsts[-1])
        keys = self._firsts[1:] - 1
        # An env without a term of success has False in all of them, which says nothing.
        succeeded = np.array([_says_true(attribute(demo, "success")) for demo in self._demos])
        success = np.full((num_steps, 1), np.nan, dtype=np.float32)
        if succeeded.any():
            success[keys, 0] = succeeded
        outcomes = np.full(len(keys), OUTCOMES.index("aborted"))
        return FoundEnds(num_steps, keys, outcomes, np.zeros(len(keys), dtype=bool), success)


def _says_true(value: Any) -> bool:
    return not isinstance(value, str) and bool(np.any(value))


def _fits(values: Any, first: Any, size: int | None) -> bool:
    """Whether an array is a signal like that of the first demo: rows of not too many numbers."""
    if values is None or values.ndim < 1:
        return False
    if math.prod(values.shape[1:]) > _MAX_VALUES or (size is not None and values.shape[1:] != (size,)):
        return False
    return first is None or values.shape[1:] == first.shape[1:]


def _joint_names(count: int, options: LoadOptions, robot: Robot | None) -> tuple[tuple[str, ...], Verdict]:
    """Of an articulation's joints, which the file does not name: Isaac Lab numbers them in breadth first."""
    topic = "joint names"
    if options.joint_names is not None:
        if len(options.joint_names) != count:
            problem = f"{len(options.joint_names)} names for {count} joint columns."
            raise BadArgument("--joint-names", ",".join(options.joint_names), problem)
        return options.joint_names, Verdict(topic, listing(options.joint_names), "as you say", "stated")
    if robot is not None:
        from ..robot.orders import breadth_first  # Imported already, with the robot.

        order = breadth_first(robot)
        for joints in (order.joints, order.all_joints):
            if len(joints) == count:
                reason = f"the file has none; those of '{robot.name}', {order.name}"
                return joints, Verdict(topic, f"{count} joints", reason, "assumed")
    reason = "the file has none (--joint-names states them, or the robot with as many joints: --urdf)"
    return tuple(f"joint_{index}" for index in range(count)), Verdict(topic, "not known", reason, "assumed")


ISAAC_LAB_HDF5 = Format(_NAME, (".hdf5",), _is_demos, _open, extra="'replay-viewer[hdf5]'")
