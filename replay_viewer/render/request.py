"""Requests for videos and pictures: one object from the button, the command line or Python to the work on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadArgument
from ..replay.comparison import USUAL, Comparison
from ..rollout.rollout import Rollout
from .film import Film, Moment
from .selection import Selection, Shot, shots_of
from .target import Target
from .view import View

if TYPE_CHECKING:
    from ..formats import LoadOptions


@dataclass(frozen=True)
class Reading:
    """How recordings are read, where they do not say it themselves or say it wrongly; see `open_replay`.

    Attributes:
        urdf: the robots' description, instead of the recording's.
        package_dirs: folders in which `package://` names are looked up.
        options: what the user states about the file.
    """

    urdf: str | Path | None = None
    package_dirs: Sequence[str | Path] = ()
    options: LoadOptions | None = None


@dataclass(frozen=True)
class FilmRequest:
    """Films that are to be made of a recording, or of each one in a folder; a picture, where the target is one.

    Attributes:
        selection: which part of the recording they show.
        view: how it is shown.
        target: where they go.
        reading: how the recording is read, unless it is open already.
        workers: threads that draw; None for one on each processor. They do not change a pixel.
        comparison: how several recordings are put into one scene.

    Raises:
        BadArgument: a number of workers that cannot be, or one step as a film.
    """

    selection: Selection
    view: View
    target: Target
    reading: Reading = Reading()
    workers: int | None = None
    comparison: Comparison = USUAL

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise BadArgument("--workers", self.workers, "expected 1 or more.")
        if self.selection.step is not None and not self.target.is_picture:
            problem = "shows one picture; name a file for it, such as shot.png."
            raise BadArgument("--step", self.selection.step, problem)

    def films(self, rollout: Rollout, subfolder: Path = Path(), selection: Selection | None = None) -> dict[Path, Film]:
        """What is made of a recording: films by their paths, in a folder below `subfolder`. Raises ReplayError.

        selection: in the place of its own.
        """
        shots = shots_of(rollout, selection or self.selection)
        if self.target.is_picture:
            shots = [_beginning(shots[0])]
        parts = [[shot] for shot in shots] if self.target.split else [shots]
        view = self.view
        films = [Film(rollout, part, view.fps, view.speed, view.titles) for part in parts]
        return dict(zip(self.target.paths_of(films, subfolder), films, strict=True))


@dataclass(frozen=True)
class PictureRequest:
    """A picture of one moment of a recording.

    Attributes:
        moment: what is shown, as in a film.
        view: how it is shown; a picture has no use for fps and speed.
    """

    moment: Moment
    view: View


def _beginning(shot: Shot) -> Shot:
    """Its first step alone."""
    return Shot(shot.envs, shot.steps[:1], shot.episode)
