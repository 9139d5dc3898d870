"""Paths of files: names under which nothing is overwritten, and where the files lie that come with the package."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TypeVar

from .errors import FileProblem

Made = TypeVar("Made")

_PACKAGE = Path(__file__).resolve().parent
# A drive of Windows, such as C:, is one letter.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def local_path(path: str | Path) -> Path:
    """The path of a file on this machine, as somebody wrote it. Raises FileProblem for no name, or an address, such as s3://..."""
    if not str(path).strip():
        raise FileProblem(repr(str(path)), "is an empty name.", "Name a file or a folder; this one is '.'")
    address = _SCHEME.match(str(path))
    if address is None:
        return Path(path)
    scheme = address.group(1).lower()
    fix = "Leave out file://." if scheme == "file" else "Copy the file to this machine first, and give its path."
    raise FileProblem(path, f"addresses of {scheme}:// cannot be opened yet.", fix)


def numbered(path: Path) -> Iterator[Path]:
    """walk.rec, walk-2.rec, walk-3.rec, ... without end."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def free_path(path: Path) -> Path:
    """The first of the `numbered` names at which there is nothing yet, not even a link that leads nowhere."""
    return next(candidate for candidate in numbered(path) if not os.path.lexists(candidate))


def make_new(path: Path, make: Callable[[Path], Made]) -> Made:
    """What `make` makes at the first of the `numbered` names that is free; of two processes, each gets its own.

    It has to refuse a name that is taken: by FileExistsError, or by a FileProblem that comes from one.
    """
    while True:
        candidate = free_path(path)
        try:
            return make(candidate)
        except (FileExistsError, FileProblem) as error:
            # Another process may have taken the name in between.
            is_taken = isinstance(error, FileExistsError) or isinstance(error.__cause__, FileExistsError)
            if not (is_taken and os.path.lexists(candidate)):
                raise


def cache_folder() -> Path:
    """Where copies are kept that may be deleted at any time: REPLAY_VIEWER_CACHE, or in the user's cache."""
    stated = os.environ.get("REPLAY_VIEWER_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "replay-viewer"
    return Path(stated or base)


def asset(name: str) -> Path:
    """The path of a bundled file, for example "walk.rec" or "trotter/trotter.urdf".

    An installed package has them in its own folder, an editable install in the repository's. Raises FileProblem where
    neither has the file.
    """
    return _find(f"assets/{name}")


def demo_script(name: str) -> Path:
    """The path of the program that simulates and records a demo, "walk" or "push"; see `asset`."""
    return _find(f"examples/demo/{name}.py")


def _find(name: str) -> Path:
    places = [folder / name for folder in (_PACKAGE, _PACKAGE.parent)]
    for place in places:
        if place.exists():
            return place
    fix = "Install the package again: pip install --force-reinstall replay-viewer"
    raise FileProblem(places[0], "this file of the package is missing.", fix)
