"""How far takes are from the one that leads, against the same in plain numpy over what is recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from memory_rollout import memory_rollout, still

from replay_viewer.paths import asset
from replay_viewer.replay.differences import differences
from replay_viewer.replay.replay import Replay, open_replay, with_robots
from replay_viewer.replay.take import Take
from replay_viewer.replay.world import World, world_of
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode

Poses = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def walk() -> Replay:
    return open_replay(asset("walk.rec"))


def told(world: World, name: str, steps: range | None = None, other: int = 0) -> np.ndarray:
    """A difference of another take, (S, C), at all of the lead's steps or at some."""
    (found,) = (each for each in differences(world) if each.name == name)
    values = found.read(world, world.others[other], steps or range(world.lead.replay.rollout.num_steps))
    assert values.dtype == np.float64 and values.shape[1] == len(found.components)
    return values


def poses(replay: Replay, env: int) -> Poses:
    """Base, heading and joints of an env at all its steps, with terminal states where episodes end."""
    rollout = replay.rollout
    fields = {
        what: np.array(rollout.read(f"robot.{what}", slice(None), [env])[:, 0], float)
        for what in ("base_pos", "base_wxyz", "joint_pos")
    }
    for episode in rollout.episodes(env):
        if episode.terminal_state == "captured":
            for what, values in fields.items():
                values[episode.last_step] = rollout.source.read_terminal(f"robot.{what}", episode.terminal_row)
    return fields


def headings(wxyz: np.ndarray) -> np.ndarray:
    """By where the base's x axis points."""
    w, x, y, z = (wxyz / np.linalg.norm(wxyz, axis=1, keepdims=True)).T
    return np.angle((w * w + x * x - y * y - z * z) + 2j * (x * y + w * z))


def turned(angles: np.ndarray) -> np.ndarray:
    return np.angle(np.exp(1j * angles))


def resampled(replay: Replay, env: int, control_dt: float, num_steps: int) -> Replay:
    """An env of a recording anew, by other time steps: each shows what was shown at that time, in a straight line."""
    recorded = poses(replay, env)
    times = np.arange(len(recorded["base_pos"])) * replay.rollout.control_dt
    at = np.arange(num_steps) * control_dt
    values = {
        f"robot.{what}": np.stack([np.interp(at, times, column) for column in array.T], axis=1)[:, None]
        for what, array in recorded.items()
    }
    entity = replay.rollout.entities["robot"]
    return with_robots(memory_rollout(values, entities=[entity], control_dt=control_dt))


def test_errors_of_two_envs_are_those_of_plain_numpy(walk: Replay) -> None:
    world = world_of([walk, Take(walk, 1)])
    a, b = poses(walk, 0), poses(walk, 1)
    assert np.allclose(told(world, "base_distance")[:, 0], np.linalg.norm(b["base_pos"] - a["base_pos"], axis=1))
    assert np.allclose(told(world, "heading")[:, 0], turned(headings(b["base_wxyz"]) - headings(a["base_wxyz"])))
    assert np.allclose(told(world, "joints"), b["joint_pos"] - a["joint_pos"])
    expected = np.sqrt(((b["joint_pos"] - a["joint_pos"]) ** 2).mean(axis=1))
    assert np.allclose(told(world, "turn_rms")[:, 0], expected)
    assert any(episode.terminal_state == "captured" for episode in walk.rollout.episodes(1))


def test_links_are_as_far_apart_as_they_are_drawn(walk: Replay) -> None:
    world = world_of([walk, Take(walk, 2)])
    each, mean = told(world, "links"), told(world, "links_mean")
    robot = walk.robots["robot"]
    for step in (0, 17, 400, 999):
        here, there = (walk.frames.frame_at(step, [env]).entities["robot"].link_positions[0] for env in (0, 2))
        gaps = np.linalg.norm(there - here, axis=1)[: robot.num_bodies]
        assert np.allclose(each[step], gaps, atol=1e-5)
        assert np.allclose(mean[step], gaps.mean(), atol=1e-5)
    (found,) = (difference for difference in differences(world) if difference.name == "links")
    assert found.components == robot.link_names[: robot.num_bodies]


