"""The writer of films, picture by picture: `with VideoWriter(path, size, fps) as video: video.append(image)`."""

from __future__ import annotations

import operator
import os
import secrets
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadArgument, FileProblem
from .encoder import Encoder, find_ffmpeg
from .images import described
from .kinds import MAX_GIF_FPS, SUFFIXES, passes

_MAX_FPS = 1000
# 1 / 0.03 as a float becomes 100/3 again: the rates of films are fractions.
_MAX_DENOMINATOR = 10**5


class VideoWriter:
    """An MP4 (H.264), a WebM (VP9) or a GIF of pictures that are given one at a time and not kept.

        with VideoWriter("walk.mp4", size=(1280, 720), fps=30) as video:
            for image in images:
                video.append(image)

    While it is written the film has a temporary name beside its own, which it gets when it is complete; a file of that
    name is replaced. An exception, Ctrl-C, a full disk or an encoder that dies leaves nothing.

    Args:
        path: ends in .mp4, .webm or .gif; missing folders are made. A GIF loops, and is for a few small pictures.
        size: width and height of the pictures [px]. H.264 has even sizes: of odd ones, the last column or row is
            repeated.
        fps: pictures per second, fractions too: 12.5 is exact, 29.97 is 2997/100, and NTSC's is Fraction(30000, 1001).
            Of a GIF, 50 at most.
        crf: constant rate factor of x264, from 0, the best, to 51. At 18, no loss is seen. For VP9 it is scaled; a GIF
            has none.
        planar: whether pictures are given as films have them: the planes of YUV 4:2:0 (ITU-R BT.709, limited range).
            Who has them saves the encoder a third of its work. Not for a GIF.

    Attributes:
        path: of the film.
        num_frames: pictures until now.

    Raises:
        BadArgument: no such size, fps or crf; planes of a GIF.
        FileProblem: it cannot be written here, or imageio-ffmpeg is not installed.
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        fps: float | Fraction = 30,
        *,
        crf: float = 18,
        planar: bool = False,
    ) -> None:
        self.path, self.num_frames = Path(path), 0
        self._size, self._rate, self._crf, self._planar = _checked_size(size), frame_rate(fps), crf, planar
        width, height = self._size
        self._even_size = width + width % 2, height + height % 2
        if not 0 <= crf <= 51:
            raise BadArgument("crf", crf, "expected 0, the best, to 51.")
        suffix = self.path.suffix.lower()
        if suffix not in SUFFIXES:
            raise FileProblem(self.path, "is no film that can be made here.", f"Let it end in {', '.join(SUFFIXES)}.")
        if suffix == ".gif" and self._rate > MAX_GIF_FPS:
            raise BadArgument("fps", fps, f"a GIF has at most {MAX_GIF_FPS} pictures per second.")
        if suffix == ".gif" and planar:
            raise BadArgument("planar", planar, "a GIF has the pictures' own colours.")
        if os.path.isdir(self.path):
            raise FileProblem(self.path, "is a folder.", "Name a file in it.")
        find_ffmpeg(self.path)  # Told before hours of rendering.
        # A folder: once it is removed, no encoder can make a file in it any more, whenever the interrupt came. Beside
        # the film, so that no bytes are moved.
        self._folder = self.path.with_name(f".{self.path.stem}.{secrets.token_hex(4)}.partial")
        self._partial = self._folder / f"film{suffix}"
        self._encoder: Encoder | None = None
        self._owner = os.getpid()

    def __enter__(self) -> VideoWriter:
        try:
            self._open()
            return self
        except BaseException:
            self._discard()
            raise

    def __exit__(self, kind: Any, *_: object) -> None:
        if os.getpid() != self._owner:
            return  # A process that was forked leaves the film to its parent.
        try:
            try:
                if kind is None:
                    self._complete()
            finally:
                self._discard()
        finally:
            self._discard()  # Once more, for those who press Ctrl-C twice.

    def append(self, image: np.ndarray) -> None:
        """Add the next picture, which may change afterwards.

        Args:
            image: (height, width, 3) uint8, sRGB. Of a planar film, (height * width * 3 / 2,) uint8, sizes rounded up
                to even ones: the planes behind each other, each row by row.

        Raises:
            BadArgument: of another shape or type.
            FileProblem: the encoder failed, or the film is not open.
        """
        width, height = self._size
        shape = (self._even_size[0] * self._even_size[1] * 3 // 2,) if self._planar else (height, width, 3)
        if not isinstance(image, np.ndarray) or image.shape != shape or image.dtype != np.uint8:
            raise BadArgument("image", described(image), f"expected an array {shape} of uint8.")
        if self._encoder is None:
            raise FileProblem(self.path, "is not open.", "Append inside of `with VideoWriter(...) as video:`.")
        self._encoder.write(np.ascontiguousarray(image if self._planar else _even(image)).data)
        self.num_frames += 1

    def _open(self) -> None:
        try:
            self._folder.mkdir(parents=True)
        except OSError as error:
            raise FileProblem(self.path, f"its folder cannot be written in: {error.strerror}.") from error
        told = passes(self._even_size, self._rate, self._crf, self._partial, self._planar)
        self._encoder = Encoder(self.path, told)

    def _complete(self) -> None:
        if self._encoder is None or self.num_frames == 0:
            raise FileProblem(self.path, "not a single picture was given for it.")
        self._encoder.finish()
        try:
            with open(self._partial, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(self._partial, self.path)
        except OSError as error:
            raise FileProblem(self.path, f"cannot be written: {error.strerror}.") from error

    def _discard(self) -> None:
        """End the encoder and remove what it left, if there is any of it."""
        try:
            if self._encoder is not None:
                self._encoder.kill()
        finally:
            self._encoder = None
            shutil.rmtree(self._folder, ignore_errors=True)


def frame_rate(fps: float | Fraction) -> Fraction:
    """Frames per second as the nearest fraction that films can have. Raises BadArgument for what is no rate."""
    try:
        rate = Fraction(fps if isinstance(fps, Fraction) else float(fps)).limit_denominator(_MAX_DENOMINATOR)
    except (TypeError, ValueError, OverflowError):
        rate = Fraction(0)
    if not 0 < rate <= _MAX_FPS:
        raise BadArgument("fps", fps, f"expected a number above 0, up to {_MAX_FPS}.")
    return rate


def _checked_size(size: tuple[int, int]) -> tuple[int, int]:
    try:
        width, height = (operator.index(length) for length in size)
    except (TypeError, ValueError):
        width = height = 0
    if min(width, height) < 1:
        raise BadArgument("size", size, "expected width and height in pixels, such as (1280, 720).")
    return width, height


def _even(image: np.ndarray) -> np.ndarray:
    """The image with its last column or row repeated where it has an odd number of them."""
    height, width, _ = image.shape
    if height % 2 == width % 2 == 0:
        return image
    return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
