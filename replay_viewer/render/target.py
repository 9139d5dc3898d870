"""The target of films: their files, the names that files get in a folder, what happens to those that are there."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadArgument, FileProblem, UnknownName
from ..film_names import FIELDS, fields_in, file_name
from ..video.kinds import SUFFIXES as FILM_SUFFIXES
from .film import Film

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
_ALL_SUFFIXES = (*FILM_SUFFIXES, *PICTURE_SUFFIXES)
# Somebody wants a file of some kind, and not a folder of this name, as "videos.2" may be.
_LIKE_A_FILE = re.compile(r"\.[a-z][a-z0-9]{1,4}", re.IGNORECASE)

DEFAULT_TEMPLATE = "{recording}_seed{seed}_{episodes}eps.mp4"
SPLIT_TEMPLATE = "{recording}_seed{seed}_env{env}_ep{episode:03d}.mp4"


@dataclass(frozen=True)
class Target:
    """Where films are written to.

    Attributes:
        out: a file (.mp4, .webm or .gif, or .png and .jpg for a picture), or a folder in which files get their names;
            None for the current folder. A folder is made, but only in one that exists.
        name: template of the names in a folder, see `film_name`; None for one that fits.
        split: a file for each episode.
        overwrite: replace files that exist.
        resume: leave files that exist as they are; a file exists only when it is complete.

    Raises:
        BadArgument, FileProblem: what is asked for cannot be, or contradicts itself.
    """

    out: Path | None = None
    name: str | None = None
    split: bool = False
    overwrite: bool = False
    resume: bool = False

    def __post_init__(self) -> None:
        if self.overwrite and self.resume:
            raise BadArgument("--overwrite", "--resume", "one replaces files that exist, the other leaves them.")
        if self.out is not None:
            _check_place(self.out, is_file=self.file is not None)
        for option, value in (("--split", self.split), ("--name", self.name)):
            if value and self.file is not None:
                fix = "Give a folder instead, such as --out videos."
                raise FileProblem(self.out, f"is one file, and {option} is for files in a folder.", fix)

    @property
    def file(self) -> Path | None:
        """The one file that the user named, if it is one."""
        if self.out is None or self.out.is_dir():
            return None
        return self.out if self.out.suffix.lower() in _ALL_SUFFIXES else None

    @property
    def is_picture(self) -> bool:
        """Whether that file is a picture."""
        return self.file is not None and self.file.suffix.lower() in PICTURE_SUFFIXES

    @property
    def is_gif(self) -> bool:
        """Whether that file, or those of its template, are GIFs."""
        named = self.file or Path(self.name or "")
        return named.suffix.lower() == ".gif"

    def paths_of(self, films: Sequence[Film], subfolder: Path = Path()) -> list[Path]:
        """A path for each film, in a folder below `subfolder`.

        Raises:
            BadArgument, UnknownName: the template does not do, or gives two films one name.
        """
        if self.file is not None:
            return [self.file] * len(films)
        template = self.name or (SPLIT_TEMPLATE if self.split else DEFAULT_TEMPLATE)
        folder = (self.out or Path()) / subfolder
        # One file has one path, so that it is noticed where it would be written twice.
        paths = [Path(os.path.normpath(folder / film_name(template, film))) for film in films]
        twice = sorted(path for path, count in Counter(paths).items() if count > 1)
        if twice:
            raise BadArgument("--name", template, f"names several episodes {twice[0]}; add {{env}} and {{episode}}.")
        return paths

    def left(self, paths: Sequence[Path]) -> list[Path]:
        """Those of the paths that are still to be written. Raises FileProblem for one that may not be."""
        existing = [path for path in paths if path.exists()]
        if existing and not self.overwrite and not self.resume:
            fix = "Give --overwrite to replace it, or --resume to keep it and make what is missing."
            raise FileProblem(existing[0], "exists already.", fix)
        return [path for path in paths if self.overwrite or path not in existing]


def _check_place(out: Path, *, is_file: bool) -> None:
    """Raise FileProblem for a place where nothing is written: of another kind, or in a folder that does not exist."""
    if out.exists():
        return
    if not is_file and _LIKE_A_FILE.fullmatch(out.suffix):
        fix = f"Name a file of these kinds: {', '.join(_ALL_SUFFIXES)}; or a folder."
        raise FileProblem(out, f"no {out.suffix} can be made here.", fix)
    folder = out.parent if is_file else out
    if not folder.exists() and not folder.parent.exists():
        raise FileProblem(out, f"there is no folder {folder.parent}.", "Make it, or check its name.")


def film_name(template: str, film: Film) -> str:
    """The name of a film's file; see `film_names.file_name`.

    Fields are those of `film_names.FIELDS`, and whatever the recording states of its training, such as checkpoint; env,
    episode and outcome have a value where all that is shown has one; episodes and steps say how many.

    Raises:
        UnknownName: a field that there is not.
        BadArgument: a template that cannot be read or filled in.
    """
    values = _values(film)
    known = (*FIELDS, *sorted(values.keys() - set(FIELDS)))
    for name in fields_in(template):
        if name not in known:
            raise UnknownName("field", name, known, where="a file name's template")
    return file_name(template, values, spare=film.rollout.name)


def _values(film: Film) -> Mapping[str, Any]:
    """The fields of a template; None for one that has not one value for all that the film shows."""
    rollout, shots = film.rollout, film.shots
    episodes = [shot.episode for shot in shots if shot.episode is not None]
    return {
        **_stated(rollout.metadata),
        "recording": rollout.name,
        "env": _common([rollout.env_ids[shot.envs[0]] for shot in shots]),
        "episode": episodes[0].index if len(episodes) == 1 else None,
        "episodes": len(episodes) or None,
        "outcome": _common([episode.outcome for episode in episodes]),
        "steps": sum(len(shot.steps) for shot in shots),
    }


def _stated(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What a recording states of its training."""
    more = metadata.get("training_state")
    facts = {**(more if isinstance(more, Mapping) else {}), **metadata}
    return {name: value for name, value in facts.items() if isinstance(name, str) and name.isidentifier()}


def _common(values: list) -> int | str | None:
    """The one value of all, if it is one."""
    return values[0] if len(set(values)) == 1 else None
