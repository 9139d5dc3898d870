"""Seconds per clip of an upload of finished films to an offline run of wandb, against `wandb.Video(array)`.

    python tests/benchmarks/bench_upload.py [--clips 8] [--frames 250] [--size 480x320] [--rounds 5]

It needs wandb with moviepy (pip install "wandb[media]"). The array's side is what people do at an iteration's end: the
frames are there already as an array (T, 3, H, W), and the call encodes them. Ours logs the file that was streamed to an
encoder while the episode ran; what that took is told beside it. Rounds alternate; the time is that of the processor, of
this process and those that it has started and that have ended, since machines are shared.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

import numpy as np
import wandb  # pyright: ignore[reportMissingImports]
from film_samples import add_lines, film_record

from replay_viewer.upload.log_videos import log_videos
from replay_viewer.video.writer import VideoWriter


def pictures(frames: int, size: tuple[int, int]) -> np.ndarray:
    """A moving gradient (T, H, W, 3): neither noise nor a still."""
    width, height = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack(
        [
            np.stack([(x + 3 * t) % 256, (y + 2 * t) % 256, (x + y + t) % 256], -1).astype(np.uint8)
            for t in range(frames)
        ]
    )


def cpu_seconds() -> float:
    """Of this process and its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Measured:
    """Wall and processor seconds of a block."""

    def __enter__(self) -> Measured:
        self.wall, self.cpu = time.monotonic(), cpu_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.monotonic() - self.wall, cpu_seconds() - self.cpu


def upload_files(run: object, arrays: np.ndarray, clips: int, folder: Path) -> tuple[Measured, Measured]:
    """The films' encoding, which the episode pays as it goes, and their upload."""
    _, height, width, _ = arrays.shape
    with Measured() as encoding:
        for clip in range(clips):
            with VideoWriter(folder / f"{clip}.mp4", (width, height), 50) as video:
                for picture in arrays:
                    video.append(picture)
            add_lines(folder / "clips-h-1-aa.clips.jsonl", film_record(f"c{clip}", f"{clip}.mp4"))
    with Measured() as uploading:
        log_videos(folder, run, shared=False, watch=False).close()
    return encoding, uploading


def upload_arrays(run: object, arrays: np.ndarray, clips: int) -> Measured:
    channels_first = arrays.transpose(0, 3, 1, 2)
    with Measured() as measured:
        for clip in range(clips):
            run.log({f"video{clip}": wandb.Video(channels_first, fps=50, format="mp4")})  # type: ignore[attr-defined]
    return measured


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--frames", type=int, default=250)
    parser.add_argument("--size", default="480x320")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    arrays = pictures(given.frames, (width, height))
    os.environ["WANDB_SILENT"] = "true"
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        run = wandb.init(project="bench", mode="offline", dir=temporary)
        for number in range(given.rounds):
            folder = Path(temporary, str(number))
            folder.mkdir()
            encoding, ours = upload_files(run, arrays, given.clips, folder)
            theirs = upload_arrays(run, arrays, given.clips)
            rows.append([[one.wall / given.clips, one.cpu / given.clips] for one in (ours, theirs, encoding)])
        run.finish()
    table = np.array(rows)
    print(f"{given.clips} clips of {given.frames} frames {given.size}, per clip, median of {given.rounds} rounds:")
    for index, name in enumerate(("upload of a finished film", "wandb.Video(array)", "encoding while an episode runs")):
        wall, cpu = table[:, index, 0], table[:, index, 1]
        spread = f"{wall.min():.4f} to {wall.max():.4f}"
        print(f"  {name:32} {statistics.median(wall):.4f} s ({spread}), processor {statistics.median(cpu):.4f} s")
    ratios = table[:, 1, 0] / table[:, 0, 0]
    spread = f"{ratios.min():.1f} to {ratios.max():.1f}"
    print(f"ratio of wandb.Video(array) to ours: {statistics.median(ratios):.1f} ({spread})")


if __name__ == "__main__":
    main()
