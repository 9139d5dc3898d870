"""Several recordings by the lead's time: where each is, where it waits, what it is called, and what is refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from memory_rollout import MemorySource, memory_rollout, still

from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.errors import BadArgument, ReplayError, UnknownName
from replay_viewer.paths import asset
from replay_viewer.replay.replay import Replay, open_replay, with_robots
from replay_viewer.replay.take import Take
from replay_viewer.replay.world import MOST_TAKES, World, open_world, world_of
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode


def walking(num_steps: int, control_dt: float = 0.02, *, num_envs: int = 1, **facts: Any) -> Replay:
    """A base at x = the time since the first step [s], in env k at y = k."""
    values = still(num_steps, num_envs)
    values["robot.base_pos"][..., 0] = control_dt * np.arange(num_steps)[:, None]
    values["robot.base_pos"][..., 1] = np.arange(num_envs)
    return with_robots(memory_rollout(values, control_dt=control_dt, **facts))


def append(writer: ContainerWriter, steps: range) -> None:
    """A base at x = the number of the step [m]."""
    for step in steps:
        pose = {"robot.base_pos": np.array([[step, 0.0, 0.0]]), "robot.base_wxyz": np.array([[1.0, 0.0, 0.0, 0.0]])}
        writer.append(step, 0.02 * step, pose)


def places(world: World, position: float) -> list[tuple[float, float]]:
    """x and y of everybody else."""
    bases = [frame.entities["robot"].base_pos[0] for frame in world.frames_beside(position)]
    return [(round(float(x), 6), float(y)) for x, y, _ in bases]


def test_others_show_the_same_time_whatever_their_time_step() -> None:
    world = world_of([walking(101), walking(401, 0.005), walking(68, 0.03)])
    for position in (0, 7, 33.5, 100):
        assert places(world, position) == [(round(0.02 * position, 6), 0)] * 2


def test_the_start_of_each_stands_where_the_lead_starts() -> None:
    lead, late = Take(walking(101), start=10), Take(walking(101), start=40)
    world = world_of([lead, late])
    assert [world.position_of(world.others[0], position) for position in (10, 12.5, 0)] == [40, 42.5, 30]


def test_whole_steps_stay_whole() -> None:
    world = world_of([walking(1000), walking(1000)])
    assert [world.position_of(world.others[0], step) for step in range(1000)] == list(range(1000))


def test_who_is_shorter_waits_at_its_end_and_before_its_start() -> None:
    world = world_of([Take(walking(101), start=50), walking(21), walking(400)])
    assert [world.position_of(world.others[0], p) for p in (0, 50, 70, 71, 100)] == [0, 0, 20, 20, 20]
    assert places(world, 100)[0] == (0.4, 0)


def test_whoever_waits_is_noted_and_the_last_step_lasts_as_long_as_any_other() -> None:
    world = world_of([Take(walking(101), start=50), walking(21), walking(400), walking(51, 0.01)])
    ended = "waits at its end"
    notes = {position: world.notes(position) for position in (40, 50, 70.5, 71, 75, 75.5, 100)}
    assert notes[40] == ("", *["waits at its start"] * 3)
    assert notes[50] == notes[70.5] == ("", "", "", "")
    assert notes[71] == notes[75] == ("", ended, "", "")
    assert notes[75.5] == notes[100] == ("", ended, "", ended)


def test_a_delay_is_seconds_of_each_take_s_own() -> None:
    world = world_of([walking(101), Take(walking(401, 0.005), delay=0.3), Take(walking(101), delay=-0.5)])
    assert [[world.position_of(take, p) for take in world.others] for p in (0, 15, 50)] == [[0, 25], [0, 40], [140, 75]]
    assert world.notes(14) == ("", "waits at its start", "")
    assert world.notes(76) == ("", "", "waits at its end")
    for delay in (np.nan, np.inf):
        with pytest.raises(BadArgument, match="delay"):
            Take(walking(5), delay=delay)


def test_by_the_recordings_own_time_starts_do_not_count_but_delays_do() -> None:
    late = Take(walking(401, 0.005), start=200, delay=0.1)
    world = world_of([Take(walking(101), start=40), late]).with_alignment("recording")
    assert [world.position_of(world.others[0], position) for position in (5, 40, 65)] == [0, 140, 240]
    assert world.position_of(world.lead, 7) == 7
    with pytest.raises(UnknownName, match=r"alignment 'wall' is not .* Known alignments: start, recording, end, mark"):
        world.with_alignment("wall")  # pyright: ignore[reportArgumentType]


def test_an_episode_stays_within_itself() -> None:
    episodes = {1: [Episode(1, 0, 0, 29, "terminated"), Episode(1, 1, 30, 99, "unfinished")]}
    replay = walking(100, num_envs=2, episodes=episodes)
    world = world_of([replay, Take.of_episode(replay, 1, 1), Take.of_episode(replay, 1, 0)])
    second, first = world.others
    assert [(world.position_of(second, p), world.position_of(first, p)) for p in (0, 29, 60)] == [
        (30, 0), (59, 29), (90, 29),
    ]  # fmt: skip
    assert places(world, 0) == [(0.6, 1), (0, 1)]


def test_another_env_of_the_lead_changes_nobody_else() -> None:
    replay = walking(100, num_envs=3)
    world = world_of([replay, Take(replay, 1)])
    other = world.with_env(2)
    assert other.lead.env_index == 2
    assert places(other, 10) == places(world, 10) == [(0.2, 1)]


def test_what_is_not_finite_is_stood_in_for() -> None:
    values = still(10, 1)
    values["robot.base_pos"][:, 0, 0] = np.arange(10)
    values["robot.base_pos"][4:] = np.nan
    world = world_of([walking(100), with_robots(memory_rollout(values))])
    assert places(world, 3) == [(3, 0)]
    assert places(world, 8) == [(3, 0)]


def test_other_robots_and_objects_are_drawn_beside() -> None:
    other = with_robots(memory_rollout(still(10, 1, "cart"), entities=[EntitySpec("cart")]))
    world = world_of([open_replay(asset("walk.rec")), other])
    assert list(world.frames_beside(5)[0].entities) == ["cart"]


def test_a_lead_that_is_written_goes_on_and_others_wait(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", RecordingInfo([0], 0.02)) as writer:
        append(writer, range(5))
        lead, other = open_replay(tmp_path / "run.rec"), open_replay(tmp_path / "run.rec")
        world = world_of([lead, walking(8), Take(lead), other])
        append(writer, range(5, 25))
        assert lead.grow()
    assert [world.position_of(take, 20) for take in world.takes] == [20, 7, 20, 4]
    assert places(world, 20) == [(0.14, 0), (20, 0), (4, 0)]
    world.close()


def test_keys_and_colours_tell_takes_apart() -> None:
    replay = walking(10)
    world = world_of([replay] * MOST_TAKES)
    assert world.lead.key == "" and world.lead.tint is None
    assert len({take.key for take in world.takes}) == len({take.tint for take in world.takes}) == MOST_TAKES


def test_a_key_is_no_entity_of_the_lead() -> None:
    replay = with_robots(memory_rollout(still(5, 1, "take2"), entities=[EntitySpec("take2")]))
    world = world_of([replay, walking(5)])
    assert world.others[0].key not in replay.rollout.entities


def test_a_stated_colour_is_kept() -> None:
    assert world_of([walking(5), Take(walking(5), tint=(1, 2, 3))]).others[0].tint == (1, 2, 3)


def test_names_say_what_differs(tmp_path: Path) -> None:
    for folder in ("before", "after"):
        (tmp_path / folder).mkdir()
        shutil.copy(asset("walk.rec"), tmp_path / folder)
    before, after = (open_replay(tmp_path / folder / "walk.rec") for folder in ("before", "after"))
    assert world_of([before, walking(5)]).names == ("walk", "memory")
    assert world_of([before, after]).names == ("before/walk", "after/walk")
    assert world_of([before, Take(before, 2)]).names == ("walk env 0", "walk env 2")
    assert world_of([Take.of_episode(before, 0, 1), Take.of_episode(before, 0, 0)]).names == (
        "walk env 0 episode 1", "walk env 0 episode 0",
    )  # fmt: skip
    assert world_of([before, before]).names == ("walk (1)", "walk (2)")


@pytest.mark.parametrize("count", [0, 9])
def test_too_many_and_none_are_refused(count: int) -> None:
    with pytest.raises(BadArgument, match=rf"recordings {count}: one scene shows 1 to 8 of them"):
        world_of([walking(5)] * count)
    with pytest.raises(BadArgument, match="one scene shows 1 to 8"), ExitStack() as opened:
        open_world(["nowhere.rec"] * count, open_replay, opened)


def test_a_path_that_is_given_twice_is_opened_once_and_closed() -> None:
    opens: list[str | Path] = []

    def open_one(path: str | Path) -> Replay:
        opens.append(path)
        return walking(5)

    given = walking(5)
    with ExitStack() as opened:
        world = open_world(["a.rec", given, Path("a.rec")], open_one, opened)
    assert opens == ["a.rec"] and world.takes[0].replay is world.takes[2].replay
    assert [is_closed(replay) for replay in world.replays] == [True, False]


def test_of_several_the_one_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    def open_one(path: str | Path) -> Replay:
        if Path(path).name == "other.rec":
            raise UnknownName("entity", "robot", ["cart"])
        return open_replay(path)

    with pytest.raises(ReplayError, match=r"other.rec: entity 'robot' is not in the recording"), ExitStack() as opened:
        open_world([asset("walk.rec"), tmp_path / "other.rec"], open_one, opened)


def test_an_env_is_that_of_every_recording_but_not_of_a_take() -> None:
    first, last = (walking(5, num_envs=3, env_ids=(4, 7, 9)) for _ in range(2))
    replays = [first, Take(walking(5, num_envs=3)), last]
    with ExitStack() as opened:
        world = open_world(replays, open_replay, opened, env=9)
    assert [take.env_index for take in world.takes] == [2, 0, 2]
    with pytest.raises(UnknownName, match=r"env 9 is not in memory. Known envs: 0"), ExitStack() as opened:
        open_world([first, walking(5)], open_replay, opened, env=9)


def turned(x: float, y: float, z: float, heading: float, num_steps: int = 30) -> Replay:
    """A base that goes on at x = the step, from a place and a heading of its own [m, rad]."""
    values = still(num_steps, 1)
    values["robot.base_pos"][:, 0] = [(x + step, y, z) for step in range(num_steps)]
    values["robot.base_wxyz"][:] = np.cos(heading / 2), 0, 0, np.sin(heading / 2)
    return with_robots(memory_rollout(values))


def stands(world: World, position: float) -> np.ndarray:
    """Where the others' bases are drawn, (N, 3) [m]."""
    bases = [frame.entities["robot"].base_pos[0] for frame in world.frames_beside(position)]
    return np.array(bases) + world.offsets


