"""What a model is exported to, kept where it is recorded again and again, as a training is that is filmed."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from .trees import export_trees

# By model, its last export, which is kept; None where it was exported once, and perhaps never will be again.
_kept: weakref.WeakKeyDictionary[Any, Export | None] = weakref.WeakKeyDictionary()


class Export:
    """Everything that moves in a model, as URDFs in a temporary folder, which goes when nobody has this any more.

    Attributes:
        trees: what was exported.
        notes: what is not as in the model, a sentence each.
        is_kept: whether the folder stays after `close`.
    """

    def __init__(self, model: Any, groups: Sequence[int], *, is_kept: bool) -> None:
        self.is_kept, self._groups = is_kept, groups
        folder = Path(tempfile.mkdtemp(prefix="replay-viewer-"))
        # At once: also where the export fails, or no recording can be made.
        self._remove = weakref.finalize(self, _remove, folder, os.getpid())
        noted = _Noted(model)
        self.trees, self.notes = export_trees(noted, folder, groups)
        self._seen, self._digest = noted.names, _digest(model, noted.names)
        self._files = list(folder.rglob("*"))

    def is_of(self, model: Any, groups: Sequence[int]) -> bool:
        """Whether the model would be exported to the same files, and they are still there."""
        is_same = groups == self._groups and _digest(model, self._seen) == self._digest
        return is_same and all(map(os.path.exists, self._files))

    def close(self) -> None:
        """The recording has its copies."""
        if not self.is_kept:
            self._remove()


def export_of(model: Any, groups: Sequence[int]) -> Export:
    """The export of a model; from the second time on the same one, as long as the model lives and looks as it did."""
    kept = _kept.get(model)
    if kept is not None and kept.is_of(model, groups):
        return kept
    export = Export(model, groups, is_kept=model in _kept)
    _kept[model] = export if export.is_kept else None
    return export


class _Noted:
    """A model that notes which of its arrays and numbers are read, so that an export is known by all that it shows."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.names: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._model, name)
        if not callable(value):  # What gives names, which stay as they were compiled.
            self.names.add(name)
        return value


def _digest(model: Any, names: set[str]) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(names):
        found.update(np.ascontiguousarray(getattr(model, name)).data)
    return found.digest()


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # They are not those of a process that was forked since.
        shutil.rmtree(folder, ignore_errors=True)
