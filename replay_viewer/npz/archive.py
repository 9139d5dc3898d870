"""An .npz file that is open: its arrays, read lazily where that is possible, and never by executing a pickle.

It is a ZIP of .npy files. An array that is stored uncompressed (`np.savez`) and large is read in windows, with
one `pread` per window or step, so that opening costs nothing; the ZIP's checksum of such an array is not verified.
Small arrays are read whole and verified. Compressed arrays (`np.savez_compressed`) cannot be read in part: each is
inflated whole at its first use and kept. Object arrays go through `safe_pickle`.
"""

from __future__ import annotations

import math
import os
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadField, FileProblem
from ..files.kinds import refuse_foreign
from ..files.regular import open_regular
from ..files.zips import content_offset, open_zip
from .npy import NpyHeader, read_header
from .pickled_values import BadPickle
from .safe_pickle import loads

_SUFFIX = ".npy"
_DENIAL = "not an npz file"
# Arrays up to this size are read whole.
_LAZY_BYTES = 16 << 20
_MAX_INFLATED_BYTES = 8 << 30
# What inflates to so much, and to so many times its size, was made to fill the memory.
_BOMB_BYTES, _BOMB_RATIO = 256 << 20, 200
_MAX_PICKLE_BYTES = 512 << 20
_MAX_PREAD_BYTES = 1 << 30
# What the readers of ZIP and npy raise for a damaged file.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError, NotImplementedError, RuntimeError)


class NpzArchive:
    """An open .npz file.

    Attributes:
        path: the file.
        headers: shape and type of each array by key, object arrays included.
        unreadable: by key, what is wrong with the others: a head that is damaged or claims a size that the file does
            not have, values that are no numbers of NumPy's own.

    A folder that all arrays are in is no part of their keys: people zip folders.

    Raises:
        FileProblem: not a ZIP, truncated, or without arrays.
        BadField: none of the arrays is readable.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open_regular(path)
        try:
            self._zip = self._open_zip()
            self._members = _arrays_in(self._zip)
            self.headers, self.unreadable = self._read_headers()
            if not self.headers:
                refuse_foreign(path, _DENIAL)
        except BaseException:
            self._file.close()
            raise

    def refuse_unreadable(self, keys: Iterable[str]) -> None:
        """Raise BadField for the first of the keys that is there and cannot be read."""
        for key in keys:
            if key in self.unreadable:
                raise self.unreadable[key]

    def load(self, key: str) -> np.ndarray:
        """The whole array, verified against the ZIP's checksum.

        Raises BadField: an object array, damaged, or too large to inflate.
        """
        header = self.headers[key]
        if header.dtype.hasobject:
            raise BadField(self.path, key, "is an object array (a pickle), expected numbers.", "Store a plain array.")
        if header.value_bytes > _MAX_INFLATED_BYTES or self._is_bomb(key):
            size = f"{header.value_bytes / 2**30:.1f} GiB"
            raise BadField(self.path, key, f"inflates to {size}.", "Write it with np.savez: that is read in parts.")
        content = self._content(key)
        order = "F" if header.is_fortran else "C"
        if len(content) != header.value_bytes:
            raise BadField(self.path, key, "is damaged (it ends too early).", "Copy or write the file again.")
        return np.ndarray(header.shape, dtype=header.dtype, buffer=content, order=order)

    def load_objects(self, key: str) -> Any:
        """The content of an object array, as nested lists, read without executing its pickle.

        Raises BadField: damaged, over budget, or made to run code.
        """
        size = self._members[key].file_size
        if size > _MAX_PICKLE_BYTES:
            raise BadField(self.path, key, f"is a pickle of {size / 2**20:.0f} MiB.", "Store plain arrays instead.")
        with self._damage_named(key):
            return loads(self._content(key))

    def is_lazy(self, key: str) -> bool:
        """Whether `read_at` can read parts of the array, and reading it whole would cost much."""
        header, member = self.headers[key], self._members[key]
        is_stored = member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1
        is_in_steps = not header.is_fortran and not header.dtype.hasobject
        can_read_parts = is_stored and is_in_steps and hasattr(os, "pread")  # Windows has none.
        return can_read_parts and header.value_bytes > _LAZY_BYTES

    def column(self, key: str, shape: tuple[int, ...]) -> StoredColumn:
        """The array as a signal of shape (T, N, ...), which has as many values."""
        return StoredColumn(self, key, shape)

    def offset(self, key: str) -> int:
        """Where in the file the values of an uncompressed array begin."""
        with self._damage_named(key):
            return content_offset(self._file.fileno(), self._members[key]) + self.headers[key].size

    def read_at(self, key: str, offset: int, size: int) -> bytes:
        """Bytes of an array at an offset of the file; raises BadField when the file has become shorter."""
        parts = []
        while size > 0:
            part = os.pread(self._file.fileno(), min(size, _MAX_PREAD_BYTES), offset)
            if not part:
                raise BadField(self.path, key, "is cut off.", "Was the file overwritten while it was open?")
            parts.append(part)
            offset, size = offset + len(part), size - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        self._zip.close()
        self._file.close()

    def _is_bomb(self, key: str) -> bool:
        size, packed = self.headers[key].value_bytes, self._members[key].compress_size
        return size > max(_BOMB_BYTES, _BOMB_RATIO * packed)

    def _open_zip(self) -> zipfile.ZipFile:
        try:
            return open_zip(self._file)
        except zipfile.BadZipFile as error:
            refuse_foreign(self.path, _DENIAL)
            raise FileProblem(self.path, f"is {_DENIAL}.", "Write it by np.savez.") from error

    def _read_headers(self) -> tuple[dict[str, NpyHeader], dict[str, BadField]]:
        """Of all arrays, and why of some there is none. Raises BadField if that is so of all."""
        headers, unreadable = {}, {}
        for key in self._members:
            try:
                headers[key] = self._read_header(key)
            except BadField as error:
                problem = "is no array, but what macOS packs beside each file."
                is_of_macos = _is_of_macos(self._members[key].filename)
                unreadable[key] = BadField(self.path, key, problem, "Delete it.") if is_of_macos else error
        if unreadable and not headers:
            raise next(iter(unreadable.values()))
        return headers, unreadable

    def _read_header(self, key: str) -> NpyHeader:
        member = self._members[key]
        with self._damage_named(key), self._zip.open(member) as file:
            header = read_header(file)
        # A damaged or malicious head may claim any shape; it is believed only where the bytes are there.
        present = member.file_size - header.size
        if not header.dtype.hasobject and (header.value_bytes != present or not header.dtype.itemsize):
            problem = f"claims shape {header.shape} of type {header.dtype}, but {present} bytes are there."
            raise BadField(self.path, key, problem, "Write the file again.")
        if header.dtype.kind == "V" and header.dtype.names is None:
            problem = f"is of type {header.dtype}, as NumPy stores what it does not know, such as bfloat16."
            raise BadField(self.path, key, problem, "Store it as float32.")
        return header

    @contextmanager
    def _damage_named(self, key: str) -> Iterator[None]:
        """Errors of the ZIP and npy readers, as one line that names the array."""
        try:
            yield
        except BadPickle as error:
            raise BadField(self.path, key, str(error)) from error
        except MemoryError as error:
            raise BadField(self.path, key, "does not fit into memory.", "np.savez files are read in parts.") from error
        except _DAMAGE as error:
            detail = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BadField(self.path, key, f"is damaged ({detail}).", "Copy or write the file again.") from error

    def _content(self, key: str) -> bytes:
        """The bytes after the header; reading a ZIP's member to its end verifies its checksum."""
        with self._damage_named(key), self._zip.open(self._members[key]) as file:
            file.read(self.headers[key].size)
            return file.read()


