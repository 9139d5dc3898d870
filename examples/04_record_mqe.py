"""Record two robots that push a box in MQE, with the rewards of each agent and the terms that they are made of.

    python 04_record_mqe.py
    replay-viewer runs/pushbox.rec

MQE keeps its reward terms as sums over all environments, so the task's wrapper has to hand out those of each: here a
wrapper of our own, which also makes each robot pay for its effort.
"""
# pyright: reportMissingImports=false

try:
    import isaacgym  # noqa: F401 - before torch.
    from mqe.envs.utils import ENV_DICT, custom_cfg, make_mqe_env
except ImportError as missing:
    print(f"{missing}. This example needs Isaac Gym (https://developer.nvidia.com/isaac-gym) and MQE:")
    print("git clone https://github.com/ziyanx02/multiagent-quadruped-environment && pip install -e multiagent*")
    raise SystemExit from None

import torch
from mqe.envs.wrappers.go1_pushbox_wrapper import Go1PushboxWrapper
from mqe.utils import get_args

from replay_viewer import attach

NUM_STEPS = 1000


class PushWithEffort(Go1PushboxWrapper):
    """The task of MQE and one more term. terms: by name, (num_envs, num_agents) of the last step."""

    def step(self, action: torch.Tensor) -> tuple:
        obs, reward, done, info = super().step(action)
        effort = -0.001 * (action**2).sum(dim=-1)
        self.terms = {"box movement": reward, "effort": effort}
        return obs, reward + effort, done, info


def main() -> None:
    args = get_args()
    args.num_envs, args.headless, args.record_video = 16, True, False
    ENV_DICT["go1pushbox"]["wrapper"] = PushWithEffort
    env, _ = make_mqe_env("go1pushbox", args, custom_cfg(args))

    with attach(env, "runs/pushbox.rec", env_ids=[0, 1, 2, 3], seed=args.seed) as recorder:
        env.reset()
        for _ in range(NUM_STEPS):
            forward = torch.tensor([1.0, 0.0, 0.0], device=env.device)
            env.step(forward + 0.3 * torch.randn(env.num_envs, env.num_agents, 3, device=env.device))
            recorder.log_terms(env.terms)
    print(f"replay-viewer {recorder.path}")


main()
