"""Named arrays, from whatever file: their shapes and types at once, their numbers when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ...errors import BadField
from .columns import Column, MemoryColumn


class ArrayHeader(Protocol):
    """What is known of an array before it is read."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype: ...

    @property
    def value_bytes(self) -> int:
        """The size of its values."""
        ...


class ArrayTable(Protocol):
    """The named arrays of a file.

    Attributes:
        path: the file.
        headers: of each array by name, arrays of Python's objects included.
        unreadable: by name, what is wrong with arrays that cannot be read.
    """

    @property
    def path(self) -> Path: ...

    @property
    def headers(self) -> Mapping[str, ArrayHeader]: ...

    @property
    def unreadable(self) -> Mapping[str, BadField]: ...

    def load(self, key: str) -> np.ndarray:
        """The whole array. Raises BadField: an array of objects, damaged, or too large."""
        ...

    def load_objects(self, key: str) -> Any:
        """What an array of objects holds, as nested lists of plain data. Raises BadField: damaged, or too large."""
        ...

    def column(self, key: str, shape: tuple[int, ...]) -> Column:
        """The array as a signal of shape (T, N, ...), which has as many values; of a large one, read in parts."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...


@dataclass(frozen=True)
class MemoryHeader:
    """Of an array in memory."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def value_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class MemoryTable:
    """Arrays in memory.

    Args:
        path: the file that they came from.
        arrays: by name, as arrays or what `np.asarray` makes some of.

    Attributes:
        path: as given.
        headers: of the arrays.
        unreadable: none.
    """

    def __init__(self, path: Path, arrays: Mapping[str, Any]) -> None:
        self.path = path
        self._arrays = {key: np.asarray(array) for key, array in arrays.items()}
        self.headers = {key: MemoryHeader(array.shape, array.dtype) for key, array in self._arrays.items()}
        self.unreadable: Mapping[str, BadField] = {}

    def load(self, key: str) -> np.ndarray:
        array = self._arrays[key]
        if array.dtype.hasobject:
            raise BadField(self.path, key, "is an array of objects, expected numbers.")
        return array

    def load_objects(self, key: str) -> Any:
        return self._arrays[key].tolist()

    def column(self, key: str, shape: tuple[int, ...]) -> Column:
        return MemoryColumn(self.load(key).reshape(shape))

    def close(self) -> None:
        """There is nothing to release."""


class ChangedTable:
    """A table with some of its arrays left out and others, in memory, added.

    Args:
        table: as it is in the file.
        without: names of arrays that are left out, where there are such.
        arrays: that are added, by name.

    Attributes:
        path: of the file.
        headers: of what is there now.
        unreadable: of the file, but for what was left out.
    """

    def __init__(self, table: ArrayTable, without: Collection[str], arrays: Mapping[str, Any]) -> None:
        self._table, self._added = table, MemoryTable(table.path, arrays)
        self.path = table.path
        kept = {key: header for key, header in table.headers.items() if key not in without}
        self.headers: Mapping[str, ArrayHeader] = {**kept, **self._added.headers}
        hidden = {*without, *arrays}
        self.unreadable = {key: error for key, error in table.unreadable.items() if key not in hidden}

    def load(self, key: str) -> np.ndarray:
        return self._home_of(key).load(key)

    def load_objects(self, key: str) -> Any:
        return self._home_of(key).load_objects(key)

    def column(self, key: str, shape: tuple[int, ...]) -> Column:
        return self._home_of(key).column(key, shape)

    def close(self) -> None:
        self._table.close()

    def _home_of(self, key: str) -> ArrayTable:
        return self._added if key in self._added.headers else self._table
