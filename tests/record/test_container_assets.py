"""Claims about what a recording carries beside numbers. Python 3.8 suffices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from container_samples import JOINTS, PlainReader, record, sample_info

from replay_viewer.errors import BadField, FileProblem
from replay_viewer.rollout.entities import EntitySpec

URDF = """<?xml version="1.0"?>
<!-- umlauts survive: ä -->
<robot name="bot">
  <link name="base">
    <visual><geometry><mesh filename="package://bot_description/meshes/body%20a.obj" scale="1 1 1"/></geometry></visual>
    <visual><geometry><mesh scale="1 1 1" filename='../meshes/foot&amp;toe.stl'/></geometry></visual>
    <visual><geometry><mesh filename="package://elsewhere/gone.stl"/></geometry></visual>
    <visual><material name="m"><texture filename="../textures/skin.png"/></material></visual>
  </link>
</robot>
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A robot's package with a mesh, its material and that one's texture."""
    files = {
        "urdf/bot.urdf": URDF.encode(),
        "meshes/body a.obj": b"mtllib body.mtl\nv 0 0 0\n",
        "meshes/body.mtl": b"newmtl m\nmap_Kd -s 1 1 1 ../textures/wood.png\n",
        "meshes/foot&toe.stl": b"solid foot",
        "textures/wood.png": b"wood",
        "textures/skin.png": b"skin",
        "meshes/unused.stl": b"solid unused",
    }
    for name, content in files.items():
        path = tmp_path / "bot_description" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "bot_description"


def record_robot(path: Path, urdf: Path) -> Path:
    box = EntitySpec("box", kind="object")
    return record(path, 1, sample_info(entities=[EntitySpec("robot", joint_names=JOINTS, urdf=str(urdf)), box]))


def left_behind(path: Path) -> dict[str, str]:
    """Why a file is not carried, by the name that refers to it, as the recording's log says."""
    lines = [json.loads(line) for line in (path / "log.jsonl").read_text().splitlines()]
    (line,) = [line for line in lines if line["kind"] == "missing_assets"]
    return dict(zip(line["files"], line["reasons"]))


def carried_contents(path: Path) -> set[bytes]:
    return {file.read_bytes() for file in (path / "assets").rglob("*") if file.is_file()}


def test_a_urdf_is_carried_with_its_meshes_and_their_textures(tmp_path: Path, package: Path) -> None:
    path = record_robot(tmp_path / "run.rec", package / "urdf" / "bot.urdf")
    carried = {file.relative_to(path / "assets").as_posix() for file in (path / "assets").rglob("*") if file.is_file()}
    assert carried == {
        "robot/urdf/bot.urdf",
        "robot/meshes/body a.obj",
        "robot/meshes/body.mtl",
        "robot/meshes/foot&toe.stl",
        "robot/textures/wood.png",
        "robot/textures/skin.png",
    }
    assert PlainReader(path).meta["entities"][0]["urdf"] == "assets/robot/urdf/bot.urdf"


@pytest.mark.parametrize(
    "written", ["-bm 2 ..\\textures\\old wood.png", "../textures/old%20wood.png", "-s 1 1 1 ../textures/old wood.png"]
)
def test_materials_and_textures_are_carried_as_people_name_them(tmp_path: Path, package: Path, written: str) -> None:
    (package / "meshes/body a.obj").write_bytes(b"mtllib gone.mtl body.mtl\n  mtllib  other.mtl\nv 0 0 0\n")
    (package / "meshes/other.mtl").write_text("newmtl o\nmap_kd " + written + "\n")
    (package / "textures/old wood.png").write_bytes(b"old wood")
    path = record_robot(tmp_path / "run.rec", package / "urdf" / "bot.urdf")
    assert {b"wood", b"old wood"} < carried_contents(path)


def test_package_folders_may_be_text(tmp_path: Path, package: Path) -> None:
    far = package.rename(tmp_path / "far")
    urdf = far / "urdf" / "bot.urdf"
    urdf.write_text(urdf.read_text().replace("elsewhere/gone.stl", "other/foot.stl"))
    (tmp_path / "lib" / "other").mkdir(parents=True)
    (tmp_path / "lib" / "other" / "foot.stl").write_bytes(b"solid foot")
    info = sample_info(entities=[EntitySpec("robot", joint_names=JOINTS, urdf=str(urdf)), EntitySpec("box", "object")])
    path = record(tmp_path / "run.rec", 1, info, package_dirs=[str(tmp_path / "lib")])
    assert list((path / "assets").rglob("foot.stl"))