def test_time_steps_of_any_length_are_compared_at_the_same_time(walk: Replay) -> None:
    fine, coarse = resampled(walk, 1, 0.005, 3000), resampled(walk, 1, 0.03, 500)
    a, lead_at = poses(walk, 0), np.arange(1000) * 0.02
    for other in (fine, coarse):
        b, dt = poses(other, 0), other.rollout.control_dt
        times = np.arange(len(b["base_pos"])) * dt
        known = lead_at < times[-1] + dt - 1e-9
        joints = np.stack([np.interp(lead_at, times, column) for column in b["joint_pos"].T], axis=1)
        base = np.stack([np.interp(lead_at, times, column) for column in b["base_pos"].T], axis=1)
        world = world_of([walk, other])
        expected = np.where(known[:, None], joints - a["joint_pos"], np.nan)
        assert np.allclose(told(world, "joints"), expected, atol=1e-5, equal_nan=True)
        gap = np.where(known, np.linalg.norm(base - a["base_pos"], axis=1), np.nan)
        assert np.allclose(told(world, "base_distance")[:, 0], gap, atol=1e-5, equal_nan=True)
        assert 0 < known.sum() < len(known)


def test_the_lead_may_have_the_shorter_steps(walk: Replay) -> None:
    lead = resampled(walk, 0, 0.005, 3001)
    gap = told(world_of([lead, walk]), "joints")
    a, b = poses(lead, 0), poses(walk, 0)
    at, times = np.arange(3001) * 0.005, np.arange(1000) * 0.02
    expected = np.stack([np.interp(at, times, column) for column in b["joint_pos"].T], axis=1) - a["joint_pos"]
    for episode in walk.rollout.episodes(0)[:-1]:
        # Its last pose stands until the next step, which is another episode's.
        expected[4 * episode.last_step : 4 * episode.last_step + 4] = np.nan
    assert np.allclose(gap[np.isfinite(expected)], expected[np.isfinite(expected)])


def test_between_two_steps_headings_are_on_the_shorter_way() -> None:
    def turning(angles: list[float], control_dt: float) -> Replay:
        values = still(len(angles), 1)
        half = np.asarray(angles) / 2
        values["robot.base_wxyz"][:, 0] = np.stack([np.cos(half), 0 * half, 0 * half, np.sin(half)], axis=1)
        return with_robots(memory_rollout(values, control_dt=control_dt))

    world = world_of([turning([0.0] * 5, 0.01), turning([3.0, -3.0, 3.0], 0.02)])
    assert np.allclose(np.abs(told(world, "heading")[:, 0]), [3, np.pi, 3, np.pi, 3])
    world = world_of([turning([3.0], 0.01), turning([-3.0], 0.02)])
    assert np.allclose(told(world, "heading"), 2 * np.pi - 6)


def test_a_delay_a_start_and_the_alignment_are_those_of_playback(walk: Replay) -> None:
    a, b = poses(walk, 0)["joint_pos"], poses(walk, 3)["joint_pos"]
    world = world_of([Take(walk, start=100), Take(walk, 3, start=40, delay=0.3)])
    apart = told(world, "joints")
    assert np.isnan(apart[:75]).all()
    assert np.allclose(apart[75:], b[: 1000 - 75] - a[75:])
    shifted = told(world.with_alignment("recording"), "joints")
    assert np.allclose(shifted[15 + 40 :], b[40 : 1000 - 15] - a[15 + 40 :])
    for step in (60, 300, 999):
        at = world.positions_of(world.others[0], range(step, step + 1))
        assert np.isnan(at) if step < 75 else at == world.position_of(world.others[0], step)


def test_whoever_waits_has_no_difference_and_nor_has_an_episode_outside_itself(walk: Replay) -> None:
    world = world_of([walk, Take(walk, 1, start=30, steps=range(20, 60))])
    gap = told(world, "base_distance")[:, 0]
    assert np.isfinite(gap[:30]).all() and np.isnan(gap[30:]).all()
    assert world.notes(29)[1] == "" and world.notes(30)[1] != ""


def test_places_are_compared_from_one_place_unless_they_stand_as_recorded(walk: Replay) -> None:
    world = world_of([walk, Take(walk, 1, offset=(0.0, 0.0, 0.25))])
    a, b = poses(walk, 0)["base_pos"], poses(walk, 1)["base_pos"]
    as_recorded = np.linalg.norm(b - a + [0, 0, 0.25], axis=1)
    level = (b - b[0] - a + a[0]) * [1, 1, 0] + (b - a) * [0, 0, 1] + [0, 0, 0.25]
    for mode, expected in (
        ("recorded", as_recorded),
        ("ghost", np.linalg.norm(level, axis=1)),
        ("side", np.linalg.norm(level, axis=1)),
    ):
        gap = told(world.with_mode(mode), "base_distance")[:, 0]  # pyright: ignore[reportArgumentType]
        assert np.allclose(gap, expected, atol=1e-5)


def robot(joints: list[str], values: np.ndarray, **facts: Any) -> Replay:
    """A robot without a description whose joints have these values (S, J)."""
    entity = EntitySpec("robot", joint_names=joints, **facts)
    fields = {**still(len(values), 1), "robot.joint_pos": np.asarray(values, float)[:, None]}
    return with_robots(memory_rollout(fields, entities=[entity]))


