"""One step of all envs as the words that a recording holds."""

from __future__ import annotations

from typing import Mapping

import numpy as np

from .fields import StructSpec


class PackedStep:
    """Puts a block of gathered fields, and what was logged beside them, where a recording has them.

    Args:
        row: the recording's fields.
        num_envs: rows of a step.
        columns: where each gathered field lies in a block's rows; those that are logged instead are left out.
    """

    def __init__(self, row: StructSpec, num_envs: int, columns: Mapping[str, slice]) -> None:
        self.words = np.zeros((num_envs, row.num_bytes // 4), np.float32)
        rows = np.ndarray((num_envs,), row.dtype, self.words)
        self._views = {field.name: rows[field.name] for field in row.fields}
        self._sources = _neighbours(np.concatenate([np.arange(c.start, c.stop) for c in columns.values()]))
        self._places = _neighbours(np.concatenate([_places(row, name, columns[name]) for name in columns]))
        self._are_flags_set = False

    @property
    def rewards(self) -> np.ndarray | None:
        """(num_envs,) or (num_envs, num_agents) of the step, where rewards are recorded."""
        return self._views.get("rew")

    def fill(
        self, block: np.ndarray, signals: Mapping[str, np.ndarray], terms: np.ndarray, flags: np.ndarray | None
    ) -> None:
        """Take over one step.

        Args:
            block: (num_envs, width) of float32.
            signals: (num_envs, ...) by name, in place of a gathered field of that name if there is one.
            terms: (num_envs, ..., num_logged_terms), which stand behind the gathered ones.
            flags: (num_envs,) uint32; None for all zero.
        """
        self.words[:, self._places] = block[:, self._sources]
        for name, values in signals.items():
            self._views[name][...] = values
        if terms.shape[-1]:
            self._views["rew_terms"][..., -terms.shape[-1] :] = terms
        if flags is not None or self._are_flags_set:
            self._views["flags"][...] = 0 if flags is None else flags
            self._are_flags_set = flags is not None


def _places(row: StructSpec, name: str, columns: slice) -> np.ndarray:
    """The words of a row that hold a gathered field; of the terms, those that were gathered come first."""
    shape = row.by_name[name].shape or (1,)
    words = row.offsets[name] // 4 + np.arange(np.prod(shape)).reshape(shape)
    num_gathered = (columns.stop - columns.start) * shape[-1] // words.size
    return words[..., :num_gathered].reshape(-1)


def _neighbours(places: np.ndarray) -> slice | np.ndarray:
    """The places as a slice where they follow each other, which is copied faster."""
    first, last = int(places[0]), int(places[-1]) + 1
    return slice(first, last) if np.array_equal(places, np.arange(first, last)) else places
