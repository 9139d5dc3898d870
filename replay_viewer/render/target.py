"""Which files films go to, and what happens to those that are there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadArgument, FileProblem
from .file_names import DEFAULT_TEMPLATE, SPLIT_TEMPLATE, file_name
from .film import Film
from .pictures import PICTURE_FORMATS, is_picture

FILM_SUFFIX = ".mp4"
# Somebody wants a file of this kind, and not a folder of this name.
_OTHER_SUFFIXES = (".avi", ".bmp", ".gif", ".m4v", ".mkv", ".mov", ".mpg", ".ogv", ".tif", ".tiff", ".webm", ".webp")


@dataclass(frozen=True)
class Target:
    """Where films are written to.

    Attributes:
        out: a file (.mp4, or .png and .jpg for a picture), or a folder in which files get their names; None for the
            current folder.
        name: template of the names in a folder, see `file_name`; None for one that fits.
        split: a file for each episode.
        overwrite: replace files that exist. resume: leave them as they are; a file exists only when it is complete.
    """

    out: Path | None = None
    name: str | None = None
    split: bool = False
    overwrite: bool = False
    resume: bool = False

    def __post_init__(self) -> None:
        if self.overwrite and self.resume:
            raise BadArgument("--overwrite", "--resume", "one replaces files that exist, the other leaves them.")
        if self.out is not None and self.out.suffix.lower() in _OTHER_SUFFIXES and not self.out.is_dir():
            known = ", ".join([FILM_SUFFIX, *PICTURE_FORMATS])
            raise FileProblem(self.out, "cannot be written.", f"Name a folder or a file of these kinds: {known}.")
        for option, value in (("--split", self.split), ("--name", self.name)):
            if value and self.is_file:
                fix = "Give a folder instead, such as --out videos."
                raise FileProblem(self.out, f"is one file, and {option} is for files in a folder.", fix)

    @property
    def is_file(self) -> bool:
        """Whether it is one file that the user named."""
        out = self.out
        return out is not None and not out.is_dir() and (out.suffix.lower() == FILM_SUFFIX or is_picture(out))

    @property
    def is_picture(self) -> bool:
        return self.is_file and self.out is not None and is_picture(self.out)

    def paths_of(self, films: Sequence[Film], subfolder: Path = Path()) -> list[Path]:
        """A path for each film, in a folder below `subfolder`.

        Raises:
            BadArgument, UnknownName: the template does not do, or gives two films one name.
        """
        if self.is_file and self.out is not None:
            return [self.out] * len(films)
        template = self.name or (SPLIT_TEMPLATE if self.split else DEFAULT_TEMPLATE)
        folder = (self.out or Path()) / subfolder
        # One file has one path, so that it is noticed where it would be written twice.
        paths = [Path(os.path.normpath(folder / file_name(template, film))) for film in films]
        twice = sorted({path for path in paths if paths.count(path) > 1}) if len(set(paths)) < len(paths) else []
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
