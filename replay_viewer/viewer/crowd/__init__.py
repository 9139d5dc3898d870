"""The other envs around the one that is shown: where they stand, what they look like, what their colours tell."""

from __future__ import annotations

from .coloring import ByOutcome, ByReturn, Coloring
from .crowd import Crowd
from .state import CrowdState

__all__ = ["ByOutcome", "ByReturn", "Coloring", "Crowd", "CrowdState"]
