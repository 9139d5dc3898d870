"""Files that claim more than any recording has: refused by their size before they are read."""

from __future__ import annotations

import json
import os
import re
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_samples import record, sample_info
from special_files import sparse, sparse_npz, time_limit

from replay_viewer.cli import main
from replay_viewer.container import asset_folder
from replay_viewer.container.layout import MAX_META_BYTES, declare, plan_layout
from replay_viewer.container.log import read_lines
from replay_viewer.container.meta import new_meta, to_json
from replay_viewer.container.pack import pack
from replay_viewer.container.repair import repair
from replay_viewer.errors import BadField, FileProblem
from replay_viewer.formats import load_rollout
from replay_viewer.npz.archive import NpzArchive

HUGE = 50 << 30


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    return record(tmp_path / "walk.rec", 3)


def edit(path: Path, **frames: Any) -> None:
    """Change what meta.json says of its segments."""
    meta = json.loads((path / "meta.json").read_text())
    meta["frames"].update(frames)
    del meta["crc32"]
    (path / "meta.json").write_text(json.dumps(meta))


@pytest.mark.parametrize("name", ["meta.json", "terminals.npy", "episodes.jsonl"])
def test_a_file_that_claims_gigabytes_is_refused_with_its_number(walk: Path, name: str) -> None:
    sparse(walk / name, HUGE, (walk / name).read_bytes() if (walk / name).exists() else b"")
    with time_limit(20), pytest.raises(FileProblem, match=rf"{name}.*\d+ (bytes|ends)") as error:
        load_rollout(walk)
    assert "\n" not in str(error.value)


def test_a_log_that_claims_gigabytes_is_read_at_its_end_alone(walk: Path) -> None:
    os.truncate(walk / "log.jsonl", HUGE)
    with time_limit(20):
        rollout = load_rollout(walk)
        assert rollout.num_steps == 3 and rollout.verdicts
        rollout.close()
        with pytest.raises(FileProblem, match=r"log\.jsonl"):
            repair(walk)


