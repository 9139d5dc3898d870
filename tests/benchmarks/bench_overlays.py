"""What an overlay costs per video frame, beside the 33 ms that a frame of a 30 fps video may take to keep up with it.

For episodes of 1000 and of 20 000 steps, which must cost the same; also the first image of an episode, for which its
curves are drawn, and images from several threads, which share one interpreter.
Limits at 1280x720: 1.5 ms for "hud", 4 ms for "rewards". Run: python tests/benchmarks/bench_overlays.py
"""

from __future__ import annotations

import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from memory_rollout import memory_rollout, still

from replay_viewer.render.film import Moment
from replay_viewer.render.overlays import Overlay, make_overlay
from replay_viewer.replay.replay import Replay, with_robots
from replay_viewer.replay.world import world_of
from replay_viewer.theme import LIGHT

LIMITS_MS = {"hud": 1.5, "rewards": 4.0}
LIMITED_SIZE = (1280, 720)
FRAME_MS = 1000 / 30
NUM_TERMS, NUM_IMAGES, NUM_THREADS = 16, 300, 4


def replay_of(num_steps: int) -> Replay:
    """One long episode with as many reward terms as tasks of legged robots have."""
    random = np.random.default_rng(0)
    terms = random.normal(size=(num_steps, 1, NUM_TERMS)) * 10.0 ** -random.uniform(0, 3, NUM_TERMS)
    values = still(num_steps, 1) | {"rew_terms": terms, "rew": terms.sum(-1)}
    return with_robots(memory_rollout(values, reward_terms=[f"term_{k}" for k in range(NUM_TERMS)]))


def moments_of(replay: Replay) -> list[Moment]:
    """Moments all over the episode."""
    rollout = replay.rollout
    episode = rollout.episode_at(0, 0)
    positions = np.linspace(0, rollout.num_steps - 1, NUM_IMAGES)
    return [Moment(float(p), (0,), episode, float(p) * rollout.control_dt) for p in positions]


def milliseconds(overlay: Overlay, picture: np.ndarray, moment: Moment) -> float:
    """Of one image."""
    start = time.perf_counter()
    overlay.compose(picture, moment)
    return (time.perf_counter() - start) * 1e3


def in_threads(overlay: Overlay, picture: np.ndarray, moments: list[Moment]) -> float:
    """Mean time from one image to the next [ms], several threads at work."""
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        start = time.perf_counter()
        list(pool.map(lambda moment: overlay.compose(picture, moment), moments))
    return (time.perf_counter() - start) * 1e3 / len(moments)


def report(name: str, size: tuple[int, int], num_steps: int) -> float:
    """Print one line; returns the median time of an image [ms]."""
    replay = replay_of(num_steps)
    overlay, moments = make_overlay(name, world_of([replay]), size, LIGHT), moments_of(replay)
    width, height = overlay.picture_size
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    first = milliseconds(overlay, picture, moments[0])
    median = statistics.median(milliseconds(overlay, picture, moment) for moment in moments)
    threads = in_threads(overlay, picture, moments)
    share = f"median {median:5.2f} ms, {median / FRAME_MS:5.1%} of a frame"
    rest = f"first {first:4.0f} ms; {NUM_THREADS} threads {threads:5.2f} ms"
    print(f"{name:8} {size[0]:4} x {size[1]:4}, {num_steps:6} steps: {share}; {rest}")
    return median


def main() -> None:
    """Measure; exits with 1 where a limit is missed."""
    missed = []
    for name, limit in LIMITS_MS.items():
        for size in (LIMITED_SIZE, (1920, 1080)):
            medians = [report(name, size, num_steps) for num_steps in (1000, 20_000)]
            if size == LIMITED_SIZE and max(medians) > limit:
                missed.append(f"{name}: {max(medians):.2f} ms, limit {limit} ms")
    sys.exit("; ".join(missed) or 0)


if __name__ == "__main__":
    main()
