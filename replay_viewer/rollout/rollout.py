"""A rollout: T control steps of N envs, read lazily from whatever file it came from.

A reader in `formats/` gives a `Source` (numbers on demand) and the facts about them; `Rollout` puts both behind one
interface, in which quaternions are wxyz, positions metres, angles radians, and every doubt is a `Verdict`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from ..errors import BadField, UnknownName
from .entities import EntitySpec, check_fields
from .episodes import EndsByStep, Episode
from .fields import Field
from .interventions import Intervention, Touched, is_touched, touched_steps

Status = Literal["stated", "found", "assumed", "problem"]


@dataclass(frozen=True)
class Verdict:
    """What a reader decided about something, with its reason.

    Attributes:
        topic: what it is about.
        finding: what was decided.
        reason: why.
        status: "stated" by the file or the user, "found" by evidence, "assumed" without it, or a "problem" of the data
            that the user should know of.
    """

    topic: str
    finding: str
    reason: str
    status: Status


@dataclass(frozen=True)
class Terrain:
    """Ground as a triangle mesh in the world frame.

    Attributes:
        vertices: (V, 3) [m].
        triangles: (F, 3) vertex indices.
    """

    vertices: np.ndarray
    triangles: np.ndarray


class Source(Protocol):
    """Where a rollout's numbers live. Every read is a window; nothing reads a whole file."""

    @property
    def fields(self) -> Mapping[str, Field]: ...

    @property
    def num_steps(self) -> int: ...

    @property
    def num_envs(self) -> int: ...

    def read(self, name: str, steps: slice, envs: Sequence[int]) -> np.ndarray:
        """Values as recorded, shape (len(steps), len(envs), *field.shape). `steps` is within range, step >= 1."""
        ...

    def read_terminal(self, name: str, row: int) -> np.ndarray:
        """Value of the field in one row of the table of terminal states, shape field.shape."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class ReadsInto(Protocol):
    """A source that can do without an array of its own between a file and what is made of its values."""

    def read_into(self, values: np.ndarray, name: str, steps: slice, envs: Sequence[int]) -> None:
        """Put what `Source.read` returns into an array of that shape, however it lies in memory and of what type."""
        ...


class Growth(Protocol):
    """What another process may still append to the file of a rollout."""

    @property
    def closed(self) -> bool:
        """Whether the writer has finished, as far as the file was read."""
        ...

    @property
    def is_held(self) -> bool | None:
        """Whether a process still has the file open for writing; None where that cannot be known."""
        ...

    def verdicts(self) -> Sequence[Verdict]:
        """Every doubt and decision about what is there now."""
        ...

    def refresh(self) -> bool:
        """Let source and episodes take in what was appended since; returns whether there is more."""
        ...


class BatchMean(Protocol):
    """Numbers by step, as an array (T,) has them."""

    def __getitem__(self, steps: Any, /) -> Any:
        """A number of a step, or an array of those of a slice."""
        ...


class Rollout:
    """T control steps of N envs. Reads are lazy; see the module for units and orders.

    Attributes:
        source: where its numbers live.
        name: what to call it in a title.
        path: its file, or None when it was made in memory.
        control_dt: seconds between two recorded steps.
        env_ids: the simulator's index of each recorded env, length num_envs.
        entities: by name, robots first.
        reward_terms: names, in the order of the last axis of field "rew_terms".
        batch_means: name -> (T,) means over the simulator's envs: no env's own value; arrays, or what is indexed so.
        terrain: or None for flat ground.
        env_origins: (N, 3) [m] or None.
        metadata: anything else that the file says about itself.
        growth: what another process may append to the file, or None.
        num_growths: how often there was more.
        interventions: what somebody did by hand, in the order of steps.

    Fields are named `<entity>.base_pos` (3) [m], `<entity>.base_wxyz` (4), `<entity>.joint_pos` (D) [rad or m],
    likewise `.base_lin_vel`, `.base_ang_vel`, `.joint_vel`, `.joint_torque`, `.contact_force`; and per env `command`,
    `obs`, `act`, `rew` ([A]), `rew_terms` ([A,] K), `flags`; any other is a signal that the user named.
    """

    def __init__(
        self,
        source: Source,
        *,
        name: str,
        control_dt: float,
        env_ids: Sequence[int],
        entities: Sequence[EntitySpec],
        episodes_of: Callable[[int], Sequence[Episode]],
        reward_terms: Sequence[str] = (),
        batch_means: Mapping[str, BatchMean] | None = None,
        verdicts: Sequence[Verdict] | Callable[[], Sequence[Verdict]] = (),
        terrain: Terrain | None = None,
        env_origins: np.ndarray | None = None,
        metadata: Mapping[str, Any] | None = None,
        path: Path | None = None,
        growth: Growth | None = None,
        interventions: Sequence[Intervention] = (),
    ) -> None:
        self.source = source
        self._reads_into = source.read_into if isinstance(source, ReadsInto) else None
        self.name = name
        self.path = path
        self.control_dt = float(control_dt)
        self.env_ids = tuple(int(env_id) for env_id in env_ids)
        self.entities = {e.name: e for e in sorted(entities, key=lambda e: e.kind != "robot")}
        self.reward_terms = tuple(reward_terms)
        self.batch_means = dict(batch_means or {})
        self.growth, self.num_growths = growth, 0
        self.interventions = interventions
        self._touched: dict[int, tuple[int, list[Touched]]] = {}
        self._verdicts = verdicts
        self._stated: dict[str, Verdict] = {}
        self.terrain = terrain
        self.env_origins = env_origins
        self.metadata = dict(metadata or {})
        self._episodes_of = lru_cache(maxsize=None)(episodes_of)
        # Crowds ask for the ends of thousands of envs many times a second.
        self._ends_of = lru_cache(maxsize=8)(EndsByStep)
        self._check()

    @property
    def fields(self) -> Mapping[str, Field]:
        return self.source.fields

    @property
    def num_steps(self) -> int:
        return self.source.num_steps

    @property
    def num_envs(self) -> int:
        return self.source.num_envs

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every doubt and decision, with its reason; of a file that grows, about what is there now."""
        verdicts = self._own_verdicts if self.growth is None else self.growth.verdicts()
        return (*(v for v in verdicts if v.topic not in self._stated), *self._stated.values())

    @cached_property
    def _own_verdicts(self) -> Sequence[Verdict]:
        # Found when they are asked for: that may take reading the file, and lists of recordings do not need them.
        return self._verdicts() if callable(self._verdicts) else self._verdicts

    def state(self, verdict: Verdict) -> None:
        """Put what the user states about a topic in the place of the file's own verdicts on it."""
        self._stated[verdict.topic] = verdict

    def grow(self) -> bool:
        """Take in what was appended to the file since it was opened or last grew; returns whether there is more.

        The running episodes become longer or end; all steps before the last one stay what they were. Raises
        FileProblem where the file is gone, cut, or another one.
        """
        if self.growth is None or not self.growth.refresh():
            return False
        self._episodes_of.cache_clear()
        self.num_growths += 1
        return True

    @property
    def agents_shape(self) -> tuple[int, ...]:
        """() for one reward per env, (A,) for one per agent."""
        return self.fields["rew"].shape if "rew" in self.fields else ()

    @property
    def has_rewards(self) -> bool:
        """Whether a reward or any of its terms is recorded."""
        return "rew" in self.fields or bool(self.reward_terms)

    @property
    def robots(self) -> tuple[EntitySpec, ...]:
        return tuple(e for e in self.entities.values() if e.kind == "robot")

    def env_index(self, env_id: int) -> int:
        """Position in this recording of the simulator's env `env_id`; raises UnknownName with the ids there are."""
        if env_id not in self.env_ids:
            raise UnknownName("env", env_id, self.env_ids)
        return self.env_ids.index(env_id)

    def episodes(self, env_index: int) -> Sequence[Episode]:
        """The episodes of one env in order; they cover every recorded step of it, without overlap."""
        return self._episodes_of(env_index)

    def episode_at(self, env_index: int, step: int) -> Episode:
        """The episode that contains `step`."""
        episodes = self.episodes(env_index)
        return episodes[max(0, bisect_right(episodes, step, key=lambda e: e.first_step) - 1)]

    def touched(self, env_index: int) -> Sequence[Touched]:
        """The steps of an env in which something was done by hand, in their order."""
        count = len(self.interventions)
        if self._touched.get(env_index, (-1, []))[0] != count:
            self._touched[env_index] = count, touched_steps(self.interventions, self.env_ids[env_index])
        return self._touched[env_index][1]

    def is_manual(self, episode: Episode) -> bool:
        """Whether somebody had a hand in an episode: it is not the policy's own doing alone."""
        touched = self.touched(episode.env_index)
        return is_touched(touched, episode.first_step, episode.last_step, episode.outcome)

    def read(self, name: str, steps: slice = slice(None), envs: Sequence[int] | None = None) -> np.ndarray:
        """Values as recorded, shape (num_selected_steps, num_selected_envs, *field.shape).

        Raises UnknownName for a field that is not recorded, listing those that are.
        """
        return self.source.read(name, self._window(name, steps), range(self.num_envs) if envs is None else envs)

    def read_into(self, values: np.ndarray, name: str, steps: slice, envs: Sequence[int]) -> None:
        """Put what `read` returns into an array of that shape, whose type holds such values."""
        window = self._window(name, steps)
        if self._reads_into is None:
            values[...] = self.source.read(name, window, envs)
        else:
            self._reads_into(values, name, window, envs)

    def _window(self, name: str, steps: slice) -> slice:
        if name not in self.fields:
            raise UnknownName("field", name, tuple(self.fields))
        start, stop, stride = steps.indices(self.num_steps)
        return slice(start, max(start, stop), stride)

    def read_shown(self, name: str, steps: slice, envs: Sequence[int]) -> np.ndarray:
        """Like `read`, with what is shown at the last step of an episode: its terminal state.

        Where the terminal state is lost, the previous step's value stands in for it (see `terminal_lost`): a pose
        after the reset is never shown as the end of an episode. Of an episode of one step, that is the row in which
        the episode before it ended: it shows the reset that began this one.
        """
        values = self.read(name, steps, envs)
        ends = self.episode_ends(steps, envs)
        if ends:
            values = values.copy()  # A source may give a view of its own memory.
        for row, column, episode in ends:
            if episode.terminal_state == "captured":
                values[row, column] = self.source.read_terminal(name, episode.terminal_row)
            elif episode.terminal_state == "lost" and episode.last_step > 0:
                previous = episode.last_step - 1
                values[row, column] = self.source.read(name, slice(previous, previous + 1, 1), [envs[column]])[0, 0]
        return values

    def terminal_lost(self, steps: slice, envs: Sequence[int]) -> np.ndarray:
        """Where `read_shown` had to stand in for a lost terminal state, bool, shape (steps, envs)."""
        lost = np.zeros((len(range(*steps.indices(self.num_steps))), len(envs)), dtype=bool)
        for row, column, episode in self.episode_ends(steps, envs):
            lost[row, column] = episode.terminal_state == "lost"
        return lost

    def episode_ends(self, steps: slice, envs: Sequence[int]) -> list[tuple[int, int, Episode]]:
        """The episodes whose last step is inside the window, as (row, column, episode)."""
        window = range(*steps.indices(self.num_steps))
        ends = self._ends_of(tuple(envs))
        ends.bring_up_to_date(self.episodes, self.num_steps, self.num_growths)
        within = [(step, *where) for step, *where in ends.between(window.start, window.stop) if step in window]
        return [(window.index(step), column, self.episodes(envs[column])[index]) for step, column, index in within]

    def close(self) -> None:
        self.source.close()

    def _check(self) -> None:
        """Validate once what everything above relies on."""
        where = self.path or self.name
        check_fields(self.fields, tuple(self.entities.values()), self.reward_terms, where)
        if len(self.env_ids) != self.num_envs:
            raise BadField(where, "env_ids", f"names {len(self.env_ids)} envs, but {self.num_envs} are recorded.")
