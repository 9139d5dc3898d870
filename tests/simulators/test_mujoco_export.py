"""The public export of MuJoCo models: everything is drawn where MuJoCo itself has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs_simulator import simulator

from replay_viewer import MujocoTree, ReplayError, export_mujoco, load_robot
from replay_viewer.record.adapters.mujoco.balls import angles, rates
from replay_viewer.rotations import conjugate, from_rotation_vector, multiply, rotate, to_matrix

mujoco = simulator("mujoco")

# A robot that stands fast, with ball, slide and hinge joints; two free bodies; one that is moved by hand; a thing
# that hangs on a ball joint; and what never moves, of every shape.
SCENE = """
<mujoco>
  <asset>
    <hfield name="hills" nrow="3" ncol="4" size="2 1 0.5 0.1" elevation="0 0 0 0 0 1 1 0 0 0 0 0"/>
    <mesh name="wedge" vertex="0 0 0  0.3 0 0  0 0.2 0  0 0 0.1"/>
    <texture name="grid" type="2d" builtin="checker" rgb1="1 0 0" rgb2="0 0 1" width="64" height="64"/>
    <material name="floor" texture="grid"/>
  </asset>
  <worldbody>
    <geom name="plane" type="plane" size="3 2 0.1" material="floor"/>
    <geom name="hills" type="hfield" hfield="hills" pos="6 0 0" euler="0 0 30"/>
    <body name="table" pos="1 2 0.3" euler="0 10 20">
      <geom name="box" type="box" size="0.4 0.3 0.2" rgba="0 1 0 1"/>
      <body pos="0 0 0.4" euler="5 0 0">
        <geom name="sphere" size="0.1"/>
        <geom name="capsule" type="capsule" size="0.05 0.2" pos="0.2 0 0" euler="0 60 0"/>
        <geom name="ellipsoid" type="ellipsoid" size="0.1 0.2 0.05" pos="0 0.3 0"/>
        <geom name="cylinder" type="cylinder" size="0.1 0.2" pos="0 0 0.3" euler="30 0 0"/>
        <geom name="wedge" type="mesh" mesh="wedge"/>
      </body>
    </body>
    <body name="arm" pos="0 0 0.5" euler="0 0 40">
      <geom type="capsule" size="0.05 0.2"/>
      <body name="upper" pos="0 0 0.3">
        <joint name="shoulder" type="ball" pos="0 0.1 0"/><geom type="ellipsoid" size="0.05 0.05 0.2"/>
        <body name="lower" pos="0 0 0.4" euler="20 0 0">
          <joint name="reach" type="slide" axis="0 1 1"/><joint name="elbow" axis="1 0 1" pos="0 0 0.1"/>
          <geom type="cylinder" size="0.03 0.1"/>
          <body name="hand" pos="0 0 0.2"><joint name="wrist" type="ball"/><geom type="mesh" mesh="wedge"/></body>
        </body>
      </body>
    </body>
    <body name="one" pos="2 0 1"><freejoint/><geom size="0.1"/></body>
    <body name="two" pos="3 0 1"><freejoint/><geom type="box" size="0.1 0.2 0.3"/></body>
    <body name="target" mocap="true" pos="0 1 1" euler="0 0 10"><geom type="box" size="0.1 0.1 0.1"/></body>
    <body name="pendulum" pos="0 3 2"><joint type="ball"/><geom size="0.1" pos="0 0 -0.5"/></body>
  </worldbody>
  <actuator><motor joint="elbow"/></actuator>
