"""Gymnasium's MuJoCo environments, single and vector, and what else has a MuJoCo model, `step` and `reset`.

A single environment is reset by its user. A vector resets its members in the step in which they end, in the step after
that, or not at all. So ends are taken from what `step()` returns, and resets from the innermost members.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, NoReturn, Sequence

import numpy as np

from ....arrays import as_array
from ....errors import BadArgument
from ...patches import Patches
from ..adapter import Adapter, Description, Endings, Hook, Request
from ..mujoco.scene import MujocoScene
from ..registry import unwrapped
from .steps import GymnasiumEpisodes, InfoTerms, StepResult, flat_observations, observation_width, parse_step
from .wrappers import reward_wrappers

_MUJOCO = ("model.nq", "model.body", "model.body_jntadr", "data.qpos")
LOOKS_FOR = (*_MUJOCO, "step", "reset")
VECTOR_LOOKS_FOR = ("num_envs", "step", "reset", *(f"envs.0.unwrapped.{name}" for name in _MUJOCO))
ASYNC_LOOKS_FOR = ("parent_pipes", "step_async", "step_wait")
SUBPROC_LOOKS_FOR = ("work_remotes", "processes", "step_async", "step_wait")
# The signal of rewards as the user's loop gets them.
_WRAPPED = "wrapped_reward"


class Gymnasium(Adapter):
    """Reads a single environment: the results of its outermost wrapper, and the physics of the innermost."""

    # Results are read after the step, when they are known, also those of an env that was reset in it.
    transition = ()
    not_terminal = ()

    def __init__(self, env: Any, request: Request) -> None:
        super().__init__(env, request)
        count = len(self.rows)
        self._members = self.members()
        self._inner = [getattr(member, "unwrapped", member) for member in self._members]
        self._episodes = GymnasiumEpisodes(self._inner, _control_dt(self._inner[0]))
        self._results: list[StepResult | None] = [None] * count
        self._act: np.ndarray | None = np.zeros((count, 0))
        self._terms = InfoTerms(count, request.problems)
        self._wrappers = self.wrappers()
        # Of the innermost envs; and what the user's loop gets, where a wrapper may make something else of it.
        self._rewards = np.zeros(count)
        self._returned = np.zeros(count) if self._wrappers else self._rewards
        width = observation_width(self.observation_space()) if request.observations else 0
        self._obs = np.full((count, width), np.nan)
        self._scene = MujocoScene(self._inner, request)

    def members(self) -> list[Any]:
        """The recorded envs as they are stepped, with their wrappers."""
        return [self.request.layers[0]]

    def wrappers(self) -> list[str]:
        """Names of those that may change the reward."""
        return reward_wrappers(self.request.layers[:-1])

    def observation_space(self) -> Any:
        """Of one env, as the user sees it."""
        return self.request.layers[0].observation_space

    def describe(self) -> Description:
        inner = self._inner[0]
        metadata = {"task": getattr(getattr(inner, "spec", None), "id", type(inner).__name__)}
        if self._wrappers:
            metadata["rewards"] = (
                f"'rew' and its terms are {type(inner).__name__}'s own; '{_WRAPPED}' is what the wrappers "
                f"({', '.join(dict.fromkeys(self._wrappers))}) made of it."
            )
        facts = {
            "control_dt": _control_dt(inner),
            "decimation": _frame_skip(inner),
            "physics_dt": float(inner.model.opt.timestep),
            "entities": tuple(self._scene.entities),
            "terminal_states": "captured" if self.resets_inside() else "recorded",
            "metadata": metadata,
        }
        return Description(facts, self._scene.terrain(), self._scene.notes)

    def late_facts(self) -> dict[str, Any]:
        # gymnasium's property `np_random_seed` would draw one where there is none yet.
        seed = getattr(self._inner[0], "_np_random_seed", None)
        facts: dict[str, Any] = {"seed": int(seed)} if seed is not None and seed >= 0 else {}
        return {**facts, "reward_terms": self._terms.names} if self._terms.are_terms else facts

    def resets_inside(self) -> bool:
        """Whether an env is reset in the step that ends its episode."""
        return False

    def step_hook(self) -> Hook:
        return Hook(self.request.layers[0], "step")

    def reset_hooks(self) -> Sequence[Hook]:
        ids = self.rows.env_ids.tolist()
        return [Hook(inner, "reset", [env_id]) for inner, env_id in zip(self._inner, ids)]

    def patch(self, patches: Patches) -> None:
        # The recording has its copies by now.
        self._scene.close()
        for row, inner in enumerate(self._inner):
            patches.method(inner, "reset", patches.listener(functools.partial(self._note_reset, row)))
            if self._wrappers:
                patches.method(inner, "step", patches.listener(after=functools.partial(self._add_reward, row)))

    def begin_step(self, action: Any) -> None:
        self._episodes.begin_step()
        self._act = self.attempt("act", lambda: self.actions(action))
        self._results = [None] * len(self.rows)
        self._rewards[:] = 0
        # What is known only when the step returns is not known of a state before a reset inside of it.
        self._terms.forget()
        if self._wrappers:
            self._returned[:] = np.nan
        if self.request.observations:
            self._obs[:] = np.nan

    def actions(self, action: Any) -> np.ndarray:
        """(n, ...) of the recorded envs, copied."""
        return np.array(as_array(action))[None]

    def end_step(self, result: Any) -> None:
        self.take(result)
        self._episodes.end_step(self._results)
        if self._terms.names is None:
            self._terms.decide(self._infos(), self._exact_rewards())
        else:
            self._terms.fill(self._infos(), self._rewards)

    def take(self, result: Any) -> None:
        """Keep what the outermost `step` returned."""
        seen = parse_step(result)
        self._results[0], self._returned[0] = seen, seen.reward
        if self.request.observations:
            self._take_obs(lambda: flat_observations(result[0], 1))

    def read(self) -> dict[str, Any]:
        if self._terms.names is None:  # The first step, of which the first envs have ended and are reset now.
            self._terms.decide(self._infos(), self._exact_rewards())
        values = self._scene.read()
        values["act"], values["rew"] = self._act, self._rewards
        if self._wrappers:
            values[_WRAPPED] = self._returned
        if self.request.observations:
            values["obs"] = self._obs
        if self._terms.are_terms:
            values["rew_terms"] = self._terms.values
        else:
            values.update(zip(self._terms.names or (), self._terms.values.T))
        return values

    def endings(self) -> Endings:
        return self._episodes.endings()

    def ended(self) -> Endings | None:
        return self._episodes.ended()

    def _infos(self) -> list[Any]:
        return [{} if result is None else result.info for result in self._results]

    def _exact_rewards(self) -> np.ndarray:
        """(n,) of the innermost envs, in double precision: some vectors hand on less."""
        if self._wrappers:
            return self._rewards
        return np.array([0.0 if result is None else result.reward for result in self._results])

    def _add_reward(self, row: int, result: Any) -> None:
        """An innermost env was stepped, by a wrapper that may do so several times in a control step."""
        self._rewards[row] += float(as_array(result[1]))

    def _note_reset(self, row: int, *args: Any, **kwargs: Any) -> None:
        self._episodes.note_reset(row)

    def _take_obs(self, read: Callable[[], np.ndarray]) -> None:
        """Keep observations; of another width than their space has, they are unknown."""
        obs = self.attempt("obs", read)
        if obs is not None and obs.shape == self._obs.shape:
            self._obs[:] = obs
        elif obs is not None:
            problem = f"has shape {obs.shape}, expected {self._obs.shape} as its space says: it is NaN in such steps."
            self.request.problems.tell("obs", problem)


class GymnasiumVector(Gymnasium):
    """Reads a vector of environments in this process, such as `SyncVectorEnv`, wrapped or not."""

    def members(self) -> list[Any]:
        return [self.env.envs[env_id] for env_id in self.rows.env_ids]

    def wrappers(self) -> list[str]:
        members = [layer for member in self._members for layer in unwrapped(member)[:-1]]
        return reward_wrappers([*self.request.layers[:-1], *members])

    def observation_space(self) -> Any:
        outermost = self.request.layers[0]
        return getattr(outermost, "single_observation_space", outermost.observation_space)

    def resets_inside(self) -> bool:
        mode = getattr(getattr(self.env, "autoreset_mode", None), "name", None)
        # Before there were modes, Gymnasium 1.0 was the first to reset in the step after, by a list of this name.
        return mode == "SAME_STEP" or (mode is None and not hasattr(self.env, "_autoreset_envs"))

    def patch(self, patches: Patches) -> None:
        super().patch(patches)
        for row, member in enumerate(self._members):
            patches.method(member, "step", patches.listener(after=functools.partial(self._take_step, row)))

    def actions(self, action: Any) -> np.ndarray:
        return np.array(self.rows.of(as_array(action)))

    def take(self, result: Any) -> None:
        # Who ended is known of the members: what the vector makes of their infos differs from version to version.
        self._returned[:] = self.rows.of(as_array(result[1]))
        if self.request.observations:
            self._take_obs(lambda: self.rows.of(flat_observations(result[0], len(self.env.envs))))

    def _take_step(self, row: int, result: Any) -> None:
        self._results[row] = seen = parse_step(result)
        if not self._wrappers:
            self._rewards[row] = seen.reward


def refuse_async(env: Any, request: Request) -> NoReturn:
    """Say why a vector whose members run in other processes cannot be recorded. Raises BadArgument."""
    _refuse(env, 'Use SyncVectorEnv, or gymnasium.make_vec(..., vectorization_mode="sync").')


def refuse_subproc(env: Any, request: Request) -> NoReturn:
    """The same of one of stable-baselines3."""
    _refuse(env, "Use DummyVecEnv, or make_vec_env(..., vec_env_cls=DummyVecEnv).")


def _refuse(env: Any, fix: str) -> NoReturn:
    problem = "simulates in other processes, whose physics cannot be seen from here."
    raise BadArgument("env", type(env).__name__, f"{problem} {fix}")


def _frame_skip(inner: Any) -> int | None:
    """Physics steps in a control step; gymnasium-robotics has another name for them."""
    return getattr(inner, "frame_skip", getattr(inner, "n_substeps", None))


def _control_dt(inner: Any) -> float:
    skip = _frame_skip(inner)
    timestep = float(inner.model.opt.timestep)
    return timestep * skip if skip is not None else float(getattr(inner, "dt", timestep))
