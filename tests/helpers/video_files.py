"""Pictures for films, and what the bytes of an MP4 say; Python 3.8 suffices."""

from __future__ import annotations

import importlib
from fractions import Fraction
from pathlib import Path
from typing import Iterator

import numpy as np
from needs import require


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
