"""The USD stage that a simulator runs on, and what its prims are."""

from __future__ import annotations

import re
import sys
from typing import Any, Iterator, Sequence

import numpy as np

# What a renderer does not draw.
_HIDDEN_PURPOSES = ("guide", "proxy")


def stage_of(env: Any) -> Any:
    """The stage of a running environment; None where its simulator has none, or has not imported `pxr`."""
    if "pxr" not in sys.modules:
        return None
    for owner in (env.scene, getattr(env, "sim", None)):
        stage: Any = getattr(owner, "stage", None)
        if stage is not None:
            return stage
    from pxr import UsdUtils  # type: ignore[import-not-found]

    stages = UsdUtils.StageCache.Get().GetAllStages()
    return stages[0] if stages else None


def find_prim(stage: Any, pattern: str, env_id: int) -> Any:
    """The prim at a path with regular expressions as names: that of an env, else the first of any; None without one."""
    found = [stage.GetPseudoRoot()]
    for name in names_of(pattern):
        found = [child for prim in found for child in children_of(prim) if re.fullmatch(name, child.GetName())]
    own = [prim for prim in found if f"/env_{env_id}/" in f"{prim.GetPath()}/"]
    return next(iter(own or found), None)


def names_of(pattern: str) -> list[str]:
    """The names of a path, each of which may be a regular expression, such as `env_.*` or `env_[^/]+`."""
    return pattern.replace("[^/]", ".").strip("/").split("/")


def prims_below(prim: Any) -> Iterator[Any]:
    """A prim and all below it, those that are instances of others too."""
    from pxr import Usd  # type: ignore[import-not-found]

    return iter(Usd.PrimRange(prim, Usd.TraverseInstanceProxies()))


def children_of(prim: Any) -> Any:
    """The prims right below one, those that are instances of others too."""
    from pxr import Usd  # type: ignore[import-not-found]

    return prim.GetFilteredChildren(Usd.TraverseInstanceProxies())


def is_body(prim: Any) -> bool:
    """Whether it moves as one rigid body."""
    from pxr import UsdPhysics  # type: ignore[import-not-found]

    return prim.HasAPI(UsdPhysics.RigidBodyAPI)


def is_collider(prim: Any) -> bool:
    """Whether other things hit it."""
    from pxr import UsdPhysics  # type: ignore[import-not-found]

    return prim.HasAPI(UsdPhysics.CollisionAPI)


def geometries(prims: Sequence[Any]) -> list[Any]:
    """Those that have a shape and are drawn; where there are none, the shapes that only collide."""
    from pxr import UsdGeom  # type: ignore[import-not-found]

    shapes = [prim for prim in prims if prim.IsA(UsdGeom.Gprim)]
    drawn = [prim for prim in shapes if _is_drawn(UsdGeom.Imageable(prim))]
    return drawn or [prim for prim in shapes if is_collider(prim)]


def world_pose(prim: Any) -> np.ndarray:
    """(4, 4) of a prim in the world as the stage has it, with its scale; for columns."""
    from pxr import UsdGeom  # type: ignore[import-not-found]

    return np.array(UsdGeom.Xformable(prim).ComputeLocalToWorldTransform(0)).T


def rigid(pose: np.ndarray) -> np.ndarray:
    """A (4, 4) pose without its scale and shear, as physics takes it."""
    left, _, right = np.linalg.svd(pose[:3, :3])
    result = np.eye(4)
    # The rotation that is nearest; a mirror stays in the shape.
    result[:3, :3] = left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right
    result[:3, 3] = pose[:3, 3]
    return result


def _is_drawn(imageable: Any) -> bool:
    return imageable.ComputePurpose() not in _HIDDEN_PURPOSES and imageable.ComputeVisibility() != "invisible"
