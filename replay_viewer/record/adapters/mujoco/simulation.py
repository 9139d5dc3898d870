"""The model and the state of a simulation, wherever an environment keeps them."""

from __future__ import annotations

from typing import Any

# Where they are: dm_control's `physics` and robosuite's `sim` hold them for the environment.
_HOLDERS = ("physics", "sim")
# What dm_control and robosuite have instead of MuJoCo's own objects leads to these by one of the names.
_WRAPPED_MODEL, _WRAPPED_DATA = ("ptr", "_model"), ("ptr", "_data")


class Simulation:
    """A `mujoco.MjModel` and its `mujoco.MjData`, looked up anew each time: a reset may make others.

    Args:
        env: has `model` and `data`, or holds what has them.
    """

    def __init__(self, env: Any) -> None:
        self.env = env
        self._holder = "" if hasattr(env, "model") and hasattr(env, "data") else _holder(env)

    @property
    def model(self) -> Any:
        """The compiled model."""
        return _unwrapped(self._place().model, _WRAPPED_MODEL)

    @property
    def data(self) -> Any:
        """Its state."""
        return _unwrapped(self._place().data, _WRAPPED_DATA)

    def _place(self) -> Any:
        return getattr(self.env, self._holder) if self._holder else self.env


def structure(model: Any) -> tuple[Any, ...]:
    """What two models have in common where one may stand for the other: the same bodies and joints by name."""
    return model.nbody, model.nq, model.nv, model.names


def _holder(env: Any) -> str:
    return next(name for name in _HOLDERS if hasattr(env, name))


def _unwrapped(wrapped: Any, names: tuple[str, ...]) -> Any:
    return next((getattr(wrapped, name) for name in names if hasattr(wrapped, name)), wrapped)
