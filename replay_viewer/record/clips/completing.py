"""Films that come to their end: they get a name with their facts, under which nothing is overwritten."""

from __future__ import annotations

import json
import logging
import os
import re
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Mapping

from ...clip_record import ClipRecord, to_json
from ...episode_record import as_json
from ...errors import BadArgument, FileProblem
from ...film_names import CLIP_TEMPLATE, FILM_SUFFIX, file_name
from ...paths import make_new
from . import mp4

# In a line: the template of its name.
NAME = "name"
_PARTIAL_MARK = "-partial"
_messages = logging.getLogger("replay_viewer")


def partial_name(record: ClipRecord) -> str:
    """The name of a film while it is written."""
    what = record.camera or record.kind
    return f".{''.join(c if c.isalnum() else '_' for c in what)[:60]}.{record.clip}.partial{FILM_SUFFIX}"


def complete_film(folder: Path, partial: Path, record: ClipRecord) -> ClipRecord:
    """Give a film that is written its name, and what it says of itself; of one without a frame, nothing stays.

    Args:
        folder: of its manifest.
        partial: the path that it has.
        record: what is known of it.

    Returns:
        The record as it is from now on.

    Raises:
        FileProblem: it cannot be read or renamed; then it stays as it is.
    """
    try:
        frames = mp4.count_frames(partial)
        if frames == 0:
            partial.unlink()
            return replace(record, file=None, complete=True, frames=0, note=record.note or "not a single frame came")
        if record.last_step is None and record.first_step is not None:  # Its writer did not come to say it.
            record = replace(record, last_step=record.first_step + (frames - 1) * (record.stride or 1))
        record = named_film(folder, replace(record, frames=frames))
        path = folder / str(record.file)
        mp4.say(partial, path.stem, comment_of(record))
        os.replace(partial, path)
    except OSError as error:
        raise FileProblem(partial, f"cannot be completed: {error.strerror or error}.") from error
    return record


def named_film(folder: Path, record: ClipRecord) -> ClipRecord:
    """The record of a complete film, with a file that is this process's own from now on. May raise OSError."""
    wanted = folder / name_of(record)
    wanted.parent.mkdir(parents=True, exist_ok=True)
    path = make_new(wanted, _claimed)
    return replace(record, complete=True, file=path.relative_to(folder).as_posix())


def name_of(record: ClipRecord) -> str:
    """The name that a film's facts give it; that of an episode that was cut off says so."""
    key = record.key
    values = {
        **record.facts,
        **{name: key.get(name) for name in ("run", "job_name", "rebuild")},
        "recording": None if record.recording is None else Path(record.recording).stem,
        "experiment": record.experiment,
        "env": key.get("env_id"),
        "episode": key.get("episode_in_env"),
        "episodes": record.episodes,
        "rank": key.get("rank"),
        "camera": record.camera,
        "steps": record.frames,
        "pid": record.pid,
    }
    template = record.more.get(NAME)
    name = _filled_in(template if isinstance(template, str) else CLIP_TEMPLATE, values)
    stem, suffix = name[: -len(FILM_SUFFIX)], name[-len(FILM_SUFFIX) :]
    return f"{stem}{_PARTIAL_MARK}{suffix}" if record.partial else name


def comment_of(record: ClipRecord) -> str:
    """The record as the film itself has it, in as many bytes as are kept for that."""
    lean = replace(record, more={}, drawing=None)
    without_lists = replace(lean, facts={name: v for name, v in lean.facts.items() if not isinstance(v, (dict, list))})
    for candidate in (record, lean, without_lists, replace(lean, facts={})):
        text = json.dumps(to_json(candidate))
        if len(text) <= mp4.COMMENT_BYTES:
            return text
    return "{}"


def known(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Those facts that are known, as JSON has them."""
    return {name: as_json(value) for name, value in facts.items() if value is not None and value != {}}


def now() -> str:
    """UTC, ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _filled_in(template: str, values: Mapping[str, Any]) -> str:
    """The name by a template, or by the usual one where the facts do not fit it: a film is lost for no name."""
    try:
        name = file_name(template, values)
    except BadArgument as error:
        _messages.warning("%s Films are called as they usually are.", error)
        try:
            name = file_name(CLIP_TEMPLATE, values)
        except BadArgument:  # A text where it has a number.
            name = file_name(re.sub(r":[^{}]*(?=\})", "", CLIP_TEMPLATE), values)
    # A manifest may come from anywhere.
    return "/".join(part for part in name.split("/") if part not in ("", ".", "..")) or FILM_SUFFIX


def _claimed(path: Path) -> Path:
    """A path that is this process's own from now on, by an empty file. Raises FileExistsError."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    return path
