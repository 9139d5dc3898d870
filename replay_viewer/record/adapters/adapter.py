"""The interface of an adapter: what `attach` must know about an environment; one class per family of simulators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ...arrays import as_array
from ..control.means import Means
from ..patches import Patches
from ..problems import SharedProblems
from ..rows import Rows
from .factors import Factor
from .hooks import Hook


@dataclass(frozen=True)
class Request:
    """What is to be recorded.

    Attributes:
        rows: the envs.
        observations: whether the observations too.
        urdf: the robot's description, in place of the one that the environment names.
        layers: the environment as the user gave it, and what it wraps, the innermost last.
        problems: told of fields that do not fit; those of all recordings that get what is read.
        num_envs: how many envs there are, recorded or not.
        fields: names of the only ones that are wanted; None for all.
        policy_action: gives what the policy wanted in the step that is being made, as it was given to it; None where
            nobody has a hand on it.
    """

    rows: Rows
    observations: bool = False
    urdf: Path | None = None
    layers: Sequence[Any] = ()
    problems: SharedProblems = field(default_factory=SharedProblems)
    num_envs: int = 1
    fields: frozenset[str] | None = None
    policy_action: Callable[[], Any] | None = None

    def wants(self, name: str) -> bool:
        """Whether a field is to be copied."""
        return (self.observations or name != "obs") and (self.fields is None or name in self.fields)


@dataclass(frozen=True)
class Description:
    """What an environment says about itself.

    Attributes:
        facts: of `RecordingInfo`, without the env ids: `control_dt`, `entities`, `reward_terms`, ...
        terrain: vertices (V, 3) [m] and triangles (F, 3) in the world frame.
        notes: what the recording will lack, a sentence each.
        lacks: what it will lack that nobody may take for something else, and so states to whoever opens it: a problem
            by the name of its field, such as {"terrain": "is not recorded: ..."}.
    """

    facts: Mapping[str, Any]
    terrain: tuple[np.ndarray, np.ndarray] | None = None
    notes: list[str] = field(default_factory=list)
    lacks: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_witness(self) -> bool:
        """Whether counters tell of ends that nobody saw; where steps show an episode's last state, nothing is lost."""
        return self.facts.get("terminal_states", "captured") == "captured"


@dataclass(frozen=True)
class Endings:
    """How the episodes of the recorded envs stand, n of them; arrays or tensors of their own.

    Where an episode is neither terminated nor truncated, a reset aborts it.

    Attributes:
        terminated: (n,) whether the task ended it: a fall, a success.
        truncated: (n,) whether its time is up.
        lengths: (n,) its control steps as the simulator counts them.
        reasons: (n,) names out of the fact `outcome_reasons`, "" for unknown.
        success: (n,) True, False, or None for unknown.
    """

    terminated: Any
    truncated: Any
    lengths: Any
    reasons: Sequence[str] | None = None
    success: Sequence[bool | None] | None = None


class Adapter(ABC):
    """Reads one environment.

    `attach` wraps the method that makes a control step, and those that begin new episodes. It reads after every step,
    and just before a reset that concerns a recorded env. Of an env that is reset inside of a step, the record shows
    what came after the reset, but for what belongs to the transition before it.

    Attributes:
        step_method: name of the method of the environment that makes a control step.
        reset_method: name of the one that begins new episodes.
        not_terminal: names that say nothing about the state before a reset, since the simulator computes them
            afterwards.
        transition: names that belong to the transition, and are known before the reset.
    """

    step_method = "step"
    reset_method = "reset_idx"
    not_terminal: tuple[str, ...] = ("obs",)
    transition: tuple[str, ...] = ("act", "rew", "rew_terms")

    def __init__(self, env: Any, request: Request) -> None:
        self.env, self.request, self.rows = env, request, request.rows

    @abstractmethod
    def describe(self) -> Description:
        """The facts, read once."""

    @abstractmethod
    def read(self) -> Mapping[str, Any]:
        """The recorded envs as they are now: rows (n, ...) by name, as `container/FORMAT.md` has them.

        Numpy arrays, or torch tensors of one device; they are copied at once, so views are welcome. A tuple of arrays
        stands side by side along the last axis. The names, their order and the shapes are the same at every call: a
        field that is None, or has another shape than in the first step, is NaN from then on.
        """

    @abstractmethod
    def endings(self) -> Endings:
        """How their episodes stand, read just before a reset."""

    def lengths(self) -> Any:
        """(num_envs,) the simulator's own counters of the control steps of its episodes, of all envs.

        Where resets happen inside of a step, they tell of those that no hook has seen. None where there are none.
        """
        return None

    def late_facts(self) -> Mapping[str, Any]:
        """What only the first step tells, asked for when it has returned: `reward_terms`, `seed`."""
        return {}

    def step_hook(self) -> Hook:
        """The method that makes a control step."""
        return Hook(self.env, self.step_method)

    def reset_hooks(self) -> Sequence[Hook]:
        """The methods that begin new episodes."""
        return (Hook(self.env, self.reset_method),)

    def factors(self) -> Sequence[Factor]:
        """What the environment draws at random, and where; asked for once, where records of episodes are written."""
        return ()

    def means(self) -> Means:
        """What it can be made to do by hand; asked for once, where somebody has a hand on the policy."""
        return Means()

    def actions(self, action: Any) -> Any:
        """(n, ...) the rows of the recorded envs, of what a step is given. Raises ValueError where it has none."""
        rows = action if hasattr(action, "shape") else as_array(action)
        if len(rows) != self.request.num_envs:
            raise ValueError(
                f"it has shape {tuple(rows.shape)}, expected a row for each of {self.request.num_envs} envs"
            )
        return self.rows.of(rows)

    def close_files(self) -> None:  # noqa: B027
        """Remove files that were made for the recording to copy: it has its copies by now."""

    def take_over(self, other: Adapter) -> None:  # noqa: B027
        """Go on between two steps where another of this class has left off, which has read other envs or fields.

        That happens where a recorder comes or goes beside another, so what is counted from step to step is handed on.
        """

    def patch(self, patches: Patches) -> None:  # noqa: B027 - most adapters need nothing else.
        """Wrap whatever else must be seen, for example functions whose results the environment does not keep."""

    def begin_step(self, action: Any) -> None:  # noqa: B027
        """Called before each control step, with its first argument."""

    def end_step(self, result: Any) -> None:  # noqa: B027
        """Called after each control step, with what it returned, before it is read."""

    def ended(self) -> Endings | None:
        """The episodes that the step has just ended and left as they are, to be reset by whoever comes next.

        None where the simulator resets inside of its steps.
        """
        return None

    def read_each(self, reads: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """What each field's function gives; None, which is told, of those that fail."""
        attempt = self.request.problems.attempt
        return {name: attempt(name, read) for name, read in reads.items()}

    def attempt(self, field: str, read: Callable[..., Any], *args: Any) -> Any:
        """What `read` gives of a field; None, which is told, where it fails."""
        return self.request.problems.attempt(field, read, *args)
