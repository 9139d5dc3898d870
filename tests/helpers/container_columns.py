"""Whole columns of a recording, read as FORMAT.md says with nothing of the package; for Python 3.8 too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from container_samples import PlainReader


class Columns:
    """A recording's folder. ends: rows of the terminals table. names: of the fields. steps: of each record."""

    def __init__(self, path: Path) -> None:
        reader = PlainReader(path)
        self.meta, self.ends, self.num_steps = reader.meta, reader.ends(), reader.num_steps
        self._fields = {field["name"]: field for field in self.meta["row"]["fields"]}
        self.names = list(self._fields)
        header = self.meta["frames"]["header_bytes"]
        self._records = b"".join(segment.read_bytes()[header:] for segment in reader.segments)
        self.steps = np.ndarray(self.num_steps, "<i8", self._records, 0, self.meta["frames"]["record_bytes"]).tolist()

    def __getitem__(self, name: str) -> np.ndarray:
        """(num_steps, num_envs, ...)."""
        frames, row, field = self.meta["frames"], self.meta["row"], self._fields[name]
        shape = (self.num_steps, self.meta["num_envs"], *field["shape"])
        inner = np.zeros(field["shape"], field["dtype"]).strides
        offset = frames["env_offset"] + field["offset"]
        return np.ndarray(shape, field["dtype"], self._records, offset, (frames["record_bytes"], row["bytes"], *inner))

    def term(self, name: str) -> np.ndarray:
        """(num_steps, num_envs) of one reward term."""
        return self["rew_terms"][..., self.meta["reward_terms"].index(name)]

    def last_state(self, end: dict, name: str) -> np.ndarray:
        """What a row of the terminals table has of a field."""
        field = self._fields[name]
        count = int(np.prod(field["shape"], dtype=int))
        return np.frombuffer(end["row"], field["dtype"], count, field["offset"]).reshape(field["shape"])
