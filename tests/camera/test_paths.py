from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from memory_rollout import memory_rollout, still, windows
from pinhole import project

from replay_viewer import rotations
from replay_viewer.camera import Carried, Free, Orbit, SmoothBase, camera_path
from replay_viewer.camera.presets import FOV, CameraPose, look_from
from replay_viewer.errors import UnknownName
from replay_viewer.replay.replay import Replay, with_robots
from replay_viewer.replay.world import world_of
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.rollout import Rollout
from replay_viewer.view_names import PRESETS

DT = 0.02
SIZE = 0.5
WIDE = 16 / 9


def moving(base_pos: np.ndarray, yaw: np.ndarray | float = 0.0, **facts) -> Rollout:
    """A rollout of bases (T, 3) or (T, N, 3) that turn by `yaw`, (T,) or a number."""
    positions = base_pos if base_pos.ndim == 3 else base_pos[:, None]
    values = still(*positions.shape[:2])
    angles = np.broadcast_to(np.asarray(yaw, dtype=float), (len(positions),))
    level = np.zeros(len(positions))
    values["robot.base_wxyz"][:] = rotations.from_rpy(level, level, angles)[:, None]
    values["robot.base_pos"] = positions.astype(np.float32)
    return memory_rollout(values, control_dt=DT, **facts)


def seconds(count: int) -> np.ndarray:
    return np.arange(count) * DT