def test_as_recorded_nobody_is_moved_but_by_an_offset_of_its_own() -> None:
    world = world_of([turned(0, 0, 0.3, 0), turned(5, 6, 0.4, 1), Take(turned(5, 6, 0.4, 1), offset=(1, 2, 3))])
    assert np.allclose(stands(world, 4), [(9, 6, 0.4), (10, 8, 3.4)])


def test_from_one_place_all_stand_where_the_lead_does_at_their_starts_and_at_their_own_heights() -> None:
    lead, other = Take(turned(3, -2, 0.3, 0.7), start=10), turned(50, 60, 0.8, 2)
    world = world_of([lead, other, Take(other, start=5, offset=(0, 0, 1))]).with_mode("ghost")
    assert np.allclose(stands(world, 10), [(13, -2, 0.8), (13, -2, 1.8)], atol=1e-5)
    assert np.allclose(stands(world, 14), [(17, -2, 0.8), (17, -2, 1.8)], atol=1e-5)


@pytest.mark.parametrize("heading", [0.0, 0.5 * np.pi, -2.0])
def test_side_by_side_they_stand_apart_across_the_lead_s_heading_right_and_left_in_turn(heading: float) -> None:
    replays = [turned(3, -2, 0.3, heading), *(turned(50 * k, 0, 0.3, 1.0) for k in range(3))]
    places = stands(world_of(replays).with_mode("side"), 0) - (3, -2, 0.3)
    right = np.array([np.sin(heading), -np.cos(heading), 0])
    distances = places @ right
    assert np.allclose(places, distances[:, None] * right, atol=1e-5)
    assert np.allclose(distances / distances[0], [1, -1, 2], atol=1e-5)
    assert distances[0] == pytest.approx(2 * replays[0].robots["robot"].radius)


