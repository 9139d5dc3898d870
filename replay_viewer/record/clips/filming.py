"""Filming: the episodes of an environment as its user sees them, and which of their steps are filmed."""

from __future__ import annotations

import contextlib
import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ...episode_record import EpisodeRecord, to_json
from ...rollout.interventions import Intervention
from ..control.open_control import Listener, listen
from ..episodes.live import LiveEpisodes
from ..training_state import process_state
from .completing import known
from .hands import TouchedEpisodes
from .results import StepEnds
from .triggers import Moment, Trigger, is_evaluation
from .watch import Watch, Watcher

# Episodes whose successes make the rate; and problems that are told.
_MANY = 100
_NOTHING = np.zeros(0, int)
_messages = logging.getLogger("replay_viewer")


@dataclass(frozen=True)
class Budget:
    """How long a film is; without a number, one episode.

    Attributes:
        num_steps: control steps, whatever episodes they are of.
        num_episodes: consecutive episodes of the env.
        split: whether each of these has a film of its own.
    """

    num_steps: int | None = None
    num_episodes: int | None = None
    split: bool = False


@dataclass
class Take:
    """What is being filmed of one env, from its first frame to its last.

    Attributes:
        slot: the position of the env.
        key: of its first episode.
        facts: of the training when it began.
        first_step: the control step that its first frame shows.
        num_steps: control steps so far.
        episodes: of those that have ended, the records.
        last_step: the control step that its last frame shows.
        is_manual: whether somebody had a hand on one of its episodes.
        problem: why its film ended before the take did; "" while it goes on.
    """

    slot: int
    key: Mapping[str, Any]
    facts: Mapping[str, Any]
    first_step: int
    num_steps: int = 0
    episodes: list[EpisodeRecord] = field(default_factory=list)
    last_step: int | None = None
    is_manual: bool = False
    problem: str = ""


class Shooter(ABC):
    """Who makes films of takes. What `shoot` raises ends this film, what anything else raises the filming."""

    def before_step(self) -> None:  # noqa: B027 - few need it.
        """A step, or a reset from outside, is about to be made."""

    @abstractmethod
    def begin(self, take: Take) -> None:
        """A film is to be made."""

    @abstractmethod
    def shoot(self, take: Take, obs: Any, env_id: int | None) -> None:
        """A frame is to be made now.

        Args:
            take: of the env.
            obs: what the environment gave last.
            env_id: the row of `obs` that the env has; None where `obs` is its own.
        """

    @abstractmethod
    def end(self, take: Take, facts: Mapping[str, Any], is_partial: bool) -> None:
        """The film has its last frame.

        Args:
            take: as it is.
            facts: of the training, and of the episode.
            is_partial: whether the episode goes on.
        """

    def drop(self, take: Take) -> None:  # noqa: B027 - there may be nothing to see.
        """An episode has ended of which nothing can be seen."""

    @abstractmethod
    def close(self) -> None:
        """Nothing more comes."""


