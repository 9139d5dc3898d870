"""The robots and objects of a MuJoCo model: the trees of bodies that move against the world."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from ....errors import BadArgument, FileProblem
from ....rollout.entities import EntitySpec
from ..scene import entity_name
from .ground import export_ground
from .meshes import SHOWN_GROUPS, drawn_geoms
from .model import WORLD, subtree
from .simulation import compiled_model
from .urdf import ExportedRobot, export_urdf

# Kinds of actuators that pull at a joint: mjtTrn.
_OF_A_JOINT = (0, 1)
# More of them are grains, or the knots of a cloth.
_MOST_OBJECTS = 30
GROUND = "world"
_messages = logging.getLogger("replay_viewer")


@dataclass(frozen=True)
class MujocoTree:
    """A robot or an object of a MuJoCo model, and its export.

    Attributes:
        entity: as a `Recorder` takes it: its name, "robot" or "object", its joints, the path of its URDF.
        exported: the URDF, and where its joints are in the model: `exported.joint_pos(qpos)` has their values,
            `exported.base_pose(data)` the pose of its root link.
    """

    entity: EntitySpec
    exported: ExportedRobot


def export_mujoco(model: Any, folder: str | Path) -> list[MujocoTree]:
    """Write everything in a MuJoCo model as URDFs with meshes, each in a folder of its name; robots come first.

    A tree of bodies that moves is a robot where actuators drive it, else an object; its links are the bodies, at the
    poses that MuJoCo has. The last one, "world", is all that never moves: floors, height fields, walls. Visual geoms
    of every type are drawn, in the colours of the geoms and materials; a texture counts by its mean. A ball joint is
    three hinges, `<name>_x`, `_y` and `_z`.

    Args:
        model: a `mujoco.MjModel`, or what dm_control or robosuite have around it.
        folder: made if it is not there.

    Raises:
        BadArgument: the model is no compiled MuJoCo model, or nothing in it moves or can be seen.
        FileProblem: the folder cannot be written to.
    """
    model, folder = compiled_model(model), Path(folder)
    try:
        trees, notes = export_trees(model, folder)
        ground = ground_geoms(model)
        if ground:
            exported = export_ground(model, folder / GROUND, ground)
            trees.append(MujocoTree(EntitySpec(GROUND, "object", urdf=str(exported.urdf)), exported))
    except OSError as error:
        raise FileProblem(folder, f"the model cannot be written here: {error}.") from error
    for note in notes:
        _messages.warning("%s: %s", folder, note)
    if not trees:
        raise BadArgument("model", type(model).__name__, "has no body that moves, and no geom that can be seen.")
    return trees


def export_trees(model: Any, folder: Path, groups: Sequence[int] = SHOWN_GROUPS) -> tuple[list[MujocoTree], list[str]]:
    """Export everything that moves, robots first; also returns what is not as in the model, a sentence each.

    A robot is what actuators drive; where there are none, what has the most degrees of freedom. The first one is
    called "robot", everything else by the name of its topmost body.
    """
    roots = _moving_roots(model)
    robots = _robots(model, roots)
    objects = [root for root in roots if root not in robots and drawn_geoms(model, subtree(model, root), groups)]
    notes = [f"Only {_MOST_OBJECTS} of {len(objects)} objects are recorded."] if len(objects) > _MOST_OBJECTS else []
    trees: list[MujocoTree] = []
    for root in [*robots, *objects[:_MOST_OBJECTS]]:
        # Parts of dm_control's names are separated by a slash, which is also the end of some.
        own = entity_name(model.body(root).name.rstrip("/"))
        name = _free_name(own if trees else "robot", trees, root)
        exported = export_urdf(model, folder / name, root, name=name, groups=groups)
        is_robot = root in robots
        trees.append(MujocoTree(_entity(name, exported, is_robot), exported))
        notes += exported.notes
    return trees, notes


def ground_geoms(model: Any, groups: Sequence[int] = SHOWN_GROUPS) -> list[int]:
    """What can be seen of all that never moves."""
    moving = {body for root in _moving_roots(model) for body in subtree(model, root)}
    return drawn_geoms(model, [body for body in range(model.nbody) if body not in moving], groups)


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
    taken = {GROUND, *(tree.entity.name for tree in trees)}
    return f"{name}_{root}" if name in taken or not name else name
