"""A film that is written picture by picture, and plays as far as it was written, whatever becomes of its writer."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np

from ...errors import FileProblem
from ...video.encoder import Encoder
from ...video.kinds import clip_passes
from . import mp4


class StreamedFilm:
    """Hands pictures to an encoder of its own, which writes to the end what it was given when this process dies.

    Args:
        path: of the file, in a folder that exists.
        size: width and height of the film [px], or None for the pictures' own.
        rate: pictures per second.
        lock: a descriptor that the encoder holds open until the film is written; None for none.

    Attributes:
        path: of the file.
        num_frames: pictures so far.
        size: width and height of the pictures [px]; None before the first.

    Raises:
        FileProblem: the encoder cannot be started, or fails; by every method.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None, rate: Fraction, lock: int | None = None) -> None:
        self.path, self.num_frames = path, 0
        self._held = () if lock is None else (lock,)
        self.size: tuple[int, int] | None = None
        self._out_size, self._rate = size, rate
        self._encoder: Encoder | None = None
        self._first: np.ndarray | None = None
        self._is_static, self._process = True, os.getpid()

    @property
    def is_static(self) -> bool:
        """Whether all its pictures are the same, and there are several."""
        return self._is_static and self.num_frames > 1

    @property
    def is_black(self) -> bool:
        """Whether the first one is."""
        return self._first is not None and not self._first.any()

    def append(self, picture: np.ndarray) -> None:
        """Add the next picture (H, W, 3) uint8, all of one size."""
        height, width, _ = picture.shape
        if self.size is None:
            self._begin((width, height))
        if (width, height) != self.size:
            raise FileProblem(self.path, f"a picture is {width}x{height}, those before it are {self.size}.")
        assert self._encoder is not None
        self._encoder.write(np.ascontiguousarray(_padded(picture)).data)
        self.num_frames += 1
        if self._first is None:
            self._first = picture.copy()
        elif self._is_static:
            self._is_static = np.array_equal(self._first, picture)

    def finish(self) -> None:
        """Wait until the encoder has written all of it."""
        encoder, self._encoder = self._encoder, None
        if encoder is not None and os.getpid() == self._process:
            encoder.finish()

    def _begin(self, size: tuple[int, int]) -> None:
        self.size = size
        out_size = None if self._out_size is None else even(self._out_size)
        said = mp4.placeholder(mp4.TITLE_BYTES), mp4.placeholder(mp4.COMMENT_BYTES)
        passes = clip_passes(even(size), self._rate, self.path, *said, out_size=out_size)
        self._encoder = Encoder(self.path, passes, self._held)


def even(size: tuple[int, int]) -> tuple[int, int]:
    """The size [px] that a film has of pictures of this one: H.264 has even sizes."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2


def _padded(picture: np.ndarray) -> np.ndarray:
    """The picture with its last column or row repeated where it has an odd number of them."""
    height, width, _ = picture.shape
    if height % 2 == width % 2 == 0:
        return picture
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
