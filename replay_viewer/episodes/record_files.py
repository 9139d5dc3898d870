"""Files of records, as they are written inside of simulators: ours, and those of Isaac Lab-Arena."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from ..container.json_object import MAX_DEPTH, is_deeper, with_whole_texts
from ..container.layout import MAX_LINE_BYTES
from ..episode_record import FILE_STEM, FILE_SUFFIX, EpisodeRecord, from_json
from ..errors import FileProblem, ReplayError
from ..files.regular import open_regular
from ..formats.find import is_folder_of_recordings
from .annotations import SUFFIX as ANNOTATIONS

_PATTERN = f"{FILE_STEM}*{FILE_SUFFIX}"
# Problems of one file that are told in full, and how many of its lines may be wrong.
_TOLD, _MAX_PROBLEMS = 3, 10_000
# Of lines that are too long, so many bytes are passed over.
_MOST_SKIPPED = 64 << 20


def is_record_file(path: Path) -> bool:
    """Whether a path that somebody names is one of these files."""
    return path.suffix == FILE_SUFFIX


def record_files_below(folder: Path) -> list[Path]:
    """Every file of records below a folder, sorted; what lies inside of recordings is none."""
    return sorted(_walk(folder))


def read_records(path: Path) -> tuple[list[EpisodeRecord], str]:
    """The records in a file as they stand there, and what is wrong with it; "" where nothing is.

    A last line without its end is what a process leaves that is killed, and no problem. Raises FileProblem where it
    cannot be read at all, or so many lines are wrong that it is something else.
    """
    records: list[EpisodeRecord] = []
    problems: list[str] = []
    for number, line in _lines(path):
        where = f"{path}, line {number}"
        try:
            if line is None:
                raise FileProblem(where, f"has more than {MAX_LINE_BYTES} bytes.")
            records.append(_record(line, where))
        except ReplayError as problem:
            if line is None or line.endswith(b"\n"):
                problems.append(str(problem))
        if len(problems) > _MAX_PROBLEMS:
            what = f"has more than {_MAX_PROBLEMS} lines that are no records; the first: {problems[0]}"
            raise FileProblem(path, what, "It is no file of records.")
    more = f" And {len(problems) - _TOLD} more lines." if len(problems) > _TOLD else ""
    return records, " ".join(problems[:_TOLD]) + more


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if is_folder_of_recordings(Path(parent, name))]
        named = (Path(parent, name) for name in files if not name.endswith(ANNOTATIONS))
        yield from (path for path in named if path.match(_PATTERN))


def _lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """The lines that are not empty, by number; None for one that is too long. Too much of such is an error."""
    left = _MOST_SKIPPED
    with open_regular(path) as file:
        for number in count(1):
            line = file.readline(MAX_LINE_BYTES)
            if not line:
                return
            if len(line) < MAX_LINE_BYTES or line.endswith(b"\n"):
                if line.strip():
                    yield number, line
                continue
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE_BYTES)
                left -= len(line)
                if left < 0:
                    what = f"has a line of more than {MAX_LINE_BYTES} bytes, and much more of such."
                    raise FileProblem(path, what, "It is no file of records.")
            yield number, None


def _no_number(_: str) -> None:
    """NaN and infinity, which are not JSON, are not known."""


def _record(line: bytes, where: str) -> EpisodeRecord:
    try:
        content = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise FileProblem(where, f"is not valid JSON: {error}.") from error
    if not isinstance(content, dict) or is_deeper(content, MAX_DEPTH):
        raise FileProblem(where, "is no JSON object, or nested too deeply.")
    # An escape may name half of a character, which nothing that shows it takes.
    return from_json(with_whole_texts(content) if b"\\ud" in line.lower() else content, where)


def from_here(records: Iterable[EpisodeRecord], path: Path) -> list[EpisodeRecord]:
    """The records in a file, with the paths of recordings that it names from its own folder as we name the file."""
    folder = path.parent
    return [
        record
        if record.recording is None
        else replace(record, recording=Path(os.path.normpath(folder / record.recording)).as_posix())
        for record in records
    ]


def filled(record: EpisodeRecord, other: EpisodeRecord) -> EpisodeRecord:
    """A record, with what is not known in it as another one of the same episode says it."""
    missing: dict[str, Any] = {
        name: value for name, value in vars(other).items() if vars(record)[name] in (None, {}) and value is not None
    }
    missing.pop("more", None)
    return replace(record, **missing, more={**other.more, **record.more})
