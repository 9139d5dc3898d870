"""The key in the terminal that runs a loop: in a real pseudo-terminal, with every way in which a process may end."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Iterator

import pytest
from container_columns import Columns
from controlled import until, whats

HELPERS = Path(__file__).resolve().parents[1] / "helpers"
_LFLAG = 3
# As a shell does it: the leader of a session, with a job in the foreground, that SIGUSR1 brings back there.
_SHELL = """
import fcntl, os, signal, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
for number in (signal.SIGTTOU, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN)
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    for number in (signal.SIGTTOU, signal.SIGHUP, signal.SIGPIPE, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.write(1, f"job {os.getpid()}.".encode())
    os.execv(sys.argv[1], sys.argv[1:])
def bring_back(*_):
    os.tcsetpgrp(0, job)
    os.kill(job, signal.SIGCONT)
signal.signal(signal.SIGUSR1, bring_back)
while True:
    _, status = os.waitpid(job, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        break
    if os.WSTOPSIG(status) == signal.SIGTSTP:
        os.tcsetpgrp(0, os.getpid())
        os.write(1, b"stopped")
os._exit(os.WTERMSIG(status) + 128 if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
"""


class Terminal:
    """A pseudo-terminal with a shell, whose job is in its foreground; what that says is read by a test."""

    def __init__(self, path: Path, *ending: str) -> None:
        self._leader, follower = pty.openpty()
        self.follower = os.dup(follower)
        self.usual = termios.tcgetattr(follower)
        command = [sys.executable, str(HELPERS / "control_child.py"), "terminal", str(path), *ending]
        self.shell = subprocess.Popen(
            [sys.executable, "-c", _SHELL, *command], stdin=follower, stdout=follower, stderr=follower
        )
        os.close(follower)
        os.set_blocking(self._leader, False)
        self.said = ""
        self.wait_for(".")
        self.job = int(self.said.split(".")[0][len("job ") :])

    def hear(self) -> str:
        with contextlib.suppress(OSError):
            while True:
                content = os.read(self._leader, 1 << 16)
                if not content:
                    break
                self.said += content.decode(errors="replace")
        return self.said

    def wait_for(self, text: str) -> None:
        until(lambda: text in self.hear(), f"{text!r} in the terminal; it says {self.said[-300:]!r}")

    def type(self, text: str) -> None:
        os.write(self._leader, text.encode())

    @property
    def is_raw(self) -> bool:
        return not termios.tcgetattr(self.follower)[_LFLAG] & (termios.ICANON | termios.ECHO)

    @property
    def is_usual(self) -> bool:
        return termios.tcgetattr(self.follower) == self.usual

    def hang_up(self) -> None:
        os.close(self.follower)
        os.close(self._leader)
        self._leader = self.follower = -1

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.job, signal.SIGKILL)
        self.shell.kill()
        self.shell.wait(10)
        if self._leader >= 0:
            self.hang_up()


@contextlib.contextmanager
def terminal(path: Path, *ending: str) -> Iterator[Terminal]:
    opened = Terminal(path, *ending)
    try:
        yield opened
    finally:
        opened.close()


def test_the_key_switches_the_policy_off_and_on_without_being_echoed(tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    with terminal(path) as found:
        found.wait_for("press l in this terminal")
        found.wait_for("action 1")
        until(lambda: found.is_raw, "keys are handed on at once")
        found.type("l")
        found.wait_for("action 0")
        found.said = ""
        found.type("xyz l")
        found.wait_for("action 1")
        assert "xyz" not in found.said
        found.type("\x03")  # Ctrl-C works as ever.
        found.shell.wait(10)
        assert found.is_usual
    assert whats(path) == ["policy_off", "policy_on"]


def test_keys_typed_ahead_are_one(tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    with terminal(path) as found:
        found.wait_for("action 1")
        until(lambda: found.is_raw, "raw")
        os.kill(found.job, signal.SIGSTOP)  # As in a step that takes long.
        state = Path(f"/proc/{found.job}/stat")
        until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "a job that stands still")
        found.type("llll")
        os.kill(found.job, signal.SIGCONT)
        found.wait_for("action 0")
        time.sleep(0.3)
        assert whats(path) == ["policy_off"]


@pytest.mark.parametrize("ending", ["close", "error", "exit", "crash"])
def test_the_terminal_is_as_it_was_whatever_the_end(ending: str, tmp_path: Path) -> None:
    with terminal(tmp_path / "run.rec", ending) as found:
        until(lambda: found.is_raw, "raw")
        found.wait_for("action 1")
        until(lambda: (found.hear(), found.shell.poll() is not None)[1], "an end")
        until(lambda: found.is_usual, "the terminal as it was")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGQUIT])
def test_the_terminal_is_as_it_was_after_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    with terminal(tmp_path / "run.rec") as found:
        until(lambda: found.is_raw, "raw")
        found.wait_for("action 1")
        os.kill(found.job, number)
        assert found.shell.wait(60) == 128 + number  # The system may write a core.
        until(lambda: found.is_usual, "the terminal as it was")


def test_ctrl_z_gives_the_terminal_back_and_going_on_takes_it_again(tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    with terminal(path) as found:
        until(lambda: found.is_raw, "raw")
        found.wait_for("action 1")
        found.type("\x1a")
        found.wait_for("stopped")
        assert found.is_usual
        found.shell.send_signal(signal.SIGUSR1)
        until(lambda: found.is_raw, "raw again")
        found.type("l")
        found.wait_for("action 0")


@pytest.mark.parametrize(
    ("ending", "prompt", "answer"), [("ask", "what? ", "l hello"), ("debug", "(Pdb) ", "p 'got l ' + 'hello'")]
)
def test_what_the_program_asks_is_answered_in_a_usual_terminal(
    ending: str, prompt: str, answer: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.rec"
    with terminal(path, ending) as found:
        until(lambda: found.is_raw, "raw")
        found.wait_for(prompt)
        time.sleep(0.7)  # For longer than it takes to look for keys.
        for letter in answer:
            found.type(letter)
            time.sleep(0.05)
        found.type("\n")
        found.wait_for("got l hello")
        assert answer in found.said  # It was echoed.
        if ending == "debug":
            found.type("c\n")
        until(lambda: found.is_raw, "raw again")
        found.type("l")
        found.wait_for("action 0")
    assert whats(path) == ["policy_off"]


def test_a_terminal_that_goes_away_ends_no_loop(tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    with terminal(path, "hangup") as found:
        until(lambda: found.is_raw, "raw")
        found.wait_for("action 1")
        found.hang_up()
        assert found.shell.wait(30) == 0
    assert (tmp_path / "closed").exists() and Columns(path).num_steps == 101


def test_a_process_without_a_terminal_asks_for_none(tmp_path: Path) -> None:
    command = [sys.executable, str(HELPERS / "control_child.py"), "terminal", str(tmp_path / "run.rec"), "close"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and "press l" not in done.stderr
