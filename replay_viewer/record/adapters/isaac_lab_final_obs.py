"""The observations before a reset, which Isaac Lab 3 computes where `cfg.compute_final_obs` asks for them."""

from __future__ import annotations

from typing import Any

_KEY = "final_obs"


class FinalObservations:
    """Tells those of the step that is being made from those of an earlier one, which stay in `extras`.

    Attributes:
        are_computed: whether the environment computes them.
    """

    def __init__(self, env: Any) -> None:
        self._env = env
        self.are_computed = bool(getattr(env.cfg, "compute_final_obs", False))
        self._in_step, self._old = False, None  # Of the step before.

    def begin_step(self) -> None:
        if self.are_computed:
            self._in_step, self._old = True, self._env.extras.get(_KEY)

    def end_step(self) -> None:
        self._in_step = False

    @property
    def are_due(self) -> bool:
        """Whether what is read now is read inside of a step, just before a reset."""
        return self.are_computed and self._in_step

    def now(self) -> Any:
        """Those of all envs, as `obs_buf` has them; None where this step has computed none yet."""
        found = self._env.extras.get(_KEY)
        return None if found is self._old else found
