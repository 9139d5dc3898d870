"""The process of ffmpeg's that makes a film of the raw pictures it is given; of a GIF, the first of three."""

from __future__ import annotations

import errno
import importlib
import os
import re
import signal
import subprocess
import weakref
from collections import deque
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, Sequence

from ..errors import FileProblem

try:
    import fcntl
except ImportError:  # Windows.
    fcntl = None

# Linux has this for whoever asks; fcntl.F_SETPIPE_SZ has its name since Python 3.10 only.
_SET_PIPE_SIZE, _PIPE_BYTES = 1031, 1 << 20
_DISK_PROBLEMS = [os.strerror(code) for code in (errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES)]
_INSTALL = "pip install imageio-ffmpeg"

# Processes that are forked while a film is made inherit its pipe, and the encoder would wait for their end too.
_pipes: weakref.WeakSet[Any] = weakref.WeakSet()


def close_in_children(pipe: Any) -> None:
    """Have a pipe closed in every process that is forked from here on."""
    _pipes.add(pipe)


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
        passes: the arguments of each run of ffmpeg, the first of which reads the pictures; see `kinds`.
        held: descriptors that ffmpeg holds open for as long as it runs, such as that of a lock.

    Raises:
        FileProblem: there is no encoder, or it fails; by every method but `kill`.
    """

    def __init__(self, target: Path, passes: Sequence[list[str]], held: Sequence[int] = ()) -> None:
        self._target, self._held = target, held
        first, *self._further = passes
        self._begin(first)

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
        self._end()
        for arguments in self._further:
            self._begin(arguments)
            self._end()

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._pipe.close()
        self._process.wait()

    def _begin(self, arguments: list[str]) -> None:
        self._process = _start(self._target, arguments, self._held)
        self._pipe: Any = self._process.stdin
        close_in_children(self._pipe)
        _enlarge(self._pipe)
        self._said: deque[str] = deque(maxlen=20)
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _end(self) -> None:
        """Wait until the process has done its work."""
        self._pipe.close()
        code = self._process.wait()
        self._listener.join()
        # Old versions of ffmpeg end with 0 even if the file's last part did not fit on the disk.
        if code != 0 or self._said:
            raise self._failure()

    def _listen(self) -> None:
        """Keep the last that the encoder says, which is nothing unless it fails."""
        lines: Any = self._process.stderr
        with lines:
            self._said.extend(line.decode(errors="replace").strip() for line in lines)

    def _failure(self) -> FileProblem:
        code = self._process.wait()
        self._listener.join()
        return FileProblem(self._target, f"cannot be written: {_reason(code, list(self._said))}.")


def _enlarge(pipe: Any) -> None:
    """Let more pictures wait in the system's memory, where they outlive this process."""
    with suppress(OSError, ValueError):
        if fcntl is not None:
            fcntl.fcntl(pipe.fileno(), _SET_PIPE_SIZE, _PIPE_BYTES)


def _start(target: Path, arguments: list[str], held: Sequence[int]) -> subprocess.Popen:
    program = find_ffmpeg(target)
    try:
        return subprocess.Popen(
            [program, *arguments],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=held if os.name == "posix" else (),
            # Else Ctrl-C in a terminal would reach the encoder too, and end it first; on Windows, the flags.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError as error:
        raise FileProblem(target, f"{program} cannot be started: {error.strerror}.", _INSTALL) from error


def _reason(code: int, said: list[str]) -> str:
    """What became of the encoder: [mp4 @ 0x55] Error writing trailer: No space left on device, or how it ended."""
    if code < 0:
        return f"the encoder was ended by {signal.Signals(-code).name}"
    if not said:
        return f"the encoder ended with code {code}"
    reasons = [re.sub(r"^\[.*?\] *", "", line).rpartition(": ")[2].rstrip(".") for line in said]
    # The last line may be a consequence only, such as that nothing was written.
    return next((reason for reason in reasons if reason in _DISK_PROBLEMS), reasons[-1])
