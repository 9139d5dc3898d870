"""Columns: lazily read arrays of shape (T, N, ...), and the ways to make one from others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from ...rollout.fields import Field, unit_of

_BLOCK_VALUES = 1 << 21


class Column(Protocol):
    """One signal of all envs."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(T, N, ...)."""
        ...

    @property
    def dtype(self) -> np.dtype: ...

    def read(self, steps: slice, envs: Sequence[int]) -> np.ndarray:
        """A new array, shape (len(steps), len(envs), ...)."""
        ...


class MemoryColumn:
    """An array in memory."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.shape, self.dtype = array.shape, array.dtype

    def read(self, steps: slice, envs: Sequence[int]) -> np.ndarray:
        return self._array[steps][:, np.asarray(envs, dtype=np.intp)]


class MappedColumn:
    """A column whose values are computed from another one's, step by step and env by env."""

    def __init__(self, base: Column, convert: Callable[[np.ndarray], np.ndarray]) -> None:
        self._base, self._convert = base, convert
        example = convert(np.zeros((1, 1, *base.shape[2:]), dtype=base.dtype))
        self.shape, self.dtype = (*base.shape[:2], *example.shape[2:]), example.dtype

    def read(self, steps: slice, envs: Sequence[int]) -> np.ndarray:
        return self._convert(self._base.read(steps, envs))


class StackedColumn:
    """Several columns of one shape, side by side in a new last axis, as float32 or wider."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = tuple(columns)
        self.shape = (*columns[0].shape, len(columns))
        self.dtype = np.result_type(np.float32, *(column.dtype for column in columns))

    def read(self, steps: slice, envs: Sequence[int]) -> np.ndarray:
        return np.stack([column.read(steps, envs) for column in self._columns], axis=-1).astype(self.dtype, copy=False)


class FilledColumn:
    """A column whose bad values (not a number, zero quaternions) show the last good ones instead.

    Args:
        base: the column as it is recorded.
        good_steps: (T, N), for each step the step whose value to show; -1 where the env has no good one: zeros then.
    """

    def __init__(self, base: Column, good_steps: np.ndarray) -> None:
        self._base, self._good_steps = base, good_steps
        self.shape, self.dtype = base.shape, base.dtype

    def read(self, steps: slice, envs: Sequence[int]) -> np.ndarray:
        values = self._base.read(steps, envs)
        wanted = np.arange(*steps.indices(self.shape[0]))
        good = self._good_steps[steps][:, np.asarray(envs, dtype=np.intp)]
        values[good < 0] = np.nan_to_num(values[good < 0], posinf=0, neginf=0)
        for row, column in np.argwhere((good != wanted[:, None]) & (good >= 0)):
            values[row, column] = self._value(int(good[row, column]), envs[column])
        return values

    def _value(self, step: int, env: int) -> np.ndarray:
        return self._base.read(slice(step, step + 1), [env])[0, 0]


class ColumnSource:
    """A `Source` over columns.

    Args:
        columns: by name of their fields.
        close_file: releases what the columns read from.
    """

    def __init__(self, columns: Mapping[str, Column], close_file: Callable[[], None]) -> None:
        self._columns = dict(columns)
        self._close_file = close_file
        first = next(iter(self._columns.values()))
        self.num_steps, self.num_envs = first.shape[:2]
        self.fields = {
            name: Field(name, column.shape[2:], column.dtype, unit_of(name)) for name, column in columns.items()
        }

    def read(self, name: str, steps: slice, envs: Sequence[int]) -> np.ndarray:
        return self._columns[name].read(steps, envs)

    def read_terminal(self, name: str, row: int) -> np.ndarray:
        raise LookupError(f"named arrays have no table of terminal states (asked for {name!r}, row {row})")

    def close(self) -> None:
        self._close_file()


def step_blocks(column: Column) -> Iterator[slice]:
    """The steps in blocks of a few million values: whole steps lie together in a file."""
    values_per_step = max(1, int(np.prod(column.shape[1:])))
    size = max(1, _BLOCK_VALUES // values_per_step)
    for first in range(0, column.shape[0], size):
        yield slice(first, min(first + size, column.shape[0]), 1)