def test_another_env_of_the_lead_moves_the_others_to_its_place() -> None:
    replay = walking(30, num_envs=3)
    world = world_of([replay, Take(replay, 1)]).with_mode("ghost")
    assert np.allclose(stands(world, 0), [(0, 0, 0)]) and np.allclose(stands(world.with_env(2), 0), [(0, 2, 0)])


def test_a_mode_is_kept_when_a_world_is_read_anew_and_others_are_refused() -> None:
    world = world_of([walking(5), walking(5)]).with_mode("side")
    with world.reopened() as own:
        assert own.mode == "side" and np.allclose(own.offsets, world.offsets)
    with pytest.raises(UnknownName, match=r"mode 'stacked' is not .* Known modes: recorded, ghost, side"):
        world.with_mode("stacked")  # pyright: ignore[reportArgumentType]


def test_titles_are_one_short_line() -> None:
    replay = walking(5)
    assert world_of([replay]).title == "memory"
    assert world_of([replay] * 2).title == "memory (1), memory (2)"
    assert world_of([replay] * 8).title == "memory (1) and 7 more"


def test_keys_that_are_equal_are_a_mistake_of_the_caller() -> None:
    take = Take(walking(5), key="a")
    for lead, others in ((take, ()), (Take(walking(5)), (take, take)), (Take(walking(5)), (Take(walking(5)),))):
        with pytest.raises(ValueError, match="keys"):
            World(lead, others)


