"""Rows and columns of a simulator's arrays; those at equal distances are taken as a view, which costs nothing."""

from __future__ import annotations

import sys
from typing import Any, Iterable, Sequence

import numpy as np

from ..arrays import as_array, numpy_if_on_host

_NOTHING = object()
# What was bound anew so often is so in each step, and its place in memory tells nothing: the next one may have it.
_MANY = 16


class Rows:
    """The recorded rows of a simulator's arrays, whose first axis counts its envs.

    Attributes:
        env_ids: (n,) indices along that axis.
    """

    def __init__(self, env_ids: Sequence[int]) -> None:
        self.env_ids = np.asarray(env_ids, dtype=np.int64)
        self._slice = as_slice(self.env_ids)
        self._index = _TorchIndex(self.env_ids)

    def __len__(self) -> int:
        return len(self.env_ids)

    @property
    def index(self) -> slice | np.ndarray:
        """What picks them out of a numpy array."""
        return self.env_ids if self._slice is None else self._slice

    @property
    def are_views(self) -> bool:
        """Whether they share the memory of the array that they are taken of."""
        return self._slice is not None

    def of(self, array: Any) -> Any:
        """The rows of an array or a tensor, where it is; perhaps a view."""
        if not isinstance(array, np.ndarray):
            array = numpy_if_on_host(array)
        if self._slice is not None:
            return array[self._slice]
        if isinstance(array, np.ndarray):
            # The faster one, but it would first make a whole copy of a strided array.
            return array.take(self.env_ids, 0) if array.flags.c_contiguous else array[self.env_ids]
        return array.index_select(0, self._index.on(array.device))

    def copied(self, array: Any) -> Any:
        """The rows as a copy of their own, since simulators reuse their buffers."""
        rows = self.of(array)
        if self._slice is None:
            return rows
        return rows.copy() if isinstance(rows, np.ndarray) else rows.clone()

    def table(self, like: Any, num_columns: int) -> Any:
        """An uninitialised (n, num_columns) array of the type of `like`, where that is."""
        like = numpy_if_on_host(like)
        if isinstance(like, np.ndarray):
            return np.empty((len(self), num_columns), like.dtype)
        return like.new_empty((len(self), num_columns))


class BufferRows:
    """The recorded rows of one of a simulator's buffers, which is the same object in most steps, or in none.

    Args:
        rows: which.
        env: has the buffer.
        name: of the attribute.
    """

    # In few lines of memory: between two steps, a simulator sweeps the caches.
    __slots__ = ("_buffer", "_env", "_host", "_last", "_name", "_num_bound", "_place", "_rows", "_view")

    def __init__(self, rows: Rows, env: Any, name: str) -> None:
        self._rows, self._env, self._name = rows, env, name
        # The buffer that was there twice, where its memory is, and a numpy array on that; what was there last. Of what
        # is bound anew in each step nothing is held: its memory is soon another one's.
        self._buffer: Any = _NOTHING
        self._place: int | None = None
        self._host = np.zeros(0)
        self._view: np.ndarray | None = None
        self._last, self._num_bound = 0, 0

    def read(self) -> Any:
        """The rows of what is the buffer now, where it is; perhaps a view, the same as before."""
        buffer = getattr(self._env, self._name)
        if buffer is not self._buffer or (self._place is not None and buffer.data_ptr() != self._place):
            if self._num_bound > _MANY:
                return self._rows.of(buffer)
            if id(buffer) != self._last:
                self._last, self._buffer, self._view = id(buffer), _NOTHING, None
                self._num_bound += 1
                return self._rows.of(buffer)
            # A tensor of its own keeps the memory, so that no other one is ever found in its place; an array of torch
            # 1.10 would not, once the buffer has another one.
            host = numpy_if_on_host(buffer if isinstance(buffer, np.ndarray) else buffer.detach())
            if not _is_on(host, buffer):
                self._buffer, self._view = _NOTHING, None
                return self._rows.of(buffer)
            self._buffer, self._place, self._host = buffer, _place_of(buffer), host
            self._view = self._rows.of(host) if self._rows.are_views else None
        return self._rows.of(self._host) if self._view is None else self._view


class Columns:
    """Columns of arrays or tensors (n, all of them).

    Args:
        ids: (count,) indices along the second axis.
    """

    def __init__(self, ids: Iterable[int]) -> None:
        self._ids = np.array(list(ids), dtype=np.int64)
        self._slice = as_slice(self._ids)
        self._index = _TorchIndex(self._ids)

    def of(self, rows: Any) -> Any:
        """The columns (n, count), where the array is; perhaps a view."""
        if self._slice is not None:
            return rows[:, self._slice]
        if isinstance(rows, np.ndarray):
            return rows[:, self._ids]
        return rows.index_select(1, self._index.on(rows.device))


def _place_of(buffer: Any) -> int | None:
    """Where the memory of a tensor is, which may change; None for a numpy array, whose memory does not."""
    return None if isinstance(buffer, np.ndarray) else buffer.data_ptr()


def _is_on(host: Any, buffer: Any) -> bool:
    """Whether a numpy array lies on a buffer's own memory; it is a copy of types that numpy has not."""
    if host is buffer:
        return isinstance(host, np.ndarray)
    return isinstance(host, np.ndarray) and host.__array_interface__["data"][0] == buffer.data_ptr()


def ids_of(envs: Any, num_envs: int) -> np.ndarray:
    """(k,) indices of envs, which are given as such, as a mask of all `num_envs`, or as a slice; None for all."""
    if envs is None:
        return np.arange(num_envs)
    if isinstance(envs, slice):
        return np.arange(num_envs)[envs]
    ids = as_array(envs).reshape(-1)
    return np.flatnonzero(ids) if ids.dtype.kind == "b" else ids.astype(np.int64)


def as_slice(ids: np.ndarray) -> slice | None:
    """Indices that rise by the same step as a slice, which gives a view; None for others."""
    first, step = (int(ids[0]) if len(ids) else 0), (int(ids[1] - ids[0]) if len(ids) > 1 else 1)
    if step < 1 or not np.array_equal(ids, first + step * np.arange(len(ids))):
        return None
    return slice(first, first + step * len(ids), step)


class _TorchIndex:
    """Indices as a tensor, made once for a device."""

    def __init__(self, ids: np.ndarray) -> None:
        self._ids = ids
        self._tensor: Any = None

    def on(self, device: Any) -> Any:
        if self._tensor is None or self._tensor.device != device:
            self._tensor = sys.modules["torch"].as_tensor(self._ids, device=device)
        return self._tensor
