"""1,000 recordings with 100,000 episodes: indexed, listed when nothing has changed, and with one new recording.

Prints seconds, against the limit of 2 s for what has not changed, and against sqlite alone reading as many bytes.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

import numpy as np

from replay_viewer import EntitySpec, Recorder, load_episodes
from replay_viewer.episodes.index import index_path

NUM_RECORDINGS, NUM_ENVS, NUM_EPISODES, STEPS = 1000, 10, 10, 5
TERMS = [f"term_{number}" for number in range(10)]


def record(path: Path) -> None:
    """100 episodes of 5 steps, with ten reward terms."""
    facts = {"env_ids": range(NUM_ENVS), "control_dt": 0.02, "entities": [EntitySpec("robot")], "reward_terms": TERMS}
    rng = np.random.default_rng(0)
    wxyz = np.tile([1.0, 0, 0, 0], (NUM_ENVS, 1))
    with Recorder(path, **facts) as recorder:
        for step in range(NUM_EPISODES * STEPS):
            poses = {"robot.base_pos": np.zeros((NUM_ENVS, 3)), "robot.base_wxyz": wxyz}
            if step % STEPS == STEPS - 1:
                recorder.end_episodes(range(NUM_ENVS), "terminated", poses, lengths=[STEPS] * NUM_ENVS)
            terms = rng.normal(size=(NUM_ENVS, len(TERMS)))
            recorder.append({**poses, "rew": terms.sum(axis=1), "rew_terms": terms})


@contextmanager
def many_recordings() -> Iterator[Path]:
    """A folder of them, with an index of its own, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="episodes-"))
    os.environ["REPLAY_VIEWER_CACHE"] = str(folder / "cache")
    try:
        record(folder / "runs" / "0.rec")
        for number in range(1, NUM_RECORDINGS):
            shutil.copytree(folder / "runs" / "0.rec", folder / "runs" / f"{number}.rec")
        time.sleep(2.5)
        yield folder / "runs"
    finally:
        shutil.rmtree(folder)


def main() -> None:
    with many_recordings() as runs:
        print(f"first: {_seconds(runs):.2f} s")
        unchanged = min(_seconds(runs) for _ in range(3))
        start = time.perf_counter()
        rows = sqlite3.connect(index_path()).execute("SELECT * FROM sources").fetchall()
        alone = time.perf_counter() - start
        size = index_path().stat().st_size / 1e6
        print(f"nothing has changed: {unchanged:.2f} s, limit 2 s")
        print(f"sqlite alone, all {len(rows)} rows: {alone:.2f} s, {size:.0f} MB")
        record(runs / "new.rec")
        print(f"one new recording: {_seconds(runs):.2f} s")


def _seconds(folder: Path) -> float:
    start = time.perf_counter()
    found = load_episodes(folder)
    seconds = time.perf_counter() - start
    assert len(found) >= NUM_RECORDINGS * NUM_ENVS * NUM_EPISODES
    return seconds


if __name__ == "__main__":
    main()