@pytest.mark.parametrize("steps", [range(0, 6), range(3, 5), range(0, 4, 2), range(2, 2), None])
def test_steps_that_are_not_there_are_refused(steps: range | None) -> None:
    with pytest.raises(BadArgument, match="has steps 0 to 4"):
        Take(walking(5), start=5 if steps is None else 2, steps=steps)


def test_an_env_or_an_episode_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownName, match="env index"):
        Take(walking(5), 1)
    with pytest.raises(UnknownName, match="episode"):
        Take.of_episode(walking(5), 0, 1)


def test_a_world_is_read_anew_as_a_whole_and_each_file_once() -> None:
    walk, other = open_replay(asset("walk.rec")), walking(30)
    world = world_of([walk, Take(walk, 2), other])
    with world.reopened() as own:
        assert own.lead.replay is not walk and own.lead.replay is own.others[0].replay
        assert (own.names, own.others[0].tint) == (world.names, world.others[0].tint)
        assert np.array_equal(own.frames_beside(9)[0].entities["robot"].base_pos, _base(world, 9))
    assert np.isfinite(_base(world, 50)).all()


def test_worlds_load_no_kinematics() -> None:
    code = "import sys, replay_viewer.replay.world; print('replay_viewer.replay.frames' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def is_closed(replay: Replay) -> bool:
    assert isinstance(replay.rollout.source, MemorySource)
    return not replay.rollout.source.values


def _base(world: World, position: float) -> np.ndarray:
    return world.frames_beside(position)[0].entities["robot"].base_pos
