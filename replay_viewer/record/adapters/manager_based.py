"""Manager-based environments: those of mjlab, and Isaac Lab's of its manager-based workflow.

Both compute commands, actions, rewards and terminations in managers of the same names; only the scene is read in
another way. Both reset inside of `step()`, by `_reset_idx`, after rewards and terminations are computed.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, Iterator, Sequence

import numpy as np

from ...arrays import as_array
from ..control.managers import manager_means
from ..control.means import Means
from .adapter import Adapter, Description, Endings, Request
from .factors import Factor
from .isaac_lab_events import isaac_lab_event
from .isaac_lab_final_obs import FinalObservations
from .isaac_lab_scene import IsaacLabScene
from .manager_factors import MakeFactor, command_factors, event_factors, terrain_factors
from .mjlab_events import mjlab_event
from .mjlab_scene import MjlabScene
from .scene import SceneReader, bodies_of, flat, tensor

_MANAGERS = ("reward_manager", "termination_manager", "action_manager", "episode_length_buf", "step_dt", "_reset_idx")
MJLAB_LOOKS_FOR = ("scene.entities", "sim.mj_model", "sim.data", *_MANAGERS)
ISAAC_LAB_LOOKS_FOR = ("scene.articulations", *_MANAGERS)


def mjlab(env: Any, request: Request) -> ManagerBased:
    """The adapter of mjlab's `ManagerBasedRlEnv`."""
    return ManagerBased(env, request, MjlabScene(env, request), functools.partial(mjlab_event, env))


def isaac_lab(env: Any, request: Request) -> ManagerBased:
    """The adapter of Isaac Lab's `ManagerBasedRLEnv`, from version 1 to 3."""
    return ManagerBased(env, request, IsaacLabScene(env, request), functools.partial(isaac_lab_event, env))