</mujoco>
"""
SUITE = ("quadruped", "humanoid_CMU", "dog", "fish", "stacker", "ball_in_cup", "swimmer", "manipulator", "cheetah")


def random_state(model: Any, seed: int) -> Any:
    data, random = mujoco.MjData(model), np.random.default_rng(seed)
    mujoco.mj_integratePos(model, data.qpos, random.normal(size=model.nv), 1.0)
    data.mocap_pos[:] += random.normal(size=data.mocap_pos.shape)
    mujoco.mj_kinematics(model, data)
    return data


def assert_bodies_agree(tree: MujocoTree, data: Any) -> None:
    exported, robot = tree.exported, load_robot(tree.exported.urdf)
    assert robot.problems == ()
    values = dict(zip(exported.joint_names, exported.joint_pos(data.qpos), strict=True))
    joints = np.array([values[name] for name in robot.joint_names])
    positions, wxyz = robot.forward_kinematics(joints, *exported.base_pose(data))
    links = [robot.link_names.index(name) for name in exported.body_names]
    np.testing.assert_allclose(positions[links], data.xpos[exported.body_ids], atol=1e-5)
    turned = multiply(conjugate(wxyz[links]), data.xquat[exported.body_ids])
    np.testing.assert_allclose(turned[:, 1:], 0, atol=1e-5)


def assert_everything_agrees(model: Any, trees: list[MujocoTree]) -> None:
    bodies = [body for tree in trees for body in tree.exported.body_ids]
    seen = {int(body) for body, group in zip(model.geom_bodyid, model.geom_group, strict=True) if group < 3}
    assert len(bodies) == len(set(bodies))
    assert seen <= set(bodies)
    for seed in range(2):
        data = random_state(model, seed)
        for tree in trees:
            assert_bodies_agree(tree, data)


def test_bodies_of_every_kind_are_where_mujoco_has_them(tmp_path: Path) -> None:
    model = mujoco.MjModel.from_xml_string(SCENE)
    trees = export_mujoco(model, tmp_path / "out")
    kinds = {tree.entity.name: tree.entity.kind for tree in trees}
    assert list(kinds) == ["robot", "one", "two", "target", "pendulum", "world"]
    assert list(kinds.values()) == ["robot"] + ["object"] * 5
    assert trees[0].entity.joint_names == [*(f"shoulder_{a}" for a in "xyz"), "reach", "elbow"] + [
        f"wrist_{a}" for a in "xyz"
    ]
    assert_everything_agrees(model, trees)


@pytest.mark.parametrize("domain", SUITE)
def test_models_of_dm_control(domain: str, tmp_path: Path) -> None:
    suite = simulator("dm_control.suite")
    task = next(task for name, task in suite.ALL_TASKS if name == domain)
    physics = suite.load(domain, task).physics
    # As it is: dm_control has a class of its own around the model.
    assert_everything_agrees(physics.model.ptr, export_mujoco(physics.model, tmp_path))


@pytest.mark.parametrize("name", ["plane", "hills", "box", "sphere", "capsule", "ellipsoid", "cylinder", "wedge"])
def test_what_never_moves_is_drawn_in_place_and_in_colour(name: str, tmp_path: Path) -> None:
    model = mujoco.MjModel.from_xml_string(SCENE)
    data = random_state(model, 0)
    world = load_robot(export_mujoco(model, tmp_path)[-1].exported.urdf)
    names = [model.geom(geom).name for geom in range(8)]
    visual = world.visuals[names.index(name)]
    positions, wxyz = world.forward_kinematics(np.zeros(0), np.zeros(3), np.array([1.0, 0, 0, 0]))
    points = visual.mesh.vertices @ visual.origin[:3, :3].T + visual.origin[:3, 3]
    points = positions[visual.link] + rotate(wxyz[visual.link], points)
    geom = model.geom(name).id
    in_geom = (points - data.geom_xpos[geom]) @ data.geom_xmat[geom].reshape(3, 3)
    a, b, c = model.geom_size[geom]
    half = {"plane": (3, 2, 0), "box": (a, b, c), "ellipsoid": (a, b, c), "sphere": (a, a, a)}
    half.update(capsule=(a, a, a + b), cylinder=(a, a, b))
    if name in half:
        np.testing.assert_allclose(in_geom.max(axis=0), half[name], atol=0.01)
        np.testing.assert_allclose(in_geom.min(axis=0), -np.array(half[name]), atol=0.01)
    elif name == "hills":
        np.testing.assert_allclose([in_geom.min(0), in_geom.max(0)], [[-2, -1, 0], [2, 1, 0.5]], atol=1e-6)
    colors = {"box": (0, 1, 0, 1), "plane": (0.5, 0, 0.5, 1)}
    np.testing.assert_allclose(visual.rgba, colors.get(name, (0.5, 0.5, 0.5, 1)), atol=0.01)


def test_angles_of_a_ball_joint_are_its_rotation_also_where_two_axes_are_one() -> None:
    turns = np.random.default_rng(0).normal(size=(200, 3)) * 2
    right = np.array([[x, s * np.pi / 2, z] for x in (-2, 0, 1) for s in (-1, 1) for z in (-1, 0, 3)])
    axes = np.eye(3)
    of_right = [[from_rotation_vector(axis * angle) for axis, angle in zip(axes, row, strict=True)] for row in right]
    wxyz = np.concatenate([from_rotation_vector(turns), [multiply(multiply(a, b), c) for a, b, c in of_right]])
    found = [from_rotation_vector(angles(wxyz)[:, [i]] * axes[i]) for i in range(3)]
    again = multiply(multiply(found[0], found[1]), found[2])
    np.testing.assert_allclose(to_matrix(again), to_matrix(wxyz), atol=1e-7)


def test_rates_of_a_ball_joint_are_how_its_angles_change() -> None:
    random, step = np.random.default_rng(1), 1e-6
    for _ in range(50):
        wxyz, velocity = from_rotation_vector(random.normal(size=3)), random.normal(size=3)
        after = multiply(wxyz, from_rotation_vector(velocity * step))
        change = (angles(after) - angles(wxyz)) / step
        np.testing.assert_allclose(rates(angles(wxyz), velocity), change, rtol=1e-3, atol=1e-3)


def test_what_is_no_model_and_a_folder_that_is_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"MjSpec: is no compiled MuJoCo model.*compile"):
        export_mujoco(mujoco.MjSpec(), tmp_path)
    with pytest.raises(ReplayError, match=r"model str: is no compiled MuJoCo model"):
        export_mujoco("robot.xml", tmp_path)
    with pytest.raises(ReplayError, match="has no body that moves"):
        export_mujoco(mujoco.MjModel.from_xml_string("<mujoco/>"), tmp_path)
    (tmp_path / "taken").write_text("no folder")
    with pytest.raises(ReplayError, match="the model cannot be written here"):
        export_mujoco(mujoco.MjModel.from_xml_string(SCENE), tmp_path / "taken")
