"""The bundled demo: a simulated robot that walks, is pushed and falls, and honest numbers of it, in small files."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import trimesh

from replay_viewer import load_rollout, rotations
from replay_viewer.paths import asset
from replay_viewer.replay.replay import Replay, open_replay
from replay_viewer.rollout.episodes import Episode

ROOT = Path(__file__).resolve().parents[2]
LEGS = ("FL", "FR", "RL", "RR")
FOOT_RADIUS = 0.022
TERMS = (
    "tracking_lin_vel",
    "tracking_ang_vel",
    "lin_vel_z",
    "ang_vel_xy",
    "orientation",
    "torques",
    "dof_acc",
    "action_rate",
    "feet_air_time",
    "collision",
    "termination",
)
# Per second; each step's term is weight x formula x control_dt, as in legged_gym's _prepare_reward_function.
WEIGHTS = (1.0, 0.5, -2.0, -0.05, -1.0, -2e-4, -2.5e-7, -0.01, 1.0, -1.0, -2.0)


@pytest.fixture(scope="module")
def demo():
    replay = open_replay(asset("walk.rec"))
    yield replay
    replay.close()


@pytest.fixture(scope="module")
def episodes(demo: Replay) -> list[Episode]:
    return [episode for env in range(demo.rollout.num_envs) for episode in demo.rollout.episodes(env)]


@pytest.fixture(scope="module")
def falls(episodes: list[Episode]) -> list[Episode]:
    return [episode for episode in episodes if episode.outcome == "terminated"]


@pytest.fixture(scope="module")
def shown(demo: Replay) -> dict[str, np.ndarray]:
    """Every field as it is shown, terminal states included, (steps, envs, ...) in float64."""
    rollout = demo.rollout
    everything = slice(0, rollout.num_steps), range(rollout.num_envs)
    return {name: rollout.read_shown(name, *everything).astype(float) for name in rollout.fields}


@pytest.fixture(scope="module")
def within_episode(demo: Replay, episodes: list[Episode]) -> np.ndarray:
    """(steps - 1, envs): whether a step and the next belong to one episode."""
    same = np.ones((demo.rollout.num_steps, demo.rollout.num_envs), dtype=bool)
    for episode in episodes:
        same[episode.first_step, episode.env_index] = False
    return same[1:]


@pytest.fixture(scope="module")
def links(demo: Replay, shown: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Positions and rotations of the links, (steps, envs, links, 3 and 4)."""
    state = (shown[f"robot.{name}"] for name in ("joint_pos", "base_pos", "base_wxyz"))
    return demo.robots["robot"].forward_kinematics(*state)


@pytest.fixture(scope="module")
def upright(shown: dict[str, np.ndarray]) -> np.ndarray:
    """(steps, envs): whether the robot is on its feet."""
    return rotations.to_matrix(shown["robot.base_wxyz"])[..., 2, 2] > 0.9


def in_base(shown: dict[str, np.ndarray], name: str) -> np.ndarray:
    """A vector of the base in its own frame."""
    return rotations.rotate(rotations.conjugate(shown["robot.base_wxyz"]), shown[f"robot.{name}"])


def ground_below(demo: Replay, points: np.ndarray) -> np.ndarray:
    """Heights (...) of the terrain under points (..., 3), between the nodes of its grid."""
    assert demo.rollout.terrain is not None
    vertices = np.asarray(demo.rollout.terrain.vertices, float)
    x, y = (np.unique(vertices[:, axis]) for axis in (0, 1))
    heights = vertices[:, 2].reshape(len(x), len(y))
    places = [np.interp(points[..., axis], line, np.arange(len(line))) for axis, line in ((0, x), (1, y))]
    i, j = (np.minimum(place.astype(int), len(line) - 2) for place, line in zip(places, (x, y), strict=True))
    a, b = places[0] - i, places[1] - j
    near, far = heights[i, j] * (1 - a) + heights[i + 1, j] * a, heights[i, j + 1] * (1 - a) + heights[i + 1, j + 1] * a
    return near * (1 - b) + far * b