class Filming(Watcher, Listener):
    """Watches some envs, n of them, counts their episodes, and says who films when.

    Args:
        env: as its user steps it.
        env_ids: the simulator's indices of the envs.
        shooter: makes the films.
        trigger: when; None for all episodes, or for one film of the budget's length.
        budget: how long films are.
        control_dt: seconds of a control step.
        stride: control steps from one frame to the next.
        strict: whether what goes wrong is raised.
    """

    def __init__(
        self,
        env: Any,
        env_ids: Sequence[int],
        shooter: Shooter,
        trigger: Trigger | None,
        budget: Budget,
        control_dt: float,
        stride: int = 1,
        strict: bool = False,
    ) -> None:
        self._ids, self._shooter, self._trigger, self._budget = list(env_ids), shooter, trigger, budget
        self._stride, self._strict = stride, strict
        self._training = process_state()
        self._live = LiveEpisodes(self._ids, {}, control_dt)
        self._takes: dict[int, Take] = {}
        self._hands = TouchedEpisodes(self._ids)
        self._begins_in_steps = trigger is not None and trigger.every_steps is not None
        self._has_budget = trigger is None and (budget.num_steps is not None or budget.num_episodes is not None)
        # Episodes that are still to begin, where there is a budget and no trigger.
        self._left = budget.num_episodes if budget.split and budget.num_episodes else 1
        # Of those that were reset before anybody watched, the first step tells.
        self._begun, self._all_begun = np.zeros(len(self._ids), bool), False
        self._successes: list[bool] = []
        self._is_closed = False
        # What has been said of films that ended early, and of the trigger.
        self._said: set[str] = set()
        self._watch = Watch(env, self._ids, self)
        listen(env, self)

    def before_step(self) -> None:
        self._shooter.before_step()

    def before_reset(self) -> None:
        self._shooter.before_step()

    def wants_result(self) -> bool:
        return not self._is_done

    def begin(self, slots: np.ndarray, obs: Any) -> None:
        if self._is_done:
            return
        begun = slots[self._live.have_begun(slots)]
        if len(begun):
            self._end(begun, ["aborted"] * len(begun), [None] * len(begun))
        self._begin(slots, obs)

    def step(self, step: StepEnds | None, was_reset: np.ndarray) -> None:
        if step is None:
            return
        if not self._all_begun:
            self._begin(np.flatnonzero(~self._begun), None)
        self._live.add(step.rewards, None)
        number = self._live.num_steps - 1
        if self._begins_in_steps:
            self._begin_in_step(number)
        if not self._takes and not step.any_over:
            return  # Most steps of a training, which are to cost it nothing.
        over = np.flatnonzero(step.is_over & ~was_reset) if step.any_over else _NOTHING
        inside = self._watch.resets_inside
        for slot, take in list(self._takes.items()):
            take.num_steps += 1
            if not inside or slot not in over:
                self._shoot(take, step.obs, number)
            elif (final := step.final_obs(self._ids[slot])) is not None:
                self._shoot(take, final, number, is_own=True)
            else:
                self._shooter.drop(take)
        if len(over):
            success = [step.success[slot] for slot in over.tolist()]
            self._end(over, step.outcomes(over), success)
            if inside or self._watch.resets_later:
                # What resets an env later shows its new episode in the coming step.
                self._begin(over, step.obs if inside else None)
        self._end_full()

    def intervene(self, intervention: Intervention) -> None:
        self._hands.note(intervention, self._live.have_begun(np.arange(len(self._ids))))

    def close(self) -> None:
        """End all films; a second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self._watch.undo()
        try:
            self._shooter.before_step()
            self._end_unfinished()
            for take in list(self._takes.values()):
                self._finish(take, self._unfinished(take), is_partial=not self._is_between(take))
        except Exception as error:
            if self._strict:
                raise
            _messages.error("The last films are lost (%s: %s).", type(error).__name__, error)
        finally:
            self._shooter.close()

    def __del__(self) -> None:
        # Nobody has the environment any more, nor this.
        with contextlib.suppress(Exception):
            self.close()

    def failed(self, error: Exception) -> None:
        if self._strict:
            raise error
        _messages.error(
            "Filming ends here (%s: %s). The simulation goes on without it; strict=True shows where it comes from.",
            type(error).__name__,
            error,
        )
        self.close()

    @property
    def _is_done(self) -> bool:
        return self._has_budget and self._left <= 0 and not self._takes

    def _begin(self, slots: np.ndarray, obs: Any) -> None:
        """Episodes begin, with these observations, or with those of the coming step."""
        self._begun[slots] = True
        self._all_begun = bool(self._begun.all())
        for slot in slots.tolist():
            take = self._takes.get(slot)
            if take is None and self._is_wanted(slot):
                # What a reset gave is shown before the episode's first step.
                take = self._start(slot, self._live.num_steps - (0 if obs is None else 1))
            if take is not None and obs is not None:
                self._shoot(take, obs, self._live.num_steps - 1)

    def _is_wanted(self, slot: int) -> bool:
        if self._trigger is not None:
            return self._does_begin(self._trigger.begins_with, self._moment(slot, self._live.num_steps))
        if not self._has_budget:
            return True
        if self._left > 0:
            self._left -= 1
            return True
        return False

    def _begin_in_step(self, number: int) -> None:
        assert self._trigger is not None
        for slot in range(len(self._ids)):
            if slot not in self._takes and self._does_begin(self._trigger.begins_in, self._moment(slot, number)):
                self._start(slot, number)

    def _does_begin(self, ask: Callable[[Moment], bool], moment: Moment) -> bool:
        """What the trigger says; where it fails, nothing begins."""
        try:
            return ask(moment)
        except Exception as error:
            self._say_once("The trigger fails, so that nothing is filmed then", error)
            return False

    def _moment(self, slot: int, step: int) -> Moment:
        offset = 0 if self._trigger is None else self._trigger.step_offset
        number = self._live.numbers_of(np.array([slot]))[0]
        return Moment(number, step + offset, self._ids[slot], is_evaluation())

    def _start(self, slot: int, first_step: int) -> Take:
        facts = self._training.facts()
        own = {"env_id": self._ids[slot], "episode_in_env": self._live.numbers_of(np.array([slot]))[0]}
        key = known({**{name: facts.pop(name, None) for name in ("run", "job_name", "rebuild", "rank")}, **own})
        take = self._takes[slot] = Take(slot, key, known(facts), first_step)
        self._shooter.begin(take)
        return take

    def _shoot(self, take: Take, obs: Any, number: int, is_own: bool = False) -> None:
        if take.problem or (number - take.first_step) % self._stride:
            return
        take.last_step = number
        env_id = self._ids[take.slot] if self._watch.is_vector and not is_own else None
        try:
            self._shooter.shoot(take, obs, env_id)
        except Exception as error:
            # One picture that is none, of thousands: the next film may have them all.
            take.problem = f"it ended early, at step {number} ({type(error).__name__}: {error})"
            self._say_once("A film ends early", error)

    def _say_once(self, what: str, error: Exception) -> None:
        """Say what went wrong, in films of which others may go well; not each time anew."""
        if self._strict:
            raise error
        text = f"{what} ({type(error).__name__}: {error})"
        if text not in self._said and len(self._said) < _MANY:
            self._said.add(text)
            _messages.error(
                "%s. The simulation goes on, and further films are tried; strict=True shows where it comes from.", text
            )

    def _end(self, slots: np.ndarray, outcomes: list[str], success: Sequence[bool | None]) -> None:
        """Episodes that have steps end, and the films of those of which there is to be no more."""
        touched = self._hands.of(slots).tolist()
        # What somebody has helped along, or pushed over, is not the policy's own.
        self._successes += [
            bool(value) for value, by_hand in zip(success, touched) if value is not None and not by_hand
        ]
        del self._successes[:-_MANY]
        self._note_hands(slots)
        self._hands.begin_anew(slots)
        is_filmed = np.array([slot in self._takes for slot in slots.tolist()])
        self._live.drop(slots[~is_filmed])
        if not is_filmed.any():
            return
        filmed = np.flatnonzero(is_filmed).tolist()
        self._live.state(self._training.facts())
        ended = self._live.end(slots[filmed], [outcomes[i] for i in filmed], success=[success[i] for i in filmed])
        for slot, record in zip(slots[filmed].tolist(), ended):
            take = self._takes[slot]
            take.episodes.append(record)
            wanted = 1 if self._budget.split else self._budget.num_episodes or 1
            if self._budget.num_steps is None and len(take.episodes) >= wanted:
                self._finish(take, self._facts(record, take), is_partial=record.outcome == "aborted")

    def _end_full(self) -> None:
        """End the films that have as many steps as they were to have."""
        if self._budget.num_steps is None:
            return
        for take in list(self._takes.values()):
            if take.num_steps >= self._budget.num_steps:
                self._finish(take, self._unfinished(take), is_partial=not self._is_between(take))

    def _end_unfinished(self) -> None:
        """End the episodes that go on, of which there are films."""
        slots = np.array([slot for slot, take in self._takes.items() if not self._is_between(take)], int)
        slots = slots[self._live.have_begun(slots)]
        if len(slots) == 0:
            return
        self._live.state(self._training.facts())
        self._note_hands(slots)
        for slot, record in zip(slots.tolist(), self._live.end(slots, ["unfinished"] * len(slots))):
            take = self._takes[slot]
            take.episodes.append(record)
            self._finish(take, self._facts(record, take), is_partial=True)

    def _is_between(self, take: Take) -> bool:
        """Whether the env's last episode is over, and nothing of the next one was filmed."""
        return bool(take.episodes) and not self._live.have_begun(np.array([take.slot]))[0]

    def _unfinished(self, take: Take) -> Mapping[str, Any]:
        """What is known of an episode that goes on."""
        self._note_hands(np.array([take.slot]))
        if take.episodes:
            return self._facts(take.episodes[-1], take)
        facts = {name: value for name, value in self._training.facts().items() if name not in take.key}
        return known({**facts, "outcome": "unfinished", "success_rate": self._rate(), **_said_of(take)})

    def _note_hands(self, slots: np.ndarray) -> None:
        """Whether somebody had a hand on what is filmed of some envs by now."""
        for slot in slots[self._hands.of(slots)].tolist():
            if slot in self._takes:
                self._takes[slot].is_manual = True

    def _facts(self, record: EpisodeRecord, take: Take) -> Mapping[str, Any]:
        own = ("env_id", "episode_in_env", "recording", "run", "job_name", "rebuild", "rank", "start", "end")
        facts = {name: value for name, value in to_json(record).items() if name not in own}
        return known({"success_rate": self._rate(), **facts, **_said_of(take)})

    def _rate(self) -> float | None:
        return sum(self._successes) / len(self._successes) if self._successes else None

    def _finish(self, take: Take, facts: Mapping[str, Any], is_partial: bool) -> None:
        del self._takes[take.slot]
        self._shooter.end(take, facts, is_partial)


def _said_of(take: Take) -> Mapping[str, Any]:
    """What the records of episodes say of hands."""
    return {"manual": True} if take.is_manual else {}
