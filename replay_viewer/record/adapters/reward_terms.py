"""Reward terms as they enter the reward: out of the functions that compute them, else out of what they are summed to.

The functions are those of legged_gym and its kin, whose rules `reward_metadata` states; Isaac Lab's direct workflow has
sums alone.
"""

from __future__ import annotations

import functools
from typing import Any, Iterator, MutableSequence, Sequence

import numpy as np

from ...arrays import numbers_like
from ..patches import Function, Patches, Wrap
from ..problems import Problems
from ..rows import Rows

# The term that legged_gym keeps apart from the others.
_TERMINATION = "termination"
_METHOD = "_reward_"
# Settings of legged_gym and its kin that say how the total is made of the terms.
_RULES = ("only_positive_rewards", "only_positive_rewards_ji22_style", "sigma_rew_neg")


def find_terms(env: Any, rows: Rows, problems: Problems) -> FunctionTerms | SummedTerms:
    """The terms as the environment's functions return them; only where there are none, out of its sums."""
    if not _functions(env) and getattr(env, "episode_sums", None) and hasattr(env, "compute_reward"):
        return SummedTerms(env, rows, problems)
    return FunctionTerms(env, rows, problems)


def reward_metadata(env: Any, names: Sequence[str]) -> dict[str, Any]:
    """The scales, which contain the control step's seconds, and how the total is made of the terms."""
    scales, rewards = getattr(env, "reward_scales", {}), getattr(env.cfg, "rewards", None)
    rules = {name: getattr(rewards, name) for name in _RULES if hasattr(rewards, name)}
    return {"reward_scales": {name: float(scales[name]) for name in names if name in scales}, **rules}


class FunctionTerms:
    """Keeps what each reward function returns when the environment calls it.

    No function is called again: terms such as `feet_air_time` change the state that they read. The rows are copied at
    once, since a term may return a buffer that a later term changes. The termination term is not in the environment's
    list: it is added after the sum was clipped at zero.

    Attributes:
        names: in the order in which they are added up.
    """

    def __init__(self, env: Any, rows: Rows, problems: Problems) -> None:
        self._env, self._rows, self._problems = env, rows, problems
        self._functions = _functions(env)
        self.names: tuple[str, ...] = tuple(env.reward_names) if self._functions else ()
        # How many functions of the list there are in the names' order; what listens to methods, while it is needed.
        self._num_listed, self._is_list_called = len(self.names), False
        self._methods: Patches | None = None
        # walk-these-ways keeps its functions in an object of their own.
        self._owner = getattr(env, "reward_container", env)
        if _TERMINATION in getattr(env, "reward_scales", {}) and hasattr(self._owner, _METHOD + _TERMINATION):
            self.names = (*self.names, _TERMINATION)
        # A row for each term, so that what a function returns is copied in one piece.
        self._kept = _row_for_each(self.names, rows, env.rew_buf)
        self._shape = (len(env.rew_buf),)
        self._scales: list[float] = []
        self._factors: Any = None
        # Of the terms that are kept; None until somebody asks.
        self._scaled: Any = None
        self.forget()

    def patch(self, patches: Patches) -> None:
        """Listen to every function.

        An environment may make the list anew in each step, out of its methods; so these are listened to as well, until
        a step has called what is in the list.
        """
        self._methods = methods = patches.part()
        for column, name in enumerate(self.names[: self._num_listed]):
            if hasattr(self._owner, _METHOD + name):
                methods.method(self._owner, _METHOD + name, self._listener(methods, column))
            patches.item(self._functions, column, self._listener(patches, column, is_listed=True))
        if len(self.names) > self._num_listed:
            patches.method(self._owner, _METHOD + _TERMINATION, self._listener(patches, self._num_listed))

    def forget(self) -> None:
        """A new step begins: what is not called in it is unknown."""
        self._kept[:], self._scaled = np.nan, None
        if self._is_list_called and self._methods is not None:
            # A term that calls another's method must not be taken for that one.
            self._methods.undo()
            self._methods = None

    def scaled(self) -> Any:
        """(n, num_terms) as they entered the reward: the same product in the same precision."""
        if self._scaled is None:
            scales = [self._env.reward_scales[name] for name in self.names]
            if scales != self._scales:
                # Scales may change while a policy learns.
                self._scales, self._factors = scales, numbers_like(self._kept, scales)[:, None]
            self._scaled = (self._kept * self._factors).T
        return self._scaled

    def _listener(self, patches: Patches, column: int, *, is_listed: bool = False) -> Wrap:
        """Makes a replacement that keeps what a function returns, a plain number for all envs, in its row.

        It is one function that has everything at hand: between two terms of a simulation, which leave nothing in the
        caches, each further one that is called costs as much as the copy.
        """
        kept, expected, index = self._kept, self._shape, self._rows.index
        is_on_host, says_so = isinstance(kept, np.ndarray), is_listed and column == 0

        def wrap(original: Function) -> Function:
            @functools.wraps(original)
            def keeping(*args: Any, **kwargs: Any) -> Any:
                value = original(*args, **kwargs)
                if not patches.active:
                    return value
                if says_so:
                    self._is_list_called = True
                self._scaled = None
                try:
                    if isinstance(value, float):
                        kept[column] = value
                        return value
                    if is_on_host:
                        array = value if isinstance(value, np.ndarray) else value.numpy()
                        if array.shape == expected and (array is not value or _holds_numbers(array)):
                            kept[column] = array[index]
                            return value
                except Exception:  # Whatever it is, it is looked at below.
                    pass
                try:
                    self._keep(column, value)
                except Exception as error:
                    patches.failed(error)
                return value

            return keeping

        return wrap

    def _keep(self, column: int, value: Any) -> None:
        """Keep whatever a function has returned; what is no number for each env is unknown, which is told."""
        shape = getattr(value, "shape", () if isinstance(value, (int, float)) else None)
        if shape == self._shape and _holds_numbers(value):
            self._kept[column] = self._rows.of(value)
        elif shape == () and _holds_numbers(value):
            self._kept[column] = value
        else:
            self._kept[column] = np.nan
            self._problems.tell_term(self.names[column], value, self._shape)


