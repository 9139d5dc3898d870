"""ZIP files that anybody may have written: opened by a directory of a size that can be."""

from __future__ import annotations

import struct
import zipfile
from typing import BinaryIO

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


class _Directory:
    """A ZIP's file while its directory is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"it claims a directory of {size} bytes")
        return self._file.read(size)
