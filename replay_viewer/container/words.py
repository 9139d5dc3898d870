"""The 4-byte words of rows in records and in the table of episode ends, and how numbers get into them.

A writer is given values by name (`RowPacker` checks and copies them), or whole rows that are ready (`PackedStep` makes
them, for a recorder that gathers everything in one block).
"""

from __future__ import annotations

from typing import Container, Mapping, NoReturn, Union

import numpy as np

from ..errors import BadField, UnknownName
from .layout import NOT_CAPTURED, StructSpec, is_pose

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
    """

    def __init__(
        self, row: StructSpec, buffer: np.ndarray | bytearray, *, count: int, offset: int, stride: int, where: object
    ) -> None:
        self._row, self._where = row, where
        self._words = np.ndarray((count, row.num_bytes // 4), "<u4", buffer, offset, (stride, 4))
        self._floats = self._words.view("<f4")
        rows = np.ndarray((count,), row.dtype, buffer, offset, (stride,))
        views = [(field.name, rows[field.name]) for field in row.fields]
        self._views = [(name, view.shape, view) for name, view in views]

    def pack(self, values: Mapping[str, np.ndarray]) -> None:
        """Take over one value per field. Raises BadField for a missing or misshapen one, UnknownName for a new name."""
        name, shape = "", ()
        try:
            for name, shape, view in self._views:
                value = values[name]
                if value.shape != shape:
                    self._refuse(name, value, shape)
                view[...] = value
        except (KeyError, AttributeError):  # Not asked for each time: it would cost as much as the copy.
            self._refuse(name, values.get(name), shape)
        if len(values) != len(self._views):
            self._refuse_new(values)

    def take(self, words: np.ndarray) -> None:
        """Copy rows that are ready. Raises BadField where they are of another size."""
        if words.shape == self._floats.shape and words.dtype == self._floats.dtype:
            self._floats[...] = words
        else:
            self._words[...] = self.checked(words).view("<u4")

    def checked(self, words: np.ndarray) -> np.ndarray:
        """Rows that are ready, without gaps. Raises BadField where they are of another size."""
        return checked_rows(words, self._words.shape, self._where)

    def pack_captured(self, values: Mapping[str, np.ndarray]) -> None:
        """Like `pack`, but only poses must be there; words of other fields that are missing stay as they are."""
        for name, shape, view in self._views:
            if name in values or is_pose(name):
                value = values.get(name)
                if getattr(value, "shape", None) != shape:
                    self._refuse(name, value, shape)
                view[...] = value
        self._refuse_new(values)

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

    Where nothing is, and the fields lie in the block as they do in a row, the block is what is written.

    Args:
        row: the recording's fields.
        num_envs: how many rows there are.
        columns: where each gathered field lies in a block's rows; those that are logged instead are left out.

    Attributes:
        rewards: the words of a row that are its rewards; None where none are recorded.
    """

    def __init__(self, row: StructSpec, num_envs: int, columns: Mapping[str, slice]) -> None:
        sources = np.concatenate([np.arange(gathered.start, gathered.stop) for gathered in columns.values()])
        places = np.concatenate([_places(row, name, gathered) for name, gathered in columns.items()])
        self._num_words, self._flags = row.num_bytes // 4, row.offsets["flags"] // 4
        self._is_ready = np.array_equal(sources, places) and len(places) == self._flags == self._num_words - 1
        self.rewards = _word_slice(row, "rew") if "rew" in row.by_name else None
        self._sources, self._places = _as_slice(sources), _as_slice(places)
        # Of what is not ready: where it is made, and its fields.
        self._words = np.zeros((num_envs, self._num_words), np.float32)
        rows = np.ndarray((num_envs,), row.dtype, self._words)
        self._views = {field.name: rows[field.name] for field in row.fields}

    def rows(
        self, block: np.ndarray, signals: Mapping[str, np.ndarray], terms: np.ndarray, flags: np.ndarray | None
    ) -> np.ndarray:
        """The rows of one step, (num_envs, num_words) of float32.

        Args:
            block: (num_envs, width) of float32, whose last column is zero; its rows may be what is returned.
            signals: (num_envs, ...) by name, in place of a gathered field of that name if there is one.
            terms: (num_envs, ..., num_logged_terms), which stand behind the gathered ones.
            flags: (num_envs,) uint32; None for all zero.
        """
        words = block if self._is_ready and block.shape[1] == self._num_words else self._made(block, signals, terms)
        if flags is not None:
            words[:, self._flags].view(np.uint32)[...] = flags
        return words

    def _made(self, block: np.ndarray, signals: Mapping[str, np.ndarray], terms: np.ndarray) -> np.ndarray:
        words, views = self._words, self._views
        words[:, self._places] = block[:, self._sources]
        for name, values in signals.items():
            views[name][...] = values
        if terms.shape[-1]:
            views["rew_terms"][..., -terms.shape[-1] :] = terms
        views["flags"][...] = 0
        return words


class PackedEnds:
    """The rows of states in which episodes end, out of blocks as a step's rows are.

    Args:
        row: the recording's fields.
        columns: where each captured field lies in a block's rows.
        unknown: names of those among them that are known to be wrong there: they are NaN.
    """

    def __init__(self, row: StructSpec, columns: Mapping[str, slice], unknown: Container[str]) -> None:
        known = {name: places for name, places in columns.items() if name not in unknown}
        others = [_places(row, name, places) for name, places in columns.items() if name in unknown]
        self._num_words = row.num_bytes // 4
        self._sources = _as_slice(np.concatenate([np.arange(taken.start, taken.stop) for taken in known.values()]))
        self._places = _as_slice(np.concatenate([_places(row, name, taken) for name, taken in known.items()]))
        self._unknown = np.concatenate(others) if others else None

    def rows(self, block: np.ndarray) -> np.ndarray:
        """The rows (k, num_words) of uint32, of a block (k, width) of float32."""
        rows = np.full((len(block), self._num_words), NOT_CAPTURED, np.uint32)
        words = rows.view(np.float32)
        words[:, self._places] = block[:, self._sources]
        if self._unknown is not None:
            words[:, self._unknown] = np.nan
        return rows


def checked_rows(words: np.ndarray, shape: tuple[int, ...], where: object) -> np.ndarray:
    """Rows that are ready, without gaps. Raises BadField where they are not of this shape."""
    if words.shape != shape or words.dtype.itemsize != 4:
        problem = f"have shape {words.shape} and type {words.dtype}, expected {shape} of 4 bytes each."
        raise BadField(where, "packed rows", problem)
    return words if words.flags.c_contiguous else np.ascontiguousarray(words)


def _word_slice(row: StructSpec, name: str) -> int | slice:
    """The word of a row that is a field, or the words that are its one axis."""
    first, shape = row.offsets[name] // 4, row.by_name[name].shape
    return slice(first, first + shape[0]) if shape else first


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