def test_joints_of_different_robots_are_matched_by_name() -> None:
    lead = robot(["hip", "knee", "neck"], np.array([[1.0, 2, 3], [1, 2, 3]]))
    other = robot(["tail", "knee", "hip"], np.array([[9.0, 2.5, 1.1], [9, 2.5, 1.1]]))
    third = robot(["neck"], np.array([[5.0], [5]]))
    world = world_of([lead, other, third])
    (each,) = (difference for difference in differences(world) if difference.name == "joints")
    assert each.components == ("hip", "knee", "neck") and each.unit == "rad or m"
    assert np.allclose(told(world, "joints"), [[0.1, 0.5, np.nan]] * 2, equal_nan=True)
    assert np.allclose(told(world, "joints", other=1), [[np.nan, np.nan, 2]] * 2, equal_nan=True)
    assert np.allclose(told(world, "_rms"), np.sqrt((0.01 + 0.25) / 2))
    assert np.allclose(told(world, "_rms", other=1), 2)


def test_what_no_robot_shares_is_not_offered(walk: Replay) -> None:
    strange = robot(["tail"], np.zeros((5, 1)))
    unnamed = robot(["a", "b"], np.zeros((5, 2)), joints_named=False)
    for other in (strange, unnamed, with_robots(memory_rollout(still(5, 1)))):
        names = [difference.name for difference in differences(world_of([walk, other]))]
        assert names == ["base_distance", "heading"]


def test_what_is_not_finite_has_no_difference_and_hides_nothing_else(walk: Replay) -> None:
    broken = resampled(walk, 0, 0.02, 50)
    values = broken.rollout.source.values  # pyright: ignore[reportAttributeAccessIssue]
    values["robot.joint_pos"][10, 0, 4] = np.nan
    values["robot.base_pos"][20, 0, 1] = np.inf
    values["robot.base_wxyz"][30, 0] = 0
    world = world_of([broken, walk])
    joints, links = told(world, "joints"), told(world, "links")
    assert np.argwhere(np.isnan(joints)).tolist() == [[10, 4]]
    assert np.allclose(told(world, "turn_rms"), 0, atol=1e-6)
    assert np.flatnonzero(np.isnan(told(world, "base_distance"))).tolist() == [20]
    assert np.flatnonzero(np.isnan(told(world, "heading"))).tolist() == [30]
    assert np.isnan(links[20]).all() and np.isnan(links[30, 1:]).all()
    hidden = np.isnan(links[10])
    name = walk.rollout.entities["robot"].joint_names[4]
    assert 0 < hidden.sum() < links.shape[1] / 2, f"what hangs on {name} alone"
    assert np.isfinite(told(world, "links_mean")[10])


def test_a_part_of_the_steps_is_that_part_of_all(walk: Replay) -> None:
    world = world_of([walk, Take(resampled(walk, 1, 0.007, 2000), delay=0.1)])
    for difference in differences(world):
        whole = told(world, difference.name)
        parts = [told(world, difference.name, range(begin, min(begin + 333, 1000))) for begin in range(0, 1000, 333)]
        assert np.array_equal(np.concatenate(parts), whole, equal_nan=True)


def test_what_is_between_two_episodes_is_neither_one_s() -> None:
    values = still(6, 1)
    values["robot.base_pos"][:, 0, 0] = [0, 1, 2, 10, 11, 12]
    episodes = {0: [Episode(0, 0, 0, 2, "terminated"), Episode(0, 1, 3, 5, "unfinished")]}
    other = with_robots(memory_rollout(values, episodes=episodes, control_dt=0.02))
    lead = with_robots(memory_rollout(still(12, 1), control_dt=0.01))
    gap = told(world_of([lead, other]), "base_distance")[:, 0]
    assert np.allclose(gap, [0, 0.5, 1, 1.5, 2, 2, 10, 10.5, 11, 11.5, 12, 12])


def test_steps_a_thousand_times_as_long_are_read_in_bounded_pieces() -> None:
    values = still(40_000, 1)
    values["robot.base_pos"][:, 0, 0] = np.arange(40_000)
    fine = with_robots(memory_rollout(values, control_dt=0.001))
    lead = with_robots(memory_rollout(still(41, 1), control_dt=1.0))
    gap = told(world_of([lead, fine]), "base_distance")[:, 0]
    assert np.allclose(gap, np.append(np.arange(40) * 1000.0, np.nan), equal_nan=True)
    windows = fine.rollout.source.windows  # pyright: ignore[reportAttributeAccessIssue]
    assert max(count for _, count in windows) < 17_000
