"""Mass, centre and inertia of a link, as if its mass filled its closed shells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import trimesh

from .shapes import Shell

DENSITY = {"light": 0.35}
"""By material, against that of motors and structure, which is 1: covers are hollow."""


@dataclass(frozen=True)
class Body:
    """A rigid body: mass [kg], centre of mass (3,) [m], inertia about it (3, 3) [kg m^2], in link axes."""

    mass: float
    centre: np.ndarray
    inertia: np.ndarray

    def turned(self, rotation: np.ndarray) -> Body:
        """This body after a rotation (3, 3) about the link's origin."""
        return Body(self.mass, rotation @ self.centre, rotation @ self.inertia @ rotation.T)


def body_of(shells: Mapping[str, Sequence[Shell]], mass: float) -> Body:
    """The body of that mass [kg] that fills these shells, by material; panels, which are open below, weigh nothing.

    Where shells overlap, as motors do with the covers around them, the body is denser.
    """
    closed = [(name, shell) for name, found in shells.items() for shell in found if is_closed(shell)]
    solids = [trimesh.Trimesh(shell.vertices, shell.faces, process=False) for _, shell in closed]
    densities = np.array([DENSITY.get(name, 1.0) for name, _ in closed])
    weights = densities * [solid.volume for solid in solids]
    middles = np.array([solid.center_mass for solid in solids])
    centre = weights @ middles / weights.sum()
    inertia = np.zeros((3, 3))
    for solid, density, weight, middle in zip(solids, densities, weights, middles, strict=True):
        arm = middle - centre
        inertia += density * solid.moment_inertia + weight * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    return Body(mass, centre, inertia * mass / weights.sum())


def is_closed(shell: Shell) -> bool:
    """Whether each edge is run through once in either direction."""
    edges = shell.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    there, back = ({tuple(edge) for edge in way} for way in (edges.tolist(), edges[:, ::-1].tolist()))
    return there == back