def test_the_carried_urdf_refers_to_the_carried_meshes(tmp_path: Path, package: Path) -> None:
    path = record_robot(tmp_path / "run.rec", package / "urdf" / "bot.urdf")
    text = (path / "assets/robot/urdf/bot.urdf").read_text(encoding="utf-8")
    assert 'filename="../meshes/body a.obj"' in text
    assert "filename='../meshes/foot&amp;toe.stl'" in text
    assert 'filename="../textures/skin.png"' in text
    assert "umlauts survive: ä" in text


def test_a_robot_that_is_recorded_again_is_carried_as_it_is_then(tmp_path: Path, package: Path) -> None:
    urdf = package / "urdf" / "bot.urdf"
    urdf.write_text(URDF.replace("package://elsewhere/gone.stl", "../meshes/foot&amp;toe.stl"), encoding="utf-8")
    first = carried_contents(record_robot(tmp_path / "a.rec", urdf))
    assert carried_contents(record_robot(tmp_path / "b.rec", urdf)) == first
    (package / "meshes/foot&toe.stl").write_bytes(b"solid sole")
    changed = carried_contents(record_robot(tmp_path / "c.rec", urdf))
    assert changed == first - {b"solid foot"} | {b"solid sole"}
    (package / "meshes/body.mtl").write_bytes(b"map_Kd ../textures/steel.png\n")
    record_robot(tmp_path / "d.rec", urdf)
    (package / "textures/steel.png").write_bytes(b"steel")
    assert b"steel" in carried_contents(record_robot(tmp_path / "e.rec", urdf))
    (package / "textures/skin.png").unlink()
    assert "../textures/skin.png" in left_behind(record_robot(tmp_path / "f.rec", urdf))


def test_a_mesh_that_is_missing_is_logged_and_left_as_it_was(tmp_path: Path, package: Path) -> None:
    path = record_robot(tmp_path / "run.rec", package / "urdf" / "bot.urdf")
    assert 'filename="package://elsewhere/gone.stl"' in (path / "assets/robot/urdf/bot.urdf").read_text(
        encoding="utf-8"
    )
    assert left_behind(path) == {"package://elsewhere/gone.stl": "is not there"}


def test_no_path_of_this_machine_is_in_a_recording(tmp_path: Path, package: Path) -> None:
    path = record_robot(tmp_path / "run.rec", package / "urdf" / "bot.urdf")
    for name in ("meta.json", "assets/robot/urdf/bot.urdf"):
        assert str(tmp_path) not in (path / name).read_text(encoding="utf-8")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder with files of the user's own that no recording should carry."""
    folder = tmp_path / "home" / ".ssh"
    folder.mkdir(parents=True)
    (folder / "id_rsa").write_bytes(b"secret")
    (folder / "face.png").write_bytes(b"secret")
    return folder


@pytest.mark.parametrize(
    ("mesh", "names", "reason"),
    [
        ("body a.obj", "map_Kd {secret}/id_rsa", "no mesh, material or texture"),
        ("body a.obj", "map_Kd {secret}/face.png", "too far from body.mtl"),
        ("body a.obj", "map_Kd ../../home/.ssh/face.png", "too far from body.mtl"),
        ("body a.obj", "map_Kd key.png", "too far from body.mtl"),
        ("body.dae", "<init_from>{secret}/id_rsa</init_from>", "no mesh, material or texture"),
        ("body.gltf", '{{"images": [{{"uri": "../../home/.ssh/face.png"}}]}}', "too far from body.gltf"),
        ("link.urdf", "<mesh filename='file://{secret}/face.png'/>", "too far from bot.urdf"),
        ("link.urdf", "<mesh filename='{secret}/face.png'/>", "too far from bot.urdf"),
        ("link.urdf", "<texture filename='{secret}/id_rsa'/>", "no mesh, material or texture"),
        ("link.urdf", "<texture filename='package://x{secret}/face.png'/>", "too far from bot.urdf"),
        ("link.urdf", "<texture filename='package://bot_description/../home/.ssh/face.png'/>", "too far from bot.urdf"),
    ],
)
def test_what_a_robots_files_name_elsewhere_is_not_carried(
    tmp_path: Path, package: Path, secret: Path, mesh: str, names: str, reason: str
) -> None:
    text = names.format(secret=secret)
    (package / "meshes" / "key.png").symlink_to(secret / "face.png")
    if mesh == "link.urdf":
        (package / "urdf/bot.urdf").write_text(f'<robot name="r"><link name="base">{text}</link></robot>')
    elif mesh == "body a.obj":
        (package / "meshes/body.mtl").write_text(text)
    else:
        (package / "meshes" / mesh).write_text(text)
        urdf = package / "urdf/bot.urdf"
        urdf.write_text(urdf.read_text(encoding="utf-8").replace("body%20a.obj", mesh), encoding="utf-8")
    path = record_robot(tmp_path / "run.rec", package / "urdf/bot.urdf")
    assert b"secret" not in carried_contents(path)
    assert len([why for why in left_behind(path).values() if reason in why]) == 1


