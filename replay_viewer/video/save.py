"""Films of pictures that are already there: `save_video(frames, path)`."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping

import numpy as np

from ..errors import BadArgument, FileProblem, StaticFilm
from ..progress import ProgressBar, duration
from .images import as_rgb, described
from .writer import VideoWriter


def save_video(frames: Any, path: str | Path, fps: float = 30, *, allow_static: bool = False) -> Path:
    """Write frames to an MP4, a WebM or a GIF, one at a time: an iterator may be of any length.

        save_video(frames, "walk.mp4", fps=50)
        save_video(collect_frames_from_env(env, policy), "walk.mp4")

    Args:
        frames: an array or tensor (T, H, W, 3 or 4) or (T, 3 or 4, H, W), or a list or an iterator of single pictures,
            as `images.as_rgb` takes them: of uint8, or of floats from 0 to 1. Alpha is left out.
        path: ends in .mp4, .webm or .gif; missing folders are made, a file of this name is replaced once the film is
            complete.
        fps: frames per second, fractions too; of a GIF, 50 at most.
        allow_static: write the film even if all its frames are the same.

    Returns:
        The path.

    Raises:
        BadArgument: frames or fps are none.
        StaticFilm: all frames are the same, as those of a simulator without a display are.
        FileProblem: there are no frames, the file cannot be written, or imageio-ffmpeg is not installed.
    """
    pictures = _pictures(_checked(frames))
    path = Path(path)
    first = next(pictures, None)
    if first is None:
        raise FileProblem(path, "there are no frames to write.")
    total = len(frames) if hasattr(frames, "__len__") else None
    film = chain([first], pictures)
    height, width, _ = first.shape
    bar = ProgressBar(_describe)
    try:
        with VideoWriter(path, (width, height), fps) as video:
            for picture in film if allow_static else _moving(film, path):
                video.append(picture)
                if total is not None:
                    bar.show(video.num_frames, total)
    finally:
        bar.end()
    return path


def _pictures(frames: Iterable[Any]) -> Iterator[np.ndarray]:
    """The frames as pictures (H, W, 3) of uint8, all of one size."""
    for index, frame in enumerate(frames):
        picture = as_rgb(frame, f"frame {index}")
        if index == 0:
            shape = picture.shape
        elif picture.shape != shape:
            raise BadArgument(f"frame {index}", described(frame), f"the frames before it are {shape[:2]}.")
        yield picture


def _checked(frames: Any) -> Iterable[Any]:
    expected = "expected (T, H, W, 3 or 4), (T, 3 or 4, H, W), or a list or an iterator of pictures"
    if hasattr(frames, "shape") and len(frames.shape) != 4:
        raise BadArgument("frames", described(frames), f"{expected}.")
    if isinstance(frames, (str, bytes, Path, Mapping)) or not hasattr(frames, "__iter__"):
        raise BadArgument("frames", described(frames), f"{expected}.")
    return frames


def _moving(pictures: Iterable[np.ndarray], path: Path) -> Iterator[np.ndarray]:
    """The pictures; raises StaticFilm after the last if all are the same."""
    first = None
    count, is_static = 0, True
    for picture in pictures:
        count += 1
        if first is None:
            first = picture.copy()  # Simulators reuse their buffers.
        elif is_static:
            is_static = np.array_equal(picture, first)
        yield picture
    if first is not None and is_static and count > 1:
        raise StaticFilm(path, count, is_black=not first.any())


def _describe(done: int, total: int, seconds: float) -> str:
    rate = done / max(seconds, 1e-9)
    return f"{done} frames, {rate:.0f} frames/s, {duration((total - done) / rate)} left"
