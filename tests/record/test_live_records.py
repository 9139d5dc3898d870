"""Records that are written while the simulation runs: when, of what, and what becomes of them when things go wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from legged_fake import DOF_NAMES
from legged_gym_sim import GymWrapper, LeggedGymSim

from replay_viewer import EpisodeRecorderTermCfg, attach, record_episodes, set_training_state
from replay_viewer.errors import BadArgument, BadField
from replay_viewer.record import training_state
from replay_viewer.record.adapters.legged_gym import LeggedGym

ACTIONS = np.full((6, len(DOF_NAMES)), 0.5, np.float32)
CHILD = """
import sys, time
import numpy as np
from legged_gym_sim import LeggedGymSim
from replay_viewer import record_episodes
env = LeggedGymSim(keep_truth=False)
recording = record_episodes(env, sys.argv[1], resume=True)
ended = 0
while True:
    _, _, _, dones, _ = env.step(np.zeros((6, 12), np.float32))
    ended += int(dones.sum())
    print(ended, flush=True)
"""


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process in which nothing was said of its training."""
    monkeypatch.setattr(training_state, "_process_state", training_state.TrainingState())


def step(env: Any, num_steps: int = 1) -> None:
    for _ in range(num_steps):
        env.step(ACTIONS)


def records(path: Path | None) -> list[Any]:
    assert path is not None
    return [json.loads(line) for line in path.read_text().splitlines()]


def ends(env: LeggedGymSim) -> list[tuple[int, int]]:
    """Step and env of every end that a step has brought."""
    return [(t, e) for t, step in enumerate(env.truth) for e in range(6) if step.reset[e]]


def test_a_record_is_there_when_the_step_has_returned(tmp_path: Path) -> None:
    env = LeggedGymSim()
    recording = record_episodes(env, tmp_path / "mine.jsonl")
    for _ in range(200):
        step(env)
        assert len(records(recording.path)) == len(ends(env))
    recording.close()
    found = [(record["last_step"], record["env_id"]) for record in records(tmp_path / "mine.jsonl")]
    assert found == [*ends(env), *((199, env_id) for env_id in range(6))]


def test_a_term_is_asked_once_for_all_that_end_before_the_reset(tmp_path: Path) -> None:
    env, calls = LeggedGymSim(), []

    def height(env: Any, env_ids: np.ndarray, offset: float) -> np.ndarray:
        calls.append((len(env.truth), env_ids.tolist()))
        return env.root_states[env_ids, 2] + offset

    term = EpisodeRecorderTermCfg(func=height, params={"offset": 1.0})
    with attach(env, tmp_path / "run.rec", env_ids="all", episode_terms={"height": term}) as recorder:
        step(env, 200)
    by_step: dict[int, list[int]] = {}
    for number, env_id in ends(env):
        by_step.setdefault(number, []).append(env_id)
    # The simulator adds a step to its truth before it resets.
    assert calls == [*((number + 1, ids) for number, ids in by_step.items()), (200, [0, 1, 2, 3, 4, 5])]
    for record in records(recorder.episodes_path):
        if record["outcome"] != "unfinished":
            before = env.truth[record["last_step"]].real["root_states"][record["env_id"], 2]
            assert record["height"] == pytest.approx(before + 1.0, abs=1e-6)


def test_stateful_terms_hear_of_every_reset(tmp_path: Path) -> None:
    heard: list[list[int]] = []

    class Steps:
        def __init__(self, cfg: Any, env: Any) -> None:
            pass

        def __call__(self, env: Any, env_ids: np.ndarray) -> Any:
            return env_ids

        def reset(self, env_ids: np.ndarray) -> None:
            heard.append(env_ids.tolist())

    env = LeggedGymSim()
    with record_episodes(env, tmp_path, episode_terms={"steps": EpisodeRecorderTermCfg(Steps)}):
        step(env, 100)
        env.reset_idx(np.array([1, 2]))
        env.reset_idx(np.array([1, 2]))
    in_steps = [env_id for _, env_id in ends(env)]
    assert [env_id for ids in heard for env_id in ids] == [*in_steps, 1, 2, 1, 2]