@pytest.fixture(scope="module")
def clearance(demo: Replay, links: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Of the feet above the ground, (steps, envs, 4) [m]."""
    names = demo.robots["robot"].link_names
    feet = links[0][..., [names.index(f"{leg}_foot") for leg in LEGS], :]
    return feet[..., 2] - FOOT_RADIUS - ground_below(demo, feet)


@pytest.fixture(scope="module")
def pressed(demo: Replay, shown: dict[str, np.ndarray]) -> np.ndarray:
    """(steps, envs, 4): whether the ground carries the foot."""
    bodies = demo.rollout.entities["robot"].contact_bodies
    return shown["robot.contact_force"][..., [bodies.index(f"{leg}_foot") for leg in LEGS], 2] > 5


def test_demo_is_complete_and_says_how_it_was_made(demo: Replay):
    rollout = demo.rollout
    assert (rollout.num_envs, rollout.control_dt, rollout.reward_terms) == (6, 0.02, TERMS)
    assert "MuJoCo" in rollout.metadata["about"] and "no policy was trained" in rollout.metadata["about"]
    assert len(rollout.metadata["friction"]) == len(rollout.metadata["added_mass"]) == 6
    assert demo.robots["robot"].problems == ()
    assert not [verdict for verdict in demo.verdicts if verdict.status in ("problem", "assumed")]


def test_several_episodes_end_by_falls_and_by_time(episodes: list[Episode], falls: list[Episode]):
    ended = [episode for episode in episodes if episode.outcome != "unfinished"]
    assert len(ended) >= 8
    assert len(falls) >= 2
    assert sum(episode.outcome == "truncated" for episode in ended) >= 4
    assert {episode.terminal_state for episode in ended} == {"captured"}


def test_the_first_env_falls_so_that_a_newcomer_sees_it(falls: list[Episode]):
    assert falls[0].env_index == 0


def test_commands_are_various(shown: dict[str, np.ndarray]):
    command = np.abs(shown["command"])
    forward, sideways, turn = command[..., 0] > 0.3, command[..., 1] > 0.2, command[..., 2] > 0.4
    for kind in (forward & ~turn, sideways, turn, ~command.any(axis=-1)):
        assert kind.mean() > 0.02


def test_robots_go_as_fast_as_they_are_told(shown: dict[str, np.ndarray], upright: np.ndarray):
    """At least 60 % of the command, pushes and starts included."""
    wanted, went = shown["command"], in_base(shown, "base_lin_vel")
    speed = np.linalg.norm(wanted[..., :2], axis=-1)
    along = np.sum(wanted[..., :2] * went[..., :2], axis=-1) / np.maximum(speed, 1e-9)
    moving = upright & (speed > 0.1)
    assert moving.mean() > 0.5
    assert along[moving].sum() / speed[moving].sum() > 0.75
    turned, turning = in_base(shown, "base_ang_vel")[..., 2] * np.sign(wanted[..., 2]), np.abs(wanted[..., 2]) > 0.3
    assert turned[upright & turning].sum() / np.abs(wanted[..., 2])[upright & turning].sum() > 0.75


def test_feet_stand_on_the_uneven_ground_and_swing_above_it(demo: Replay, clearance, pressed, upright):
    assert demo.rollout.terrain is not None
    assert np.ptp(demo.rollout.terrain.vertices[:, 2]) > 0.1
    standing, swinging = clearance[pressed & upright[..., None]], clearance[~pressed & upright[..., None]]
    # The ground's cells are two triangles each, here taken for a curved patch.
    assert np.quantile(standing, 0.001) > -0.005
    assert np.quantile(standing, 0.999) < 0.005
    assert np.quantile(swinging, 0.75) > 0.04


def test_diagonal_legs_step_together(pressed: np.ndarray, shown, upright):
    walks = upright & (shown["command"][..., 0] > 0.3)
    diagonal = (pressed[..., 0] == pressed[..., 3])[walks].mean() + (pressed[..., 1] == pressed[..., 2])[walks].mean()
    beside = (pressed[..., 0] == pressed[..., 1])[walks].mean() + (pressed[..., 2] == pressed[..., 3])[walks].mean()
    assert diagonal / 2 > 0.85
    assert beside / 2 < 0.5


def test_nothing_is_below_the_ground(demo: Replay, links: tuple[np.ndarray, np.ndarray]):
    """By all vertices of the meshes, not by hulls; the robots' shells are a little larger than what collides."""
    positions, wxyz = links
    lowest = np.inf
    for visual in demo.robots["robot"].visuals:
        vertices = trimesh.transform_points(visual.mesh.vertices, visual.origin)
        # Those that can be the lowest, whichever way the link is turned.
        corners = trimesh.convex.convex_hull(vertices).vertices[::3]
        spots = rotations.rotate(wxyz[::5, :, visual.link, None], corners) + positions[::5, :, visual.link, None]
        lowest = min(lowest, (spots[..., 2] - ground_below(demo, spots)).min())
    assert lowest > -0.015


def test_fallen_robots_end_lying_on_the_ground(demo: Replay, shown, falls: list[Episode]):
    up = rotations.to_matrix(shown["robot.base_wxyz"])[..., 2, 2]
    for fall in falls:
        last, env = fall.last_step, fall.env_index
        height = shown["robot.base_pos"][last, env, 2] - ground_below(demo, shown["robot.base_pos"][last, env])
        assert up[fall.first_step, env] > 0.95
        assert up[last, env] < 0.5 or height < 0.15
        assert np.abs(shown["rew_terms"][last, env, TERMS.index("termination")]) > 0


def test_a_fall_is_seen_in_the_rewards(shown, falls: list[Episode]):
    for fall in falls:
        reward = shown["rew"][fall.first_step : fall.last_step + 1, fall.env_index]
        assert reward[-25:].mean() < 0.25 * np.median(reward)


def test_robots_that_fall_were_pushed(shown, falls: list[Episode]):
    for fall in falls:
        push = shown["push"][max(fall.first_step, fall.last_step - 150) : fall.last_step, fall.env_index]
        assert np.linalg.norm(push, axis=-1).max() > 30


def test_velocities_are_the_change_of_the_pose(shown, within_episode: np.ndarray):
    """Nearly: the physics goes on within a control step."""
    for position, velocity, error in (("base_pos", "base_lin_vel", 0.01), ("joint_pos", "joint_vel", 0.2)):
        change = np.diff(shown[f"robot.{position}"], axis=0)[within_episode] / 0.02
        rate = shown[f"robot.{velocity}"]
        middle = ((rate[1:] + rate[:-1]) / 2)[within_episode]
        assert np.median(np.abs(change - middle)) < error
        assert np.median(np.abs(change)) > 3 * error


def test_feet_carry_each_robots_own_weight(demo: Replay, shown, upright: np.ndarray):
    urdf = ElementTree.parse(asset("trotter/trotter.urdf")).getroot()
    mass = sum(float(mass.get("value", 0)) for mass in urdf.iter("mass")) + np.array(
        demo.rollout.metadata["added_mass"]
    )
    bodies = demo.rollout.entities["robot"].contact_bodies
    feet = shown["robot.contact_force"][..., [bodies.index(f"{leg}_foot") for leg in LEGS], 2].sum(axis=-1)
    carried = [feet[upright[:, env], env].mean() for env in range(demo.rollout.num_envs)]
    # Forces are seen at fifty instants in a second, between which they jump.
    np.testing.assert_allclose(carried, 9.81 * mass, rtol=0.08)


def test_torques_and_joints_stay_within_their_limits(demo: Replay, shown):
    limits = demo.robots["robot"].joint_limits
    joints = shown["robot.joint_pos"]
    # A simulator's limits are stiff springs.
    assert (joints - limits[:, 0]).min() > -0.1
    assert (limits[:, 1] - joints).min() > -0.1
    efforts = [float(limit.get("effort", 0)) for limit in urdf_limits()]
    assert np.all(np.abs(shown["robot.joint_torque"]).max(axis=(0, 1)) <= np.array(efforts) + 1e-4)


def urdf_limits() -> list[ElementTree.Element]:
    return list(ElementTree.parse(asset("trotter/trotter.urdf")).getroot().iter("limit"))


def test_terms_sum_to_the_reward(shown):
    np.testing.assert_allclose(shown["rew"], shown["rew_terms"].sum(axis=-1), atol=1e-6)


def test_terms_are_legged_gyms_formulas_of_the_recorded_motion(shown):
    lin_vel, ang_vel = in_base(shown, "base_lin_vel"), in_base(shown, "base_ang_vel")
    gravity = rotations.rotate(rotations.conjugate(shown["robot.base_wxyz"]), np.array([0.0, 0.0, -1.0]))
    command = shown["command"]
    measured = {
        "tracking_lin_vel": np.exp(-np.sum((command[..., :2] - lin_vel[..., :2]) ** 2, axis=-1) / 0.25),
        "tracking_ang_vel": np.exp(-((command[..., 2] - ang_vel[..., 2]) ** 2) / 0.25),
        "lin_vel_z": lin_vel[..., 2] ** 2,
        "ang_vel_xy": np.sum(ang_vel[..., :2] ** 2, axis=-1),
        "orientation": np.sum(gravity[..., :2] ** 2, axis=-1),
        "torques": np.sum(shown["robot.joint_torque"] ** 2, axis=-1),
    }
    for name, value in measured.items():
        column = TERMS.index(name)
        expected = 0.02 * WEIGHTS[column] * value
        np.testing.assert_allclose(shown["rew_terms"][..., column], expected, atol=2e-5, err_msg=name)


def test_rates_of_change_are_penalised_as_recorded(shown, within_episode: np.ndarray):
    acceleration, change = np.diff(shown["robot.joint_vel"], axis=0) / 0.02, np.diff(shown["act"], axis=0)
    for name, vectors in (("dof_acc", acceleration), ("action_rate", change)):
        column = TERMS.index(name)
        expected = 0.02 * WEIGHTS[column] * np.sum(vectors**2, axis=-1)[within_episode]
        terms = shown["rew_terms"][1:, :, column][within_episode]
        np.testing.assert_allclose(terms, expected, rtol=1e-3, atol=1e-6, err_msg=name)


def test_files_are_small():
    assert asset("walk.rec").stat().st_size < 3e6
    assert (ROOT / "assets" / "walk.npz").stat().st_size < 2e6


def test_plain_npz_has_the_same_steps(demo: Replay, shown):
    plain = load_rollout(ROOT / "assets" / "walk.npz")
    everything = slice(0, plain.num_steps), range(plain.num_envs)
    for name in ("robot.base_pos", "robot.joint_pos", "rew"):
        np.testing.assert_allclose(plain.read_shown(name, *everything), shown[name], atol=1e-6)
    assert [len(plain.episodes(env)) for env in range(6)] == [len(demo.rollout.episodes(env)) for env in range(6)]
    plain.close()


def test_recording_carries_the_robot_as_it_is(demo: Replay):
    carried = Path(demo.rollout.entities["robot"].urdf or "")
    meshes = sorted(asset("trotter").glob("meshes/*.glb"))
    assert len(meshes) >= 5
    for mesh in meshes:
        assert (carried.parent / "meshes" / mesh.name).read_bytes() == mesh.read_bytes()
