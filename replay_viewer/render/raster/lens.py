"""The lens of a picture: a camera pose as the rasteriser takes it, and poses of links as matrices before it.

Poses are (..., 3, 4): a rotation and a place.
"""

from __future__ import annotations

import math

import numpy as np

from ...camera.presets import CameraPose
from ...replay.frames import EntityPoses
from ...rotations import to_matrix
from ..mesh.surface import Surface
from .kernels.arguments import Rectangle
from .kernels.ground import SQUARE
from .kernels.tables import CameraTable, rows_of

# What is nearer to the camera than this is not drawn [m].
NEAR = 0.02
# What is farther from the camera than this along an axis is drawn there [m]. Simulations that blow up reach 1e38,
# where nothing can be computed with any more.
FARTHEST = 1e6
# A camera is within this of the origin along each axis [m], so that squares of its place are numbers.
_FARTHEST_CAMERA = 1e30
# The narrowest and the widest field of view [rad].
_NARROWEST, _WIDEST = 1e-3, math.pi - 1e-3


class Lens:
    """A camera pose as the rasteriser takes it, and what can be in its picture.

    Attributes:
        position: (3,) float64 [m].
        distance: to what is looked at [m].
        rotation: (3, 3) float32, rows right, down and ahead, in the world.
        camera: the same as a table.
        projection: focal length, centre [px] and near plane [m], as `transforms.project` takes them.
    """

    def __init__(self, pose: CameraPose, size: tuple[int, int]) -> None:
        width, height = size
        self.position, up = _within(pose.position, _FARTHEST_CAMERA), _within(pose.up, _FARTHEST_CAMERA)
        way = _within(pose.look_at, _FARTHEST_CAMERA) - self.position
        self.distance = min(float(np.linalg.norm(way)), FARTHEST)
        # Far from the origin, a camera and what it looks at may be one place.
        ahead = normalized(way) if way.any() else _across(up)
        side = np.cross(ahead, up)
        right = normalized(side) if side.any() else _across(ahead)
        fov = min(max(_NARROWEST, pose.fov), _WIDEST)
        focal = np.float32(height / 2 / math.tan(fov / 2))
        east, north = (float(x) for x in self.position[:2] % (2 * SQUARE))
        self.rotation = np.array([right, np.cross(ahead, right), ahead], np.float32)
        self.camera = CameraTable(
            rotation=rows_of(self.rotation),
            focal=focal,
            center_x=np.float32(width / 2),
            center_y=np.float32(height / 2),
            height=np.float32(np.clip(self.position[2], -FARTHEST, FARTHEST)),
            east=np.float32(east),
            north=np.float32(north),
        )
        self.projection = (focal, self.camera.center_x, self.camera.center_y, np.float32(NEAR))
        self._planes = _side_planes(width / 2 / float(focal), height / 2 / float(focal))

    def nearest(self, surface: Surface, poses: np.ndarray) -> np.ndarray:
        """Depth [m] of the nearest thing that may be in the picture, of poses (E, L, 3, 4): (E,), infinite if none."""
        drawn = np.flatnonzero(surface.radii >= 0)
        centers = transformed(poses[:, drawn], surface.centers[drawn])
        before, radii = self._before(centers), surface.radii[drawn]
        seen = self._seen(before, radii)
        return np.where(seen, before[..., 2] - radii, np.inf).min(axis=-1, initial=np.inf)

    def visible_runs(self, surface: Surface) -> list[tuple[int, int]]:
        """First and last triangle + 1 of each run of blocks that may be in the picture, of a surface in the world."""
        before = self._before(relative(surface.block_centers, self.position))
        seen = self._seen(before, surface.block_radii)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
        return [(int(surface.blocks[a, 0]), int(surface.blocks[b - 1, 1])) for a, b in edges.reshape(-1, 2)]

    def rectangle_of(self, points: np.ndarray) -> Rectangle:
        """What of the picture a convex body with corners (N, 3), relative to the camera's place, may be seen in."""
        width, height = (int(2 * center) for center in (self.camera.center_x, self.camera.center_y))
        before = points @ self.rotation.T.astype(np.float64)
        if not (before[:, 2] > NEAR).all():
            return 0, 0, width, height
        seen = before[:, :2] / before[:, 2:] * float(self.camera.focal) + (width / 2, height / 2)
        # Float32 is off by less than a pixel within a picture.
        left, top = (seen.min(axis=0) - 2).clip(0, (width, height)).astype(int).tolist()
        right, bottom = (seen.max(axis=0) + 3).clip(0, (width, height)).astype(int).tolist()
        return left, top, right, bottom

    def _before(self, points: np.ndarray) -> np.ndarray:
        return points @ self.rotation.T

    def _seen(self, before: np.ndarray, radii: np.ndarray) -> np.ndarray:
        """Whether spheres before the camera reach into the picture."""
        return (before[..., 2] > NEAR - radii) & (before @ self._planes > -radii[..., None]).all(axis=-1)


def relative_poses(poses: EntityPoses, origin: np.ndarray) -> np.ndarray:
    """Poses (E, L, 3, 4) of links relative to a place (3,) in the world."""
    positions = relative(poses.link_positions, origin)
    # No number of a rotation is beyond 2, as long as its quaternion is one.
    rotations = bounded(to_matrix(poses.link_wxyz), 2)
    return np.concatenate([rotations, positions[..., None]], axis=-1).astype(np.float32)


def relative(points: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Points (..., 3) relative to a place (3,), float32; in between in float64, far from the origin."""
    return bounded(points.astype(np.float64) - origin, FARTHEST).astype(np.float32)


def transformed(poses: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (L, 3) under poses (E, L, 3, 4): (E, L, 3)."""
    return (poses[..., :3] @ points[..., None])[..., 0] + poses[..., 3]


def through(axes: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """Poses (L, 3, 4) followed by axes (3, 4)."""
    moved = turned(axes[:, :3], poses)
    moved[..., 3] += axes[:, 3]
    return moved


def turned(rotation: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """Poses (L, 3, 4) followed by a rotation (3, 3), float32.

    Products of float32 differ between processors, which may or may not round in between. Here they are rounded once.
    """
    return (rotation.astype(np.float64) @ poses).astype(np.float32)


def normalized(vector: np.ndarray) -> np.ndarray:
    """The vector (3,) with unit length."""
    return vector / np.linalg.norm(vector)


def bounded(values: np.ndarray, most: float) -> np.ndarray:
    """Values between -most and most, what is no number at the lower end."""
    return np.fmin(np.fmax(values, -most), most)


def _side_planes(right: float, down: float) -> np.ndarray:
    """Inward normals (3, 4) of the four planes at the edges of a picture, by the tangents of its half angles."""
    normals = np.array([[-1, 0, right], [1, 0, right], [0, -1, down], [0, 1, down]])
    return (normals / np.linalg.norm(normals, axis=1, keepdims=True)).T.astype(np.float32)


def _within(place: np.ndarray, most: float) -> np.ndarray:
    """A place (3,) float64 of finite numbers, zero for what is none."""
    return np.nan_to_num(np.asarray(place, np.float64)).clip(-most, most)


def _across(vector: np.ndarray) -> np.ndarray:
    """A unit vector (3,) at right angles to another."""
    if not vector.any():
        return np.array([1.0, 0.0, 0.0])
    return normalized(np.cross(vector, np.eye(3)[np.abs(vector).argmin()]))
