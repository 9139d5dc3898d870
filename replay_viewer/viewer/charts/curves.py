"""The sources of a chart's curves: the rewards (each term, then the reward itself), or the components of one signal."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from ...robot import Robot
from ...rollout.rewards import read_reward
from ...rollout.rollout import Rollout
from ...rollout.signals import Signal
from ...rollout.spread import Read
from ...theme import TOTAL_COLOR, term_color
from ..session import Session

# Rows that are put together at once.
_BLOCK = 1 << 14
# More curves than this cannot be told apart; the others are shown when asked for.
_MAX_SHOWN = 12
# Of what limits joints, by what is recorded of them.
_LIMITS: Mapping[str, Callable[[Robot], np.ndarray]] = {
    "joint_pos": lambda robot: robot.joint_limits,
    "joint_vel": lambda robot: np.stack([-robot.joint_speeds, robot.joint_speeds], axis=1),
    "joint_torque": lambda robot: np.stack([-robot.joint_efforts, robot.joint_efforts], axis=1),
}


class CurveSource(Protocol):
    """Curves of one kind, of whichever episode the session shows.

    Attributes:
        names, colors: of the C curves.
        main: the curve that stands for all of them, or None.
        max_shown: how many are shown at first.
        has_rate: whether the values are amounts per step.
        limits: (C, 2), the lowest and the highest value that a curve may have, infinite where that is not known.
    """

    names: tuple[str, ...]
    colors: tuple[str, ...]
    main: int | None
    max_shown: int
    unit: str
    has_rate: bool
    limits: np.ndarray

    @property
    def key(self) -> Hashable:
        """Which values these are; an episode that goes on keeps its own."""
        ...

    @property
    def steps(self) -> range:
        """Of the episode, as far as it is recorded."""
        ...

    def read_from(self, first: int) -> Iterator[np.ndarray]:
        """Values (n, C) from the episode's step `first` on, in pieces."""
        ...

    def spread_key(self, curve: int) -> Hashable:
        """Of which values the spread of a curve is."""
        ...

    def reader(self, curve: int) -> Read:
        """Gives one curve's values (S, E, 1) in any envs."""
        ...


class RewardCurves:
    """See CurveSource."""

    def __init__(self, session: Session) -> None:
        self._session = session
        rollout = session.replay.rollout
        has_total = "rew" in rollout.fields
        self._num_terms = len(rollout.reward_terms)
        self.names = (*rollout.reward_terms, *(("reward",) if has_total else ()))
        self.colors = (*map(term_color, range(self._num_terms)), *((TOTAL_COLOR,) if has_total else ()))
        self.main = self._num_terms if has_total else None
        self.max_shown = len(self.names)
        self.unit, self.has_rate = "", True
        self.limits = _no_limits(len(self.names))

    @property
    def key(self) -> Hashable:
        return self._session.env_index, self._session.agent, self.steps.start

    @property
    def steps(self) -> range:
        return self._session.episode_rewards.steps

    def read_from(self, first: int) -> Iterator[np.ndarray]:
        rewards = self._session.episode_rewards
        for begin in range(first, len(rewards.steps), _BLOCK):
            rows = slice(begin, begin + _BLOCK)
            total = [] if rewards.total is None else [rewards.total[rows, None]]
            yield np.concatenate([rewards.terms[rows], *total], axis=1)

    def spread_key(self, curve: int) -> Hashable:
        return curve, self._session.agent

    def reader(self, curve: int) -> Read:
        return read_reward(None if curve == self._num_terms else curve, self._session.agent)


class SignalCurves:
    """See CurveSource."""

    def __init__(self, session: Session, signal: Signal) -> None:
        self._session, self._signal = session, signal
        self.names = signal.components
        self.colors = tuple(map(term_color, range(len(self.names))))
        self.main = 0 if len(self.names) == 1 else None
        self.max_shown = _MAX_SHOWN
        self.has_rate = False
        robot = session.replay.robots.get(signal.entity)
        self.unit = unit_of(signal, robot)
        self.limits = _limits(signal, robot)

    @property
    def key(self) -> Hashable:
        return self._session.env_index, self.steps.start

    @property
    def steps(self) -> range:
        episode = self._session.episode
        return range(episode.first_step, min(episode.last_step + 1, self._session.player.num_steps))

    def read_from(self, first: int) -> Iterator[np.ndarray]:
        return self._signal.of_episode(self._session.replay.rollout, self._session.episode, first)

    def spread_key(self, curve: int) -> Hashable:
        return self._signal.name, curve

    def reader(self, curve: int) -> Read:
        def read(rollout: Rollout, steps: slice, envs: Sequence[int]) -> np.ndarray:
            return self._signal.read(rollout, steps, envs)[..., [curve]]

        return read


def unit_of(signal: Signal, robot: Robot | None) -> str:
    """Of joints that all turn, or all slide, the one unit that the recording leaves open."""
    turning, _, sliding = signal.unit.partition(" or ")
    if not sliding:
        return signal.unit
    kinds = {joint.kind for joint in robot.joints} - {"fixed"} if robot else set()
    return turning if kinds == {"turn"} else sliding if kinds == {"slide"} else signal.unit


def _limits(signal: Signal, robot: Robot | None) -> np.ndarray:
    """Of each component, those of the joint that has its name."""
    limits, of_robot = _no_limits(len(signal.components)), _LIMITS.get(signal.field.rpartition(".")[2])
    if robot is None or of_robot is None:
        return limits
    by_name = dict(zip(robot.joint_names, of_robot(robot), strict=True))
    for component, name in enumerate(signal.components):
        limits[component] = by_name.get(name, limits[component])
    return limits


def _no_limits(count: int) -> np.ndarray:
    return np.tile([-np.inf, np.inf], (count, 1))