class ManagerBased(Adapter):
    """Reads the managers, and the scene by its reader; `event` knows what its events draw."""

    reset_method = "_reset_idx"

    def __init__(self, env: Any, request: Request, scene: SceneReader, event: MakeFactor) -> None:
        super().__init__(env, request)
        self._event = event
        self._scene, self._commands = scene, dict(_commands(env))
        self._causes = _causes(env.termination_manager)
        self._terms = list(env.reward_manager.active_terms) if hasattr(env.reward_manager, "_step_reward") else []
        # The manager keeps rates; what enters the reward is the rate times the step, unless mjlab is told otherwise.
        self._scale = float(env.step_dt) if getattr(env.cfg, "scale_rewards_by_dt", True) else 1.0
        # mjlab can leave the reset to its user; then what step() returns is the episode's last observation.
        self._resets_inside = bool(getattr(env.cfg, "auto_reset", True))
        self._final = FinalObservations(env)
        if not self._resets_inside or self._final.are_computed:
            self.not_terminal = ()
        self._reads = self._each_field()

    def describe(self) -> Description:
        env, notes = self.env, list(self._scene.notes)
        if len(self._terms) < len(env.reward_manager.active_terms):
            notes.append("no reward terms: this version of the reward manager does not keep them step by step.")
        facts = {
            "control_dt": float(env.step_dt),
            "decimation": getattr(env.cfg, "decimation", None),
            "physics_dt": getattr(env, "physics_dt", None),
            "entities": tuple(self._scene.entities),
            "env_origins": as_array(self.rows.of(tensor(env.scene.env_origins))).astype(float).tolist(),
            "seed": getattr(env.cfg, "seed", None),
            "terminal_states": "captured" if self._resets_inside else "recorded",
            "outcome_reasons": list(env.termination_manager.active_terms),
            "reward_terms": self._terms,
            "metadata": {**self._metadata(), **self._scene.metadata},
        }
        return Description(facts, self._scene.terrain(), notes, self._scene.lacks)

    def factors(self) -> list[Factor]:
        return [
            *event_factors(self.env, self._event, self.request.problems),
            *command_factors(self._commands),
            *terrain_factors(self.env.scene.terrain),
        ]

    def means(self) -> Means:
        return manager_means(self.env, bodies_of(self.env.scene))

    def begin_step(self, action: Any) -> None:
        self._final.begin_step()

    def end_step(self, result: Any) -> None:
        self._final.end_step()

    def close_files(self) -> None:
        self._scene.close()

    def read(self) -> dict[str, Any]:
        values = {**self._scene.read(), **self.read_each(self._reads)}
        if values.get("obs") == ():  # All of them are images.
            del values["obs"]
        return values

    def _each_field(self) -> dict[str, Callable[[], Any]]:
        """How the fields that are no scene's are read, by name."""
        env, rows = self.env, self.rows.of
        reads: dict[str, Callable[[], Any]] = {}
        if self._commands:
            reads["command"] = lambda: tuple(flat(rows(tensor(term.command))) for term in self._commands.values())
        reads["act"] = lambda: rows(tensor(env.action_manager.action))
        reads["rew"] = lambda: rows(tensor(env.reward_buf))
        if self.request.observations:
            reads["obs"] = lambda: tuple(flat(rows(part)) for part in _vectors(self._observations()))
        if self._terms:
            reads["rew_terms"] = lambda: rows(tensor(env.reward_manager._step_reward)) * self._scale
        return reads

    def lengths(self) -> Any:
        return tensor(self.env.episode_length_buf)

    def endings(self) -> Endings:
        manager, copied = self.env.termination_manager, self.rows.copied
        return Endings(
            copied(tensor(manager.terminated)),
            copied(tensor(manager.time_outs)),
            copied(tensor(self.env.episode_length_buf)),
            EndingReasons(self._causes, [copied(tensor(manager.get_term(name))) for name in self._causes]),
        )

    def ended(self) -> Endings | None:
        return None if self._resets_inside else self.endings()

    def _observations(self) -> Any:
        """Nested dicts of arrays; just before a reset the last of the episode, where they are computed."""
        found = self._final.now() if self._final.are_due else None
        return self.env.obs_buf if found is None else found

    def _metadata(self) -> dict[str, Any]:
        """What the columns of commands, actions and observations are, by width, and how rewards are weighed."""
        env, rewards = self.env, self.env.reward_manager
        found = {
            "reward_weights": {name: float(rewards.get_term_cfg(name).weight) for name in rewards.active_terms},
            "rewards_times_step_dt": self._scale != 1.0,
            "command_terms": {name: _width(term.command) for name, term in self._commands.items()},
            "action_terms": dict(zip(env.action_manager.active_terms, env.action_manager.action_term_dim)),
        }
        if self.request.observations:
            found["observation_terms"] = env.observation_manager.active_terms
        return found


class EndingReasons(Sequence[str]):
    """The first condition that holds, of each of n envs; "" where none does.

    They are looked at only when one is asked for: until then, a GPU need not be waited for.

    Args:
        names: of the conditions, the most telling first.
        conditions: (n,) each, booleans.
    """

    def __init__(self, names: Sequence[str], conditions: Sequence[Any]) -> None:
        self._names, self._conditions = names, conditions
        self._holds: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self._conditions[0]) if self._conditions else 0

    def __getitem__(self, index: Any) -> Any:
        if self._holds is None:
            self._holds = np.array([as_array(condition) for condition in self._conditions], bool)
        return next((name for name, holds in zip(self._names, self._holds[:, index]) if holds), "")


def _commands(env: Any) -> Iterator[tuple[str, Any]]:
    """The terms that command anything; some have only a place among the others."""
    manager: Any = getattr(env, "command_manager", None)
    for name in getattr(manager, "active_terms", ()):
        term = manager.get_term(name)
        try:
            term.command  # noqa: B018 - may be computed.
        except (NotImplementedError, RuntimeError):
            continue
        yield name, term


def _causes(manager: Any) -> list[str]:
    """Names of the conditions; a fall is more telling than the time that ran out in the same step."""
    return sorted(manager.active_terms, key=lambda name: bool(manager.get_term_cfg(name).time_out))


def _width(array: Any) -> int:
    return int(flat(tensor(array)).shape[1])


def _vectors(observations: Any) -> Iterator[Any]:
    """The arrays of nested dicts, without images: (N, values) or (N, history, values)."""
    if isinstance(observations, dict):
        for group in observations.values():
            yield from _vectors(group)
    elif len(observations.shape) <= 3:
        yield tensor(observations)