def test_repair_reads_no_more_records_than_it_has_time_for_and_says_so(
    walk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    segment = (walk / "frames-00000.npy").read_bytes()
    frames = json.loads((walk / "meta.json").read_text())["frames"]
    size = frames["header_bytes"] + frames["record_bytes"] * frames["records_per_segment"]
    for number in range((9 << 30) // size):
        sparse(walk / f"frames-{number:05}.npy", size, segment)
    with time_limit(20):
        assert main(["repair", str(walk)]) == 0
    assert re.search(r"Its records take (8\.9|9\.0) GiB: too many", capsys.readouterr().out)


@pytest.mark.parametrize("member", ["header_bytes", "record_bytes"])
def test_a_header_or_a_record_of_gigabytes_is_refused_though_the_bytes_are_there(walk: Path, member: str) -> None:
    edit(walk, records_per_segment=2**40, **{member: 20 << 30})
    os.truncate(walk / "frames-00000.npy", HUGE)
    with time_limit(20), pytest.raises(BadField, match=f"{member}.*at most"):
        load_rollout(walk)


def test_a_meta_json_of_empty_lists_is_refused_by_its_size(walk: Path) -> None:
    (walk / "meta.json").write_bytes(b'{"a": [' + b"[]," * (20 << 20) + b"[]]}")
    with time_limit(10), pytest.raises(FileProblem, match=r"has 629145\d\d bytes"):
        load_rollout(walk)


def test_lines_that_are_no_objects_or_far_too_long_are_skipped() -> None:
    long = b'{"a": [' + b"[]," * (1 << 20) + b"[]]}"
    with time_limit(10):
        assert list(read_lines(b"\n".join([b"[]"] * 100_000 + [long, b'{"env_index": 1}']))) == [{"env_index": 1}]


def test_a_writer_refuses_what_no_reader_would_take() -> None:
    layout = plan_layout([declare("rew")], 4)
    info = sample_info(metadata={"notes": "x" * MAX_META_BYTES})
    with pytest.raises(BadField, match="take 83"):
        to_json(new_meta(info, layout))
    with pytest.raises(BadField, match="Record fewer"):
        plan_layout([declare("camera", (512, 512, 3))], 4096)


def test_a_packed_member_whose_name_begins_with_nul_is_refused_in_one_line(walk: Path, tmp_path: Path) -> None:
    path = tmp_path / "packed.rec"
    with zipfile.ZipFile(path, "w") as archive:
        for file in walk.iterdir():
            archive.write(file, file.name)
        archive.writestr("Xhidden", b"")
    path.write_bytes(path.read_bytes().replace(b"Xhidden", b"\0hidden"))
    with pytest.raises(FileProblem, match="leads out"):
        load_rollout(path)


def test_a_zip_that_claims_a_directory_of_gigabytes_is_refused(tmp_path: Path) -> None:
    path = sparse(tmp_path / "walk.npz", HUGE, b"PK\3\4")
    end = np.array([44, 45 | 45 << 16, 0, 2, 2, HUGE, 0], "<u8")
    with open(path, "ab") as file:
        file.write(b"PK\6\6" + end[0].tobytes() + bytes(12) + end[3:].tobytes())
        file.write(b"PK\6\7" + bytes(4) + np.uint64(HUGE).tobytes() + b"\1\0\0\0")
        file.write(b"PK\5\6" + bytes(4) + b"\2\0\2\0" + b"\xff" * 8 + bytes(2))
    with time_limit(20), pytest.raises(FileProblem):
        load_rollout(path)


def test_a_small_npz_that_inflates_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path, shape = tmp_path / "bomb.npz", (30_000_000, 1, 3)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("base_pos.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "<f4", "fortran_order": False, "shape": shape})
        for _ in range(36):
            member.write(bytes(10_000_000))
    with zipfile.ZipFile(path, "a") as archive, archive.open("base_quat.npy", "w") as member:
        np.save(member, np.zeros((1, 1, 4), np.float32))
    with closing(NpzArchive(path)) as archive, pytest.raises(BadField, match=r"inflates to 0\.3 GiB"):
        archive.load("base_pos")


@pytest.mark.parametrize(
    ("shapes", "told"),
    [
        ({"base_pos": (200_000_000, 1, 3), "base_quat": (200_000_000, 1, 4)}, "200000000 poses"),
        ({"base_pos": (1, 1_000_000, 3), "base_quat": (1, 1_000_000, 4)}, "1000000 envs"),
        ({"base_pos": (1, 1, 100_000, 3), "base_quat": (1, 1, 100_000, 4)}, "100000 robots"),
        ({"dof_pos": (100, 8, 1_000_000)}, "1000000 joints"),
        ({"dof_pos": (100, 8, 2), "dof_names": (2_000_000_000,)}, "8000000000 bytes"),
        ({"done": (100, 8, 10_000_000)}, "10000000 robots"),
        ({"done": (1000, 1000, 1000), "base_pos": (1000, 1000, 3), "base_quat": (1000, 1000, 4)}, "1000000000 values"),
        ({"rew": (100, 8, 100_000)}, "100000 robots"),
    ],
)
def test_an_npz_that_claims_what_nobody_records_is_refused_with_its_number(
    tmp_path: Path, shapes: dict[str, tuple[int, ...]], told: str
) -> None:
    path = sparse_npz(tmp_path / "walk.npz", {"base_pos": (100, 8, 3), "base_quat": (100, 8, 4), **shapes})
    with pytest.raises(BadField, match=told):
        load_rollout(path)


@pytest.mark.slow
def test_many_large_signals_are_not_all_looked_at_when_an_npz_is_opened(tmp_path: Path) -> None:
    signals = {f"signal_{number}": (100, 8, 80_000) for number in range(300)}  # 77 GB.
    rollout = load_rollout(
        sparse_npz(tmp_path / "walk.npz", {"base_pos": (100, 8, 3), "base_quat": (100, 8, 4), **signals})
    )
    unchecked = [verdict for verdict in rollout.verdicts if verdict.finding == "not checked for NaN"]
    assert 280 < len(unchecked) < 300
    assert rollout.read("signal_299", slice(99, 100), [7]).shape == (1, 1, 80_000)


def test_assets_leave_a_full_disk_to_others_and_are_not_unpacked(tmp_path: Path, monkeypatch) -> None:
    packed = pack(with_an_asset(tmp_path, 20 << 20), tmp_path / "packed.rec")
    monkeypatch.setattr(asset_folder, "SPARED_BYTES", 1 << 60)
    with pytest.raises(FileProblem, match=r"its assets take \d+ bytes, and .* has room for 0\. Name a larger folder"):
        load_rollout(packed)


def test_assets_that_a_disk_has_no_room_for_are_removed(tiny_disk: Path, tmp_path: Path, monkeypatch) -> None:
    packed = pack(with_an_asset(tmp_path, 1 << 20), tmp_path / "packed.rec")
    monkeypatch.setattr(tempfile, "tempdir", str(tiny_disk))
    with pytest.raises(FileProblem, match=r"cannot be unpacked: .*No space left on device"):
        load_rollout(packed)
    assert not list(tiny_disk.iterdir())


def with_an_asset(folder: Path, size: int) -> Path:
    """A recording that carries a file of so many bytes."""
    path = record(folder / "walk.rec", 3)
    (path / "assets").mkdir()
    (path / "assets" / "a.stl").write_bytes(bytes(size))
    return path
