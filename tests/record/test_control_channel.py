"""The way from a viewer to a running policy: who may come, what silence means, and what ends nothing."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator

import pytest
from container_columns import Columns
from controlled import KickedSim, Line, Loop, events, line_to, until, whats

from replay_viewer import attach
from replay_viewer.errors import BadArgument
from replay_viewer.record.attached_recorder import AttachedRecorder
from replay_viewer.record.control import hand
from replay_viewer.record.control.address import TOKEN_VARIABLE, ControlAddress, socket_of

HELPERS = Path(__file__).resolve().parents[1] / "helpers"


@pytest.fixture
def env() -> KickedSim:
    return KickedSim()


@pytest.fixture
def recorder(env: KickedSim, tmp_path: Path) -> Iterator[AttachedRecorder]:
    """On a loop that runs."""
    with attach(env, tmp_path / "run.rec", env_ids="all", control=True) as recorder:
        with Loop(env):
            yield recorder


def test_what_a_page_asks_for_is_done_and_recorded_with_its_name(env: KickedSim, recorder: AttachedRecorder) -> None:
    with line_to(recorder) as line:
        first = line.state()
        assert first["policy"] and not first["paused"] and first["command"][0][0] == "forward [m/s]"
        assert first["command"][1][:2] == [-2.0, -1.0] and first["command"][2][:2] == [3.0, 1.0]
        line.do("push", 1, [0.5, 0, 0], page="7")
        until(lambda: env.kicks == [([1], [[0.5, 0.0, 0.0]])], "a kick")
        line.do("reset", 2, page="7")
        line.do("policy", value=False, page="7")
        assert line.state(lambda state: not state["policy"])["offBy"] == "page 7"
        line.do("policy", value=True, page="8")
        line.state(lambda state: state["policy"])
    found = [(event["what"], event["env_id"], event["by"]) for event in events(recorder.path)]
    assert found[:1] == [("push", 1, "page 7")]
    assert found[1:] == [
        ("reset", 2, "page 7"),
        ("policy_off", None, "page 7"),
        ("policy_on", None, "page 8"),
    ]


def test_a_page_that_is_silent_for_a_second_gives_the_policy_back(recorder: AttachedRecorder) -> None:
    with line_to(recorder) as line:
        line.do("policy", value=False)
        line.do("command", 0, [1, 0, 0])
        line.state(lambda state: not state["policy"] and state["commands"])
        for _ in range(8):  # As long as it is heard, it holds on.
            time.sleep(0.2)
            line.do("alive")
        assert not line.state()["policy"]
        line.state(lambda state: state["policy"] and not state["commands"])
    assert [(e["what"], e["by"]) for e in events(recorder.path)][-2:] == [
        ("command_end", "silence of page 1"),
        ("policy_on", "silence of page 1"),
    ]


@pytest.mark.parametrize("how", ["left", "closed"])
def test_a_page_that_is_gone_gives_it_back_at_once(
    how: str, recorder: AttachedRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "SILENCE", 60.0)
    with line_to(recorder) as line, line_to(recorder) as other:
        line.do("policy", value=False)
        other.state(lambda state: not state["policy"])
        if how == "left":
            line.do("left")
        else:
            line.close()
        other.state(lambda state: state["policy"])


def test_a_pause_outlives_the_page_and_a_second_page_ends_it(recorder: AttachedRecorder) -> None:
    with line_to(recorder) as line:
        line.do("pause", page="1")
        line.do("policy", value=False, page="1")
        line.state(lambda state: state["paused"] and not state["policy"])
    with line_to(recorder) as second:
        state = second.state(lambda state: state["policy"])  # It is the policy that goes on then.
        assert state["paused"] and state["pausedBy"] == "page 1"
        paused_at = recorder.num_steps
        time.sleep(0.1)
        assert recorder.num_steps == paused_at
        second.do("resume", page="2")
        second.state(lambda state: not state["paused"])
        until(lambda: recorder.num_steps > paused_at + 5, "it goes on")


def test_what_is_typed_ahead_does_not_pile_up(env: KickedSim, recorder: AttachedRecorder) -> None:
    with line_to(recorder) as line:
        line.do("pause")
        line.state(lambda state: state["paused"])
        for _ in range(50):
            line.do("step")
            line.do("push", 1, [0.1, 0, 0])
        line.do("push", 1, [9, 0, 0])
        until(lambda: env.kicks and env.kicks[-1] == ([1], [[9.0, 0.0, 0.0]]), "the last kick")
        line.do("resume")
        line.state(lambda state: not state["paused"])


def test_two_viewers_see_the_same(recorder: AttachedRecorder) -> None:
    with line_to(recorder) as line, line_to(recorder) as other:
        line.do("policy", value=False)
        assert other.state(lambda state: not state["policy"])["offBy"] == "page 1"
        other.do("policy", value=True)
        line.state(lambda state: state["policy"])


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"[" * 5000 + b"\n",
        b"x" * 100_000,
        b'"text"\n',
        b"\x00\xff\n",
        b'{"page": {}, "do": []}\n',
        b'{"page": "1\\u0007", "do": "policy", "value": false}\n',
        b'{"page": "1", "do": "push", "env": 1e400, "value": [1, 2, 3]}\n',
    ],
)
def test_nonsense_ends_a_connection_and_nothing_else(nonsense: bytes, recorder: AttachedRecorder) -> None:
    before = recorder.num_steps
    with line_to(recorder) as line:
        line.end.sendall(nonsense)
    until(lambda: recorder.num_steps > before + 5, "the loop goes on")
    with line_to(recorder) as line:
        assert line.state()["policy"]
    assert whats(recorder.path) == []


def test_who_takes_nothing_or_opens_many_connections_holds_nobody_up(recorder: AttachedRecorder) -> None:
    address = recorder.control_address
    assert address is not None
    ends = [address.connect(5.0) for _ in range(30)]
    before = recorder.num_steps
    until(lambda: recorder.num_steps > before + 20, "the loop goes on")
    for end in ends:
        end.close()
    until(lambda: _is_told(address), "room for another")


def _is_told(address: ControlAddress) -> bool:
    try:
        with Line(address) as line:
            return bool(line.read())
    except OSError:
        return False


def test_the_socket_is_its_owners_alone_and_gone_with_the_recorder(env: KickedSim, tmp_path: Path) -> None:
    with attach(env, tmp_path / "run.rec", control=True) as recorder:
        path = socket_of(recorder.path)
        mode = path.stat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
    assert not path.exists()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="sockets have short names only here")
def test_a_long_path_has_a_socket_too(env: KickedSim, tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30) / ("longer" * 20)
    with attach(env, folder / "run.rec", control=True) as recorder, Loop(env), line_to(recorder) as line:
        assert line.state()["policy"]


def test_a_socket_that_cannot_be_made_is_told_and_the_loop_goes_on(
    env: KickedSim, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "run.rec.control").write_text("in the way")
    with attach(env, tmp_path / "run.rec", control=True) as recorder, Loop(env):
        recorder.policy_enabled = False
        until(lambda: whats(recorder.path) == ["policy_off"], "code has a hand all the same")
        assert recorder.control_address is None
    assert "cannot be a socket" in caplog.text and "control=5055" in caplog.text
    assert (tmp_path / "run.rec.control").read_text() == "in the way"


def test_a_port_asks_for_the_token_from_this_machine_too(
    env: KickedSim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "swordfish")
    with attach(env, tmp_path / "run.rec", control=0) as recorder, Loop(env):
        address = recorder.control_address
        assert address is not None and (address.host, address.token) == ("127.0.0.1", "swordfish")
        assert f"--control 127.0.0.1:{address.port}" in caplog.text
        for wrong in ("", "sword", "swordfish ", "sw\u00f6rdfish"):
            with Line(address, token=wrong) as line:
                assert line.read() == {"refused": "the token is another one"} and line.read() == {}
        with Line(address) as line:  # Without any token.
            line.do("policy", value=False)
            assert "state" not in line.read()
        with Line(address, token="swordfish") as line:
            assert line.state()["policy"]
            line.do("policy", value=False)
            line.state(lambda state: not state["policy"])
    assert whats(recorder.path)[0] == "policy_off" and len(whats(recorder.path)) <= 2


def test_a_token_is_made_where_none_is_given_and_a_taken_port_is_refused(
    env: KickedSim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    with attach(env, tmp_path / "run.rec", control=0) as recorder:
        assert recorder.control_address is not None and len(recorder.control_address.token) >= 32
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        with pytest.raises(BadArgument, match=f"control {port}: is no port to listen at"):
            attach(env, tmp_path / "other.rec", control=port)
    assert "step" not in vars(env)


@pytest.mark.parametrize("end", ["simulator", "viewer"])
def test_a_kill_of_either_end_leaves_the_other_as_it_should_be(end: str, tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    simulator = subprocess.Popen([sys.executable, str(HELPERS / "control_child.py"), "simulate", str(path)])
    try:
        until(lambda: socket_of(path).exists() and (path / "meta.json").exists(), "a simulation")
        viewer = subprocess.Popen([sys.executable, str(HELPERS / "control_child.py"), "hold", str(path)])
        until(lambda: whats(path) == ["policy_off"], "a viewer that keeps the policy off")
        killed = simulator if end == "simulator" else viewer
        killed.send_signal(signal.SIGKILL)
        killed.wait(10)
        if end == "viewer":
            until(lambda: whats(path) == ["policy_off", "policy_on"], "the policy goes on")
            before = Columns(path).num_steps
            until(lambda: Columns(path).num_steps > before + 5, "further steps")
        else:
            assert viewer.wait(10) == 0  # It is told that the line is over.
        viewer.kill()
        viewer.wait(10)
    finally:
        simulator.kill()
        simulator.wait(10)


def test_a_copy_of_the_process_leaves_the_control_to_the_original(env: KickedSim, tmp_path: Path) -> None:
    with attach(env, tmp_path / "run.rec", control=True) as recorder, Loop(env):
        copy = os.fork()
        if copy == 0:
            time.sleep(30)
            os._exit(0)
        try:
            with line_to(recorder) as line:
                assert line.state()["policy"]
            recorder.close()
            assert not socket_of(recorder.path).exists()
        finally:
            os.kill(copy, signal.SIGKILL)
            os.waitpid(copy, 0)
