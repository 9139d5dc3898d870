"""Pictures for films, and what an MP4 holds: as ffmpeg decodes it, and byte by byte. Python 3.8 suffices."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Iterator

import numpy as np
from needs import require


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
    """Look into a film; all of it is decoded, to count its frames."""
    ffmpeg = _ffmpeg()
    frames = ffmpeg.read_frames(os.path.abspath(path))
    meta = next(frames)
    frames.close()
    num_frames, _ = ffmpeg.count_frames_and_secs(os.path.abspath(path))
    size = (int(meta["source_size"][0]), int(meta["source_size"][1]))
    return VideoFacts(meta["codec"], meta["pix_fmt"], size, meta["fps"], meta["duration"], num_frames)


def read_frames(path: str | Path) -> Iterator[np.ndarray]:
    """The frames of a film, one after the other, (H, W, 3) uint8, sRGB."""
    frames = _ffmpeg().read_frames(os.path.abspath(path))
    width, height = next(frames)["size"]
    for frame in frames:
        yield np.frombuffer(frame, np.uint8).reshape(height, width, 3)


def needs_encoder() -> None:
    """Skip, or fail where nothing may be missing, without imageio-ffmpeg."""
    try:
        importlib.import_module("imageio_ffmpeg")
    except ImportError:
        require("imageio-ffmpeg is not installed (pip install imageio-ffmpeg)")


def moving_bar(num_frames: int, width: int = 160, height: int = 96) -> Iterator[np.ndarray]:
    """A slow gradient of colours over which a white bar walks, 4 pixels each frame; (height, width, 3) uint8."""
    y, x = np.mgrid[:height, :width]
    ground = np.stack([x * 200 // width, y * 200 // height, 200 - x * 200 // width], axis=-1).astype(np.uint8)
    for index in range(num_frames):
        picture = ground.copy()
        start = 4 * (index % (width // 4 - 1))
        picture[:, start : start + 8] = 255
        yield picture


def noise(num_frames: int, width: int = 320, height: int = 192) -> Iterator[np.ndarray]:
    """Pictures that cannot be made smaller."""
    random = np.random.RandomState(0)
    for _ in range(num_frames):
        yield random.randint(0, 256, (height, width, 3)).astype(np.uint8)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two pictures [dB]."""
    error = np.mean((a.astype(np.float64) - b) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-12)))


def atoms(data: bytes) -> dict[str, bytes]:
    """The atoms that stand side by side in a part of an MP4: their contents by name, in order."""
    found, start = {}, 0
    while start < len(data):
        size = int.from_bytes(data[start : start + 4], "big")
        assert size >= 8, "an atom of a size that these films do not have"
        found[data[start + 4 : start + 8].decode()] = data[start + 8 : start + size]
        start += size
    assert start == len(data), "the last atom is cut off"
    return found


def frame_times(path: Path) -> list[Fraction]:
    """How long each frame of a film is shown [s], exactly, by its index."""
    media = atoms(atoms(atoms(atoms(path.read_bytes())["moov"])["trak"])["mdia"])
    header = media["mdhd"]
    assert header[0] == 0, "times of 64 bits"
    timescale = int.from_bytes(header[12:16], "big")
    table = np.frombuffer(atoms(atoms(media["minf"])["stbl"])["stts"], ">u4")[2:].reshape(-1, 2)
    return [Fraction(int(ticks), timescale) for count, ticks in table for _ in range(count)]


def _ffmpeg() -> Any:
    return importlib.import_module("imageio_ffmpeg")