def _arrays_in(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members that are arrays by their names, by their keys."""
    members = {member.filename: member for member in archive.infolist()}
    if all("\\" in name for name in members) or not any("/" in name for name in members):
        # Packed by a program that writes paths as Windows does; elsewhere it is a character like others.
        members = {name.replace("\\", "/"): member for name, member in members.items()}
    names = [name for name in members if name.endswith(_SUFFIX)]
    folders = [posixpath.dirname(name.lstrip("/")) for name in names if not _is_of_macos(name)]
    common = posixpath.commonpath(folders) + "/" if folders else ""
    keys = [name[len(common) :] if name.startswith(common) else name for name in names]
    return {key[: -len(_SUFFIX)]: members[name] for key, name in zip(keys, names, strict=True)}


def _is_of_macos(name: str) -> bool:
    """Whether a member is what macOS packs beside each file: its attributes, under nearly the same name."""
    return name.startswith("__MACOSX/") or name.split("/")[-1].startswith("._")


def array_names(path: Path) -> set[str]:
    """The keys of the arrays in an .npz file, none of which is looked at.

    Raises OSError or FileProblem where it cannot be opened, zipfile.BadZipFile where it is no ZIP, or damaged.
    """
    with open_regular(path) as file, open_zip(file) as archive:
        return set(_arrays_in(archive))


class StoredColumn:
    """An array of an archive as a column of a rollout, whose parts are read as they are asked for.

    Args:
        archive: that holds the array.
        key: of the array.
        shape: (T, N, ...) of the column, with as many values as the array.

    Attributes:
        shape: as given.
        dtype: of the values that are read, in this machine's byte order.
    """

    def __init__(self, archive: NpzArchive, key: str, shape: tuple[int, ...]) -> None:
        self._archive, self._key, self.shape = archive, key, shape
        self._stored_dtype = archive.headers[key].dtype
        self.dtype = self._stored_dtype.newbyteorder("=")
        self._is_lazy = archive.is_lazy(key)

    def read(self, steps: slice, envs: Sequence[int]) -> np.ndarray:
        """A new array, shape (len(steps), len(envs), ...)."""
        if not self._is_lazy:
            return self._whole[steps][:, np.asarray(envs, dtype=np.intp)].astype(self.dtype, copy=False)
        wanted = range(*steps.indices(self.shape[0]))
        low, high = (min(envs), max(envs) + 1) if len(envs) else (0, 0)
        values = self._read_span(wanted, low, high)
        chosen = np.asarray(envs, dtype=np.intp) - low
        if len(chosen) != high - low or np.any(np.diff(chosen) != 1):
            values = values[:, chosen]
        return values.astype(self.dtype, copy=False)

    def _read_span(self, steps: range, low: int, high: int) -> np.ndarray:
        """Neighbouring envs: in one read where whole steps follow each other, else one read per step."""
        shape = (len(steps), high - low, *self.shape[2:])
        env_bytes = math.prod(self.shape[2:]) * self._stored_dtype.itemsize
        step_bytes, size = env_bytes * self.shape[1], env_bytes * (high - low)
        start = self._offset + low * env_bytes
        if steps.step == 1 and size == step_bytes:
            content = self._archive.read_at(self._key, start + steps.start * step_bytes, size * len(steps))
        else:
            content = b"".join(self._archive.read_at(self._key, start + step * step_bytes, size) for step in steps)
        return np.frombuffer(bytearray(content), dtype=self._stored_dtype).reshape(shape)

    @cached_property
    def _offset(self) -> int:
        return self._archive.offset(self._key)

    @cached_property
    def _whole(self) -> np.ndarray:
        return self._archive.load(self._key).reshape(self.shape)
