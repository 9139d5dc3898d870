import math

import numpy as np
import pytest

from replay_viewer import rotations

X, Y, Z = np.eye(3)
HALF = math.sqrt(0.5)


@pytest.fixture
def random_wxyz():
    return rotations.normalize(np.random.default_rng(0).normal(size=(200, 4)))


def about(axis, angle):
    """The rotation about an axis by an angle: the definition of a unit quaternion."""
    return np.concatenate([[math.cos(angle / 2)], math.sin(angle / 2) * np.asarray(axis)])


def angle_between(a, b):
    """Angle in radians between two rotations."""
    return np.linalg.norm(rotations.to_rotation_vector(rotations.multiply(rotations.conjugate(a), b)), axis=-1)


def test_xyzw_has_the_real_part_last():
    assert rotations.xyzw_to_wxyz(np.array([1.0, 2, 3, 4])).tolist() == [4, 1, 2, 3]
    assert rotations.wxyz_to_xyzw(np.array([4.0, 1, 2, 3])).tolist() == [1, 2, 3, 4]


def test_quarter_turn_about_z_takes_x_to_y():
    assert rotations.rotate(about(Z, math.pi / 2), X) == pytest.approx(Y)


def test_product_first_rotates_by_the_right_factor():
    product = rotations.multiply(about(Z, math.pi / 2), about(X, math.pi / 2))
    assert rotations.rotate(product, Y) == pytest.approx(Z)
    assert rotations.rotate(product, Z) == pytest.approx(X)


def test_conjugate_undoes_a_rotation(random_wxyz):
    identity = rotations.multiply(random_wxyz, rotations.conjugate(random_wxyz))
    assert identity == pytest.approx(np.tile([1.0, 0, 0, 0], (200, 1)), abs=1e-12)


def test_matrix_rotates_like_the_quaternion(random_wxyz):
    vectors = np.random.default_rng(1).normal(size=(200, 3))
    by_matrix = np.einsum("nij,nj->ni", rotations.to_matrix(random_wxyz), vectors)
    assert rotations.rotate(random_wxyz, vectors) == pytest.approx(by_matrix)


def test_matrix_and_back_is_the_same_rotation(random_wxyz):
    back = rotations.from_matrix(rotations.to_matrix(random_wxyz))
    assert angle_between(random_wxyz, back).max() < 1e-7
    assert (back[:, 0] >= 0).all()


@pytest.mark.parametrize("axis", [X, Y, Z, (X + Y) / math.sqrt(2)])
def test_half_turn_survives_the_matrix(axis):
    back = rotations.from_matrix(rotations.to_matrix(about(axis, math.pi)))
    assert angle_between(about(axis, math.pi), back) == pytest.approx(0, abs=1e-7)


def test_zero_quaternion_becomes_the_identity():
    wxyz = np.array([[0.0, 0, 0, 0], [0, 0, 2, 0]])
    assert rotations.normalize(wxyz).tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]


def test_rpy_turns_about_fixed_axes_roll_first():
    roll, pitch, yaw = np.array([0.3, -0.7, 2.0])
    expected = rotations.multiply(about(Z, yaw), rotations.multiply(about(Y, pitch), about(X, roll)))
    assert rotations.from_rpy(roll, pitch, yaw) == pytest.approx(expected)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-4, 1.0, math.pi - 1e-6])
def test_rotation_vector_and_back(angle):
    vector = angle * (X + 2 * Y - Z) / math.sqrt(6)
    assert rotations.to_rotation_vector(rotations.from_rotation_vector(vector)) == pytest.approx(vector, abs=1e-12)


def test_rotation_vector_takes_the_shorter_way():
    assert rotations.to_rotation_vector(about(Z, 1.5 * math.pi)) == pytest.approx(-0.5 * math.pi * Z)


@pytest.mark.parametrize("angle", [0.0, 0.4, -3.0, 3.1])
def test_yaw_is_the_direction_of_the_body_x_axis(angle):
    tilted = rotations.multiply(about(Z, angle), about(Y, 0.5))
    assert rotations.yaw(tilted) == pytest.approx(angle)


def test_slerp_turns_at_a_constant_rate():
    fractions = np.linspace(0, 1, 11)
    between = rotations.slerp(np.tile(about(Z, 0.2), (11, 1)), np.tile(about(Z, 2.2), (11, 1)), fractions)
    assert rotations.yaw(between) == pytest.approx(0.2 + 2.0 * fractions)


def test_slerp_takes_the_shorter_arc_across_180_degrees():
    a, b = about(Z, math.radians(170)), about(Z, math.radians(-170))
    middle = rotations.slerp(a, b, np.array(0.5))
    assert abs(rotations.yaw(middle)) == pytest.approx(math.pi)


def test_slerp_ignores_the_sign_of_a_quaternion():
    a, b = about(Z, 0.2), about(Z, 0.4)
    assert angle_between(rotations.slerp(a, -b, np.array(0.5)), about(Z, 0.3)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-8, 1e-5, 9e-4, 1.1e-3, 0.05])
def test_slerp_of_nearby_rotations_is_exact(angle):
    middle = rotations.slerp(about(X, 0.0), about(X, angle), np.array(0.25))
    assert rotations.to_rotation_vector(middle) == pytest.approx(0.25 * angle * X, abs=1e-10)


def test_slerp_ends_where_it_starts_and_ends(random_wxyz):
    a, b = random_wxyz[:100], random_wxyz[100:]
    assert angle_between(rotations.slerp(a, b, np.zeros(100)), a).max() < 1e-7
    assert angle_between(rotations.slerp(a, b, np.ones(100)), b).max() < 1e-7


def test_single_precision_stays_single_precision():
    a, b = about(Z, 0.1).astype(np.float32), about(Z, 0.3).astype(np.float32)
    between = rotations.slerp(a, b, np.array(0.5))
    assert between.dtype == rotations.multiply(a, b).dtype == rotations.normalize(a).dtype == np.float32
    assert rotations.yaw(between) == pytest.approx(0.2, abs=1e-6)
