"""Surfaces of USD prims: their meshes, and the primitives as meshes of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Sequence

import numpy as np

_SECTIONS, _RINGS = 32, 8  # Of round shapes, and of half a sphere.
# Axes of primitives: the turn that brings z there.
_TURNS = {"X": np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]), "Y": np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]])}
_CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
_SIDES = np.array([(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)])
# Half the side of a plane that has no bounds [m].
_FAR = 50.0


@dataclass(frozen=True)
class Surface:
    """Polygons, counter-clockwise seen from outside.

    Attributes:
        points: (P, 3) [m].
        counts: (F,) corners of each polygon.
        corners: (C,) indices of points, polygon after polygon.
        normals: (C, 3) of each corner; None for a flat shaded surface.
        uvs: (C, 2) places on a texture; None without.
    """

    points: np.ndarray
    counts: np.ndarray
    corners: np.ndarray
    normals: np.ndarray | None = None
    uvs: np.ndarray | None = None

    def moved(self, pose: np.ndarray) -> Surface:
        """In another frame, by a (4, 4) that may scale and mirror."""
        linear = pose[:3, :3]
        points = self.points @ linear.T + pose[:3, 3]
        normals = self.normals
        if normals is not None and abs(np.linalg.det(linear)) > 0:
            turned = normals @ np.linalg.inv(linear)
            normals = turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-12)
        moved = replace(self, points=points, normals=normals)
        return moved.turned_over() if np.linalg.det(linear) < 0 else moved

    def turned_over(self) -> Surface:
        """With its corners in the other order."""
        ends = np.cumsum(self.counts)
        polygon = np.repeat(np.arange(len(self.counts)), self.counts)
        order = (ends - 1 + ends - self.counts)[polygon] - np.arange(len(self.corners))
        return self._with_corners(self.counts, order)

    def of(self, polygons: np.ndarray) -> Surface:
        """Some of the polygons; the points stay."""
        chosen = np.isin(np.arange(len(self.counts)), polygons)
        return self._with_corners(self.counts[chosen], np.flatnonzero(np.repeat(chosen, self.counts)))

    def triangles(self) -> np.ndarray:
        """(N, 3) indices of points; each polygon as a fan."""
        in_fan = np.maximum(self.counts - 2, 0)
        first = np.repeat(np.cumsum(self.counts) - self.counts, in_fan)
        number = np.arange(len(first)) - np.repeat(np.cumsum(in_fan) - in_fan, in_fan)
        return self.corners[np.stack([first, first + number + 1, first + number + 2], axis=1)]

    def _with_corners(self, counts: np.ndarray, order: np.ndarray) -> Surface:
        normals = None if self.normals is None else self.normals[order]
        return Surface(self.points, counts, self.corners[order], normals, None if self.uvs is None else self.uvs[order])


def surface_of(prim: Any) -> Surface | None:
    """A prim's surface in its own coordinates; None for shapes that are not known: curves, points, NURBS."""
    from pxr import UsdGeom  # type: ignore[import-not-found]

    if prim.IsA(UsdGeom.Mesh):
        return _mesh(UsdGeom.Mesh(prim))
    kind = prim.GetTypeName()
    if kind == "Cube":
        size = _number(prim, "size", 2.0)
        return Surface(_CORNERS * size, np.full(6, 4), _SIDES.reshape(-1))
    if kind == "Plane":
        return _plane(prim)
    profile = _profile(prim, kind)
    return None if profile is None else _turned(_revolved(*profile), prim)


def _profile(prim: Any, kind: str) -> tuple[Sequence[Any], Sequence[Any]] | None:
    """Lines (radius, height) that turn around z make a round shape of, from top to bottom, and their normals."""
    radius, half = _number(prim, "radius", 1.0), _number(prim, "height", 1.0 if kind == "Capsule" else 2.0) / 2
    if kind == "Sphere":
        down = np.linspace(0, np.pi, 2 * _RINGS + 1)
        arc = np.stack([np.sin(down), np.cos(down)], 1)
        return [radius * arc], [arc]
    if kind == "Capsule":
        radius = _number(prim, "radius", 0.5)
        down = np.linspace(0, np.pi / 2, _RINGS + 1)
        cap = np.stack([np.sin(down), np.cos(down)], 1)
        arc = np.concatenate([cap, cap[::-1] * [1, -1]])
        return [radius * arc + np.repeat([[0, half], [0, -half]], len(cap), axis=0)], [arc]
    if kind not in ("Cylinder", "Cone"):
        return None
    top = radius if kind == "Cylinder" else 0.0
    slope = np.array([2 * half, radius - top]) / np.hypot(2 * half, radius - top)
    side = (np.array([[top, half], [radius, -half]]), np.array([slope, slope]))
    floor = (np.array([[radius, -half], [0, -half]]), np.array([[0, -1.0], [0, -1.0]]))
    lid = (np.array([[0, half], [top, half]]), np.array([[0, 1.0], [0, 1.0]]))
    lines = [lid, side, floor] if kind == "Cylinder" else [side, floor]
    return [line for line, _ in lines], [normals for _, normals in lines]


