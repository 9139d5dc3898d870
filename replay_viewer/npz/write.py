"""Writes .npz files of any size with little memory: a ZIP of stored .npy members, each written in pieces."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileProblem
from ..paths import numbered


@dataclass(frozen=True)
class NpzArray:
    """One array of the file.

    Attributes:
        name: its key.
        shape: of the array.
        dtype: of the array.
        pieces: gives its bytes in C order, in pieces of any size; called once, when its turn has come.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    pieces: Callable[[], Iterable[bytes]]

    @classmethod
    def of(cls, name: str, value: Any) -> NpzArray:
        """An array that is small enough to be at hand."""
        array = np.asarray(value)
        return cls(name, array.shape, array.dtype, lambda: [array.tobytes()])


def write_npz(path: Path, arrays: Sequence[NpzArray]) -> Path:
    """Write the arrays into a new file; nothing is there until it is whole.

    Args:
        path: if it exists, `<name>-2.npz` is made, and so on.
        arrays: in the order in which they are to stand there.

    Returns:
        The path of the file.

    Raises:
        FileProblem: it cannot be written here.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                for array in arrays:
                    _write_array(archive, array)
            file.flush()
            os.fsync(file.fileno())
        return _put_in_place(partial, path)
    except OSError as error:
        raise FileProblem(path, f"cannot be written: {error.strerror}.") from error
    finally:
        if partial.exists():
            partial.unlink()


def _write_array(archive: zipfile.ZipFile, array: NpzArray) -> None:
    info = zipfile.ZipInfo(f"{array.name}.npy")
    info.external_attr = 0o644 << 16
    with archive.open(info, "w", force_zip64=True) as member:
        member.write(_header(array))
        for piece in array.pieces():
            member.write(piece)


def _header(array: NpzArray) -> bytes:
    text = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(array.dtype)
    np.lib.format.write_array_header_1_0(text, {"descr": descr, "fortran_order": False, "shape": array.shape})
    return text.getvalue()


def _put_in_place(partial: Path, path: Path) -> Path:
    """Give the file the first name that is free, which an empty file reserves: of two processes, each gets its own."""
    for candidate in numbered(path):
        try:
            open(candidate, "xb").close()
        except FileExistsError:
            continue
        os.replace(partial, candidate)
        return candidate
    raise AssertionError("there is always another number")


_PROTOCOL = b"\x80\x03"
_MARK, _TUPLE, _BUILD, _REDUCE, _STOP = b"(", b"t", b"b", b"R", b"."
_DICT, _SET_ITEMS, _LIST, _APPENDS = b"}", b"u", b"]", b"e"
_FALSE, _TRUE, _NONE = b"\x89", b"\x88", b"N"
_NEW_ARRAY = (
    b"cnumpy.core.multiarray\n_reconstruct\n"
    + _MARK
    + b"cnumpy\nndarray\n"
    + b"K\x00\x85"
    + b"C\x01b"
    + _TUPLE
    + _REDUCE
)
_OBJECT_DTYPE = np.dtype(object)
_OBJECT_FLAGS = 63


def value_opcodes(value: Any) -> bytes:
    """The opcodes that build a value: dictionaries, lists, arrays of numbers, text, numbers, True, False and None."""
    if isinstance(value, dict):
        items = b"".join(value_opcodes(key) + value_opcodes(item) for key, item in value.items())
        return _DICT + _MARK + items + _SET_ITEMS
    if isinstance(value, list):
        return _LIST + _MARK + b"".join(map(value_opcodes, value)) + _APPENDS
    if isinstance(value, np.ndarray):
        little = value.astype(value.dtype.newbyteorder("<"), copy=False)
        return _array_head(value.shape, value.dtype) + _plain(little.tobytes()) + _TUPLE + _BUILD
    return _plain(value)


def open_object_array(count: int) -> bytes:
    """The beginning of the pickle of an object array (count,); then comes `value_opcodes` of each entry."""
    return _PROTOCOL + _array_head((count,), _OBJECT_DTYPE) + _LIST + _MARK


CLOSE_OBJECT_ARRAY = _APPENDS + _TUPLE + _BUILD + _STOP


def _array_head(shape: tuple[int, ...], dtype: np.dtype) -> bytes:
    """`numpy.ndarray.__reduce__` up to the content: an empty array, and its state's version, shape, dtype, order."""
    return _NEW_ARRAY + _MARK + _plain(1) + _plain(shape) + _dtype_opcodes(dtype) + _FALSE


def _dtype_opcodes(dtype: np.dtype) -> bytes:
    """`numpy.dtype.__reduce__`: its name and its state, of which the byte order, size and flags matter."""
    flags = _OBJECT_FLAGS if dtype.hasobject else 0
    byte_order = "|" if dtype.itemsize == 1 or dtype.hasobject else "<"
    state = _plain(3) + _plain(byte_order) + 3 * _NONE + 2 * _plain(-1) + _plain(flags)
    name = _plain(f"{dtype.kind}{dtype.itemsize}")
    return b"cnumpy\ndtype\n" + _MARK + name + _FALSE + _TRUE + _TUPLE + _REDUCE + _MARK + state + _TUPLE + _BUILD


def _plain(value: Any) -> bytes:
    """What Python itself writes, without the opcodes that begin and end a pickle."""
    return pickle.dumps(value, protocol=3)[len(_PROTOCOL) : -len(_STOP)]
