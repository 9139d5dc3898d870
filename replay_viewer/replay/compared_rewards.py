"""Compared rewards: those of all takes of a world at the same time. Terms are matched by name.

A step's reward lasts until the next step: of shorter steps, several lie in one of the lead's, of which one is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..rollout.rewards import EpisodeRewardsCache, StepRewards, read_reward
from ..rollout.rollout import Rollout
from .sampling import sampled
from .take import Take
from .world import World


@dataclass(frozen=True)
class Quantity:
    """What is compared.

    Attributes:
        kind: a term, the reward, or the return so far of the episode that a take shows.
        name: of the term.
    """

    kind: Literal["term", "reward", "return"]
    name: str = ""

    @property
    def label(self) -> str:
        """What to call it."""
        return {"term": self.name, "reward": "reward", "return": "return so far"}[self.kind]

    @property
    def is_per_step(self) -> bool:
        """Whether it is an amount of one step."""
        return self.kind != "return"


def quantities(world: World) -> tuple[Quantity, ...]:
    """All that any take has: the lead's terms, those of others that it lacks, the reward, and the return."""
    rollouts = [take.replay.rollout for take in world.takes]
    terms = dict.fromkeys(name for rollout in rollouts for name in rollout.reward_terms)
    found = [Quantity("term", name) for name in terms]
    if any("rew" in rollout.fields for rollout in rollouts):
        found.append(Quantity("reward"))
    return (*found, Quantity("return")) if found else ()


class ComparedRewards:
    """Rewards of takes, of which the latest episodes are kept. Not for use by several threads."""

    def __init__(self) -> None:
        self._caches: dict[int, EpisodeRewardsCache] = {}

    def at(self, world: World, step: int, agent: int | None = None) -> tuple[StepRewards | None, ...]:
        """The rewards of each take at one of the lead's steps; None of one that waits.

        agent: which one of takes that have rewards for so many; None for their sum.
        """
        return tuple(self._step(world, take, step, agent) for take in world.takes)

    def values(self, world: World, quantity: Quantity, steps: range, agent: int | None = None) -> np.ndarray:
        """One quantity of each take at the lead's steps, (S, T), float64; NaN of one that waits or has none."""
        return np.column_stack([self._of_take(world, take, quantity, steps, agent) for take in world.takes])

    def _step(self, world: World, take: Take, step: int, agent: int | None) -> StepRewards | None:
        (position,) = world.positions_of(take, range(step, step + 1))
        if np.isnan(position):
            return None
        rollout = take.replay.rollout
        return self._cache(rollout).at(int(position), take.env_index, _agent_of(rollout, agent))

    def _of_take(self, world: World, take: Take, quantity: Quantity, steps: range, agent: int | None) -> np.ndarray:
        rollout, positions = take.replay.rollout, world.positions_of(take, steps)
        agent = _agent_of(rollout, agent)
        if quantity.kind == "return":
            return self._returns(rollout, take.env_index, positions, agent)
        terms = rollout.reward_terms
        if quantity.name not in terms if quantity.kind == "term" else "rew" not in rollout.fields:
            return np.full(len(positions), np.nan)
        read = read_reward(terms.index(quantity.name) if quantity.kind == "term" else None, agent)
        return sampled(rollout, take.env_index, read, positions)[:, 0]

    def _returns(self, rollout: Rollout, env_index: int, positions: np.ndarray, agent: int | None) -> np.ndarray:
        returns = np.full(len(positions), np.nan)
        if not rollout.has_rewards:
            return returns
        known = np.flatnonzero(np.isfinite(positions))
        steps = positions[known].astype(np.intp)
        for rows in _by_episode(rollout, env_index, steps):
            series = self._cache(rollout).series(env_index, int(steps[rows.start]), agent)
            returns[known[rows]] = series.cumulative[steps[rows] - series.steps.start]
        return returns

    def _cache(self, rollout: Rollout) -> EpisodeRewardsCache:
        if id(rollout) not in self._caches:
            self._caches[id(rollout)] = EpisodeRewardsCache(rollout)
        return self._caches[id(rollout)]


def _by_episode(rollout: Rollout, env_index: int, steps: np.ndarray) -> Iterator[slice]:
    """Rows of ascending steps (n,) that lie in one episode each."""
    begin = 0
    while begin < len(steps):
        last = rollout.episode_at(env_index, int(steps[begin])).last_step
        end = int(np.searchsorted(steps, last, side="right"))
        yield slice(begin, max(end, begin + 1))
        begin = max(end, begin + 1)


def _agent_of(rollout: Rollout, agent: int | None) -> int | None:
    """The agent, where there are so many; else all of them."""
    return agent if agent is not None and rollout.agents_shape and agent < rollout.agents_shape[0] else None
