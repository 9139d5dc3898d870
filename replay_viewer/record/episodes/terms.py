"""Terms of episodes: what users want to know of each episode that ends, asked for just before its reset.

They are made as those of Isaac Lab's managers are:

    terms = {
        "height": EpisodeRecorderTermCfg(func=base_height, params={"offset": 0.1}),
        "progress": EpisodeRecorderTermCfg(func=DistanceWalked),
    }
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ...arrays import as_array
from ...container.json_object import is_deeper
from ...episode_record import GROUPS, NAMES, as_json
from ...errors import BadArgument
from .columns import MISSING, Column, Columns, column_of, columns_of, rows_of

# Of a term's value: readers take lines of a megabyte.
_MAX_CHARACTERS, _MAX_LEVELS = 100_000, 50
# So many numbers are surely not too many.
_MAX_NUMBERS = 1000

# Told what is wrong with a term, by its name.
Tell = Callable[[str, str], None]


@dataclass
class EpisodeRecorderTermCfg:
    """A term.

    Attributes:
        func: called as `func(env, env_ids, **params)` with the innermost environment and the ids (k,) int64 of all envs
            whose episodes just ended, before they are reset. It returns one value for each: an array or tensor
            (k, ...), or a list, whose values may be dicts; or a dict of such. A class is made once, as
            `func(cfg, env)`, and may have `reset(env_ids)`, which is called for every reset, after the term.
        params: further arguments.
    """

    func: Callable[..., Any]
    params: dict[str, Any] = field(default_factory=dict)


class EpisodeRecorderManager:
    """Asks terms about episodes that end.

    Args:
        terms: by name: a configuration, or its `func` alone.
        env: the innermost environment.
        tell: told once of each term that fails, with env and episode; the others go on.

    Raises:
        BadArgument: a name that a record has for something else, or what is no term.
    """

    def __init__(self, terms: Mapping[str, Any], env: Any, tell: Tell) -> None:
        self._env, self._tell = env, tell
        self._told: set[str] = set()
        self._terms = {name: _made(name, term, env) for name, term in terms.items()}
        # By key, the term that it comes from.
        self._owners = {name: name for name in self._terms}

    @property
    def names(self) -> tuple[str, ...]:
        """Of the terms."""
        return tuple(self._terms)

    def values(self, env_ids: np.ndarray, numbers: Sequence[int]) -> Columns:
        """What the terms say of some envs, by key; None of a term that fails.

        numbers: of their episodes, for messages.
        """
        found: Columns = {}
        for name, term in self._terms.items():
            try:
                columns = _columns(name, term(self._env, env_ids.copy()), len(env_ids))
            except Exception as error:
                which = ", ".join(f"env {env} (episode {number})" for env, number in zip(env_ids[:3], numbers))
                more = f" and {len(env_ids) - 3} more" if len(env_ids) > 3 else ""
                self._say(name, f"has failed in {which}{more}: {type(error).__name__}: {error}. Its values are null.")
                columns = {name: [None] * len(env_ids)}
            found.update(columns if list(columns) == [name] else self._own(name, columns))
        return found

    def reset(self, env_ids: np.ndarray) -> None:
        """New episodes begin in some envs."""
        for name, term in self._terms.items():
            reset = getattr(term.function, "reset", None)
            if reset is not None:
                try:
                    reset(env_ids)
                except Exception as error:
                    self._say(name, f"has failed in its reset: {type(error).__name__}: {error}.")

    def _own(self, name: str, values: Columns) -> Columns:
        """Those of a term's keys that are its own; of others it is said whose they are."""
        own = {}
        for key, value in values.items():
            owner = self._owners.setdefault(key, name)
            if owner == name and _is_free(key):
                own[key] = value
            else:
                whose = f"the term {owner!r}" if owner != name else "every record"
                self._say(f"{name}: {key}", f"is left out: {whose} has that key.")
        return own

    def _say(self, name: str, problem: str) -> None:
        if name not in self._told:
            self._told.add(name)
            self._tell(name, problem)


