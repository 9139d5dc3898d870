"""Run a policy, record its rollout, list its episodes, look at it again and render the best one, in one script.

    python 08_rollout_and_replay.py           # records, prints, and renders a video; both files are kept
    python 08_rollout_and_replay.py --view    # then shows it in the browser

The environment is one of its own, so its adapter stands here too; those of the simulators in the README need none.
"""

import sys
import tempfile

import numpy as np

from replay_viewer import (
    Adapter,
    Description,
    Endings,
    EntitySpec,
    RolloutRecorder,
    Viewer,
    open_replay,
    register_adapter,
    render_video,
)

MAX_STEPS, FALLEN, DT = 150, 0.6, 0.02


class Walkers:
    """Robots that walk ahead and are pushed sideways; actions (num_envs, 1) lean against it."""

    num_envs = 2

    def __init__(self):
        self.rng = np.random.default_rng()
        self.steps = np.zeros(self.num_envs, int)
        self.x, self.roll, self.rate = np.zeros((3, self.num_envs))
        self.terms = {"forward": np.zeros(self.num_envs), "upright": np.zeros(self.num_envs)}

    def reset(self, *, seed=None):
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        self.reset_idx(np.arange(self.num_envs))
        return self.observations(), {}

    def reset_idx(self, env_ids):
        for state in (self.x, self.roll, self.rate, self.steps):
            state[env_ids] = 0

    def observations(self):
        return np.stack([self.roll, self.rate], axis=-1)

    @property
    def fallen(self):
        return np.abs(self.roll) > FALLEN

    @property
    def late(self):
        return self.steps >= MAX_STEPS

    def step(self, actions):
        self.steps += 1
        self.rate += DT * (20 * self.roll + actions[:, 0]) + self.rng.normal(0, 0.15, self.num_envs)
        self.roll += DT * self.rate
        self.x += DT * np.cos(self.roll)
        self.terms = {"forward": DT * np.cos(self.roll), "upright": -DT * self.roll**2}
        terminated, truncated = self.fallen, self.late & ~self.fallen
        # As most simulators do: what step() returns of an env that ended is its next episode.
        self.reset_idx(np.flatnonzero(terminated | truncated))
        return self.observations(), sum(self.terms.values()), terminated, truncated, {}


class WalkersAdapter(Adapter):
    """What a recording takes from them."""

    def describe(self):
        robot = EntitySpec("robot")
        return Description({"control_dt": DT, "entities": [robot], "reward_terms": ["forward", "upright"]})

    def read(self):
        env, rows = self.env, self.rows.env_ids
        zeros = np.zeros(len(rows))
        terms = np.stack([env.terms[name][rows] for name in ("forward", "upright")], axis=-1)
        half = env.roll[rows] / 2
        return {
            "robot.base_pos": np.stack([env.x[rows], rows * 1.0, 0.4 * np.cos(env.roll[rows])], axis=-1),
            "robot.base_wxyz": np.stack([np.cos(half), np.sin(half), zeros, zeros], axis=-1),
            "rew_terms": terms,
            "rew": terms.sum(axis=-1),
        }

    def endings(self):
        env, rows = self.env, self.rows.env_ids
        return Endings(env.fallen[rows], env.late[rows], env.steps[rows].copy())


register_adapter("walkers", ("fallen", "late", "reset_idx", "observations"), WalkersAdapter)


def policy(observations):
    """Lean against the roll, but not quite enough to stay up for long."""
    return -observations @ np.array([[26.0], [1.0]])


folder = tempfile.mkdtemp(prefix="rollout-")
recorder = RolloutRecorder(Walkers(), num_episodes=5, seed=1, env_ids="all")
path = recorder.run(policy, folder)
best = max(recorder.episodes, key=lambda episode: episode.total_reward or 0.0)
print(f"The best was in env {best.env_id}, steps {best.first_step} to {best.last_step} of {path.name}.")
replay = open_replay(path)
for verdict in replay.verdicts:
    print(f"{verdict.status}: {verdict.topic}: {verdict.finding}")
replay.close()
render_video(path, f"{folder}/best.mp4", env=best.env_id, episodes=[best.episode_in_env], size=(480, 270))
print(f"Rollout and video are kept: {path} and {folder}/best.mp4")
if "--view" in sys.argv[1:]:
    with Viewer(path) as viewer:
        viewer.run()
