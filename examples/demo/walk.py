"""Records the bundled demo: Trotter walks over uneven ground in MuJoCo, is pushed, and falls now and then.

    python walk.py runs/walk.rec                      # 20 s of six envs, as fast as the machine can
    python walk.py runs/walk.rec --live --seconds 60  # in real time: watch it with replay-viewer runs/walk.rec --tail

It needs MuJoCo: pip install mujoco
"""
# pyright: reportMissingImports=false

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
from script import run, steps, tell_end

try:
    import mujoco
    from env import TrotterEnv
    from trotter import KD, KP, trot_of
except ImportError as missing:
    raise SystemExit(f"{missing}. This demo needs MuJoCo: pip install mujoco") from None

from replay_viewer import attach

NUM_ENVS = 6
SEED = 31
ABOUT = (
    "Trotter, a robot of our own, follows commanded velocities over uneven ground. Simulated by MuJoCo; a feedback "
    "controller places its feet (examples/demo/trot.py), no policy was trained. Friction, mass, commands and pushes "
    "are drawn at random; reward terms by legged_gym's formulas."
)


def record(path: Path, seconds: float, num_envs: int, seed: int, live: bool = False) -> Path:
    """Simulate and record; Ctrl-C ends it early. Returns the path of the recording."""
    env = TrotterEnv(num_envs, seed)
    trot, control = trot_of(num_envs, env.dt), env.cfg.control
    facts = {"seed": seed, "metadata": _metadata(env)}
    # In real time, a hand can be laid on it: by key l here, and in the page that follows.
    with attach(env, path, env_ids="all", control=live, **facts) as recorder, suppress(KeyboardInterrupt):
        was_done = np.ones(num_envs, bool)
        for _ in steps(seconds, env.dt, live, recorder.path):
            targets = trot.targets(env.state(), env.commands, KP, KD)
            _, _, done, _ = env.step((targets - control.default_joint_angles) / control.action_scale)
            recorder.log("push", env.pushes)
            # Also of those that somebody has reset by hand, just before this step.
            trot.reset(np.flatnonzero(done | ((env.episode_length_buf == 1) & ~was_done)))
            was_done = done.copy()
    tell_end(recorder.path, recorder.num_steps * env.dt)
    return recorder.path


def _metadata(env: TrotterEnv) -> dict[str, object]:
    """What the recording says about itself, beside what `attach` finds out."""
    drawn = {"friction": env.friction.round(3).tolist(), "added_mass": env.added_mass.round(3).tolist()}
    return {"about": ABOUT, "task": "velocity tracking", "simulator": f"MuJoCo {mujoco.__version__}", **drawn}


if __name__ == "__main__":
    run(record, __doc__, NUM_ENVS, SEED)
