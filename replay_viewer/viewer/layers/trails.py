"""Trails of the feet in the last moments of the episode, thinner the longer ago."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import trimesh
import viser

from ...robot.feet import foot_links
from ...rotations import normalize
from ..scene import WORLD
from .layer import BuiltinLayer, css

if TYPE_CHECKING:
    from ...replay.frames import Frame
    from ...replay.replay import Replay

_COLOR = (124, 58, 237)
_SECONDS = 1.5
# A trail has so many pieces at most; shorter steps are skipped.
_MOST_PIECES = 40
_SIDES = 6


class FootTrails(BuiltinLayer):
    """One batch of thin cylinders for all feet of all robots."""

    name = "trails"
    title = "Foot trails"
    hint = f"Where the feet were in the last {_SECONDS:g} s"

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self._replay = replay
        entities = replay.rollout.robots
        feet = {entity.name: foot_links(replay.robots[entity.name], entity.contact_bodies) for entity in entities}
        self._feet = {name: links for name, links in feet.items() if links}
        if not self._feet:
            self.lack = "needs a robot with limbs: give its URDF with --urdf"
        steps = round(_SECONDS / replay.rollout.control_dt)
        self._stride = max(1, -(-steps // _MOST_PIECES))
        self._steps = max(steps, 1)

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        names = [self._replay.robots[name].link_names[link] for name, links in self._feet.items() for link in links]
        return ((css(_COLOR), ", ".join(dict.fromkeys(names))),)

    def setup(self, server: viser.ViserServer) -> None:
        root = server.scene.add_frame(f"{WORLD}/layers/trails", show_axes=False)
        self._roots.append(root)
        self._width = 0.02 * max(self._replay.robots[name].radius for name in self._feet)
        tube = trimesh.creation.cylinder(radius=1.0, height=1.0, sections=_SIDES)
        self._handle = server.scene.add_batched_meshes_simple(
            f"{root.name}/pieces",
            tube.vertices,
            tube.faces,
            np.array([[1.0, 0, 0, 0]]),
            np.zeros((1, 3)),
            batched_scales=np.ones((1, 3)),
            batched_colors=_COLOR,
            cast_shadow=False,
            receive_shadow=False,
            lod="off",
            visible=False,
        )

    def show(self, frame: Frame) -> None:
        pieces = [self._pieces(frame, name, links) for name, links in self._feet.items()]
        positions, wxyz, scales = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
        if len(positions):
            self._handle.batched_positions = positions
            self._handle.batched_wxyzs = wxyz
            self._handle.batched_scales = scales
        if self._handle.visible != bool(len(positions)):
            self._handle.visible = bool(len(positions))

    def _pieces(self, frame: Frame, entity: str, links: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions (P, 3), rotations (P, 4) and scales (P, 3) of one robot's pieces."""
        first_step = self._replay.rollout.episode_at(frame.envs[0], int(frame.position)).first_step
        steps = trail_steps(first_step, frame.position, self._steps, self._stride)
        now = frame.entities[entity].link_positions[:, links]
        if not len(steps):
            points, ages = now, np.zeros(1)
        else:
            window = range(steps[0], steps[-1] + 1)
            past = self._replay.frames.link_positions(entity, links, window, frame.envs[0])[:: self._stride]
            points = np.concatenate([past, now])
            ages = (frame.position - np.array([*steps, frame.position])) / self._steps
        return tubes(points, self._width * np.clip(1.0 - ages, 0.0, 1.0))


def trail_steps(first_step: int, position: float, num_steps: int, stride: int) -> range:
    """The steps of an episode that a trail passes, before a position of playback.

    Multiples of the stride, so that the pieces stay where they are while time goes on.
    """
    first = max(first_step, int(position) - num_steps)
    return range(-(-first // stride) * stride, int(np.ceil(position)), stride)


def tubes(points: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit cylinders along lines through `points` (S, K, 3), whose radii are `widths` (S,) [m] at the points.

    Returns positions (P, 3), rotations (P, 4) and scales (P, 3) of P = (S - 1) * K pieces, as float32.
    """
    a, b = points[:-1].reshape(-1, 3), points[1:].reshape(-1, 3)
    lengths = np.linalg.norm(b - a, axis=-1, keepdims=True)
    radii = np.repeat((widths[:-1] + widths[1:]) / 2, points.shape[1])[:, None]
    parts = ((a + b) / 2, along(b - a), np.hstack([radii, radii, lengths]))
    return tuple(np.asarray(part, dtype=np.float32) for part in parts)  # type: ignore[return-value]


def along(vectors: np.ndarray) -> np.ndarray:
    """Rotations (P, 4) that take the z axis to vectors (P, 3); the identity for a vector of no length."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    x, y, z = (vectors / np.maximum(lengths, 1e-12)).T
    # Half way between the z axis and the vector; straight down, any axis across will do.
    half = np.stack([1.0 + z, -y, x, np.zeros_like(z)], axis=-1)
    half[half[:, 0] < 1e-9] = (0.0, 1.0, 0.0, 0.0)
    return normalize(half)
