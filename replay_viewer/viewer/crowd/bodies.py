"""The nodes of one entity in many envs: one for each mesh of a link, with an instance for each env."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import viser

from ...robot import Robot
from ...robot.materials import to_linear
from ..wire.server import move_instances
from .meshes import LinkMesh
from .picking import LinkBoxes, boxes_around

# So many envs cast shadows.
_SHADOW_ENVS = 64
# A link as dark as can be still has so much of the colour that tells something; light [0..1] below this counts as dark.
_DARKEST, _DARK = 0.55, 0.02


@dataclass(frozen=True)
class _Part:
    """A mesh on a link, and its node."""

    mesh: LinkMesh
    handle: viser.BatchedMeshHandle


class Bodies:
    """One entity in all envs but one, in nodes below one of a name."""

    def __init__(
        self, server: viser.ViserServer, name: str, robot: Robot, meshes: Sequence[LinkMesh], num_envs: int
    ) -> None:
        """meshes: of the robot. num_envs: all there are, with the one."""
        self.boxes: LinkBoxes = boxes_around([m.link for m in meshes], [m.vertices for m in meshes])
        self._parts = [
            _Part(mesh, _add_part(server, f"{name}/{robot.link_names[mesh.link]}-{index}", mesh, num_envs))
            for index, mesh in enumerate(meshes)
        ]
        lightness = np.array([mesh.light.max() for mesh in meshes])
        self._shades = _DARKEST + (1 - _DARKEST) * lightness / max(lightness.max(initial=0.0), _DARK)

    @property
    def num_handles(self) -> int:
        return len(self._parts)

    def move(self, positions: np.ndarray, wxyz: np.ndarray) -> None:
        """Put instances on links (N, L, 3) [m] and (N, L, 4)."""
        for part in self._parts:
            link = part.mesh.link
            move_instances(part.handle, positions[:, link].copy(), wxyz[:, link].copy())

    def paint(self, colors: np.ndarray | None) -> None:
        """Give the instances these colours (N, 3), sRGB 0..1, or the robot's own; lighter and darker links stay so."""
        telling = None if colors is None else to_linear(colors)
        for part, shade in zip(self._parts, self._shades, strict=True):
            light = part.mesh.light if telling is None else shade * telling
            # The page takes these colours as linear light, unlike those of single meshes.
            part.handle.batched_colors = np.round(255 * light).astype(np.uint8)


def _add_part(server: viser.ViserServer, name: str, mesh: LinkMesh, num_envs: int) -> viser.BatchedMeshHandle:
    """The node of a mesh, its instances nowhere yet."""
    count = num_envs - 1
    wxyz = np.zeros((count, 4), np.float32)
    wxyz[:, 0] = 1
    return server.scene.add_batched_meshes_simple(
        name,
        vertices=mesh.vertices,
        faces=mesh.triangles,
        batched_wxyzs=wxyz,
        batched_positions=np.zeros((count, 3), np.float32),
        batched_colors=np.round(255 * mesh.light).astype(np.uint8),
        lod="off",
        cast_shadow=num_envs <= _SHADOW_ENVS,
    )
