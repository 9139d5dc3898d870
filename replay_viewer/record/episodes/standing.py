"""What holds in each env from episode to episode, of one randomised factor."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from .columns import MISSING, Column, chosen_of, rows_of

# What is kept of the types of numbers that are given.
_KEPT_TYPES = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_}


class Standing:
    """The value of a factor in each of n envs, where it is known.

    Numbers stay in arrays as long as all of them have one shape and one type; else they are Python's values.
    """

    def __init__(self, num_envs: int) -> None:
        self._num_envs = num_envs
        self._is_known = np.zeros(num_envs, bool)
        self._is_all_known = False
        self._column: Column = None

    def put(self, slots: np.ndarray, column: Column) -> None:
        """Take over what some envs (k,) have."""
        if self._column is None:
            self._column = self._room(column)
        elif not isinstance(self._column, list) and not _fits(self._column, column):
            self._column = rows_of(self._column, self._num_envs)
        if isinstance(self._column, list):
            column = rows_of(column, len(slots))
        _put(self._column, slots, column)
        if not self._is_all_known:
            self._is_known[slots] = True
            self._is_all_known = bool(self._is_known.all())

    def put_rows(self, slots: Sequence[int], values: Sequence[Any]) -> None:
        """The same of Python's values."""
        self.put(np.array(slots, np.int64), _packed(values))

    def of(self, slots: np.ndarray) -> Column | None:
        """What some envs (k,) have; missing where it is not known, and None if it is of none of them."""
        found = chosen_of(self._column, slots)
        if self._is_all_known:
            return found
        is_known = self._is_known[slots].tolist()
        if all(is_known):
            return found
        if not any(is_known):
            return None
        return [row if is_own else MISSING for row, is_own in zip(rows_of(found, len(slots)), is_known)]

    def _room(self, column: Column) -> Column:
        if isinstance(column, dict):
            return {name: self._room(part) for name, part in column.items()}
        if isinstance(column, np.ndarray):
            return np.zeros((self._num_envs, *column.shape[1:]), _KEPT_TYPES[column.dtype.kind])
        return [None] * self._num_envs


def _fits(old: Column, new: Column) -> bool:
    """Whether it can be written where the other is."""
    if type(old) is not type(new):
        return False
    if isinstance(old, dict):
        return old.keys() == new.keys() and all(_fits(part, new[name]) for name, part in old.items())
    if isinstance(old, np.ndarray):
        return old.dtype == _KEPT_TYPES[new.dtype.kind] and old.shape[1:] == new.shape[1:]
    return True


def _put(old: Column, slots: np.ndarray, new: Column) -> None:
    if isinstance(old, dict):
        for name, part in old.items():
            _put(part, slots, new[name])
    elif isinstance(old, np.ndarray):
        old[slots] = new
    else:
        for slot, value in zip(slots.tolist(), new):
            old[slot] = value


def _packed(values: Sequence[Any]) -> Column:
    """Python's values as the column that they may have come from."""
    kinds = set(map(type, values))
    if kinds == {dict} and all(value.keys() == values[0].keys() for value in values):
        return {name: _packed([value[name] for value in values]) for name in values[0]}
    if kinds == {list} and len(set(map(len, values))) == 1:
        kinds = {type(part) for value in values for part in value}
    is_array = len(kinds) == 1 and kinds <= {float, int, bool}
    return np.array(values) if is_array else list(values)
