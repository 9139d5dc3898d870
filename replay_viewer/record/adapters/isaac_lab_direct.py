"""Isaac Lab's direct workflow: `DirectRLEnv`, whose tasks compute rewards and ends in methods of their own.

It resets inside of `step()`, by `_reset_idx`, after rewards and ends are computed. Written from its public code
(https://github.com/isaac-sim/IsaacLab). What `extras["log"]` holds are means over the envs, which are no env's value,
so they are left out.
"""

from __future__ import annotations

import functools
import math
from typing import Any, Callable

from ...arrays import as_array
from ..control.managers import direct_means
from ..control.means import Means
from ..patches import Patches
from .adapter import Adapter, Description, Endings, Request
from .factors import Factor, existing, rows
from .isaac_lab_events import isaac_lab_event
from .isaac_lab_final_obs import FinalObservations
from .isaac_lab_scene import IsaacLabScene
from .manager_factors import event_factors, terrain_factors
from .reward_terms import SummedTerms
from .scene import bodies_of, flat, tensor

LOOKS_FOR = (
    "scene.articulations",
    "reset_terminated",
    "reset_time_outs",
    "episode_length_buf",
    "step_dt",
    "_get_rewards",
    "_reset_idx",
)
# By custom of the tasks: what each term has earned, and the command, where there is one.
_SUMS, _COMMAND = "_episode_sums", "_commands"
_GROUP = "policy"


class IsaacLabDirect(Adapter):
    """Reads the scene, and of the task what all of them have: actions, rewards, ends."""

    reset_method = "_reset_idx"

    def __init__(self, env: Any, request: Request) -> None:
        super().__init__(env, request)
        self._scene = IsaacLabScene(env, request)
        self._terms: SummedTerms | None = None
        if getattr(env, _SUMS, None):
            self._terms = SummedTerms(env, self.rows, request.problems, _SUMS, "_get_rewards")
        self._has_command = hasattr(getattr(env, _COMMAND, None), "shape")
        shape = getattr(env.single_observation_space[_GROUP], "shape", None) if request.observations else None
        self._has_obs = shape is not None and len(shape) <= 2
        # Until a step returns them.
        self._no_obs = self._obs = self.rows.table(tensor(env.scene.env_origins), math.prod(shape or ()))
        self._no_obs[:] = float("nan")
        self._act: Any = None
        self._final = FinalObservations(env)
        if self._final.are_computed:
            self.not_terminal = ()
        self._reads = self._each_field()

    def describe(self) -> Description:
        env, notes = self.env, list(self._scene.notes)
        if self._terms is None:
            notes.append("no reward terms: the task keeps none. Bring them with log_terms().")
        if self.request.observations and not self._has_obs:
            notes.append("no observations: they are images, or of several parts.")
        # The terrain moves them, where the task has one.
        origins = getattr(getattr(env, "_terrain", None), "env_origins", env.scene.env_origins)
        facts = {
            "control_dt": float(env.step_dt),
            "decimation": getattr(env.cfg, "decimation", None),
            "physics_dt": getattr(env, "physics_dt", None),
            "entities": tuple(self._scene.entities),
            "env_origins": as_array(self.rows.of(tensor(origins))).astype(float).tolist(),
            "seed": getattr(env.cfg, "seed", None),
            "reward_terms": () if self._terms is None else self._terms.names,
            "metadata": self._scene.metadata,
        }
        return Description(facts, self._scene.terrain(), notes, self._scene.lacks)

    def close_files(self) -> None:
        self._scene.close()

    def patch(self, patches: Patches) -> None:
        if self._terms is not None:
            self._terms.patch(patches)

    def factors(self) -> list[Factor]:
        env = self.env
        found = list(event_factors(env, functools.partial(isaac_lab_event, env), self.request.problems))
        if self._has_command:
            draws = existing(env, self.reset_method)
            found.append(Factor("command", lambda envs: rows(getattr(env, _COMMAND), envs), draws))
        terrain: Any = env.scene.terrain
        return [*found, *terrain_factors(getattr(env, "_terrain", None) if terrain is None else terrain)]

    def means(self) -> Means:
        return direct_means(self.env, bodies_of(self.env.scene))

    def begin_step(self, action: Any) -> None:
        # The environment moves it to its device too.
        self._act = self.attempt("act", lambda: self.rows.copied(self._on_device(action)))
        self._obs = self._no_obs
        self._final.begin_step()
        if self._terms is not None:
            self._terms.forget()

    def end_step(self, result: Any) -> None:
        self._final.end_step()
        if self._has_obs:
            self._obs = self.attempt("obs", lambda: self._flat_obs(result[0]))

    def read(self) -> dict[str, Any]:
        return {**self._scene.read(), **self.read_each(self._reads)}

    def _each_field(self) -> dict[str, Callable[[], Any]]:
        """How the fields that are no scene's are read, by name."""
        env, rows = self.env, self.rows.of
        reads: dict[str, Callable[[], Any]] = {}
        if self._has_command:
            reads["command"] = lambda: rows(tensor(getattr(env, _COMMAND)))
        reads["act"] = lambda: self._act
        reads["rew"] = lambda: rows(tensor(env.reward_buf))
        if self._has_obs:
            reads["obs"] = self._observations
        if self._terms is not None:
            reads["rew_terms"] = self._terms.scaled
        return reads

    def _observations(self) -> Any:
        """Of the step; just before a reset the last of the episode, where they are computed."""
        final = self._final.now() if self._final.are_due else None
        return self._obs if final is None else self._flat_obs(final)

    def lengths(self) -> Any:
        return tensor(self.env.episode_length_buf)

    def endings(self) -> Endings:
        env = self.env
        flags = (env.reset_terminated, env.reset_time_outs, env.episode_length_buf)
        return Endings(*(self.rows.copied(tensor(flag)) for flag in flags))

    def _flat_obs(self, observations: Any) -> Any:
        return flat(self.rows.of(tensor(observations[_GROUP])))

    def _on_device(self, action: Any) -> Any:
        return action.to(self.env.device) if hasattr(action, "to") else action
