"""Load a plain rollout .npz and look at its episodes and reward terms.

The file is made on the spot, as an Isaac Gym script would save it: two envs walk forward, and the second falls.
"""

import tempfile
from pathlib import Path

import numpy as np

from replay_viewer import load_rollout

NUM_STEPS, FALL = 200, 120


def save_rollout(path: Path) -> None:
    """Arrays of shape (steps, envs, ...); the reward's terms stand in `info`, one dict per step."""
    time = 0.02 * np.arange(NUM_STEPS)
    since_reset = np.stack([time, np.where(np.arange(NUM_STEPS) > FALL, time - time[FALL + 1], time)], axis=1)
    base_pos = np.stack([0.8 * since_reset, np.zeros_like(since_reset), np.full_like(since_reset, 0.4)], axis=-1)
    base_pos[FALL - 20 : FALL + 1, 1, 2] = np.linspace(0.4, 0.1, 21)
    reset = np.zeros((NUM_STEPS, 2), dtype=bool)
    reset[FALL, 1] = True
    alive, height = np.where(reset, -1.0, 0.02), -0.1 * np.abs(base_pos[..., 2] - 0.4)
    info = [{"reward_terms": {"alive": alive[t], "height": height[t]}, "reset": reset[t]} for t in range(NUM_STEPS)]
    np.savez(
        path,
        base_pos=base_pos,
        base_quat=np.tile([0.0, 0.0, 0.0, 1.0], (NUM_STEPS, 2, 1)),
        rew=alive + height,
        info=np.array(info, dtype=object),
        dt=0.02,
    )


with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "rollout.npz"
    save_rollout(file)
    rollout = load_rollout(file)
    for verdict in rollout.verdicts:
        print(f"{verdict.status}: {verdict.topic}: {verdict.finding} ({verdict.reason})")
    for env in range(rollout.num_envs):
        for episode in rollout.episodes(env):
            steps = slice(episode.first_step, episode.last_step + 1)
            sums = rollout.read("rew_terms", steps, [env]).sum(axis=(0, 1))
            terms = ", ".join(f"{name} {total:.2f}" for name, total in zip(rollout.reward_terms, sums, strict=True))
            print(f"env {env}, steps {episode.first_step} to {episode.last_step}: {episode.outcome}; {terms}")
    rollout.close()
