"""What records of episodes cost: 4,096 envs of which 41 are reset in a step, with three terms and twelve reward terms.

Prints milliseconds per step with resets, against the limit of 1 ms, and against the way of Isaac Lab-Arena, which is
a call of each term and an `open` of the file for each env (and no sums of rewards, times or outcomes). The envs draw
friction of two feet, a mass and a command in each reset; what finding these costs is told too.

It is time of the processor, the least of several runs that take turns: what else the machine does counts little.
"""

from __future__ import annotations

import contextlib
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
from replay_viewer.record.adapters.factors import Factor, existing, rows

NUM_ENVS, NUM_RESETS, NUM_STEPS, NUM_RUNS = 4096, 41, 100, 20
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
        self.rng = np.random.default_rng(0)
        self.rew = self.rng.random(NUM_ENVS, np.float32)
        self.terms = self.rng.random((NUM_ENVS, len(TERM_NAMES)), np.float32)
        self.lengths, self.over = np.zeros(NUM_ENVS, np.int64), np.zeros(NUM_ENVS, bool)
        self.friction, self.mass = self.rng.random((NUM_ENVS, 2), np.float32), self.rng.random(NUM_ENVS, np.float32)
        self.command = self.rng.random((NUM_ENVS, 3), np.float32)

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
        self.draw(env_ids)

    def draw(self, env_ids: np.ndarray) -> None:
        for buffer in (self.friction, self.mass, self.command):
            buffer[env_ids] = self.rng.random((len(env_ids), *buffer.shape[1:]), np.float32)


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


class DrawingAdapter(EnvsAdapter):
    def factors(self) -> list[Factor]:
        env, draws = self.env, existing(self.env, "draw")
        return [
            Factor("friction", lambda ids: rows(env.friction, ids), draws),
            Factor("mass", lambda ids: rows(env.mass, ids), draws),
            Factor("command", lambda ids: dict(zip("xyz", rows(env.command, ids).T, strict=True)), draws),
        ]


register_adapter("bench of records", ("bench_of_records",), EnvsAdapter)
register_adapter("bench of draws", ("bench_of_records",), DrawingAdapter)
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


def seconds(envs: dict[str, Envs]) -> dict[str, float]:
    """Of the processor, for a step of each, the least of several runs in turns."""
    found: dict[str, list[float]] = {name: [] for name in envs}
    for _ in range(NUM_RUNS):
        for name, env in envs.items():
            start = time.process_time()
            for _ in range(NUM_STEPS):
                env.step(None)
            found[name].append((time.process_time() - start) / NUM_STEPS)
    return {name: min(times) for name, times in found.items()}


def main() -> None:
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        ArenasWay.path = Path(folder) / "arena.jsonl"
        envs = {name: Envs() for name in ("bare", "plain", "with 3 terms", "with 3 terms and 3 found factors")}
        envs["Arena's way"] = ArenasWay()
        for name, terms, adapter in (
            ("plain", {}, "bench of records"),
            ("with 3 terms", TERMS, "bench of records"),
            ("with 3 terms and 3 found factors", TERMS, "bench of draws"),
        ):
            path = Path(folder) / name
            stack.enter_context(record_episodes(envs[name], path, episode_terms=terms, adapter=adapter))
        found = seconds(envs)
    bare, arena = found.pop("bare"), found["Arena's way"]
    print("limit: 1 ms per reset of 41 envs")
    for name, time_of_step in found.items():
        cost = time_of_step - bare
        print(f"{name}: {1e3 * cost:.2f} ms, {cost / (arena - bare):.2f} of Arena's way")


if __name__ == "__main__":
    main()
