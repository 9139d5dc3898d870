"""Claims about the plain recorder, which any loop can feed; on Python 3.8 with numpy alone too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_columns import Columns

from replay_viewer import EntitySpec, Recorder
from replay_viewer.errors import BadField, FileProblem, UnknownName

FACTS: dict = {"control_dt": 0.02, "env_ids": [5, 9], "entities": [EntitySpec("robot", joint_names=["hip"])]}


def floats(numbers: list) -> np.ndarray:
    return np.array(numbers, np.float32)


def values(step: int, **more: Any) -> dict[str, Any]:
    """Two envs at height `step`."""
    at = np.full((2, 3), step, np.float32)
    return {
        "robot.base_pos": at,
        "robot.base_wxyz": floats([[1, 0, 0, 0]] * 2),
        "robot.joint_pos": at[:, :1],
        "rew": floats([step, 1]),
        **more,
    }


def test_steps_and_what_was_logged_for_them(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run.rec", seed=3, **FACTS) as recorder:
        for step in range(4):
            recorder.log("power", [step, 2 * step])
            recorder.log_terms({"speed": np.array([step, 7.0]), "energy": -1})
            recorder.append(values(step))
    columns = Columns(recorder.path)
    assert columns.steps == [0, 1, 2, 3]
    assert columns.meta["seed"] == 3
    assert columns.meta["reward_terms"] == ["speed", "energy"]
    np.testing.assert_array_equal(columns["power"], [[step, 2 * step] for step in range(4)])
    np.testing.assert_array_equal(columns.term("speed"), [[step, 7] for step in range(4)])
    np.testing.assert_array_equal(columns.term("energy"), -np.ones((4, 2)))


def test_logged_buffers_may_be_reused(tmp_path: Path) -> None:
    buffer = np.zeros(2, np.float32)
    with Recorder(tmp_path / "run.rec", **FACTS) as recorder:
        recorder.log("power", buffer)
        recorder.log_terms({"speed": buffer})
        buffer += 1
        recorder.append(values(0))
    columns = Columns(recorder.path)
    assert not columns["power"].any()
    assert not columns.term("speed").any()


def test_episodes_end_in_the_step_that_is_appended_next(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run.rec", outcome_reasons=["fell"], **FACTS) as recorder:
        for step in range(6):
            if step == 3:
                last = {name: rows[1:] * 10 for name, rows in values(step).items() if "." in name}
                recorder.end_episodes([1], "terminated", last, reasons=["fell"], success=[False])
                for rows in last.values():
                    rows[...] = -1  # The simulator goes on in its buffers.
            recorder.append(values(step))
        recorder.end_episodes([0, 1], "aborted")
    columns = Columns(recorder.path)
    ends = [(e["env_index"], e["first_record"], e["last_record"], e["outcome"], e["ret"]) for e in columns.ends]
    assert ends == [(1, 0, 3, 1, 4.0), (0, 0, 5, 3, 15.0), (1, 4, 5, 3, 2.0)]
    assert columns.last_state(columns.ends[0], "robot.base_pos").tolist() == [30, 30, 30]
    assert columns.ends[0]["reason"] == 0
    assert columns["flags"].tolist() == [[0, 0]] * 3 + [[0, 5]] + [[0, 0]] * 2


def test_ends_of_both_kinds_may_be_stated_at_once(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run.rec", outcome_reasons=["fell"], **FACTS) as recorder:
        for step in range(4):
            if step == 2:
                last = {name: rows for name, rows in values(step * 10).items() if "." in name}
                facts = {"reasons": ["", "fell"], "lengths": [2, 3], "success": [None, False]}
                recorder.end_episodes([0, 1], ["aborted", "terminated"], last, **facts)
            recorder.append(values(step))
    columns = Columns(recorder.path)
    facts = ("env_index", "step", "outcome", "first_record", "last_record", "length", "reason", "success", "ret")
    # What was aborted did not see the step in which the other one ended.
    assert [tuple(end[name] for name in facts) for end in columns.ends] == [
        (0, 1, 3, 0, 1, 2, -1, -1, 1.0),
        (1, 2, 1, 0, 2, 3, 0, 0, 3.0),
    ]
    for end in columns.ends:
        np.testing.assert_array_equal(
            columns.last_state(end, "robot.base_pos"), last["robot.base_pos"][end["env_index"]]
        )
    assert columns["flags"].tolist() == [[0, 0], [0, 0], [0, 5], [0, 0]]


@pytest.mark.parametrize("facts", [{"outcome": ["terminated"]}, {"lengths": [1, 2, 3]}, {"reasons": ["fell"]}])
def test_ends_whose_facts_are_not_as_many_are_refused_at_once(facts: dict, tmp_path: Path) -> None:
    with Recorder(tmp_path / "run.rec", outcome_reasons=["fell"], **FACTS) as recorder:
        recorder.append(values(0))
        (name,) = facts
        with pytest.raises(BadField, match=f"'{name}' has . entr.* for 2 ended episodes"):
            recorder.end_episodes([0, 1], **{"outcome": "terminated", **facts})


def test_agents_have_rewards_terms_and_returns_of_their_own(tmp_path: Path) -> None:
    rewards = floats([[1, 2, 3], [4, 5, 6]])
    with Recorder(tmp_path / "run.rec", **FACTS) as recorder:
        for step in range(3):
            recorder.log_terms({"push": rewards * step})
            if step == 2:
                recorder.end_episodes(
                    [1], "truncated", {name: v[1:] for name, v in values(step).items() if "." in name}
                )
            recorder.append(values(step, rew=rewards))
    columns = Columns(recorder.path)
    np.testing.assert_array_equal(columns.term("push")[2], rewards * 2)
    assert columns.ends[0]["outcome"] == 2
    reader = np.load(recorder.path / "terminals.npy")
    assert reader["ret"].tolist() == [[12, 15, 18]]


def test_a_term_of_another_shape_than_the_rewards_is_refused(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run.rec", **FACTS) as recorder:
        recorder.log_terms({"push": np.zeros((2, 3))})
        with pytest.raises(BadField, match=r"'push' has shape \(2, 3\), but the rewards of a step have \(2,\)"):
            recorder.append(values(0))


def test_every_second_step_is_written_and_all_rewards_count(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run.rec", every=2, **FACTS) as recorder:
        for step in range(6):
            recorder.log("power", step)
            if step == 3:
                recorder.end_episodes([0], "terminated", {n: v[:1] for n, v in values(step).items() if "." in n})
            recorder.append(values(step))
    columns = Columns(recorder.path)
    assert columns.steps == [0, 2, 4]
    assert columns["power"][:, 0].tolist() == [0, 2, 4]
    (end,) = columns.ends
    assert (end["step"], end["last_record"], end["ret"]) == (3, 1, 0 + 1 + 2 + 3)


def test_a_value_that_comes_later_raises_once_and_is_left_out(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run.rec", **FACTS) as recorder:
        recorder.append(values(0))
        with pytest.raises(UnknownName, match="declare it up front with signals="):
            recorder.append(values(1, power=np.zeros(2)))
        recorder.append(values(1, power=np.zeros(2)))
    assert Columns(recorder.path).steps == [0, 1]


def test_declared_names_may_come_later(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run.rec", signals={"power": (3,)}, reward_terms=["speed"], **FACTS) as recorder:
        recorder.append(values(0))
        recorder.log("power", np.ones((2, 3)))
        recorder.log_terms({"speed": 2})
        recorder.append(values(1))
    columns = Columns(recorder.path)
    assert np.isnan(columns["power"][0]).all()
    assert np.isnan(columns.term("speed")[0]).all()
    np.testing.assert_array_equal(columns["power"][1], np.ones((2, 3)))
    np.testing.assert_array_equal(columns.term("speed")[1], [2, 2])


def test_a_signal_of_another_shape_is_refused(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run.rec", **FACTS) as recorder:
        recorder.log("power", np.zeros((2, 3)))
        with pytest.raises(BadField, match=r"'power' has shape \(2, 4\), expected \(2, 3\)"):
            recorder.log("power", np.zeros((2, 4)))
        with pytest.raises(BadField, match="a row for each of 2 envs"):
            recorder.log("power", np.zeros((5, 3)))


def test_tensors_are_taken_as_they_are(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    with Recorder(tmp_path / "run.rec", **FACTS) as recorder:
        recorder.log("power", torch.ones(2, requires_grad=True))
        recorder.append({name: torch.from_numpy(np.array(rows)) for name, rows in values(4).items()})
    columns = Columns(recorder.path)
    assert columns["robot.base_pos"][0, 0].tolist() == [4, 4, 4]
    assert columns["power"].tolist() == [[1, 1]]


def test_an_existing_path_is_numbered(tmp_path: Path) -> None:
    (tmp_path / "run.rec").write_text("mine")
    os.symlink("nowhere", str(tmp_path / "run-2.rec"))
    with Recorder(tmp_path / "run.rec", **FACTS) as recorder:
        assert recorder.path == tmp_path / "run-3.rec"
    assert (tmp_path / "run.rec").read_text() == "mine"


def test_facts_that_contradict_themselves_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BadField, match="names an env twice"):
        Recorder(tmp_path / "run.rec", control_dt=0.02, env_ids=[1, 1])
    assert list(tmp_path.iterdir()) == []


def test_a_closed_recording_takes_no_more_steps(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run.rec", **FACTS)
    recorder.append(values(0))
    recorder.close()
    recorder.close()
    with pytest.raises(FileProblem, match="the recording is closed"):
        recorder.append(values(1))


@pytest.mark.parametrize(
    "signals",
    [
        {"a": None},
        {"a": (-1,)},
        {"a": (0,)},
        {"a": (2.5,)},
        {"a": "wide"},
        {"a": (10**9,)},
        {"a b": (1,)},
        {1: (1,)},
        [("a", (1,))],
    ],
)
def test_signals_that_no_recording_can_have_are_refused_before_the_first_step(signals: Any, tmp_path: Path) -> None:
    with pytest.raises(BadField, match=r"a b|signals|'a'"):
        Recorder(tmp_path / "run.rec", signals=signals, **FACTS)
    assert list(tmp_path.iterdir()) == []


def test_a_number_is_the_shape_of_a_row(tmp_path: Path) -> None:
    signals: Any = {"feet": 2, "hands": np.array([3])}
    with Recorder(tmp_path / "run.rec", signals=signals, **FACTS) as recorder:
        recorder.append(values(0))
        recorder.log("feet", np.ones((2, 2)))
        recorder.append(values(1))
    columns = Columns(recorder.path)
    assert (columns["feet"].shape, columns["hands"].shape) == ((2, 2, 2), (2, 2, 3))
    assert columns["feet"][1].tolist() == [[1, 1], [1, 1]]
