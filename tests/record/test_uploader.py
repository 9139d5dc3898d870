"""The upload of films to whatever takes them: what is handed over, in which order, how often, and what is told."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Sequence

import pytest
from film_samples import add_lines, film_record

from replay_viewer import log_videos
from replay_viewer.clips.films import Film
from replay_viewer.errors import BadArgument
from replay_viewer.upload.captions import caption, tag, training_step
from replay_viewer.upload.target import Asked, OddFilm
from replay_viewer.upload.uploader import Uploader

# Uploads what is there, and goes on until it is ended.
_UPLOADER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_uploader import Shelf
from replay_viewer.upload.uploader import Uploader
uploader = Uploader(Path(sys.argv[1]), Shelf())
while not uploader.num_uploaded:
    time.sleep(0.01)
print("uploaded", flush=True)
time.sleep(60)
"""


class Shelf:
    """Takes films and keeps their names; the first attempts may fail, as those at a network do."""

    name = "shelf"

    def __init__(self, failures: int = 0, at_once: int = 1, odd: str = "") -> None:
        self.at_once, self.names = at_once, []
        self._failures, self._odd = failures, odd

    def put(self, films: Sequence[Film], is_ending: Asked) -> None:
        if self._failures:
            self._failures -= 1
            raise ConnectionError("the network is away")
        for film in films:
            assert film.path is not None
            if film.path.name == self._odd:
                raise OddFilm(film.path, "is no film.")
        self.names += [film.path.name for film in films if film.path is not None]

    def close(self) -> None:
        self.names.append("closed")


def add_film(folder: Path, number: int, content: bytes = b"film") -> Path:
    """A complete film; the greater its number the newer."""
    path = folder / f"{number}.mp4"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    record = film_record(f"c{number}", path.name, ended=f"2026-05-04T12:{number:02d}:00Z", facts={"iteration": number})
    add_lines(folder / "clips-host-1-aa.clips.jsonl", record)
    return path


def upload(folder: Path, shelf: Shelf, patience: float = 60.0) -> Uploader:
    """All that is there by now."""
    uploader = Uploader(folder, shelf, keeps_looking=False, patience=patience)
    uploader.close()
    return uploader


@pytest.mark.parametrize("at_once", [1, 2])
def test_films_are_uploaded_newest_first_each_once_and_again_when_they_changed(tmp_path: Path, at_once: int) -> None:
    for number in range(5):
        add_film(tmp_path, number)
    partial = tmp_path / ".x.1-aa.partial.mp4"
    partial.touch()
    add_lines(tmp_path / "clips-host-1-aa.clips.jsonl", film_record("c9", partial.name, complete=False))
    first, second, third = (Shelf(at_once=at_once) for _ in range(3))
    assert upload(tmp_path, first).num_uploaded == 5
    assert first.names == ["4.mp4", "3.mp4", "2.mp4", "1.mp4", "0.mp4", "closed"]
    # After a restart.
    upload(tmp_path, second)
    assert second.names == ["closed"]
    (tmp_path / "2.mp4").write_bytes(b"another film")
    upload(tmp_path, third)
    assert third.names == ["2.mp4", "closed"]


def test_the_last_film_is_there_after_close_and_what_came_meanwhile(tmp_path: Path) -> None:
    shelf = Shelf()
    uploader = Uploader(tmp_path / "later", shelf)
    add_film(tmp_path / "later" / "run", 0)
    uploader.wake()
    while not shelf.names:
        time.sleep(0.01)
    add_film(tmp_path / "later" / "run", 1)
    assert uploader.close()
    assert shelf.names == ["0.mp4", "1.mp4", "closed"]


def test_what_fails_is_tried_again_and_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    add_film(tmp_path, 0)
    shelf = Shelf(failures=2)
    with caplog.at_level(logging.WARNING, "replay_viewer"):
        assert upload(tmp_path, shelf).close()
    assert shelf.names == ["0.mp4", "closed"]
    (line,) = [record.getMessage() for record in caplog.records]
    assert "the network is away" in line and "tried again" in line


def test_what_is_not_uploaded_in_time_is_told_and_uploaded_at_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_film(tmp_path, 0)
    with caplog.at_level(logging.WARNING, "replay_viewer"):
        uploader = upload(tmp_path, Shelf(failures=1000), patience=0.0)
    assert not uploader.close() and "the network is away" in uploader.problems[0]
    assert "at the next start" in caplog.records[-1].getMessage()
    shelf = Shelf()
    assert upload(tmp_path, shelf).close() and shelf.names == ["0.mp4", "closed"]


def test_a_film_of_which_nothing_can_be_made_keeps_no_other_back(tmp_path: Path) -> None:
    for number in range(3):
        add_film(tmp_path, number)
    shelf = Shelf(odd="1.mp4")
    uploader = upload(tmp_path, shelf)
    assert shelf.names == ["2.mp4", "0.mp4", "closed"]
    assert not uploader.close() and "1.mp4" in uploader.problems[0]


def test_of_several_processes_one_uploads_and_after_kill_9_the_other_does(tmp_path: Path) -> None:
    add_film(tmp_path, 0)
    command = [sys.executable, "-c", _UPLOADER, str(tmp_path), str(Path(__file__).parent)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout is not None and other.stdout.readline() == b"uploaded\n"
        shelf = Shelf()
        # The other has this one.
        assert upload(tmp_path, shelf).close() and shelf.names == ["closed"]
        os.kill(other.pid, signal.SIGSTOP)
        add_film(tmp_path, 1)
        assert not upload(tmp_path, shelf, patience=0.0).close()
        os.kill(other.pid, signal.SIGKILL)
    assert upload(tmp_path, shelf).close() and shelf.names == ["closed", "closed", "1.mp4", "closed"]


def test_a_caption_has_the_facts_and_nothing_odd_becomes_a_name(tmp_path: Path) -> None:
    facts = {"iteration": 40, "global_step": 4000, "total_reward": 12.3456, "note": ["x"], "policy": "ppo"}
    key = {"run": "r1", "rank": 2, "env_id": 3, "episode_in_env": 7}
    record = film_record("c1", "a.mp4", experiment="ant", facts=facts, key=key, partial=True, camera="a/b\n<c>")
    film = Film(record, tmp_path, "complete", tmp_path / "a.mp4")
    said = "iteration 40, global_step 4000, total_reward 12.35, env 3, episode 7, policy ppo, run r1, rank 2, cut off"
    assert caption(film) == f"ant, a/b\n<c>, {said}"
    assert tag(film) == "films/a_b__c_" and training_step(film) == 4000


def test_odd_ledgers_and_runs_are_told_of(tmp_path: Path) -> None:
    add_film(tmp_path, 0)
    upload(tmp_path, Shelf())
    (ledger,) = tmp_path.glob(".uploaded-*")
    ledger.write_bytes(b'\0garbage\n{"file": 3}\n' + json.dumps({"file": "0.mp4"}).encode())
    shelf = Shelf()
    upload(tmp_path, shelf)
    assert shelf.names == ["0.mp4", "closed"]
    with pytest.raises(BadArgument, match="a run of wandb"):
        log_videos(tmp_path, None)
