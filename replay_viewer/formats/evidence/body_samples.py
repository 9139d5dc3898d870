"""Samples of a file that has the poses of all bodies: what tells the order of bodies and joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Bodies that are so near to where the file has them [m] are there, up to differences between a URDF and a simulator's
# model.
NEAR = 0.02
# More than this no robot has.
MAX_BODIES = 500


@dataclass(frozen=True)
class BodySamples:
    """Poses of B bodies and positions of J joints at S steps.

    Attributes:
        pos: (S, B, 3) [m].
        wxyz: (S, B, 4), unit.
        joint_pos: (S, J) [rad or m].
    """

    pos: np.ndarray
    wxyz: np.ndarray
    joint_pos: np.ndarray

    @property
    def num_bodies(self) -> int:
        return self.pos.shape[1]

    @property
    def first_is_world(self) -> bool:
        """Whether the first body rests at the origin while the second moves: it is the world, which some count."""
        if not len(self.pos) or self.num_bodies < 2:
            return False
        return not self.pos[:, 0].any() and bool(np.ptp(self.pos[:, 1], axis=0).any())
