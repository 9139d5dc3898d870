"""`clear(folder)`: removes the films that this package wrote below a folder, and nothing that somebody still writes."""

from __future__ import annotations

import os
from pathlib import Path

from ..clip_record import is_partial
from ..container.log import try_lock
from ..errors import FileProblem
from ..files.regular import descriptor_of, open_regular
from ..paths import local_path
from .films import Film, films_of, manifests_below
from .manifest import Manifest

# In so many bytes at either end of a film is its index, with what its manifest says of it.
_INDEX_BYTES = 1 << 20


def clear(folder: str | Path) -> list[Path]:
    """Remove the films below a folder, and then their manifests.

    What stays: everything whose writer lives; files that a manifest names and that are not the films it tells of;
    recordings, since nothing recorded is ever lost, and the manifests that tell how films are to be drawn of them.

    Args:
        folder: where they are; it need not exist.

    Returns:
        The files that were removed.

    Raises:
        FileProblem: a file cannot be removed.
    """
    removed: list[Path] = []
    for path in list(manifests_below(local_path(folder))):
        try:
            fd = descriptor_of(path, os.O_RDWR)
        except (OSError, FileProblem):
            continue  # It was removed meanwhile, or is nobody's of ours.
        try:
            # Held until its films are removed: nobody takes them over meanwhile.
            if try_lock(fd):
                removed += _clear_manifest(path)
        except OSError as error:
            raise FileProblem(error.filename or path, f"cannot be removed: {error.strerror or error}.") from error
        finally:
            os.close(fd)
    return removed


def _clear_manifest(path: Path) -> list[Path]:
    manifest = Manifest(path)
    manifest.refresh()
    if manifest.problem:
        return []
    removed: list[Path] = []
    films = films_of(manifest)
    for film in films:
        if film.path is not None and is_ours(film):
            film.path.unlink()
            removed.append(film.path)
    # Of films that are still to be drawn it alone knows how.
    if len(removed) == len(films) and manifest.records:
        path.unlink()
        removed.append(path)
    return removed


def is_ours(film: Film) -> bool:
    """Whether the file is the film that its manifest tells of: the same is told by the file itself.

    Of one that was not written to its end, the name has to do, which nobody else gives.
    """
    assert film.path is not None, "there is a file"
    if not film.record.complete:
        return is_partial(film.path.name)
    name = film.record.clip.encode()
    try:
        with open_regular(film.path) as file:
            head = file.read(_INDEX_BYTES)
            file.seek(max(film.num_bytes - _INDEX_BYTES, 0))
            return name in head or name in file.read(_INDEX_BYTES)
    except (OSError, FileProblem):
        return False
