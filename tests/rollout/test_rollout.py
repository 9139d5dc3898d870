import numpy as np
import pytest
from memory_rollout import memory_rollout, still

from replay_viewer.errors import BadField, UnknownName
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode

LOST = [Episode(0, 0, 0, 3, "terminated", "lost"), Episode(0, 1, 4, 9, "unfinished")]
TABLE = [Episode(0, 0, 0, 3, "terminated", "captured", terminal_row=1), Episode(0, 1, 4, 9, "unfinished")]
RECORDED = [Episode(0, 0, 0, 3, "terminated", "recorded"), Episode(0, 1, 4, 9, "unfinished")]


def counting(num_envs=1, **facts):
    """Ten steps in which the base's x is the step, plus 100 per env."""
    values = still(10, num_envs)
    values["robot.base_pos"][..., 0] = np.arange(10.0)[:, None] + 100 * np.arange(num_envs)
    return memory_rollout(values, **facts)


def shown_x(rollout, steps=slice(None), envs=(0,)):
    return rollout.read_shown("robot.base_pos", steps, envs)[..., 0]


def test_read_is_what_was_recorded():
    rollout = counting(num_envs=3, episodes={0: LOST})
    assert rollout.read("robot.base_pos", slice(2, 5), [2, 0])[..., 0].tolist() == [[202, 2], [203, 3], [204, 4]]
    values = np.zeros((3, 2, 3), np.int64)
    rollout.read_into(values, "robot.base_pos", slice(2, 5), [2, 0])
    assert values[..., 0].tolist() == [[202, 2], [203, 3], [204, 4]]


def test_read_of_all_envs_and_with_a_stride():
    assert counting(num_envs=2).read("robot.base_pos", slice(0, 10, 4))[..., 0].tolist() == [
        [0, 100],
        [4, 104],
        [8, 108],
    ]


def test_unknown_field_lists_those_there_are():
    with pytest.raises(UnknownName, match=r"robot\.base_pos, robot\.base_wxyz"):
        counting().read("robot.base_vel")


def test_lost_terminal_state_is_replaced_by_the_step_before():
    assert shown_x(counting(episodes={0: LOST})).ravel().tolist() == [0, 1, 2, 2, 4, 5, 6, 7, 8, 9]


def test_lost_episode_of_one_step_shows_the_reset_that_began_it_and_not_the_next():
    episodes = [
        Episode(0, 0, 0, 3, "terminated", "lost"),
        Episode(0, 1, 4, 4, "terminated", "lost"),
        Episode(0, 2, 5, 9, "unfinished"),
    ]
    assert shown_x(counting(episodes={0: episodes})).ravel().tolist() == [0, 1, 2, 2, 3, 5, 6, 7, 8, 9]


def test_lost_terminal_state_at_the_start_of_the_window_is_replaced_too():
    assert shown_x(counting(episodes={0: LOST}), slice(3, 5)).ravel().tolist() == [2, 4]


def test_only_the_lost_step_of_that_env_is_marked():
    lost = counting(num_envs=2, episodes={0: LOST}).terminal_lost(slice(2, 6), [1, 0])
    assert lost.tolist() == [[False, False], [False, True], [False, False], [False, False]]


def test_terminal_state_comes_from_the_table():
    terminals = {"robot.base_pos": np.array([[-1.0, 0, 0], [-2.0, 0, 0]])}
    rollout = counting(episodes={0: TABLE}, terminals=terminals)
    assert shown_x(rollout).ravel().tolist() == [0, 1, 2, -2, 4, 5, 6, 7, 8, 9]
    assert not rollout.terminal_lost(slice(None), [0]).any()


def test_recorded_terminal_state_is_shown_as_it_is():
    assert shown_x(counting(episodes={0: RECORDED})).ravel().tolist() == list(range(10))


def test_strided_window_without_the_end_shows_what_was_recorded():
    assert shown_x(counting(episodes={0: LOST}), slice(0, 10, 2)).ravel().tolist() == [0, 2, 4, 6, 8]


def test_read_shown_leaves_the_source_alone():
    rollout = counting(episodes={0: LOST})
    shown_x(rollout)
    assert rollout.read("robot.base_pos")[3, 0, 0] == 3


@pytest.mark.parametrize(("step", "index"), [(0, 0), (3, 0), (4, 1), (9, 1)])
def test_episode_at_contains_the_step(step, index):
    assert counting(episodes={0: LOST}).episode_at(0, step).index == index


def test_episode_ends_in_a_window_of_several_envs():
    second = [Episode(1, 0, 0, 6, "truncated", "recorded"), Episode(1, 1, 7, 9, "unfinished")]
    rollout = counting(num_envs=2, episodes={0: LOST, 1: second})
    found = rollout.episode_ends(slice(2, 8), [1, 0])
    assert [(row, column, e.env_index, e.last_step) for row, column, e in found] == [(1, 1, 0, 3), (4, 0, 1, 6)]


def test_env_id_is_the_simulators_index():
    rollout = counting(num_envs=3, env_ids=[7, 21, 4])
    assert rollout.env_index(21) == 1
    with pytest.raises(UnknownName, match="7, 21, 4"):
        rollout.env_index(1)


def test_robots_come_first():
    values = still(2, 1, "ball") | still(2, 1, "robot")
    rollout = memory_rollout(values, entities=[EntitySpec("ball", kind="object"), EntitySpec("robot")])
    assert list(rollout.entities) == ["robot", "ball"]
    assert [e.name for e in rollout.robots] == ["robot"]


def test_missing_base_is_refused():
    with pytest.raises(BadField, match=r"'robot\.base_pos' is not recorded"):
        memory_rollout(still(2, 1, "other"))


def test_joint_positions_must_fit_their_names():
    values = still(2, 1) | {"robot.joint_pos": np.zeros((2, 1, 3))}
    with pytest.raises(BadField, match=r"shape \(3,\) per env and step, expected \(2,\)"):
        memory_rollout(values, entities=[EntitySpec("robot", joint_names=("hip", "knee"))])


def test_reward_terms_must_fit_their_names():
    values = still(2, 1) | {"rew_terms": np.zeros((2, 1, 3))}
    with pytest.raises(BadField, match="rew_terms"):
        memory_rollout(values, reward_terms=["track"])


def test_every_env_needs_an_id():
    with pytest.raises(BadField, match="env_ids"):
        counting(num_envs=2, env_ids=[0])
