"""What training a recording belongs to: facts of the process and of a recorder, from the step on they are said in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator

import numpy as np
import pytest

from replay_viewer import Recorder, set_training_state
from replay_viewer.errors import BadArgument
from replay_viewer.record import training_state
from replay_viewer.rollout.entities import EntitySpec


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of a process that nothing was said in."""
    monkeypatch.setattr(training_state, "_process_state", training_state.TrainingState())
    monkeypatch.setenv("REPLAY_VIEWER_RUN", "2026-05-04_13-37-00")
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "8")
    yield


def recorder(path: Path, **facts: Any) -> Recorder:
    return Recorder(path, env_ids=[0], control_dt=0.02, entities=[EntitySpec("robot")], **facts)


def step(found: Recorder) -> None:
    found.append({"robot.base_pos": np.zeros((1, 3)), "robot.base_wxyz": np.array([[1.0, 0, 0, 0]])})


def metadata(path: Path) -> Any:
    return json.loads((path / "meta.json").read_text())["metadata"]


def lines(path: Path) -> Any:
    return [json.loads(line) for line in (path / "episodes.jsonl").read_text().splitlines()]


def test_what_is_known_at_the_beginning_is_in_the_metadata(tmp_path: Path) -> None:
    set_training_state(iteration=np.int64(5), checkpoint=Path("model_5.pt"), job="flat", sigma=np.float32(0.5))
    with recorder(tmp_path / "a.rec", metadata={"task": "own", "iteration": 7}) as found:
        step(found)
    assert metadata(tmp_path / "a.rec") == {
        "run": "2026-05-04_13-37-00",
        "rank": 2,
        "iteration": 7,
        "checkpoint": "model_5.pt",
        "job_name": "flat",
        "training_state": {"sigma": 0.5},
        "task": "own",
    }
    assert lines(tmp_path / "a.rec") == []


def test_what_changes_later_is_noted_with_its_record(tmp_path: Path) -> None:
    with recorder(tmp_path / "a.rec", every=2) as found, recorder(tmp_path / "b.rec") as other:
        for number in range(5):
            if number == 3:
                set_training_state(iteration=1)
            if number == 4:
                found.set_training_state(policy="b", job="mine")
            step(found)
            step(other)
    set_training_state(iteration=2)
    assert [(line["from_record"], line["training_state"].get("iteration")) for line in lines(tmp_path / "a.rec")] == [
        (2, 1),
        (2, 1),
    ]
    assert lines(tmp_path / "a.rec")[1]["training_state"]["job_name"] == "mine"
    assert [line["from_record"] for line in lines(tmp_path / "b.rec")] == [3]
    assert "policy" not in lines(tmp_path / "b.rec")[0]["training_state"]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"iteration": 1.5}, "expected a whole number"),
        ({"iteration": True}, "expected a whole number"),
        ({"task": 3}, "expected a text"),
        ({"total_reward": 3}, "something else by this name"),
    ],
)
def test_what_no_record_could_have_is_refused(facts: Any, message: str) -> None:
    with pytest.raises(BadArgument, match=message):
        set_training_state(**facts)
