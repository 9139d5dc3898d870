"""Claims about what a recording through `attach` survives; Python 3.8 suffices.

A step is appended, and survives the death of its process, when `env.step()` has returned; if something is logged to
the step, when all that the first step had has been logged, or when the next step begins. The very first step, which
settles the names, is appended when the second begins. Of simulators on a GPU, up to eight steps wait to be written:
see `AttachedRecorder`.
"""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from attach_child import ENDINGS, ENV_IDS, NUM_RACERS, NUM_RACES, NUM_STEPS, act, simulation
from container_columns import Columns
from legged_fake import State
from legged_gym_sim import LeggedGymSim

from replay_viewer import attach
from replay_viewer.container.repair import repair

CHILD = Path(__file__).parents[1] / "helpers" / "attach_child.py"
NUM_KILLS = 50


@pytest.fixture(autouse=True)
def urdf_of_the_environment(caplog: pytest.LogCaptureFixture) -> None:
    """The environment has none, which would be said."""
    caplog.set_level("ERROR", "replay_viewer")


@pytest.fixture(scope="module")
def truths() -> dict[int, LeggedGymSim]:
    """Simulations by seed, which go on as far as anything is compared with them."""
    return {seed: simulation(seed) for seed in range(NUM_RACERS)}


def check(path: Path, env: LeggedGymSim) -> Columns:
    """Compare every number of a recording with what the same simulation does."""
    columns = Columns(path)
    while len(env.truth) < columns.num_steps:
        act(env)
    truth = env.truth[: columns.num_steps]
    assert columns.steps == list(range(columns.num_steps))
    shown = {name: np.stack([step.shown[name] for step in truth])[:, ENV_IDS] for name in truth[0].shown}
    root = shown["root_states"]
    expected = {
        "robot.base_pos": root[..., :3],
        "robot.base_wxyz": root[..., [6, 3, 4, 5]],
        "robot.base_lin_vel": root[..., 7:10],
        "robot.base_ang_vel": root[..., 10:],
        "robot.joint_pos": shown["dof_pos"],
        "robot.joint_vel": shown["dof_vel"],
        "robot.joint_torque": shown["torques"],
        "robot.contact_force": shown["contact_forces"],
        "command": shown["commands"],
        "act": np.stack([step.act for step in truth])[:, ENV_IDS],
        "rew": np.stack([step.rew for step in truth])[:, ENV_IDS],
    }
    for name, values in expected.items():
        np.testing.assert_array_equal(columns[name], values, name)
    for name in columns.meta["reward_terms"]:
        np.testing.assert_array_equal(columns.term(name), np.stack([s.terms[name] for s in truth])[:, ENV_IDS], name)
    assert {*expected, "rew_terms", "flags"} == set(columns.names)
    check_ends(columns, env)
    return columns


def check_ends(columns: Columns, env: LeggedGymSim) -> None:
    truth = env.truth[: columns.num_steps]
    expected = [(t, e) for t, step in enumerate(truth) for e, env_id in enumerate(ENV_IDS) if step.reset[env_id]]
    assert sorted((end["step"], end["env_index"]) for end in columns.ends) == expected
    for end in columns.ends:
        step, env_id = truth[end["step"]], ENV_IDS[end["env_index"]]
        assert (end["outcome"], end["length"]) == (2 if step.time_out[env_id] else 1, step.length[env_id])
        root, joint_pos = step.real["root_states"][env_id], step.real["dof_pos"][env_id]
        np.testing.assert_array_equal(columns.last_state(end, "robot.base_pos"), root[:3])
        np.testing.assert_array_equal(columns.last_state(end, "robot.joint_pos"), joint_pos)


def check_plain_numpy(path: Path, columns: Columns) -> None:
    """`np.load` opens it as it is, and sees everything after `repair`."""
    frames, ends = np.load(path / "frames-00000.npy"), np.load(path / "terminals.npy")
    assert len(frames) <= columns.num_steps
    assert len(ends) <= len(columns.ends)
    report = repair(path)
    assert (report.num_steps, report.num_ends) == (columns.num_steps, len(columns.ends))
    frames, ends = np.load(path / "frames-00000.npy"), np.load(path / "terminals.npy")
    np.testing.assert_array_equal(frames["env"]["rew"], columns["rew"])
    assert ends["step"].tolist() == [end["step"] for end in columns.ends]


def is_closed(path: Path) -> bool:
    return '"kind": "end"' in (path / "log.jsonl").read_text()


