"""The viewer's state without a viewer: what a user's actions and passing time do to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from memory_rollout import memory_rollout, still

from replay_viewer.errors import UnknownName
from replay_viewer.paths import asset
from replay_viewer.replay.replay import open_replay, with_robots
from replay_viewer.replay.world import world_of
from replay_viewer.rollout.episodes import Episode
from replay_viewer.viewer.session import Session


@pytest.fixture
def session() -> Session:
    """The demo, at its first env, whose first episode ends by a fall."""
    return Session(world_of([open_replay(asset("walk.rec"))]))


def test_time_stands_still_while_anyone_holds_the_timeline(session: Session) -> None:
    session.player.play()
    session.begin_scrub(1)
    session.begin_scrub(2)
    session.end_scrub(1)
    session.tick(0.1)
    assert session.player.position == 0
    session.end_scrub(2)
    session.tick(0.1)
    assert session.player.position == pytest.approx(5)


def test_a_browser_that_never_held_it_lets_go_of_nothing(session: Session) -> None:
    session.end_scrub(7)
    assert not session.animating


def test_the_looped_window_is_the_episode_of_the_step_shown(session: Session) -> None:
    first, second = session.replay.rollout.episodes(0)[:2]
    assert session.player.window == (0, first.last_step)
    session.seek(first.last_step + 31)
    assert session.player.window == (second.first_step, second.last_step)
    session.select_env(2)
    there = session.replay.rollout.episode_at(2, first.last_step + 31)
    assert session.player.window == (there.first_step, there.last_step)


def test_the_next_end_is_shown_paused(session: Session) -> None:
    session.player.play()
    session.go_to_next_end()
    assert (session.player.step, session.player.playing) == (session.replay.rollout.episodes(0)[0].last_step, False)
    assert session.episode.outcome == "terminated"


def test_selecting_an_env_keeps_the_step(session: Session) -> None:
    session.seek(123)
    session.select_env(3)
    assert (session.env_index, session.player.step) == (3, 123)


def test_an_unknown_env_episode_or_agent_is_refused_and_changes_nothing(session: Session) -> None:
    for action in (
        lambda: session.select_env(9),
        lambda: session.select_episode(99),
        lambda: session.select_agent(0),
    ):
        with pytest.raises(UnknownName):
            action()
    assert (session.env_index, session.player.step, session.agent) == (0, 0, None)


def test_loops_come_round(session: Session) -> None:
    seen = []
    for _ in range(3):
        session.next_loop()
        seen.append(session.player.loop)
    assert seen == ["episode", "rollout", "off"]


def test_rewards_are_those_of_the_step_and_env_shown(session: Session) -> None:
    rollout = session.replay.rollout
    session.select_env(1)
    session.seek(42)
    assert session.rewards.total == pytest.approx(float(rollout.read("rew", slice(42, 43), [1])[0, 0]))


def test_what_stands_in_for_a_pose_is_said_at_its_step_only() -> None:
    values = still(10, 2)
    values["robot.base_pos"][6, 0] = np.nan
    episodes = {0: [Episode(0, 0, 0, 3, "terminated", "lost"), Episode(0, 1, 4, 9, "unfinished")]}
    session = Session(world_of([with_robots(memory_rollout(values, episodes=episodes))]))
    said = []
    for step in range(10):
        session.seek(step)
        said.append(session.stand_in)
    assert "terminal state lost" in said.pop(3)
    assert "no number" in said.pop(5)
    session.select_env(1)
    session.seek(3)
    assert [*said, session.stand_in] == [""] * 9


def test_the_demo_is_where_the_wheel_and_the_repository_have_it() -> None:
    assert Path(asset("walk.rec")).stat().st_size < 3_000_000


def test_a_trot_does_not_shake_what_cameras_look_at(session: Session) -> None:
    aims, bases = [], []
    for step in range(50, 150):
        session.seek(step)
        aims.append(session.aim.position)
        bases.append(session.frame.entities["robot"].base_pos[0])
    shakes = [np.abs(np.diff(path, n=3, axis=0)).max() for path in (np.stack(aims), np.stack(bases))]
    assert shakes[0] < shakes[1] / 5
    np.testing.assert_allclose(aims, bases, atol=0.08)


@pytest.fixture
def plain() -> Session:
    """Two episodes of 50 steps at 50 Hz."""
    episodes = {0: [Episode(0, 0, 0, 49, "truncated"), Episode(0, 1, 50, 99, "unfinished")]}
    return Session(world_of([with_robots(memory_rollout(still(100, 1), episodes=episodes))]))


def test_a_and_b_are_put_on_the_step_shown(plain: Session) -> None:
    plain.seek(60)
    plain.select_from_here()
    assert plain.player.selection == (60, 99)
    plain.seek(80)
    plain.select_to_here()
    assert plain.player.selection == (60, 80)
    plain.seek(90)
    plain.select_from_here()
    assert plain.player.selection == (90, 99)
    plain.seek(70)
    plain.select_to_here()
    assert plain.player.selection == (50, 70)


def test_steps_are_selected_in_any_order_and_within_the_recording(plain: Session) -> None:
    plain.select_steps(1e9, 70.4)
    assert plain.player.selection == (70, 99)


def test_the_loop_of_a_selection_is_offered_only_where_there_is_one(plain: Session) -> None:
    def round_of_loops() -> list[str]:
        loops = []
        for _ in range(4):
            plain.next_loop()
            loops.append(plain.player.loop)
        return loops

    assert round_of_loops() == ["episode", "rollout", "off", "episode"]
    plain.select_steps(10, 20)
    assert round_of_loops() == ["off", "episode", "rollout", "selection"]


def test_a_loop_of_what_nobody_has_selected_is_made_around_the_step_shown(plain: Session) -> None:
    plain.seek(40)
    plain.set_loop("selection")
    assert plain.player.selection == (15, 65)
