"""The robot of a compiled MuJoCo model as a URDF with meshes, for replaying it elsewhere.

Every body becomes a link of its name whose frame is the body's. Where MuJoCo lets a body have several joints, and axes
that miss its origin, the URDF has a chain of links without mass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Sequence
from xml.etree import ElementTree

import numpy as np

from ....rotations import from_rotation_vector
from .balls import AXES, angles
from .meshes import SHOWN_GROUPS, GeomWriter, drawn_geoms
from .model import BALL, SLIDE, joints_of, moves_freely, rest_pose, subtree
from .urdf_xml import add_joint, add_link, inertial, numbers, pose_of, speck, write_urdf

# What simulators that read the URDF want of joints without limits: [N or Nm], [m/s or rad/s], [m].
_ANY_EFFORT, _ANY_SPEED, _ANY_DISTANCE = 1e3, 1e2, 1e3


@dataclass(frozen=True)
class ExportedRobot:
    """A URDF that was written, and where its joints are in the model; D of them, in the model's order.

    Attributes:
        urdf: the file; its meshes lie in a folder beside it.
        root: id of the body at the root.
        joint_names: as the URDF has them.
        qpos_ids: (D,) the place of each in `qpos`; of the three hinges that stand for a ball joint, what follows its
            quaternion's real part.
        dof_ids: (D,) the place of each in `qvel` and in joint forces; of a ball's, the three components.
        balls: places among the D of the first hinge of each ball joint.
        body_names: of all links that are bodies.
        body_ids: their ids in the model.
        fixed_base: position (3,) and wxyz (4,) of the root link in the world, where it never moves: the joints of the
            root body are then among the URDF's. None where the root link's pose is that of the root body.
        notes: what is not as in the model, a sentence each.
    """

    urdf: Path
    root: int
    joint_names: list[str]
    qpos_ids: np.ndarray
    dof_ids: np.ndarray
    balls: list[int]
    body_names: list[str]
    body_ids: list[int]
    fixed_base: tuple[np.ndarray, np.ndarray] | None
    notes: list[str]

    def joint_pos(self, qpos: np.ndarray) -> np.ndarray:
        """Values (..., D) of the joints, of `qpos` (..., nq)."""
        values = np.array(qpos[..., self.qpos_ids], float)
        for first in self.balls:
            start = int(self.qpos_ids[first]) - 1
            values[..., first : first + 3] = angles(qpos[..., start : start + 4])
        return values

    def base_pose(self, data: Any) -> tuple[np.ndarray, np.ndarray]:
        """Position (3,) [m] and wxyz (4,) of the root link in the world, of a `mujoco.MjData` that is up to date."""
        return self.fixed_base or (np.array(data.xpos[self.root]), np.array(data.xquat[self.root]))


def export_urdf(
    model: Any,
    folder: Path,
    root: int,
    prefix: str = "",
    name: str = "robot",
    with_balls: bool = True,
    groups: Sequence[int] = SHOWN_GROUPS,
) -> ExportedRobot:
    """Write `<name>.urdf` and its meshes into a folder.

    Joint values of the URDF are MuJoCo's `qpos`. The joints of the root body are left out where they carry it about (a
    free joint, or the slides of a planar robot): they make the base pose.

    Args:
        model: a `mujoco.MjModel`.
        folder: made if it is not there.
        root: id of the robot's topmost body.
        prefix: of the model's names, which the URDF's names do without.
        name: of the robot and its file.
        with_balls: whether ball joints become three hinges each; else they are drawn at rest, which is noted.
        groups: of geoms that are drawn.
    """
    bodies = subtree(model, root)
    chain = _Chain(model, root, _Names(model, prefix, bodies), with_balls)
    geoms = GeomWriter(model, folder, drawn_geoms(model, bodies, groups))
    robot = ElementTree.Element("robot", name=name)
    for body in bodies:
        chain.add_body(robot, body, geoms.visuals(body))
    path = write_urdf(robot, folder)
    return ExportedRobot(
        urdf=path,
        root=root,
        joint_names=chain.joint_names,
        qpos_ids=np.array(chain.qpos_ids, dtype=np.int64),
        dof_ids=np.array(chain.dof_ids, dtype=np.int64),
        balls=chain.balls,
        body_names=[chain.names.body[body] for body in bodies],
        body_ids=bodies,
        fixed_base=chain.fixed_base,
        notes=chain.notes,
    )


class _Names:
    """Names of bodies, joints and what stands between them, without their prefix; no two are equal.

    Attributes:
        body: names of links, by the body's id.
        joint: names of joints, by the joint's id.
    """

    def __init__(self, model: Any, prefix: str, bodies: Sequence[int]) -> None:
        joints = [joint for body in bodies for joint in joints_of(model, body)]
        self._taken = {"link": set(), "joint": set()}
        self.body = {body: self.free("link", _plain(model.body(body).name, prefix, f"body_{body}")) for body in bodies}
        self.joint = {j: self.free("joint", _plain(model.joint(j).name, prefix, f"joint_{j}")) for j in joints}

    def free(self, kind: str, name: str) -> str:
        """The name, or one made of it that no other "link" or "joint" has."""
        while name in self._taken[kind]:
            name += "_"
        self._taken[kind].add(name)
        return name


def _plain(name: str, prefix: str, otherwise: str) -> str:
    """A name without its prefix; what has none is numbered."""
    return (name[len(prefix) :] if name.startswith(prefix) else name) or otherwise


@dataclass
class _Chain:
    """Appends links and joints to a URDF, body by body, parents first."""

    model: Any
    root: int
    names: _Names
    with_balls: bool
    joint_names: list[str] = field(default_factory=list)
    qpos_ids: list[int] = field(default_factory=list)
    dof_ids: list[int] = field(default_factory=list)
    balls: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fixed_base: tuple[np.ndarray, np.ndarray] | None = None

    def add_body(self, robot: ElementTree.Element, body: int, visuals: Sequence[ElementTree.Element]) -> None:
        """Append a body's link, with what is drawn on it, and all that leads to it from its parent's link."""
        link = add_link(robot, self.names.body[body])
        link.append(
            inertial(
                self.model.body_mass[body],
                self.model.body_inertia[body],
                pose_of(self.model.body_ipos[body], self.model.body_iquat[body]),
            )
        )
        link.extend(visuals)
        joints = self._moving_joints(body)
        if body == self.root:
            if not joints:
                return
            parent, pose = self._add_fixed_base(robot), np.eye(4)
        else:
            parent = self.names.body[int(self.model.body_parentid[body])]
            pose = pose_of(self.model.body_pos[body], self.model.body_quat[body])
        self._add_joints(robot, body, joints, parent, pose)

    def _add_fixed_base(self, robot: ElementTree.Element) -> str:
        """The link that the root body moves against."""
        self.fixed_base = rest_pose(self.model, self.root)
        name = self.names.free("link", f"{self.names.body[self.root]}_base")
        add_link(robot, name)
        return name

    def _add_joints(
        self, robot: ElementTree.Element, body: int, joints: Sequence[int], parent: str, pose: np.ndarray
    ) -> None:
        """Append the joints of a body, and links between them; `pose` is the body's (4, 4) at rest in the parent."""
        name = self.names.body[body]
        for number, joint in enumerate(joints):
            anchor = np.asarray(self.model.jnt_pos[joint], float)
            pose = pose @ pose_of(anchor) @ self._zero(joint)
            is_last = number == len(joints) - 1 and not anchor.any()
            child = name if is_last else self.names.free("link", f"{name}_{self.names.joint[joint]}")
            if int(self.model.jnt_type[joint]) == BALL:
                self._add_ball(robot, joint, parent, child, pose)
            else:
                self._add_joint(robot, joint, parent, child, pose)
            if is_last:
                return
            add_link(robot, child).append(speck())
            parent, pose = child, pose_of(-anchor)
        add_joint(robot, self.names.free("joint", f"{name}_fixed"), "fixed", parent, name, pose)

    def _zero(self, joint: int) -> np.ndarray:
        """(4, 4) from a joint's rest to its zero: MuJoCo counts from `qpos0`, the value in which the model was made."""
        if int(self.model.jnt_type[joint]) == BALL:
            return np.eye(4)
        rest = float(self.model.qpos0[self.model.jnt_qposadr[joint]])
        axis = np.asarray(self.model.jnt_axis[joint], float)
        if int(self.model.jnt_type[joint]) == SLIDE:
            return pose_of(-rest * axis)
        return pose_of(np.zeros(3), from_rotation_vector(-rest * axis))

    def _add_joint(self, robot: ElementTree.Element, joint: int, parent: str, child: str, pose: np.ndarray) -> None:
        limited = bool(self.model.jnt_limited[joint])
        if int(self.model.jnt_type[joint]) == SLIDE:
            kind, reach = "prismatic", _ANY_DISTANCE
        else:
            kind, reach = ("revolute" if limited else "continuous"), np.inf
        element = add_joint(robot, self.names.joint[joint], kind, parent, child, pose)
        ElementTree.SubElement(element, "axis", xyz=numbers(self.model.jnt_axis[joint]))
        limit = ElementTree.SubElement(
            element, "limit", effort=numbers(self._effort(joint)), velocity=numbers(_ANY_SPEED)
        )
        lower, upper = self.model.jnt_range[joint] if limited else (-reach, reach)
        if np.isfinite([lower, upper]).all():
            limit.set("lower", numbers(lower))
            limit.set("upper", numbers(upper))
        self._note_joint(self.names.joint[joint], joint, 0, 0)

    def _add_ball(self, robot: ElementTree.Element, joint: int, parent: str, child: str, pose: np.ndarray) -> None:
        """Append three hinges at one place."""
        self.balls.append(len(self.joint_names))
        for number, axis in enumerate(AXES):
            name = self.names.free("joint", f"{self.names.joint[joint]}_{axis}")
            below = child if axis == AXES[-1] else self.names.free("link", f"{child}_{axis}")
            element = add_joint(robot, name, "continuous", parent, below, pose)
            ElementTree.SubElement(element, "axis", xyz=numbers(np.eye(3)[number]))
            ElementTree.SubElement(element, "limit", effort=numbers(_ANY_EFFORT), velocity=numbers(_ANY_SPEED))
            self._note_joint(name, joint, number + 1, number)
            if below != child:
                add_link(robot, below).append(speck())
            parent, pose = below, np.eye(4)

    def _note_joint(self, name: str, joint: int, qpos: int, dof: int) -> None:
        """Note a joint of the URDF, and where it is among the numbers of a joint of the model."""
        self.joint_names.append(name)
        self.qpos_ids.append(int(self.model.jnt_qposadr[joint]) + qpos)
        self.dof_ids.append(int(self.model.jnt_dofadr[joint]) + dof)

    def _effort(self, joint: int) -> str:
        """The greatest force of its actuators [N or Nm] where the model limits it; MuJoCo does so since 3.0."""
        if not getattr(self.model, "jnt_actfrclimited", {joint: False})[joint]:
            return numbers(_ANY_EFFORT)
        return numbers(np.abs(self.model.jnt_actfrcrange[joint]).max())

    def _moving_joints(self, body: int) -> list[int]:
        """Those of a body's joints that become joints of the URDF."""
        if body == self.root and moves_freely(self.model, body):
            return []
        kinds = {joint: int(self.model.jnt_type[joint]) for joint in joints_of(self.model, body)}
        if not self.with_balls:
            for joint in [joint for joint, kind in kinds.items() if kind == BALL]:
                del kinds[joint]
                self.notes.append(f"Joint '{self.names.joint[joint]}' has more than one axis: it is drawn at rest.")
        return list(kinds)
