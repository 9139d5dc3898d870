"""What films say of themselves: title and comment, for players and for ffprobe."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ..errors import FileProblem
from .encoder import find_ffmpeg


def copy_with_tags(source: Path, target: Path, title: str, comment: str) -> None:
    """Write an MP4 again, its pictures as they are, with a title and a comment.

    Raises:
        FileProblem: it cannot be read or written, or imageio-ffmpeg is not installed.
    """
    said = ["-metadata", f"title={title}", "-metadata", f"comment={comment}"]
    options = ["-map", "0", "-c", "copy", *said, "-movflags", "+faststart", "-f", "mp4", f"file:{target}"]
    command = [find_ffmpeg(target), "-loglevel", "error", "-y", "-i", f"file:{source}", *options]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if result.returncode != 0:
        lines = result.stderr.decode(errors="replace").strip().splitlines()
        raise FileProblem(target, f"cannot be written: {lines[-1] if lines else 'its encoder failed'}.")
