"""The robots and objects of a MuJoCo model: the trees of bodies that move against the world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....container.info import EntitySpec
from ..scene import entity_name
from .meshes import drawn_geoms
from .model import WORLD, subtree
from .urdf import ExportedRobot, export_urdf

# Kinds of actuators that pull at a joint: mjtTrn.
_OF_A_JOINT = (0, 1)
# More of them are grains, or the knots of a cloth.
_MOST_OBJECTS = 30


@dataclass(frozen=True)
class MujocoTree:
    """A robot or an object, and its export."""

    entity: EntitySpec
    exported: ExportedRobot


def export_trees(model: Any, folder: Path) -> tuple[list[MujocoTree], list[str]]:
    """Export everything that moves, robots first; also returns what is not as in the model, a sentence each.

    A robot is what actuators drive; where there are none, what has the most degrees of freedom. The first one is
    called "robot", everything else by the name of its topmost body.
    """
    roots = _moving_roots(model)
    robots = _robots(model, roots)
    objects = [root for root in roots if root not in robots and drawn_geoms(model, subtree(model, root))]
    notes = [f"Only {_MOST_OBJECTS} of {len(objects)} objects are recorded."] if len(objects) > _MOST_OBJECTS else []
    trees: list[MujocoTree] = []
    for root in [*robots, *objects[:_MOST_OBJECTS]]:
        name = _free_name(entity_name(model.body(root).name) if trees else "robot", trees, root)
        exported = export_urdf(model, folder / name, root, name=name)
        is_robot = root in robots
        trees.append(MujocoTree(_entity(name, exported, is_robot), exported))
        notes += exported.notes
    return trees, notes


def ground_geoms(model: Any) -> list[int]:
    """What can be seen of all that never moves."""
    moving = {body for root in _moving_roots(model) for body in subtree(model, root)}
    return drawn_geoms(model, [body for body in range(model.nbody) if body not in moving])


def _entity(name: str, exported: ExportedRobot, is_robot: bool) -> EntitySpec:
    bodies = exported.body_names if is_robot else []
    kind = "robot" if is_robot else "object"
    return EntitySpec(name, kind, exported.joint_names, bodies, str(exported.urdf))


def _moving_roots(model: Any) -> list[int]:
    """The topmost bodies of trees with joints, and those that the task moves by hand."""
    roots = [body for body in range(1, model.nbody) if int(model.body_parentid[body]) == WORLD]
    has_joints = np.bincount(np.asarray(model.body_rootid), np.asarray(model.body_dofnum), model.nbody) > 0
    return [root for root in roots if has_joints[root] or int(model.body_mocapid[root]) >= 0]


def _robots(model: Any, roots: list[int]) -> list[int]:
    """Which of the moving trees are robots."""
    pulls = np.isin(np.asarray(model.actuator_trntype), _OF_A_JOINT)
    joints = np.asarray(model.actuator_trnid)[pulls, 0]
    driven = set(np.asarray(model.body_rootid)[np.asarray(model.jnt_bodyid)[joints]].tolist())
    dofs = np.bincount(np.asarray(model.body_rootid), np.asarray(model.body_dofnum), model.nbody)
    return [root for root in roots if root in driven] or sorted(roots, key=lambda root: -dofs[root])[:1]


def _free_name(name: str, trees: list[MujocoTree], root: int) -> str:
    taken = {tree.entity.name for tree in trees}
    return f"{name}_{root}" if name in taken or not name else name
