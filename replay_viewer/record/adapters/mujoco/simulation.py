"""The model and the state of a simulation, wherever an environment keeps them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....errors import BadArgument
from .meshes import SHOWN_GROUPS

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
        # Of models and data that are what they seem to be.
        self._bare_types: set[type] = set()

    @property
    def model(self) -> Any:
        """The compiled model."""
        return self._bare(self._place().model, _WRAPPED_MODEL)

    @property
    def data(self) -> Any:
        """Its state."""
        # In one function where it is bare: it is asked for twice in each step.
        found = getattr(self.env, self._holder).data if self._holder else self.env.data
        return found if type(found) in self._bare_types else self._bare(found, _WRAPPED_DATA)

    @property
    def groups(self) -> tuple[int, ...]:
        """The groups of geoms that its viewer shows."""
        # robosuite has collision shapes in group 0, and says whether it shows them.
        is_hidden = getattr(self.env, "render_collision_mesh", None) is False
        return tuple(group for group in SHOWN_GROUPS if group or not is_hidden)

    def _place(self) -> Any:
        return getattr(self.env, self._holder) if self._holder else self.env

    def _bare(self, found: Any, names: tuple[str, ...]) -> Any:
        """What may be wrapped, of a type that is asked only once."""
        bare = _unwrapped(found, names)
        if bare is found:
            self._bare_types.add(type(found))
        return bare


def compiled_model(model: Any) -> Any:
    """MuJoCo's own `MjModel` of what may be around it. Raises BadArgument where there is none."""
    model = _unwrapped(model, _WRAPPED_MODEL)
    if not all(hasattr(model, name) for name in ("nbody", "body_jntadr", "geom_type", "qpos0")):
        fix = "Give a mujoco.MjModel, such as MjModel.from_xml_path(...) or MjSpec.compile() make."
        raise BadArgument("model", type(model).__name__, f"is no compiled MuJoCo model. {fix}")
    return model


def structure(model: Any) -> tuple[Any, ...]:
    """What two models share where one may stand for the other: bodies and joints, in the same order."""
    bodies = tuple(model.body(body).name for body in range(model.nbody))
    joints = tuple(model.joint(joint).name for joint in range(model.njnt))
    return bodies, joints, tuple(np.asarray(model.jnt_qposadr).tolist())


def _holder(env: Any) -> str:
    return next(name for name in _HOLDERS if hasattr(env, name))


def _unwrapped(wrapped: Any, names: tuple[str, ...]) -> Any:
    return next((getattr(wrapped, name) for name in names if hasattr(wrapped, name)), wrapped)
