"""A process that records a rollout until it is stopped, or 300 steps in files of limited size; see its test.

Arguments: the output folder; the largest size of a file in bytes, 0 for none, where it is to stop by itself.
"""

from __future__ import annotations

import resource
import sys
from typing import Any

from legged_gym_sim import LeggedGymSim

from replay_viewer import RolloutRecorder

folder, *limits = sys.argv[1:]
for limit in map(int, limits):
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
seen = 0


def policy(obs: Any) -> Any:
    global seen
    seen += 1
    if seen == 10 and not limits:
        print("running", flush=True)
    return obs[:, :12]


steps, episodes = (300, None) if limits else (None, 10**9)
RolloutRecorder(LeggedGymSim(keep_truth=False), steps, num_episodes=episodes, env_ids=0).run(policy, folder)
