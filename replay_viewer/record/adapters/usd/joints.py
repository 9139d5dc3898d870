"""The joints between the rigid bodies of a USD stage, as a tree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterator, Mapping

import numpy as np

from ..mujoco.urdf_xml import pose_of
from .stage import rigid, world_pose

_AXES = {"X": (1.0, 0.0, 0.0), "Y": (0.0, 1.0, 0.0), "Z": (0.0, 0.0, 1.0)}
_TYPES = {"PhysicsRevoluteJoint": "revolute", "PhysicsPrismaticJoint": "prismatic", "PhysicsFixedJoint": "fixed"}


@dataclass(frozen=True)
class Joint:
    """A joint between two bodies; a child's pose is `parent_frame`, then the joint's motion, then `child_frame` undone.

    Attributes:
        name: of its prim.
        kind: "revolute", "prismatic" or "fixed".
        parent: path of a body.
        child: path of a body.
        parent_frame: (4, 4) of the joint in the parent.
        child_frame: (4, 4) of the joint in the child.
        axis: (3,) in the joint's frame.
        limits: least and greatest value [rad or m]; None where it has none.
        note: what is not as in the simulation; "" where all is.
    """

    name: str
    kind: str
    parent: str
    child: str
    parent_frame: np.ndarray
    child_frame: np.ndarray
    axis: tuple[float, ...] = (1.0, 0.0, 0.0)
    limits: tuple[float, float] | None = None
    note: str = ""

    def reversed(self) -> Joint:
        """The same motion, seen from the child."""
        frames = {"parent_frame": self.child_frame, "child_frame": self.parent_frame}
        axis = tuple(-value for value in self.axis)
        return replace(self, parent=self.child, child=self.parent, axis=axis, **frames)


def joint_tree(prims: list[Any], bodies: Mapping[str, Any], root: str) -> list[Joint]:
    """The joints that lead from the root to all bodies that hang on it, parents first; those that close loops are none.

    Args:
        prims: all of the robot.
        bodies: prims of bodies by path.
        root: path of one of them.
    """
    joints = [joint for prim in prims for joint in _joint(prim, bodies)]
    tree: list[Joint] = []
    reached = {root}
    while True:
        next_one = next((joint for joint in joints if (joint.parent in reached) != (joint.child in reached)), None)
        if next_one is None:
            return tree
        tree.append(next_one if next_one.parent in reached else next_one.reversed())
        reached.add(tree[-1].child)


def _joint(prim: Any, bodies: Mapping[str, Any]) -> Iterator[Joint]:
    """The joint that a prim is, if both of its ends are bodies and it is part of the tree."""
    from pxr import UsdPhysics  # type: ignore[import-not-found]

    if not prim.IsA(UsdPhysics.Joint):
        return
    joint = UsdPhysics.Joint(prim)
    if joint.GetJointEnabledAttr().Get() is False or joint.GetExcludeFromArticulationAttr().Get():
        return
    parent, parent_frame = _end(joint.GetBody0Rel(), joint.GetLocalPos0Attr(), joint.GetLocalRot0Attr(), bodies)
    child, child_frame = _end(joint.GetBody1Rel(), joint.GetLocalPos1Attr(), joint.GetLocalRot1Attr(), bodies)
    if not parent or not child or parent == child:
        return
    kind, axis, limits, note = _motion(prim)
    yield Joint(prim.GetName(), kind, parent, child, parent_frame, child_frame, axis, limits, note)


def _end(relation: Any, position: Any, turn: Any, bodies: Mapping[str, Any]) -> tuple[str, np.ndarray]:
    """The body at one end of a joint, "" for the world, and the joint's frame (4, 4) in it."""
    targets = relation.GetTargets()
    if not targets:
        return "", np.eye(4)
    target = relation.GetStage().GetPrimAtPath(targets[0])
    path = targets[0]
    while path.pathString not in bodies and path.pathElementCount:
        path = path.GetParentPath()
    if path.pathString not in bodies or not target:
        return "", np.eye(4)
    place = world_pose(target)
    point, quaternion = position.Get() or (0.0, 0.0, 0.0), turn.Get()
    wxyz = (1.0, 0.0, 0.0, 0.0) if quaternion is None else (quaternion.GetReal(), *quaternion.GetImaginary())
    # A position counts in the units of the prim, which may be scaled.
    frame = rigid(place) @ pose_of(np.array(point, float) * np.linalg.norm(place[:3, :3], axis=0), wxyz)
    return path.pathString, np.linalg.inv(rigid(world_pose(bodies[path.pathString]))) @ frame


def _motion(prim: Any) -> tuple[str, tuple[float, ...], tuple[float, float] | None, str]:
    """Kind, axis, limits and note of a joint."""
    kind = _TYPES.get(prim.GetTypeName())
    if kind == "fixed":
        return "fixed", _AXES["X"], None, ""
    if kind is not None:
        limits = (_value(prim, "physics:lowerLimit"), _value(prim, "physics:upperLimit"))
        return kind, _AXES[str(prim.GetAttribute("physics:axis").Get() or "X")], _limits(kind, *limits), ""
    free = [name for name in _directions(prim.GetTypeName()) if not _is_locked(prim, name)]
    if not free:
        return "fixed", _AXES["X"], None, ""
    if len(free) > 1:
        return "fixed", _AXES["X"], None, f"joint '{prim.GetName()}' has more than one axis: it is drawn at rest."
    kind = "revolute" if free[0].startswith("rot") else "prismatic"
    limits = _limits(kind, *(_value(prim, f"limit:{free[0]}:physics:{end}") for end in ("low", "high")))
    return kind, _AXES[free[0][-1]], limits, ""


def _directions(kind: str) -> list[str]:
    """In which a joint may move that has no kind of its own."""
    turns = [f"rot{axis}" for axis in _AXES]
    return turns if kind == "PhysicsSphericalJoint" else [*turns, *(f"trans{axis}" for axis in _AXES)]


def _is_locked(prim: Any, direction: str) -> bool:
    low, high = (_value(prim, f"limit:{direction}:physics:{end}") for end in ("low", "high"))
    return low is not None and high is not None and low > high


def _limits(kind: str, low: float | None, high: float | None) -> tuple[float, float] | None:
    if low is None or high is None or not np.isfinite([low, high]).all() or low > high:
        return None
    return (float(np.radians(low)), float(np.radians(high))) if kind == "revolute" else (low, high)


def _value(prim: Any, name: str) -> float | None:
    value = prim.GetAttribute(name).Get() if prim.HasAttribute(name) else None
    return None if value is None else float(value)