def _revolved(lines: Sequence[np.ndarray], normals: Sequence[np.ndarray]) -> Surface:
    """Quads of lines (K, 2) of radius and height, turned around z."""
    angles = np.linspace(0, 2 * np.pi, _SECTIONS, endpoint=False)
    around = np.stack([np.cos(angles), np.sin(angles)], 1)
    points, facing, faces, first = [], [], [], 0
    for line, normal in zip(lines, normals):
        for values, into in ((line, points), (normal, facing)):
            rounds = np.empty((len(line), _SECTIONS, 3))
            rounds[..., :2], rounds[..., 2] = values[:, None, :1] * around, values[:, None, 1]
            into.append(rounds.reshape(-1, 3))
        ring, section = np.meshgrid(np.arange(len(line) - 1), np.arange(_SECTIONS), indexing="ij")
        here, beside = ring * _SECTIONS + section, ring * _SECTIONS + (section + 1) % _SECTIONS
        quads = np.stack([here, here + _SECTIONS, beside + _SECTIONS, beside], -1)
        faces.append(quads.reshape(-1, 4) + first)
        first += len(line) * _SECTIONS
    corners = np.concatenate(faces).reshape(-1)
    return Surface(np.concatenate(points), np.full(len(corners) // 4, 4), corners, np.concatenate(facing)[corners])


def _turned(surface: Surface, prim: Any) -> Surface:
    pose = np.eye(4)
    pose[:3, :3] = _TURNS.get(_axis(prim), np.eye(3))
    return surface.moved(pose)


def _plane(prim: Any) -> Surface:
    width, length = (_number(prim, name, 2 * _FAR) / 2 for name in ("width", "length"))
    points = np.array([[-width, -length, 0], [width, -length, 0], [width, length, 0], [-width, length, 0]])
    return _turned(Surface(points, np.array([4]), np.arange(4)), prim)


def _mesh(mesh: Any) -> Surface:
    points = np.array(mesh.GetPointsAttr().Get() or [], float).reshape(-1, 3)
    counts = np.array(mesh.GetFaceVertexCountsAttr().Get() or [], np.int64)
    corners = np.array(mesh.GetFaceVertexIndicesAttr().Get() or [], np.int64)
    if counts.sum() != len(corners) or (len(corners) and not 0 <= corners.min() <= corners.max() < len(points)):
        raise ValueError(f"the faces of {mesh.GetPath()} do not fit its points")
    surface = Surface(points, counts, corners, _normals(mesh, counts, corners), _uvs(mesh, counts, corners))
    return surface.turned_over() if mesh.GetOrientationAttr().Get() == "leftHanded" else surface


def _normals(mesh: Any, counts: np.ndarray, corners: np.ndarray) -> np.ndarray | None:
    from pxr import UsdGeom  # type: ignore[import-not-found]

    primvar = UsdGeom.PrimvarsAPI(mesh).GetPrimvar("normals")
    if primvar and primvar.HasValue():
        return _of_corners(primvar.ComputeFlattened(), primvar.GetInterpolation(), counts, corners)
    return _of_corners(mesh.GetNormalsAttr().Get(), mesh.GetNormalsInterpolation(), counts, corners)


def _uvs(mesh: Any, counts: np.ndarray, corners: np.ndarray) -> np.ndarray | None:
    """Of the primvar `st`, else of the first of its type."""
    from pxr import UsdGeom  # type: ignore[import-not-found]

    found = [
        primvar
        for primvar in UsdGeom.PrimvarsAPI(mesh).GetPrimvarsWithValues()
        if str(primvar.GetTypeName()).startswith(("texCoord2", "float2", "double2"))
    ]
    found.sort(key=lambda primvar: primvar.GetPrimvarName() != "st")
    return next(
        (_of_corners(primvar.ComputeFlattened(), primvar.GetInterpolation(), counts, corners) for primvar in found),
        None,
    )


def _of_corners(values: Any, interpolation: str, counts: np.ndarray, corners: np.ndarray) -> np.ndarray | None:
    """(C, ...) values of the corners; None where there are none, or not as many as there should be."""
    if values is None or not len(values):
        return None
    array = np.array(values, float)
    if interpolation in ("vertex", "varying"):
        return array[corners] if len(array) > corners.max(initial=-1) else None
    if interpolation == "uniform":
        return np.repeat(array, counts, axis=0) if len(array) == len(counts) else None
    if interpolation == "constant":
        return np.repeat(array[:1], len(corners), axis=0)
    return array if len(array) == len(corners) else None


def _axis(prim: Any) -> str:
    attribute = prim.GetAttribute("axis")
    return str(attribute.Get() if attribute else "Z")


def _number(prim: Any, name: str, default: float) -> float:
    value = prim.GetAttribute(name).Get() if prim.HasAttribute(name) else None
    return default if value is None else float(value)
