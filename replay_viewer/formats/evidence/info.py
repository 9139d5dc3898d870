"""The numbers in a policy's `info`: per-step dictionaries turned into arrays over steps and envs.

Understood: one dict per step, whose values are per env (N, ...) or one number; a list of one dict per env and step
(as vector environments give it); and one dict of whole (T, N, ...) arrays. Nested keys are joined with "/".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import BadField
from ...npz.pickled_values import Placeholder
from ...rollout.rollout import Verdict
from .layout import NUMBER_KINDS, TableLayout

# Deeper than any simulator nests its dictionaries.
_MAX_DEPTH = 4


@dataclass(frozen=True)
class InfoArray:
    """One entry of info over all steps.

    Attributes:
        values: (T, N, ...) per env, or (T,) for one number a step; NaN in steps without the entry, or False in flags.
        present: (T,) where it was recorded.
    """

    values: np.ndarray
    present: np.ndarray

    @property
    def is_per_env(self) -> bool:
        return self.values.ndim > 1

    @property
    def is_flag(self) -> bool:
        return self.values.dtype.kind == "b"


@dataclass
class InfoValues:
    """Everything that was found.

    Attributes:
        arrays: by path, which is the keys that lead to the entry.
        unread: by path, what stands there that is not plain data.
    """

    arrays: dict[str, InfoArray] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def read_info(layout: TableLayout) -> tuple[InfoValues, list[Verdict]]:
    """The numbers in info, and what could not be read there.

    Raises BadField for a damaged or malicious pickle, and for info that is not one entry per step.
    """
    if "info" not in layout.table.headers:
        return InfoValues(), []
    if not layout.table.headers["info"].dtype.hasobject:
        return InfoValues(), [Verdict("info", "left out", "it is no array of dictionaries", "problem")]
    content = layout.table.load_objects("info")
    try:
        info = _collect(content, layout.num_steps, layout.num_envs)
    except ValueError as error:
        raise BadField(layout.table.path, "info", str(error)) from error
    verdicts = [
        Verdict("info", f"'{path}' is not read", f"it is a {kind}, not plain data: store numpy arrays", "problem")
        for path, kind in info.unread.items()
    ]
    return info, verdicts


def _collect(info: Any, num_steps: int, num_envs: int) -> InfoValues:
    """Arrays of all entries of `info`, as `safe_pickle` read it.

    Raises ValueError with the fact (not the file) if info is not of one of the forms of this module.
    """
    found = InfoValues()
    if isinstance(info, dict):
        _collect_whole(info, num_steps, num_envs, found)
        return found
    if not isinstance(info, list) or len(info) != num_steps:
        got = f"{len(info)} entries" if isinstance(info, list) else f"a {_kind(info)}"
        raise ValueError(f"holds {got}, expected {num_steps} dictionaries, one per step.")
    cells: dict[str, _Cells] = {}
    for step, entry in enumerate(info):
        for env, path, value in _entries_of_step(entry, num_envs):
            if isinstance(value, Placeholder):
                found.unread[path] = value.name
                continue
            if path not in cells:
                cells[path] = _Cells(num_steps, num_envs)
            cells[path].put(step, env, value)
    arrays = {path: cell.array() for path, cell in cells.items()}
    found.arrays = {path: array for path, array in arrays.items() if array is not None}
    return found


def _collect_whole(info: dict[Any, Any], num_steps: int, num_envs: int, found: InfoValues) -> None:
    """One dict of whole arrays: (T, N, ...), or (T,) for one number a step."""
    for path, value in _flat(info):
        if isinstance(value, Placeholder):
            found.unread[path] = value.name
        array = _as_array(value)
        if array is None or array.dtype.kind not in NUMBER_KINDS or array.shape[:1] != (num_steps,):
            continue
        if num_envs == 1 and array.ndim == 1:
            array = array[:, None]
        if array.ndim == 1 or array.shape[1] == num_envs:
            found.arrays[path] = InfoArray(array, np.ones(num_steps, dtype=bool))


def _kind(value: Any) -> str:
    return value.name if isinstance(value, Placeholder) else type(value).__name__


def _entries_of_step(entry: Any, num_envs: int) -> Iterator[tuple[int | None, str, Any]]:
    """(env or None for all, path, value) of one step's info."""
    if isinstance(entry, (list, tuple)) and len(entry) == num_envs:
        for env, env_entry in enumerate(entry):
            for path, value in _flat(env_entry):
                yield env, path, value
        return
    for path, value in _flat(entry):
        yield None, path, value


