"""The numbers of a rollout that a user's format opened: what fails when they are read is told with its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..errors import FileProblem, ReplayError
from ..rollout.fields import Field
from ..rollout.rollout import Source


class UserSource:
    """A `Source` whose reads raise FileProblem with the names of file and format, in the place of anything else."""

    def __init__(self, source: Source, format: str, path: Path) -> None:
        self._source, self._format, self._path = source, format, path

    @property
    def fields(self) -> Mapping[str, Field]:
        return self._source.fields

    @property
    def num_steps(self) -> int:
        return self._source.num_steps

    @property
    def num_envs(self) -> int:
        return self._source.num_envs

    def read(self, name: str, steps: slice, envs: Sequence[int]) -> np.ndarray:
        with told_of(self._format, self._path):
            return self._source.read(name, steps, envs)

    def read_terminal(self, name: str, row: int) -> np.ndarray:
        with told_of(self._format, self._path):
            return self._source.read_terminal(name, row)

    def close(self) -> None:
        with told_of(self._format, self._path):
            self._source.close()


@contextmanager
def told_of(format: str, path: Path) -> Iterator[None]:
    """What a user's format raises in the block becomes a FileProblem that names it; ReplayError and OSError pass."""
    try:
        yield
    except (ReplayError, OSError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise FileProblem(path, f"the format '{format}' failed with {type(error).__name__}: {reason}") from error
