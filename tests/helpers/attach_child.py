"""Simulations that record through `attach` until something happens to their process.

Run as `python attach_child.py serve`, then write lines `PATH` into it: each forks a simulation, which prints "pid N",
then the number of each step that `env.step()` returned from, until it is killed; then "over".
Run as `python attach_child.py ENDING PATH`: the same for one simulation of ten steps, which ends itself.
Run as `python attach_child.py race FOLDER`: processes that attach to one path in the same moment, many times.
Run as `python attach_child.py fork PATH`: a process whose copy goes on with its environment too.
Run as `python attach_child.py orphan PATH`: one that dies while a copy of it lives, and prints the copy's id.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import sys
import time
from itertools import count
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim

from replay_viewer import attach
from replay_viewer.record.attached_recorder import AttachedRecorder

NUM_ENVS, ENV_IDS, NUM_STEPS = 6, [1, 2, 4, 5], 10
NUM_RACES, NUM_RACERS = 25, 4


def simulation(seed: int = 0) -> LeggedGymSim:
    """Short episodes, so that many end."""
    env = LeggedGymSim(NUM_ENVS, seed)
    env.max_episode_length = 20
    return env


def act(env: LeggedGymSim) -> None:
    """The next step; its actions can be told from those of others."""
    env.step(np.full((NUM_ENVS, len(DOF_NAMES)), np.sin(len(env.truth)), np.float32))


def recorded(path: str, seed: int = 0) -> tuple[LeggedGymSim, AttachedRecorder]:
    env = simulation(seed)
    return env, attach(env, path, env_ids=ENV_IDS)


def say(text: object) -> None:
    os.write(1, f"{text}\n".encode())


def serve() -> None:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            say(f"pid {os.getpid()}")
            env, _ = recorded(line.rstrip("\n"))
            for step in count():
                act(env)
                say(step)
        os.waitpid(pid, 0)
        say("over")


def run_ten_steps(path: str, ending: Callable[[], object]) -> None:
    env, _ = recorded(path)
    for step in range(NUM_STEPS):
        act(env)
        say(step)
    ending()


def exit_by_exception() -> None:
    raise ValueError("the script fails")


def wait_for_a_signal() -> None:
    time.sleep(60)


def leave_as_python_does() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    wait_for_a_signal()


def nothing() -> None:
    pass


ENDINGS: dict = {
    "null": lambda: ctypes.string_at(0),
    "segv": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": os.abort,
    "os_exit": lambda: os._exit(0),
    "sys_exit": lambda: sys.exit(0),
    "exception": exit_by_exception,
    "nothing": nothing,
    "null_at_exit": nothing,
    "term": wait_for_a_signal,
    "term_in_python": leave_as_python_does,
}


def race(folder: Path) -> None:
    for number in range(NUM_RACES):
        gate, opener = os.pipe()
        racers = []
        for seed in range(NUM_RACERS):
            racers.append(os.fork())
            if racers[-1] == 0:
                os.close(opener)
                os.read(gate, 1)  # Returns in all of them when the gate's other end is closed.
                env, recorder = recorded(str(folder / f"{number}.rec"), seed)
                for _ in range(3):
                    act(env)
                recorder.close()
                os._exit(0)
        os.close(gate)
        os.close(opener)
        for racer in racers:
            if os.waitpid(racer, 0)[1] != 0:
                sys.exit("a process failed")


def fork(path: str) -> None:
    env, recorder = recorded(path)
    for _ in range(NUM_STEPS):
        act(env)
    pid = os.fork()
    for _ in range(NUM_STEPS if pid else 3 * NUM_STEPS):
        act(env)
    recorder.close()
    if pid:
        sys.exit(os.waitpid(pid, 0)[1])


def orphan(path: str) -> None:
    env, _ = recorded(path)
    for _ in range(NUM_STEPS):
        act(env)
    pid = os.fork()
    if pid == 0:
        os.close(1)
        time.sleep(60)
    say(pid)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # Under nohup it is ignored by what is started, too.
    what = sys.argv[1]
    if what == "serve":
        serve()
    elif what == "race":
        race(Path(sys.argv[2]))
    elif what == "fork":
        fork(sys.argv[2])
    elif what == "orphan":
        orphan(sys.argv[2])
    else:
        if what == "null_at_exit":
            # As Isaac Gym does: what is registered first is called last.
            atexit.register(ctypes.string_at, 0)
        run_ten_steps(sys.argv[2], ENDINGS[what])


if __name__ == "__main__":
    main()
