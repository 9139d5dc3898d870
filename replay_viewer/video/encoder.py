"""A process of ffmpeg's that makes an MP4 of the raw pictures it is given."""

from __future__ import annotations

import importlib
import os
import re
import signal
import subprocess
import weakref
from collections import deque
from fractions import Fraction
from pathlib import Path
from threading import Thread
from typing import Any

from ..errors import FileProblem

_INSTALL = "pip install imageio-ffmpeg"
# Each holds some pictures: at 1920x1080, 4 make 265 MB and 16 make 515 MB. Who makes pictures seldom keeps 4 busy.
_MAX_THREADS = 4
_KEYFRAME_SECONDS = 2  # A player jumps to keyframes at once.

# Processes that are forked while a film is made inherit its pipe, and the encoder would wait for their end too.
_pipes: weakref.WeakSet[Any] = weakref.WeakSet()


def _close_pipes() -> None:
    for pipe in list(_pipes):
        pipe.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_pipes)


def find_ffmpeg(path: Path) -> str:
    """The program of imageio-ffmpeg's wheel, or the one that its IMAGEIO_FFMPEG_EXE names.

    Args:
        path: of the film, for the error.

    Raises:
        FileProblem: there is none.
    """
    try:
        return importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
    except ImportError as error:
        raise FileProblem(path, "making it needs imageio-ffmpeg, which is not installed here.", _INSTALL) from error
    except RuntimeError as error:
        raise FileProblem(path, "making it needs ffmpeg, which imageio-ffmpeg did not find.", _INSTALL) from error


class Encoder:
    """Takes pictures, one after the other, and writes them to a file.

    Not by `imageio_ffmpeg.write_frames`: it does not look at how ffmpeg ended, so that a full disk would go unnoticed.

    Args:
        target: the path that the user gave, for errors.
        file: to write; overwritten.
        size: width and height [px], both even.
        rate: pictures per second.
        crf: constant rate factor of x264.

    Raises:
        FileProblem: there is no encoder, or it fails; by every method but `kill`.
    """

    def __init__(self, target: Path, file: Path, size: tuple[int, int], rate: Fraction, crf: float) -> None:
        self._target = target
        self._process = _start(target, [*_input(size, rate), *_output(rate, crf), f"file:{file}"])
        self._pipe: Any = self._process.stdin
        _pipes.add(self._pipe)
        self._said: deque[str] = deque(maxlen=20)
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def write(self, picture: memoryview) -> None:
        """Hand over the bytes of a picture; waits until the encoder has read all but the last of them."""
        left = picture.cast("B")
        try:
            while left:
                left = left[self._pipe.write(left) :]
        except OSError as error:
            self._pipe.close()
            raise self._failure() from error

    def finish(self) -> None:
        """Wait until the file is complete."""
        self._pipe.close()
        code = self._process.wait()
        self._listener.join()
        # Old versions of ffmpeg end with 0 even if the file's last part did not fit on the disk.
        if code != 0 or self._said:
            raise self._failure()

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._pipe.close()
        self._process.wait()

    def _listen(self) -> None:
        """Keep the last that the encoder says, which is nothing unless it fails."""
        lines: Any = self._process.stderr
        with lines:
            self._said.extend(line.decode(errors="replace").strip() for line in lines)

    def _failure(self) -> FileProblem:
        code = self._process.wait()
        self._listener.join()
        return FileProblem(self._target, f"cannot be written: {_reason(code, list(self._said))}.")


def _start(target: Path, arguments: list[str]) -> subprocess.Popen:
    program = find_ffmpeg(target)
    try:
        return subprocess.Popen(
            [program, *arguments],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # Else Ctrl-C in a terminal would reach the encoder too, and end it first; on Windows, the flags.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError as error:
        raise FileProblem(target, f"{program} cannot be started: {error.strerror}.", _INSTALL) from error


def _input(size: tuple[int, int], rate: Fraction) -> list[str]:
    """Raw sRGB on standard input."""
    width, height = size
    options = ["-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    return [*options, "-video_size", f"{width}x{height}", "-framerate", str(rate), "-i", "pipe:0"]


def _output(rate: Fraction, crf: float) -> list[str]:
    """H.264 that every browser and player takes, an index at the beginning of the file, and colours that survive.

    The matrix is that of BT.709, since players assume no other for large pictures; the curve is sRGB's, which is what
    the pictures have. Each colour of 2x2 pixels is their mean (flags=area), the nearest and the fastest.
    """
    colours = "scale=out_color_matrix=bt709:out_range=tv:flags=area,format=yuv420p"
    tags = "setparams=range=tv:color_primaries=bt709:color_trc=iec61966-2-1:colorspace=bt709"
    names = ["-color_range", "tv", "-color_primaries", "bt709", "-color_trc", "iec61966-2-1", "-colorspace", "bt709"]
    threads = str(min(os.cpu_count() or 1, _MAX_THREADS))
    return [
        *["-vf", f"{colours},{tags}", "-filter_threads", threads, *names],
        # Of a walking robot at 1280x720, per picture: superfast 13 ms and 92 kbit, without frames that are predicted
        # from later ones (-bf 0) 11 ms and 118 kbit; ultrafast 9 ms and 188 kbit, veryfast 19 ms and 42 kbit.
        *["-c:v", "libx264", "-preset", "superfast", "-bf", "0", "-crf", f"{crf:g}", "-threads", threads],
        *["-g", str(max(round(rate * _KEYFRAME_SECONDS), 1)), "-movflags", "+faststart", "-f", "mp4"],
    ]


def _reason(code: int, said: list[str]) -> str:
    """What became of the encoder: [mp4 @ 0x55] Error writing trailer: No space left on device, or how it ended."""
    if code < 0:
        return f"the encoder was ended by {signal.Signals(-code).name}"
    if not said:
        return f"the encoder ended with code {code}"
    return re.sub(r"^\[.*?\] *", "", said[-1]).rpartition(": ")[2].rstrip(".")