class _Term:
    """A term that is ready to be called."""

    def __init__(self, function: Callable[..., Any], params: Mapping[str, Any]) -> None:
        self.function, self._params = function, params

    def __call__(self, env: Any, env_ids: np.ndarray) -> Any:
        return self.function(env, env_ids, **self._params)


def _made(name: str, term: Any, env: Any) -> _Term:
    if not _is_free(name):
        raise BadArgument("episode_terms", name, "every record has something else by this name; use another one.")
    # Isaac Lab's own configurations do as well.
    config = term if hasattr(term, "func") and hasattr(term, "params") else EpisodeRecorderTermCfg(term)
    if not callable(config.func):
        raise BadArgument("episode_terms", name, f"expected EpisodeRecorderTermCfg(func=...), not {term!r}.")
    # A class is made once, as Isaac Lab makes its own.
    make: Callable[..., Any] = config.func
    return _Term(make(config, env) if isinstance(make, type) else make, dict(config.params or {}))


def _is_free(name: str) -> bool:
    return name in _SETTABLE or name not in (*NAMES, *GROUPS)


def _columns(name: str, values: Any, count: int) -> Columns:
    """What a term has returned, by key. Raises ValueError where it is not a value for each env."""
    if isinstance(values, Mapping):
        found = {key: _column(key, column, count) for key, column in values.items()}
    else:
        # A group is one value of a record; other dicts are several.
        found = {name: _column(name, values, count)}
        if name not in GROUPS and isinstance(found[name], list) and any(isinstance(row, dict) for row in found[name]):
            found = columns_of([row if isinstance(row, dict) else {name: row} for row in found[name]])
    return {key: _settable(key, column, count) if key in _SETTABLE else column for key, column in found.items()}


def _column(name: str, values: Any, count: int) -> Column:
    """JSON-ready values, one for each env."""
    found = values if isinstance(values, (list, tuple)) else as_array(values)
    if not isinstance(found, (list, tuple)) and found.ndim == 0:
        raise ValueError(f"{name!r} is one value, expected one for each of {count} envs")
    if len(found) != count:
        raise ValueError(f"{name!r} has {len(found)} values, expected one for each of {count} envs")
    column = column_of(found) if isinstance(found, np.ndarray) else [as_json(value) for value in found]
    if isinstance(column, np.ndarray) and column.size <= count * _MAX_NUMBERS:
        return np.array(column)  # Perhaps it is the simulator's own memory.
    return [_checked(name, value) for value in rows_of(column, count)]


def _settable(key: str, column: Column, count: int) -> Column:
    return [value if value is MISSING else _SETTABLE[key](value) for value in rows_of(column, count)]


def _as_truth(value: Any) -> bool | None:
    if value is None or value in (0, 1):
        return None if value is None else bool(value)
    raise ValueError(f"'success' is {value!r}, expected true or false")


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


def _as_progress(value: Any) -> Any:
    """Progress by names; of a term that gives one number, by its own."""
    return value if value is None or isinstance(value, dict) else {"progress": value}


# Names of a record that a term may say better than the hook, and what becomes of its values there.
_SETTABLE: Mapping[str, Callable[[Any], Any]] = {
    "success": _as_truth,
    "reason": _as_text,
    "language_instruction": _as_text,
    "progress": _as_progress,
}


def _checked(name: str, value: Any) -> Any:
    """The value. Raises ValueError where it is too large, or nested too deeply, for the line of an episode."""
    if isinstance(value, (str, list, dict)):
        if is_deeper(value, _MAX_LEVELS):
            raise ValueError(f"{name!r} is nested more than {_MAX_LEVELS} levels deep")
        if len(json.dumps(value)) > _MAX_CHARACTERS:
            raise ValueError(f"{name!r} is longer than {_MAX_CHARACTERS} characters of JSON")
    return value