def test_50_kills_at_random_moments_lose_nothing_that_was_appended(
    tmp_path: Path, truths: dict[int, LeggedGymSim]
) -> None:
    moments = random.Random(0)
    with subprocess.Popen(
        [sys.executable, str(CHILD), "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for kill in range(NUM_KILLS):
            path = tmp_path / f"{kill}.rec"
            child.stdin.write(f"{path}\n".encode())
            child.stdin.flush()
            pid = int(child.stdout.readline().split()[1])
            assert [child.stdout.readline() for _ in range(2)] == [b"0\n", b"1\n"]
            time.sleep(moments.uniform(0, 0.1))
            os.kill(pid, signal.SIGKILL)
            returned = 2
            while child.stdout.readline() != b"over\n":
                returned += 1
            columns = check(path, truths[0])
            # It may have died between a step's write and its line here.
            assert returned <= columns.num_steps <= returned + 1
            check_plain_numpy(path, columns)
            assert not is_closed(path)
        child.stdin.close()
    assert any(step.reset.any() for step in truths[0].truth)


def run(ending: str, path: Path, stop: signal.Signals | None = None) -> tuple[int, str]:
    """Let a simulation end in some way; returns its status and what it said in the log."""
    command = [sys.executable, str(CHILD), ending, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        if stop is not None:
            while child.stdout.readline() != f"{NUM_STEPS - 1}\n".encode():
                pass
            time.sleep(0.1)  # Until it waits for the signal.
            child.send_signal(stop)
        said = child.stderr.read().decode()
    return child.returncode, said


@pytest.mark.parametrize(
    ("ending", "stop", "status"),
    [
        ("null", None, -signal.SIGSEGV),
        ("segv", None, -signal.SIGSEGV),
        ("abort", None, -signal.SIGABRT),
        ("os_exit", None, 0),
        ("term", signal.SIGTERM, -signal.SIGTERM),
        ("term", signal.SIGHUP, -signal.SIGHUP),
    ],
)
def test_what_ends_a_process_at_once_loses_nothing(
    tmp_path: Path, truths: dict[int, LeggedGymSim], ending: str, stop: signal.Signals | None, status: int
) -> None:
    assert run(ending, tmp_path / "run.rec", stop)[0] == status
    columns = check(tmp_path / "run.rec", truths[0])
    assert columns.num_steps == NUM_STEPS
    check_plain_numpy(tmp_path / "run.rec", columns)
    assert not is_closed(tmp_path / "run.rec")


@pytest.mark.parametrize(
    ("ending", "stop", "status"),
    [
        ("sys_exit", None, 0),
        ("exception", None, 1),
        ("nothing", None, 0),
        ("null_at_exit", None, -signal.SIGSEGV),
        ("term_in_python", signal.SIGTERM, 3),
        ("term", signal.SIGINT, -signal.SIGINT),
    ],
)
def test_a_script_that_ends_without_close_leaves_a_closed_recording(
    tmp_path: Path, truths: dict[int, LeggedGymSim], ending: str, stop: signal.Signals | None, status: int
) -> None:
    assert run(ending, tmp_path / "run.rec", stop)[0] == status
    assert check(tmp_path / "run.rec", truths[0]).num_steps == NUM_STEPS
    assert is_closed(tmp_path / "run.rec")
    assert repair(tmp_path / "run.rec").changes == ()


def test_every_ending_is_tried() -> None:
    tried = [mark.args[1] for mark in test_what_ends_a_process_at_once_loses_nothing.pytestmark]  # type: ignore[attr-defined]
    tried += [mark.args[1] for mark in test_a_script_that_ends_without_close_leaves_a_closed_recording.pytestmark]  # type: ignore[attr-defined]
    assert {case[0] for cases in tried for case in cases} == set(ENDINGS)


def test_the_first_step_is_appended_when_the_second_begins(tmp_path: Path) -> None:
    env = simulation()
    recorder = attach(env, tmp_path / "run.rec", env_ids=ENV_IDS)
    seen = []
    original = env.post_physics_step

    def look() -> None:
        seen.append(len(list(recorder.path.glob("frames-*.npy"))) and Columns(recorder.path).num_steps)
        original()

    env.post_physics_step = look  # type: ignore[method-assign]
    for _ in range(4):
        act(env)
    recorder.close()
    assert seen == [0, 1, 2, 3]


def test_a_logged_step_is_appended_when_it_is_complete_or_the_next_one_begins(tmp_path: Path) -> None:
    env = simulation()
    recorder = attach(env, tmp_path / "run.rec", env_ids=ENV_IDS)
    act(env)
    recorder.log("power", 1.0)
    recorder.log("mood", 1.0)
    act(env)
    counts = [Columns(recorder.path).num_steps]
    for name in ("power", "mood"):
        recorder.log(name, 2.0)
        counts.append(Columns(recorder.path).num_steps)
    act(env)
    counts.append(Columns(recorder.path).num_steps)
    act(env)
    counts.append(Columns(recorder.path).num_steps)
    recorder.close()
    assert counts == [1, 1, 2, 2, 3]


def test_a_full_disk_ends_the_recording_with_one_message_and_not_the_simulation(
    tiny_disk: Path, truths: dict[int, LeggedGymSim], caplog: pytest.LogCaptureFixture
) -> None:
    env = simulation()
    with attach(env, tiny_disk / "run.rec", env_ids=ENV_IDS) as recorder:
        for _ in range(600):
            act(env)
    columns = check(tiny_disk / "run.rec", truths[0])
    assert 50 < columns.num_steps < 600
    (message,) = caplog.messages
    assert f"after {columns.num_steps} steps, which are kept: No space left on device" in message
    assert message.endswith("The simulation goes on without being recorded.")
    while len(truths[0].truth) < 600:
        act(truths[0])
    for ours, alone in zip(env.truth, truths[0].truth):
        np.testing.assert_array_equal(ours.rew, alone.rew)
        np.testing.assert_array_equal(ours.shown["obs"], alone.shown["obs"])
    assert recorder.num_steps == 600
    assert len(np.load(tiny_disk / "run.rec" / "frames-00000.npy")) == columns.num_steps
    assert repair(tiny_disk / "run.rec").changes == ()


@pytest.mark.slow
def test_processes_that_attach_to_one_path_at_once_get_one_each(
    tmp_path: Path, truths: dict[int, LeggedGymSim]
) -> None:
    for env in truths.values():
        act(env)
    subprocess.run([sys.executable, str(CHILD), "race", str(tmp_path)], check=True, stderr=subprocess.DEVNULL)
    for number in range(NUM_RACES):
        names = {f"{number}.rec", *(f"{number}-{other}.rec" for other in range(2, NUM_RACERS + 1))}
        assert {
            path.name for path in tmp_path.iterdir() if path.name.split(".")[0].split("-")[0] == str(number)
        } == names
        seeds = set()
        for name in names:
            first = Columns(tmp_path / name)["rew"][0]
            (seed,) = [seed for seed, env in truths.items() if np.array_equal(first, env.truth[0].rew[ENV_IDS])]
            assert check(tmp_path / name, truths[seed]).num_steps == 3
            seeds.add(seed)
        assert seeds == set(truths)


def test_a_forked_process_adds_nothing_to_its_parents_recording(
    tmp_path: Path, truths: dict[int, LeggedGymSim]
) -> None:
    status, said = run("fork", tmp_path / "run.rec")
    assert status == 0, said
    assert check(tmp_path / "run.rec", truths[0]).num_steps == 2 * NUM_STEPS
    assert said.count("The simulation goes on without being recorded.") == 1
    assert "is a copy" in said
    lines = [json.loads(line)["kind"] for line in (tmp_path / "run.rec/log.jsonl").read_text().splitlines()]
    assert lines == ["end"]
    assert repair(tmp_path / "run.rec").changes == ()


def test_a_forked_process_that_outlives_its_parent_does_not_hold_the_recording(
    tmp_path: Path, truths: dict[int, LeggedGymSim]
) -> None:
    command = [sys.executable, str(CHILD), "orphan", str(tmp_path / "run.rec")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    copy = int(done.stdout)
    os.kill(copy, 0)  # It lives.
    try:
        check_plain_numpy(tmp_path / "run.rec", check(tmp_path / "run.rec", truths[0]))
    finally:
        os.kill(copy, signal.SIGKILL)


class Still(LeggedGymSim):
    """Its robots do not move, so that a step takes no time; their episodes end all the same."""

    max_episode_length = 50

    def _simulate(self) -> State:
        if not hasattr(self, "still"):
            self.still = super()._simulate()
        return self.still


@pytest.mark.slow
def test_memory_does_not_grow_with_time(tmp_path: Path) -> None:
    env = Still(2, keep_truth=False)
    actions = np.zeros((2, 12), np.float32)
    used = []
    with attach(env, tmp_path / "run.rec", env_ids="all") as recorder:
        for num_steps in (2_000, 18_000):
            for _ in range(num_steps):
                env.step(actions)
            gc.collect()
            used.append((sys.getallocatedblocks(), resident_bytes()))
    columns = Columns(recorder.path)
    assert columns.num_steps == 20_000
    assert len(columns.ends) == 2 * (20_000 // 51)
    # The steps in between are as many objects at least, and 13 MB in the file.
    assert used[1][0] - used[0][0] < 2_000
    assert used[1][1] - used[0][1] < 4_000_000


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_process_that_ends_after_one_step_has_recorded_it(tmp_path: Path) -> None:
    # Its recording is made while the process ends, when Python 3.12 and newer start no thread any more.
    path = tmp_path / "one.rec"
    program = f"from attach_child import recorded, act\nenv, recorder = recorded({str(path)!r})\nact(env)\n"
    paths = os.pathsep.join([str(CHILD.parent), str(CHILD.parents[2]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": paths}, stderr=subprocess.PIPE, text=True
    )
    assert "Traceback" not in done.stderr
    assert Columns(path).num_steps == 1
