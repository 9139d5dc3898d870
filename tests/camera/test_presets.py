import math

import numpy as np
import pytest
from pinhole import project

from replay_viewer import rotations
from replay_viewer.camera.presets import heading_vectors, look_from, preset
from replay_viewer.errors import UnknownName
from replay_viewer.view_names import PRESETS

BASE = np.array([3.0, -2.0, 0.8])


def rpy(*angles):
    return rotations.from_rpy(*np.array(angles, dtype=np.float64))


def yawed(angle):
    return rpy(0, 0, angle)


def heading(wxyz: np.ndarray) -> float:
    x, y = heading_vectors(wxyz)
    return math.atan2(y, x)


def axis(angle, offset=0.0):
    return np.array([math.cos(angle + offset), math.sin(angle + offset), 0.0])


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("yaw", [0.0, 1.0, math.pi, -2.5])
def test_base_is_in_the_middle_of_the_picture(name, yaw):
    assert project(preset(name, BASE, yaw, 0.5), BASE) == pytest.approx([0, 0], abs=1e-9)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", [0.3, 1.0, 3.0])
def test_robot_fills_half_of_the_height(name, size):
    camera = preset(name, BASE, 0.7, size)
    forward = camera.look_at - camera.position
    right = np.cross(forward, camera.up)
    up = np.cross(right, forward)
    edge = BASE + size * up / np.linalg.norm(up)
    assert project(camera, edge)[1] == pytest.approx(0.5)


@pytest.mark.parametrize("yaw", [0.0, 1.0, 3.0, -2.0])
def test_robot_heads_up_in_the_top_view(yaw):
    ahead = project(preset("top", BASE, yaw, 0.5), BASE + 0.2 * axis(yaw))
    assert ahead[1] > 0.05
    assert ahead[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("yaw", [0.0, 1.0, 3.0, -2.0])
def test_robot_walks_to_the_right_in_the_side_view(yaw):
    ahead = project(preset("side", BASE, yaw, 0.5), BASE + 0.2 * axis(yaw))
    assert ahead[0] > 0.05
    assert ahead[1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("yaw", [0.0, 1.0, 3.0, -2.0])
def test_front_view_looks_at_the_face(yaw):
    camera = preset("front", BASE, yaw, 0.5)
    assert (camera.position - BASE) @ axis(yaw) > 1
    left_arm = project(camera, BASE + 0.2 * axis(yaw, math.pi / 2))
    assert left_arm[0] > 0.05


@pytest.mark.parametrize("yaw", [0.0, 1.0, 3.0, -2.0])
def test_follow_view_is_behind_and_above(yaw):
    offset = preset("follow", BASE, yaw, 0.5).position - BASE
    assert offset @ axis(yaw) < -1
    assert offset[2] > 0.5


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize(("roll", "pitch"), [(0, math.pi / 2), (math.pi / 2, 0), (0, -math.pi / 2), (math.pi, 0)])
def test_fallen_robot_is_seen_from_an_upright_camera(name, roll, pitch):
    camera = preset(name, BASE, heading(rpy(roll, pitch, 0)), 0.5)
    assert all(np.isfinite(part).all() for part in camera[:3])
    assert np.linalg.norm(np.cross(camera.up, camera.look_at - camera.position)) > 0.1
    assert camera.position[2] >= BASE[2]


@pytest.mark.parametrize("pitch", [0.0, 0.8, 1.5, 1.6, 2.0])
def test_heading_stays_while_the_robot_falls_on_its_face(pitch):
    fallen = rotations.multiply(yawed(0.6), rpy(0, pitch, 0))
    assert heading(fallen) == pytest.approx(0.6)


@pytest.mark.parametrize("yaw", [0.0, 0.5, -3.0, 3.1])
def test_heading_of_an_upright_robot_is_its_yaw(yaw):
    assert math.remainder(heading(yawed(yaw)) - yaw, 2 * math.pi) == pytest.approx(0, abs=1e-12)


def test_robot_fits_a_narrow_picture():
    distances = [math.dist(preset("side", BASE, 0, 0.5, aspect).position, BASE) for aspect in (2.0, 1.0, 0.5)]
    assert distances[0] == pytest.approx(distances[1])
    assert distances[2] == pytest.approx(2 * distances[1])


def test_robot_without_a_size_is_seen_from_a_distance():
    camera = preset("side", BASE, 0, 0.0)
    assert np.linalg.norm(camera.position - BASE) > 0.1


def test_unknown_preset_names_the_choices():
    with pytest.raises(UnknownName, match="top, side, front, follow"):
        preset("bottom", BASE, 0, 0.5)


@pytest.mark.parametrize("elevation", [-80.0, 0.0, 45.0, 89.99, 90.0])
def test_picture_is_upright_from_every_elevation(elevation):
    camera = look_from(0.7, math.radians(elevation), BASE, 3.0)
    assert project(camera, BASE + np.array([0, 0, 0.1]))[1] >= -1e-9
    assert camera.up @ (camera.look_at - camera.position) == pytest.approx(0, abs=1e-9)


def test_wider_lens_stands_nearer_and_shows_the_robot_as_large():
    near, far = (preset("side", BASE, 0, 0.5, fov=fov) for fov in (1.2, 0.3))
    assert math.dist(near.position, BASE) < math.dist(far.position, BASE) / 3
    tops = [project(camera, BASE + 0.5 * camera.up)[1] for camera in (near, far)]
    assert tops == pytest.approx([0.5, 0.5])


def test_picture_from_the_zenith_has_the_azimuth_at_its_bottom():
    camera = look_from(0.7, math.pi / 2, BASE, 3.0)
    assert project(camera, BASE + 0.1 * axis(0.7))[1] < -0.05


def test_heading_counts_for_less_the_more_the_robot_is_tilted():
    lengths = [np.linalg.norm(heading_vectors(rpy(0, pitch, 0.3))) for pitch in (0.0, 0.5 * math.pi, 0.99 * math.pi)]
    assert lengths[0] == pytest.approx(1)
    assert lengths[1] == pytest.approx(0.5)
    assert lengths[2] < 0.01
