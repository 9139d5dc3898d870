from replay_viewer.rollout.episodes import (
    Episode,
    next_episode_end,
    next_episode_start,
    previous_episode_end,
    previous_episode_start,
)

EPISODES = [
    Episode(0, 0, 0, 99, "truncated", "recorded"),
    Episode(0, 1, 100, 299, "terminated", "recorded"),
    Episode(0, 2, 300, 499, "unfinished"),
]


def test_next_goes_to_the_next_first_step():
    assert next_episode_start(EPISODES, 0) == 100
    assert next_episode_start(EPISODES, 99) == 100
    assert next_episode_start(EPISODES, 100) == 300


def test_next_stays_in_the_last_episode():
    assert next_episode_start(EPISODES, 400) == 400


def test_previous_goes_to_the_start_of_an_episode_well_under_way():
    assert previous_episode_start(EPISODES, 251, grace_steps=50) == 100


def test_previous_goes_one_further_near_a_start():
    assert previous_episode_start(EPISODES, 150, grace_steps=50) == 0
    assert previous_episode_start(EPISODES, 151, grace_steps=50) == 100


def test_previous_in_the_first_episode_goes_to_its_start():
    assert previous_episode_start(EPISODES, 3, grace_steps=50) == 0


def test_ends_are_those_of_episodes_that_ended():
    assert next_episode_end(EPISODES, 0) == 99
    assert next_episode_end(EPISODES, 99) == 299
    assert next_episode_end(EPISODES, 299) == 299
    assert previous_episode_end(EPISODES, 400) == 299
    assert previous_episode_end(EPISODES, 299) == 99
    assert previous_episode_end(EPISODES, 50) == 50
