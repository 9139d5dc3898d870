"""Write a small recording, as a simulation loop would, print what is in it, and show it in the browser.

    python 01_make_and_view_recording.py

In a terminal the page is there until Ctrl-C, as of `replay-viewer walk.rec`; in a script's pipe, only with --view.

Writing needs numpy alone and Python 3.8.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from replay_viewer import EntitySpec, Recorder, Viewer

NUM_STEPS, DT, FALL = 150, 0.02, 100


def state_after(steps_since_reset: np.ndarray) -> dict:
    """Two envs in which a robot walks forward at 0.5 and 1 m/s and swings two joints; arrays (2, ...)."""
    time = DT * steps_since_reset
    zeros, swing = np.zeros(2), np.sin(2 * np.pi * time)
    terms = np.stack([0.02 * np.ones(2), -0.005 * swing**2], axis=-1)
    return {
        "robot.base_pos": np.stack([np.array([0.5, 1.0]) * time, zeros, zeros + 0.4], axis=-1),
        "robot.base_wxyz": np.tile([1.0, 0.0, 0.0, 0.0], (2, 1)),
        "robot.joint_pos": np.stack([0.5 * swing, -0.5 * swing], axis=-1),
        "rew_terms": terms,
        "rew": terms.sum(axis=-1),
    }


def record(path: Path) -> None:
    """Env 1 falls at step 100 and, like in most simulators, is reset before its step returns."""
    facts = {
        "env_ids": [0, 1],
        "control_dt": DT,
        "entities": [EntitySpec("robot", joint_names=["left_hip", "right_hip"])],
        "reward_terms": ["alive", "torque"],
        "outcome_reasons": ["fell"],
    }
    since_reset = np.zeros(2)
    with Recorder(path, **facts) as recorder:
        for step in range(NUM_STEPS):
            since_reset += 1
            if step == FALL:
                last_state = {name: values[[1]] for name, values in state_after(since_reset).items()}
                recorder.end_episodes([1], "terminated", last_state, reasons=["fell"])
                since_reset[1] = 0
            recorder.append(state_after(since_reset))


with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "walk.rec"
    record(path)
    # As a command: replay-viewer info walk.rec
    subprocess.run([sys.executable, "-m", "replay_viewer", "info", str(path)], check=True)
    if sys.stdout.isatty() or "--view" in sys.argv[1:]:
        with Viewer(path) as viewer:
            viewer.run()
