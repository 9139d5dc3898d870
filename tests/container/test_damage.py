"""Damaged recordings: right numbers, or a stated doubt, or one clear error; never other numbers without a word."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import damage
import numpy as np
import pytest
from container_samples import append_steps, fallen, record, sample_info, sample_values, terminal_values

from replay_viewer.container.pack import pack
from replay_viewer.container.reader import open_container
from replay_viewer.container.repair import repair
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.errors import FileProblem

Snapshot = tuple[dict[str, Any], set[tuple[str, str]]]
HEADER = 4096


@pytest.fixture(scope="module", params=damage.KINDS)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return damage.write(tmp_path_factory.mktemp("whole") / "run.rec", request.param)


@pytest.fixture(scope="module")
def expected(whole: Path) -> Snapshot:
    return damage.snapshot(whole)


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "run.rec"))


def overwrite(file: Path, content: bytes, at: int = 0) -> None:
    with open(file, "r+b") as opened:
        opened.seek(at)
        opened.write(content)


def rows_of(file: Path) -> int:
    return file.stat().st_size - HEADER


def found(path: Path) -> list[str]:
    """What is doubted of the files of a recording."""
    rollout = open_container(path)
    rollout.close()
    return [f"{verdict.finding}: {verdict.reason}" for verdict in rollout.verdicts if verdict.topic == "damage"]


def test_a_whole_recording_is_not_doubted(path: Path, tmp_path: Path) -> None:
    assert found(path) == []
    assert found(pack(path, tmp_path / "one.rec")) == []
    assert repair(path).doubts == ()


TABLES: dict[str, Callable[[Path], object]] = {
    "zeros": lambda file: overwrite(file, bytes(file.stat().st_size)),
    "rows of zeros": lambda file: overwrite(file, bytes(rows_of(file)), HEADER),
    "random rows": lambda file: overwrite(file, Random(1).randbytes(rows_of(file)), HEADER),
    "half": damage.halve,
    "half of the rows": lambda file: os.truncate(file, HEADER + rows_of(file) // 2),
    "nothing": lambda file: os.truncate(file, 0),
    "no row": lambda file: os.truncate(file, HEADER),
}


@pytest.mark.parametrize("change", TABLES)
def test_a_damaged_table_of_ends_is_doubted(path: Path, expected: Snapshot, change: str) -> None:
    TABLES[change](path / "terminals.npy")
    assert damage.outcome(path, expected) == "doubt"
    assert any("terminals.npy" in doubt for doubt in found(path))


@pytest.mark.parametrize("change", ["rows of zeros", "half", "nothing"])
def test_the_only_fall_of_an_older_recording_is_not_lost_without_a_word(tmp_path: Path, change: str) -> None:
    """Its one row says least of all; the flags of the step say what happened."""
    path = tmp_path / "run.rec"
    with ContainerWriter(path, sample_info()) as writer:
        for step in range(20):
            values = {**sample_values(step), "flags": np.zeros(4, np.uint32)}
            if step == 10:
                writer.end_episodes(fallen(step, [2], values=terminal_values(step, [2])))
                values["flags"][2] = 1 | 4
            writer.append(step, step * 0.02, values)
    (path / "log.jsonl").write_text('{"kind": "end", "num_records": 20}\n')
    assert found(path) == []
    TABLES[change](path / "terminals.npy")
    reason = "flags say that episodes ended, the first in record 10, env_index 2"
    assert f"1 ends of episodes are not in terminals.npy: {reason}" in found(path)


@pytest.mark.parametrize("seed", range(60))
def test_no_changed_number_of_the_layout_shows_other_numbers_without_a_word(
    path: Path, expected: Snapshot, seed: int
) -> None:
    what = damage.edit_numbers(path, Random(seed))
    assert not damage.outcome(path, expected).startswith("SILENT"), what


def edit_meta(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    meta = json.loads((path / "meta.json").read_text())
    change(meta)
    (path / "meta.json").write_text(json.dumps(meta))


def swap_places(meta: dict[str, Any]) -> None:
    """Exchange the places of the two base positions, which are of one size."""
    fields = {field["name"]: field for field in meta["row"]["fields"]}
    one, other = fields["robot.base_pos"], fields["box.base_pos"]
    one["offset"], other["offset"] = other["offset"], one["offset"]


def test_places_other_than_the_header_says_are_doubted(path: Path, expected: Snapshot) -> None:
    edit_meta(path, swap_places)
    assert damage.outcome(path, expected) == "doubt"
    assert any("its header has no 'robot.base_pos' of that type and place" in doubt for doubt in found(path))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda m: m["row"]["fields"][0].update(offset=2),
            r"'row\.fields\[0\]\.offset' is 2, expected a multiple of 4",
        ),
        (lambda m: m["row"]["fields"][1].update(offset=8), r"'row\.fields' .* each to begin behind the one before it"),
        (lambda m: m["terminals"]["fields"][0].update(offset=8), r"'terminals\.fields' .* behind the one before it"),
        (lambda m: m["terminals"]["fields"][0].update(dtype="<f8"), r"expected the column step to be <i8"),
        (lambda m: m["terminals"].update(row_offset=16), r"'terminals\.row_offset' is 16, .* behind the columns"),
    ],
)
def test_places_that_cannot_be_are_refused(path: Path, change: Callable[[dict], object], problem: str) -> None:
    edit_meta(path, change)
    with pytest.raises(FileProblem, match=problem):
        open_container(path)


def test_a_segment_that_is_shorter_than_its_header_says_is_doubted(path: Path) -> None:
    last = sorted(path.glob("frames-*"))[-1]
    os.truncate(last, HEADER + 10)
    assert any(doubt.startswith(f"{last.name} was cut: its header states") for doubt in found(path))


def test_a_recording_that_was_closed_with_more_steps_is_doubted(tmp_path: Path) -> None:
    path = record(tmp_path / "run.rec", 20, segment_bytes=5000)
    sorted(path.glob("frames-*"))[-1].unlink()
    (doubt,) = found(path)
    assert doubt == "steps are missing: the recording was closed with 20 of them, 18 are there"


def test_segments_in_each_others_place_are_doubted(path: Path) -> None:
    one, other = path / "frames-00000.npy", path / "frames-00001.npy"
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    assert any(doubt.startswith("records are not in their order") for doubt in found(path))


def test_a_meta_json_that_somebody_edited_is_doubted_as_long_as_it_has_a_checksum(tmp_path: Path) -> None:
    path = record(tmp_path / "run.rec", 5)
    text = (path / "meta.json").read_text()
    (path / "meta.json").write_text(text.replace('"hip"', '"toe"'))
    (doubt,) = found(path)
    assert doubt.startswith("meta.json is not what was written: its checksum is another one")
    assert open_container(path).entities["robot"].joint_names == ("toe", "knee", "ankle")


def test_full_segments_of_a_killed_recording_have_their_checksums(tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    writer = ContainerWriter(path, sample_info(), segment_bytes=5000)
    append_steps(writer, range(20))
    log = path / "log.jsonl"
    while log.read_text().count('"segment"') < 9:  # Its thread comes by once a second.
        pass
    killed = Path(shutil.copytree(path, tmp_path / "killed.rec"))
    writer.close()
    assert not any("damaged" in doubt for doubt in found(killed))
    overwrite(killed / "frames-00003.npy", b"\xff", HEADER + 30)
    assert found(killed)[0] == "frames-00003.npy is damaged: its checksum is another one: numbers are wrong"


def test_records_of_a_large_recording_are_not_read_for_its_doubts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("replay_viewer.container.verdicts._MAX_READ_BYTES", 5000)
    path = record(tmp_path / "run.rec", 20)
    overwrite(path / "frames-00000.npy", b"\xff", HEADER + 1030)
    assert found(path) == []
    assert repair(path).doubts == ("frames-00000.npy is damaged: its checksum is another one: numbers are wrong.",)


def test_a_header_longer_than_numpy_reads_is_compared_too(tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    with ContainerWriter(path, sample_info()) as writer:
        signals = {f"signal_with_a_long_name_{i}": np.zeros(4, np.float32) for i in range(400)}
        writer.append(0, 0.0, {**sample_values(0), **signals})
    assert found(path) == []
    edit_meta(path, swap_places)
    assert any(doubt.startswith("frames-00000.npy is not as meta.json says") for doubt in found(path))


@pytest.mark.parametrize("is_packed", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["folder", "packed"])
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 20))])
def test_no_random_damage_shows_other_numbers_without_a_word(tmp_path: Path, seed: int, is_packed: bool) -> None:
    cases = damage.try_cases(tmp_path, 300, seed, is_packed)
    assert [case for case in cases if case[1].startswith("SILENT")] == []
    counts = Counter(result for _, result in cases)
    assert min(counts[result] for result in ("right", "doubt", "error")) > 10
