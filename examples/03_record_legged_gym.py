"""Record a policy in legged_gym: four robots, their joints, and every reward term. unitree_rl_gym is used the same way.

    python 03_record_legged_gym.py --task=anymal_c_flat --headless --resume
    replay-viewer runs/anymal_c_flat.rec

`--resume` loads the last trained policy, as play.py does; without it the policy is an untrained one.
"""
# pyright: reportMissingImports=false

try:
    import isaacgym  # noqa: F401 - before torch.
    import legged_gym.envs  # noqa: F401 - registers the tasks.
except ImportError as missing:
    print(f"{missing}. This example needs Isaac Gym (https://developer.nvidia.com/isaac-gym) and legged_gym:")
    print("git clone https://github.com/leggedrobotics/legged_gym && pip install -e legged_gym")
    raise SystemExit from None

import torch
from legged_gym.utils import get_args, task_registry

from replay_viewer import attach


def main() -> None:
    args = get_args()
    env_cfg, train_cfg = task_registry.get_cfgs(name=args.task)
    env_cfg.env.num_envs = min(env_cfg.env.num_envs, 50)
    env, _ = task_registry.make_env(name=args.task, args=args, env_cfg=env_cfg)
    # Attached before the runner resets the environment, so that the first episodes are whole.
    with attach(env, f"runs/{args.task}.rec", env_ids=[0, 1, 2, 3]) as recorder, torch.no_grad():
        runner, _ = task_registry.make_alg_runner(env=env, name=args.task, args=args, train_cfg=train_cfg)
        policy, obs = runner.get_inference_policy(device=env.device), env.get_observations()
        for _ in range(2 * int(env.max_episode_length)):
            obs, *_ = env.step(policy(obs))
    print(f"replay-viewer {recorder.path}")


main()
