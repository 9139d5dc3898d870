"""Robots without a URDF: objects of one shape, and the body that stands in for a robot that nobody described."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadField, UnknownName
from ..rollout.entities import SHAPE_SIZES
from .materials import Rgba
from .mesh_up import MeshUp
from .robot import Robot
from .shapes import Primitive
from .tree import single_link
from .visuals import Geometry

_BODY_COLOR: Rgba = (0.5, 0.58, 0.7, 1.0)
_FRONT_COLOR: Rgba = (0.95, 0.55, 0.12, 1.0)


def from_shape(name: str, shape: Mapping[str, Any], mesh_up: MeshUp | None = None) -> Robot:
    """An object of one link and one shape.

    Args:
        name: of the object and of its link.
        shape: {"type": "box", "size": [x, y, z]}, {"type": "sphere", "radius"}, {"type": "cylinder" or "capsule",
            "radius", "length"} or {"type": "mesh", "path", "scale": [x, y, z]}, in metres; "color": [r, g, b], 0..1.
        mesh_up: which way is up in its mesh; see `load_robot`.

    Raises:
        UnknownName: for another type.
        BadField: for a size that is missing or is no positive number.
    """
    kind = shape.get("type")
    color = _numbers(name, shape, "color", 3) if "color" in shape else None
    rgba = None if color is None else (*np.clip(color, 0, 1).tolist(), 1.0)
    if kind == "mesh":
        scale = np.diag([*(_numbers(name, shape, "scale", 3) if "scale" in shape else (1.0, 1.0, 1.0)), 1.0])
        return _one_link(name, [Geometry(0, Path(str(shape.get("path", ""))), scale, rgba, name)], mesh_up)
    if not isinstance(kind, str) or kind not in SHAPE_SIZES:
        raise UnknownName("shape type", kind, (*SHAPE_SIZES, "mesh"), where="this viewer")
    sizes = [size for field, count in SHAPE_SIZES[kind].items() for size in _numbers(name, shape, field, count)]
    if min(sizes) <= 0:
        raise BadField(f"object '{name}'", "shape", f"has a size that is not positive: {sizes}.")
    return _one_link(name, [Geometry(0, Primitive(kind, tuple(sizes)), np.eye(4), rgba, name)])


def neutral_body(name: str) -> Robot:
    """A body for a robot without a URDF: one link 'base', its front (along x) tapered and of another colour."""
    body = Geometry(0, Primitive("box", (0.34, 0.26, 0.14)), _at(-0.08), _BODY_COLOR, "base")
    front = Geometry(0, Primitive("frustum", (0.16, 0.26, 0.14, 0.35)), _at(0.17), _FRONT_COLOR, "base")
    return _one_link(name, [body, front])


def _one_link(name: str, geometries: list[Geometry], mesh_up: MeshUp | None = None) -> Robot:
    return Robot(name, single_link(geometries[0].link_name), geometries, mesh_up=mesh_up)


def _at(x: float) -> np.ndarray:
    """(4, 4) translation along x [m]."""
    origin = np.eye(4)
    origin[0, 3] = x
    return origin


def _numbers(name: str, shape: Mapping[str, Any], field: str, count: int) -> tuple[float, ...]:
    """The finite numbers of a field of a shape."""
    try:
        numbers = np.asarray(shape[field], dtype=np.float64).reshape(-1)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadField(f"object '{name}'", "shape", f"needs '{field}': {count} number(s).") from error
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise BadField(f"object '{name}'", "shape", f"needs '{field}' as {count} number(s), not {shape[field]!r}.")
    return tuple(numbers.tolist())
