"""Robots whose meshes are far too large for their joints: written in millimetres, as CAD programs do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..rollout.rollout import Verdict
from .stance import PlacedMesh, Stance, size_of

# A robot is doubted that is larger than this [m], and so many times as large as its joints are apart.
_LARGE = 10.0
_TIMES = 20.0
# So many times as large it is rather in millimetres than in centimetres.
_MILLIMETRES = 500.0


def size_doubts(meshes: Sequence[PlacedMesh], stance: Stance) -> list[Verdict]:
    """A verdict where the mesh files of a robot are in another unit than its joints, as it seems."""
    files = [mesh for mesh in meshes if mesh.path is not None]
    apart = float(np.ptp(stance.poses[:, :3, 3], axis=0).max())
    if not files or not apart:
        return []
    size = size_of(files)
    if size < _LARGE or size < _TIMES * apart:
        return []
    unit, scale = ("millimetres", "0.001") if size > _MILLIMETRES * apart else ("centimetres", "0.01")
    finding = f"'{stance.name}' is {size:.3g} m large: are its meshes in {unit}? (scale=\"{scale} {scale} {scale}\")"
    return [Verdict("mesh sizes", finding, f"its joints are only {apart:.2g} m apart", "problem")]
