"""The pickle of an object array, as it stands in an .npy file: one that every NumPy from 1.20 to 2.4 loads.

An array that NumPy 2 pickles refers to `numpy._core`, which older ones do not have, so arrays are written opcode by
opcode (the standard library's `pickletools` documents them) with the names that all of them know. And an object array
can be written entry by entry: pickles without their first and last opcode may stand one after the other.
"""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

_PROTOCOL = b"\x80\x03"
_MARK, _TUPLE, _BUILD, _REDUCE, _STOP = b"(", b"t", b"b", b"R", b"."
_DICT, _SET_ITEMS, _LIST, _APPENDS = b"}", b"u", b"]", b"e"
_FALSE, _TRUE, _NONE = b"\x89", b"\x88", b"N"
# What `numpy.ndarray.__reduce__` calls: `_reconstruct(ndarray, (0,), b"b")`.
_NEW_ARRAY = (
    b"cnumpy.core.multiarray\n_reconstruct\n"
    + (_MARK + b"cnumpy\nndarray\n" + b"K\x00\x85" + b"C\x01b" + _TUPLE)
    + _REDUCE
)
_OBJECT_DTYPE = np.dtype(object)
# Of a dtype that holds references.
_OBJECT_FLAGS = 63
# The end of the pickle that `open_object_array` begins.
CLOSE_OBJECT_ARRAY = _APPENDS + _TUPLE + _BUILD + _STOP


def open_object_array(count: int) -> bytes:
    """The beginning of the pickle of an object array (count,); then comes `value_opcodes` of each entry."""
    return _PROTOCOL + _array_head((count,), _OBJECT_DTYPE) + _LIST + _MARK


def value_opcodes(value: Any) -> bytes:
    """The opcodes that build a value: dictionaries, lists, arrays of numbers, text, numbers, True, False and None."""
    if isinstance(value, dict):
        items = b"".join(value_opcodes(key) + value_opcodes(item) for key, item in value.items())
        return _DICT + _MARK + items + _SET_ITEMS
    if isinstance(value, list):
        return _LIST + _MARK + b"".join(map(value_opcodes, value)) + _APPENDS
    if isinstance(value, np.ndarray):
        little = value.astype(value.dtype.newbyteorder("<"), copy=False)
        return _array_head(value.shape, value.dtype) + _as_python(little.tobytes()) + _TUPLE + _BUILD
    return _as_python(value)


def _array_head(shape: tuple[int, ...], dtype: np.dtype) -> bytes:
    """`numpy.ndarray.__reduce__` up to the content: an empty array, and its state's version, shape, dtype, order."""
    return _NEW_ARRAY + _MARK + _as_python(1) + _as_python(shape) + _dtype_opcodes(dtype) + _FALSE


def _dtype_opcodes(dtype: np.dtype) -> bytes:
    """`numpy.dtype.__reduce__`: its name and its state, of which the byte order, size and flags matter."""
    flags = _OBJECT_FLAGS if dtype.hasobject else 0
    byte_order = "|" if dtype.itemsize == 1 or dtype.hasobject else "<"
    state = _as_python(3) + _as_python(byte_order) + 3 * _NONE + 2 * _as_python(-1) + _as_python(flags)
    name = _as_python(f"{dtype.kind}{dtype.itemsize}")
    return b"cnumpy\ndtype\n" + _MARK + name + _FALSE + _TRUE + _TUPLE + _REDUCE + _MARK + state + _TUPLE + _BUILD


def _as_python(value: Any) -> bytes:
    """What Python itself writes, without the opcodes that begin and end a pickle."""
    return pickle.dumps(value, protocol=3)[len(_PROTOCOL) : -len(_STOP)]
