"""Robots of a crowd: few triangles, in the place and the colours of many."""

import numpy as np
import pytest

from replay_viewer.camera.framing import distant_view
from replay_viewer.camera.presets import CameraPose
from replay_viewer.robot import load_robot, neutral_body
from replay_viewer.robot.materials import to_linear
from replay_viewer.viewer.crowd.meshes import link_meshes

BALLS = """<robot name="balls">
  <link name="base">
    <visual><geometry><sphere radius="1"/></geometry>
      <material name="a"><color rgba="0.8 0.2 0.2 1"/></material></visual>
    <visual><origin xyz="0 0 2"/><geometry><sphere radius="0.5"/></geometry>
      <material name="b"><color rgba="0.1 0.1 0.5 1"/></material></visual>
  </link>
  <link name="arm"><visual><geometry><cylinder radius="0.1" length="2"/></geometry></visual></link>
  <link name="bare"/>
  <joint name="swing" type="revolute"><parent link="base"/><child link="arm"/><axis xyz="0 1 0"/>
    <limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
  <joint name="bend" type="revolute"><parent link="arm"/><child link="bare"/><axis xyz="0 1 0"/>
    <limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
</robot>
"""


@pytest.fixture(scope="module")
def balls(tmp_path_factory):
    path = tmp_path_factory.mktemp("balls") / "balls.urdf"
    path.write_text(BALLS)
    return load_robot(path)


@pytest.mark.parametrize(("num_envs", "most"), [(8, 1000), (10_000, 135)])
def test_the_more_there_are_the_fewer_triangles_they_have(balls, num_envs, most):
    meshes = link_meshes(balls, num_envs)
    assert {mesh.link for mesh in meshes} == {0, 1}
    assert all(most / 5 < len(mesh.triangles) <= most for mesh in meshes if mesh.link == 0)


@pytest.mark.parametrize("num_envs", [8, 10_000])
def test_they_keep_their_places_and_sizes(balls, num_envs):
    base = np.concatenate([mesh.vertices for mesh in link_meshes(balls, num_envs) if mesh.link == 0])
    assert base.min(axis=0) == pytest.approx([-1, -1, -1], abs=0.15)
    assert base.max(axis=0) == pytest.approx([1, 1, 2.5], abs=0.15)


def test_few_robots_keep_their_colours_and_many_have_one_each_link(balls):
    few = [mesh for mesh in link_meshes(balls, 8) if mesh.link == 0]
    lights = sorted(mesh.light.tolist() for mesh in few)
    assert lights == [pytest.approx(to_linear(np.array(c)), abs=0.01) for c in ([0.1, 0.1, 0.5], [0.8, 0.2, 0.2])]
    many = [mesh for mesh in link_meshes(balls, 1000) if mesh.link == 0]
    assert len(many) == 1
    # The larger ball has four fifths of the surface.
    assert many[0].light == pytest.approx(0.8 * np.array(lights[1]) + 0.2 * np.array(lights[0]), abs=0.02)


def test_body_of_a_few_triangles_stays_as_it_is():
    meshes = link_meshes(neutral_body("robot"), 4096)
    assert sum(len(mesh.triangles) for mesh in meshes) == 24


# -- the camera that sees them ------------------------------------------------

NEAR = CameraPose(np.array([-3.0, 0, 1.5]), np.zeros(3), np.array([0.0, 0, 1]), 0.8)


def places(pose, points, aspect):
    """Where points (K, 3) are in the picture, -1..1 in both directions, and how far in front (K,)."""
    forward = (pose.look_at - pose.position) / np.linalg.norm(pose.look_at - pose.position)
    right = np.cross(forward, [0, 0, 1]) / np.linalg.norm(np.cross(forward, [0, 0, 1]))
    offsets, slope = points - pose.position, np.tan(pose.fov / 2)
    depths = offsets @ forward
    return offsets @ right / (depths * slope * aspect), offsets @ np.cross(right, forward) / (depths * slope), depths


@pytest.mark.parametrize("aspect", [0.5, 1.8])
def test_camera_steps_back_until_it_sees_all(aspect):
    points = np.array([[-9.0, -9, 0], [9, 9, 0], [9, -9, 0], [-9, 9, 1]])
    pose = distant_view(NEAR, points, aspect)
    assert pose is not None
    x, y, depths = places(pose, points, aspect)
    assert (depths > 0).all() and abs(x).max() < 1 and abs(y).max() < 1
    assert max(abs(x).max(), abs(y).max()) > 0.6
    assert pose.look_at.tolist() == [0, 0, 0]


def test_camera_goes_to_the_middle_of_those_on_one_side_so_that_they_are_large():
    points = np.array([[8.0, 2, 0], [8, -2, 0], [4, 0, 0]])
    pose = distant_view(NEAR, points, 1.8)
    assert pose is not None and abs(pose.look_at[:2] - [4, 0]).max() < 1.0
    x, y, _ = places(pose, np.concatenate([points, np.zeros((1, 3))]), 1.8)
    assert abs(x).max() < 1 and abs(y).max() < 1 and max(np.ptp(x), np.ptp(y)) > 1.0


def test_camera_that_sees_all_stays():
    assert distant_view(NEAR, np.array([[0.3, 0.2, 0.0]]), 1.5) is None
    assert distant_view(NEAR, np.zeros((0, 3)), 1.5) is None


def test_camera_straight_above_steps_up():
    above = NEAR._replace(position=np.array([0.0, 0, 3]))
    pose = distant_view(above, np.array([[9.0, 0, 0], [-9.0, 0, 0]]), 1.5)
    assert pose is not None and pose.position[2] > 9
    assert np.isfinite(pose.position).all()
