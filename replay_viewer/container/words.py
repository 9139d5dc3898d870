"""The 4-byte words of rows in records and in the table of episode ends, and how numbers get into them.

A writer is given values by name (`RowPacker` checks and copies them), or whole rows that are ready (`PackedStep` makes
them, for a recorder that gathers everything in one block, in the writer's own buffer).
"""

from __future__ import annotations

from typing import Any, Mapping, NoReturn, Union

import numpy as np

from ..errors import BadField, UnknownName
from .layout import StructSpec, is_pose

# Arrays by field name, each (num_rows, *field.shape), or all of them already packed as (num_rows, num_words).
Values = Union[Mapping[str, np.ndarray], np.ndarray]


class RowPacker:
    """Fills rows of a buffer with values by name.

    Shapes are checked at every call, since broadcasting would hide a mistake; numbers are cast to the field's type.

    Args:
        row: the fields of a row.
        buffer: where the rows lie.
        count: of rows.
        offset: bytes from the buffer's start to the first row.
        stride: bytes from one row to the next.
        where: whose rows they are, for errors.

    Attributes:
        words: (count, num_words) float32, the rows themselves. Who writes there and gives them to `pack` saves a copy.
    """

    def __init__(
        self, row: StructSpec, buffer: np.ndarray | bytearray, *, count: int, offset: int, stride: int, where: object
    ) -> None:
        self._row, self._where = row, where
        self._words = np.ndarray((count, row.num_bytes // 4), "<u4", buffer, offset, (stride, 4))
        self.words = self._words.view("<f4")
        rows = np.ndarray((count,), row.dtype, buffer, offset, (stride,))
        self._views = [(field.name, rows[field.name]) for field in row.fields]

    def pack(self, values: Values) -> None:
        """Take over one value per field. Raises BadField for a missing or misshapen one, UnknownName for a new name."""
        if isinstance(values, np.ndarray):
            return self._pack_words(values)
        for name, view in self._views:
            self._copy(name, values.get(name), view)
        if len(values) != len(self._views):
            self._refuse_new(values)

    def pack_captured(self, values: Values) -> None:
        """Like `pack`, but only poses must be there; words of other fields that are missing stay as they are."""
        if isinstance(values, np.ndarray):
            return self._pack_words(values)
        for name, view in self._views:
            if name in values or is_pose(name):
                self._copy(name, values.get(name), view)
        self._refuse_new(values)

    def _copy(self, name: str, value: Any, view: np.ndarray) -> None:
        if getattr(value, "shape", None) != view.shape:
            self._refuse(name, value, view.shape)
        view[...] = value

    def _pack_words(self, words: np.ndarray) -> None:
        if words is self.words:
            return
        if words.shape != self._words.shape or words.dtype.itemsize != 4:
            problem = f"have shape {words.shape} and type {words.dtype}, expected {self._words.shape} of 4 bytes each."
            raise BadField(self._where, "packed rows", problem)
        self._words[...] = words.view(np.uint32)

    def _refuse(self, name: str, value: object, expected: object) -> NoReturn:
        if value is None:
            raise BadField(self._where, name, "is missing in this step.", "Every step brings the fields of the first.")
        found = getattr(value, "shape", None)
        problem = f"is a {type(value).__name__}" if found is None else f"has shape {tuple(found)}"
        raise BadField(self._where, name, f"{problem}, expected an array of shape {expected}.")

    def _refuse_new(self, values: Mapping[str, np.ndarray]) -> None:
        for name in values:
            if name not in self._row.by_name:
                where = "the fields of the first step; declare it up front with fields=[...]"
                raise UnknownName("field", name, tuple(self._row.by_name), where)


class PackedStep:
    """The rows of one step of all envs, out of a block of gathered fields and what was logged beside them.

    Args:
        row: the recording's fields.
        words: (num_envs, num_words) float32, where the rows are made.
        columns: where each gathered field lies in a block's rows; those that are logged instead are left out.

    Attributes:
        words: the rows of the step that `fill` was given last.
    """

    def __init__(self, row: StructSpec, words: np.ndarray, columns: Mapping[str, slice]) -> None:
        self.words = words
        words[...] = 0
        rows = np.ndarray((len(words),), row.dtype, words)
        self._views = {field.name: rows[field.name] for field in row.fields}
        sources = [np.arange(gathered.start, gathered.stop) for gathered in columns.values()]
        places = [_places(row, name, gathered) for name, gathered in columns.items()]
        self._sources, self._places = _as_slice(np.concatenate(sources)), _as_slice(np.concatenate(places))
        self._are_flags_set = False

    @property
    def rewards(self) -> np.ndarray | None:
        """(num_envs,) or (num_envs, num_agents) of the step, where rewards are recorded."""
        return self._views.get("rew")

    def fill(
        self, block: np.ndarray, signals: Mapping[str, np.ndarray], terms: np.ndarray, flags: np.ndarray | None
    ) -> None:
        """Take over one step.

        Args:
            block: (num_envs, width) of float32.
            signals: (num_envs, ...) by name, in place of a gathered field of that name if there is one.
            terms: (num_envs, ..., num_logged_terms), which stand behind the gathered ones.
            flags: (num_envs,) uint32; None for all zero.
        """
        self.words[:, self._places] = block[:, self._sources]
        for name, values in signals.items():
            self._views[name][...] = values
        if terms.shape[-1]:
            self._views["rew_terms"][..., -terms.shape[-1] :] = terms
        if flags is not None or self._are_flags_set:
            self._views["flags"][...] = 0 if flags is None else flags
            self._are_flags_set = flags is not None


def _places(row: StructSpec, name: str, gathered: slice) -> np.ndarray:
    """The words of a row that hold a gathered field; of the terms, those that were gathered come first."""
    shape = row.by_name[name].shape or (1,)
    words = row.offsets[name] // 4 + np.arange(np.prod(shape)).reshape(shape)
    num_gathered = (gathered.stop - gathered.start) * shape[-1] // words.size
    return words[..., :num_gathered].reshape(-1)


def _as_slice(places: np.ndarray) -> slice | np.ndarray:
    """The places as a slice where they follow each other, which is copied faster."""
    first, last = int(places[0]), int(places[-1]) + 1
    return slice(first, last) if np.array_equal(places, np.arange(first, last)) else places
