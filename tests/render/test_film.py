"""The plan of a film: which episodes and steps it shows, and which moment each of its video frames is."""

from __future__ import annotations

import math
from typing import Any

import pytest
from memory_rollout import memory_rollout, still

from replay_viewer.errors import BadArgument, UnknownName
from replay_viewer.render.film import Film, Moment, Title
from replay_viewer.render.selection import NothingSelected, Selection, Shot, shots_of
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.rollout import Rollout

EPISODES = {
    0: [Episode(0, 0, 0, 39, "terminated", success=False), Episode(0, 1, 40, 99, "unfinished")],
    1: [Episode(1, 0, 0, 99, "truncated", success=True)],
    2: [
        Episode(2, 0, 0, 9, "aborted"),
        Episode(2, 1, 10, 69, "terminated"),
        Episode(2, 2, 70, 99, "unfinished"),
    ],
}


def rollout(**facts: Any) -> Rollout:
    """100 steps of three envs with ids 10, 11 and 30."""
    return memory_rollout(still(100, 3), **{"env_ids": (10, 11, 30), "episodes": EPISODES, **facts})


def picked(**choice: Any) -> list[tuple[int, int]]:
    """Env and index of the episodes that a selection means."""
    shots = shots_of(rollout(), Selection(**choice))
    return [(shot.episode.env_index, shot.episode.index) for shot in shots if shot.episode is not None]


def test_nothing_chosen_is_the_first_env_from_beginning_to_end() -> None:
    assert picked() == [(0, 0), (0, 1)]


def test_an_env_is_chosen_by_the_simulators_id() -> None:
    assert picked(env=30) == [(2, 0), (2, 1), (2, 2)]
    with pytest.raises(UnknownName, match=r"env 2 is not in the recording\. Known envs: 10, 11, 30"):
        picked(env=2)


@pytest.mark.parametrize(
    ("episodes", "expected"),
    [
        ("0:2,4", [(0, 0), (0, 1), (2, 1)]),
        ("4:", [(2, 1), (2, 2)]),
        (":", [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (2, 2)]),
        ("-1", [(2, 2)]),
        ("3,0:2,0", [(2, 0), (0, 0), (0, 1)]),
        (range(2, 100), [(1, 0), (2, 0), (2, 1), (2, 2)]),
        ([slice(1), 5], [(0, 0), (2, 2)]),
        (2, [(1, 0)]),
    ],
)
def test_episodes_are_counted_over_the_whole_recording(episodes: Any, expected: list[tuple[int, int]]) -> None:
    assert picked(episodes=episodes) == expected


def test_episodes_of_an_env_are_counted_within_it() -> None:
    assert picked(env=30, episodes="1:") == [(2, 1), (2, 2)]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("terminated", [(0, 0), (2, 1)]),
        ("truncated", [(1, 0)]),
        ("success", [(1, 0)]),
        ("failure", [(0, 0)]),
    ],
)
def test_where_finds_episodes_in_any_env(where: str, expected: list[tuple[int, int]]) -> None:
    assert picked(where=where) == expected


def test_first_the_numbers_then_the_outcome_then_how_many() -> None:
    assert picked(episodes="1:", where="terminated") == [(2, 1)]
    assert picked(where="terminated", num_episodes=1) == [(0, 0)]

    assert picked(num_episodes=3) == [(0, 0), (0, 1), (1, 0)]
    assert picked(num_episodes=9, env=11) == [(1, 0)]


def test_episodes_are_picked_by_how_they_went_of_those_that_are_left() -> None:
    assert picked(episodes="worst:9") == [(0, 0), (2, 1), (1, 0)]
    assert picked(episodes="best:1") == [(1, 0)]
    assert picked(episodes="worst:1", where="not terminated") == [(1, 0)]


def test_an_empty_selection_says_what_there_is() -> None:
    with pytest.raises(NothingSelected) as empty:
        picked(env=30, where="success")
    assert str(empty.value) == (
        "No episode is left by --where success. There are 3: 1 aborted, 1 terminated, 1 unfinished; "
        "of none it is known whether it succeeded."
    )
    with pytest.raises(
        NothingSelected, match=r"--episodes 3:1\. There are 6: 2 terminated, .*, 1 failure, 1 success\."
    ):
        picked(episodes="3:1")


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"episodes": "6"}, "--episodes 6: there are episodes 0 to 5"),
        ({"env": 11, "episodes": [1]}, "--episodes 1: there are episodes 0 to 0"),
        ({"episodes": "a"}, "--episodes a: expected numbers and ranges such as 0:5,7"),
        ({"episodes": "1:2:3"}, "expected numbers"),
        ({"episodes": ""}, "expected numbers"),
        ({"episodes": range(0, 6, 2)}, "without a stride"),
        ({"num_episodes": 0}, "--num-episodes 0: expected 1 or more"),
        ({"where": "fell"}, "--where column 1: no episode here has 'fell'"),
        ({"where": "(truncated"}, "--where column 11: expected \\), found the end"),
        ({"steps": "200:"}, "--steps 200:: there are steps 0 to 99"),
        ({"steps": "5"}, "--steps 5: expected one range"),
        ({"steps": "5:9", "episodes": "1"}, "--steps 5:9: leave out --episodes, or this"),
        ({"step": 5, "where": "success"}, "--step 5: leave out --where, or this"),
        ({"step": 100}, "--step 100: there are steps 0 to 99"),
        ({"envs": "9"}, "env 9 is not in the recording. Known envs: 10, 11, 30"),
        ({"envs": "0:10"}, "Known envs: 10, 11, 30"),
    ],
)
def test_a_bad_choice_is_one_clear_error(choice: dict[str, Any], message: str) -> None:
    with pytest.raises((BadArgument, UnknownName), match=message):
        shots_of(rollout(), Selection(**choice))


