"""Films of the states that a training has recorded, of which its manifests say that they are still to be drawn."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..camera import Camera
from ..clip_record import ClipRecord, to_json
from ..clips.films import manifests_below
from ..clips.manifest import records_of
from ..container.log import wait_for_lock, write_line
from ..errors import FileProblem, ReplayError, printable
from ..files.regular import descriptor_of
from ..progress import Progress
from ..record.clips.adopting import adopt_below
from ..record.clips.completing import comment_of, named_film, partial_name
from ..record.clips.shelf import remove
from ..video.tags import copy_with_tags
from ..view_names import OVERLAYS
from .film_maker import Tell
from .render_video import render_video
from .view import View

# Of those who draw in a folder, one after the other does: each sees what is left.
_LOCK = ".drawing.lock"
_MAX_PIXELS = 1 << 24


def is_folder_of_clips(path: Path) -> bool:
    """Whether a training has made films in a folder, or below it."""
    return path.is_dir() and next(manifests_below(path), None) is not None


def draw_clips(
    folder: Path, workers: int | None = None, progress: Progress | None = None, tell: Tell | None = None
) -> list[Path]:
    """Draw the films below a folder that are still to be drawn, until there are no more.

    Those whose training lives no more are adopted first. A film that cannot be drawn keeps its states, and its record
    says why.

    Args:
        folder: of a run, or of all runs.
        workers: threads; None for one on each processor.
        progress: called with the video frames of the film that are done, and those there are.
        tell: called with a line about each film.

    Returns:
        What was written.

    Raises:
        FileProblem: nothing can be written there.
    """
    written: list[Path] = []
    try:
        fd = descriptor_of(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise FileProblem(folder, f"cannot be written in: {error.strerror or error}.") from error
    try:
        wait_for_lock(fd)
        failed: set[tuple[Path, str]] = set()
        while work := _next(folder, failed):
            manifest, record = work
            try:
                path = _draw(manifest, record, workers, progress)
                written.append(path)
                _say(tell, f"{printable(str(path))}: drawn")
            except (ReplayError, OSError) as error:
                failed.add((manifest, record.clip))
                _say(tell, f"{printable(str(manifest.parent / str(record.recording)))} failed: {printable(str(error))}")
    finally:
        os.close(fd)
    return written


def _next(folder: Path, failed: set[tuple[Path, str]]) -> tuple[Path, ClipRecord] | None:
    """A film that is to be drawn, and its manifest."""
    adopt_below(folder)
    for manifest in manifests_below(folder):
        with suppress(OSError):
            for record in records_of(manifest).values():
                is_ready = record.is_drawn_later and record.ended is not None
                if is_ready and (manifest, record.clip) not in failed:
                    return manifest, record
    return None


def _draw(manifest: Path, record: ClipRecord, workers: int | None, progress: Progress | None) -> Path:
    """Draw a film; its record is complete then."""
    folder = manifest.parent
    recording = folder / str(record.recording)
    drawn, tagged = folder / partial_name(record), folder / partial_name(replace(record, clip=f"{record.clip}-tagged"))
    frames: list[int] = []
    try:
        render_video(
            recording,
            drawn,
            **_options(record.drawing or {}),
            fps=record.fps,
            titles=False,
            overwrite=True,
            workers=workers,
            progress=_counting(frames, progress),
        )
        complete = named_film(folder, _with_facts(record, frames[-1]))
        path = folder / str(complete.file)
        copy_with_tags(drawn, tagged, path.stem, comment_of(complete))
        if records_of(manifest)[record.clip].complete:  # It was removed meanwhile, since there were too many.
            path.unlink()
            raise FileProblem(recording, "was removed while it was drawn.")
        os.replace(tagged, path)
    finally:
        for partial in (drawn, tagged):
            with suppress(OSError):
                partial.unlink()
    if (record.drawing or {}).get("keep_states") is False:
        remove(recording)
        complete = replace(complete, recording=None)
    _append(manifest, complete)
    return path


def _with_facts(record: ClipRecord, frames: int) -> ClipRecord:
    """The record with what is known of a film that is drawn, and what a writer that died did not come to say."""
    last_step = (record.first_step or 0) + frames - 1 if record.last_step is None else record.last_step
    size = _size((record.drawing or {}).get("size")) or View.size
    return replace(record, frames=frames, last_step=last_step, size=size, episodes=record.episodes or 1)


def _append(manifest: Path, record: ClipRecord) -> None:
    """Write a film's record behind those that its writer, which may live, writes there."""
    fd = descriptor_of(manifest, os.O_RDWR | os.O_APPEND)
    try:
        write_line(fd, to_json(record))
    finally:
        os.close(fd)


def _options(drawing: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest says of how it is drawn, as `render_video` takes it; what makes no sense is left out."""
    options: dict[str, Any] = {"size": _size(drawing.get("size"))}
    if isinstance(drawing.get("env"), int):
        options["env"] = drawing["env"]
    envs = drawing.get("envs")
    if isinstance(envs, list) and all(isinstance(env, int) for env in envs):
        options["envs"] = envs
    if drawing.get("overlay") in OVERLAYS:
        options["overlay"] = drawing["overlay"]
    camera: Camera | None = drawing.get("camera")
    return {**options, "camera": camera if isinstance(camera, str) else View.camera}


def _size(value: Any) -> tuple[int, int] | None:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(side, int) and side > 0 for side in value):
        width, height = value
        return (width, height) if width * height <= _MAX_PIXELS else None
    return None


def _counting(frames: list[int], progress: Progress | None) -> Callable[[int, int], None]:
    def count(done: int, total: int) -> None:
        frames[:] = [total]
        if progress is not None:
            progress(done, total)

    return count


def _say(tell: Tell | None, line: str) -> None:
    if tell is not None:
        tell(line)