def walk(count: int, speed: float = 1.0, start: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Bases (T, 3) [m] that go along x at a height of 0.5 m."""
    return np.stack([start[0] + speed * seconds(count), np.full(count, start[1]), np.full(count, 0.5)], axis=-1)


def smooth(rollout: Rollout, steps: Sequence[float] | np.ndarray, **options) -> np.ndarray:
    base = SmoothBase(rollout, "robot", SIZE)
    return np.stack([base.at(float(step), 0, **options).position for step in steps])


def camera_at(replay: Replay, camera, position: float, envs: tuple[int, ...] = (0,), **options) -> CameraPose:
    path = camera_path(camera, world_of([replay]), **{"aspect": WIDE, **options})
    return path.at(replay.frames.frame_at(position, envs), replay.rollout.episode_at(envs[0], int(position)))


# -- the smoothed base ----------------------------------------------------------


def test_smoothed_base_does_not_lag_behind_a_constant_velocity():
    positions = walk(400, speed=1.5)
    np.testing.assert_allclose(smooth(moving(positions), range(400)), positions, atol=1e-5)


def test_shake_of_two_hertz_is_reduced_tenfold():
    positions = walk(400)
    shake = 0.03 * np.sin(2 * np.pi * 2 * seconds(400))
    shaken = positions + shake[:, None]
    rest = smooth(moving(shaken), range(100, 300)) - positions[100:300]
    assert np.abs(rest).max() < 0.03 / 10


def test_shake_at_the_ends_of_an_episode_stays_small_and_slow():
    shake = 0.03 * np.sin(2 * np.pi * 2 * seconds(200) + 1.0)
    positions = walk(200, speed=0.0)
    positions[:, 1] += shake
    moved = smooth(moving(positions), range(200))[:, 1]
    assert np.abs(moved).max() < 0.035
    assert np.abs(np.diff(moved)).max() < np.abs(np.diff(shake)).max() / 2


def test_smoothed_base_begins_and_ends_on_the_base():
    positions = walk(100) + np.random.default_rng(0).normal(0, 0.05, (100, 3))
    np.testing.assert_allclose(smooth(moving(positions), [0, 99]), positions[[0, 99]], atol=1e-5)


def test_order_of_calls_changes_nothing():
    positions = np.cumsum(np.random.default_rng(1).normal(0, 0.02, (700, 3)), axis=0)
    rollout = moving(positions, yaw=seconds(700))
    places = np.random.default_rng(2).uniform(0, 699, 100)
    used = SmoothBase(rollout, "robot", SIZE)
    for place in places:
        here = used.at(place, 0)
        alone = SmoothBase(rollout, "robot", SIZE).at(place, 0)
        assert np.array_equal(here.position, alone.position) and here.heading == alone.heading


def test_smoothed_base_moves_evenly_between_steps_and_chunks():
    positions = walk(700) + 0.05 * np.sin(7 * seconds(700))[:, None]
    path = smooth(moving(positions), np.arange(0, 699, 0.1))
    speeds = np.linalg.norm(np.diff(path, axis=0), axis=-1) / (0.1 * DT)
    assert np.abs(np.diff(speeds)).max() < 0.1


def test_other_episodes_have_no_part_in_it():
    episodes = {0: [Episode(0, 0, 0, 99, "terminated", "recorded"), Episode(0, 1, 100, 199, "unfinished")]}
    first, second = walk(100), walk(100, speed=-2.0, start=(50.0, 7.0))
    whole = smooth(moving(np.concatenate([first, second]), episodes=episodes), range(200))
    np.testing.assert_allclose(whole[:100], smooth(moving(first), range(100)), atol=1e-5)
    np.testing.assert_allclose(whole[100:], smooth(moving(second), range(100)), atol=1e-5)


def test_last_pose_of_an_episode_stands_until_the_next_one_begins():
    episodes = {0: [Episode(0, 0, 0, 99, "terminated", "recorded"), Episode(0, 1, 100, 199, "unfinished")]}
    rollout = moving(np.concatenate([walk(100), walk(100, start=(50.0, 0.0))]), episodes=episodes)
    between, last = smooth(rollout, np.array([99.5, 99.0]))
    assert np.array_equal(between, last)


@pytest.mark.parametrize("count", [1, 2, 3, 30])
def test_short_episodes_have_a_smoothed_base(count):
    positions = walk(count)
    np.testing.assert_allclose(smooth(moving(positions), range(count)), positions, atol=1e-6)


def test_smoothed_base_stays_near_a_base_that_jumps():
    positions = walk(200)
    positions[100:] += [3.0, -40.0, 1.0]
    offsets = smooth(moving(positions), range(200)) - positions
    assert np.linalg.norm(offsets, axis=-1).max() <= 0.75 * SIZE + 1e-6


def test_poses_without_a_number_do_not_reach_the_camera():
    positions = walk(100)
    positions[40:60] = np.nan
    positions[70] = np.inf
    assert np.isfinite(smooth(moving(positions), range(100))).all()


def test_backward_mean_knows_nothing_of_what_comes():
    positions = np.cumsum(np.random.default_rng(3).normal(0, 0.02, (300, 3)), axis=0)
    known = smooth(moving(positions), range(200), looks_ahead=False)
    np.testing.assert_array_equal(known, smooth(moving(positions[:200]), range(200), looks_ahead=False))


def test_backward_mean_calms_a_shake():
    positions = walk(300, speed=0.0)
    shake = 0.03 * np.sin(2 * np.pi * 2 * seconds(300))
    positions[:, 1] += shake
    assert np.abs(smooth(moving(positions), range(100, 300), looks_ahead=False)[:, 1]).max() < 0.015


def test_heading_is_smooth_where_angles_begin_anew():
    yaw = math.pi - 0.5 + 0.5 * seconds(200)
    base = SmoothBase(moving(walk(200), yaw=yaw), "robot", SIZE)
    errors = [math.remainder(base.at(step, 0).heading - yaw[step], math.tau) for step in range(60, 140)]
    assert np.abs(errors).max() < 0.01


def test_robot_on_its_back_does_not_turn_the_camera():
    values = still(200, 1)
    upright = rotations.from_rpy(np.zeros(200), np.zeros(200), np.full(200, 0.6))
    wild = np.random.default_rng(4).uniform(-math.pi, math.pi, 40)
    roll, level = np.full(40, 0.98 * math.pi), np.zeros(40)
    upright[80:120] = rotations.from_rpy(roll, level, wild)
    values["robot.base_wxyz"][:, 0] = upright
    base = SmoothBase(memory_rollout(values, control_dt=DT), "robot", SIZE)
    assert max(abs(base.at(step, 0).heading - 0.6) for step in range(200)) < 0.1


def test_long_episodes_are_read_in_windows():
    rollout = moving(walk(20_000))
    base = SmoothBase(rollout, "robot", SIZE)
    for position in (0.0, 12_345.6, 19_999.0):
        base.at(position, 0)
    assert sum(length for _, length in windows(rollout)) < 3000


# -- paths ----------------------------------------------------------------------


@pytest.mark.parametrize("camera", [*PRESETS, Orbit(40, 30)])
@pytest.mark.parametrize("aspect", [16 / 9, 1.0, 9 / 16])
def test_robot_stays_in_the_picture_when_it_falls_and_jumps(camera, aspect):
    positions = walk(300, speed=2.0)
    positions[100:110, 2] = np.linspace(0.5, 0.05, 10)
    positions[110:200, 2] = 0.05
    positions[200:] += [5.0, 5.0, 2.0]
    replay = with_robots(moving(positions))
    radius = replay.robots["robot"].radius
    for step in range(0, 300, 7):
        pose = camera_at(replay, camera, step, aspect=aspect)
        around = positions[step] + radius * np.concatenate([np.eye(3), -np.eye(3)])
        seen = np.abs([project(pose, point) for point in around])
        assert (seen <= [aspect, 1.0]).all(), step


def test_follow_turns_with_the_robot_and_the_others_do_not():
    replay = with_robots(moving(walk(300, speed=0.0), yaw=seconds(300)))
    for name in PRESETS:
        views = [pose.look_at - pose.position for pose in (camera_at(replay, name, s) for s in (100, 200))]
        turned = not np.allclose(*views, atol=1e-3)
        assert turned == (name == "follow")


def test_side_is_where_the_robot_walks_to_the_right_from_the_first_step_on():
    positions = walk(200)[:, [1, 0, 2]]  # Along y.
    pose = camera_at(with_robots(moving(positions, yaw=math.pi / 2)), "side", 100)
    assert project(pose, positions[100] + [0.0, 0.1, 0.0])[0] > 0.01


def test_orbit_is_counted_from_the_heading_at_the_first_step():
    replay = with_robots(moving(walk(200), yaw=1.0 + seconds(200)))
    pose = camera_at(replay, Orbit(azimuth_degrees=90, elevation_degrees=30, distance=4.0), 50)
    np.testing.assert_allclose(
        pose.position, look_from(1.0 + math.pi / 2, math.radians(30), pose.look_at, 4.0).position
    )


def test_free_camera_stays_and_a_carried_one_goes_along():
    replay = with_robots(moving(walk(300)))
    pose = look_from(0.3, 0.4, np.array([0.2, 0.1, 0.4]), 3.0, 0.9)
    free = camera_at(replay, Free(pose), 200)
    assert free == pose
    carried = camera_at(replay, Carried(pose), 200)
    np.testing.assert_allclose(carried.position - pose.position, [200 * DT, 0, 0], atol=1e-5)
    np.testing.assert_allclose(carried.look_at - pose.look_at, [200 * DT, 0, 0], atol=1e-5)
    assert carried.fov == 0.9


def test_fov_can_be_asked_for():
    replay = with_robots(moving(walk(10)))
    assert camera_at(replay, "side", 0).fov == FOV
    assert camera_at(replay, "side", 0, fov=0.5).fov == 0.5
    assert camera_at(replay, Free(look_from(0, 0.1, np.zeros(3), 1.0)), 0, fov=0.5).fov == 0.5


def test_path_of_ones_own_is_taken_as_it_is():
    class Mine:
        def at(self, frame, episode):
            return look_from(0, 0.1, np.zeros(3), frame.position + 1)

    mine = Mine()
    assert camera_path(mine, world_of([with_robots(moving(walk(10)))]), aspect=WIDE) is mine


def test_unknown_names_list_those_there_are():
    replay = with_robots(moving(walk(10)))
    with pytest.raises(UnknownName, match="top, side, front, follow"):
        camera_path("below", world_of([replay]), aspect=WIDE)
    with pytest.raises(UnknownName, match="Known entities: robot"):
        camera_path("top", world_of([replay]), entity="box", aspect=WIDE)


# -- several envs ---------------------------------------------------------------


def crowd(count: int, num_envs: int) -> np.ndarray:
    """Bases (T, N, 3) on a grid of 2.5 m, that walk off in all directions and begin anew every two seconds."""
    angles = np.arange(num_envs) * 2.4
    side = math.ceil(math.sqrt(num_envs))
    grid = 2.5 * np.stack([np.arange(num_envs) % side, np.arange(num_envs) // side, np.zeros(num_envs)], axis=-1)
    ways = np.stack([np.cos(angles), np.sin(angles), np.zeros(num_envs)], axis=-1)
    since = (seconds(count)[:, None] + 0.3 * np.arange(num_envs)) % 2.0
    return grid + since[..., None] * 1.5 * ways + [0.0, 0.0, 0.5]


@pytest.mark.parametrize("camera", [*PRESETS, Orbit(40, 30)])
@pytest.mark.parametrize("aspect", [16 / 9, 9 / 16])
def test_all_envs_are_in_the_picture_and_fill_it(camera, aspect):
    positions = crowd(300, 9)
    replay = with_robots(moving(positions))
    radius = replay.robots["robot"].radius
    for step in range(0, 300, 23):
        pose = camera_at(replay, camera, step, tuple(range(9)), aspect=aspect)
        seen = np.abs([project(pose, base + radius * way) for base in positions[step] for way in np.eye(3)])
        assert (seen <= [aspect, 1.0]).all()
        assert (seen / [aspect, 1.0]).max() > 0.4


def test_camera_of_a_crowd_moves_smoothly_where_envs_begin_anew():
    positions = crowd(300, 9)
    replay = with_robots(moving(positions))
    places = [camera_at(replay, "follow", p, tuple(range(9))).position for p in np.arange(100.0, 200.0, 0.5)]
    assert np.linalg.norm(np.diff(positions, axis=0), axis=-1).max() > 2.9
    assert np.linalg.norm(np.diff(places, axis=0), axis=-1).max() < 0.05


def test_env_that_blew_up_does_not_take_the_others_out_of_the_picture():
    positions = crowd(50, 9)
    positions[:, 4] = 1e7
    pose = camera_at(with_robots(moving(positions)), "follow", 25, tuple(range(9)))
    assert np.linalg.norm(pose.position - positions[25, 0]) < 40


def test_crowd_is_seen_from_behind_where_it_heads_one_way():
    ahead = with_robots(moving(crowd(50, 9), yaw=2.0))
    pose = camera_at(ahead, "follow", 25, tuple(range(9)))
    assert (pose.look_at - pose.position)[:2] @ [math.cos(2.0), math.sin(2.0)] > 0
