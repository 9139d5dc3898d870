"""Paths that lead to pipes, devices and sockets: one line at once, wherever a recording could have a file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from container_samples import record, sample_info
from listings import looked_through
from special_files import SPECIAL, put_special, time_limit
from urdf_files import links, write_urdf

from replay_viewer.container.pack import pack
from replay_viewer.container.repair import repair
from replay_viewer.errors import FileProblem, ReplayError
from replay_viewer.files.regular import open_regular, read_regular
from replay_viewer.formats import lacks_first_step, load_rollout
from replay_viewer.formats.find import recordings_below
from replay_viewer.rollout.entities import EntitySpec

pytestmark = pytest.mark.usefixtures("is_quick")
NEEDED = ("meta.json", "frames-00000.npy", "terminals.npy")


@pytest.fixture
def is_quick() -> Iterator[None]:
    with time_limit(20):
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording with a robot's description."""
    folder = tmp_path_factory.mktemp("whole")
    robot = EntitySpec("robot", joint_names=("hip", "knee", "ankle"), urdf=str(write_urdf(folder, links("base"))))
    return record(folder / "walk.rec", 3, sample_info(entities=(robot, EntitySpec("box", kind="object"))))


@pytest.fixture
def walk(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "walk.rec"))


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("name", ["a.rec", "a.npz", "a.csv", "a.hdf5", "a"])
def test_what_is_no_file_is_refused_by_what_it_is(tmp_path: Path, name: str, kind: str) -> None:
    path = put_special(tmp_path / name, kind)
    with pytest.raises(FileProblem, match=f"is a {kind.split()[-1]}, not a file"):
        load_rollout(path)


@pytest.mark.parametrize("kind", SPECIAL)
def test_a_folder_with_something_else_among_its_recordings_is_listed_to_its_end(
    walk: Path, tmp_path: Path, kind: str
) -> None:
    for name in ("b.rec", "b.npz", "b.csv", "b.hdf5", "c.urdf", "d.zip"):
        put_special(tmp_path / name, kind)
    told = {source.name: source for source in looked_through(tmp_path).sources}
    assert all("not a file" in told[name].problem for name in ("b.rec", "b.npz", "b.csv", "b.hdf5"))
    known = told["walk.rec"].known
    assert known is not None and max(record.last_step or 0 for record in known.records) == 2
    assert walk in recordings_below(tmp_path)


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("name", [*NEEDED, "episodes.jsonl", "log.jsonl"])
def test_a_recording_with_something_else_as_one_of_its_files_is_opened_without_it_or_refused(
    walk: Path, name: str, kind: str
) -> None:
    put_special(walk / name, kind)
    if name in NEEDED:
        with pytest.raises(FileProblem):
            load_rollout(walk)
    else:
        rollout = load_rollout(walk)
        assert rollout.num_steps == 3 and rollout.verdicts
        rollout.close()


def packed(path: Path) -> Path:
    return pack(path, path.with_name("packed.rec"))


@pytest.mark.parametrize("kind", ["pipe", "endless device"])
@pytest.mark.parametrize("name", [*NEEDED, "episodes.jsonl", "log.jsonl", "assets/robot/robot.urdf"])
@pytest.mark.parametrize("command", [repair, packed, lacks_first_step])
def test_no_command_waits_for_what_is_no_file(
    walk: Path, name: str, kind: str, command: Callable[[Path], object]
) -> None:
    put_special(walk / name, kind)
    with suppress(ReplayError):
        command(walk)


def test_a_path_that_becomes_a_pipe_after_it_was_looked_at_is_refused(tmp_path: Path, monkeypatch) -> None:
    pipe, file = put_special(tmp_path / "pipe", "pipe"), tmp_path / "file"
    file.write_bytes(b"regular")
    stat = os.stat
    monkeypatch.setattr(os, "stat", lambda path: stat(file))
    with pytest.raises(FileProblem, match="is a pipe"):
        open_regular(pipe)


def test_a_small_file_is_read_to_its_limit_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(FileProblem, match="5 bytes, more than the 4"):
        read_regular(path, 4)


def test_a_file_without_a_size_is_read_in_pieces(tmp_path: Path) -> None:
    """As those of /proc are: their size is 0, whatever they hold."""
    assert read_regular(Path("/proc/self/status"), 1 << 20).startswith(b"Name:")
    with pytest.raises(FileProblem, match="more than the 10 that"):
        read_regular(Path("/proc/self/status"), 10)
