"""Headers of `.npy` files that grow: padded to whole pages, with a count that is patched in place.

The format is numpy's, version 2.0: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import re
import struct

import numpy as np

PAGE = 4096
MAGIC = b"\x93NUMPY\x02\x00"
_PREFIX = len(MAGIC) + 4
# Wide enough for any 64-bit count, so that a header never changes its length.
_COUNT_WIDTH = 20
_COUNT = re.compile(rb"'shape': \(([ 0-9]+),\)")


def build_header(dtype: np.dtype) -> bytes:
    """Header of a one-dimensional array of `dtype` that holds nothing yet; its length is a multiple of 4096 bytes."""
    descr = np.lib.format.dtype_to_descr(dtype)
    shape = "0".rjust(_COUNT_WIDTH)
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': ({shape},), }}"
    pages = -(-(_PREFIX + len(text) + 1) // PAGE)
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
    """The number of records that the header states; behind the file by up to a second while it grows."""
    found = _COUNT.search(header)
    return int(found.group(1)) if found else -1
