"""Records that are written together are the lines that each would be alone, whatever their values are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from replay_viewer.episode_record import to_line
from replay_viewer.record.episodes.batch import RecordBatch
from replay_viewer.record.episodes.columns import columns_of

SHARED = {"seed": 2**60, "task": 'walk "100%" %s', "timestamp": "now", "more": {"sigma": 0.5, "note": None}}
COLUMNS = {
    "env_id": [4, 0, 2],
    "outcome": ["terminated", "truncated", "terminated"],
    "success": [None, True, False],
    "total_reward": [1.5, None, -0.1],
    "rewards": {"a%d": [0.1, 0.2, 1e300], "b": [None, 1.0, 2.0], "c": [1.0, 1.0, 1.0]},
    "episode_length": [2**60, 1, 2],
}
ODD: list[Any] = [
    [{"x": 1, "reason": "fell"}, {"x": 1.0, "reason": None}, {"x": True, "reason": "late"}],
    [{"x": [1.0, 2.0]}, {"x": [float("nan"), 2.0]}, {"x": [float("inf"), 0.5]}],
    [{"x": [1.0]}, {"x": []}, {"x": [1.0, 2.0]}],
    [{"x": {"y": 1}}, {"x": {"z": 1}}, {"x": {}}],
    [{"variations": {"friction": 0.5}}, {"variations": {"friction": [0.5, {"step": 3, "value": 0.7}]}}, {}],
    [{"sigma": 3, "success": None}, {"sigma": "%s", "success": False}, {"sigma": "ü", "success": None}],
    [{"a": 2**53 + 1}, {"a": 2**53}, {"a": -1}],
    [{}, {}, {}],
]


@pytest.mark.parametrize("said", [None, *ODD])
def test_lines_of_a_batch_are_those_of_its_records(said: Any) -> None:
    batch = RecordBatch(3, SHARED, COLUMNS, said and columns_of(said))
    lines = batch.lines()
    assert list(map(json.loads, lines)) == [json.loads(to_line(record)) for record in batch]
    assert [line.endswith("}\n") and "\n" not in line[:-1] for line in lines] == [True] * 3
    assert [record.env_id for record in batch] == [4, 0, 2]


def test_what_is_said_takes_the_place_of_what_is_known_otherwise() -> None:
    batch = RecordBatch(3, SHARED, COLUMNS, columns_of(ODD[5]))
    assert [record.success for record in batch] == [None, False, False]
    assert [json.loads(line)["success"] for line in batch.lines()] == [None, False, False]
    assert [json.loads(line)["sigma"] for line in batch.lines()] == [3, "%s", "ü"]
