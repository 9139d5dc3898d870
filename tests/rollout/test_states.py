import numpy as np
import pytest
from memory_rollout import memory_rollout, still, windows

from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.states import FiniteStates

NAN = np.nan


def walking(num_steps=10, num_envs=1, **replaced):
    """The base's x and the knee's angle are the step plus 100 per env; some values can be replaced."""
    steps = np.arange(float(num_steps))[:, None] + 100 * np.arange(num_envs)
    values = still(num_steps, num_envs) | {"robot.joint_pos": np.stack([steps, -steps], axis=-1)}
    values["robot.base_pos"][..., 0] = steps
    for field, changes in replaced.items():
        for where, value in changes:
            values[f"robot.{field}"][where] = value
    return memory_rollout(values, entities=[EntitySpec("robot", joint_names=("knee", "hip"))])


def read(rollout, field, steps, envs=(0,)):
    return FiniteStates(rollout).read(f"robot.{field}", steps, envs)


def test_finite_states_are_read_as_they_are():
    values, held = read(walking(), "joint_pos", slice(2, 5))
    assert values[:, 0].tolist() == [[2, -2], [3, -3], [4, -4]]
    assert values.dtype == np.float32
    assert not held.any()


@pytest.mark.parametrize("bad", [NAN, np.inf, -np.inf, 1e300, 1e30, -1e9])
def test_last_finite_position_stands_in(bad):
    rollout = walking(base_pos=[((slice(3, 5), 0), bad)])
    values, held = read(rollout, "base_pos", slice(0, 7))
    assert values[:, 0, 0].tolist() == [0, 1, 2, 2, 2, 5, 6]
    assert held[:, 0].tolist() == [False, False, False, True, True, False, False]


def test_one_broken_joint_does_not_freeze_the_others():
    values, held = read(walking(joint_pos=[((slice(2, None), 0, 0), NAN)]), "joint_pos", slice(0, 5))
    assert values[:, 0].tolist() == [[0, 0], [1, -1], [1, -2], [1, -3], [1, -4]]
    assert held[:, 0].tolist() == [False, False, True, True, True]


def test_rotation_is_held_as_a_whole():
    turned = [0.6, 0.8, 0, 0]
    rollout = walking(
        base_wxyz=[((1, 0), turned), ((2, 0), [NAN, 0, 0, 1]), ((3, 0), [0, 0, 0, 0]), ((4, 0), [0, 0, 1e30, 0])]
    )
    values, held = read(rollout, "base_wxyz", slice(0, 5))
    assert values[1:, 0] == pytest.approx(np.tile(turned, (4, 1)))
    assert held[:, 0].tolist() == [False, False, True, True, True]


def test_rotations_are_brought_to_unit_length():
    values, held = read(walking(base_wxyz=[((1, 0), [3.0, 4.0, 0, 0])]), "base_wxyz", slice(0, 2))
    assert values[1, 0] == pytest.approx([0.6, 0.8, 0, 0])
    assert not held.any()


def test_before_the_first_finite_value_stands_the_origin():
    everything = [((slice(0, 3), 0), NAN)]
    rollout = walking(base_pos=everything, base_wxyz=everything, joint_pos=everything)
    assert read(rollout, "base_pos", slice(0, 4))[0][:, 0, 0].tolist() == [0, 0, 0, 3]
    assert read(rollout, "base_wxyz", slice(0, 3))[0][:, 0].tolist() == [[1, 0, 0, 0]] * 3
    assert read(rollout, "joint_pos", slice(0, 3))[0].tolist() == [[[0, 0]]] * 3


def test_finite_value_is_found_far_before_the_window():
    rollout = walking(num_steps=5000, num_envs=2, base_pos=[((slice(7, None), 1), NAN)])
    values, held = read(rollout, "base_pos", slice(4990, 4995), envs=(0, 1))
    assert values[..., 0].tolist() == [[4990 + k, 106] for k in range(5)]
    assert held.tolist() == [[False, True]] * 5
    assert max(steps for _, steps in windows(rollout)) <= 1024


def test_playing_on_looks_back_no_further_than_it_played():
    rollout = walking(num_steps=5000, joint_pos=[((slice(None), 0, 0), NAN)])
    states = FiniteStates(rollout)
    states.read("robot.joint_pos", slice(4000, 4064), (0,))
    before = len(windows(rollout))
    values, _ = states.read("robot.joint_pos", slice(4064, 4128), (0,))
    assert values[0, 0].tolist() == [0, -4064]
    assert [steps for _, steps in windows(rollout)[before:]] == [64, 64]


def test_jumping_back_forgets_what_came_later():
    rollout = walking(num_steps=100, base_pos=[((10, 0), NAN), ((50, 0), NAN)])
    states = FiniteStates(rollout)
    assert states.read("robot.base_pos", slice(50, 51), (0,))[0][0, 0, 0] == 49
    assert states.read("robot.base_pos", slice(10, 11), (0,))[0][0, 0, 0] == 9
    assert states.read("robot.base_pos", slice(50, 51), (0,))[0][0, 0, 0] == 49
