"""What is opened of the files that somebody drops, and how an opening is followed, fails and is abandoned."""

from __future__ import annotations

import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from container_samples import record
from mesh_files import box
from urdf_files import joint, links, mesh, one_link, write_urdf

from replay_viewer.container.pack import pack
from replay_viewer.errors import FileProblem, ReplayError
from replay_viewer.viewer.opening import dropped as dropped_module
from replay_viewer.viewer.opening import uploads as uploads_module
from replay_viewer.viewer.opening.dropped import Dropped, NothingToOpen, RobotAlone, SeveralRecordings
from replay_viewer.viewer.opening.files import request_of
from replay_viewer.viewer.opening.opening import Opening, OpenRequest


def write_npz(path: Path) -> Path:
    """A rollout whose joints are `hip` and `knee`."""
    pose = {"base_pos": np.zeros((4, 3)), "base_quat": np.tile([0, 0, 0, 1.0], (4, 1))}
    np.savez(path, **pose, dof_pos=np.zeros((4, 2)), dof_names=np.array(["hip", "knee"]), dt=0.02)
    return path


def write_robot(folder: Path, name: str, *joints: str, visuals: str = "") -> Path:
    """A URDF with these joints on link `a`."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{joint_name}_link" for joint_name in joints]
    moving = "".join(joint(j, "continuous", "a", link) for j, link in zip(joints, names, strict=True))
    return write_urdf(folder, one_link(visuals) + links(*names) + moving, name)


def zip_folder(folder: Path, path: Path, **names: str) -> Path:
    """A folder's files in a compressed ZIP, and texts by further names."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(set(folder.rglob("*")) - {path}):
            archive.write(file, file.relative_to(folder))
        for name, text in names.items():
            archive.writestr(name.replace("__", "/"), text)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a drop."""
    (tmp_path / "drop").mkdir()
    return (tmp_path / "drop").resolve()


@pytest.fixture
def begin() -> Iterator[Callable[..., Opening]]:
    """Begins openings, and waits for them."""
    begun = []

    def begin(order: Callable[[], OpenRequest]) -> Opening:
        over = threading.Event()
        opening = Opening(order, over.set)
        begun.append(opening)
        opening.job.join(30)
        return opening

    yield begin
    for opening in begun:
        opening.abandon()


def test_a_rollout_and_a_robot_are_opened_together(folder: Path) -> None:
    npz, urdf = write_npz(folder / "walk.npz"), write_robot(folder / "robot", "robot.urdf", "hip", "knee")
    order = request_of(folder, None)
    assert (order.path, order.urdf, order.inside) == (npz, urdf, folder)
    replay = order.open()
    assert replay.robots["robot"].path == urdf
    replay.close()


def test_of_several_robots_the_one_with_the_recorded_joints_is_taken(folder: Path) -> None:
    write_npz(folder / "walk.npz")
    write_robot(folder, "arm.urdf", "shoulder")
    best = write_robot(folder, "legs.urdf", "hip", "knee")
    write_robot(folder, "legs_and_hands.urdf", "hip", "knee", "wrist")
    (folder / "broken.urdf").write_text("<robot")
    assert request_of(folder, None).urdf == best


def test_of_several_robots_the_one_with_as_many_joints_is_taken_where_they_have_no_names(folder: Path) -> None:
    pose = {"base_pos": np.zeros((4, 3)), "base_quat": np.tile([0, 0, 0, 1.0], (4, 1))}
    np.savez(folder / "walk.npz", **pose, dof_pos=np.zeros((4, 2)), dt=0.02)
    write_robot(folder, "arm.urdf", "shoulder")
    best = write_robot(folder, "legs.urdf", "hip", "knee")
    write_robot(folder, "legs_and_hands.urdf", "hip", "knee", "wrist")
    assert request_of(folder, None).urdf == best


def test_a_robot_alone_is_for_what_is_shown(folder: Path, tmp_path: Path) -> None:
    urdf = write_robot(folder, "robot.urdf", "hip", "knee")
    shown = OpenRequest(write_npz(tmp_path / "walk.npz"), title="my walk")
    order = request_of(folder, shown)
    assert (order.path, order.urdf, order.inside, order.name) == (shown.path, urdf, folder, "my walk")
    with pytest.raises(RobotAlone, match="Drop both together"):
        request_of(folder, None)


def test_a_dropped_robot_shows_no_file_of_this_machine(folder: Path, tmp_path: Path) -> None:
    write_npz(folder / "walk.npz")
    write_robot(folder, "robot.urdf", "hip", visuals=mesh(box(tmp_path / "private.stl")) + mesh("own.stl"))
    box(folder / "own.stl")
    replay = request_of(folder, None).open()
    assert [Path(visual.mesh_key.partition("#")[0]).name for visual in replay.robots["robot"].visuals] == ["own.stl"]
    replay.close()


@pytest.mark.parametrize("shape", ["folder", "packed", "zipped", "zipped folder", "packed as zip"])
def test_a_recording_is_found_in_whatever_shape_it_comes(shape: str, folder: Path, tmp_path: Path) -> None:
    recording = record(tmp_path / "made" / "run.rec", 3)
    if shape == "folder":
        recording.rename(folder / "run.rec")
    elif shape == "packed":
        pack(recording, folder / "run.rec")
    elif shape == "zipped":
        zip_folder(recording, folder / "run.zip")
    elif shape == "zipped folder":
        zip_folder(recording.parent, folder / "download.zip")
    else:
        pack(recording, tmp_path / "packed.rec").rename(folder / "run.zip")
    order = request_of(folder, None)
    assert order.name == "run.rec"
    replay = order.open()
    assert replay.rollout.num_steps == 3
    replay.close()


def test_several_recordings_are_to_be_chosen_from(folder: Path) -> None:
    write_npz(folder / "a.npz")
    write_npz(folder / "b.npz")
    with pytest.raises(SeveralRecordings):
        request_of(folder, None)


def test_a_robot_inside_of_a_recording_is_the_recordings_own(folder: Path) -> None:
    recording = record(folder / "run.rec", 3)
    write_robot(recording / "assets", "robot.urdf", "hip")
    assert Dropped(folder).urdfs == []


def test_what_holds_nothing_to_open_says_what_would(folder: Path) -> None:
    (folder / "notes.txt").write_text("hello")
    np.savez(folder / "weights.npz", layer=np.zeros(3))
    with pytest.raises(NothingToOpen, match=r"notes\.txt, weights\.npz\. Drop a recording.*plain npz \(\.npz\)"):
        Dropped(folder)


@pytest.mark.parametrize("name", ["..__evil.txt", "__evil.txt", "a__..__..__evil.txt"])
def test_a_zip_cannot_write_outside_of_its_folder(name: str, folder: Path, tmp_path: Path) -> None:
    zip_folder(folder, folder / "evil.zip", **{name: "evil"})
    with pytest.raises(FileProblem, match=r"evil\.zip: has a member that leads out"):
        Dropped(folder)
    assert not list(tmp_path.rglob("evil.txt"))


def test_a_zip_that_unpacks_to_too_much_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zip_folder(folder, folder / "bomb.zip", zeros="0" * 100_000)
    monkeypatch.setattr(dropped_module, "MAX_BYTES", 10_000)
    with pytest.raises(FileProblem, match=r"bomb\.zip: holds 1 files of .* more than"):
        Dropped(folder)


def test_the_zips_of_one_drop_have_one_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abcde":
        zip_folder(folder, folder / f"{name}.zip", **{f"zeros_{name}": "0" * 3000})
    monkeypatch.setattr(dropped_module, "MAX_BYTES", 10_000)
    before = sorted(folder.iterdir())
    with pytest.raises(FileProblem, match=r"d\.zip: .* more than"):
        Dropped(folder)
    assert sorted(folder.iterdir()) == before, "what was unpacked of the others is gone"


def test_a_zip_that_would_take_the_last_of_the_disk_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zip_folder(folder, folder / "walk.zip", zeros="0" * 3000)
    monkeypatch.setattr(uploads_module, "_SPARED_BYTES", 1 << 60)
    with pytest.raises(ReplayError, match="room left"):
        Dropped(folder)
    assert [path.name for path in folder.iterdir()] == ["walk.zip"]


def test_what_was_unpacked_on_a_disk_that_fills_is_removed(tiny_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tiny_disk / "walk.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in "abc":
            archive.writestr(name, bytes(300_000))
    monkeypatch.setattr(dropped_module, "refuse_without_room", lambda folder, num_bytes: None)
    with pytest.raises(FileProblem, match="No space left on device"):
        Dropped(tiny_disk)
    assert [path.name for path in tiny_disk.iterdir()] == ["walk.zip"]


def test_a_zip_with_a_member_without_a_name_is_one_clear_error(folder: Path) -> None:
    zip_folder(folder, folder / "walk.zip", Xhidden="")
    path = folder / "walk.zip"
    path.write_bytes(path.read_bytes().replace(b"Xhidden", b"\0hidden"))
    with pytest.raises(FileProblem, match="leads out"):
        Dropped(folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)])
def test_a_damaged_or_empty_zip_is_one_clear_error(content: bytes, folder: Path) -> None:
    (folder / "walk.zip").write_bytes(content)
    with pytest.raises(ReplayError, match=r"walk|Neither"):
        Dropped(folder)


def test_an_opening_ends_with_its_replay(tmp_path: Path, begin: Callable[..., Opening]) -> None:
    order = OpenRequest(write_npz(tmp_path / "walk.npz"))
    opening = begin(lambda: order)
    assert (opening.job.state, opening.request) == ("done", order)
    assert opening.replay.rollout.num_steps == 4


def test_an_opening_that_fails_says_why(tmp_path: Path, begin: Callable[..., Opening]) -> None:
    opening = begin(lambda: OpenRequest(tmp_path / "gone.npz"))
    assert opening.job.state == "failed"
    assert "gone.npz: there is no such file" in opening.job.problem


def test_an_abandoned_opening_leaves_nothing_behind(
    tmp_path: Path, begin: Callable[..., Opening], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = pack(record(tmp_path / "run.rec", 3), tmp_path / "packed.rec")
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(unpacked))
    opening = begin(lambda: OpenRequest(packed))
    assert list(unpacked.iterdir()), "what the recording carries is unpacked"
    opening.abandon()
    assert not list(unpacked.iterdir())
