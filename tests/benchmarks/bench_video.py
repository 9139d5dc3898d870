"""Pictures written per second and peak memory: our `VideoWriter` against imageio, and against frames kept in a list.

Each in a process of its own, of the same 1280x720 pictures: a detailed picture that is panned, as cameras do.
imageio's writer is taken as its documentation has it; who keeps frames in a list, as gymnasium's and Isaac Lab's
recorders of films do, writes them at the end (its encoder begins as a copy of it, whose memory counts too). PSNR and
size say what the encoders made of the pictures.
Limits: imageio's rate; peak memory, with that of the encoder, 300 MB, and no more of it for twice the pictures.
Run: python tests/benchmarks/bench_video.py
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from video_files import psnr, read_frames

from replay_viewer import VideoWriter

WIDTH, HEIGHT, FPS = 1280, 720, 30
NUM_FRAMES = 150
MAX_MEGABYTES = 300
MAX_GROWTH = 20


def pan(num_frames: int) -> Iterator[np.ndarray]:
    """Pictures that move by two columns and one row; some edges, some shades, some grain."""
    y, x = np.mgrid[: HEIGHT + 2 * NUM_FRAMES, : WIDTH + 4 * NUM_FRAMES].astype(np.float32)
    checker = ((x // 80 + y // 80) % 2) * 24
    waves = 30 * np.sin(x / 37) * np.cos(y / 53)
    grain = np.random.RandomState(0).normal(0, 2, x.shape).astype(np.float32)
    shades = (170 + checker + grain, 175 + checker + waves, 185 - waves)
    scene = np.stack([shade.clip(0, 255).astype(np.uint8) for shade in shades], axis=-1)
    for k in range(num_frames):
        yield scene[k : k + HEIGHT, 2 * k : 2 * k + WIDTH]


def ours(path: str, num_frames: int) -> None:
    with VideoWriter(path, (WIDTH, HEIGHT), FPS) as video:
        for image in pan(num_frames):
            video.append(image)


def imageio_writer(path: str, num_frames: int) -> None:
    import imageio

    with imageio.get_writer(path, fps=FPS) as video:
        for image in pan(num_frames):
            video.append_data(image)  # type: ignore[attr-defined]


def list_of_frames(path: str, num_frames: int) -> None:
    import imageio

    imageio.mimsave(path, [image.copy() for image in pan(num_frames)], fps=FPS)


WAYS = {"ours": ours, "imageio's writer": imageio_writer, "a list, imageio.mimsave": list_of_frames}


def measure(way: str, path: str, num_frames: int) -> dict[str, float]:
    """Run one way in this process, and tell what it took."""
    start = time.perf_counter()
    WAYS[way](path, num_frames)
    seconds = time.perf_counter() - start
    own, encoder = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "rate": num_frames / seconds,
        "encoder_ms": (encoder.ru_utime + encoder.ru_stime) / num_frames * 1e3,
        "own_mb": own.ru_maxrss / 1024,
        "encoder_mb": encoder.ru_maxrss / 1024,
    }


def in_a_process(way: str, path: Path, num_frames: int = NUM_FRAMES) -> dict[str, float]:
    command = [sys.executable, __file__, way, str(path), str(num_frames)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])


def quality(path: Path) -> float:
    """The mean PSNR of the film's pictures [dB]."""
    pairs = zip(pan(NUM_FRAMES), read_frames(path), strict=True)
    return float(np.mean([psnr(image, frame) for image, frame in islice(pairs, 0, None, 10)]))


def described(way: str, found: dict[str, float], path: Path) -> str:
    size = path.stat().st_size / NUM_FRAMES / 1e3
    return (
        f"{way:26s} {found['rate']:5.0f} pictures/s, encoder {found['encoder_ms']:4.1f} ms each; "
        f"{found['own_mb']:4.0f} MB and the encoder's {found['encoder_mb']:3.0f} MB; "
        f"{size:.1f} kB each, {quality(path):.1f} dB"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        # First, since the memory of this process, which reads films later, counts as that of those it starts.
        longer, found = in_a_process("ours", path, 2 * NUM_FRAMES), {}
        for way in WAYS:
            found[way] = in_a_process(way, path)
            print(described(way, found[way], path))
    ours, peer, kept = found.values()
    total = ours["own_mb"] + ours["encoder_mb"]
    growth = longer["own_mb"] + longer["encoder_mb"] - total
    print(
        f"ours: {ours['rate'] / peer['rate']:.1f} times the rate of imageio's writer (limit 1), "
        f"{kept['own_mb'] / ours['own_mb']:.1f} times less memory than the list, {total:.0f} MB with the encoder "
        f"(limit {MAX_MEGABYTES}), {growth:+.0f} MB for twice the pictures (limit {MAX_GROWTH})"
    )
    if ours["rate"] < peer["rate"] or total > MAX_MEGABYTES or growth > MAX_GROWTH:
        sys.exit("too slow, or too large")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
    else:
        main()
