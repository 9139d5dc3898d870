"""Evaluate two controllers of the walking demo in 200 episodes, whose friction, mass, push and command vary.

    python 12_evaluate_walking.py runs                               # some minutes on two cores
    python 12_evaluate_walking.py --resume runs/2026-05-04_13-37-00  # what an interrupted one has not done

A controller with a seed is a job: it has a folder of its own, with a recording and the records of its episodes. The
last lines that are printed show what to do with them.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from itertools import product
from multiprocessing import Pool
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "demo"))
try:
    from trot import Gains
    from trotter import KD, KP, trot_of
    from varied_env import VariedEnv
except ImportError as missing:
    print(f"{missing}. This example needs MuJoCo: pip install mujoco")
    raise SystemExit from None

from replay_viewer import ReplayError, attach, load_episodes, set_training_state, timestamped_run_dir

CONTROLLERS = {"demo": Gains(), "soft": Gains(tilt=(25.0, 4.0))}
SEEDS = (0, 1, 2)
JOBS = list(product(CONTROLLERS, SEEDS))


def survived(env: VariedEnv, env_ids: np.ndarray) -> list[bool | None]:
    """Whether robots are on their feet when their time is over; not known of those whose time is not."""
    return [bool(env.time_out_buf[index]) if env.reset_buf[index] else None for index in env_ids]


def distance(env: VariedEnv, env_ids: np.ndarray) -> np.ndarray:
    """How far they have come [m]."""
    return np.linalg.norm((env.root_states[:, :2] - env.env_origins[:, :2])[env_ids], axis=1)


def evaluate(run: Path, num_envs: int, num_episodes: int, job: tuple[str, int]) -> None:
    """Do what is missing of a job: so many episodes in each env."""
    controller, seed = job
    folder = run / f"{controller}-{seed}"
    done, times = finished(folder, num_envs)
    set_training_state(job=folder.name, policy=controller, task="walk", rebuild=times)
    if np.all(done >= num_episodes):
        return
    env = VariedEnv(num_envs, seed, num_episodes, done)
    trot, control = trot_of(num_envs, env.dt, CONTROLLERS[controller]), env.cfg.control
    terms = {"success": survived, "distance": distance}
    with attach(env, folder / "walk.rec", env_ids="all", seed=seed, episode_terms=terms) as recorder:
        for name, values in env.factors.items():
            recorder.log_variation(name, values)
        env.on_draw = recorder.log_variation
        while not env.is_waiting.all():
            targets = trot.targets(env.state(), env.commands, KP, KD)
            _, _, over, _ = env.step((targets - control.default_joint_angles) / control.action_scale)
            recorder.log("push", env.pushes)
            trot.reset(np.flatnonzero(over))
            if over.any():
                print(f"{folder.name}: {env.episode.sum()} of {num_envs * num_episodes} episodes", flush=True)


def finished(folder: Path, num_envs: int) -> tuple[np.ndarray, int]:
    """How many episodes each env has finished, (n,), and how often this job was begun."""
    if not folder.exists():
        return np.zeros(num_envs, int), 0
    over = [episode.env_id for episode in load_episodes(folder) if episode.outcome in ("terminated", "truncated")]
    return np.bincount(over, minlength=num_envs), len(list(folder.glob("*.rec")))


def told_apart(run: Path) -> str:
    """Both controllers with the seed with which they fare most unlike each other in the env that is shown first."""
    over = load_episodes(run).where("failure and env_id == 0")

    def difference(seed: int) -> int:
        falls = [len(over.where(f'job_name == "{controller}-{seed}"')) for controller in CONTROLLERS]
        return max(falls) - min(falls)

    seed = max(SEEDS, key=difference)
    return " ".join(str(next((run / f"{controller}-{seed}").glob("*.rec"))) for controller in CONTROLLERS)


def main() -> None:
    """Do all jobs, two at a time, and sum up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="?", help="the folder of all runs (default: a temporary one)")
    parser.add_argument("--episodes", type=int, default=200, help="at least so many in all (default: 200)")
    parser.add_argument("--envs", type=int, default=6, help="of each job (default: 6)")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="finish this run, with the same numbers as before")
    options = parser.parse_args()
    run = options.resume or timestamped_run_dir(options.runs or tempfile.mkdtemp(prefix="runs-"))
    num_episodes = -(-options.episodes // (len(JOBS) * options.envs))
    with Pool(2) as pool:
        pool.map(partial(evaluate, run, options.envs, num_episodes), JOBS, chunksize=1)
    for controller in CONTROLLERS:
        over = load_episodes(run).where(f'policy == "{controller}" and success != null')
        print(f"{controller}: {len(over.where('success'))} of {len(over)} episodes without a fall")
    print(f"""
replay-viewer {run}
replay-viewer {told_apart(run)} --compare ghost
replay-viewer report {run}
replay-viewer episodes {run} --where 'failure and variations.friction > 0.5' --sort variations.push
replay-viewer episodes {run} --format csv > episodes.csv""")


if __name__ == "__main__":
    try:
        main()
    except ReplayError as problem:
        raise SystemExit(str(problem)) from None
