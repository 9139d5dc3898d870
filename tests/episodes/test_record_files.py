"""Files of records, read: ours, those of Isaac Lab-Arena, and whatever else is called so."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from container_samples import record, sample_info
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from special_files import ODD, put_special, sparse, time_limit

from replay_viewer import load_episodes
from replay_viewer.cli import main
from replay_viewer.episode_record import EpisodeRecord, from_json, to_json
from replay_viewer.errors import BadField, FileProblem
from replay_viewer.record.episodes.file import RecordFile

Capture = pytest.CaptureFixture[str]
# As its recorder writes them.
ARENA = {
    "job_name": "kitchen",
    "env_id": 1,
    "episode_in_env": 0,
    "seed": 42,
    "success": True,
    "episode_length": 120,
    "language_instruction": "put the cup into the sink",
    "timestamp": "2026-05-04T13:37:00+00:00",
    "variations": {"light": [0.5, 1.0]},
    "progress": {"reached": 1.0},
    "object_moved_rate": 0.25,
}


def written(path: Path, *records: EpisodeRecord) -> Path:
    file = RecordFile(path)
    file.append(records)
    file.close()
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    record = EpisodeRecord(
        3,
        1,
        "terminated",
        success=False,
        total_reward=0.1,
        rewards={"a": 1.5, "b": None},
        seed=2**90,
        recording="walk.rec",
        variations={"mass": [1, 2.5]},
        more={"note": "x"},
    )
    path = written(tmp_path / "runs" / "episode_results.jsonl", record)
    expected = replace(record, recording=(tmp_path / "runs" / "walk.rec").as_posix())
    assert list(load_episodes(path)) == [expected]
    assert list(load_episodes(tmp_path)) == [expected]


def test_records_of_arena_are_read(tmp_path: Path) -> None:
    (tmp_path / "episode_results_rank0.jsonl").write_text(json.dumps(ARENA) + "\n")
    (found,) = load_episodes(tmp_path)
    assert (found.success, found.outcome, found.more) == (True, None, {"object_moved_rate": 0.25})
    assert {name: to_json(found)[name] for name in ARENA} == ARENA
    assert len(load_episodes(tmp_path).where("progress.reached == 1 and object_moved_rate < 0.5")) == 1


def test_an_episode_of_a_recording_and_of_a_file_is_one(tmp_path: Path) -> None:
    record(tmp_path / "walk.rec", 5, sample_info())
    own = EpisodeRecord(101, 0, "unfinished", recording="walk.rec", more={"height": 0.3}, total_reward=7.0)
    alone = EpisodeRecord(101, 1, "aborted", recording="walk.rec")
    written(tmp_path / "episode_results.jsonl", own, alone)
    found = load_episodes(tmp_path)
    assert [(one.env_id, one.episode_in_env) for one in found] == [(100, 0), (101, 0), (102, 0), (103, 0), (101, 1)]
    assert (found[1].total_reward, found[1].more, found[1].last_step) == (7.0, {"height": 0.3}, 4)
    assert found[1].rewards == {"speed": 5.0, "energy": 10.0}


def test_lines_that_are_none_are_told_and_a_torn_one_is_not(tmp_path: Path, capsys: Capture) -> None:
    path = written(tmp_path / "episode_results.jsonl", EpisodeRecord(0, 0, "terminated"))
    with open(path, "a") as file:
        file.write(
            'nothing\n{"env_id": 3}\n[1]\n' + "[" * 5000 + '\n{"env_id": 1, "episode_in_env": 2}\n{"env_id": 1, "epis'
        )
    assert main(["episodes", str(tmp_path), "--format", "jsonl"]) == 2
    printed = capsys.readouterr()
    assert [json.loads(line)["env_id"] for line in printed.out.splitlines()] == [0, 1]
    assert "line 2: is not valid JSON" in printed.err
    assert "line 3: 'episode_in_env' is missing" in printed.err
    assert "And 1 more lines." in printed.err


def test_a_line_that_is_too_long_is_told_by_its_number_and_the_others_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "episode_results.jsonl", EpisodeRecord(0, 0, "terminated"))
    for length in (1 << 20, 3 << 20):
        with open(path, "a") as file:
            file.write("\n" + json.dumps({"env_id": 1, "episode_in_env": 0, "note": "x" * length}) + "\n")
            file.write('{"env_id": 2, "episode_in_env": 0}\n')
    found = load_episodes(path)
    assert [record.env_id for record in found] == [0, 2, 2]
    (problem,) = found.problems.values()
    assert "line 3: has more than" in problem and "line 6: has more than" in problem


def test_what_is_no_finite_number_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "episode_results.jsonl"
    path.write_text(
        '{"env_id": 0, "episode_in_env": 0, "total_reward": NaN, "height": NaN, "progress": {"x": Infinity}}'
    )
    (found,) = load_episodes(path)
    assert (found.total_reward, found.more, found.progress) == (None, {"height": None}, {"x": None})


def test_which_episode_it_is_of_has_to_be_said() -> None:
    with pytest.raises(BadField, match="'env_id' is missing"):
        from_json({"episode_in_env": 1}, "a")


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


names = st.sampled_from([*ARENA, "rewards", "first_step", "rank", "task", "x"])


@given(content=st.dictionaries(names, values))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_a_file_holds_becomes_a_record_that_can_be_written(content: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "episode_results.jsonl"
    path.write_text(json.dumps({**content, "env_id": 0, "episode_in_env": 0}) + "\n")
    found = load_episodes(path)
    assert to_json(from_json(json.loads(json.dumps(to_json(found[0]))), "again")) == to_json(found[0])
    assert len(found.where("env_id == 0 and (success or not success) and task not in ('x', 'y')")) == 1


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_beside_a_file_of_records_is_a_line_and_the_others_are_read(tmp_path: Path, kind: str) -> None:
    written(tmp_path / "episode_results.jsonl", EpisodeRecord(3, 1, "terminated"))
    put_special(tmp_path / "episode_results_2.jsonl", kind)
    with time_limit(20):
        episodes = load_episodes(tmp_path)
    assert len(episodes) == 1
    assert len(episodes.problems) == (kind != "folder")
    assert all("\n" not in problem for problem in episodes.problems.values())


@pytest.mark.parametrize("kind", ODD)
def test_records_are_not_resumed_in_what_is_no_file(tmp_path: Path, kind: str) -> None:
    path = put_special(tmp_path / "episode_results.jsonl", kind)
    with time_limit(20), contextlib.suppress(FileProblem):
        written(path, EpisodeRecord(3, 1, "terminated"))
    with time_limit(20), contextlib.suppress(FileProblem):
        file = RecordFile(path, resume=True)
        assert kind == "link to nothing" and file.numbers() == {}
        file.close()


def test_what_is_no_file_of_records_is_given_up_soon(tmp_path: Path) -> None:
    path = tmp_path / "episode_results.jsonl"
    path.write_bytes(b"{}\n" * 1_000_000)
    with time_limit(20):
        (problem,) = load_episodes(path).problems.values()
        assert "has more than 10000 lines that are no records" in problem and "line 1: 'env_id' is missing" in problem
        sparse(path, 50 << 30)
        (problem,) = load_episodes(path).problems.values()
        assert "has a line of more than" in problem
