"""Claims about recordings that are damaged, newer, or made to do harm: one clear line each."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_samples import record, sample_info, sample_values

from replay_viewer.container.pack import pack
from replay_viewer.container.reader import open_container
from replay_viewer.errors import FileProblem, NewerVersion
from replay_viewer.rollout.entities import EntitySpec

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("template") / "run.rec", 5)


@pytest.fixture
def recording(template: Path, tmp_path: Path) -> Path:
    """Five steps, to be damaged."""
    return Path(shutil.copytree(template, tmp_path / "run.rec"))


def edit_meta(path: Path, change: Change) -> None:
    meta = json.loads((path / "meta.json").read_text())
    change(meta)
    (path / "meta.json").write_text(json.dumps(meta))


def refusal(path: Path) -> str:
    """The message with which the recording is refused: one line that names a file of it."""
    with pytest.raises(FileProblem) as caught:
        open_container(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message


def test_a_newer_major_version_is_refused_with_the_way_out(recording: Path) -> None:
    edit_meta(recording, lambda meta: meta.update(version="2.0"))
    with pytest.raises(NewerVersion, match=r"format version 2\.0, this replay-viewer reads 1\.x.*pip install -U"):
        open_container(recording)


def test_what_a_newer_minor_version_adds_is_ignored(recording: Path) -> None:
    def add(meta: dict[str, Any]) -> None:
        meta["version"] = "1.9"
        meta["hologram"] = {"depth": 3}
        meta["entities"][0]["mood"] = "good"
        meta["row"]["fields"].append({"name": "tiny", "dtype": "<f2", "shape": [2], "offset": 0, "unit": ""})
        meta["terminals"]["fields"].append({"name": "note", "dtype": "S4", "shape": [], "offset": 0, "unit": ""})

    edit_meta(recording, add)
    rollout = open_container(recording)
    assert "tiny" not in rollout.fields
    np.testing.assert_array_equal(rollout.read("rew")[3], sample_values(3)["rew"])
    rollout.close()


def test_a_row_with_room_for_unknown_fields_is_skipped_over(recording: Path) -> None:
    edit_meta(recording, lambda meta: meta["row"]["fields"].pop(0) and meta["row"]["fields"].pop())
    edit_meta(recording, lambda meta: meta["entities"].pop(0) and meta["row"]["fields"].pop(0))
    rollout = open_container(recording)
    np.testing.assert_array_equal(rollout.read("box.base_pos")[3], sample_values(3)["box.base_pos"])
    rollout.close()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda m: m.pop("control_dt"), "'control_dt' is missing"),
        (lambda m: m.update(control_dt="fast"), "'control_dt' is \"fast\", expected a positive number"),
        (lambda m: m.update(control_dt=-1), "expected a positive number"),
        (lambda m: m.update(control_dt=True), "expected a positive number"),
        (lambda m: m.update(control_dt=10**400), "expected a positive number"),
        (lambda m: m.update(control_dt=1e-310), "'control_dt' is 1e-310 (every = 1), expected seconds above zero"),
        (lambda m: m.update(control_dt=1e8, every=100), "expected seconds above zero"),
        (lambda m: m.update(version="9" * 5000 + ".0"), "expected for example '1.0'"),
        (lambda m: m.update(env_origins=[[10**400, 0, 0]] * 4), "expected a list of rows of 3 numbers"),
        (lambda m: m.update(outcome_reasons=["\ud800"]), "is not valid JSON"),
        (lambda m: m.update(version="one"), "'version' is 'one'"),
        (lambda m: m.update(format="other"), "is not the meta.json of a replay-viewer recording"),
        (lambda m: m.update(env_ids="all"), "expected a list of integers"),
        (lambda m: m.update(env_ids=[1, 2]), "'env_ids' names 2 envs, but 4 are recorded"),
        (lambda m: m.update(num_envs=10**6), "expected room for 1000000 rows"),
        (lambda m: m.update(num_envs=0), "expected an integer of at least 1"),
        (lambda m: m.update(env_origins=[[0, 0]]), "expected a list of rows of 3 numbers"),
        (lambda m: m.update(terminal_states="gone"), "terminal_states"),
        (lambda m: m.update(entities=[]), "'entities' is empty"),
        (lambda m: m.update(entities=["robot"]), "'entities[0]' is \"robot\", expected an object"),
        (lambda m: m["entities"][0].update(joint_names=["a"]), "robot.joint_pos"),
        (lambda m: m["entities"][0].pop("name"), "'entities[0].name' is missing"),
        (lambda m: m.update(reward_terms=["a"]), "rew_terms"),
        (lambda m: m["row"]["fields"][0].update(offset=10**6), "the field to end within its row"),
        (lambda m: m["row"]["fields"][0].update(offset=-4), "'row.fields[0].offset'"),
        (lambda m: m["row"]["fields"][0].update(shape=[2**40, 2**40]), "the field to end within its row"),
        (lambda m: m["row"]["fields"][0].update(shape=[0]), "'row.fields[0].shape'"),
        (lambda m: m["row"]["fields"][1].update(name="rew"), "expected each name once"),
        (lambda m: m["row"]["fields"].pop(0), "'robot.base_pos' is not recorded"),
        (lambda m: m["row"].update(bytes=2**62), "expected less than 2 GiB"),
        (lambda m: m["terminals"]["fields"].pop(0), "the columns step too"),
        (lambda m: m["terminals"].update(row_offset=10**6), "expected room for a row"),
        (lambda m: m["frames"].update(header_bytes=4000), "does not begin as meta.json says"),
        (lambda m: m["frames"].update(records_per_segment=2), "holds 5 steps, expected 2"),
        (lambda m: m.pop("frames"), "'frames' is missing"),
    ],
)
def test_a_meta_json_that_does_not_fit_is_refused(recording: Path, change: Change, problem: str) -> None:
    edit_meta(recording, change)
    assert problem in refusal(recording)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not valid JSON"),
        (b'{"format": "replay', "is not valid JSON"),
        (b"[1, 2]", "is not a JSON object"),
        (b"\xff\xfe", "is not valid JSON"),
        (b"[" * 100_000, "is nested too deeply"),
    ],
)
def test_a_corrupt_meta_json_is_refused(recording: Path, content: bytes, problem: str) -> None:
    (recording / "meta.json").write_bytes(content)
    assert problem in refusal(recording)


def test_a_folder_without_meta_json_is_refused(recording: Path) -> None:
    (recording / "meta.json").unlink()
    assert "has no meta.json. It is no recording, or its process ended before the first step." in refusal(recording)


def test_a_recording_without_a_whole_step_is_refused(recording: Path) -> None:
    os.truncate(recording / "frames-00000.npy", 4096 + 100)
    assert "holds no whole step" in refusal(recording)


@pytest.mark.parametrize("name", ["frames-00001.npy", "terminals.npy"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    path = record(tmp_path / "run.rec", 20, segment_bytes=5000)
    (path / name).unlink()
    assert f"{name} is missing" in refusal(path)


def test_a_short_segment_in_the_middle_is_named(tmp_path: Path) -> None:
    path = record(tmp_path / "run.rec", 20, segment_bytes=5000)
    os.truncate(path / "frames-00001.npy", 4500)
    assert "frames-00001.npy holds 1 steps, expected 2" in refusal(path)


def test_a_recording_that_is_cut_while_it_is_open_is_refused_then(recording: Path) -> None:
    rollout = open_container(recording)
    os.truncate(recording / "frames-00000.npy", 4096)
    with pytest.raises(FileProblem, match="got shorter while it was open"):
        rollout.read("rew")
    rollout.close()


OUTSIDE = ("../secret.urdf", "/etc/passwd", "assets/../../secret.urdf", "C:\\secret.urdf", "assets//x", "a\0b", ".")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("place", "name"), [*(("urdf", name) for name in OUTSIDE), ("shape", OUTSIDE[0]), ("terrain", OUTSIDE[0])]
)
def test_a_path_that_leads_out_is_refused(recording: Path, tmp_path: Path, place: str, name: str, packed: bool) -> None:
    (tmp_path / "secret.urdf").write_text("secret")
    changes: dict[str, Change] = {
        "urdf": lambda m: m["entities"][0].update(urdf=name),
        "shape": lambda m: m["entities"][1].update(shape={"type": "mesh", "path": name}),
        "terrain": lambda m: m.update(terrain=name),
    }
    edit_meta(recording, changes[place])
    path = pack(recording, tmp_path / "one.rec") if packed else recording
    assert "which is not inside the recording" in refusal(path)


def test_a_link_that_leads_out_is_refused(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.urdf").write_text("secret")
    (recording / "assets").mkdir()
    (recording / "assets" / "bot.urdf").symlink_to(tmp_path / "secret.urdf")
    edit_meta(recording, lambda m: m["entities"][0].update(urdf="assets/bot.urdf"))
    assert "a link that leads out of the recording" in refusal(recording)


def test_a_missing_urdf_is_a_problem_and_no_error(recording: Path) -> None:
    edit_meta(recording, lambda m: m["entities"][0].update(urdf="assets/gone.urdf"))
    rollout = open_container(recording)
    assert rollout.entities["robot"].urdf is None
    assert ("robot", "assets/gone.urdf is missing") in [(v.topic, v.finding) for v in rollout.verdicts]
    rollout.close()


def write_terrain(path: Path, **arrays: Any) -> None:
    (path / "assets").mkdir()
    np.savez(path / "assets" / "terrain.npz", **arrays)
    edit_meta(path, lambda m: m.update(terrain="assets/terrain.npz"))


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"vertices": np.eye(3)}, "is no terrain"),
        ({"vertices": np.eye(2), "triangles": np.zeros((1, 3), int)}, "of shape (V, 3)"),
        ({"vertices": np.full((3, 3), np.nan), "triangles": np.zeros((1, 3), int)}, "finite"),
        ({"vertices": np.eye(3), "triangles": np.array([[0, 1, 3]])}, "beyond the 3"),
        ({"vertices": np.eye(3), "triangles": np.array([[0, 1, -1]])}, "beyond the 3"),
        ({"vertices": np.array([{}] * 3), "triangles": np.zeros((1, 3), int)}, "is no terrain"),
    ],
)
def test_a_terrain_that_is_none_is_refused(recording: Path, arrays: dict[str, Any], problem: str) -> None:
    write_terrain(recording, **arrays)
    assert problem in refusal(recording)


def test_a_damaged_terrain_is_refused(recording: Path) -> None:
    (recording / "assets").mkdir()
    path = recording / "assets" / "terrain.npz"
    np.savez_compressed(path, vertices=np.random.default_rng(0).random((99, 3)), triangles=np.zeros((1, 3), int))
    content = bytearray(path.read_bytes())
    content[200:300] = bytes(100)
    path.write_bytes(content)
    edit_meta(recording, lambda m: m.update(terrain="assets/terrain.npz"))
    assert "is no terrain: 'vertices' is damaged" in refusal(recording)


def test_a_terrain_that_unpacks_to_too_much_is_refused_unread(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("replay_viewer.container.asset_folder.MAX_TERRAIN_BYTES", 2**20)
    (recording / "assets").mkdir()
    np.savez_compressed(recording / "assets" / "terrain.npz", vertices=np.zeros(2**20), triangles=np.zeros((1, 3), int))
    edit_meta(recording, lambda m: m.update(terrain="assets/terrain.npz"))
    assert "more than a terrain takes" in refusal(recording)


def test_a_terrain_that_claims_more_than_any_memory_holds_is_refused(recording: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_2_0(header, {"descr": "<f4", "fortran_order": False, "shape": (2**55, 3)})
    (recording / "assets").mkdir()
    with zipfile.ZipFile(recording / "assets" / "terrain.npz", "w") as archive:
        archive.writestr("vertices.npy", header.getvalue())
    edit_meta(recording, lambda m: m.update(terrain="assets/terrain.npz"))
    assert "is no terrain" in refusal(recording)


def repacked(path: Path, out: Path, change: Callable[[zipfile.ZipInfo], Any], extra: dict[str, bytes]) -> Path:
    """The packed recording with changed entries, and more members."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            info = zipfile.ZipInfo(name)
            change(info)
            target.writestr(info, source.read(name))
        for name, content in extra.items():
            target.writestr(zipfile.ZipInfo(name), content)
    return out


