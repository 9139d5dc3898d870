"""The terminals table, read: what it says about each finished episode."""

from __future__ import annotations

import numpy as np

from ..container.extents import Extent, chunks_of, count_whole
from ..container.layout import Layout


def read_columns(extent: Extent, layout: Layout, first: int = 0) -> np.ndarray:
    """The columns of all whole rows from row `first` on, without the terminal states, shape (num_rows,).

    A table of many gigabytes costs a megabyte and its columns.
    """
    stride, skip = layout.columns.num_bytes, layout.terminals_header_bytes
    count = max(0, count_whole(extent.size, skip, stride) - first)
    columns = np.empty(count, _packed(layout.columns.dtype))
    rows = Extent(extent.path, extent.offset + skip + first * stride, count * stride)
    done, rest = 0, b""
    for chunk in chunks_of(rows):
        rest += chunk
        whole = len(rest) // stride
        columns[done : done + whole] = np.frombuffer(rest, layout.columns.dtype, whole)
        done, rest = done + whole, rest[whole * stride :]
    return columns


def _packed(dtype: np.dtype) -> np.dtype:
    """The same fields without gaps."""
    return np.dtype([(name, *_described(dtype[name])) for name in dtype.names or ()])


def _described(field: np.dtype) -> tuple[np.dtype, tuple[int, ...]]:
    return field.base, field.shape
