"""URDF files: what is understood of them, where their meshes are looked for, and what is refused in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import trimesh
from urdf_files import joint, links, mesh, one_link, visual, write_urdf

from replay_viewer.errors import FileProblem
from replay_viewer.robot import load_robot, map_joints

HINGE = '<axis xyz="0 0 1"/>'


def refusal(path: Path) -> str:
    """What is said of a file that is refused: one line that names it."""
    with pytest.raises(FileProblem) as refused:
        load_robot(path)
    message = str(refused.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def refusal_of(tmp_path: Path, body: str) -> str:
    return refusal(write_urdf(tmp_path, body))


# Files that are no URDF, or an attack.


def entity_bomb() -> str:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    return f'<!DOCTYPE robot [<!ENTITY e0 "boom">{entities}]><robot name="&e11;"><link name="&e11;"/></robot>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entity_bomb_is_refused_before_it_grows(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "bomb.urdf"
    path.write_bytes(entity_bomb().encode(encoding))
    assert "declares a document type" in refusal(path)


def test_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("swordfish")
    path = tmp_path / "robot.urdf"
    path.write_text(
        f'<!DOCTYPE robot [<!ENTITY x SYSTEM "file://{secret}">]><robot name="r"><link name="&x;"/></robot>'
    )
    message = refusal(path)
    assert "declares a document type" in message
    assert "swordfish" not in message


def test_document_type_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "robot.urdf"
    path.write_text('<!DOCTYPE robot SYSTEM "http://127.0.0.1:1/robot.dtd"><robot name="r"><link name="a"/></robot>')
    assert "declares a document type" in refusal(path)


@pytest.mark.parametrize("text", ["", "solid cube", "<robot name='r'><link name='a'></robot>", "<robot"])
def test_malformed_xml_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "robot.urdf"
    path.write_text(text)
    assert "is not valid XML" in refusal(path)


def test_other_kinds_of_xml_are_named(tmp_path: Path) -> None:
    path = tmp_path / "robot.xml"
    path.write_text("<mujoco><worldbody/></mujoco>")
    assert "begins with <mujoco>, not with <robot>" in refusal(path)


def test_xacro_is_told_from_urdf(tmp_path: Path) -> None:
    path = tmp_path / "robot.urdf.xacro"
    path.write_text('<robot name="r" xmlns:xacro="http://wiki.ros.org/xacro"><xacro:leg/><link name="a"/></robot>')
    assert "xacro robot.urdf.xacro > robot.urdf" in refusal(path)


def test_missing_file_and_folder_are_one_line(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refusal(tmp_path / "absent.urdf")
    assert "cannot be read: Is a directory" in refusal(tmp_path)


# Trees that are none.


def test_link_with_two_parents_is_named(tmp_path: Path) -> None:
    body = links("a", "b", "c") + joint("ab", "fixed", "a", "b") + joint("ac", "fixed", "a", "c")
    message = refusal_of(tmp_path, body + joint("cb", "revolute", "c", "b", HINGE))
    assert "link 'b' has two parents, joints 'ab' and 'cb'" in message


def test_two_roots_are_listed(tmp_path: Path) -> None:
    assert "has 2 root links (a, c)" in refusal_of(tmp_path, links("a", "b", "c") + joint("j", "fixed", "a", "b"))


def test_kinematic_loop_is_named(tmp_path: Path) -> None:
    loop = joint("bc", "fixed", "b", "c") + joint("cb", "fixed", "c", "b")
    assert "kinematic loop through links b, c" in refusal_of(tmp_path, links("a", "b", "c") + loop)
    assert "kinematic loop through links b, c" in refusal_of(tmp_path, links("b", "c") + loop)


def test_joint_to_an_undefined_link_is_named(tmp_path: Path) -> None:
    message = refusal_of(tmp_path, links("a") + joint("j", "fixed", "a", "ghost"))
    assert "joint 'j' connects link 'ghost', which is not defined" in message


def test_unknown_joint_type_lists_the_known_ones(tmp_path: Path) -> None:
    message = refusal_of(tmp_path, links("a", "b") + joint("j", "ball", "a", "b"))
    assert "joint 'j' has the unknown type 'ball'. Known types: revolute, continuous, prismatic, fixed" in message


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "has no links"),
        (links("a", "a"), "more than one link named a"),
        (
            links("a", "b", "c") + joint("j", "fixed", "a", "b") + joint("j", "fixed", "a", "c"),
            "more than one joint named j",
        ),
        ("<link/>", "a link without a name"),
        (links("a", "b") + '<joint type="fixed"><parent link="a"/><child link="b"/></joint>', "a joint without a name"),
        (links("a") + '<joint name="j" type="fixed"><parent link="a"/></joint>', "joint 'j' has no child link"),
        (links("a", "b") + joint("j", "revolute", "a", "b", '<axis xyz="0 0 0"/>'), "joint 'j' has no valid axis"),
        (links("a", "b") + joint("j", "fixed", "a", "b", '<origin xyz="0 nan 0"/>'), "an origin that is not finite"),
        (links("a", "b") + joint("j", "fixed", "a", "b", '<origin xyz="0 zero 0"/>'), "is not a valid URDF"),
        (links("a", "b") + joint("j", "fixed", "a", "b", '<origin xyz="0 0"/>'), "is not a valid URDF"),
        (
            links("a", "b", "c")
            + joint("j", "revolute", "a", "b", HINGE + '<mimic joint="k"/>')
            + joint("k", "revolute", "a", "c", HINGE + '<mimic joint="j"/>'),
            "joints j, k mimic each other in a circle",
        ),
    ],
)
def test_what_holds_no_robot_together_is_refused(tmp_path: Path, body: str, complaint: str) -> None:
    assert complaint in refusal_of(tmp_path, body)


# What is understood.


def test_joints_come_in_the_urdfs_order_with_their_limits(tmp_path: Path) -> None:
    limit = '<limit lower="-1" upper="2" effort="1" velocity="1"/>'
    body = links("root", "a", "b", "c") + joint("second", "revolute", "a", "b", HINGE + limit)
    body += joint("first", "prismatic", "root", "a", HINGE) + joint("third", "continuous", "b", "c", HINGE + limit)
    robot = load_robot(write_urdf(tmp_path, body))
    assert robot.joint_names == ("second", "first", "third")
    np.testing.assert_array_equal(robot.joint_limits, [[-1, 2], [-np.inf, np.inf], [-np.inf, np.inf]])
    assert robot.link_names == ("root", "a", "b", "c")
    assert robot.name == "tiny"


def test_floating_joints_stay_and_are_mentioned(tmp_path: Path) -> None:
    robot = load_robot(write_urdf(tmp_path, links("world", "base") + joint("free", "floating", "world", "base")))
    assert robot.num_joints == 0
    assert robot.problems == ("Joint 'free' is floating, which is not recorded: it stays at its origin.",)


def test_mimic_of_an_unknown_joint_is_mentioned(tmp_path: Path) -> None:
    body = links("a", "b") + joint("j", "revolute", "a", "b", HINGE + '<mimic joint="ghost"/>')
    robot = load_robot(write_urdf(tmp_path, body))
    assert robot.problems == ("Joint 'j' mimics 'ghost', which is not in the URDF: it does not move.",)


def test_mistakes_in_what_is_not_drawn_stop_nobody(tmp_path: Path) -> None:
    body = one_link(
        visual('<box size="1 1 1"/>') + '<collision><geometry/></collision><inertial><mass value="x"/></inertial>'
    )
    body += "<transmission><joint/></transmission><gazebo><plugin/></gazebo>"
    robot = load_robot(write_urdf(tmp_path, body))
    assert robot.link_names == ("a",)


def test_collision_shapes_are_drawn_where_there_is_nothing_else(tmp_path: Path) -> None:
    collision = visual('<box size="1 2 3"/>').replace("visual", "collision")
    robot = load_robot(write_urdf(tmp_path, one_link(collision)))
    assert len(robot.visuals) == 1
    assert robot.problems == ("The URDF has nothing to draw: its collision shapes are drawn instead.",)
    assert len(load_robot(write_urdf(tmp_path, one_link(collision + visual('<sphere radius="1"/>')))).visuals) == 1


def test_robot_without_a_name_takes_its_files(tmp_path: Path) -> None:
    path = tmp_path / "spot.urdf"
    path.write_text('<robot><link name="a"/></robot>')
    assert load_robot(path).name == "spot"


def test_robot_of_primitives_needs_no_files(tmp_path: Path) -> None:
    shapes = ('<box size="1 2 3"/>', '<sphere radius="0.5"/>', '<cylinder radius="0.5" length="4"/>')
    shapes += ('<capsule radius="0.5" length="4"/>',)
    body = "".join(f'<link name="{i}">{visual(shape)}</link>' for i, shape in enumerate(shapes))
    body += "".join(joint(f"j{i}", "revolute", "0", str(i), HINGE) for i in range(1, 4))
    robot = load_robot(write_urdf(tmp_path, body))
    scenes = [robot.link_mesh(i) for i in range(4)]
    extents = [scene.extents for scene in scenes if scene is not None]
    np.testing.assert_allclose(extents, [[1, 2, 3], [1, 1, 1], [1, 1, 4], [1, 1, 5]], atol=0.01)
    assert robot.problems == ()


def test_shapes_that_cannot_be_drawn_are_left_out_by_name(tmp_path: Path) -> None:
    visuals = visual('<ellipsoid radii="1 1 1"/>') + visual('<sphere radius="0"/>') + visual("") + visual("<mesh/>")
    robot = load_robot(write_urdf(tmp_path, f'<link name="ball">{visuals}</link>'))
    assert robot.visuals == ()
    assert robot.link_mesh(0) is None
    assert robot.problems == (
        *["A visual of link 'ball' has no shape that is known, and is left out."] * 3,
        "A shape cannot be drawn: a sphere has 1 positive sizes, not (0.0,). Left out on link ball.",
    )


# Where meshes are looked for.


def box_stl(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    trimesh.creation.box((1, 1, 1)).export(path)


@pytest.mark.parametrize(
    "uri",
    [
        "package://my_robot/meshes/box.stl",
        "package:///my_robot/meshes/box.stl",
        "package://renamed_package/meshes/box.stl",
        "model://my_robot/meshes/box.stl",
        "../meshes/box.stl",
        "file://../meshes/box.stl",
        "file://{folder}/my_robot/meshes/box.stl",
        "{folder}/my_robot/meshes/box.stl",
        "package://sibling/box.stl",
        "package://my_robot/meshes/a%20box.stl",
    ],
)
def test_meshes_are_found_from_the_urdfs_own_place(tmp_path: Path, uri: str) -> None:
    for name in ("my_robot/meshes/box.stl", "my_robot/meshes/a box.stl", "sibling/box.stl"):
        box_stl(tmp_path / name)
    (tmp_path / "my_robot/urdf").mkdir()
    robot = load_robot(write_urdf(tmp_path / "my_robot/urdf", one_link(mesh(uri.format(folder=tmp_path)))))
    assert robot.problems == ()
    assert len(robot.visuals) == 1


@pytest.mark.parametrize("given", [".", "my_robot"])
def test_package_dirs_hold_the_package_or_are_it(tmp_path: Path, given: str) -> None:
    box_stl(tmp_path / "far/my_robot/box.stl")
    (tmp_path / "near").mkdir()
    urdf = write_urdf(tmp_path / "near", one_link(mesh("package://my_robot/box.stl")))
    assert load_robot(urdf, [tmp_path / "far" / given]).problems == ()
    assert load_robot(urdf).problems == (
        "Mesh 'package://my_robot/box.stl' is not found. Name the folder of package 'my_robot' with --package-dir. "
        "Left out on link a.",
    )


def test_ros_package_path_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box_stl(tmp_path / "workspace/my_robot/box.stl")
    (tmp_path / "near").mkdir()
    urdf = write_urdf(tmp_path / "near", one_link(mesh("package://my_robot/box.stl")))
    monkeypatch.setenv("ROS_PACKAGE_PATH", f"/opt/none:{tmp_path / 'workspace'}")
    assert load_robot(urdf).problems == ()


def test_missing_mesh_is_named_once_with_its_links(tmp_path: Path) -> None:
    gone, box = mesh("gone.stl"), visual('<box size="1 1 1"/>')
    body = f'<link name="a">{gone}</link><link name="b">{gone}{box}</link>' + joint("j", "fixed", "a", "b")
    robot = load_robot(write_urdf(tmp_path, body))
    assert robot.problems == ("Mesh 'gone.stl' is not found. Left out on links a, b.",)
    assert len(robot.visuals) == 1


def test_meshes_over_the_network_are_not_found(tmp_path: Path) -> None:
    robot = load_robot(write_urdf(tmp_path, one_link(mesh("http://127.0.0.1:1/box.stl"))))
    assert "Mesh 'http://127.0.0.1:1/box.stl' is not found." in robot.problems[0]


def test_talos_with_three_slashes_finds_every_mesh(robots_dir: Path) -> None:
    urdf = robots_dir / "talos_data/robots/talos_full_v2.urdf"
    assert "package:///" in urdf.read_text()
    robot = load_robot(urdf)
    assert len(robot.visuals) == 53
    assert robot.problems == ()


def test_copied_urdf_finds_its_meshes_through_a_package_dir(robots_dir: Path, tmp_path: Path) -> None:
    copy = shutil.copy(robots_dir / "go2_description/urdf/go2.urdf", tmp_path / "go2.urdf")
    assert len(load_robot(Path(copy)).problems) == 7
    assert load_robot(Path(copy), [robots_dir.parents[1]]).problems == ()


def test_every_robot_of_the_package_loads(robots_dir: Path) -> None:
    empty = "ur3.urdf"  # Has no links.
    robots = {path: load_robot(path) for path in sorted(robots_dir.rglob("*.urdf")) if path.name != empty}
    assert len(robots) >= 50
    for path, robot in robots.items():
        positions, wxyz = robot.forward_kinematics(np.zeros(robot.num_joints))
        assert np.isfinite(positions).all(), path
        np.testing.assert_allclose(np.linalg.norm(wxyz, axis=-1), 1, atol=1e-9)


# Joints by name.


@pytest.fixture
def two_joints(tmp_path: Path) -> Path:
    body = links("root", "a", "b", "c") + joint("left", "revolute", "root", "a", HINGE)
    body += joint("right", "revolute", "root", "b", HINGE)
    return write_urdf(tmp_path, body + joint("copy", "revolute", "root", "c", HINGE + '<mimic joint="left"/>'))


def test_recorded_joints_are_matched_by_name(two_joints: Path) -> None:
    mapping = map_joints(load_robot(two_joints), ["other", "copy", "right"])
    assert mapping.columns == (-1, 2)
    assert mapping.missing == ("left",)
    assert mapping.unknown == ("other",)
    assert mapping.num_matched == 1


def test_unrecorded_joints_keep_their_value(two_joints: Path) -> None:
    robot = load_robot(two_joints)
    joint_pos = np.zeros((2, 3, 2))
    recorded = np.arange(18.0).reshape(2, 3, 3)
    map_joints(robot, ["x", "y", "right"]).apply(recorded, joint_pos)
    np.testing.assert_array_equal(joint_pos[..., 1], recorded[..., 2])
    np.testing.assert_array_equal(joint_pos[..., 0], 0)


def test_no_recorded_joint_matches_none(two_joints: Path) -> None:
    joint_pos = np.ones((4, 2))
    mapping = map_joints(load_robot(two_joints), [])
    mapping.apply(np.zeros((4, 0)), joint_pos)
    assert mapping.num_matched == 0
    np.testing.assert_array_equal(joint_pos, 1)
