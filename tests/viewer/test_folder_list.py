"""The list of a folder's recordings: what it tells of each, in which order, and what a browser may ask of it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from container_samples import record

from replay_viewer.errors import BadArgument
from replay_viewer.viewer.opening import folder_list
from replay_viewer.viewer.opening.folder_list import Facts, RecordingList


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


def looked_through(folder: Path) -> RecordingList:
    recordings = RecordingList(folder)
    recordings.look(lambda num_found: None)
    while recordings.read_next():
        pass
    return recordings


def names(recordings: RecordingList) -> list[str]:
    return [recording.name for recording in recordings.listed]


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
    fall = looked_through(runs).listed[0]
    assert fall.facts == Facts(num_steps=4, seconds=1.5, num_envs=2, num_episodes=3, num_falls=1)


def test_a_broken_recording_says_why_in_one_line(runs: Path) -> None:
    torn = looked_through(runs).listed[1]
    assert torn.facts is None
    assert "truncated" in torn.problem or "damaged" in torn.problem or "no whole" in torn.problem
    assert "\n" not in torn.problem and str(runs) not in torn.problem


def test_names_hold_nothing_that_steers_a_page(tmp_path: Path) -> None:
    write_npz(tmp_path / "a\x1b[31m.npz")
    assert names(looked_through(tmp_path)) == ["a?[31m.npz"]


def test_only_what_changed_is_read_again(runs: Path) -> None:
    recordings = looked_through(runs)
    at(runs / "torn.rec", 4000)
    recordings.look(lambda num_found: None)
    assert [(r.name, r.facts is None and not r.problem) for r in recordings.listed] == [
        ("torn.rec", True),
        ("fall.npz", False),
        ("seed_1/walk.rec", False),
    ]


def test_a_number_means_the_same_recording_when_others_come(runs: Path) -> None:
    recordings = looked_through(runs)
    fall = recordings.listed[0]
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
    first, second, third = (recording.path for recording in recordings.listed)
    assert recordings.neighbour(first, 1) == second
    assert recordings.neighbour(second, -1) == first
    assert recordings.neighbour(first, -1) is None
    assert recordings.neighbour(third, 1) is None
    assert recordings.neighbour(runs / "not listed.rec", 1) is None


def test_a_long_list_is_cut_and_says_so(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_list, "MAX_LISTED", 2)
    recordings = looked_through(runs)
    assert (len(recordings.listed), recordings.is_cut) == (2, True)


def test_an_empty_folder_is_an_empty_list(tmp_path: Path) -> None:
    assert looked_through(tmp_path).listed == ()
