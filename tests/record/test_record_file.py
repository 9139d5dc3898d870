"""The file of records: what is appended stays, whatever becomes of the process."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from replay_viewer.episode_record import EpisodeRecord
from replay_viewer.errors import FileProblem
from replay_viewer.record.episodes.file import RecordFile, record_file_name

WRITER = """
import sys
from replay_viewer.episode_record import EpisodeRecord
from replay_viewer.record.episodes.file import RecordFile
file, number = RecordFile(sys.argv[1], resume=len(sys.argv) > 2), 0
print(file.path, flush=True)
while True:
    file.append([EpisodeRecord(env, number, "truncated", more={"text": "x" * 900}) for env in range(5)])
    print(number, flush=True)
    number += 1
"""


def records(count: int, first: int = 0, **facts: Any) -> list[EpisodeRecord]:
    return [EpisodeRecord(3, first + index, "terminated", **facts) for index in range(count)]


def numbers(path: Path) -> list[int]:
    return [json.loads(line)["episode_in_env"] for line in path.read_text().splitlines()]


def test_names_are_those_of_arena() -> None:
    assert record_file_name() == "episode_results.jsonl"
    assert record_file_name(rebuild=0) == "episode_results_rebuild0.jsonl"
    assert record_file_name(2, 7) == "episode_results_rebuild2_rank7.jsonl"


def test_a_batch_is_there_when_it_is_appended(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "new" / "folder" / "a.jsonl")
    file.append(records(2))
    assert numbers(file.path) == [0, 1]
    file.append(records(1, 2, total_reward=float("inf"), variations={"mass": float("nan"), "seed": 2**60}))
    line = json.loads(file.path.read_text().splitlines()[-1])
    assert (line["total_reward"], line["variations"]) == (None, {"mass": None, "seed": str(2**60)})
    file.close()
    file.close()
    with pytest.raises(FileProblem, match="is closed"):
        file.append(records(1))


def test_an_existing_file_is_neither_overwritten_nor_mixed(tmp_path: Path) -> None:
    for _ in range(3):
        with_records = RecordFile(tmp_path / "a.jsonl")
        with_records.append(records(2))
        with_records.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-2.jsonl", "a-3.jsonl", "a.jsonl"]
    assert all(numbers(path) == [0, 1] for path in tmp_path.iterdir())


def test_resume_goes_on_and_knows_the_numbers(tmp_path: Path) -> None:
    first = RecordFile(tmp_path / "a.jsonl")
    first.append(records(2))
    beside = RecordFile(tmp_path / "a.jsonl", resume=True)  # While the first is written.
    assert beside.path.name == "a-2.jsonl"
    first.close()
    again = RecordFile(tmp_path / "a.jsonl", resume=True)
    assert again.path == first.path
    assert again.numbers() == {3: 2}
    again.append(records(1, 2))
    assert numbers(again.path) == [0, 1, 2]


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (b'{"env_id": 3, "episode_in_env": 1, "outco', [0, 2]),
        (b'{"env_id": 3, "episode_in_env": 1}', [0, 1, 2]),
        (b"\x00\x00\x00", [0, 2]),
        (b"", [0, 2]),
    ],
)
def test_a_torn_last_line_is_mended_at_the_next_append(tail: bytes, expected: list[int], tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "a.jsonl")
    file.append(records(1))
    file.close()
    with open(file.path, "ab") as torn:
        torn.write(tail)
    again = RecordFile(tmp_path / "a.jsonl", resume=True)
    again.append(records(1, 2))
    assert numbers(again.path) == expected


def test_a_file_that_is_torn_from_its_beginning_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"' + b"x" * (3 << 20))
    file = RecordFile(tmp_path / "a.jsonl", resume=True)
    file.append(records(1))
    assert numbers(file.path) == [0]


@pytest.mark.parametrize("moment", range(3))
def test_kill_9_loses_no_episode_that_was_appended(moment: int, tmp_path: Path) -> None:
    """Again and again into one file, which each process takes up."""
    path, said = tmp_path / "a.jsonl", []
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), "resume"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline().strip() == str(path)
        for _ in range(1 + 97 * moment):
            line = process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = process.communicate()[0].splitlines()
        said.append(int(rest[-1] if rest else line))
    file = RecordFile(path, resume=True)
    found = numbers(path)
    # Of the batch that was being written, the system may have kept a part.
    assert set(file.numbers().values()) <= {max(found), max(found) + 1}
    for last in said:
        assert found.count(last) >= 5
    assert len(found) >= 5 * sum(last + 1 for last in said)


def test_a_record_that_is_too_long_for_readers_goes_without_what_has_no_limit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    draws = [{"step": step, "value": [0.5, 0.25]} for step in range(30_000)]
    file = RecordFile(tmp_path / "episode_results.jsonl")
    long = EpisodeRecord(0, 7, total_reward=1.5, variations={"push": draws})
    file.append([long, EpisodeRecord(1, 7, variations={"push": draws[:3]})])
    file.close()
    first, second = map(json.loads, file.path.read_text().splitlines())
    assert (first["episode_in_env"], first["total_reward"], first["variations"]) == (7, 1.5, {})
    assert second["variations"] == {"push": draws[:3]}
    assert "the record of episode 7 of env 0 is longer" in caplog.text


def test_what_the_disk_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "a.jsonl")
    file.append(records(1))
    size = os.path.getsize(file.path)
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, before[1]))
    try:
        with pytest.raises(FileProblem, match="cannot be written: File too large"):
            file.append(records(1, 1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    file.append(records(1, 2))
    assert numbers(file.path) == [0, 2]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileProblem, match="cannot be written"):
        RecordFile(tmp_path / "file" / "a.jsonl")