def _flat(entry: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The leaves of nested dicts with their joined keys; what is nested too deep is left out."""
    if isinstance(entry, dict) and depth < _MAX_DEPTH:
        for key, value in entry.items():
            yield from _flat(value, f"{prefix}/{key}" if prefix else str(key), depth + 1)
    elif isinstance(entry, Placeholder) or (prefix and entry is not None):
        yield prefix or "info", entry


class _Cells:
    """One entry's values as they come, step by step."""

    def __init__(self, num_steps: int, num_envs: int) -> None:
        self._num_steps, self._num_envs = num_steps, num_envs
        self._numbers: list[tuple[int, int | None, Any]] = []
        self._arrays: list[tuple[int, np.ndarray]] = []

    def put(self, step: int, env: int | None, value: Any) -> None:
        """File a number, or an array of all envs; text and the like is no signal."""
        if _is_number(value):
            self._numbers.append((step, env, value))
            return
        array = _as_array(value)
        if array is None or array.dtype.kind not in NUMBER_KINDS:
            return
        if self._num_envs == 1 and array.ndim and len(array) != 1:
            array = array[None]  # A vector of the only env.
        if array.size == 1 and (self._num_envs == 1 or array.ndim == 0 or env is not None):
            self._numbers.append((step, env, array.reshape(-1)[0]))
        elif env is None and len(array) == self._num_envs:
            self._arrays.append((step, array))

    def array(self) -> InfoArray | None:
        """The entry over all steps, or None if it never was a number."""
        if self._arrays:
            return self._of_arrays()
        return self._of_numbers() if self._numbers else None

    def _of_arrays(self) -> InfoArray | None:
        """Arrays of one shape; where a step holds one number instead, it stands for every env."""
        tail = self._arrays[0][1].shape[1:]
        if any(array.shape[1:] != tail for _, array in self._arrays):
            return None
        dtype = np.result_type(*{array.dtype for _, array in self._arrays})
        values, present = self._empty((self._num_envs, *(() if tail == (1,) else tail)), dtype)
        steps = [step for step, _ in self._arrays]
        values[steps] = np.stack([array for _, array in self._arrays]).reshape(len(steps), *values.shape[1:])
        for step, _, number in self._numbers:
            values[step] = number
        present[[step for step, *_ in (*self._arrays, *self._numbers)]] = True
        return InfoArray(values, present)

    def _of_numbers(self) -> InfoArray:
        """One number a step, or one per env where info has a dict per env."""
        is_flag = all(isinstance(number, (bool, np.bool_)) for *_, number in self._numbers)
        is_per_env = self._num_envs == 1 or any(env is not None for _, env, _ in self._numbers)
        shape = (self._num_envs,) if is_per_env else ()
        values, present = self._empty(shape, np.dtype(bool) if is_flag else np.dtype(np.float64))
        for step, env, number in self._numbers:
            values[(step,) if env is None else (step, env)] = number
            present[step] = True
        return InfoArray(values, present)

    def _empty(self, shape: tuple[int, ...], dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
        absent = False if dtype.kind == "b" else np.nan
        kept = dtype if dtype.kind == "b" else np.result_type(dtype, np.float32)
        return np.full((self._num_steps, *shape), absent, dtype=kept), np.zeros(self._num_steps, dtype=bool)


def _is_number(value: Any) -> bool:
    if isinstance(value, np.generic):
        return value.dtype.kind in NUMBER_KINDS
    return isinstance(value, float) or (isinstance(value, int) and value.bit_length() < 64)


def _as_array(value: Any) -> np.ndarray | None:
    if isinstance(value, np.ndarray):
        return value
    is_numbers = isinstance(value, (list, tuple)) and all(_is_number(item) for item in value)
    return np.array(value) if is_numbers and len(value) else None
