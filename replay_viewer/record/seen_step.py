"""What a recorder sees of a control step while the simulation runs, before it is put in order and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np

from .adapters import Endings
from .arrays import as_array
from .host_copies import HostCopy
from .logged import Logged


@dataclass(frozen=True)
class SeenEnds:
    """Envs whose episodes may be over.

    Attributes:
        slots: (k,) their positions in the recording.
        copy: how all recorded envs stood just then.
        endings: how their episodes stood.
    """

    slots: np.ndarray
    copy: HostCopy
    endings: Endings

    @property
    def is_any_over(self) -> bool:
        """Whether the simulator says of any env, here or not, that its episode is over; quickly, for most steps."""
        return bool(as_array(self.endings.terminated).any() or as_array(self.endings.truncated).any())

    def outcomes(self) -> np.ndarray:
        """(k,) how each episode ended; "aborted" where the simulator did not say that it is over."""
        terminated = as_array(self.endings.terminated)[self.slots]
        truncated = as_array(self.endings.truncated)[self.slots]
        return np.where(terminated, "terminated", np.where(truncated, "truncated", "aborted"))


@dataclass
class SeenStep:
    """A control step.

    Attributes:
        copy: how the recorded envs stood when it returned.
        resets: what the resets inside of it were about to overwrite.
        left: all envs that it has not reset, where it leaves that to somebody else.
        logged: what the user has logged for it; None if it is the first, which settles the names.
    """

    copy: HostCopy
    resets: Sequence[SeenEnds]
    left: SeenEnds | None
    logged: Logged | None = None
