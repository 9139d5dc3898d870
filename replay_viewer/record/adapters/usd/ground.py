"""The ground of a USD stage, and what stands on it without moving, as one mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

import numpy as np

from .stage import children_of, geometries, is_body, is_collider, prims_below, world_pose
from .surfaces import surface_of

_FLAT = 1e-4  # What a plane's height may differ by from zero [m].


@dataclass(frozen=True)
class Ground:
    """What was found.

    Attributes:
        mesh: vertices (V, 3) [m] and triangles (F, 3) in the world frame; None where all of it is the plane z = 0.
    """

    mesh: tuple[np.ndarray, np.ndarray] | None


def ground_of(stage: Any, path: str, envs: str, standing: Sequence[Any] = ()) -> Ground | None:
    """The ground of a stage; None where there is none.

    Args:
        stage: of the simulation.
        path: of the ground's prim; "" where it is unknown: then it is what collides and is in no env.
        envs: path of the prim below which the envs are.
        standing: prims of other things that stand still, in the envs.
    """
    if path:
        prim = stage.GetPrimAtPath(path)
        shapes = geometries(list(prims_below(prim))) if prim else []
    else:
        shapes = [prim for prim in _outside(stage.GetPseudoRoot(), envs) if is_collider(prim)]
    meshes = [mesh for prim in (*shapes, *standing) for mesh in _placed(prim)]
    if not meshes:
        return None
    if all(np.abs(vertices[:, 2]).max(initial=0.0) < _FLAT for vertices, _ in meshes):
        return Ground(None)
    firsts = np.cumsum([0, *(len(vertices) for vertices, _ in meshes)])
    triangles = [first + part for first, (_, part) in zip(firsts, meshes)]
    return Ground((np.concatenate([vertices for vertices, _ in meshes]), np.concatenate(triangles)))


def standing_in(env: Any, moving: Sequence[str]) -> list[Any]:
    """The shapes of an env's prim that belong to nothing that moves, and to no path that is recorded."""
    shapes = geometries([prim for prim in prims_below(env) if not f"{prim.GetPath()}/".startswith(tuple(moving))])
    return [prim for prim in shapes if not _is_on_body(prim)]


def _outside(prim: Any, envs: str) -> list[Any]:
    """All prims but those below a path, and bodies."""
    from pxr import UsdGeom  # type: ignore[import-not-found]

    found = [prim] if prim.IsA(UsdGeom.Gprim) else []
    for child in children_of(prim):
        if str(child.GetPath()) != envs and not is_body(child):
            found += _outside(child, envs)
    return found


def _is_on_body(prim: Any) -> bool:
    while prim:
        if is_body(prim):
            return True
        prim = prim.GetParent()
    return False


def _placed(prim: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """A prim's mesh in the world frame, if it has one."""
    surface = surface_of(prim)
    if surface is None:
        return []
    surface = surface.moved(world_pose(prim))
    return [(surface.points.astype(np.float32), surface.triangles())]
