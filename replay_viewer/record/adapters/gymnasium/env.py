"""Gymnasium's MuJoCo environments, single and vector, and what else has a MuJoCo model, its data, `step` and `reset`.

Such are dm_control's environments and anybody's own class around MuJoCo.

A single environment is reset by its user. A vector resets its members in the step in which they end, in the step after
that, or not at all. So ends are taken from what `step()` returns, and resets from the innermost members.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, NoReturn, Sequence

import numpy as np

from ....arrays import as_array
from ....errors import BadArgument
from ...control.means import Means
from ...control.mujoco import mujoco_means
from ...patches import Patches
from ..adapter import Adapter, Description, Endings, Request
from ..hooks import Hook
from ..mujoco.scene import MujocoScene
from ..mujoco.simulation import Simulation
from ..registry import unwrapped
from .steps import GymnasiumEpisodes, InfoTerms, StepResult, flat_observations, observation_width, parse_step
from .wrappers import reward_wrappers

_MUJOCO = ("model.nq", "model.body", "model.body_jntadr", "data.qpos")
LOOKS_FOR = (*_MUJOCO, "step", "reset")
DM_CONTROL_LOOKS_FOR = (*(f"physics.{name}" for name in _MUJOCO), "step", "reset", "control_timestep")
VECTOR_LOOKS_FOR = ("num_envs", "step", "reset", *(f"envs.0.unwrapped.{name}" for name in _MUJOCO))
ASYNC_LOOKS_FOR = ("parent_pipes", "step_async", "step_wait")
SUBPROC_LOOKS_FOR = ("work_remotes", "processes", "step_async", "step_wait")
# The signal of rewards as the user's loop gets them.
_WRAPPED = "wrapped_reward"
_NEW_GROUND = "is made anew by a reset: the recording shows that which there was when it began. Attach after the reset."


class Gymnasium(Adapter):
    """Reads a single environment: the results of its outermost wrapper, and the physics of the innermost."""

    # Results are read after the step, when they are known, also those of an env that was reset in it.
    transition = ()
    not_terminal = ()

    def __init__(self, env: Any, request: Request) -> None:
        super().__init__(env, request)
        count = len(self.rows)
        self._members = self.members()
        self._simulations = [Simulation(env) for env in self.innermost()]
        self._inner = [simulation.env for simulation in self._simulations]
        self._step = StepTime(self._inner[0], float(self._simulations[0].model.opt.timestep))
        self._episodes = GymnasiumEpisodes(self._simulations, self._step.control_dt)
        self._results: list[StepResult | None] = [None] * count
        self._act: np.ndarray | None = np.zeros((count, 0))
        self._has_actions, self._has_rewards = True, True
        self._terms = InfoTerms(count, request.problems)
        self._wrappers = self.wrappers()
        # Of the innermost envs; and what the user's loop gets, where a wrapper may make something else of it.
        self._rewards = np.zeros(count)
        self._returned = np.zeros(count) if self._wrappers else self._rewards
        # Where no space tells how wide observations are, the first step does.
        self._obs: np.ndarray | None = None
        space = self.observation_space() if request.observations else None
        if space is not None:
            self._obs = np.full((count, observation_width(space)), np.nan)
        self._scene = MujocoScene(self._simulations, request)
        # Whether a reset may have made the ground anew.
        self._was_reset = True

    def take_over(self, other: Adapter) -> None:
        assert isinstance(other, Gymnasium)
        self._step, self._has_actions, self._has_rewards = other._step, other._has_actions, other._has_rewards
        known = {env_id: row for row, env_id in enumerate(other.rows.env_ids.tolist())}
        self._episodes.take_over(other._episodes, [known.get(env_id) for env_id in self.rows.env_ids.tolist()])
        self._terms.take_over(other._terms)

    def members(self) -> list[Any]:
        """The recorded envs as they are stepped, with their wrappers."""
        return [self.request.layers[0]]

    def wrappers(self) -> list[str]:
        """Names of those that may change the reward."""
        return reward_wrappers(self.request.layers[:-1])

    def innermost(self) -> list[Any]:
        """The recorded envs as they simulate, without wrappers."""
        return [self.env]

    def observation_space(self) -> Any:
        """Of one env, as the user sees it; None where it has none."""
        return getattr(self.request.layers[0], "observation_space", None)

    def describe(self) -> Description:
        inner = self._inner[0]
        metadata = {"task": _task(inner)}
        if self._wrappers:
            metadata["rewards"] = (
                f"'rew' and its terms are {type(inner).__name__}'s own; '{_WRAPPED}' is what the wrappers "
                f"({', '.join(dict.fromkeys(self._wrappers))}) made of it."
            )
        facts = {
            "control_dt": self._step.control_dt,
            "decimation": self._step.decimation,
            "physics_dt": self._step.physics_dt,
            "entities": tuple(self._scene.entities),
            "terminal_states": "captured" if self.resets_inside() else "recorded",
            "metadata": metadata,
        }
        return Description(facts, self._scene.terrain(), self._scene.notes)

    def late_facts(self) -> dict[str, Any]:
        # gymnasium's property `np_random_seed` would draw one where there is none yet.
        seed = getattr(self._inner[0], "_np_random_seed", None)
        facts: dict[str, Any] = {"seed": int(seed)} if seed is not None and seed >= 0 else {}
        if self._step.measure(self._episodes.duration()):
            self._episodes.recount(self._step.control_dt)
            facts.update(control_dt=self._step.control_dt, decimation=self._step.decimation)
        return {**facts, "reward_terms": self._terms.names} if self._terms.are_terms else facts

    def resets_inside(self) -> bool:
        """Whether an env is reset in the step that ends its episode."""
        return False

    def step_hook(self) -> Hook:
        return Hook(self.request.layers[0], "step")

    def reset_hooks(self) -> Sequence[Hook]:
        ids = self.rows.env_ids.tolist()
        return [Hook(inner, "reset", [env_id]) for inner, env_id in zip(self._inner, ids)]

    def close_files(self) -> None:
        self._scene.close()

    def patch(self, patches: Patches) -> None:
        for row, inner in enumerate(self._inner):
            patches.method(inner, "reset", patches.listener(functools.partial(self._note_reset, row)))
            if self._wrappers:
                patches.method(inner, "step", patches.listener(after=functools.partial(self._add_reward, row)))

    def means(self) -> Means:
        ids = self.rows.env_ids.tolist()
        return mujoco_means(dict(zip(ids, self._simulations)), dict(zip(ids, self._members)))

    def begin_step(self, action: Any) -> None:
        self._episodes.begin_step()
        if self._terms.names is None:
            self._has_actions = action is not None
        self._act = self.attempt("act", self.actions, action) if self._has_actions else None
        self._results = [None] * len(self._members)
        self._rewards.fill(0)
        # What is known only when the step returns is not known of a state before a reset inside of it.
        self._terms.forget()
        if self._wrappers:
            self._returned.fill(np.nan)
        if self._obs is not None:
            self._obs.fill(np.nan)

    def actions(self, action: Any) -> np.ndarray:
        """(n, ...) of the recorded envs, copied."""
        return np.array(as_array(action))[None]

    def end_step(self, result: Any) -> None:
        is_first = self._terms.names is None
        self.take(result)
        self._episodes.end_step(self._results)
        if is_first:
            self._terms.decide(self._infos(), self._exact_rewards())
        else:
            self._terms.fill(self._infos(), self._rewards)
        if self._was_reset:
            self._was_reset = False
            if not self._scene.ground_is_as_recorded():
                self.request.problems.state("terrain", _NEW_GROUND)

    def take(self, result: Any) -> None:
        """Keep what the outermost `step` returned."""
        seen = self.parse(result)
        if self._terms.names is None:
            self._has_rewards = seen.reward is not None
        self._results[0], self._returned[0] = seen, _reward(seen)
        if self.request.observations:
            self._take_obs(flat_observations, seen.obs, 1)

    def parse(self, result: Any) -> StepResult:
        """What the `step` of one env returned."""
        return parse_step(result)

    def read(self) -> dict[str, Any]:
        if self._terms.names is None:  # The first step, of which the first envs have ended and are reset now.
            self._terms.decide(self._infos(), self._exact_rewards())
        values = self._scene.read()
        if self._has_actions:
            values["act"] = self._act
        if self._has_rewards:
            values["rew"] = self._rewards
            if self._wrappers:
                values[_WRAPPED] = self._returned
        if self._obs is not None:
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
        return np.array([0.0 if result is None else _reward(result) for result in self._results])

    def _add_reward(self, row: int, result: Any) -> None:
        """An innermost env was stepped, by a wrapper that may do so several times in a control step."""
        self._rewards[row] += _reward(parse_step(result))

    def _note_reset(self, row: int, *args: Any, **kwargs: Any) -> None:
        self._was_reset = True
        self._episodes.note_reset(row)

    def _take_obs(self, read: Callable[..., np.ndarray], *args: Any) -> None:
        """Keep observations; of another width than before, or than their space has, they are unknown."""
        obs = self.attempt("obs", read, *args)
        if obs is None:
            return
        kept = self._obs = np.full(obs.shape, np.nan) if self._obs is None else self._obs
        if obs.shape == kept.shape:
            kept[:] = obs
        else:
            problem = f"has shape {obs.shape}, expected {kept.shape}: it is NaN in such steps."
            self.request.problems.tell("obs", problem)


class GymnasiumVector(Gymnasium):
    """Reads a vector of environments in this process, such as `SyncVectorEnv`, wrapped or not."""

    def members(self) -> list[Any]:
        return [self.env.envs[env_id] for env_id in self.rows.env_ids]

    def wrappers(self) -> list[str]:
        members = [layer for member in self._members for layer in unwrapped(member)[:-1]]
        return reward_wrappers([*self.request.layers[:-1], *members])

    def innermost(self) -> list[Any]:
        return [member.unwrapped for member in self._members]

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
            self._rewards[row] = _reward(seen)


def refuse_async(env: Any, request: Request) -> NoReturn:
    """Say why a vector whose members run in other processes cannot be recorded. Raises BadArgument."""
    _refuse(env, 'Use SyncVectorEnv, or gymnasium.make_vec(..., vectorization_mode="sync").')


def refuse_subproc(env: Any, request: Request) -> NoReturn:
    """The same of one of stable-baselines3."""
    _refuse(env, "Use DummyVecEnv, or make_vec_env(..., vec_env_cls=DummyVecEnv).")


def _refuse(env: Any, fix: str) -> NoReturn:
    problem = "simulates in other processes, whose physics cannot be seen from here."
    raise BadArgument("env", type(env).__name__, f"{problem} {fix}")


def _reward(seen: StepResult) -> float:
    return np.nan if seen.reward is None else seen.reward


class StepTime:
    """How long a control step is.

    Attributes:
        physics_dt: seconds of a physics step.
        control_dt: seconds of a control step, as far as it is known.
        decimation: physics steps in a control step; None while nothing tells.
    """

    def __init__(self, env: Any, physics_dt: float) -> None:
        self.physics_dt = physics_dt
        self.control_dt = float(getattr(env, "dt", physics_dt))
        # gymnasium-robotics has another name for it.
        self.decimation: int | None = getattr(env, "frame_skip", getattr(env, "n_substeps", None))
        # A method of dm_control, a number in robosuite.
        stated = getattr(env, "control_timestep", None)
        stated = stated() if callable(stated) else stated
        self._is_stated = self.decimation is not None or stated is not None
        if stated is not None:
            self.control_dt = float(stated)
            self.decimation = round(self.control_dt / physics_dt)
        elif self.decimation is not None:
            self.control_dt = physics_dt * self.decimation

    def measure(self, seconds: float | None) -> bool:
        """Take over what the simulation's clock says of a step, where the environment does not state it."""
        if self._is_stated or seconds is None:
            return False
        self.decimation = max(1, round(seconds / self.physics_dt))
        self.control_dt = self.decimation * self.physics_dt
        return True


def _task(env: Any) -> str:
    """The name of what is simulated: an id of Gymnasium, dm_control's task, or a class."""
    named = getattr(getattr(env, "spec", None), "id", None)
    if named is not None or not hasattr(env, "physics"):
        return type(env).__name__ if named is None else str(named)
    task = type(getattr(env, "task", env))
    return f"{task.__module__.rpartition('.')[2]}.{task.__name__}"
