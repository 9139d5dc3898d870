"""What filming costs a training: PPO of stable-baselines3 on four Hoppers, with films of every 50th episode or without.

The films are of states, which are drawn afterwards: that is measured apart, in seconds per film. Beside it, the same
with films of `env.render()`'s kind: pictures of 128x128 of every 50th episode, which go to an encoder at once.

It is time of the processor of the training's own process, of five runs of each kind that take turns: what else the
machine does counts little. Prints the ratio's median and its spread, and that of the least times; the limit is 1.02 for
states. `python bench_clips.py states` measures these alone.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

import gymnasium  # pyright: ignore[reportMissingImports]
import numpy as np
import torch  # pyright: ignore[reportMissingImports]
from camera_envs import burnt
from clip_files import records_below
from stable_baselines3 import PPO  # pyright: ignore[reportMissingImports]
from stable_baselines3.common.env_util import make_vec_env  # pyright: ignore[reportMissingImports]

from replay_viewer import Trigger, VideoRecordingCfg, wrap_env_for_video
from replay_viewer.render.clips import draw_clips

NUM_ENVS, NUM_STEPS, NUM_RUNS = 4, 32_768, 5
LIMIT = 1.02
PICTURE = np.kron(burnt(1, 2, 3), np.ones((4, 2, 1), np.uint8))


def train(kind: str, folder: Path) -> float:
    """Train, and say how many seconds of the processor that took."""
    os.environ.pop("REPLAY_VIEWER_RUN", None)
    env: Any = make_vec_env("Hopper-v5", NUM_ENVS, seed=0)
    if kind != "plain":
        cfg = VideoRecordingCfg(
            record_viewport_video=True,
            video_base_dir=folder,
            when=Trigger(every_episodes=50),
            size=(640, 360),
            frames=(lambda: PICTURE) if kind == "pictures" else None,
            renderer_python="nobody",  # It would take the processor from the runs that follow.
        )
        env = wrap_env_for_video(env, cfg)
    learner = PPO("MlpPolicy", env, n_steps=512, seed=0, device="cpu")
    begun = time.process_time()
    learner.learn(NUM_STEPS)
    env.close()
    return time.process_time() - begun


def main() -> None:
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    gymnasium.logger.min_level = 50
    kinds = sys.argv[1:] or ["states", "pictures"]
    seconds: dict[str, list[float]] = {kind: [] for kind in ("plain", *kinds)}
    with tempfile.TemporaryDirectory() as temporary:
        folders = {kind: Path(temporary, kind) for kind in seconds}
        for kind in seconds:  # What is loaded once.
            train(kind, folders[kind])
        for _ in range(NUM_RUNS):
            for kind, found in seconds.items():
                found.append(train(kind, folders[kind]))
        for kind in kinds:
            ratios = sorted(mine / plain for mine, plain in zip(seconds[kind], seconds["plain"], strict=True))
            films = [record for record in records_below(folders[kind]) if record.complete or record.is_drawn_later]
            runs = NUM_RUNS + 1
            count, frames = len(films) / runs, sum(_steps(film) for film in films) / runs
            least = min(seconds[kind]) / min(seconds["plain"])
            print(
                f"{kind}: {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}), of least times "
                f"{least:.3f}, "
                f"of {statistics.median(seconds['plain']):.1f} s without; {count:.0f} films, {frames:.0f} frames"
                + (f"; limit {LIMIT}" if kind == "states" else "")
            )
        if "states" not in kinds:
            return
        begun = time.process_time()
        drawn = draw_clips(folders["states"], workers=1)
        print(
            f"drawing: {(time.process_time() - begun) / len(drawn):.2f} s per film of 640x360, the first one compiles"
        )


def _steps(film: Any) -> int:
    return film.frames or (film.last_step - film.first_step + 1)


if __name__ == "__main__":
    main()
