"""What records of episodes cost: 4,096 envs of which 41 are reset in a step, with three terms and twelve reward terms.

Prints milliseconds per step with resets, against the limit of 1 ms, and against the way of Isaac Lab-Arena, which is
a call of each term and an `open` of the file for each env (and no sums of rewards, times or outcomes).
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

import numpy as np

from replay_viewer import Adapter, Description, Endings, EntitySpec, record_episodes, register_adapter

NUM_ENVS, NUM_RESETS, NUM_STEPS = 4096, 41, 400
TERM_NAMES = [f"term_{number}" for number in range(12)]


class Envs:
    """Envs that do nothing but count, and are reset 41 at a time."""

    bench_of_records = SimpleNamespace(dt=0.02)

    def __init__(self) -> None:
        self.num_envs, self.number = NUM_ENVS, 0
        self.pos, self.wxyz = (
            np.zeros((NUM_ENVS, 3), np.float32),
            np.tile(np.array([1, 0, 0, 0], np.float32), (NUM_ENVS, 1)),
        )
        self.joints = np.zeros((NUM_ENVS, 30), np.float32)
        self.rew, self.terms = np.ones(NUM_ENVS, np.float32), np.ones((NUM_ENVS, len(TERM_NAMES)), np.float32)
        self.lengths, self.over = np.zeros(NUM_ENVS, np.int64), np.zeros(NUM_ENVS, bool)

    def step(self, action: Any) -> None:
        self.lengths += 1
        first = self.number * NUM_RESETS % (NUM_ENVS - NUM_RESETS)
        ids = np.arange(first, first + NUM_RESETS)
        self.over[:] = False
        self.over[ids] = True
        self.number += 1
        self.reset_idx(ids)

    def reset_idx(self, env_ids: np.ndarray) -> None:
        self.lengths[env_ids] = 0


class EnvsAdapter(Adapter):
    def describe(self) -> Description:
        return Description({"control_dt": 0.02, "entities": [EntitySpec("robot")], "reward_terms": TERM_NAMES})

    def read(self) -> dict[str, Any]:
        env = self.env
        found = {"robot.base_pos": env.pos, "robot.base_wxyz": env.wxyz, "robot.joint_pos": env.joints}
        return {name: self.rows.of(value) for name, value in {**found, "rew": env.rew, "rew_terms": env.terms}.items()}

    def endings(self) -> Endings:
        over = self.rows.of(self.env.over).copy()
        return Endings(over, np.zeros_like(over), self.rows.of(self.env.lengths).copy())

    def lengths(self) -> np.ndarray:
        return self.env.lengths


register_adapter("bench of records", ("bench_of_records",), EnvsAdapter)
TERMS: dict[str, Callable[[Any, Any], Any]] = {
    "height": lambda env, ids: env.pos[ids, 2],
    "joint": lambda env, ids: env.joints[ids, 0],
    "length": lambda env, ids: env.lengths[ids],
}


class ArenasWay(Envs):
    """Asks each term about one env at a time, and opens the file for each."""

    path = Path()

    def reset_idx(self, env_ids: np.ndarray) -> None:
        for env_id in env_ids.tolist():
            record = {name: term(self, [env_id])[0].item() for name, term in TERMS.items()}
            with open(self.path, "a") as file:
                file.write(json.dumps({"env_id": env_id, "episode_length": int(self.lengths[env_id]), **record}) + "\n")
        super().reset_idx(env_ids)


def seconds(env: Envs) -> float:
    """Of a step, the median over several runs."""
    found = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(NUM_STEPS):
            env.step(None)
        found.append((time.perf_counter() - start) / NUM_STEPS)
    return sorted(found)[2]


def main() -> None:
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        bare = seconds(Envs())
        ArenasWay.path = Path(folder) / "arena.jsonl"
        arena = seconds(ArenasWay()) - bare
        env = Envs()
        with record_episodes(env, folder, episode_terms=TERMS):
            ours = seconds(env) - bare
        env = Envs()
        with record_episodes(env, folder):
            without = seconds(env) - bare
    print(f"records with 3 terms: {1e3 * ours:.2f} ms, without: {1e3 * without:.2f} ms; limit 1 ms per reset")
    print(f"Arena's way: {1e3 * arena:.2f} ms; ours / Arena's: {ours / arena:.2f}")


if __name__ == "__main__":
    main()
