"""Films of pictures that are there while the simulation runs: each goes to an encoder at once."""

from __future__ import annotations

import logging
from dataclasses import replace
from fractions import Fraction
from typing import Any, Mapping

import numpy as np

from ...clip_record import ClipRecord
from ...errors import ReplayError
from .completing import NAME
from .film import StreamedFilm, even
from .filming import Take
from .shelf import Shelf

_messages = logging.getLogger("replay_viewer")


class FilmSeries:
    """The films of one camera, one take after the other.

    Args:
        shelf: takes them.
        kind: "camera" or "viewport".
        camera: its name; None for the viewport.
        rate: frames per second.
        stride: control steps from one frame to the next.
        size: width and height of the films [px]; None for the pictures' own.
        name: template of their names.
        experiment: what the training is called.
    """

    def __init__(
        self,
        shelf: Shelf,
        kind: str,
        camera: str | None,
        rate: Fraction,
        stride: int,
        size: tuple[int, int] | None,
        name: str,
        experiment: str | None = None,
    ) -> None:
        self._shelf, self._size, self._rate = shelf, size, rate
        self._facts = {
            "kind": kind,
            "camera": camera,
            "stride": stride,
            "fps": float(rate),
            "experiment": experiment,
            "more": {NAME: name},
        }
        # By the position of the env; of films that go no further, why.
        self._open: dict[int, tuple[ClipRecord, StreamedFilm]] = {}
        self._lost: dict[int, str] = {}

    def append(self, take: Take, picture: np.ndarray) -> None:
        """Add a frame to the film of a take, which begins with the first one."""
        if take.slot in self._lost:
            return
        try:
            if take.slot not in self._open:
                first_step = take.first_step if take.last_step is None else take.last_step
                known = {"key": take.key, "facts": take.facts, "first_step": first_step}
                size = even(self._size or (picture.shape[1], picture.shape[0]))
                record = self._shelf.begin(**known, size=size, **self._facts)
                self._open[take.slot] = (record, self._shelf.film_of(record, self._size, self._rate))
            self._open[take.slot][1].append(picture)
        except ReplayError as error:
            # This film goes no further; the next one may.
            self._lost[take.slot] = f"it ended early, at step {take.last_step} ({getattr(error, 'problem', error)})"
            _messages.error("%s The simulation goes on without this film.", error)

    def end(self, take: Take, facts: Mapping[str, Any], is_partial: bool) -> None:
        """The film of a take has its last frame."""
        problem = self._lost.pop(take.slot, "") or take.problem
        found = self._open.pop(take.slot, None)
        if found is not None:
            record, film = found
            last_step = take.last_step
            if problem:  # Of those that the episode has had since, none is in the film.
                last_step = (record.first_step or 0) + (film.num_frames - 1) * (record.stride or 1)
            experiment = facts.get("experiment", record.experiment)
            self._shelf.complete(
                replace(
                    record,
                    partial=is_partial or bool(problem),
                    episodes=max(1, len(take.episodes)),
                    last_step=last_step,
                    frames=film.num_frames,
                    experiment=None if experiment is None else str(experiment),
                    facts=facts,
                    note=problem or None,
                ),
                film,
            )
