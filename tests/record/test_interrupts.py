"""Claims about Ctrl-C, signal handlers and exceptions anywhere inside of the recorder; Python 3.8 suffices."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Sequence

import numpy as np
import pytest
from container_columns import Columns
from container_samples import PlainReader, append_steps, sample_info
from interrupt import Interrupt
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim

import replay_viewer
from replay_viewer import attach
from replay_viewer.container.repair import repair
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.record import capture

RECORDER = tuple(str(Path(replay_viewer.__file__).with_name(room)) for room in ("record", "container", "npz"))
ACTIONS = np.zeros((2, len(DOF_NAMES)), np.float32)


@pytest.fixture(autouse=True)
def urdf_of_the_environment(caplog: pytest.LogCaptureFixture) -> None:
    """The environment has none, which would be said."""
    caplog.set_level("ERROR", "replay_viewer")


def short_lived() -> LeggedGymSim:
    """Two envs whose episodes are over in every fourth step."""
    env = LeggedGymSim(2)
    env.max_episode_length = 3
    return env


ABORTED = 3


def step_of(end: dict, found: Sequence[int], env: LeggedGymSim) -> int:
    """In which step an episode ended: that of its last record, or a missing one right after it."""
    step = found[end["last_record"]]
    return step if env.truth[step].reset[end["env_index"]] else step + 1


def check(path: Path, env: LeggedGymSim, lost: Sequence[int]) -> None:
    """Compare a recording with the truth, of which steps in `lost` may be missing."""
    columns = Columns(path)
    # A step that the interrupt left half made has shown nothing.
    never = {"root_states": np.full((2, 3), np.nan)}
    shown = np.array([(step.shown or never)["root_states"][:, :3] for step in env.truth])
    found = [int(np.flatnonzero((shown == pos).all(axis=(1, 2)))[0]) for pos in columns["robot.base_pos"]]
    assert found == sorted(set(found)), "steps are repeated, or out of order"
    missing = set(range(len(env.truth))) - set(found)
    assert missing <= set(lost), f"missing: {sorted(missing)}"
    assert columns.steps == sorted(set(columns.steps))
    for index, truth in zip(found, columns["rew"]):
        np.testing.assert_array_equal(truth, env.truth[index].rew)
    steps = [step_of(end, found, env) for end in columns.ends]
    ends = {(step, end["env_index"]) for step, end in zip(steps, columns.ends)}
    assert len(ends) == len(columns.ends), "ends are repeated"
    resets = {(step, e) for step in range(len(env.truth)) for e in range(2) if env.truth[step].reset[e]}
    assert ends <= resets
    assert resets - ends <= {(step, e) for step in missing for e in range(2)}
    for step, end in zip(steps, columns.ends):
        if end["outcome"] == ABORTED:
            continue  # Of a step that was interrupted while it was written.
        truth = env.truth[step]
        np.testing.assert_array_equal(
            columns.last_state(end, "robot.base_pos"), truth.real["root_states"][end["env_index"], :3]
        )
        before = [e["last_record"] for e in columns.ends if e["env_index"] == end["env_index"]]
        assert end["first_record"] == max([r for r in before if r < end["last_record"]], default=-1) + 1
    assert len(np.load(path / "frames-00000.npy")) == columns.num_steps
    assert len(np.load(path / "terminals.npy")) == len(columns.ends)
    assert repair(path).changes == ()


# Not every line, for time's sake.
@pytest.mark.slow
@pytest.mark.parametrize(("before", "stride"), [(0, 11), (1, 11), (3, 5)])
def test_an_interrupt_at_any_line_loses_at_most_its_step(tmp_path: Path, before: int, stride: int) -> None:
    for line in itertools.count(0, stride):
        env = short_lived()
        recorder = attach(env, tmp_path / str(line), env_ids="all")
        for _ in range(before):
            env.step(ACTIONS)
        with Interrupt(RECORDER, line) as interrupt:
            env.step(ACTIONS)
        lost = range(max(before - 1, 0), len(env.truth))
        for _ in range(5):
            env.step(ACTIONS)
        recorder.close()
        check(recorder.path, env, lost)
        if not interrupt.came:
            break
    assert line > 100


def test_a_signal_handler_may_close_the_recording_at_any_line(tmp_path: Path) -> None:
    for line in itertools.count(0, 11):
        env = short_lived()
        recorder = attach(env, tmp_path / str(line), env_ids="all")
        for _ in range(3):
            env.step(ACTIONS)
        with Interrupt(RECORDER, line, recorder.close) as interrupt:
            env.step(ACTIONS)
        env.step(ACTIONS)
        recorder.close()
        check(recorder.path, env, range(2, len(env.truth)))
        if not interrupt.came:
            break
    assert line > 100


def test_another_recorder_may_be_closed_at_any_line_of_the_hook_that_a_new_one_sits_down_on(tmp_path: Path) -> None:
    # As it is where Python collects one whose environment nobody has any more.
    hook = (str(Path(capture.__file__)),)
    for line in itertools.count(0, 3):
        other = attach(short_lived(), tmp_path / f"{line}-other")
        env = short_lived()
        with Interrupt(hook, line, other.close) as interrupt:
            recorder = attach(env, tmp_path / str(line), env_ids="all")
        for _ in range(5):
            env.step(ACTIONS)
        recorder.close()
        check(recorder.path, env, ())
        assert "step" not in vars(env)
        if not interrupt.came:
            break
    assert line > 20


def test_an_interrupt_while_a_segment_begins_loses_no_step(tmp_path: Path) -> None:
    for line in itertools.count():
        path = tmp_path / str(line)
        writer = ContainerWriter(path, sample_info(), segment_bytes=1)
        append_steps(writer, [0])
        with Interrupt(RECORDER, line) as interrupt:
            append_steps(writer, [1])
        append_steps(writer, [2, 3])
        writer.close()
        reader = PlainReader(path)
        assert [reader.step(index) for index in range(reader.num_steps)] in ([0, 2, 3], [0, 1, 2, 3])
        assert repair(path).changes == ()
        if not interrupt.came:
            break
    assert line > 20


def test_an_interrupt_at_close_leaves_a_second_close_its_work(tmp_path: Path) -> None:
    for line in itertools.count():
        path = tmp_path / str(line)
        writer = ContainerWriter(path, sample_info())
        append_steps(writer, range(3))
        with Interrupt(RECORDER, line) as interrupt:
            writer.close()
        writer.close()
        assert len(np.load(path / "frames-00000.npy")) == 3
        assert json.loads((path / "log.jsonl").read_text().splitlines()[-1])["kind"] == "end"
        if not interrupt.came:
            break
    assert line > 10
