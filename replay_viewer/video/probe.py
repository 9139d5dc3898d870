"""What is in a film, as ffmpeg finds it."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from ..errors import FileProblem
from .encoder import find_ffmpeg


@dataclass(frozen=True)
class VideoFacts:
    """What ffmpeg says of a film.

    Attributes:
        codec: "h264".
        pixel_format: with what the film says of its colours, "yuv420p(tv, bt709)".
        size: width and height [px].
        fps: frames per second, rounded to hundredths.
        duration: [s], rounded to hundredths.
        num_frames: that can be decoded.
    """

    codec: str
    pixel_format: str
    size: tuple[int, int]
    fps: float
    duration: float
    num_frames: int


def probe_video(path: str | Path) -> VideoFacts:
    """Look into a film; all of it is decoded, to count its frames.

    Raises:
        FileProblem: there is no such file, it is no film, or imageio-ffmpeg is not installed.
    """
    library, frames, meta = _opened(Path(path))
    frames.close()
    num_frames, _ = library.count_frames_and_secs(os.path.abspath(path))
    size = (int(meta["source_size"][0]), int(meta["source_size"][1]))
    return VideoFacts(meta["codec"], meta["pix_fmt"], size, meta["fps"], meta["duration"], num_frames)


def read_frames(path: str | Path) -> Iterator[np.ndarray]:
    """The frames of a film, one after the other, (H, W, 3) uint8, sRGB.

    Raises:
        FileProblem: as for `probe_video`.
    """
    _, frames, meta = _opened(Path(path))
    width, height = meta["size"]
    for frame in frames:
        yield np.frombuffer(frame, np.uint8).reshape(height, width, 3)


def _opened(path: Path) -> tuple[Any, Any, dict[str, Any]]:
    """imageio_ffmpeg, its generator of frames, and what it says of the film."""
    if not path.is_file():
        raise FileProblem(path, "there is no such file.")
    find_ffmpeg(path)
    library = importlib.import_module("imageio_ffmpeg")
    frames = library.read_frames(os.path.abspath(path))
    try:
        return library, frames, next(frames)
    except (OSError, RuntimeError, KeyError, IndexError) as error:
        raise FileProblem(path, "is no film that ffmpeg reads.") from error