class SummedTerms:
    """Takes what the sums grow by while the environment computes a reward.

    The sums are of single precision, so a term is off by up to 1e-6 where its sum has come near 16, and by less before.

    Args:
        env: the environment.
        rows: the recorded envs.
        problems: told what does not fit.
        sums: its attribute with a sum (num_envs,) for each term, by name; not empty.
        method: its method that adds to them, once in a step.

    Attributes:
        names: in the order of the sums, without walk-these-ways' "total".
    """

    def __init__(
        self, env: Any, rows: Rows, problems: Problems, sums: str = "episode_sums", method: str = "compute_reward"
    ) -> None:
        self._env, self._rows, self._problems, self._sums, self._method = env, rows, problems, sums, method
        found = getattr(env, sums)
        self.names = tuple(name for name in found if name != "total")
        self._kept = _row_for_each(self.names, rows, next(iter(found.values())))
        self.forget()

    def patch(self, patches: Patches) -> None:
        """Look at the sums before and after each reward."""
        patches.method(self._env, self._method, patches.listener(self._note_sums, self._take_growth))

    def forget(self) -> None:
        """A new step begins: without a reward, its terms are unknown."""
        self._kept[:] = np.nan

    def scaled(self) -> Any:
        """(n, num_terms) as they entered the reward."""
        return self._kept.T

    def _note_sums(self, *args: Any, **kwargs: Any) -> None:
        for column, sums in enumerate(self._found()):
            self._kept[column] = sums

    def _take_growth(self, result: Any) -> None:
        for column, sums in enumerate(self._found()):
            self._kept[column] = sums - self._kept[column]

    def _found(self) -> Iterator[Any]:
        """The recorded rows of each term's sum; a number that stands for one that is not there is NaN."""
        found = getattr(self._env, self._sums)
        for name in self.names:
            sums, expected = found.get(name), tuple(self._env.episode_length_buf.shape)
            if getattr(sums, "shape", None) == expected and _holds_numbers(sums):
                yield self._rows.of(sums)
            else:
                self._problems.tell_term(name, sums, expected)
                yield np.nan


def _row_for_each(names: Sequence[str], rows: Rows, like: Any) -> Any:
    """An uninitialised (num_terms, n) array of the type of `like`, where that is."""
    return rows.table(like, len(names)).reshape(len(names), len(rows))


def _holds_numbers(value: Any) -> bool:
    """Whether an array, or a number, is no text, date or object; tensors are never."""
    return not isinstance(value, (np.ndarray, np.generic)) or value.dtype.kind in "biuf"


def _functions(env: Any) -> MutableSequence[Any]:
    """The environment's list of one function for each name; empty where it keeps them otherwise."""
    functions = getattr(env, "reward_functions", None)
    if isinstance(functions, list) and len(functions) == len(getattr(env, "reward_names", ())):
        return functions
    return []
