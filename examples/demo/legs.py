"""Kinematics of a quadruped's legs in the base frame, on batches; legs in the order FL, FR, RL, RR, knees backwards.

Joint angles are (*batch, 4, 3): hip (about x), thigh and calf (about y) [rad]. Points are (*batch, 4, 3) [m].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Legs:
    """Dimensions [m].

    Attributes:
        hips: middles of the hips' axes in the base frame, (4, 3).
        offsets: from there to the plane in which thigh and calf move, to the left, (4,).
        thigh: length.
        calf: length, down to the foot's centre.
        foot: radius.
    """

    hips: np.ndarray
    offsets: np.ndarray
    thigh: float
    calf: float
    foot: float

    @property
    def below_hips(self) -> np.ndarray:
        """Where the thighs begin at hip angle zero, (4, 3): a foot stands at ease under it."""
        return self.hips + self.offsets[:, None] * [0.0, 1.0, 0.0]

    def feet(self, joints: np.ndarray) -> np.ndarray:
        """Centres of the feet."""
        x, down = self._in_plane(joints)
        hip = joints[..., 0]
        y = self.offsets * np.cos(hip) + down * np.sin(hip)
        z = self.offsets * np.sin(hip) - down * np.cos(hip)
        return self.hips + np.stack([x, y, z], axis=-1)

    def joints(self, feet: np.ndarray) -> np.ndarray:
        """Angles that put the feet there; where that is out of reach, the leg points there, almost straight."""
        x, y, z = np.moveaxis(feet - self.hips, -1, 0)
        down = np.sqrt(np.maximum(y**2 + z**2 - self.offsets**2, 1e-6))
        hip = np.arctan2(z * self.offsets + y * down, y * self.offsets - z * down)
        cosine = (x**2 + down**2 - self.thigh**2 - self.calf**2) / (2 * self.thigh * self.calf)
        calf = -np.arccos(np.clip(cosine, -0.85, 0.85))
        thigh = np.arctan2(-x, down) - np.arctan2(self.calf * np.sin(calf), self.thigh + self.calf * np.cos(calf))
        return np.stack([hip, thigh, calf], axis=-1)

    def jacobian(self, joints: np.ndarray) -> np.ndarray:
        """Of the feet with respect to their joints, (*batch, 4, 3 axes, 3 joints) [m/rad]."""
        x, down = self._in_plane(joints)
        sin, cos = np.sin(joints[..., 0]), np.cos(joints[..., 0])
        shin = joints[..., 1] + joints[..., 2]
        x_calf, down_calf = -self.calf * np.cos(shin), -self.calf * np.sin(shin)
        y, z = self.offsets * cos + down * sin, self.offsets * sin - down * cos
        columns = [
            np.stack([np.zeros_like(x), -z, y], axis=-1),
            np.stack([-down, x * sin, -x * cos], axis=-1),
            np.stack([x_calf, down_calf * sin, -down_calf * cos], axis=-1),
        ]
        return np.stack(columns, axis=-1)

    def _in_plane(self, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far the feet are ahead of and below the hip's axis, in the plane that turns with the hip."""
        thigh, shin = joints[..., 1], joints[..., 1] + joints[..., 2]
        x = -self.thigh * np.sin(thigh) - self.calf * np.sin(shin)
        return x, self.thigh * np.cos(thigh) + self.calf * np.cos(shin)
