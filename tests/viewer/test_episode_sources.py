"""Where the table's episodes come from: what is listed of a folder, in which order, and what browsers may ask of it."""

from __future__ import annotations

import json
import os
import queue
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_samples import record
from listings import looked_through

from replay_viewer.errors import BadArgument
from replay_viewer.formats import load_rollout
from replay_viewer.viewer.episodes import sources, stock
from replay_viewer.viewer.episodes.sources import Listing


def write_npz(path: Path) -> Path:
    """4 steps of 2 envs, of which the second falls at step 1."""
    done = np.zeros((4, 2), bool)
    done[1, 1] = True
    pose = {"base_pos": np.zeros((4, 2, 3)), "base_quat": np.tile([0, 0, 0, 1.0], (4, 2, 1))}
    np.savez(path, **pose, terminated=done, dt=0.5)
    return path


def at(path: Path, seconds: float) -> Path:
    """The file or folder as if it was written then."""
    for file in [path, *(path.iterdir() if path.is_dir() else ())]:
        os.utime(file, (seconds, seconds))
    return path


def names(recordings: Listing) -> list[str]:
    return [recording.name for recording in recordings.sources]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three recordings and what is none."""
    folder = tmp_path / "runs"
    (folder / "seed_1").mkdir(parents=True)
    at(record(folder / "seed_1" / "walk.rec", 3), 1000)
    at(write_npz(folder / "fall.npz"), 3000)
    (folder / "torn.rec").write_bytes(b"PK\x03\x04")
    at(folder / "torn.rec", 2000)
    np.savez(folder / "weights.npz", layer=np.zeros(3))
    (folder / "notes.txt").write_text("no recording")
    return folder


def test_recordings_are_listed_newest_first_and_nothing_else(runs: Path) -> None:
    assert names(looked_through(runs)) == ["fall.npz", "torn.rec", "seed_1/walk.rec"]


def test_a_recording_is_as_new_as_the_newest_of_its_files(runs: Path) -> None:
    newest = next(file for file in (runs / "seed_1" / "walk.rec").iterdir() if file.is_file())
    os.utime(newest, (9000, 9000))
    assert names(looked_through(runs))[0] == "seed_1/walk.rec"


def test_the_list_tells_what_is_in_a_recording(runs: Path) -> None:
    fall = looked_through(runs).sources[0].known
    assert fall is not None
    assert (len(fall), fall.num_envs, fall.seconds) == (3, 2, 1.5)
    assert [record.outcome for record in fall.records] == ["unfinished", "terminated", "unfinished"]


def test_a_broken_recording_says_why_in_one_line(runs: Path) -> None:
    torn = looked_through(runs).sources[1]
    assert torn.known is not None and not torn.known.records
    assert "truncated" in torn.problem or "damaged" in torn.problem or "no whole" in torn.problem
    assert "\n" not in torn.problem and str(runs) not in torn.problem


def test_names_hold_nothing_that_steers_a_page(tmp_path: Path) -> None:
    write_npz(tmp_path / "a\x1b[31m.npz")
    assert names(looked_through(tmp_path)) == ["a?[31m.npz"]


def test_only_what_changed_is_read_again(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recordings = looked_through(runs)
    read = []
    real = sources.read_source
    monkeypatch.setattr(sources, "read_source", lambda path, index: read.append(path.name) or real(path, index))
    at(runs / "torn.rec", 4000)
    looked_through(runs, recordings)
    assert read == ["torn.rec"]
    assert names(recordings) == ["torn.rec", "fall.npz", "seed_1/walk.rec"]


def test_what_was_read_once_is_known_to_the_next_viewer(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = looked_through(runs)
    monkeypatch.setattr(sources, "read_source", lambda path, index: pytest.fail("it was read again"))
    after = looked_through(runs)
    for one, other in zip(before.sources, after.sources, strict=True):
        assert one.known is not None and other.known is not None
        assert one.known.records == other.known.records


def test_what_is_gone_is_listed_no_more(runs: Path) -> None:
    recordings = looked_through(runs)
    (runs / "fall.npz").unlink()
    looked_through(runs, recordings)
    assert names(recordings) == ["torn.rec", "seed_1/walk.rec"]


def test_records_of_a_simulator_are_those_of_their_recording_or_of_their_file(runs: Path) -> None:
    episode = {"env_id": 1, "episode_in_env": 0, "policy": "v2"}
    lines = [{**episode, "recording": "fall.npz"}, {**episode, "recording": "gone.rec"}]
    file = runs / "episode_results.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    at(file, 500)
    found = {source.name: source for source in looked_through(runs).sources}
    fall, rest = found["fall.npz"].known, found["episode_results.jsonl"].known
    assert fall is not None and rest is not None
    assert [(record.env_id, record.policy, record.last_step) for record in fall.records][1] == (1, "v2", 1)
    assert [record.policy for record in rest.records] == ["v2"]
    assert not found["episode_results.jsonl"].is_recording


def test_a_number_means_the_same_recording_when_others_come(runs: Path) -> None:
    recordings = looked_through(runs)
    fall = recordings.sources[0]
    write_npz(runs / "newer.npz")
    recordings.look(lambda num_found: None)
    assert names(recordings)[0] == "newer.npz"
    assert recordings.numbered(fall.number).path == fall.path


@pytest.mark.parametrize("number", [99, -1, True, "0", "../../etc/passwd", None, [0], 10**400, float("nan")])
def test_a_browser_gets_nothing_by_what_is_no_number_of_the_list(number: object, runs: Path) -> None:
    with pytest.raises(BadArgument, match="not in the list"):
        looked_through(runs).numbered(number)


def test_neighbours_end_at_the_ends(runs: Path) -> None:
    recordings = looked_through(runs)
    first, second, third = (recording.path for recording in recordings.sources)
    assert first is not None and second is not None and third is not None
    assert recordings.neighbour(first, 1) == second
    assert recordings.neighbour(second, -1) == first
    assert recordings.neighbour(first, -1) is None
    assert recordings.neighbour(third, 1) is None
    assert recordings.neighbour(runs / "not listed.rec", 1) is None


def test_a_long_list_is_cut_and_says_so(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_SOURCES", 2)
    recordings = looked_through(runs)
    assert (len(recordings.sources), recordings.is_cut) == (2, True)


def test_what_is_shown_has_its_episodes_while_its_folder_is_still_read(runs: Path) -> None:
    posted: queue.SimpleQueue[Any] = queue.SimpleQueue()
    table = stock.Stock(lambda action, *arguments: posted.put((action, arguments)), lambda: None)
    table.listing = Listing(runs)
    table.listing.look(lambda num_found: None)
    path = next(source.path for source in table.listing.recordings if source.name == "fall.npz")
    assert path is not None
    table.show(load_rollout(path), "fall.npz")
    table.read_shown(is_written=False)
    while not table.is_shown_known:
        action, arguments = posted.get(timeout=30)
        action(*arguments)
    assert [table.rows.source(row).name for row in range(len(table.rows))] == ["fall.npz"] * 3
    assert table.listing.num_read == 0


def test_names_from_a_folder_above_or_below_are_found_where_only_one_can_be_meant(runs: Path) -> None:
    above, below = looked_through(runs), looked_through(runs / "seed_1")
    walk = runs / "seed_1" / "walk.rec"
    assert above.named("walk.rec") == walk == below.named("seed_1/walk.rec") == below.named("runs/seed_1/walk.rec")
    assert below.named("seed_2/walk.rec") is None and below.named("../fall.npz") is None and above.named("") is None
    (runs / "seed_2").mkdir()
    record(runs / "seed_2" / "walk.rec", 3)
    assert looked_through(runs).named("walk.rec") is None


def test_an_empty_folder_is_an_empty_list(tmp_path: Path) -> None:
    assert looked_through(tmp_path).sources == ()
