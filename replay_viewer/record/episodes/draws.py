"""Draws of randomised factors: those that a user logs, and those that are seen as the environment draws."""

from __future__ import annotations

import functools
from typing import Any, Callable, Sequence

import numpy as np

from ..adapters import Factor, Hook
from ..patches import Function, Patches, Wrap, standing_in
from ..problems import Problems
from .columns import Column, chosen_of
from .variations import Variations

# Asked of the positions (k,) of envs: which of their episodes have no step yet, (k,), and which step it is.
Now = Callable[[np.ndarray], "tuple[np.ndarray, int]"]
# Takes what was drawn for episodes that have no step yet: name, positions of their envs, values.
Begin = Callable[[str, np.ndarray, Column], None]


class Draws:
    """Gives each draw to the episodes that it belongs to, by when it happens.

    A factor that cannot be read is told once, and not read again; the simulation goes on. What a user logs stands in
    place of what is found under the same name.

    Args:
        factors: of the environment.
        variations: takes the draws.
        now: tells where the episodes are.
        fail: told of an error in what `now` does.
        problems: told of factors that cannot be read.
    """

    def __init__(
        self,
        factors: Sequence[Factor],
        variations: Variations,
        now: Now,
        fail: Callable[[Exception], None],
        problems: Problems,
    ) -> None:
        self._factors, self._variations, self._now = list(factors), variations, now
        self._fail, self._problems = fail, problems
        # What is listened to guards itself.
        self._patches = Patches(fail)
        # Names of factors that are not read any more.
        self._left: set[str] = set()
        self._seen = {factor.name for factor in self._factors}

    def start(self, env_ids: Any) -> None:
        """Take the values that hold now in some envs (k,), and listen to the methods that draw others."""
        hooks: dict[tuple[int, str], tuple[Hook, list[Factor]]] = {}
        for factor in self._factors:
            found = self._attempt(factor, factor.read, env_ids) if factor.is_kept else None
            if found is not None:
                self._note(factor.name, found, env_ids, self._variations.keep)
            for hook in factor.draws:
                hooks.setdefault((id(hook.owner), hook.name), (hook, []))[1].append(factor)
        for hook, factors in hooks.values():
            self._patches.method(hook.owner, hook.name, self._listener(hook, factors))

    def close(self) -> None:
        """Put every method back; a second call does nothing."""
        self._patches.undo()

    def log(self, name: str, values: Any, env_ids: Any, is_running: bool) -> None:
        """Note a draw of a user's; `is_running` from the first step on."""
        if name in self._seen and name not in self._left:
            self._left.add(name)
            self._variations.forget(name)
        add = functools.partial(self._variations.add, step=None)
        self._note(name, values, env_ids, add if is_running else self._variations.hold)

    def _note(self, name: str, values: Any, env_ids: Any, begin: Begin) -> None:
        slots, found = self._variations.column_of(name, values, env_ids)
        begins, step = self._now(slots)
        if begins.all():
            return begin(name, slots, found)
        begin(name, slots[begins], chosen_of(found, begins))
        self._variations.add(name, slots[~begins], chosen_of(found, ~begins), step)

    def _listener(self, hook: Hook, factors: Sequence[Factor]) -> Wrap:
        """Wraps a method, each once for all that it draws."""

        def wrap(original: Function) -> Function:
            def drawing(*args: Any, **kwargs: Any) -> Any:
                envs = _envs(hook, args, kwargs)
                if not self._patches.active or (hasattr(envs, "__len__") and len(envs) == 0):
                    return original(*args, **kwargs)
                before = [self._attempt(factor, factor.before, envs) for factor in factors]
                result = original(*args, **kwargs)
                for factor, old in zip(factors, before):
                    self._see(factor, envs, old)
                return result

            return standing_in(original, drawing)

        return wrap

    def _see(self, factor: Factor, envs: Any, before: Any) -> None:
        envs, values = self._attempt(factor, factor.drawn, envs, before) or (envs, None)
        if values is not None:
            try:
                self._note(
                    factor.name, values, envs, self._variations.keep if factor.is_kept else self._variations.begin
                )
            except Exception as error:
                self._fail(error)

    def _attempt(self, factor: Factor, call: Callable[..., Any], *args: Any) -> Any:
        """What a call about a factor gives; None where it fails, or is not read any more."""
        if factor.name in self._left:
            return None
        try:
            return call(*args)
        except Exception as error:
            self._left.add(factor.name)
            problem = f"cannot be read ({type(error).__name__}: {error}): records have it no more."
            self._problems.tell(f"variation {factor.name}", problem)
            return None


def _envs(hook: Hook, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The envs that a call concerns."""
    if hook.env_ids is not None:
        return hook.env_ids
    return args[hook.argument] if len(args) > hook.argument else kwargs.get("env_ids")
