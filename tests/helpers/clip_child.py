"""Simulations whose cameras are filmed until something happens to their process.

Run as `python clip_child.py ENDING FOLDER`: 13 steps of two envs with two cameras, and an end.
Run as `python clip_child.py many FOLDER`: the same, ended by a normal end, below a folder that others write below too.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from camera_envs import CameraVector

from replay_viewer import VideoRecordingCfg, set_training_state, wrap_env_for_video

NUM_STEPS = 13
# By env and episode, how many frames there are: what the reset gave, and each step.
FRAMES = {(0, 0): 6, (0, 1): 6, (0, 2): 4, (1, 0): 7, (1, 1): 7, (1, 2): 2}
UNFINISHED = {(0, 2), (1, 2)}
CAMERAS = ("head", "arm-wrist")
ENDINGS = ("normal", "exception", "SIGTERM", "SIGKILL", "segfault at exit")


def main(ending: str, folder: str) -> None:
    if ending == "segfault at exit":
        atexit.register(ctypes.string_at, 0)  # The last that is called, as that of a simulator's own library.
    env = wrap_env_for_video(
        CameraVector(2, 5, final_obs=True), VideoRecordingCfg(record_camera_video=True, video_base_dir=folder)
    )
    set_training_state(iteration=7, experiment="trial")
    env.reset()
    for step in range(NUM_STEPS):
        env.step(None)
        if step == NUM_STEPS // 2:
            set_training_state(iteration=8)
    if ending == "exception":
        raise RuntimeError("as planned")
    if ending == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
    if ending == "wait":
        print("waits", flush=True)
        time.sleep(60)
    if ending.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, ending))
    if ending == "os._exit":
        os._exit(3)
    if ending in ("normal", "many"):
        env.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
