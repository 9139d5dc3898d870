"""ZIP files: opened by a directory of a size that can be, since anybody may have written them, and read in parts.

A member that is stored as it is can be read like a part of a file, where its local header ends: APPNOTE.TXT, section
4.3.7, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT.
"""

from __future__ import annotations

import os
import struct
import zipfile
from typing import BinaryIO

# How a ZIP begins: with the local header of its first member, or with the end of an empty directory.
SIGNATURE, SIGNATURE_OF_EMPTY = b"PK\x03\x04", b"PK\x05\x06"
# A local header: signature, what the directory says too, and the lengths of name and extra field, which follow.
LOCAL_HEADER = struct.Struct("<4s22xHH")

# Room for some 200,000 members. A directory is read at once, and a sparse file may claim one of any size.
_MAX_DIRECTORY_BYTES = 16 << 20
# What `zipfile` raises for a damaged one besides its own error.
_DAMAGE = (ValueError, NotImplementedError, OverflowError, struct.error, OSError)


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """The ZIP in an open file, which the caller closes. Raises zipfile.BadZipFile alone, whatever is wrong with it."""
    try:
        archive = zipfile.ZipFile(_Directory(file))  # type: ignore[arg-type]
    except _DAMAGE as error:
        raise zipfile.BadZipFile(str(error)) from error
    archive.fp = file
    return archive


def files_in(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members that are no folders; `ZipInfo.is_dir` fails for one without a name before Python 3.12."""
    return [member for member in archive.infolist() if not member.filename.endswith("/")]


def stored_member(name: str) -> zipfile.ZipInfo:
    """A member to be written: a file that its owner may write and all may read, of no date."""
    member = zipfile.ZipInfo(name)
    member.external_attr = 0o644 << 16
    return member


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
        head = read_at(fd, LOCAL_HEADER.size, member.header_offset)
    except (OSError, OverflowError) as error:
        raise zipfile.BadZipFile(str(error)) from error
    if len(head) < LOCAL_HEADER.size or not head.startswith(SIGNATURE):
        raise zipfile.BadZipFile("no member where the directory says")
    _, name_bytes, extra_bytes = LOCAL_HEADER.unpack(head)
    return member.header_offset + LOCAL_HEADER.size + name_bytes + extra_bytes


class _Directory:
    """A ZIP's file while its directory is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"it claims a directory of {size} bytes")
        return self._file.read(size)
