"""What `attach` must know about an environment; one class per family of simulators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from ..arrays import Rows
from ..patches import Patches


@dataclass(frozen=True)
class Request:
    """What is to be recorded.

    Attributes:
        rows: the envs.
        observations: whether the observations too.
        urdf: the robot's description, in place of the one that the environment names.
    """

    rows: Rows
    observations: bool = False
    urdf: Path | None = None


@dataclass(frozen=True)
class Description:
    """What an environment says about itself.

    Attributes:
        facts: of `RecordingInfo`, without the env ids: `control_dt`, `entities`, `reward_terms`, ...
        terrain: vertices (V, 3) [m] and triangles (F, 3) in the world frame.
        notes: what the recording will lack, a sentence each.
    """

    facts: Mapping[str, Any]
    terrain: tuple[np.ndarray, np.ndarray] | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Endings:
    """How the episodes of the recorded envs stand, just before a reset; arrays (n,).

    Where an episode is neither terminated nor truncated, the reset aborts it.

    Attributes:
        terminated: whether the task ended it: a fall, a success.
        truncated: whether its time is up.
        lengths: its control steps as the simulator counts them.
    """

    terminated: np.ndarray
    truncated: np.ndarray
    lengths: np.ndarray


class Adapter(ABC):
    """Reads one environment.

    `attach` wraps two of its methods: the one that makes a control step, and the one that begins new episodes, whose
    first argument is the envs' ids (all, if it has none). It reads after every step, and just before a reset that
    concerns a recorded env.

    Attributes:
        step_method: name of the first.
        reset_method: name of the second.
        not_terminal: names that say nothing about the state before a reset, since the simulator computes them
            afterwards.
    """

    step_method = "step"
    reset_method = "reset_idx"
    not_terminal: tuple[str, ...] = ("obs",)

    @abstractmethod
    def describe(self) -> Description:
        """The facts, read once."""

    @abstractmethod
    def read(self) -> dict[str, np.ndarray]:
        """The recorded envs as they are now: arrays (n, ...) by name, as `FORMAT.md` has them, which are copies."""

    @abstractmethod
    def endings(self) -> Endings:
        """How their episodes stand, read just before a reset."""

    def patch(self, patches: Patches) -> None:  # noqa: B027 - most adapters need nothing else.
        """Wrap whatever else must be seen, for example functions whose results the environment does not keep."""

    def begin_step(self) -> None:  # noqa: B027
        """Called before each control step."""
