"""URDF files: what is understood of them, where their meshes are looked for, and what is refused in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import trimesh
from urdf_files import joint, links, mesh, one_link, visual, write_urdf

from replay_viewer.container.mesh_paths import find_file
from replay_viewer.errors import FileProblem
from replay_viewer.robot import load_robot, map_joints
from replay_viewer.robot.materials import NEUTRAL

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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (" \n", "it is an empty file."),
        ("404: Not Found", "it is a text file."),
        ('{"message": "Not Found"}', "it is a JSON file."),
        ('<robot name="r"><link name="a"/><joint na', "it is cut off: </robot> is missing at its end."),
        ("<robot><link name='a'/></robot><robot/>", "Extra content at the end of the document, line 1."),
    ],
)
def test_what_is_no_whole_xml_says_what_it_is(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "robot.urdf"
    path.write_text(text)
    assert refusal(path) == f"{path}: is not valid XML: {told}"


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


def test_joint_to_a_misspelt_link_is_named(tmp_path: Path) -> None:
    message = refusal_of(tmp_path, links("a", "b") + joint("j", "fixed", "a", "ghost"))
    assert "joint 'j' connects link 'ghost', which is not defined" in message


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "has no links"),
        (links("a", "a"), "more than one link named a"),
        (
            links("a", "b", "c") + joint("j", "fixed", "a", "b") + joint("j", "fixed", "a", "c"),
            "more than one joint named j",
        ),
        ("<link/>", "has no links"),
        (links("a", "b") + '<joint name="j" type="fixed"><parent link="a"/></joint>', "joint 'j' has no child link"),
        (links("a", "b") + '<joint name="j" type="fixed"><child link="b"/></joint>', "joint 'j' has no parent link"),
        (
            links("a", "b") + joint("j", "fixed", "a", "b", '<origin xyz="0 zero 0"/>'),
            "is not a valid URDF: <origin> of joint 'j' has xyz='0 zero 0', expected three numbers.",
        ),
        (
            links("a", "b") + joint("j", "fixed", "a", "b", '<origin rpy="0 0"/>'),
            "is not a valid URDF: <origin> of joint 'j' has rpy='0 0', expected three numbers.",
        ),
        (
            links("a", "b") + joint("j", "revolute", "a", "b", '<axis xyz="z"/>'),
            "is not a valid URDF: <axis> of joint 'j' has xyz='z', expected three numbers.",
        ),
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


# What is not needed stops nobody.

TURN = links("a", "b") + '<joint name="turn" type="revolute"><origin xyz="0 0 0.2"/><parent link="a"/>'
TURN += '<child link="b"/><axis xyz="0 0 1"/>{}</joint>'
ROBOT = f'<robot name="tiny">{TURN.format("")}</robot>'


def loads_as_written(path: Path) -> bool:
    """Whether a file is read as the robot of `ROBOT`, without a problem."""
    robot = load_robot(path)
    positions, _ = robot.forward_kinematics(np.zeros(1))
    return robot.joint_names == ("turn",) and positions[1].tolist() == [0, 0, 0.2] and robot.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="0.0" ?>\n' + ROBOT,
        '<?xml version="1.1" standalone="perhaps"?>' + ROBOT,
        '<!-- by a converter --><?xml version="1.0"?>' + ROBOT,
        '\n  <?xml version="1.0"?>\n' + ROBOT,
        "\ufeff\ufeff<?xml version='1.0'?>" + ROBOT,
        '<?xml version="1.0" encoding="utf-16"?>' + ROBOT,
        '<?xml version="1.0" encoding="no-such-code"?>' + ROBOT,
        ROBOT + "\0",
        ROBOT + "\n\x1a\0\0",
        ROBOT + "\nsaved by an editor",
        ROBOT.replace("<joint", "<!-- ---- left -- leg ---- --><joint"),
        ROBOT.replace("</robot>", "<gazebo>black & white</gazebo></robot>"),
        ROBOT.replace("</robot>", '<gazebo reference="a" reference="b"/></robot>'),
        ROBOT.replace('xyz="0 0 0.2"', 'xyz="0 0 0.2" xyz="1 1 1"'),
        ROBOT.replace('name="turn"', 'name="turn" id="&"'),
        "<?XML version='1.0'?>" + ROBOT,
        ROBOT.replace("<robot", '<robot xmlns="http://www.ros.org"'),
        ROBOT.replace("<robot", '<robot xmlns:u="urn:u"').replace("<link", '<u:x/><link u:id="1"'),
        ROBOT.replace("<", "<u:").replace("<u:/", "</u:").replace("<u:robot", '<u:robot xmlns:u="urn:u"'),
        ROBOT.replace("</robot>", '<gazebo><sensor:camera name="rgb"/><xacro:x/></gazebo></robot>'),
        ROBOT.replace("</robot>", '<gazebo><sensor type="custom" gz:type="dvl"/></gazebo></robot>'),
        ROBOT.replace("</joint>", "<sensor:camera/></joint>").replace("<link", '<link drake:ignore="1"'),
    ],
)
def test_xml_that_other_tools_read_is_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "robot.urdf"
    path.write_bytes(text.encode())
    assert loads_as_written(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1"])
def test_encodings_are_told_from_the_bytes(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "robot.urdf"
    path.write_bytes(f"<?xml version='1.0'?>{ROBOT.replace('<link', '<!-- 90° --><link')}".encode(encoding))
    assert loads_as_written(path)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-7"])
def test_no_encoding_hides_a_document_type(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "robot.urdf"
    path.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>'.encode(encoding) + entity_bomb().encode(encoding))
    assert "declares a document type" in refusal(path) or "is not valid XML" in refusal(path)
    path.write_bytes(f'<?xml version="0.0" encoding="{encoding}"?>'.encode() + entity_bomb().encode())
    assert "declares a document type" in refusal(path)


def test_a_document_type_is_found_behind_control_characters_and_declarations(tmp_path: Path) -> None:
    path = tmp_path / "robot.urdf"
    for text in ("<!DOC\x01TYPE", "\0<!DOCTYPE", '<!-- x --><?xml version="1.0"?><!DOCTYPE', "<!DOC<?xml ?>TYPE"):
        path.write_text(entity_bomb().replace("<!DOCTYPE", text))
        assert "declares a document type" in refusal(path)


@pytest.mark.parametrize(
    "extra",
    [
        '<dynamics damping="" friction=""/>',
        '<safety_controller k_velocity="" k_position=""/>',
        '<calibration rising="" falling=""/>',
        '<calibration rising="zero"/><hardwareInterface/><origin/>',
        '<dynamics damping="${damping}"/>',
    ],
)
def test_what_of_a_joint_is_not_needed_stops_nobody(tmp_path: Path, extra: str) -> None:
    assert loads_as_written(write_urdf(tmp_path, TURN.format(extra)))


@pytest.mark.parametrize(
    ("limit", "told", "limits"),
    [
        ('lower="" upper=""', "lower='', upper=''", (-np.inf, np.inf)),
        ('lower="-pi" upper="pi" effort="1" velocity="1"', "lower='-pi', upper='pi'", (-np.inf, np.inf)),
        ('lower="-1" upper="1" effort=""', "effort=''", (-1, 1)),
        ('lower="-1" upper="1" velocity="fast"', "velocity='fast'", (-1, 1)),
        ('lower="nan" upper="1,5"', "lower='nan', upper='1,5'", (-np.inf, np.inf)),
    ],
)
def test_limits_that_are_no_numbers_are_named(
    tmp_path: Path, limit: str, told: str, limits: tuple[float, float]
) -> None:
    robot = load_robot(write_urdf(tmp_path, TURN.format(f"<limit {limit}/>")))
    assert robot.problems == (f"Joint 'turn' has limits that are no numbers ({told}): it is shown without these.",)
    assert tuple(robot.joint_limits[0]) == limits


def test_a_mimic_that_is_left_empty_counts_as_far_as_it_is_filled_in(tmp_path: Path) -> None:
    body = links("a", "b", "c") + joint("j", "prismatic", "a", "b") + joint("k", "prismatic", "a", "c", "{}")
    robot = load_robot(write_urdf(tmp_path, body.format('<mimic joint="" multiplier="" offset=""/>')))
    assert robot.joint_names == ("j", "k")
    assert robot.problems == ("Joint 'k' mimics a joint without a name: it is taken for a joint of its own.",)
    robot = load_robot(write_urdf(tmp_path, body.format('<mimic joint="j" multiplier="" offset="0.5"/>')))
    assert robot.problems == ("Joint 'k' mimics 'j' by what is no number (multiplier=''): it counts as left out.",)
    positions, _ = robot.forward_kinematics(np.array([0.25]))
    assert positions[robot.link_names.index("c")].tolist() == [0.75, 0, 0]


def test_a_colour_of_three_numbers_is_opaque_and_one_of_none_is_none(tmp_path: Path) -> None:
    colours = ("1 0 0", "", "red", "1 0", "0,1,0,1")
    visuals = [
        visual('<box size="1 1 1"/>', f'<material name="m{i}"><color rgba="{c}"/></material>')
        for i, c in enumerate(colours)
    ]
    robot = load_robot(write_urdf(tmp_path, one_link("".join(visuals))))
    shown = [visual.rgba for visual in robot.visuals]
    assert shown[0] == (1, 0, 0, 1)
    assert shown[1] == shown[2] == shown[3] == NEUTRAL
    assert shown[4] == (0, 1, 0, 1)
    assert robot.problems[:2] == tuple(
        f"<material> of link 'a' has the colour '{c}', expected four numbers." for c in ("red", "1 0")
    )


@pytest.mark.parametrize("name", ["world", "map"])
def test_links_that_joints_name_and_nobody_defines_are_empty_ones(tmp_path: Path, name: str) -> None:
    body = links("a", "b") + joint("up", "fixed", name, "a", '<origin xyz="0 0 1"/>') + joint("j", "fixed", "a", "b")
    robot = load_robot(write_urdf(tmp_path, body + joint("tip", "fixed", "b", "flange")))
    assert robot.link_names == (name, "a", "b", "flange")
    assert robot.problems == tuple(
        f"Link '{link}' is not defined, though a joint names it: an empty one is taken." for link in (name, "flange")
    )


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("spherical", "is spherical, which is not recorded: it stays at its origin."),
        ("ball", "is ball, which is not recorded: it stays at its origin."),
        (
            "screw",
            "is of the unknown type 'screw': it stays at its origin. Known types: revolute, continuous, "
            "prismatic, fixed, floating, planar.",
        ),
        (
            "",
            "has no type: it stays at its origin. Known types: revolute, continuous, prismatic, fixed, floating, "
            "planar.",
        ),
    ],
)
def test_joints_of_other_types_stay_and_are_mentioned(tmp_path: Path, kind: str, told: str) -> None:
    robot = load_robot(write_urdf(tmp_path, links("a", "b") + joint("j", kind, "a", "b")))
    assert robot.num_joints == 0
    assert robot.problems == (f"Joint 'j' {told}",)


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ('<joint name="k" type="fixed"><parent link="a"/></joint>', "Joint 'k' has no child link, and is left out."),
        ('<joint name="k"><child link="b"/></joint>', "Joint 'k' has no parent link, and is left out."),
        ("<link/>", "A link has no name, and is left out."),
    ],
)
def test_what_connects_nothing_is_left_out(tmp_path: Path, extra: str, told: str) -> None:
    robot = load_robot(write_urdf(tmp_path, links("a", "b") + joint("j", "revolute", "a", "b", HINGE) + extra))
    assert (robot.link_names, robot.joint_names, robot.problems) == (("a", "b"), ("j",), (told,))


def test_a_joint_without_a_name_is_called_after_its_link(tmp_path: Path) -> None:
    nameless = '<joint type="fixed"><parent link="a"/><child link="b"/></joint>'
    robot = load_robot(write_urdf(tmp_path, links("a", "b") + nameless))
    assert robot.link_names == ("a", "b")
    assert robot.problems == ("The joint that leads to link 'b' has no name: it is called 'joint of b'.",)


def test_a_joint_that_mimics_itself_is_one_of_its_own(tmp_path: Path) -> None:
    robot = load_robot(
        write_urdf(tmp_path, links("a", "b") + joint("j", "revolute", "a", "b", HINGE + '<mimic joint="j"/>'))
    )
    assert robot.joint_names == ("j",)
    assert robot.problems == ("Joint 'j' mimics itself: it is taken for a joint of its own.",)


def test_a_joint_that_does_not_move_needs_no_axis(tmp_path: Path) -> None:
    parts = '<axis xyz="0 1"/><limit lower="x"/><mimic joint="k" multiplier="m"/>'
    assert load_robot(write_urdf(tmp_path, links("a", "b") + joint("j", "fixed", "a", "b", parts))).problems == ()


def test_a_joints_type_is_read_whatever_its_case(tmp_path: Path) -> None:
    robot = load_robot(write_urdf(tmp_path, links("a", "b") + joint("j", " Revolute", "a", "b", HINGE)))
    assert robot.joint_names == ("j",)


@pytest.mark.parametrize("axis", ["0 0 0", "nan 0 0", "0 0 inf"])
def test_a_joint_without_an_axis_stays_and_is_mentioned(tmp_path: Path, axis: str) -> None:
    body = links("a", "b", "c") + joint("j", "revolute", "a", "b", f'<axis xyz="{axis}"/><origin xyz="0 0 1"/>')
    body += joint("k", "prismatic", "b", "c", HINGE + '<mimic joint="j"/>')
    robot = load_robot(write_urdf(tmp_path, body))
    assert robot.problems == (f"Joint 'j' has no axis that it can move on ({axis}): it stays at its origin.",)
    positions, wxyz = robot.forward_kinematics(np.array([0.5]))
    assert positions[[robot.link_names.index(name) for name in "bc"]].tolist() == [[0, 0, 1], [0, 0, 1.5]]
    assert wxyz[:, 0].tolist() == [1, 1, 1]


def test_an_origin_that_is_not_finite_leaves_its_link_with_its_parent(tmp_path: Path) -> None:
    body = links("a", "b", "c") + joint("j", "revolute", "a", "b", '<origin xyz="0 nan 0"/>' + HINGE)
    robot = load_robot(write_urdf(tmp_path, body + joint("k", "fixed", "b", "c", '<origin xyz="1 0 0"/>')))
    positions, _ = robot.forward_kinematics(np.zeros(1))
    assert positions.tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert robot.problems == ("Joint 'j' has an origin that is not finite: its link stays at that of its parent.",)


def test_a_shape_whose_numbers_are_none_costs_itself(tmp_path: Path) -> None:
    shapes = (
        '<box size="1 x 1"/>',
        "<sphere/>",
        '<cylinder radius="1" length=""/>',
        '<box size="1 1"/>',
        '<mesh filename="m.stl" scale="big"/>',
    )
    body = "".join(visual(shape) for shape in shapes) + visual('<box size="1, 2, 3"/>')
    robot = load_robot(write_urdf(tmp_path, one_link(body + visual('<box size="1 1 1"/>', '<origin xyz="a b c"/>'))))
    assert len(robot.visuals) == 1
    assert robot.problems == tuple(
        f"A visual of link 'a' {fault}, and is left out."
        for fault in (
            "is a box with size='1 x 1', which is no size",
            "is a sphere without radius",
            "is a cylinder without length",
            "is a box with size='1 1', which is no size",
            "has a scale that is neither one number nor three, 'big'",
            "has an origin that is not three numbers, xyz='a b c'",
        )
    )


# Files that stand for others, and what is left over of xacro.


def test_a_pointer_of_git_lfs_says_how_to_fetch_the_file(tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 2310684\n"
    told = "is a pointer of Git LFS, not the file itself. Fetch it: git lfs pull."
    (tmp_path / "robot.urdf").write_text(pointer)
    assert told in refusal(tmp_path / "robot.urdf")
    for name in ("base.stl", "base.obj", "base.dae", "base.glb", "base.gltf", "base.ply"):
        (tmp_path / name).write_text(pointer)
        robot = load_robot(write_urdf(tmp_path, one_link(mesh(name))))
        assert robot.visuals == ()
        assert robot.problems == (f"{tmp_path / name}: {told} Left out on link a.",)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            TURN.format("").replace("0 0 0.2", "$(optenv DEMO_XYZ 0 0 0.2)"),
            "<origin> of joint 'turn' has xyz='$(optenv DEMO_XYZ 0 0 0.2)', which is no value.",
        ),
        (links("${prefix}base"), "link '${prefix}base' has name='${prefix}base', which is no value."),
        (one_link(visual('<box size="${w} 1 1"/>')), "<box> of link 'a' has size='${w} 1 1', which is no value."),
        ("<link name='a'><xacro:shape/></link>", "it has <xacro:shape>."),
        ("<xacro:include filename='a'/>", "it has <xacro:include>."),
    ],
)
def test_xacro_that_is_left_over_is_named_with_its_place(tmp_path: Path, body: str, told: str) -> None:
    fix = "Convert it: xacro robot.urdf.xacro > robot.urdf"
    for text in (body, f'<x xmlns:xacro="http://www.ros.org/wiki/xacro"/>{body}'):
        assert refusal_of(tmp_path, text).endswith(f": is a xacro file, not a URDF: {told} {fix}")


def test_packages_that_xacro_would_have_found_are_looked_up(tmp_path: Path) -> None:
    box_stl(tmp_path / "demo/meshes/box.stl")
    for uri in (
        "file://$(find demo)/meshes/box.stl",
        "$(find demo)/meshes/box.stl",
        "$(find-pkg-share demo)/meshes/box.stl",
    ):
        assert load_robot(write_urdf(tmp_path, one_link(mesh(uri)))).problems == ()
    problem = load_robot(write_urdf(tmp_path, one_link(mesh("$(find gone)/no.stl")))).problems[0]
    assert "convert the URDF (xacro robot.urdf.xacro > robot.urdf)" in problem
    assert "Name the folder of package 'gone' with --package-dir." in problem
    problem = load_robot(write_urdf(tmp_path, one_link(mesh("${meshes}/no.stl")))).problems[0]
    assert "convert the URDF" in problem


def test_pages_and_other_models_are_told_from_a_urdf(tmp_path: Path) -> None:
    path = tmp_path / "robot.urdf"
    path.write_text("<!DOCTYPE html><html></html>")
    assert "is an HTML page. Download the file itself" in refusal(path)
    path.write_bytes(b"PK\x03\x04")
    assert "it is a ZIP file" in refusal(path)
    path.write_text("<sdf version='1.7'/>")
    assert "It is an SDF" in refusal(path)


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
        "A visual of link 'ball' has the shape <ellipsoid>, which is not known, and is left out.",
        "A visual of link 'ball' has no shape, and is left out.",
        "A visual of link 'ball' is a mesh without a filename, and is left out.",
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
        "package://my_robot//meshes///box.stl",
        "package:my_robot/meshes/box.stl",
        "package:\\\\my_robot\\meshes\\box.stl",
        "file:../meshes/box.stl",
        "file:{folder}/my_robot/meshes/box.stl",
        "file://localhost{folder}/my_robot/meshes/box.stl",
        "../meshes/a%20box.stl",
        "..\\meshes\\box.stl",
        "  ../meshes/box.stl\n",
        "../Meshes/BOX.STL",
        "package://My_Robot/Meshes/box.stl",
        "C:\\Users\\somebody\\my_robot\\meshes\\box.stl",
        "file:///C:/Users/somebody/my_robot/meshes/box.stl",
        "/home/somebody/src/my_robot/meshes/box.stl",
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


@pytest.mark.parametrize("place", ["share/my_robot", "my_robot/share/my_robot"])
def test_packages_that_ros_2_has_installed_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    workspace = tmp_path / "workspace"
    box_stl(workspace / "install" / place / "box.stl")
    prefix = workspace / "install" / place.rpartition("share/")[0]
    bringup = workspace / "install" / place.replace("my_robot", "bringup") / "urdf"
    (tmp_path / "near").mkdir()
    bringup.mkdir(parents=True)
    uri = one_link(mesh("package://my_robot/box.stl"))
    urdf = write_urdf(tmp_path / "near", uri)
    monkeypatch.delenv("AMENT_PREFIX_PATH", raising=False)
    assert load_robot(urdf).problems != ()
    # Told by the environment, or by the user, or found from the URDF's own place in the same installation.
    assert load_robot(urdf, [workspace]).problems == ()
    assert load_robot(urdf, [prefix]).problems == ()
    assert load_robot(write_urdf(bringup, uri)).problems == ()
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"/opt/none:{prefix}")
    assert load_robot(urdf).problems == ()


def test_a_name_is_taken_as_it_is_written_where_a_file_has_it(tmp_path: Path) -> None:
    for name in ("box.stl", "Box.stl", "a\\box.stl", "a/box.stl"):
        box_stl(tmp_path / name)
    for name in ("box.stl", "Box.stl", "a\\box.stl"):
        assert find_file(name, tmp_path / "robot.urdf") == tmp_path / name
    assert find_file("BOX.stl", tmp_path / "robot.urdf") is None  # Which of the two?


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


def test_names_of_attributes_in_any_script_are_left_alone(tmp_path: Path) -> None:
    path = write_urdf(tmp_path, '<link name="base"/>')
    path.write_text(path.read_text().replace("<link ", '<link 種類="fixed" '), "utf-8")
    assert load_robot(path).link_names == ("base",)
