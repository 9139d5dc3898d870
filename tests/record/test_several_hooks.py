"""Claims about several recorders on one environment: each has its own, and none is in another's way."""

from __future__ import annotations

import gc
import itertools
import os
import sys
import time
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
from container_columns import Columns
from legged_fake import DOF_NAMES
from legged_gym_sim import GymWrapper, LeggedGymSim, WalkTheseWaysSim

from replay_viewer import attach

ACTIONS = np.full((6, len(DOF_NAMES)), 0.5, np.float32)


@pytest.fixture(autouse=True)
def urdf_of_the_environment(caplog: pytest.LogCaptureFixture) -> None:
    """These environments have none, which is said of each recording."""
    caplog.set_level("WARNING", "replay_viewer")


def step(env: Any, num_steps: int = 1) -> None:
    for _ in range(num_steps):
        env.step(ACTIONS)


def functions_of(env: Any) -> dict[str, Any]:
    own = {name: value for name, value in vars(env).items() if callable(value)}
    container = getattr(env, "reward_container", None)
    return {**own, "list": list(env.reward_functions), "container": dict(vars(container)) if container else {}}


def closings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [message for message in caplog.messages if "is recorded anew" in message]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("kind", [LeggedGymSim, pytest.param(WalkTheseWaysSim, marks=pytest.mark.slow)])
def test_each_has_its_own_and_closing_in_any_order_leaves_nothing(
    kind: type, order: tuple[int, ...], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = kind()
    before = functions_of(env)
    recorders = [
        attach(env, tmp_path / "a.rec", env_ids=[0, 4]),
        attach(GymWrapper(env), tmp_path / "b.rec", env_ids=[4, 2], every=2),
        attach(env, tmp_path / "c.rec", env_ids="all"),
    ]
    step(env, 90)
    stops = {}
    for index in order:
        step(env, 10)
        recorders[index].close()
        stops[index] = len(env.truth)
    assert functions_of(env) == before
    step(env, 5)
    for index, recorder in enumerate(recorders):
        columns, ids = Columns(recorder.path), recorder.env_ids
        truth = env.truth[: stops[index]]
        every = 2 if index == 1 else 1
        assert recorder.num_steps == len(truth)
        np.testing.assert_array_equal(columns["rew"], [s.rew[ids] for s in truth][::every])
        terms = columns.meta["reward_terms"]
        expected = [[s.terms[name][ids] for name in terms] for s in truth][::every]
        np.testing.assert_array_equal(columns["rew_terms"], np.moveaxis(np.array(expected), 1, 2))
        ended = sum(int(s.reset[ids].astype(bool).sum()) for s in truth)
        assert len(columns.ends) == ended > 0
    assert closings(caplog) == []


def test_one_that_fails_does_not_close_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    env = LeggedGymSim()
    first = attach(env, tmp_path / "a.rec")
    second = attach(env, tmp_path / "b.rec")
    third = attach(env, tmp_path / "c.rec")
    step(env, 3)
    second._recorder.append_block = lambda *_: 1 / 0  # type: ignore[method-assign, assignment]
    step(env, 3)
    assert [recorder.is_recording for recorder in (first, second, third)] == [True, False, True]
    first.close()
    third.close()
    assert [Columns(r.path).num_steps for r in (first, second, third)] == [6, 3, 6]
    assert "step" not in vars(env)


def test_what_wraps_the_step_between_two_hooks_stays(tmp_path: Path) -> None:
    env = LeggedGymSim()
    first = attach(env, tmp_path / "a.rec")
    inner, calls = env.step, []
    env.step = between = lambda actions: (calls.append(1), inner(actions))[1]  # type: ignore[method-assign]
    second = attach(env, tmp_path / "b.rec")
    step(env, 2)
    first.close()
    step(env, 2)
    second.close()
    assert env.step is between
    step(env, 1)
    assert len(calls) == 5
    assert [Columns(r.path).num_steps for r in (first, second)] == [2, 4]


def attached_here(env: Any, path: Path, **options: Any) -> Any:
    return attach(env, path, **options)


def test_a_second_one_to_the_same_path_closes_the_first(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    env = LeggedGymSim()
    first = attach(env, tmp_path / "run.rec", env_ids=0)
    step(env, 2)
    second = attach(env, os.path.relpath(tmp_path / "run.rec"), env_ids=1)
    step(env, 3)
    third = attach(env, str(tmp_path / "x" / ".." / "run.rec"), env_ids=1)
    step(env, 4)
    third.close()
    assert [r.path.name for r in (first, second, third)] == ["run.rec", "run-2.rec", "run-3.rec"]
    assert [Columns(r.path).num_steps for r in (first, second, third)] == [2, 3, 4]
    (message,) = closings(caplog)
    assert message.startswith(
        f"{tmp_path / 'run.rec'}: closed, since the same environment is recorded anew to the same"
    )
    assert "step" not in vars(env)


@pytest.mark.parametrize("times", [10, pytest.param(60, marks=pytest.mark.slow)])
def test_a_cell_that_is_run_again_closes_what_it_made(
    times: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """That often, under other names: a step calls no more than with one, and as few files are open."""
    env = LeggedGymSim(keep_truth=False)
    cell = "recorder = attach(env, folder / f'{time.monotonic_ns()}.rec')"
    scope = {"attach": attach, "env": env, "folder": tmp_path, "time": time}

    def run(number: int) -> None:
        exec(compile(cell, f"<ipython-input-{number}>", "exec"), scope)
        step(env, 2)

    run(0)
    gc.collect()  # What other tests have left.
    open_files, alone = len(os.listdir("/proc/self/fd")), calls_of(lambda: step(env, 5))
    for number in range(1, times):
        run(number)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == open_files
    assert calls_of(lambda: step(env, 5)) < 1.1 * alone
    scope["recorder"].close()  # type: ignore[attr-defined]
    assert "step" not in vars(env)
    assert len(list(tmp_path.iterdir())) == times
    (message,) = closings(caplog)
    assert "by the same line of code" in message


def calls_of(work: Callable[[], None]) -> int:
    """How many functions of Python this thread calls for it: unlike seconds, the same on every machine."""
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def test_a_function_that_attaches_is_no_line_of_its_own(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    env = LeggedGymSim()
    first = attached_here(env, tmp_path / "train.rec")
    second = attached_here(env, tmp_path / "watch.rec")
    step(env, 2)
    first.close()
    second.close()
    assert [Columns(r.path).num_steps for r in (first, second)] == [2, 2]
    assert closings(caplog) == []


def test_a_loop_over_envs_or_environments_closes_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    envs = [LeggedGymSim(), LeggedGymSim()]
    recorders = [attach(env, tmp_path / f"{k}{i}.rec", env_ids=k) for i, env in enumerate(envs) for k in range(3)]
    for env in envs:
        step(env, 2)
    for recorder in recorders:
        recorder.close()
    assert [Columns(recorder.path).num_steps for recorder in recorders] == [2] * 6
    assert closings(caplog) == []


def test_an_environment_that_nobody_has_any_more_leaves_no_files_open(tmp_path: Path) -> None:
    attach(LeggedGymSim(), tmp_path / "warm.rec").close()
    gc.collect()
    open_files = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        env = LeggedGymSim()
        recorder = attach(env, tmp_path / "run.rec")
        step(env, 3)
    path = recorder.path
    del env, recorder
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == open_files
    assert Columns(path).num_steps == 3
    assert '"kind": "end"' in (path / "log.jsonl").read_text()
