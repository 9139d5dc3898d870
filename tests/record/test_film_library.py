"""The library of films: what is told of them, whoever wrote it, and what `clear` leaves alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Iterable

import pytest
from film_samples import add_lines, film_record

from replay_viewer.clips.clear import clear
from replay_viewer.clips.films import Film, Library, films_below

# Holds the lock on a manifest until it is ended.
_WRITER = """
import os, sys, time
from replay_viewer.container.log import try_lock
assert try_lock(os.open(sys.argv[1], os.O_RDWR))
print("held", flush=True)
time.sleep(60)
"""


def film_file(path: Path, clip: str) -> Path:
    """A file that says of itself which film it is, as films do in their index."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0\0\0\x18ftypisom" + clip.encode() + b"\0" * 100)
    return path


def states(films: Iterable[Film]) -> dict[str, str]:
    return {film.record.clip: film.state for film in films}


def manifest_in(folder: Path, name: str = "clips-host-1-aa.clips.jsonl") -> Path:
    return folder / name


def test_films_of_many_writers_are_found_newest_first_and_those_that_were_removed_are_not(tmp_path: Path) -> None:
    for run in range(3):
        folder = tmp_path / f"run{run}" / "videos"
        film_file(folder / "a.mp4", f"c{run}")
        record = film_record(f"c{run}", "a.mp4", ended=f"2026-05-04T12:00:0{run}Z", facts={"iteration": run})
        add_lines(manifest_in(folder), record, film_record(f"gone{run}", "gone.mp4"))
    films = films_below(tmp_path)
    assert [film.record.facts["iteration"] for film in films] == [2, 1, 0]
    assert films[0].path == tmp_path / "run2" / "videos" / "a.mp4" and films[0].num_bytes == 114
    assert films_below(tmp_path / "nowhere") == ()


def test_a_film_is_written_while_its_writer_lives_and_orphaned_after_kill_9(tmp_path: Path) -> None:
    partial = film_file(tmp_path / ".cam.1-aa.partial.mp4", "c1")
    begun = film_record("c1", partial.name, complete=False)
    manifest = add_lines(
        manifest_in(tmp_path), begun, film_record("c2", None, kind="viewport", complete=False, recording="run.rec")
    )
    library = Library(tmp_path)
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(manifest)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == b"held\n"
        assert states(library.look()) == {"c1": "written", "c2": "undrawn"}
        assert clear(tmp_path) == [] and partial.exists()
        os.kill(writer.pid, signal.SIGKILL)
    assert states(library.look()) == {"c1": "orphaned", "c2": "undrawn"}
    # A line that is appended is read on, and its last one counts.
    os.rename(partial, tmp_path / "cam.mp4")
    add_lines(manifest, film_record("c1", "cam.mp4"))
    assert states(library.look()) == {"c1": "complete", "c2": "undrawn"}
    add_lines(manifest, {"closed": True})
    assert states(library.look()) == {"c1": "complete", "c2": "undrawn"}


@pytest.mark.parametrize(
    "file", ["../secret.mp4", "/etc/secret.mp4", "a/../../secret.mp4", "link/secret.mp4", "secret.txt"]
)
def test_no_path_of_a_manifest_leads_out_of_its_folder_or_to_anything_but_a_film(tmp_path: Path, file: str) -> None:
    secret = film_file(tmp_path / "secret.mp4", "c1")
    folder = tmp_path / "videos"
    film_file(folder / "secret.txt", "c1")
    (folder / "a").mkdir()
    os.symlink(tmp_path, folder / "link")
    line = json.dumps({"clip": "c1", "kind": "camera", "complete": True, "file": file})
    manifest_in(folder).write_text(line + "\n")
    assert films_below(folder) == ()
    clear(folder)
    assert secret.exists() and (folder / "secret.txt").exists()


def test_odd_lines_of_a_manifest_are_skipped_and_a_file_that_is_too_large_is_told_of(tmp_path: Path) -> None:
    film_file(tmp_path / "a.mp4", "c1")
    manifest = manifest_in(tmp_path)
    deep = '{"clip": ' + "[" * 100_000
    odd = ["", "no JSON", "[1]", '{"clip": 3, "kind": "camera"}', '{"clip": "x"}', deep, "{" + "x" * (2 << 20), "\0"]
    odd.append(json.dumps({"clip": "c2", "kind": "camera", "file": "a.mp4\0", "complete": True}))
    manifest.write_bytes("\n".join(odd).encode() + b"\n")
    odd_types = {
        "clip": "c1",
        "kind": "camera",
        "file": "a.mp4",
        "complete": True,
        "fps": "fast",
        "size": [0],
        "key": 1,
    }
    add_lines(manifest, odd_types)
    library = Library(tmp_path)
    (film,) = library.look()
    assert film.record.fps is None and film.record.size is None and film.record.key == {}
    with open(manifest, "r+b") as file:
        file.truncate(1 << 40)  # It takes no room.
    library.look()
    assert "more than" in library.problems[manifest]
    os.remove(manifest)
    os.mkfifo(manifest)
    assert Library(tmp_path).look() == ()


def test_clear_removes_what_was_written_here_and_nothing_else(tmp_path: Path) -> None:
    film_file(tmp_path / "a.mp4", "c1")
    film_file(tmp_path / ".b.2-aa.partial.mp4", "c2")
    (tmp_path / ".c.3-aa.partial.mp4").touch()
    manifest = add_lines(
        manifest_in(tmp_path),
        film_record("c1", "a.mp4"),
        film_record("c2", ".b.2-aa.partial.mp4", complete=False),
        film_record("c3", ".c.3-aa.partial.mp4", complete=False),
    )
    own = film_file(tmp_path / "holidays.mp4", "own")
    assert set(clear(tmp_path)) == {
        tmp_path / "a.mp4",
        tmp_path / ".b.2-aa.partial.mp4",
        tmp_path / ".c.3-aa.partial.mp4",
        manifest,
    }
    assert list(tmp_path.iterdir()) == [own]
    # Somebody else's film under a name that a manifest has, and states that a film is still to be drawn of.
    (tmp_path / "run.rec").mkdir()
    add_lines(manifest, film_record("c1", "holidays.mp4"), film_record("c4", None, complete=False, recording="run.rec"))
    assert clear(tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == {"holidays.mp4", "run.rec", manifest.name}
