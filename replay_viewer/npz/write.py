"""Writing .npz files of any size with little memory: a ZIP of stored .npy members, each written in pieces."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileProblem
from ..files.zips import stored_member
from ..paths import make_new


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
    with archive.open(stored_member(f"{array.name}.npy"), "w", force_zip64=True) as member:
        member.write(_header(array))
        for piece in array.pieces():
            member.write(piece)


def _header(array: NpzArray) -> bytes:
    text = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(array.dtype)
    np.lib.format.write_array_header_1_0(text, {"descr": descr, "fortran_order": False, "shape": array.shape})
    return text.getvalue()


def _put_in_place(partial: Path, path: Path) -> Path:
    """Give the file the first name that is free, which an empty file reserves."""
    reserved = make_new(path, _reserve)
    os.replace(partial, reserved)
    return reserved


def _reserve(path: Path) -> Path:
    open(path, "xb").close()
    return path
