"""The index: what has not changed is not read again, and whatever is wrong with the index, episodes are the same."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from container_samples import record
from special_files import ODD, put_special, time_limit

from replay_viewer import load_episodes
from replay_viewer.episode_record import EpisodeRecord
from replay_viewer.episodes.columns import packed, unpacked
from replay_viewer.episodes.index import index_path
from replay_viewer.record.episodes.file import RecordFile


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of its own."""
    monkeypatch.setenv("REPLAY_VIEWER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two recordings of four envs, and a file of two records; made a while ago."""
    folder = tmp_path / "runs"
    for name in ("a", "b"):
        record(folder / f"{name}.rec", 5)
    file = RecordFile(folder / "episode_results.jsonl")
    file.append([EpisodeRecord(100, 0, "unfinished", recording="a.rec", more={"x": 1}), EpisodeRecord(7, 3, "aborted")])
    file.close()
    settle(folder)
    return folder


def settle(folder: Path) -> None:
    """Let the files be older than those that may be changed again at once."""
    for path in folder.rglob("*"):
        os.utime(path, (path.stat().st_mtime - 100, path.stat().st_mtime - 100))


def damaged(path: Path) -> None:
    """Put other bytes into a file that looks as it was."""
    state = path.stat()
    with open(path, "r+b") as file:
        file.write(b"x" * state.st_size)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def places(episodes: Sequence[EpisodeRecord]) -> list[tuple[str, int, int]]:
    return [(Path(found.recording or "").name, found.env_id, found.episode_in_env) for found in episodes]


def test_what_has_not_changed_is_not_read_again(runs: Path) -> None:
    first = load_episodes(runs)
    assert len(first) == 9
    for name in ("meta.json", "terminals.npy"):
        damaged(runs / "a.rec" / name)
    damaged(runs / "episode_results.jsonl")
    assert list(load_episodes(runs)) == list(first)
    os.utime(runs / "a.rec" / "meta.json")
    again = load_episodes(runs)
    assert list(again.problems) == [str(runs / "a.rec")]
    assert len(again) == 6


def test_what_comes_or_changes_is_read(runs: Path) -> None:
    load_episodes(runs)
    record(runs / "c.rec", 3)
    RecordFile(runs / "episode_results.jsonl", resume=True).append([EpisodeRecord(7, 4, "truncated")])
    found = load_episodes(runs)
    assert [place for place in places(found) if place[0] == "c.rec"] == [("c.rec", 100 + env, 0) for env in range(4)]
    assert ("", 7, 4) in places(found)


def test_paths_are_as_they_are_named_now(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_episodes(runs)
    monkeypatch.chdir(runs)
    found = load_episodes([".", "episode_results.jsonl"])
    assert {record.recording for record in found} == {"a.rec", "b.rec", None}
    assert found[0].more == {"x": 1}


def test_nothing_is_written_beside_recordings(runs: Path, cache: Path) -> None:
    before = sorted(runs.rglob("*"))
    load_episodes(runs)
    assert sorted(runs.rglob("*")) == before
    assert sorted(path.name for path in cache.iterdir()) == ["episodes.sqlite"]


@pytest.mark.parametrize("content", [b"nothing", b"SQLite format 3\x00" + b"\xff" * 5000, b""])
def test_a_damaged_index_is_made_anew(content: bytes, runs: Path, cache: Path) -> None:
    first = list(load_episodes(runs))
    index_path().write_bytes(content)
    assert list(load_episodes(runs)) == first
    assert sqlite3.connect(index_path()).execute("SELECT count(*) FROM sources").fetchone() == (3,)


def test_rows_that_are_none_are_read_anew(runs: Path) -> None:
    first = list(load_episodes(runs))
    index = sqlite3.connect(index_path())
    index.execute("UPDATE sources SET records = ? WHERE path LIKE '%a.rec'", (b'{"columns": []}',))
    index.execute("UPDATE sources SET records = ? WHERE path LIKE '%b.rec'", (None,))
    index.commit()
    index.close()
    assert list(load_episodes(runs)) == first


def test_an_index_of_another_version_is_forgotten(runs: Path) -> None:
    first = list(load_episodes(runs))
    index = sqlite3.connect(index_path())
    index.execute("UPDATE about SET layout = 'another'")
    index.execute("UPDATE sources SET records = '{}'")
    index.commit()
    index.close()
    assert list(load_episodes(runs)) == first


def test_without_a_place_for_it_everything_is_read(runs: Path, cache: Path) -> None:
    cache.write_text("no folder")
    assert len(load_episodes(runs)) == len(load_episodes(runs)) == 9


@pytest.mark.parametrize("lock", ["EXCLUSIVE", "IMMEDIATE"])
def test_another_process_that_writes_the_index_is_not_waited_for_long(lock: str, runs: Path) -> None:
    load_episodes(runs)
    index = sqlite3.connect(index_path())
    index.execute(f"BEGIN {lock}")
    record(runs / "c.rec", 3)
    settle(runs / "c.rec")
    assert len(load_episodes(runs)) == 13
    index.close()


def test_a_name_that_is_no_text_keeps_no_other_from_the_index(runs: Path) -> None:
    (runs / "b.rec").rename(os.fsdecode(os.fsencode(runs) + b"/\xff.rec"))
    assert len(load_episodes(runs)) == 9
    assert sqlite3.connect(index_path()).execute("SELECT count(*) FROM sources").fetchone() == (2,)


def test_records_are_the_same_after_they_were_packed() -> None:
    one = EpisodeRecord(1, 2, "terminated", success=True, rewards={"a": 1.0}, seed=2**80, variations={"m": [1, 2.5]})
    others = [replace(one, success=1 == 2, rewards={"a": None}), replace(one, env_id=3, more={"x": "é"}, iteration=1)]
    for records in ([], [one], [one, one], [one, *others]):
        assert unpacked(packed(records)) == records
    assert [type(record.success) for record in unpacked(packed([one, *others]))] == [bool] * 3


@pytest.mark.parametrize("kind", ODD)
def test_something_else_in_the_place_of_the_index_changes_nothing(runs: Path, cache: Path, kind: str) -> None:
    cache.mkdir()
    put_special(cache / "episodes.sqlite", kind)
    with time_limit(20):
        first, second = load_episodes(runs), load_episodes(runs)
    assert list(first) == list(second) and first.problems == second.problems == {}
    assert len(first) == 9
