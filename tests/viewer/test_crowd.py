"""Where the envs of a crowd stand, what their colours tell, and which of them are shown."""

import numpy as np
import pytest
from memory_rollout import memory_rollout, still

from replay_viewer.replay.replay import with_robots
from replay_viewer.replay.world import world_of
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.rollout import Terrain
from replay_viewer.theme import OUTCOME_COLORS, SCALE, rgb_of, scale_colors
from replay_viewer.viewer.crowd import ByOutcome, ByReturn, CrowdState
from replay_viewer.viewer.crowd.coloring import EpisodeColumns
from replay_viewer.viewer.crowd.state import arrange, grid_places
from replay_viewer.viewer.panels.view import crowd_html
from replay_viewer.viewer.session import Session

FLAT = Terrain(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2]]))


def standing(num_envs, spacing=0.0, num_steps=10, **values):
    """Robots in a row, one reward of its env's number a step."""
    fields = still(num_steps, num_envs)
    fields["robot.base_pos"][..., 0] = spacing * np.arange(num_envs)
    fields["rew"] = np.tile(np.arange(float(num_envs)), (num_steps, 1))
    return fields | values


def session_of(values, **facts):
    return Session(world_of([with_robots(memory_rollout(values, **facts))]))


def crowd_of(values, **facts):
    """A crowd that is on."""
    session = session_of(values, **facts)
    state = CrowdState(session)
    state.toggle()
    return session, state


def arrangement_of(values, **facts):
    replay = with_robots(memory_rollout(values, **facts))
    return arrange(replay.rollout, replay.robots, range(replay.rollout.num_envs))


# -- where they stand ---------------------------------------------------------


def test_envs_that_were_recorded_apart_stand_where_they_were():
    found = arrangement_of(standing(5, spacing=3.0))
    assert not found.offsets.any()
    assert found.note == ""


def test_envs_of_one_place_are_laid_out_apart():
    found = arrangement_of(standing(9))
    distances = np.linalg.norm(found.offsets[:, None] - found.offsets[None], axis=-1)
    assert np.sort(distances, axis=1)[:, 1] == pytest.approx([2.0] * 9)
    assert found.note == "Envs share one origin: laid out 2 m apart."


def test_larger_robots_stand_farther_apart():
    values = standing(4) | still(10, 4, "box")
    values["box.base_pos"][..., 0] = 6.0
    entities = [EntitySpec("robot"), EntitySpec("box", kind="object", shape={"type": "sphere", "radius": 0.5})]
    assert "laid out 14 m apart" in arrangement_of(values, entities=entities).note


def test_origins_that_differ_are_kept_where_robots_crowd():
    origins = np.arange(12.0).reshape(4, 3)
    assert not arrangement_of(standing(4), env_origins=origins).offsets.any()
    assert arrangement_of(standing(4), env_origins=np.ones((4, 3))).offsets.any()


def test_on_a_terrain_nothing_is_moved():
    found = arrangement_of(standing(4), terrain=FLAT)
    assert not found.offsets.any()
    assert "terrain" in found.note


@pytest.mark.parametrize("count", [1, 2, 9, 10, 4096])
def test_grid_grows_around_its_first_place(count):
    places = grid_places(count)
    assert places.shape == (count, 3)
    assert len(np.unique(places, axis=0)) == count
    assert not places[0].any() and not places[:, 2].any()
    assert abs(places).max() <= np.sqrt(count) / 2 + 1


def test_env_that_is_watched_stays_where_it_is():
    session, state = crowd_of(standing(9))
    for env in (0, 7):
        session.select_env(env)
        assert not state.offsets[env].any()
        assert (state.offsets[3] - state.offsets[5]).tolist() == pytest.approx(
            (state.arrangement.offsets[3] - state.arrangement.offsets[5]).tolist()
        )


# -- which are shown ----------------------------------------------------------


def test_others_are_all_but_the_one_watched():
    session, state = crowd_of(standing(4))
    assert state.others.tolist() == [1, 2, 3]
    session.select_env(2)
    assert state.others.tolist() == [0, 1, 3]


def test_recording_of_one_env_has_no_crowd_and_says_so():
    _, state = crowd_of(standing(1))
    assert not state.is_on and not state.is_possible
    panel = crowd_html(state, 0)
    assert "This recording has one env." in panel and "env_ids=" in panel
    assert 'aria-checked="false" disabled' in panel


def test_more_envs_than_are_drawn_are_told_of():
    session, state = crowd_of(standing(5000, spacing=1.0, num_steps=1))
    assert len(state.others) == 4095
    assert state.note == "The first 4096 of 5000 envs are shown."
    session.select_env(4999)
    assert len(state.others) == 4096 and not state.offsets.any()


# -- what their colours tell --------------------------------------------------


