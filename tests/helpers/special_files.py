"""What a path may lead to instead of a regular file, and a limit on how long a test waits for it."""

from __future__ import annotations

import io
import math
import os
import signal
import socket
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

SPECIAL = ("pipe", "link to a pipe", "endless device", "socket")
# And what is not even such a thing.
ODD = (*SPECIAL, "link to nothing", "link to itself", "folder")


def put_special(path: Path, kind: str) -> Path:
    """Have something that is no regular file at a path, in the place of what is there."""
    if path.exists():
        path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to a pipe":
        pipe = path.with_name(f"{path.name}-pipe")
        os.mkfifo(pipe)
        path.symlink_to(pipe)
    elif kind == "endless device":
        path.symlink_to("/dev/zero")
    elif kind == "socket":
        _bind(path)
    elif kind == "link to nothing":
        path.symlink_to("nothing-is-here")
    elif kind == "link to itself":
        path.symlink_to(path.name)
    elif kind == "folder":
        path.mkdir()
    return path


def sparse(path: Path, size: int, begin: bytes = b"") -> Path:
    """A file of any size that takes no room on the disk: zeros behind its first bytes."""
    path.write_bytes(begin)
    os.truncate(path, size)
    return path


def sparse_npz(path: Path, shapes: Mapping[str, tuple[int, ...]], dtype: str = "<f4") -> Path:
    """An npz of zeros, of any size, that takes no room on the disk. `zipfile` would write the zeros.

    The structures are those of ZIP64 (APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16).
    """
    directory, big = b"", 0xFFFFFFFF
    with open(path, "wb") as file:
        for key, shape in shapes.items():
            head, name, start = io.BytesIO(), f"{key}.npy".encode(), file.tell()
            np.lib.format.write_array_header_1_0(head, {"descr": dtype, "fortran_order": False, "shape": shape})
            num_zeros = math.prod(shape) * np.dtype(dtype).itemsize
            size = len(head.getvalue()) + num_zeros
            # Of large arrays no reader asks for it.
            checksum = zlib.crc32(head.getvalue() + bytes(num_zeros)) if num_zeros < 1 << 26 else 0
            member = struct.pack("<HHHHIII", 0, 0, 0, 0, checksum, big, big)
            file.write(b"PK\3\4" + struct.pack("<H", 45) + member + struct.pack("<HH", len(name), 20) + name)
            file.write(struct.pack("<HHQQ", 1, 16, size, size) + head.getvalue())
            file.seek(num_zeros, os.SEEK_CUR)
            directory += b"PK\1\2" + struct.pack("<HH", 45, 45) + member
            directory += struct.pack("<HHHHHII", len(name), 28, 0, 0, 0, 0, big)
            directory += name + struct.pack("<HHQQQ", 1, 24, size, size, start)
        start = file.tell()
        counts = (len(shapes), len(shapes), len(directory), start)
        file.write(directory + b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, *counts))
        file.write(b"PK\6\7" + struct.pack("<IQI", 0, start + len(directory), 1))
        file.write(b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, big, big, 0))
    return path


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Fail what waits or works for longer, also inside of a system call."""

    def fail(*_: object) -> None:
        raise AssertionError(f"took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _bind(path: Path) -> None:
    """A socket; its address may not be long, so it is bound from its folder."""
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)
