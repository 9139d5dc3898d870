"""Factors that an environment draws at random, such as friction, pushes or commands: where their values are found.

An adapter names them; they are read by whoever writes records of episodes, and by nobody else. A value that stays
in an array is read there, just after what draws it anew; of what acts once and is gone, the change is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Sequence

import numpy as np

from ...arrays import as_array
from .hooks import Hook
from .scene import tensor

# Envs as a simulator's methods name them: an array or tensor of indices, a mask, a slice; None for all.
Envs = Any


@dataclass(frozen=True)
class Factor:
    """A factor, whose value is read just after it is drawn.

    Attributes:
        name: in records.
        read: gives its values in some envs as they are now: (k, ...), or a dict of such by name.
        draws: the methods that draw it; none where that was over when the environment was made.
        is_kept: whether the value is there to be read, and holds, until the next draw; a state in which an episode
            begins does not.
    """

    name: str
    read: Callable[[Envs], Any]
    draws: Sequence[Hook] = ()
    is_kept: bool = True

    def before(self, envs: Envs) -> Any:
        """Called just before a draw for some envs; `drawn` gets what it gives."""

    def drawn(self, envs: Envs, before: Any) -> tuple[Envs, Any]:
        """Called just after it: which envs have drawn, and what."""
        return envs, self.read(envs)


@dataclass(frozen=True)
class Push(Factor):
    """A factor that acts once: what is drawn changes a velocity.

    Attributes:
        read: gives the velocities, (k, axes), after a push.
        old: the same before it, where that is read in another way.
        axes: names of the axes that are drawn, by their index.
        is_added: whether what is drawn is added to the velocity, or set in its place.
    """

    is_kept: bool = False
    old: Callable[[Envs], Any] | None = None
    axes: Sequence[tuple[int, str]] = ()
    is_added: bool = False

    def before(self, envs: Envs) -> Any:
        return np.array(as_array((self.old or self.read)(envs)))

    def drawn(self, envs: Envs, before: Any) -> tuple[Envs, Any]:
        after = as_array(self.read(envs))
        has_changed = (after != before).any(axis=1)
        found = (after - before if self.is_added else after)[has_changed]
        ids = np.arange(len(after)) if envs is None else as_array(envs)
        return ids[has_changed], {name: found[:, axis] for axis, name in self.axes}


def rows(array: Any, envs: Envs) -> Any:
    """The rows of some envs, wherever the array and the indices are; a view, or a copy."""
    array = tensor(array)
    if envs is None or isinstance(envs, slice):
        return array if envs is None else array[envs]
    if isinstance(array, np.ndarray) or isinstance(envs, (np.ndarray, range)):
        return array[as_array(envs)]
    envs = envs.to(array.device)
    return array[envs.long() if envs.element_size() == 4 else envs]  # Older versions refuse int32.


def reduced(values: Any) -> Any:
    """Values (k, parts, ...) of several parts; (k, ...) where all parts have the same."""
    found = as_array(values)
    if found.ndim < 2 or found.shape[1] == 0:
        return found
    return found[:, 0] if found.shape[1] == 1 or (found == found[:, :1]).all() else found


def existing(owner: Any, *methods: str, env_ids: Sequence[int] | None = None) -> list[Hook]:
    """Hooks on those of some methods that there are."""
    return [Hook(owner, name, env_ids) for name in methods if callable(getattr(owner, name, None))]
