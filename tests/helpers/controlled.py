"""A legged_gym environment that can be pushed and commanded, a viewer's connection to it, and what a recording says."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Callable

import numpy as np
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim, numbers

from replay_viewer.record.attached_recorder import AttachedRecorder
from replay_viewer.record.control.address import ControlAddress


class KickedSim(LeggedGymSim):
    """Keeps the kicks that it gets, and the actions; its poses go by a formula all the same."""

    def __init__(self, num_envs: int = 4, library: str = "numpy", **options: Any) -> None:
        super().__init__(num_envs, library=library, **options)
        self.cfg.commands = SimpleNamespace(ranges=SimpleNamespace(lin_vel_x=[-2.0, 3.0], lin_vel_y=[0.0, 0.0]))
        self.kicks: list[tuple[list[int], list[list[float]]]] = []
        self.seen_commands: list[np.ndarray] = []

    def kick(self, env_ids: Any, velocities: Any) -> None:
        self.kicks.append((env_ids.tolist(), velocities.tolist()))

    def compute_observations(self) -> None:
        super().compute_observations()
        self.seen_commands.append(numbers(self.commands))


class Loop:
    """Steps an environment on a thread of its own until the block ends; `policy` gives the actions.

    Attributes:
        num_steps: made so far.
    """

    def __init__(self, env: LeggedGymSim, period: float = 0.005) -> None:
        self.num_steps, self._env, self._period = 0, env, period
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Loop:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        self._is_over.set()
        self._thread.join(10)
        assert not self._thread.is_alive(), "the loop hangs"

    def _run(self) -> None:
        action = self._env.np.array(np.ones((self._env.num_envs, len(DOF_NAMES)), np.float32))
        while not self._is_over.wait(self._period):
            self._env.step(action)
            self.num_steps += 1


class Line:
    """A viewer's connection to a control, as its pages use it."""

    def __init__(self, address: ControlAddress, token: str | None = None) -> None:
        self.end: socket.socket = address.connect(5.0)
        self.end.settimeout(5.0)
        self._lines = self.end.makefile("rb")
        if token is not None:
            self.send_line({"token": token})

    def send_line(self, message: Any) -> None:
        self.end.sendall(json.dumps(message).encode() + b"\n")

    def do(self, what: str, env: int | None = None, value: Any = None, page: str = "1") -> None:
        self.send_line({"page": page, "do": what, "env": env, "value": value})

    def read(self) -> dict[str, Any]:
        """The next message; {} at the end of the line."""
        line = self._lines.readline()
        return json.loads(line) if line else {}

    def state(self, holds: Callable[[dict[str, Any]], Any] = lambda state: True) -> dict[str, Any]:
        """The first state that is told for which something holds."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            state = self.read().get("state")
            if state is not None and holds(state):
                return state
        raise AssertionError("no such state was told")

    def close(self) -> None:
        self._lines.close()
        self.end.close()

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def line_to(recorder: AttachedRecorder) -> Line:
    address = recorder.control_address
    assert address is not None
    return Line(address)


def until(holds: Callable[[], Any], what: str, timeout: float = 30.0) -> None:
    """Wait for something. Fails with `what` when it does not come true."""
    end = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.002)


def events(recording: Path) -> list[dict[str, Any]]:
    """What the log says was done by hand."""
    lines = map(json.loads, (recording / "log.jsonl").read_text().splitlines())
    return [line for line in lines if line["kind"] == "by_hand"]


def whats(recording: Path) -> list[str]:
    return [event["what"] for event in events(recording)]