def leave(info: zipfile.ZipInfo) -> None:
    """No change."""


def test_a_recording_zipped_by_other_tools_without_compression_opens(recording: Path, tmp_path: Path) -> None:
    plain = repacked(pack(recording, tmp_path / "one.rec"), tmp_path / "two.rec", leave, {"README.txt": b"hello"})
    rollout = open_container(plain)
    np.testing.assert_array_equal(rollout.read("rew")[3], sample_values(3)["rew"])
    rollout.close()


@pytest.mark.parametrize(
    ("change", "extra", "problem"),
    [
        (lambda info: setattr(info, "compress_type", zipfile.ZIP_DEFLATED), {}, "a compressed member"),
        (lambda info: setattr(info, "external_attr", (stat.S_IFLNK | 0o777) << 16), {}, "a link as a member"),
        (leave, {"../evil": b"x"}, "leads out of the recording"),
        (leave, {"/evil": b"x"}, "leads out of the recording"),
        (leave, {"assets/../../evil": b"x"}, "leads out of the recording"),
    ],
)
def test_members_that_pack_never_writes_are_refused(
    recording: Path, tmp_path: Path, change: Callable[[zipfile.ZipInfo], Any], extra: dict[str, bytes], problem: str
) -> None:
    packed = repacked(pack(recording, tmp_path / "one.rec"), tmp_path / "odd.rec", change, extra)
    assert problem in refusal(packed)
    assert not (tmp_path.parent / "evil").exists()