def test_package_folders_and_ros_packages_open_what_lies_far_from_a_urdf(
    tmp_path: Path, package: Path, secret: Path
) -> None:
    (package / "package.xml").write_text("<package/>")
    (package / "deep/er/urdf").mkdir(parents=True)
    urdf = package / "deep/er/urdf/bot.urdf"
    shapes = ("../../../textures/skin.png", f"{secret}/face.png")
    urdf.write_text('<robot name="r">' + "".join(f'<texture filename="{shape}"/>' for shape in shapes) + "</robot>")
    entities = [EntitySpec("robot", joint_names=JOINTS, urdf=str(urdf)), EntitySpec("box", "object")]
    path = record(tmp_path / "run.rec", 1, sample_info(entities=entities), package_dirs=[secret])
    assert carried_contents(path) == {urdf_copy(path), b"skin", b"secret"}


def urdf_copy(path: Path) -> bytes:
    (urdf,) = (path / "assets").rglob("*.urdf")
    return urdf.read_bytes()


def test_a_linked_robot_brings_what_lies_beside_the_original(tmp_path: Path, package: Path) -> None:
    blobs, links = tmp_path / "hub/blobs", tmp_path / "hub/snapshots/1/bot"
    blobs.mkdir(parents=True)
    links.mkdir(parents=True)
    (blobs / "1a").write_text('<robot name="r"><mesh filename="foot.stl"/></robot>')
    (blobs / "2b").write_bytes(b"solid foot")
    (links / "bot.urdf").symlink_to(blobs / "1a")
    (links / "foot.stl").symlink_to(blobs / "2b")
    path = record_robot(tmp_path / "run.rec", links / "bot.urdf")
    assert carried_contents(path) == {urdf_copy(path), b"solid foot"}


def test_what_stays_behind_is_said(tmp_path: Path, package: Path, caplog: pytest.LogCaptureFixture) -> None:
    record_robot(tmp_path / "run.rec", package / "urdf" / "bot.urdf")
    (message,) = caplog.messages
    assert message.startswith(f"{tmp_path / 'run.rec'}: 1 file that the robot names is not carried: ")
    assert message.endswith(": package://elsewhere/gone.stl is not there.")


def test_a_urdf_that_is_not_there_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"gone\.urdf: is not there"):
        record_robot(tmp_path / "run.rec", tmp_path / "gone.urdf")
    assert not (tmp_path / "run.rec").exists()


def test_an_objects_mesh_is_carried(tmp_path: Path, package: Path) -> None:
    shape = {"type": "mesh", "path": str(package / "meshes/body a.obj"), "scale": [1, 1, 1]}
    box = EntitySpec("box", kind="object", shape=shape)
    path = record(tmp_path / "run.rec", 1, sample_info(entities=[EntitySpec("robot", joint_names=JOINTS), box]))
    carried = PlainReader(path).meta["entities"][1]["shape"]
    assert carried == {"type": "mesh", "path": "assets/box/meshes/body a.obj", "scale": [1, 1, 1]}
    assert (path / carried["path"]).is_file()
    assert (path / "assets/box/textures/wood.png").read_bytes() == b"wood"


def test_entities_of_one_urdf_share_its_copy(tmp_path: Path, package: Path) -> None:
    urdf = str(package / "urdf" / "bot.urdf")
    entities = [EntitySpec("robot", joint_names=JOINTS, urdf=urdf), EntitySpec("box", urdf=urdf)]
    path = record(tmp_path / "run.rec", 1, sample_info(entities=entities))
    assert [e["urdf"] for e in PlainReader(path).meta["entities"]] == ["assets/robot/urdf/bot.urdf"] * 2
    assert not (path / "assets" / "box").exists()


def test_the_terrain_is_an_npz(tmp_path: Path) -> None:
    vertices, triangles = np.eye(3), np.array([[0, 1, 2]])
    path = record(tmp_path / "run.rec", 1, terrain=(vertices, triangles))
    with np.load(path / PlainReader(path).meta["terrain"]) as terrain:
        np.testing.assert_array_equal(terrain["vertices"], vertices)
        np.testing.assert_array_equal(terrain["triangles"], triangles)


def test_a_terrain_of_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadField, match=r"'vertices' has shape \(3, 2\)"):
        record(tmp_path / "run.rec", 1, terrain=(np.zeros((3, 2)), np.array([[0, 1, 2]])))
    assert not (tmp_path / "run.rec").exists()
