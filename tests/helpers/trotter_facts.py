"""Names of the bundled robot's parts, and how it stands."""

from __future__ import annotations

import numpy as np

LEGS = ("FL", "FR", "RL", "RR")
JOINTS = [f"{leg}_{part}_joint" for leg in LEGS for part in ("hip", "thigh", "calf")]
STANDING = np.tile([0.0, 0.8, -1.5], 4)
