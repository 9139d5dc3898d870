"""The two ends of a control, each in a process of its own, until they are killed.

Run as `python control_child.py simulate PATH [--port]`: a loop that is recorded and can be controlled, beside the
recording or at a port, which stands in a file beside it.
Run as `python control_child.py hold PATH`: a viewer whose page keeps the policy off, until the line is over.
Run as `python control_child.py terminal PATH [ENDING]`: a loop in a terminal, which prints "ready", then each step's
action; ENDING says how it ends: "close", "error", "exit", "crash", or that it asks its user something: "ask", "debug".
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from controlled import KickedSim, Line
from legged_fake import DOF_NAMES

from replay_viewer import attach
from replay_viewer.record.control import hand
from replay_viewer.record.control.address import TOKEN_VARIABLE, ControlAddress, socket_of

# Here a hand may be silent for longer than usual [s]: a busy machine has a page stand still for more than a second.
SILENCE = 3.0


def simulate(path: Path, option: str = "") -> None:
    os.environ[TOKEN_VARIABLE] = "secret"
    hand.SILENCE = SILENCE
    env = KickedSim()
    with attach(env, path, env_ids=[0, 1], control=0 if option == "--port" else True) as recorder:
        address = recorder.control_address
        assert address is not None
        (path.parent / "port").write_text(str(address.port))
        while True:
            env.step(np.ones((env.num_envs, len(DOF_NAMES)), np.float32))
            time.sleep(0.005)


def hold(path: Path) -> None:
    with Line(ControlAddress(socket_of(path))) as line:
        line.do("policy", value=False)
        try:
            while line.read():
                line.do("alive")
        except OSError:
            pass


def terminal(path: Path, ending: str = "") -> None:
    if ending == "hangup":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    env = KickedSim()
    recorder = attach(env, path, control=True)
    say("ready")
    for step in count():
        env.step(np.ones((env.num_envs, len(DOF_NAMES)), np.float32))
        say(f"action {env.actions[0, 0]:g}")
        time.sleep(0.01)
        if ending in ("ask", "debug"):
            if step == 20 and ending == "ask":
                say("got " + input("what? "))
            elif step == 20:
                breakpoint()
            continue
        if ending and ending != "hangup" and step == 20:
            break
        if ending == "hangup" and step == 100:
            break
    if ending == "error":
        raise RuntimeError("the loop has failed")
    if ending == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if ending in ("close", "hangup"):
        recorder.close()
        (path.parent / "closed").touch()


def say(text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(1, f"{text}\n".encode())


if __name__ == "__main__":
    kind, where, *rest = sys.argv[1:]
    {"simulate": simulate, "hold": hold, "terminal": terminal}[kind](Path(where), *rest)
