"""Annotations: what people note of episodes, in one file beside the recording, `run.rec.annotations.jsonl`.

A line is `{"time", "env_id", "episode", "step", "flag", "text"}`. What is null in it stays as an earlier line says, so
that a flag and a note that two people give at the same time are both kept; "" takes a flag or a note away. Nothing of
the file is ever changed: lines are appended.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..container.log import mend_last_line, read_lines, try_lock, write_line
from ..episode_record import as_integer
from ..errors import BadArgument, FileProblem
from ..files.regular import descriptor_of, read_regular
from ..theme import FLAG_SHADES

SUFFIX = ".annotations.jsonl"
# What the page offers; a file may have other words.
FLAGS = tuple(FLAG_SHADES)
MAX_FLAG, MAX_TEXT = 40, 2000
_MAX_BYTES = 64 << 20
# Another process appends a line within that time [s].
_PATIENCE, _POLL = 2.0, 0.01

# An episode within its recording: env_id, and its number within the env.
Place = tuple[int, int]


@dataclass(frozen=True)
class Annotation:
    """What is noted of an episode.

    Attributes:
        flag: a word, such as one of FLAGS; "" for none.
        text: the note; "" for none.
        step: of the recording, at which it was noted last; None where no line says.
        time: when it was noted last, UTC, ISO 8601.
    """

    flag: str = ""
    text: str = ""
    step: int | None = None
    time: str = ""


def annotations_path(recording: Path) -> Path:
    """The file of a recording's annotations, which need not exist."""
    return recording.with_name(recording.name + SUFFIX)


def read_annotations(recording: Path) -> dict[Place, Annotation]:
    """By episode, what is noted of it now; what is no annotation is skipped, as is a last line that is torn.

    Raises FileProblem where there is a file that cannot be read.
    """
    path = annotations_path(recording)
    try:
        content = read_regular(path, _MAX_BYTES)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise FileProblem(path, f"cannot be read: {error.strerror or error}.") from error
    found: dict[Place, Annotation] = {}
    for line in read_lines(content):
        env_id, episode = as_integer(line.get("env_id")), as_integer(line.get("episode"))
        if env_id is not None and episode is not None:
            found[env_id, episode] = _changed(found.get((env_id, episode), Annotation()), line)
    return {place: annotation for place, annotation in found.items() if annotation.flag or annotation.text}


def annotate(
    recording: Path,
    env_id: int,
    episode: int,
    *,
    step: int | None = None,
    flag: str | None = None,
    text: str | None = None,
) -> None:
    """Note something of an episode. None for what stays as it is, "" to take it away.

    Args:
        recording: beside which the file is.
        env_id: the simulator's index of the episode's env.
        episode: its number within the env, from 0 on.
        step: of the recording, that it is noted at.
        flag: a word.
        text: the note.

    Raises:
        BadArgument: the flag or the note is too long.
        FileProblem: the file cannot be written.
    """
    for name, value, limit in (("flag", flag, MAX_FLAG), ("note", text, MAX_TEXT)):
        if value is not None and len(value) > limit:
            raise BadArgument(name, f"of {len(value)} characters", f"is too long: at most {limit}.")
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    line = {"time": now, "env_id": env_id, "episode": episode, "step": step, "flag": flag, "text": text}
    path = annotations_path(recording)
    try:
        # No link is followed: a folder from elsewhere would choose which file is written to.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        fd = descriptor_of(path, flags, 0o644)
        try:
            _lock(fd, path)
            mend_last_line(fd)
            write_line(fd, line)
        finally:
            os.close(fd)
    except OSError as error:
        problem = f"cannot be written: {error.strerror or error}."
        raise FileProblem(
            path, problem, "Notes stand beside their recording: its folder has to be writable."
        ) from error


def _changed(before: Annotation, line: Mapping[str, Any]) -> Annotation:
    """What is noted of an episode after a further line of it."""
    flag, text, when = line.get("flag"), line.get("text"), line.get("time")
    step = as_integer(line.get("step"))
    return Annotation(
        flag=flag[:MAX_FLAG] if isinstance(flag, str) else before.flag,
        text=text[:MAX_TEXT] if isinstance(text, str) else before.text,
        step=before.step if step is None else step,
        time=when[:MAX_FLAG] if isinstance(when, str) else before.time,
    )


def _lock(fd: int, path: Path) -> None:
    """Wait for others that append: what they have half written must not be taken for a torn line."""
    end = time.monotonic() + _PATIENCE
    while not try_lock(fd):
        if time.monotonic() > end:
            raise FileProblem(path, "is being written by another process for too long.", "Try again.")
        time.sleep(_POLL)
