"""Records the bundled demo: Trotter walks over uneven ground in MuJoCo, is pushed, and falls now and then.

    python walk.py runs/walk.rec                      # 20 s of six envs, as fast as the machine can
    python walk.py runs/walk.rec --live --seconds 60  # in real time: watch it with replay-viewer runs/walk.rec --tail

It needs MuJoCo: pip install mujoco
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

try:
    import mujoco
except ImportError:
    raise SystemExit("This needs MuJoCo: pip install mujoco") from None

from env import TrotterEnv
from trotter import KD, KP, trot_of

from replay_viewer import ReplayError, attach

SEED = 2
ABOUT = (
    "Trotter, a robot of our own, follows commanded velocities over uneven ground. Simulated by MuJoCo; a feedback "
    "controller places its feet (examples/demo/trot.py), no policy was trained. Friction, mass, commands and pushes "
    "are drawn at random; reward terms by legged_gym's formulas."
)


def record(path: Path, seconds: float, num_envs: int, seed: int, live: bool = False) -> Path:
    """Simulate and record; Ctrl-C ends it early. Returns the path of the recording."""
    env = TrotterEnv(num_envs, seed)
    trot = trot_of(num_envs, env.dt)
    with attach(env, path, env_ids="all", seed=seed, metadata=_metadata(env)) as recorder:
        try:
            for step in range(round(seconds / env.dt)):
                began = time.monotonic()
                targets = trot.targets(env.state(), env.commands, KP, KD)
                _, _, done, _ = env.step(
                    (targets - env.cfg.control.default_joint_angles) / env.cfg.control.action_scale
                )
                recorder.log("push", env.pushes)
                trot.reset(np.flatnonzero(done))
                if step % 50 == 0:
                    print(f"\r{recorder.path}: {step * env.dt:.0f} of {seconds:.0f} s", end="", flush=True)
                if live:
                    time.sleep(max(0.0, began + env.dt - time.monotonic()))
        except KeyboardInterrupt:
            pass
    print(f"\r{recorder.path}: {recorder.num_steps * env.dt:.1f} s recorded")
    return recorder.path


def _metadata(env: TrotterEnv) -> dict[str, object]:
    """What the recording says about itself, beside what `attach` finds out."""
    drawn = {"friction": env.friction.round(3).tolist(), "added_mass": env.added_mass.round(3).tolist()}
    return {"about": ABOUT, "task": "velocity tracking", "simulator": f"MuJoCo {mujoco.__version__}", **drawn}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the recording to make")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--envs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--live", action="store_true", help="in real time")
    options = parser.parse_args()
    if options.seconds <= 0 or options.envs < 1 or options.seed < 0:
        parser.error("--seconds and --envs are positive, --seed is not negative.")
    try:
        record(options.out, options.seconds, options.envs, options.seed, options.live)
    except ReplayError as problem:
        raise SystemExit(str(problem)) from None


if __name__ == "__main__":
    main()
