"""Copies named arrays into rows of 4-byte words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, Union

import numpy as np

from ..errors import BadField, UnknownName
from ..record.fields import StructSpec, is_pose

# Arrays by field name, each (num_rows, *field.shape), or all of them already packed as (num_rows, num_words).
Values = Union[Mapping[str, np.ndarray], np.ndarray]


class RowPacker:
    """Fills `count` rows that lie in `buffer`, the first at byte `offset`, one every `stride` bytes.

    Shapes are checked at every call, since broadcasting would hide a mistake; numbers are cast to the field's type.
    """

    def __init__(
        self, row: StructSpec, buffer: np.ndarray | bytearray, *, count: int, offset: int, stride: int, where: object
    ) -> None:
        self._row, self._where = row, where
        self._words = np.ndarray((count, row.num_bytes // 4), "<u4", buffer, offset, (stride, 4))
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
