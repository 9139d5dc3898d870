"""The films of the robot's cameras as insets of a video, each with the frame that belongs to the step shown."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...clips.films import films_below
from ...clips.placing import Placed, camera_films, place_of
from ...errors import FileProblem, printable
from ...rollout.episodes import Episode
from ...rollout.rollout import Rollout
from ...theme import Look
from ...video.encoder import find_ffmpeg
from ..film import Moment
from ..threads import cached_for_threads
from .layout import PixelScale
from .painting import tint, write
from .text import fitted, text_mask

# Frames that are decoded together, and how many such parts are kept: of an inset of 320x180, a part takes 11 MB.
_PART, _MAX_PARTS = 64, 6
_MAX_EPISODES = 4
_LONGEST = 120.0  # [s] for a part.
# Of the picture's width, of its height all together, and what is left at its edges, of a video 720 pixels high.
_WIDTH, _HEIGHT, _MARGIN = 0.24, 0.8, 14
_FONT, _LINE = 15, 22


@dataclass(frozen=True)
class _Box:
    """An inset: its film, and its size [px]."""

    placed: Placed
    width: int
    height: int


class Insets:
    """Draws them at the right edge of pictures of a size, one below the other; several threads may at once."""

    def __init__(self, rollout: Rollout, size: tuple[int, int], pixels: PixelScale, look: Look) -> None:
        self._rollout, self._size, self._pixels, self._look = rollout, size, pixels, look
        # Those in the recording's folder and below it, as they are when the video is begun.
        self._films = () if rollout.path is None else films_below(rollout.path.parent)
        self._boxes = cached_for_threads(self._boxes_of, _MAX_EPISODES)
        self._part = cached_for_threads(_decoded, _MAX_PARTS)

    @property
    def are_any(self) -> bool:
        """Whether there is a film by a camera at all."""
        return any(film.record.kind == "camera" for film in self._films)

    def draw(self, image: np.ndarray, moment: Moment) -> None:
        """Draw the frames of a moment onto a picture (H, W, 3)."""
        margin, line = self._pixels.of(_MARGIN), self._pixels.of(_LINE)
        top = margin
        for box in self._boxes(moment.episode):
            frame = self._frame(box, moment.position)
            left = image.shape[1] - margin - box.width
            if frame is not None:
                image[top : top + box.height, left : left + box.width] = frame
                self._name(image[top + box.height - line : top + box.height, left : left + box.width], box.placed)
                top += box.height + margin // 2

    def _frame(self, box: _Box, position: float) -> np.ndarray | None:
        """The frame (height, width, 3); None of a film that cannot be read, or not that far."""
        placed, path = box.placed, box.placed.film.path
        if not placed.first - placed.stride <= position <= placed.last + placed.stride:
            return None
        number, inside = divmod(placed.frame_at(position), _PART)
        part = self._part(path, placed.fps, box.width, box.height, number)
        return part[min(inside, len(part) - 1)] if len(part) else None

    def _name(self, strip: np.ndarray, placed: Placed) -> None:
        size = self._pixels.font(_FONT)
        tint(strip, self._look.sky_bottom, 0.7)
        text = fitted(printable(placed.film.record.camera or "camera"), size, strip.shape[1] * 0.94)
        write(strip, text_mask(text, size), strip.shape[1] * 0.03, strip.shape[0] / 2, self._look.text)

    def _boxes_of(self, episode: Episode) -> list[_Box]:
        """The insets of an episode, smaller where there are many."""
        films = camera_films(self._films, place_of(self._rollout, episode, self._films))
        width = self._size[0] * _WIDTH
        heights = [width * _shape(placed) for placed in films]
        room = self._size[1] * _HEIGHT - self._pixels.of(_MARGIN) * len(films)
        scale = min(room / max(sum(heights), 1.0), 1.0)
        least = self._pixels.of(_LINE)
        return [
            _Box(placed, max(int(width * scale), least), max(int(height * scale), least))
            for placed, height in zip(films, heights, strict=True)
        ]


def _shape(placed: Placed) -> float:
    """Height of a film by its width; what a manifest says of it may be anything."""
    width, height = placed.film.record.size or (16, 9)
    return min(max(height / width, 0.2), 2.0)


def _decoded(path: Path, fps: float, width: int, height: int, number: int) -> np.ndarray:
    """A part of a film's frames (N, height, width, 3) uint8; none where it cannot be read."""
    seek = ["-ss", f"{(number * _PART - 0.4) / fps:.6f}"] if number else []
    command = [find_ffmpeg(path), "-loglevel", "error", "-nostdin", *seek, "-i", f"file:{path}"]
    frames = ["-frames:v", str(_PART), "-vf", f"scale={width}:{height}:flags=area"]
    try:
        found = subprocess.run(
            [*command, *frames, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LONGEST,
            start_new_session=True,  # Ctrl-C is ours.
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FileProblem(path, f"cannot be decoded: {error}.") from error
    count = len(found.stdout) // (width * height * 3)
    return np.frombuffer(found.stdout, np.uint8, count * width * height * 3).reshape(count, height, width, 3)
