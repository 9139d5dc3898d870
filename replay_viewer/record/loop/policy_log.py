"""A loop's log beside the simulator's state: the policy's observations and actions, and the info."""

from __future__ import annotations

import logging
from array import array
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from ...arrays import as_array
from ...errors import BadField, FileProblem
from ...npz.object_arrays import CLOSE_OBJECT_ARRAY, open_object_array, value_opcodes
from ...npz.write import NpzArray
from ..rows import Rows
from .env_and_policy import by_name
from .plain_info import plain_info

_BLOCK_BYTES = 1 << 20  # Read at a time.
_messages = logging.getLogger("replay_viewer")


class PolicyLog:
    """Keeps all of it in files beside a recording's own, so that memory does not grow with time.

    A call of `env.step` may make several control steps (a wrapper that repeats actions): they share one entry.

    Args:
        folder: where to make the files.
        rows: the recorded envs.
        num_envs: of the simulator; None for an environment without an axis of envs.
    """

    def __init__(self, folder: Path, rows: Rows, num_envs: int | None) -> None:
        self._folder, self._rows, self._num_envs = folder, rows, num_envs
        self._columns: dict[str, _ArrayFile] | None = None
        self._infos = _PickleFile(folder / "info.pickles", "info")
        self._last_steps = array("q")

    def before_step(self, obs: Any, action: Any) -> None:
        """Keep what the policy has seen and what it does.

        Raises:
            BadField: they are not as in the first step.
            FileProblem: the disk refuses.
        """
        values = {**by_name(obs), "act": action}
        with self._disk_named():
            if self._columns is None:
                self._columns = self._begin(values)
            for name, column in self._columns.items():
                column.append(self._recorded(values.get(name)))

    def after_step(self, info: Any, num_steps: int) -> None:
        """Keep what the step said.

        Args:
            info: as the step returned it.
            num_steps: control steps that were made so far.

        Raises:
            FileProblem: the disk refuses.
        """
        with self._disk_named():
            self._infos.append(plain_info(info, self._rows, self._num_envs))
        self._last_steps.append(num_steps)

    def close(self) -> None:
        """Have it all in the files. Raises FileProblem for a disk that refuses."""
        with self._disk_named():
            for column in (self._columns or {}).values():
                column.file.close()
            self._infos.file.close()

    def arrays(self, first: int, num_steps: int) -> Iterator[NpzArray]:
        """Everything over the control steps first, ..., first + num_steps - 1; after `close`."""
        # The entry of a control step; of one whose call never returned, the entry after the last.
        entries = np.searchsorted(np.asarray(self._last_steps), np.arange(first + 1, first + num_steps + 1))
        for column in (self._columns or {}).values():
            yield column.as_array(entries)
        yield self._infos.as_array(entries)

    @contextmanager
    def _disk_named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FileProblem(self._folder, f"cannot take what the policy sees and does: {error.strerror}.") from error

    def _begin(self, values: dict[str, Any]) -> dict[str, _ArrayFile]:
        columns = {}
        for index, (name, value) in enumerate(values.items()):
            rows = self._recorded(value)
            if rows is None:
                _messages.warning("%s: %r has no row of numbers for each env, so it is left out.", self._folder, name)
            else:
                columns[name] = _ArrayFile(self._folder / f"policy-{index}.bin", name, rows)
        return columns

    def _recorded(self, values: Any) -> np.ndarray | None:
        """The rows of the recorded envs (n, ...); None of what has no row of numbers for each env."""
        try:
            values = values if hasattr(values, "shape") else np.asarray(values)
            if self._num_envs is None:
                rows = as_array(values)[None]
            elif values.ndim == 0 or len(values) % self._num_envs:
                return None
            else:
                # Several agents may stand one below the other.
                per_env = len(values) // self._num_envs
                by_env = values if per_env == 1 else values.reshape((self._num_envs, per_env, *values.shape[1:]))
                rows = as_array(self._rows.of(by_env))
        except (TypeError, ValueError, AttributeError):  # No array can be made of it.
            return None
        return rows if rows.dtype.kind in "biuf" and rows.size else None


class _ArrayFile:
    """Arrays of one shape and type, one a call, in a file."""

    def __init__(self, path: Path, name: str, example: np.ndarray) -> None:
        self.file = open(path, "xb")  # noqa: SIM115 - closed with the log.
        self._name, self._shape, self._dtype = name, example.shape, example.dtype

    def append(self, values: np.ndarray | None) -> None:
        if values is None or values.shape != self._shape:
            found = "is missing" if values is None else f"has shape {values.shape}"
            raise BadField(self.file.name, self._name, f"{found} in this step, but had {self._shape} in the first.")
        self.file.write(values.astype(self._dtype, copy=False).tobytes())

    def as_array(self, entries: np.ndarray) -> NpzArray:
        """Entries of the file, which increase, some perhaps several times."""
        return NpzArray(self._name, (len(entries), *self._shape), self._dtype, lambda: self._pieces(entries))

    def _pieces(self, entries: np.ndarray) -> Iterator[bytes]:
        size = self._dtype.itemsize * int(np.prod(self._shape, dtype=np.int64))
        count = max(1, _BLOCK_BYTES // max(1, size))
        for block in (entries[start : start + count] for start in range(0, len(entries), count)):
            rows = np.fromfile(self.file.name, np.uint8, (block[-1] - block[0] + 1) * size, offset=block[0] * size)
            yield rows.reshape(-1, size)[block - block[0]].tobytes()


class _PickleFile:
    """Pickled entries, one a call, in a file."""

    def __init__(self, path: Path, name: str) -> None:
        self.file = open(path, "xb")  # noqa: SIM115 - closed with the log.
        self._name = name
        self._offsets = array("q", [0])

    def append(self, info: Any) -> None:
        self._offsets.append(self._offsets[-1] + self.file.write(value_opcodes(info)))

    def as_array(self, entries: np.ndarray) -> NpzArray:
        """Entries of the file; of a call that never returned nothing is known."""
        return NpzArray(self._name, (len(entries),), np.dtype(object), lambda: self._pieces(entries))

    def _pieces(self, entries: np.ndarray) -> Iterator[bytes]:
        yield open_object_array(len(entries))
        with open(self.file.name, "rb") as file:
            for entry in entries:
                if entry + 1 < len(self._offsets):
                    file.seek(self._offsets[entry])
                    yield file.read(self._offsets[entry + 1] - self._offsets[entry])
                else:
                    yield value_opcodes({})
        yield CLOSE_OBJECT_ARRAY