def test_two_members_of_one_name_are_refused(recording: Path, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        packed = repacked(pack(recording, tmp_path / "one.rec"), tmp_path / "odd.rec", leave, {"log.jsonl": b"x"})
    assert "two members of one name" in refusal(packed)


def central_entries(content: bytes) -> list[int]:
    """Where the entries of the ZIP's directory begin."""
    found, at = [], content.find(b"PK\x01\x02")
    while at >= 0:
        found.append(at)
        at = content.find(b"PK\x01\x02", at + 1)
    return found


@pytest.mark.parametrize(("flag_offset", "flag", "problem"), [(8, 1, "encrypted"), (42, 0, "overlap")])
def test_encrypted_and_overlapping_members_are_refused(
    recording: Path, tmp_path: Path, flag_offset: int, flag: int, problem: str
) -> None:
    plain = repacked(pack(recording, tmp_path / "one.rec"), tmp_path / "odd.rec", leave, {})
    content = bytearray(plain.read_bytes())
    # Of the last member: its flags, or where its bytes are, which are the first member's then.
    struct.pack_into(
        "<H" if flag_offset == 8 else "<I", content, central_entries(bytes(content))[-1] + flag_offset, flag
    )
    plain.write_bytes(bytes(content))
    assert problem in refusal(plain)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_a_packed_recording_that_is_cut_short_is_refused(recording: Path, tmp_path: Path, share: float) -> None:
    packed = pack(recording, tmp_path / "one.rec")
    os.truncate(packed, int(packed.stat().st_size * share))
    assert "is no whole ZIP file" in refusal(packed)


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.rec").write_text("hello")
    assert "is no whole ZIP file" in refusal(tmp_path / "text.rec")


def test_a_refused_packed_recording_leaves_no_temporary_folder(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    edit_meta(recording, lambda m: m.update(terrain="../x"))
    refusal(pack(recording, tmp_path / "one.rec"))
    assert not list((tmp_path / "temporary").iterdir())


def test_assets_that_are_file_and_folder_at_once_are_refused(recording: Path, tmp_path: Path) -> None:
    extra = {"assets/a": b"x", "assets/a/b": b"x"}
    packed = repacked(pack(recording, tmp_path / "one.rec"), tmp_path / "odd.rec", leave, extra)
    assert "cannot be unpacked" in refusal(packed)


def test_a_robot_without_shape_or_urdf_opens(tmp_path: Path) -> None:
    path = record(tmp_path / "run.rec", 1, sample_info(entities=[EntitySpec("robot", joint_names=("a", "b", "c"))]))
    rollout = open_container(path)
    assert rollout.entities["robot"].urdf is None
    rollout.close()
