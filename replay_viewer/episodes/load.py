"""Loading of episodes: what lies at some paths is found, and a record is made of every episode in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from ..episode_record import EpisodeRecord
from ..errors import FileProblem, ReplayError
from ..formats import load_rollout
from ..formats.find import has_recordings, is_folder_of_recordings, recordings_below
from ..paths import local_path
from .derive import records_of
from .episodes import Episodes


def load_episodes(paths: str | Path | Sequence[str | Path]) -> Episodes:
    """The episodes of recordings, and of all recordings below folders, in the order of their paths.

    A recording that cannot be read is one of `problems`, and the others are read all the same.

    Args:
        paths: of recordings, and of folders of them.

    Raises:
        FileProblem: at one of the paths is nothing, or no recording is below it.
    """
    chosen = [paths] if isinstance(paths, str | Path) else paths
    recordings = dict.fromkeys(recording for path in chosen for recording in _recordings_at(local_path(path)))
    records: list[EpisodeRecord] = []
    problems: dict[str, str] = {}
    for recording in recordings:
        try:
            with closing(load_rollout(recording)) as rollout:
                records += records_of(rollout)
        except (ReplayError, OSError) as error:
            problems[str(recording)] = str(error)
    return Episodes(records, problems)


def _recordings_at(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise FileProblem(path, "there is no such file.")
    if not is_folder_of_recordings(path):
        yield path
    elif has_recordings(path):
        yield from recordings_below(path)
    else:
        raise FileProblem(path, "has no recording in it or below it.")
