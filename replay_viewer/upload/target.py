"""The target of an upload: somebody to whom films are handed."""

from __future__ import annotations

from typing import Callable, Protocol, Sequence

from ..clips.films import Film
from ..errors import FileProblem

# Says whether to wait no longer.
Asked = Callable[[], bool]


class Target(Protocol):
    """Films are handed over by one thread.

    Attributes:
        name: tells it from all other targets, now and after a restart.
        at_once: how many films are handed over together at most. Where that fails, they come again together.
    """

    name: str
    at_once: int

    def put(self, films: Sequence[Film], is_ending: Asked) -> None:
        """Hand films over; they are there when this returns.

        Args:
            films: complete ones, newest first, each of which can be read.
            is_ending: whether this should come to an end, since whoever waits for it waits now.

        Raises OddFilm for one that cannot be handed over; ReplayError where no further attempt helps; and whatever the
        target raises: then the same films are handed over once more, later.
        """
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


class OddFilm(FileProblem):
    """A film of which nothing can be made that a target takes; the others may be in order."""