def test_steps_are_positions_in_the_recording() -> None:
    assert shots_of(rollout(), Selection(env=30, steps="60:80")) == [Shot((2,), range(60, 80))]
    assert shots_of(rollout(), Selection(steps=range(90, 300))) == [Shot((0,), range(90, 100))]
    assert shots_of(rollout(), Selection(step=7)) == [Shot((0,), range(7, 8))]


def test_envs_in_one_picture_play_on_without_a_cut() -> None:
    assert shots_of(rollout(), Selection(envs="all")) == [Shot((0, 1, 2), range(100))]
    assert shots_of(rollout(), Selection(envs="11:31")) == [Shot((1, 2), range(100))]
    assert shots_of(rollout(), Selection(envs="all", env=30)) == [Shot((2, 0, 1), range(100))]


def test_the_leading_env_of_a_crowd_gives_the_episodes() -> None:
    shots = shots_of(rollout(), Selection(envs="all", env=30, where="terminated"))
    assert shots == [Shot((2, 0, 1), range(10, 70), EPISODES[2][1])]


def film_of(*episodes: Episode, fps: float = 30, speed: float = 1, **facts: Any) -> Film:
    shots = [Shot((e.env_index,), range(e.first_step, e.last_step + 1), e) for e in episodes]
    return Film(rollout(**facts), shots, fps, speed)


@pytest.mark.parametrize("fps", [24, 25, 29.97, 30, 50, 60, 144])
@pytest.mark.parametrize("speed", [0.25, 1.0, 3.0])
@pytest.mark.parametrize("control_dt", [0.005, 0.02, 1 / 60, 0.1])
def test_video_frame_k_shows_time_k_over_fps(fps: float, speed: float, control_dt: float) -> None:
    film = film_of(EPISODES[0][1], fps=fps, speed=speed, control_dt=control_dt)
    moments = list(film)
    assert len(moments) == film.num_frames
    assert isinstance(moments[-1], Moment)
    for k, moment in enumerate(moments):
        assert isinstance(moment, Moment)
        assert moment.position == pytest.approx(40 + k / fps * speed / control_dt, abs=1e-6)
        assert moment.seconds == pytest.approx(k / fps * speed, abs=1e-6)
        assert moment.episode == EPISODES[0][1]
    # 60 steps last 60 control_dt, to within a video frame, and no frame shows the time after them.
    lasts = 60 * control_dt / speed
    assert lasts - 1e-6 / fps <= film.duration < lasts + 1 / fps
    assert math.floor(moments[-1].position) <= 99


def test_a_frame_at_a_steps_own_time_shows_that_step() -> None:
    film = film_of(EPISODES[1][0], fps=30, control_dt=0.02)
    positions = [moment.position for moment in film if isinstance(moment, Moment)]
    assert positions[::3] == list(range(0, 100, 5))


def test_an_episode_shorter_than_a_video_frame_is_seen() -> None:
    assert film_of(EPISODES[2][0], fps=1, control_dt=0.01).num_frames == 1


def test_one_episode_has_no_title() -> None:
    film = film_of(EPISODES[1][0])
    assert film.num_frames == 60
    assert all(isinstance(moment, Moment) for moment in film)


def test_each_of_several_episodes_has_its_title_before_it() -> None:
    film = film_of(EPISODES[0][0], EPISODES[1][0])
    assert film.num_frames == 36 + 24 + 36 + 60
    shown = list(film)
    assert shown[:36] == [Title(EPISODES[0][0], (0,))] * 36
    assert shown[60:96] == [Title(EPISODES[1][0], (1,))] * 36
    assert shown[36] == Moment(0.0, (0,), EPISODES[0][0], 0.0)
    assert shown[96] == Moment(0.0, (1,), EPISODES[1][0], 0.0)


def test_a_run_of_steps_tells_the_episode_of_each() -> None:
    film = Film(rollout(), shots_of(rollout(), Selection(steps="30:50")), fps=50)
    assert film.num_frames == 20
    told = [(m.episode.index, round(m.seconds, 6)) for m in film if isinstance(m, Moment)]
    assert told[9:11] == [(0, 0.78), (1, 0.0)]


@pytest.mark.parametrize("bad", [{"fps": 0}, {"fps": 1e6}, {"fps": math.nan}, {"speed": -1}, {"speed": math.inf}])
def test_a_rate_that_is_none_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(BadArgument, match=r"expected a (positive )?number"):
        film_of(EPISODES[1][0], **bad)


def test_a_film_longer_than_a_day_is_refused() -> None:
    with pytest.raises(BadArgument, match=r"100 steps of 1e\+09 s would last 2.778e\+07 hours"):
        film_of(EPISODES[1][0], control_dt=1e9)
