"""Records the second demo: two Trotters push a box to a target in MuJoCo, each with rewards of its own.

    python push.py runs/push.rec                      # 20 s of four envs, as fast as the machine can
    python push.py runs/push.rec --live --seconds 60  # in real time: watch it with replay-viewer runs/push.rec --tail

It needs MuJoCo: pip install mujoco
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from script import run, steps, tell_end

try:
    import push_adapter  # noqa: F401 - it makes itself known to `attach`.
    from push_env import PushEnv
except ImportError as missing:
    raise SystemExit(f"{missing}. This demo needs MuJoCo: pip install mujoco") from None

from replay_viewer import attach

SEED = 1
TOO_HEAVY = 30.0
SHOVE_AT, SHOVE, SHOVE_FOR = 4.4, (0.0, -190.0, 40.0), 0.16
ABOUT = (
    "Two Trotters push a box to the green sheet. Simulated by MuJoCo; a rule tells each robot how fast to walk "
    "(examples/demo/push_plan.py) and a feedback controller places its feet (examples/demo/trot.py), no policy was "
    "trained. The first box of env 2 is too heavy for them, and in env 3 a robot is shoved from the side after 4.4 s; "
    "all else is drawn at random."
)


def record(path: Path, seconds: float, num_envs: int, seed: int, live: bool = False) -> Path:
    """Simulate and record; Ctrl-C ends it early. Returns the path of the recording."""
    env = PushEnv(num_envs, seed)
    with (
        attach(env, path, env_ids="all", metadata={"about": ABOUT, "task": "push a box together"}) as recorder,
        suppress(KeyboardInterrupt),
    ):
        for step in steps(seconds, env.dt, live, recorder.path):
            play_trick(env, step)
            env.step(env.plan())
            recorder.log("shove", env.shoves)
    tell_end(recorder.path, recorder.num_steps * env.dt)
    return recorder.path


def play_trick(env: PushEnv, step: int) -> None:
    """Make it fail twice: a load that cannot be moved, and a robot that is thrown over."""
    if step == 0 and env.num_envs > 2:
        env.load(2, TOO_HEAVY, 0.6)
    if step == round(SHOVE_AT / env.dt) and env.num_envs > 3:
        env.shove(3, 1, SHOVE, SHOVE_FOR)


if __name__ == "__main__":
    run(record, __doc__, num_envs=4, seed=SEED)