def test_an_env_without_a_step_since_its_reset_makes_no_record(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with record_episodes(env, tmp_path) as recording:
        for _ in range(3):
            env.reset_idx(np.arange(6))
        assert records(recording.path) == []
        step(env, 5)
        for _ in range(3):
            env.reset_idx(np.array([0, 3]))
        found = records(recording.path)
    assert [(r["env_id"], r["outcome"], r["episode_length"], r["episode_in_env"]) for r in found] == [
        (0, "aborted", 5, 0),
        (3, "aborted", 5, 0),
    ]
    later = records(recording.path)[2:]
    # Of what has just been reset, nothing is left to be unfinished.
    assert [(r["env_id"], r["outcome"]) for r in later] == [(e, "unfinished") for e in (1, 2, 4, 5)]


def test_without_terms_nothing_is_asked_and_without_records_nothing_is_made(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with attach(env, tmp_path / "run.rec", env_ids="all") as recorder:
        step(env, 100)
    assert recorder.episodes_path is None
    assert [path.name for path in tmp_path.iterdir()] == ["run.rec"]


def test_recorders_and_records_share_one_hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    original = LeggedGym.read

    def read(self: LeggedGym) -> Any:
        reads.append(self)
        return original(self)

    monkeypatch.setattr(LeggedGym, "read", read)
    env = LeggedGymSim()
    beside = tmp_path / "b"
    with attach(env, tmp_path / "a.rec", episode_terms={}), record_episodes(GymWrapper(env), beside):
        step(env)
        reads.clear()
        step(env, 100)
    num_resets = len({number for number, _ in ends(env)})
    assert len(reads) == 100 + num_resets
    assert len(records(beside / "episode_results.jsonl")) == len(ends(env)) + 6


def test_a_term_that_fails_is_named_once_and_the_simulation_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(env: Any, env_ids: np.ndarray) -> Any:
        raise RuntimeError("no such body")

    env = LeggedGymSim()
    with record_episodes(env, tmp_path, episode_terms={"fails": fails, "id": lambda env, ids: ids}) as recording:
        step(env, 200)
    found = records(recording.path)
    assert {record["fails"] for record in found} == {None}
    assert [record["id"] for record in found] == [record["env_id"] for record in found]
    told = [message for message in caplog.messages if "no such body" in message]
    assert len(told) == 1
    assert "'fails' has failed in env " in told[0]
    assert "(episode 0)" in told[0]


def test_strict_records_raise_out_of_the_step(tmp_path: Path) -> None:
    def fails(env: Any, env_ids: np.ndarray) -> Any:
        raise RuntimeError("no such body")

    env = LeggedGymSim()
    with record_episodes(env, tmp_path, episode_terms={"fails": fails}, strict=True):
        with pytest.raises(BadField, match="no such body"):
            step(env, 200)


def test_a_term_may_say_what_the_simulator_does_not(tmp_path: Path) -> None:
    terms: Any = {
        "success": lambda env, ids: ids > 2,
        "progress": lambda env, ids: [{"way": 0.5}] * len(ids),
        "language_instruction": lambda env, ids: ["walk"] * len(ids),
    }
    env = LeggedGymSim()
    with record_episodes(env, tmp_path, episode_terms=terms) as recording:
        step(env, 100)
    for record in records(recording.path):
        assert record["success"] is (record["env_id"] > 2)
        assert (record["progress"], record["language_instruction"]) == ({"way": 0.5}, "walk")


def test_a_name_that_every_record_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="episode_terms outcome"):
        record_episodes(LeggedGymSim(), tmp_path, episode_terms={"outcome": lambda env, ids: ids})


def test_refused_terms_leave_no_recorder_on_the_environment(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with pytest.raises(BadArgument, match="episode_terms outcome"):
        attach(env, tmp_path / "run.rec", episode_terms={"outcome": lambda env, ids: ids})
    assert "step" not in vars(env)


@pytest.mark.parametrize("resume", [False, True])
def test_a_second_run_is_not_mixed_with_the_first(resume: bool, tmp_path: Path) -> None:
    for _ in range(2):
        env = LeggedGymSim()
        with record_episodes(env, tmp_path, resume=resume):
            step(env, 100)
    files = sorted(tmp_path.iterdir())
    assert len(files) == (1 if resume else 2)
    numbers = [record["episode_in_env"] for record in records(files[0]) if record["env_id"] == 0]
    assert numbers == list(range(len(numbers)))


def test_names_say_rank_and_rebuild(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    set_training_state(rebuild=1, job="flat")
    env = LeggedGymSim()
    with record_episodes(env, tmp_path) as recording:
        step(env, 100)
    assert recording.path == tmp_path / "episode_results_rebuild1_rank3.jsonl"
    assert {(r["rank"], r["rebuild"], r["job_name"]) for r in records(recording.path)} == {(3, 1, "flat")}


@pytest.mark.parametrize("num_ends", [1, 25])
def test_kill_9_loses_no_finished_episode(num_ends: int, tmp_path: Path) -> None:
    helpers = str(Path(__file__).parents[1] / "helpers")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([helpers, *sys.path])}
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
    assert process.stdout is not None
    while int(process.stdout.readline()) < num_ends:
        pass
    process.send_signal(signal.SIGKILL)
    said = [int(line) for line in process.communicate()[0].split()]
    found = records(tmp_path / "episode_results.jsonl")
    assert len(found) >= max([num_ends, *said])
    assert {record["outcome"] for record in found} <= {"terminated", "truncated"}
    # What goes on counts on.
    env = LeggedGymSim()
    with record_episodes(env, tmp_path, resume=True):
        step(env, 100)
    later = records(tmp_path / "episode_results.jsonl")
    assert later[: len(found)] == found
    for env_id in range(6):
        numbers = [record["episode_in_env"] for record in later if record["env_id"] == env_id]
        assert numbers == list(range(len(numbers)))


def test_what_is_closed_before_a_step_has_lost_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with record_episodes(LeggedGymSim(), tmp_path) as recording:
        pass
    assert records(recording.path) == []
    assert caplog.messages == []


def test_a_step_that_fails_after_its_resets_leaves_their_records(tmp_path: Path) -> None:
    class Failing(LeggedGymSim):
        fails = False

        def reset_idx(self, env_ids: Any) -> None:
            super().reset_idx(env_ids)
            if self.fails and len(env_ids):
                raise RuntimeError("in the middle")

    env = Failing()
    with record_episodes(env, tmp_path) as recording:
        step(env, 20)
        env.fails = True
        with pytest.raises(RuntimeError, match="in the middle"):
            step(env, 200)
        env.fails, before = False, len(ends(env))
        step(env, 3)
        assert len(records(recording.path)) >= before


def test_what_the_disk_refuses_ends_the_records_and_not_the_simulation(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = LeggedGymSim()
    recording = record_episodes(env, tmp_path)
    os.close(recording._file._fd)
    step(env, 200)
    recording._file._fd = -1
    told = [message for message in caplog.messages if "the records end here" in message]
    assert len(told) == 1
    assert len(env.truth) == 200


def test_a_forked_process_writes_no_records_of_its_parents_episodes(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with record_episodes(env, tmp_path) as recording:
        step(env, 5)
        child = os.fork()
        if child == 0:
            recording.close()
            os._exit(0)
        os.waitpid(child, 0)
        assert records(recording.path) == []
    assert len(records(recording.path)) == 6
