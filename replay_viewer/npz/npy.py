"""The header of an .npy file: of files that grow, written here, and of anybody's files, read without believing it.

The format is numpy's: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Files that grow have
version 2.0, padded to whole pages, with a count that is patched in place. For the integers of Python 2 ("30L"), NumPy's
own reader of headers falls back to a tokenizer, which fails in many more ways on a damaged one.
"""

from __future__ import annotations

import ast
import functools
import io
import math
import re
import struct
from dataclasses import dataclass
from typing import IO

import numpy as np

from ..errors import printable

PAGE = 4096
_MAGIC = b"\x93NUMPY"
# That of files that grow, with their version.
MAGIC = _MAGIC + b"\x02\x00"
_PREFIX = len(MAGIC) + 4
# Wide enough for any 64-bit count, so that a header never changes its length.
_COUNT_WIDTH = 20
_COUNT = re.compile(rb"'shape': \(([ 0-9]+),\)")
_PYTHON_2_INTEGER = re.compile(r"\b(\d+)L\b")
# Of the number that says how long a header's text is, by version.
_LENGTH_BYTES = {1: 2, 2: 4, 3: 4}
_MAX_SHOWN = 40
# NumPy's own limit: larger texts can crash Python's parser.
_MAX_TEXT_BYTES = 10_000
# Of any NumPy, which multiplies the other axes of an array without elements all the same.
_MAX_DIMENSIONS = 32
_MAX_VALUES = 2**56


@functools.lru_cache(maxsize=100)  # NumPy takes a tenth of a millisecond for the names of a type's fields.
def build_header(dtype: np.dtype) -> bytes:
    """Header of a one-dimensional array of `dtype` that holds nothing yet; its length is a multiple of 4096 bytes."""
    descr = np.lib.format.dtype_to_descr(dtype)
    shape = "0".rjust(_COUNT_WIDTH)
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': ({shape},), }}"
    pages = math.ceil((_PREFIX + len(text) + 1) / PAGE)
    body = text.ljust(pages * PAGE - _PREFIX - 1) + "\n"
    return MAGIC + struct.pack("<I", len(body)) + body.encode("latin1")


def with_count(header: bytes, count: int) -> bytes:
    """The same header, stating `count` records. Raises ValueError where it is not one of ours."""
    found = _COUNT.search(header)
    if not header.startswith(MAGIC) or found is None:
        raise ValueError("not the header of a growing .npy file")
    start, stop = found.span(1)
    return header[:start] + str(count).rjust(stop - start).encode() + header[stop:]


def stated_count(header: bytes) -> int:
    """The number of records that the header states, -1 for none; behind the file by up to a second while it grows."""
    found = _COUNT.search(header)
    return int(found.group(1)) if found else -1


def stated_dtype(header: bytes, likely: np.dtype) -> np.dtype | None:
    """The type of records that a header of ours states, None where it cannot be read.

    A header can be longer than may be parsed; one of the `likely` type is recognised whatever its length.
    """
    try:
        if with_count(header, 0) == with_count(build_header(likely), 0):
            return likely
        return read_header(io.BytesIO(header)).dtype
    except ValueError:
        return None


@dataclass(frozen=True)
class NpyHeader:
    """What an .npy file claims to hold.

    Attributes:
        shape: of the array.
        dtype: of the array.
        is_fortran: whether its first axis is the one that varies fastest.
        size: of the header itself, in bytes; the values begin behind it.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    is_fortran: bool
    size: int

    @property
    def value_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(file: IO[bytes]) -> NpyHeader:
    """Read the header of an .npy file; raises ValueError for anything else."""
    start = file.read(8)
    version = start[6] if len(start) == 8 and start.startswith(_MAGIC) else 0
    if version not in _LENGTH_BYTES:
        raise ValueError(f"version {version} of the npy format is not known" if version else "it is no npy array")
    length = int.from_bytes(file.read(_LENGTH_BYTES[version]), "little")
    if length > _MAX_TEXT_BYTES:
        raise ValueError(f"its head is {length} bytes long")
    text = file.read(length).decode("utf-8" if version == 3 else "latin1")
    return _parsed(text, size=8 + _LENGTH_BYTES[version] + length)


def _parsed(text: str, size: int) -> NpyHeader:
    try:
        claims = ast.literal_eval(_PYTHON_2_INTEGER.sub(r"\1", text.strip()))
        shape, descr, is_fortran = claims["shape"], claims["descr"], claims["fortran_order"]
    except (ValueError, SyntaxError, TypeError, LookupError, RecursionError, MemoryError) as error:
        raise ValueError(f"its head cannot be read ({type(error).__name__})") from error
    try:
        dtype = np.lib.format.descr_to_dtype(descr)
    except (ValueError, SyntaxError, TypeError, LookupError, RecursionError, MemoryError) as error:
        raise ValueError(f"its type {printable(str(descr))[:_MAX_SHOWN]} is none of NumPy's own") from error
    if not _is_possible(shape):
        raise ValueError("its head claims an impossible shape")
    return NpyHeader(shape, dtype, bool(is_fortran), size)


def _is_possible(shape: object) -> bool:
    """Whether NumPy can make an array of such a shape, as far as that does not depend on the size of the file."""
    if not isinstance(shape, tuple) or len(shape) > _MAX_DIMENSIONS:
        return False
    if not all(type(length) is int and length >= 0 for length in shape):
        return False
    return 0 not in shape or math.prod(length for length in shape if length) <= _MAX_VALUES