def episodes_of(env, *ends, **facts):
    """Episodes of an env that end at these steps, the last one with the recording."""
    starts = [0, *(end + 1 for end in ends[:-1])]
    return [
        Episode(env, index, start, end, **{"outcome": "terminated", **facts})
        for index, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def colored(kind, values, **facts):
    session, state = crowd_of(values, **facts)
    state.set_color_by(kind)
    return session, state


def test_outcomes_have_the_colours_of_the_timeline():
    episodes = {1: episodes_of(1, 3, 9), 2: episodes_of(2, 9, outcome="truncated", success=True)}
    _, state = colored("outcome", standing(3, 3.0), episodes=episodes)
    coloring = state.coloring
    assert isinstance(coloring, ByOutcome)
    expected = [rgb_of(OUTCOME_COLORS[kind]) for kind in ("unfinished", "terminated", "success")]
    assert coloring.colors == pytest.approx(np.array(expected))
    assert sorted((text, number) for text, _, number in coloring.counts) == [
        ("success", 1),
        ("terminated", 1),
        ("unfinished", 1),
    ]


def test_colours_follow_the_episodes_and_stay_the_same_within_them():
    later = episodes_of(1, 3, 9)
    later[1] = Episode(1, 1, 4, 9, "truncated")
    session, state = colored("outcome", standing(2, 3.0), episodes={1: later})
    seen = []
    for step in range(10):
        session.seek(step)
        seen.append(state.coloring)
    assert all(coloring is seen[0] for coloring in seen[:4])
    assert all(coloring is seen[4] for coloring in seen[4:])
    assert seen[0].colors[1] != pytest.approx(seen[4].colors[1])


def test_returns_are_those_of_whole_episodes():
    episodes = {3: episodes_of(3, 3, 9)}
    session, state = colored("return", standing(4, 3.0), episodes=episodes)
    assert isinstance(state.coloring, ByReturn)
    assert state.coloring.returns.tolist() == [0, 10, 20, 12]
    assert (state.coloring.low, state.coloring.high) == (0, 20)
    session.seek(5)
    assert isinstance(state.coloring, ByReturn)
    assert state.coloring.returns.tolist() == [0, 10, 20, 18]
    assert state.coloring.colors[[0, 2]] == pytest.approx(np.array([rgb_of(SCALE[0]), rgb_of(SCALE[-1])]))


def test_nan_is_left_out_of_returns():
    values = standing(2, 3.0)
    values["rew"][4, 1] = np.nan
    _, state = colored("return", values)
    assert isinstance(state.coloring, ByReturn)
    assert state.coloring.returns.tolist() == [0, 9]


def test_returns_are_of_the_agent_that_is_shown():
    values = standing(2, 3.0)
    values["rew"] = np.stack([values["rew"], 10 * values["rew"]], axis=-1)
    session, state = colored("return", values)
    assert isinstance(state.coloring, ByReturn)
    assert state.coloring.returns.tolist() == [0, 110]
    session.select_agent(1)
    assert isinstance(state.coloring, ByReturn)
    assert state.coloring.returns.tolist() == [0, 100]


def test_a_few_envs_far_off_do_not_take_the_whole_scale():
    values = standing(200, 3.0)
    values["rew"][:, 7] = -1e6
    _, state = colored("return", values)
    assert isinstance(state.coloring, ByReturn)
    assert state.coloring.low > -100
    assert "\u2264 " in crowd_html(state, 0) and "\u2265 " in crowd_html(state, 0)


def test_without_rewards_there_is_no_return_to_show():
    values = standing(2, 3.0)
    del values["rew"]
    _, state = colored("return", values)
    assert state.color_kinds == ("robot", "outcome")
    assert state.color_by == "robot" and state.coloring is None


@pytest.mark.parametrize("kind", ["colour", None, 3, ["outcome"], {"a": 1}])
def test_what_is_no_colouring_is_ignored(kind):
    _, state = colored(kind, standing(2, 3.0))
    assert state.color_by == "robot"


def test_table_finds_every_envs_episode():
    rng = np.random.default_rng(0)
    episodes = {}
    for env in range(20):
        ends = np.unique(np.append(rng.choice(99, rng.integers(0, 9), replace=False), 99)).tolist()
        episodes[env] = episodes_of(env, *ends)
    rollout = memory_rollout(standing(20, num_steps=100), episodes=episodes)
    table = EpisodeColumns(rollout, range(20))
    first = np.cumsum([0, *(len(episodes[env]) for env in range(19))])
    for step in (0, 17, 50, 98, 99):
        expected = [rollout.episode_at(env, step).index for env in range(20)]
        assert (table.at(step) - first).tolist() == expected


def test_scale_has_its_stops_and_ends():
    assert scale_colors(np.array([-1.0, 0, 0.5, 1, 2])) == pytest.approx(
        np.array([rgb_of(SCALE[index]) for index in (0, 0, 2, 4, 4)])
    )
