"""The record of a film of a training run, as one line of JSON in a manifest.

Simulators write manifests, and libraries of films are read out of them, so this runs on Python 3.8.

A manifest belongs to one writer, `clips-<host>-<pid>-<token>.clips.jsonl` in the directory of the run. Its writer holds
a lock on it for as long as it lives, and writes {"closed": true} where it comes to its end; behind that, states may
still be drawn. Of several lines with one `clip`, the last one counts: a film is begun, and later complete.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field, fields
from typing import Any, Callable, Iterable, Mapping

from .episode_record import Key, as_integer, as_json
from .errors import BadField

MANIFEST_STEM, MANIFEST_SUFFIX = "clips", ".clips.jsonl"
# In a line of a manifest whose writer has come to its end, or was followed by who has adopted its films.
CLOSED = "closed"
KINDS = ("viewport", "camera")
# Names of what tells an episode from every other one, as in its own record.
KEY_NAMES = ("run", "job_name", "rebuild", "rank", "env_id", "episode_in_env")
# A film that is written has a name that no player's list shows: .robot-cam.4711-3f2a.partial.mp4
_PARTIAL = re.compile(r"\..*\.partial\.mp4")


@dataclass(frozen=True)
class ClipRecord:
    """A film; what is not known is None.

    Attributes:
        clip: tells it from the other films of its manifest.
        file: its path from the manifest's folder, with forward slashes; while it is written, the partial one's. None of
            a film that is still to be drawn from recorded states.
        kind: "viewport", the scene as a spectator sees it, or "camera", what one of the robot's cameras saw.
        complete: whether nobody writes it any more, and it may be shown.
        partial: whether the episode goes on after its end: it was cut off, by whatever.
        camera: name of the camera.
        key: values of `KEY_NAMES` of the (first) episode; what is not known may be missing.
        episodes: how many consecutive ones it shows.
        recording: the path of the recording of its states, as `file` has it.
        first_step: the first control step that it shows: in the recording, or else since the writer began.
        last_step: the last one.
        stride: control steps from one frame to the next.
        fps: frames per second.
        size: width and height [px].
        frames: how many.
        experiment: what the training is called.
        facts: of the training and of the episode, by the names that `set_training_state` and `EpisodeRecord` have.
        started: when its first frame was taken, UTC, ISO 8601.
        ended: when its last one was.
        pid: of the process.
        host: where that ran.
        note: what somebody who looks at it has to know.
        drawing: how it is drawn from its recording: options of `render`, by name.
        more: whatever else the line has, by name.
    """

    clip: str
    file: str | None
    kind: str
    complete: bool = False
    partial: bool = False
    camera: str | None = None
    key: Mapping[str, Any] = field(default_factory=dict)
    episodes: int | None = None
    recording: str | None = None
    first_step: int | None = None
    last_step: int | None = None
    stride: int | None = None
    fps: float | None = None
    size: tuple[int, int] | None = None
    frames: int | None = None
    experiment: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    started: str | None = None
    ended: str | None = None
    pid: int | None = None
    host: str | None = None
    note: str | None = None
    drawing: Mapping[str, Any] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def episode_key(self) -> Key:
        """As `EpisodeRecord.key` has it."""
        return tuple(self.key.get(name) for name in KEY_NAMES)

    @property
    def is_drawn_later(self) -> bool:
        """Whether its states are recorded, and there is no film of them yet."""
        return self.file is None and self.recording is not None and not self.complete


_NAMES = tuple(entry.name for entry in fields(ClipRecord) if entry.name != "more")


def is_manifest(name: str) -> bool:
    """Whether a file of this name is one."""
    return name.startswith(f"{MANIFEST_STEM}-") and name.endswith(MANIFEST_SUFFIX)


def is_partial(name: str) -> bool:
    """Whether a file of this name is a film that somebody writes, or has not come to write to its end."""
    return _PARTIAL.fullmatch(os.path.basename(name)) is not None


def to_json(record: ClipRecord) -> dict[str, Any]:
    """The record as JSON-ready data, without what is not known."""
    content = {name: as_json(value) for name, value in vars(record).items() if name != "more"}
    content.update((name, as_json(value)) for name, value in record.more.items() if name not in content)
    return {name: value for name, value in content.items() if value is not None and value != {}}


def to_line(record: ClipRecord) -> str:
    """The record as a line of JSON, with its end of line."""
    return json.dumps(to_json(record)) + "\n"


def from_json(data: Mapping[str, Any], where: object) -> ClipRecord:
    """The record that a line holds, whoever has written it; what is not of the type that it should be is not known.

    Raises BadField where it does not say which film it is of, or names a file outside of the manifest's folder.
    """
    for name in ("clip", "kind"):
        if not isinstance(data.get(name), str):
            raise BadField(where, name, "is missing, or no text.")
    for name in ("file", "recording"):
        if not _is_inside(data.get(name), may_climb=name == "recording"):
            raise BadField(where, name, f"is {data[name]!r}, expected a path from the manifest's folder.")
    read = {name: _AS_TYPE[name](data[name]) for name in _NAMES if name in data}
    known = {name: value for name, value in read.items() if value is not None}
    more = {name: value for name, value in data.items() if name not in _NAMES}
    return ClipRecord(**{"file": None, **known, "more": more})


def newest(lines: Iterable[Mapping[str, Any]], where: object) -> dict[str, ClipRecord]:
    """The films that the lines of a manifest tell of, by `clip`, in the order in which they were begun.

    Lines that do not say what they are of are skipped.
    """
    found: dict[str, ClipRecord] = {}
    for line in lines:
        try:
            record = from_json(line, where)
        except BadField:
            continue
        found[record.clip] = record
    return found


def _is_inside(path: Any, *, may_climb: bool) -> bool:
    """Whether a path is none, or leads from the manifest's folder down; that of a recording may lead up first."""
    if path is None:
        return True
    if not isinstance(path, str) or not path or "\0" in path or "\\" in path or path.startswith("/") or ":" in path:
        return False
    return may_climb or ".." not in path.split("/")


def _as_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _as_truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _as_mapping(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


def _as_rate(value: Any) -> float | None:
    is_rate = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1000
    return float(value) if is_rate else None


def _as_size(value: Any) -> tuple[int, int] | None:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return None
    width, height = map(as_integer, value)
    return None if width is None or height is None or min(width, height) < 1 else (width, height)


_AS_TYPE: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_NAMES, _as_text),
    **dict.fromkeys(("complete", "partial"), _as_truth),
    **dict.fromkeys(("episodes", "first_step", "last_step", "stride", "frames", "pid"), as_integer),
    **dict.fromkeys(("key", "facts", "drawing"), _as_mapping),
    "fps": _as_rate,
    "size": _as_size,
}
