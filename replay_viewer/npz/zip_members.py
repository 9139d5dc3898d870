"""The members of a ZIP that are stored as they are, so that a part of one is read like a part of a file."""

from __future__ import annotations

import os
import struct
import zipfile

# A local file header up to the lengths of name and extra field: APPNOTE.TXT, section 4.3.7.
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_SIGNATURE = b"PK\x03\x04"


def read_at(fd: int, size: int, offset: int) -> bytes:
    """Up to `size` bytes of an open file; while it is read, nothing else may use `fd` where the system is Windows."""
    if hasattr(os, "pread"):
        return os.pread(fd, size, offset)
    os.lseek(fd, offset, os.SEEK_SET)
    return os.read(fd, size)


def content_offset(fd: int, member: zipfile.ZipInfo) -> int:
    """Where the member's bytes begin; its local header may be longer than the directory says.

    Raises zipfile.BadZipFile where there is no member.
    """
    try:
        head = read_at(fd, _LOCAL_HEADER.size, member.header_offset)
    except (OSError, OverflowError) as error:
        raise zipfile.BadZipFile(str(error)) from error
    if len(head) < _LOCAL_HEADER.size or not head.startswith(_SIGNATURE):
        raise zipfile.BadZipFile("no member where the directory says")
    _, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(head)
    return member.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes
