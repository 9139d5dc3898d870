from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs_simulator import simulator

from replay_viewer.record.adapters.mujoco.meshes import color_of, drawn_geoms
from replay_viewer.record.adapters.mujoco.urdf import ExportedRobot, export_urdf
from replay_viewer.robot import Robot, load_robot
from replay_viewer.rotations import conjugate, from_matrix, multiply, rotate, to_matrix

mujoco = simulator("mujoco")

TASKS = ("ant", "humanoid", "half_cheetah", "hopper", "walker2d", "walker2d_v5", "swimmer", "reacher", "pusher_v5")
SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX, MESH = range(2, 8)

# Joints off the origin and several to a body, values that do not begin at zero, bodies and joints without names, names
# that would collide in a URDF, a turn that looks straight up, and every shape.
ODD_ROBOT = """
<mujoco>
  <asset>
    <mesh name="a/wedge" vertex="0 0 0  0.3 0 0  0 0.2 0  0 0 0.1"/>
    <material name="red" rgba="1 0 0 1"/>
  </asset>
  <worldbody>
    <geom type="plane" size="5 5 0.1"/>
    <body name="a/left" pos="0 0 1" euler="10 20 30">
      <freejoint name="a/root"/>
      <geom name="box" type="box" size="0.1 0.2 0.3" pos="0.1 0 0" euler="0 90 0" rgba="0 1 0 1"/>
      <geom name="hidden" type="sphere" size="0.5" rgba="0 0 0 0"/>
      <geom name="collision" type="sphere" size="0.5" group="3"/>
      <body name="a/left_hip" pos="0.3 0 0.1" euler="0 90 0">
        <joint name="a/hip" pos="0.1 0.2 0.3" axis="1 1 0" ref="30" range="-60 60"/>
        <joint name="a/slide" type="slide" axis="0 1 1" ref="0.2"/>
        <joint pos="0 0.1 0" axis="0 0 1"/>
        <geom type="mesh" mesh="a/wedge" material="red"/>
        <geom type="mesh" mesh="a/wedge" pos="0 0 0.5"/>
        <body pos="0 0.2 0">
          <joint name="hip" axis="0 1 0" ref="-10"/>
          <geom type="ellipsoid" size="0.1 0.2 0.3" euler="40 0 10"/>
          <geom type="cylinder" size="0.1 0.3" pos="0 0.1 0" euler="0 0 20"/>
          <body name="left" pos="0 0 0.4"><geom type="capsule" size="0.05" fromto="0 0 0 0.3 0.2 0.1"/></body>
        </body>
      </body>
    </body>
    <body name="pendulum" pos="1 2 3" euler="0 30 0">
      <joint name="ball" type="ball"/>
      <geom size="0.1"/>
      <body name="end" pos="0 0 -1"><joint name="socket" type="ball"/><geom size="0.1"/></body>
    </body>
    <body name="arm" pos="1 0 0.5" euler="0 0 45">
      <joint name="turn" axis="0 0 1" pos="0.1 0 0"/>
      <geom size="0.1"/>
    </body>
  </worldbody>
</mujoco>
"""


def roots_of(model: Any) -> list[int]:
    return [body for body in range(1, model.nbody) if model.body_parentid[body] == 0]


def random_state(model: Any, seed: int, held: str = "") -> Any:
    data = mujoco.MjData(model)
    rest = data.qpos.copy()
    mujoco.mj_integratePos(model, data.qpos, np.random.default_rng(seed).normal(size=model.nv), 1.0)
    if held:
        place = model.joint(held).qposadr[0]
        data.qpos[place : place + 4] = rest[place : place + 4]
    mujoco.mj_kinematics(model, data)
    return data


def poses(exported: ExportedRobot, robot: Robot, data: Any) -> tuple[np.ndarray, np.ndarray]:
    """Of all links, as our forward kinematics has them."""
    base = exported.fixed_base or (data.xpos[exported.root], data.xquat[exported.root])
    by_name = dict(zip(exported.joint_names, exported.joint_pos(data.qpos), strict=True))
    return robot.forward_kinematics(np.array([by_name[name] for name in robot.joint_names]), *base)


def assert_bodies_agree(exported: ExportedRobot, robot: Robot, data: Any) -> None:
    positions, wxyz = poses(exported, robot, data)
    links = [robot.link_names.index(name) for name in exported.body_names]
    np.testing.assert_allclose(positions[links], data.xpos[exported.body_ids], atol=1e-5)
    turned = multiply(conjugate(wxyz[links]), data.xquat[exported.body_ids])
    np.testing.assert_allclose(np.abs(turned[:, 0]), 1, atol=1e-8)
    np.testing.assert_allclose(turned[:, 1:], 0, atol=1e-5)


def half_sizes(model: Any, geom: int) -> np.ndarray:
    """Of the box about a primitive geom, in its frame."""
    a, b, c = model.geom_size[geom]
    by_kind = {SPHERE: (a, a, a), CAPSULE: (a, a, b + a), CYLINDER: (a, a, b), BOX: (a, b, c), ELLIPSOID: (a, b, c)}
    return np.array(by_kind[int(model.geom_type[geom])])


def drawn_boxes(model: Any, exported: ExportedRobot, robot: Robot, data: Any) -> dict[int, tuple[Any, Any]]:
    """Lower and upper corners, in the geom's frame where MuJoCo has it, of what is drawn for each geom."""
    positions, wxyz = poses(exported, robot, data)
    visuals, boxes = iter(robot.visuals), {}
    for geom in drawn_geoms(model, exported.body_ids):
        visual = next(visuals)
        on_link = visual.mesh.vertices @ visual.origin[:3, :3].T + visual.origin[:3, 3]
        points = positions[visual.link] + rotate(wxyz[visual.link], on_link)
        in_geom = (points - data.geom_xpos[geom]) @ data.geom_xmat[geom].reshape(3, 3)
        boxes[geom] = in_geom.min(axis=0), in_geom.max(axis=0)
    assert next(visuals, None) is None
    return boxes


def assert_geoms_agree(model: Any, exported: ExportedRobot, robot: Robot, data: Any) -> None:
    for geom, (lower, upper) in drawn_boxes(model, exported, robot, data).items():
        if model.geom_type[geom] == MESH:
            mesh = model.mesh(model.geom_dataid[geom])
            first = mesh.vertadr[0]
            vertices = model.mesh_vert[first : first + mesh.vertnum[0]]
            np.testing.assert_allclose(lower, vertices.min(axis=0), atol=1e-5)
            np.testing.assert_allclose(upper, vertices.max(axis=0), atol=1e-5)
        else:
            size = half_sizes(model, geom)
            np.testing.assert_allclose(upper + lower, 0, atol=0.02 * size.max())
            np.testing.assert_allclose((upper - lower) / 2, size, rtol=0.02)


@pytest.mark.parametrize("task", TASKS)
def test_every_body_and_geom_lies_where_mujoco_has_it(task: str, tmp_path: Path) -> None:
    gymnasium = simulator("gymnasium")
    model = mujoco.MjModel.from_xml_path(str(Path(gymnasium.__file__).parent / f"envs/mujoco/assets/{task}.xml"))
    for root in roots_of(model):
        exported = export_urdf(model, tmp_path / str(root), root)
        robot = load_robot(exported.urdf)
        assert len(robot.visuals) > 0 and robot.problems == () and exported.notes == []
        for seed in range(3):
            data = random_state(model, seed)
            assert_bodies_agree(exported, robot, data)
            assert_geoms_agree(model, exported, robot, data)


@pytest.mark.parametrize("name", ["go1", "g1"])
def test_robots_of_mjlab_keep_their_meshes(name: str, tmp_path: Path) -> None:
    robots, entity = simulator("mjlab.asset_zoo.robots"), simulator("mjlab.entity")
    model = entity.Entity(getattr(robots, f"get_{name}_robot_cfg")()).spec.compile()
    exported = export_urdf(model, tmp_path, 1)
    robot = load_robot(exported.urdf)
    data = random_state(model, 0)
    assert_bodies_agree(exported, robot, data)
    assert_geoms_agree(model, exported, robot, data)
    assert len({visual.mesh_key for visual in robot.visuals}) == len(list((tmp_path / "meshes").iterdir())) >= 5


@pytest.fixture
def odd_model() -> Any:
    return mujoco.MjModel.from_xml_string(ODD_ROBOT)


def test_joints_off_the_origin_and_several_to_a_body(odd_model: Any, tmp_path: Path) -> None:
    exported = export_urdf(odd_model, tmp_path, odd_model.body("a/left").id, "a/")
    robot = load_robot(exported.urdf)
    assert exported.joint_names == ["hip", "slide", "joint_3", "hip_"]
    assert exported.body_names == ["left", "left_hip", "body_3", "left_"]
    for seed in range(5):
        data = random_state(odd_model, seed)
        assert_bodies_agree(exported, robot, data)
        assert_geoms_agree(odd_model, exported, robot, data)


def test_only_what_mujoco_shows_is_drawn_in_its_colours(odd_model: Any, tmp_path: Path) -> None:
    exported = export_urdf(odd_model, tmp_path, odd_model.body("a/left").id)
    names = [odd_model.geom(geom).name for geom in drawn_geoms(odd_model, exported.body_ids)]
    assert "box" in names and not {"hidden", "collision"} & set(names)
    box, wedge, second_wedge = load_robot(exported.urdf).visuals[:3]
    assert box.rgba == (0, 1, 0, 1) and wedge.rgba == (1, 0, 0, 1) and second_wedge.rgba == (0.5, 0.5, 0.5, 1)
    assert wedge.mesh is second_wedge.mesh


def test_collision_shapes_stand_in_where_there_is_nothing_else(tmp_path: Path) -> None:
    xml = '<mujoco><worldbody><body><freejoint/><geom size="0.1" group="3"/></body></worldbody></mujoco>'
    exported = export_urdf(mujoco.MjModel.from_xml_string(xml), tmp_path, 1)
    assert len(load_robot(exported.urdf).visuals) == 1


def test_limits_are_those_of_the_model(odd_model: Any, tmp_path: Path) -> None:
    robot = load_robot(export_urdf(odd_model, tmp_path, odd_model.body("a/left").id, "a/").urdf)
    limits = dict(zip(robot.joint_names, robot.joint_limits, strict=True))
    np.testing.assert_allclose(limits["hip"], np.deg2rad([-60, 60]))
    assert np.isinf(limits["joint_3"]).all()


def test_a_robot_that_hangs_on_the_world_keeps_its_first_joint(odd_model: Any, tmp_path: Path) -> None:
    exported = export_urdf(odd_model, tmp_path, odd_model.body("arm").id)
    assert exported.joint_names == ["turn"] and exported.fixed_base is not None
    assert_bodies_agree(exported, load_robot(exported.urdf), random_state(odd_model, 0))


def test_a_ball_joint_is_three_hinges_but_at_the_root(odd_model: Any, tmp_path: Path) -> None:
    exported = export_urdf(odd_model, tmp_path, odd_model.body("pendulum").id)
    assert exported.joint_names == ["socket_x", "socket_y", "socket_z"] and exported.fixed_base is None
    for seed in range(20):
        assert_bodies_agree(exported, load_robot(exported.urdf), random_state(odd_model, seed))


def test_a_ball_joint_may_be_drawn_at_rest(odd_model: Any, tmp_path: Path) -> None:
    exported = export_urdf(odd_model, tmp_path, odd_model.body("pendulum").id, with_balls=False)
    assert exported.joint_names == []
    assert exported.notes == ["Joint 'socket' has more than one axis: it is drawn at rest."]
    assert_bodies_agree(exported, load_robot(exported.urdf), random_state(odd_model, 0, held="socket"))


def test_masses_and_inertias_are_those_of_the_bodies(odd_model: Any, tmp_path: Path) -> None:
    import yourdfpy

    exported = export_urdf(odd_model, tmp_path, odd_model.body("a/left").id, "a/")
    links = {link.name: link for link in yourdfpy.URDF.load(str(exported.urdf), load_meshes=False).robot.links}
    for name, body in zip(exported.body_names, exported.body_ids, strict=True):
        inertial = links[name].inertial
        assert inertial is not None and inertial.inertia is not None and inertial.origin is not None
        assert inertial.mass == pytest.approx(odd_model.body_mass[body])
        np.testing.assert_allclose(np.diag(inertial.inertia), odd_model.body_inertia[body], rtol=1e-9)
        np.testing.assert_allclose(inertial.origin[:3, 3], odd_model.body_ipos[body], atol=1e-9)
        turned = multiply(conjugate(from_matrix(inertial.origin[:3, :3])), odd_model.body_iquat[body])
        np.testing.assert_allclose(to_matrix(turned), np.eye(3), atol=1e-6)


def test_round_shapes_are_closed_and_smooth(odd_model: Any, tmp_path: Path) -> None:
    robot = load_robot(export_urdf(odd_model, tmp_path, odd_model.body("a/left").id).urdf)
    ellipsoid, _, capsule = robot.visuals[-3:]
    for visual in (ellipsoid, capsule):
        assert visual.mesh.is_watertight and visual.mesh.volume > 0 and visual.normals is not None
        across = np.sum(visual.normals[visual.mesh.faces].mean(axis=1) * visual.mesh.face_normals, axis=1)
        assert across.min() > 0.9
    assert capsule.mesh.volume == pytest.approx(np.pi * 0.05**2 * (np.sqrt(0.14) + 4 / 3 * 0.05), rel=0.02)


def test_a_geoms_own_colour_hides_its_materials(odd_model: Any) -> None:
    np.testing.assert_allclose(color_of(odd_model, odd_model.geom("box").id), [0, 1, 0, 1])
