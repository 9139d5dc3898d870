"""Shapes of layers in the world of a picture: copies of unit bodies, tints of links, and text."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

import numpy as np

from ..camera.presets import CameraPose
from ..errors import UnknownName
from ..layers.places import Link, Place
from ..layers.shapes import Labels, Mesh, Shape, Tints, colors_of
from ..replay.frames import Frame
from ..robot import Robot
from ..robot.materials import linear_of_bytes
from ..rotations import to_matrix
from .mesh.kept_meshes import KeptMeshes
from .mesh.shape_bodies import Bodies, bodies_of, mesh_bodies
from .raster.placed_surfaces import FreeSurface

# Lines are at least so many pixels wide, or they would be seen as dots.
_LEAST_PIXELS = 1.3
# What is thinner than this is not there [m].
_THINNEST = 1e-5


@dataclass(frozen=True)
class Beside:
    """What layers add to a picture.

    Attributes:
        tints: of the links of entities that have some, by name, (E, L, 4) as those of a `Coat`.
        extras: what stands in the world.
        labels: places (3,) in the world [m] and what is written there.
    """

    tints: Mapping[str, np.ndarray] = field(default_factory=dict)
    extras: Sequence[FreeSurface] = ()
    labels: Sequence[tuple[np.ndarray, str]] = ()

    def of_take(self, name_of: Callable[[str], str], offset: np.ndarray) -> Beside:
        """The same of a take that is drawn at an offset (3,) [m], whose entities have other names in the picture."""
        tints = {name_of(entity): rows for entity, rows in self.tints.items()}
        move = np.zeros((3, 4))
        move[:, 3] = offset
        extras = [replace(extra, poses=extra.poses + move) for extra in self.extras]
        return Beside(tints, extras, [(place + offset, text) for place, text in self.labels])


def together(several: Sequence[Beside]) -> Beside:
    """What several layers add; of two tints of a link the later one is seen."""
    tints: dict[str, np.ndarray] = {}
    for one in several:
        for name, new in one.tints.items():
            tints[name] = np.where(new[..., 3:] > 0, new, tints.get(name, new))
    extras = [extra for one in several for extra in one.extras]
    return Beside(tints, extras, [label for one in several for label in one.labels])


class ShapePlacer:
    """Puts shapes of one replay into the world, picture after picture; what was computed of a shape is kept with it."""

    def __init__(self, robots: Mapping[str, Robot]) -> None:
        """robots: by entity name."""
        self._robots = robots
        self._links = {name: {link: i for i, link in enumerate(robot.link_names)} for name, robot in robots.items()}
        self._meshes = KeptMeshes()
        self._bodies: WeakKeyDictionary[Shape, list[Bodies]] = WeakKeyDictionary()

    def place(self, shapes: Iterable[Shape], frame: Frame, camera: CameraPose, height: int) -> Beside:
        """What shapes are at a frame, of its first env, in a picture of so many lines.

        Raises:
            UnknownName: a link or an entity that there is not.
            BadShape: another large mesh in too many pictures.
        """
        sight = _Sight(camera, height)
        copies: dict[int, list[Bodies]] = defaultdict(list)
        single: list[FreeSurface] = []
        labels: list[tuple[np.ndarray, str]] = []
        tints: dict[str, np.ndarray] = {}
        for shape in shapes:
            if isinstance(shape, Tints):
                self._tint(shape, tints, len(frame.envs))
                continue
            turn, origin = self._pose(shape.place, frame)
            if isinstance(shape, Labels):
                labels += zip(shape.positions @ turn.T + origin, shape.texts, strict=True)
                continue
            for bodies in self._bodies_of(shape):
                placed = sight.widened(bodies.moved(turn, origin))
                if isinstance(shape, Mesh):
                    single.append(_surface([placed], shape.opacity))
                else:
                    copies[id(placed.body)].append(placed)
        return Beside(tints, [*map(_surface, copies.values()), *single], labels)

    def _bodies_of(self, shape: Shape) -> list[Bodies]:
        """The unit bodies of a shape, where they are in its own coordinates."""
        if isinstance(shape, Mesh):  # Whether it is drawn as one changes when it is seen again.
            return [mesh_bodies(shape, self._meshes.surface_of(shape))]
        if shape not in self._bodies:
            self._bodies[shape] = bodies_of(shape)
        return self._bodies[shape]

    def _tint(self, shape: Tints, tints: dict[str, np.ndarray], num_envs: int) -> None:
        """Note the tints of an entity's links, (E, L, 4), by its name: those of the first env."""
        links = self._links_of(shape.entity)
        rows = tints.setdefault(shape.entity, np.zeros((num_envs, len(links), 4), np.float32))[0]
        for link, color in zip(shape.links, linear_of_bytes()[colors_of(shape)], strict=True):
            rows[self._robots[shape.entity].body_of(self._index(shape.entity, link))] = (*color, 1.0)

    def _pose(self, place: Place, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
        """Rotation (3, 3) and position (3,) of a place in the world."""
        if place is None:
            return np.eye(3), np.zeros(3)
        if isinstance(place, Link):
            link, poses = self._index(place.entity, place.link), frame.entities[place.entity]
            return to_matrix(poses.link_wxyz[0, link].astype(float)), poses.link_positions[0, link].astype(float)
        wxyz = place.wxyz.astype(float)
        return to_matrix(wxyz / max(float(np.linalg.norm(wxyz)), 1e-12)), place.position.astype(float)

    def _index(self, entity: str, link: str) -> int:
        links = self._links_of(entity)
        if link not in links:
            raise UnknownName("link", link, tuple(links), where=f"{entity!r}")
        return links[link]

    def _links_of(self, entity: str) -> dict[str, int]:
        if entity not in self._links:
            raise UnknownName("entity", entity, tuple(self._links))
        return self._links[entity]


class _Sight:
    """How large things are in a picture."""

    def __init__(self, camera: CameraPose, height: int) -> None:
        way = camera.look_at - camera.position
        self._eye, self._ahead = camera.position, way / max(float(np.linalg.norm(way)), 1e-9)
        # Of a line one metre away.
        self._least_radius = _LEAST_PIXELS * math.tan(camera.fov / 2) / height

    def widened(self, bodies: Bodies) -> Bodies:
        """Bodies, thin rods among them made so thick that they are seen."""
        if bodies.radii is None:
            return bodies
        depths = (bodies.poses[..., 3] - self._eye) @ self._ahead
        factors = np.maximum(1.0, self._least_radius * depths / np.maximum(bodies.radii, _THINNEST))
        poses = bodies.poses.copy()
        poses[..., :2] *= factors[:, None, None]
        return bodies._replace(poses=poses)


def _surface(parts: Sequence[Bodies], alpha: float = 1.0) -> FreeSurface:
    """Copies of one unit body."""
    poses, tints = np.concatenate([part.poses for part in parts]), np.concatenate([part.tints for part in parts])
    return FreeSurface(parts[0].body, poses[:, None], tints[:, None], alpha)
