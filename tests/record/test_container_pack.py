"""Claims about packing a recording into one file. Python 3.8 suffices."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from container_samples import PlainReader, append_steps, fallen, record, sample_info, terminal_values

from replay_viewer.container.extents import packed_extents
from replay_viewer.container.pack import pack
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.errors import FileProblem


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Twenty steps in several segments, with an episode's end and a terrain."""
    path = tmp_path / "run.rec"
    terrain = (np.eye(3), np.array([[0, 1, 2]]))
    with ContainerWriter(path, sample_info(), segment_bytes=6000, terrain=terrain) as writer:
        append_steps(writer, range(7))
        writer.end_episodes(fallen(7, [1], values=terminal_values(7, [1])))
        append_steps(writer, range(7, 20))
    return path


def test_a_packed_recording_is_an_npz_for_numpy(recording: Path, tmp_path: Path) -> None:
    packed = pack(recording, tmp_path / "one.rec")
    with np.load(packed) as arrays:
        names = sorted(name for name in arrays.files if name.startswith("frames-"))
        assert len(names) > 2
        steps = np.concatenate([arrays[name]["step"] for name in names])
        assert arrays["terminals"]["last_record"].tolist() == [7]
    np.testing.assert_array_equal(steps, np.arange(20))


def test_tables_are_stored_at_the_start_of_a_page(recording: Path, tmp_path: Path) -> None:
    packed = pack(recording, tmp_path / "one.rec")
    content = packed.read_bytes()
    for name, extent in packed_extents(packed).items():
        original = (recording / name).read_bytes()
        assert content[extent.offset : extent.offset + extent.size] == original
        if name.endswith(".npy"):
            assert extent.offset % 4096 == 0
    assert "assets/terrain.npz" in packed_extents(packed)


def test_unzipped_it_is_the_folder_again(recording: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(pack(recording, tmp_path / "one.rec")) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "again.rec")
    for file in recording.rglob("*"):
        if file.is_file():
            assert (tmp_path / "again.rec" / file.relative_to(recording)).read_bytes() == file.read_bytes()


def test_a_recording_that_grows_is_packed_as_it_is_now(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(5))
        with np.load(pack(tmp_path / "run.rec", tmp_path / "one.rec")) as arrays:
            assert arrays["frames-00000"]["step"].tolist() == [0, 1, 2, 3, 4]


def test_a_torn_last_record_is_left_out(tmp_path: Path) -> None:
    path = record(tmp_path / "run.rec", 3)
    with open(path / "frames-00000.npy", "ab") as file:
        file.write(b"x" * 100)
    with np.load(pack(path, tmp_path / "one.rec")) as arrays:
        assert len(arrays["frames-00000"]) == 3


def test_progress_counts_to_the_whole(recording: Path, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    pack(recording, tmp_path / "one.rec", lambda done, total: calls.append((done, total)))
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert calls[-1][0] == calls[-1][1] == sum(f.stat().st_size for f in recording.rglob("*") if f.is_file())
    assert len({total for _, total in calls}) == 1


def test_an_interrupted_pack_leaves_nothing(recording: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(recording, tmp_path / "one.rec", interrupt)
    assert [file.name for file in tmp_path.iterdir()] == ["run.rec"]


def test_the_file_appears_only_when_it_is_whole(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "one.rec"
    seen = []
    pack(recording, out, lambda done, total: seen.append(out.exists()))
    assert seen and not any(seen)
    assert out.exists()


def test_nothing_is_overwritten(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "one.rec").write_text("precious")
    with pytest.raises(FileProblem, match="exists already"):
        pack(recording, tmp_path / "one.rec")
    assert (tmp_path / "one.rec").read_text() == "precious"


def test_a_folder_that_is_not_there_is_named(recording: Path, tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="nowhere: is not a folder"):
        pack(recording, tmp_path / "nowhere" / "one.rec")
    with pytest.raises(FileProblem, match="is not a recording's folder"):
        pack(tmp_path / "nowhere", tmp_path / "one.rec")


@pytest.mark.parametrize("name", ["assets/secret", "assets", "log.jsonl"])
def test_a_link_is_not_followed_into_what_is_sent_away(tmp_path: Path, name: str) -> None:
    path = record(tmp_path / "run.rec", 1)
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "key").write_text("secret")
    target = tmp_path / "private" if name == "assets" else tmp_path / "private" / "key"
    (path / name).parent.mkdir(exist_ok=True)
    if (path / name).exists():
        (path / name).unlink()
    os.symlink(target, path / name)
    with pytest.raises(FileProblem, match="is a link"):
        pack(path, tmp_path / "one.rec")


def test_a_damaged_header_is_refused(tmp_path: Path) -> None:
    path = record(tmp_path / "run.rec", 1)
    with open(path / "terminals.npy", "r+b") as file:
        file.write(b"x" * 4096)
    with pytest.raises(FileProblem, match=r"terminals\.npy"):
        pack(path, tmp_path / "one.rec")
    assert not (tmp_path / "one.rec").exists()


def test_a_missing_segment_is_refused(recording: Path, tmp_path: Path) -> None:
    os.unlink(recording / "frames-00001.npy")
    assert PlainReader(recording).num_steps < 20
    with pytest.raises(FileProblem, match=r"frames-0000\d\.npy"):
        pack(recording, tmp_path / "one.rec")
