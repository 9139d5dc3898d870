"""Flags and notes beside a recording: what is kept, by whom it is written, and what a file from elsewhere cannot do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from needs import require

from replay_viewer.episodes.annotations import MAX_TEXT, annotate, annotations_path, read_annotations
from replay_viewer.episodes.record_files import record_files_below
from replay_viewer.errors import BadArgument, FileProblem


def test_a_flag_and_a_note_of_one_episode_do_not_replace_each_other(tmp_path: Path) -> None:
    recording = tmp_path / "run.rec"
    annotate(recording, 3, 1, step=40, flag="bad")
    annotate(recording, 3, 1, text="it slips")
    annotate(recording, 4, 0, flag="good")
    found = read_annotations(recording)
    assert (found[3, 1].flag, found[3, 1].text, found[3, 1].step) == ("bad", "it slips", 40)
    assert found[4, 0].flag == "good"
    annotate(recording, 3, 1, flag="")
    assert (read_annotations(recording)[3, 1].flag, read_annotations(recording)[3, 1].text) == ("", "it slips")


def test_what_is_taken_away_is_gone_and_stays_in_the_file(tmp_path: Path) -> None:
    recording = tmp_path / "run.rec"
    annotate(recording, 0, 0, flag="bad")
    annotate(recording, 0, 0, flag="")
    assert read_annotations(recording) == {}
    lines = annotations_path(recording).read_text().splitlines()
    assert [json.loads(line)["flag"] for line in lines] == ["bad", ""]
    assert set(json.loads(lines[0])) == {"time", "env_id", "episode", "step", "flag", "text"}


def test_a_torn_last_line_is_ignored_and_mended_at_the_next_note(tmp_path: Path) -> None:
    recording = tmp_path / "run.rec"
    annotate(recording, 0, 0, flag="bad")
    with annotations_path(recording).open("ab") as file:
        file.write(b'{"time": "2026-01-01", "env_id": 1, "epis')
    assert set(read_annotations(recording)) == {(0, 0)}
    annotate(recording, 2, 0, text="after a crash")
    assert set(read_annotations(recording)) == {(0, 0), (2, 0)}
    assert all(map(json.loads, annotations_path(recording).read_text().splitlines()))


def test_viewers_that_note_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    recording = tmp_path / "run.rec"
    script = (
        "import sys; from pathlib import Path; from replay_viewer.episodes.annotations import annotate\n"
        "for episode in range(100): annotate(Path(sys.argv[1]), int(sys.argv[2]), episode, text='x' * 500)"
    )
    command = [sys.executable, "-c", script, str(recording)]
    writers = [subprocess.Popen([*command, str(env)]) for env in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(read_annotations(recording)) == 300


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        recording = Path("/proc") / "run.rec"  # Nobody may write there, not even root.
    else:
        tmp_path.chmod(0o500)
        recording = tmp_path / "run.rec"
    with pytest.raises(FileProblem, match=r"cannot be written: .*has to be writable"):
        annotate(recording, 0, 0, flag="bad")


def test_a_link_in_the_place_of_the_file_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    annotations_path(tmp_path / "run.rec").symlink_to(victim)
    with pytest.raises(FileProblem, match="cannot be written"):
        annotate(tmp_path / "run.rec", 0, 0, flag="bad")
    assert victim.read_text() == "mine"


def test_a_pipe_in_the_place_of_the_file_holds_nothing_up(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        require("no named pipes on this system")
    os.mkfifo(annotations_path(tmp_path / "run.rec"))
    with pytest.raises(FileProblem, match="is a pipe"):
        read_annotations(tmp_path / "run.rec")
    with pytest.raises(FileProblem, match="is a pipe"):
        annotate(tmp_path / "run.rec", 0, 0, flag="bad")


def test_lines_that_are_no_annotations_are_skipped_and_long_texts_cut(tmp_path: Path) -> None:
    odd = [
        "[1, 2]",
        "null",
        '{"env_id": true, "episode": 0, "flag": "bad"}',
        '{"env_id": 0, "flag": "bad"}',
        '{"env_id": 0, "episode": 0, "flag": ["bad"], "text": {"a": 1}, "step": "x"}',
        "[" * 5000,
        json.dumps({"env_id": 1, "episode": 0, "text": "x" * 9000, "step": 1e999}),
    ]
    annotations_path(tmp_path / "run.rec").write_text("\n".join(odd) + "\n")
    found = read_annotations(tmp_path / "run.rec")
    assert list(found) == [(1, 0)]
    assert (len(found[1, 0].text), found[1, 0].step) == (MAX_TEXT, None)


def test_notes_of_a_recording_that_is_called_like_a_file_of_records_are_none(tmp_path: Path) -> None:
    annotate(tmp_path / "episode_results.rec", 0, 0, flag="bad")
    assert record_files_below(tmp_path) == []


def test_a_note_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="too long"):
        annotate(tmp_path / "run.rec", 0, 0, text="x" * (MAX_TEXT + 1))
    assert not annotations_path(tmp_path / "run.rec").exists()
