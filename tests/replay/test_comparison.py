"""What of several recordings is shown at the same time, and what becomes of it when takes come, lead and go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from memory_rollout import memory_rollout, still
from test_world import places, walking

from replay_viewer.episodes.annotations import annotate
from replay_viewer.errors import BadArgument, UnknownName
from replay_viewer.paths import asset
from replay_viewer.replay.comparison import Comparison
from replay_viewer.replay.replay import open_replay, with_robots
from replay_viewer.replay.take import Take
from replay_viewer.replay.world import MOST_TAKES, World, world_of
from replay_viewer.rollout.episodes import Episode
from replay_viewer.theme import TAKE_COLORS, rgb_bytes


def positions(world: World, position: float) -> list[float]:
    return [round(world.position_of(take, position), 6) for take in world.takes]


def falling(num_steps: int, fall: int, control_dt: float = 0.02) -> Take:
    """An episode that ends at a step, and another one behind it."""
    episodes = {0: [Episode(0, 0, 0, fall, "terminated"), Episode(0, 1, fall + 1, num_steps - 1, "unfinished")]}
    return Take(walking(num_steps, control_dt, episodes=episodes))


def test_ends_of_episodes_are_shown_at_the_same_time_whatever_their_time_steps() -> None:
    world = Comparison(alignment="end").of(world_of([falling(200, 100), falling(900, 700, 0.005), falling(200, 40)]))
    assert positions(world, 100) == [100, 700, 40]
    assert positions(world, 90) == [90, 660, 30]
    assert positions(world, 50) == [50, 500, 0] and world.notes(50)[2] == "waits at its start"


def test_bookmarks_are_those_beside_recordings_and_of_takes(tmp_path: Path) -> None:
    for name in ("a.rec", "b.rec"):
        (tmp_path / name).write_bytes(asset("walk.rec").read_bytes())
    annotate(tmp_path / "a.rec", 3, 0, step=25, text="of another env")
    annotate(tmp_path / "a.rec", 0, 0, step=31, text="slips")
    annotate(tmp_path / "b.rec", 0, 0, step=90, flag="bad")
    first, second = (open_replay(tmp_path / name) for name in ("a.rec", "b.rec"))
    world = Comparison(alignment="mark", delays=[0.2]).of(world_of([first, second, Take(second, 1, mark=7)]))
    assert positions(world, 31) == [31, 80, 7]
    with pytest.raises(BadArgument, match="a has no bookmark: note one"):
        Comparison(alignment="mark").of(world_of([second, Take(first, 1)]))
    with pytest.raises(BadArgument, match="mark 700"):
        Take(walking(10), mark=700)


@pytest.mark.parametrize(("delays", "problem"), [([0.1, 0.2], "are 2, and 1 recordings"), ([np.nan], "delay")])
def test_delays_that_fit_no_recording_are_refused(delays: list[float], problem: str) -> None:
    with pytest.raises(BadArgument, match=problem):
        Comparison(delays=delays).of(world_of([walking(5), walking(5)]))


def test_the_time_line_of_a_take_is_where_its_steps_stand_among_the_leads() -> None:
    lead, other = Take(walking(101), start=10), Take(walking(401, 0.005), start=40, delay=0.1)
    for alignment in ("start", "recording"):
        world = world_of([lead, other]).with_alignment(alignment)
        zero, steps = world.time_line(world.others[0])
        for step in (40, 123, 200):
            assert world.position_of(world.others[0], zero + step * steps) == pytest.approx(step)
        assert world.time_line(world.lead) == (0, 1)


def test_another_lead_changes_nothing_of_what_is_shown_together() -> None:
    takes = [Take(walking(101), start=3), Take(walking(401, 0.005), delay=0.3), Take(walking(101), delay=-0.5)]
    world = world_of(takes)
    before = positions(world, 40)
    led = world.led_by(world.others[0].key)
    assert positions(led, before[1]) == [before[1], before[0], before[2]]
    assert led.lead.tint is None and [take.tint for take in led.others] == [take.tint for take in world.others]
    back = led.led_by(led.others[0].key)
    assert positions(back, 40) == before and back.takes == world.takes


def test_takes_are_added_and_removed_and_keep_colours_and_delays() -> None:
    world = Comparison("side", "recording", [0.5]).of(world_of([walking(9), walking(9), walking(9)]))
    first, second = world.others
    left = world.without(first.key)
    assert (left.mode, left.alignment) == ("side", "recording")
    assert [take.tint for take in left.others] == [second.tint]
    more = left.with_others([Take(walking(9)), Take(walking(9))])
    assert [take.tint for take in more.others] == [second.tint, first.tint, rgb_bytes(TAKE_COLORS[2])]
    assert [take.key for take in more.takes] == ["", second.key, "take2", "take4"]
    with pytest.raises(BadArgument, match=f"one scene shows 1 to {MOST_TAKES}"):
        more.with_others([Take(walking(9))] * 5)
    for change in (world.without, world.led_by):
        with pytest.raises(UnknownName, match="take 'nobody' is not in this scene"):
            change("nobody")


def test_without_the_lead_the_next_one_leads() -> None:
    world = world_of([walking(9), Take(walking(20, 0.005), delay=0.1), walking(30)])
    assert [take.replay.rollout.num_steps for take in world.without("").takes] == [20, 30]
    with pytest.raises(UnknownName):
        world_of([walking(5)]).without("")


def test_a_delay_is_set_of_one_take_alone() -> None:
    world = world_of([walking(101), walking(101), walking(101)])
    assert positions(world.with_delay(world.others[1].key, 0.4), 50) == [50, 50, 30]


def test_a_take_of_an_episode_tells_its_number() -> None:
    replay = falling(50, 20).replay
    assert (Take.of_episode(replay, 0, 1).episode_number, Take(replay).episode_number) == (1, None)


def test_a_world_with_other_poses_than_numbers_is_aligned_as_well() -> None:
    values = still(10, 1)
    values["robot.base_pos"][3:] = np.nan
    world = Comparison(alignment="end").of(world_of([walking(40), with_robots(memory_rollout(values))]))
    assert positions(world, 39) == [39, 9] and np.isfinite(places(world, 39)).all()
