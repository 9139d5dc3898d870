"""The example that evaluates the walking demo: its records say what its recordings say, and a crash costs little."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from demo_scripts import DEMO, demo_module
from needs_simulator import simulator
from recomputed_records import recomputed

mujoco = simulator("mujoco")
SCRIPT = DEMO.parent / "12_evaluate_walking.py"
NUM_ENVS, NUM_JOBS = 2, 6
# Of the robot [kg]; of a push [s]; steps after which it is over.
MASS, PUSH_SECONDS, PUSHED = 12.0, 0.16, 158


def command(*options: object) -> list[str]:
    return [sys.executable, str(SCRIPT), "--envs", str(NUM_ENVS), *map(str, options)]


def evaluated(*options: object) -> str:
    """What a whole evaluation prints."""
    done = subprocess.run(command(*options), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of twelve episodes."""
    runs = tmp_path_factory.mktemp("runs")
    evaluated(runs, "--episodes", NUM_ENVS * NUM_JOBS)
    (folder,) = runs.iterdir()
    return folder


@pytest.fixture(scope="module")
def varied_env() -> Iterator[Any]:
    yield from demo_module("varied_env")


def written(job: Path) -> dict[tuple[int, int, int], dict[str, Any]]:
    """The lines in all of a job's files of records, by rebuild, env and number."""
    lines = [line for file in job.glob("episode_results*.jsonl") for line in file.read_text().splitlines()]
    records = [json.loads(line) for line in lines]
    by_key = {(record["rebuild"], record["env_id"], record["episode_in_env"]): record for record in records}
    assert len(by_key) == len(records)
    return by_key


def check_against_numbers(job: Path) -> int:
    """Check every number in a job's records by numpy; returns how many records there are."""
    records, count = written(job), 0
    for rebuild, recording in enumerate(recordings_of(job)):
        for found in recomputed(recording):
            own = records[rebuild, found["env_id"], found["episode_in_env"]]
            last_pos, rows, origin = (found.pop(name) for name in ("last_pos", "rows", "origin"))
            assert {name: own[name] for name in found} == found
            assert own["success"] is {"truncated": True, "terminated": False}.get(found["outcome"])
            assert own["distance"] == pytest.approx(np.linalg.norm((last_pos - origin)[:2]), abs=1e-5)
            assert own["variations"]["commanded_speed"] == pytest.approx(rows["command"][0, 0], abs=1e-6)
            if len(rows) > PUSHED:
                impulse = rows["push"][:, 1].max() * PUSH_SECONDS
                assert own["variations"]["push"] == pytest.approx(impulse / MASS, abs=1e-6)
            assert (own["recording"], own["run"], own["job_name"]) == (recording.name, job.parent.name, job.name)
            assert (own["policy"], own["task"]) == (job.name[:-2], "walk")
            count += 1
    assert count == len(records)
    return count


def recordings_of(job: Path) -> list[Path]:
    """In the order in which they were made."""
    return sorted(job.glob("*.rec"), key=lambda path: (len(path.name), path.name))


def finished(job: Path) -> list[dict[str, Any]]:
    return [record for record in written(job).values() if record["outcome"] in ("terminated", "truncated")]


def listed(run: Path) -> list[dict[str, Any]]:
    """What the command finds in the recordings alone, without their files of records."""
    recordings = [str(path) for path in run.glob("*/*.rec")]
    found = subprocess.run(
        [sys.executable, "-m", "replay_viewer", "episodes", *recordings, "--format", "jsonl"],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert found.returncode == 0, found.stderr
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_numpy_finds_every_number_of_the_records_in_the_recordings(run: Path) -> None:
    jobs = sorted(run.iterdir())
    assert [job.name for job in jobs] == [f"{name}-{seed}" for name in ("demo", "soft") for seed in range(3)]
    for job in jobs:
        assert check_against_numbers(job) >= NUM_ENVS
        assert len(finished(job)) == NUM_ENVS


def test_both_controllers_meet_the_same_episodes(run: Path) -> None:
    for seed in range(3):
        first, second = (written(run / f"{name}-{seed}") for name in ("demo", "soft"))
        for env in range(NUM_ENVS):
            assert first[0, env, 0]["variations"] == second[0, env, 0]["variations"]
            assert first[0, env, 0]["total_reward"] != second[0, env, 0]["total_reward"]
    drawn = [record["variations"]["friction"] for job in run.iterdir() for record in finished(job)]
    assert len(set(drawn)) == 3 * NUM_ENVS


def test_what_varies_is_in_the_physics(varied_env: Any) -> None:
    env = varied_env.VariedEnv(2, 5, 3, np.array([0, 1]))
    for waiting in ([False, False], [False, False], [False, True]):
        assert env.is_waiting.tolist() == waiting
        for index, model in enumerate(env.sim._models):
            assert model.geom("ground").friction[0] == env.factors["friction"][index]
            added = model.body_subtreemass[1] - MASS
            assert added == pytest.approx(env.factors["added_mass"][index], abs=1e-6)
        env.reset()
    assert env.factors["added_mass"].tolist() == [0, 0]


def test_kill_9_loses_no_finished_episode_and_the_evaluation_goes_on(tmp_path: Path) -> None:
    """Its processes are killed in the middle of jobs; resumed, it does what is missing, and nothing twice."""
    options = "--episodes", 2 * NUM_ENVS * NUM_JOBS
    process = subprocess.Popen(command(tmp_path, *options), stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    said: dict[str, int] = {}
    for line in process.stdout:
        job, number = re.findall(r"[\w-]+", line)[:2]
        said[job] = int(number)
        if sum(said.values()) > 6:
            os.killpg(process.pid, signal.SIGKILL)
    (run,) = tmp_path.iterdir()
    derived = [record for record in listed(run) if record["outcome"] in ("terminated", "truncated")]
    for job, number in said.items():
        found = finished(run / job)
        assert len(found) >= number
        assert len([record for record in derived if record["job_name"] == job]) >= number
    assert 6 < len(derived) < 2 * NUM_ENVS * NUM_JOBS
    complete = [job for job in run.iterdir() if len(finished(job)) == 2 * NUM_ENVS]

    printed = evaluated("--resume", run, *options)
    assert f"replay-viewer {run}" in printed
    for job in run.iterdir():
        assert len(finished(job)) == 2 * NUM_ENVS
        drawn = {(record["env_id"], record["variations"]["push"]) for record in finished(job)}
        assert len(drawn) == 2 * NUM_ENVS
    assert not any((job / "walk-2.rec").exists() for job in complete)
