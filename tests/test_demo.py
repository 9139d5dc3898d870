"""The bundled demo and its robot: honest numbers, a robot that a simulator would take, small files."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import trimesh

from replay_viewer import rotations
from replay_viewer.assets_path import asset
from replay_viewer.replay import Replay, open_replay

ASSETS = Path(__file__).resolve().parents[1] / "assets"
LEGS = ("FL", "FR", "RL", "RR")
FOOT_RADIUS = 0.022
PUSHED_AT = 300
# Per env: last step and outcome of each episode.
EPISODES = [
    [(369, "terminated"), (699, "unfinished")],
    [(479, "truncated"), (699, "unfinished")],
    [(259, "truncated"), (699, "unfinished")],
    [(699, "unfinished")],
]
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


@pytest.fixture(scope="module")
def demo():
    replay = open_replay(asset("demo.rec"))
    yield replay
    replay.close()


@pytest.fixture(scope="module")
def shown(demo: Replay) -> dict[str, np.ndarray]:
    """Every field as it is shown, terminal states included, (steps, envs, ...) in float64."""
    rollout = demo.rollout
    everything = slice(0, rollout.num_steps), range(rollout.num_envs)
    return {name: rollout.read_shown(name, *everything).astype(float) for name in rollout.fields}


@pytest.fixture(scope="module")
def within_episode(demo: Replay) -> np.ndarray:
    """(steps, envs): whether the step before belongs to the same episode."""
    rollout = demo.rollout
    same = np.ones((rollout.num_steps, rollout.num_envs), dtype=bool)
    for env_index in range(rollout.num_envs):
        same[[episode.first_step for episode in rollout.episodes(env_index)], env_index] = False
    return same


@pytest.fixture(scope="module")
def feet(demo: Replay, shown: dict[str, np.ndarray]) -> np.ndarray:
    """Centres of the feet in the world, (steps, envs, 4, 3)."""
    robot = demo.robots["robot"]
    positions, _ = robot.forward_kinematics(
        *(shown[f"robot.{name}"] for name in ("joint_pos", "base_pos", "base_wxyz"))
    )
    return positions[..., [robot.link_names.index(f"{leg}_foot") for leg in LEGS], :]


def walking(demo: Replay) -> np.ndarray:
    """(steps, envs): whether the robot walks and has not been pushed."""
    steps = np.arange(demo.rollout.num_steps)[:, None]
    is_pushed = np.arange(demo.rollout.num_envs) == 0
    return ~(is_pushed & (steps >= PUSHED_AT) & (steps <= EPISODES[0][0][0]))


def test_demo_is_complete_and_says_that_it_is_no_physics(demo: Replay):
    rollout = demo.rollout
    assert (rollout.num_steps, rollout.num_envs, rollout.control_dt) == (700, 4, 0.02)
    assert rollout.reward_terms == TERMS
    assert "kinematic demonstration" in rollout.metadata["about"].lower()
    assert "no physics simulator" in rollout.metadata["about"]
    assert demo.robots["robot"].problems == ()
    assert not [verdict for verdict in demo.verdicts if verdict.status in ("problem", "assumed")]


@pytest.mark.parametrize("env_index", range(4))
def test_episodes_end_as_declared(demo: Replay, env_index: int):
    episodes = demo.rollout.episodes(env_index)
    assert [(e.last_step, e.outcome) for e in episodes] == EPISODES[env_index]
    assert [e.terminal_state for e in episodes] == ["table"] * (len(episodes) - 1) + ["none"]
    assert [e.first_step for e in episodes] == [0, *(e.last_step + 1 for e in episodes[:-1])]


def test_standing_feet_neither_slip_nor_sink(demo: Replay, shown, feet, within_episode):
    stands = (shown["robot.contact_force"][..., 2] > 1) & walking(demo)[..., None]
    assert 0.4 < stands.mean() < 0.7
    np.testing.assert_allclose(feet[stands][:, 2], FOOT_RADIUS, atol=1e-5)
    both = stands[1:] & stands[:-1] & within_episode[1:, :, None]
    assert np.linalg.norm(np.diff(feet, axis=0)[both], axis=-1).max() < 1e-4


def test_swinging_feet_clear_the_ground(demo: Replay, shown, feet):
    swings = (shown["robot.contact_force"][..., 2] < 1) & walking(demo)[..., None]
    lifted = feet[..., 2] - FOOT_RADIUS
    assert lifted[swings].min() > -1e-5
    assert np.quantile(lifted[swings], 0.9) > 0.04


def test_nothing_is_below_the_ground(demo: Replay, shown):
    """By all vertices of the meshes, not by hulls."""
    robot = demo.robots["robot"]
    positions, wxyz = robot.forward_kinematics(
        *(shown[f"robot.{name}"] for name in ("joint_pos", "base_pos", "base_wxyz"))
    )
    lowest = np.full(positions.shape[:2], np.inf)
    for visual in robot.visuals:
        vertices = trimesh.transform_points(visual.mesh.vertices, visual.origin)
        down = rotations.to_matrix(wxyz[:, :, visual.link])[..., 2, :]
        heights = (down.reshape(-1, 3) @ vertices.T).min(axis=1).reshape(lowest.shape)
        lowest = np.minimum(lowest, heights + positions[:, :, visual.link, 2])
    assert lowest.min() > -0.005
    assert lowest[walking(demo)].min() > -1e-4


def test_pushed_robot_ends_lying_on_the_ground(demo: Replay, shown):
    up = rotations.to_matrix(shown["robot.base_wxyz"])[..., 2, 2]
    last = EPISODES[0][0][0]
    assert up[PUSHED_AT - 1, 0] > 0.98
    assert up[last, 0] < 0.2
    assert shown["robot.base_pos"][last, 0, 2] < 0.15
    assert np.abs(shown["robot.base_pos"][last] - shown["robot.base_pos"][last - 1])[0].max() < 0.01
    assert up[walking(demo)].min() > 0.98


def test_robots_start_at_their_origins_and_keep_their_distance(demo: Replay, shown):
    ground = shown["robot.base_pos"][..., :2]
    origins = demo.rollout.env_origins
    assert origins is not None
    assert np.abs(ground[0] - origins[:, :2]).max() < 0.15
    between = np.linalg.norm(ground[:, :, None] - ground[:, None, :], axis=-1)
    assert between[:, ~np.eye(4, dtype=bool)].min() > 1.0


def test_velocities_are_the_change_of_the_pose(shown, within_episode):
    same = within_episode[1:]
    for position, velocity in (("base_pos", "base_lin_vel"), ("joint_pos", "joint_vel")):
        change = np.diff(shown[f"robot.{position}"], axis=0) / 0.02
        np.testing.assert_allclose(shown[f"robot.{velocity}"][1:][same], change[same], atol=1e-3)
    wxyz = shown["robot.base_wxyz"]
    turn = rotations.to_rotation_vector(rotations.multiply(wxyz[1:], rotations.conjugate(wxyz[:-1]))) / 0.02
    np.testing.assert_allclose(shown["robot.base_ang_vel"][1:][same], turn[same], atol=1e-3)


def test_torques_are_what_the_actions_make_of_a_pd_controller(shown):
    joints, speed = shown["robot.joint_pos"], shown["robot.joint_vel"]
    wanted = 0.25 * shown["act"] + np.tile([0.0, 0.8, -1.5], 4)
    pd = np.clip(30.0 * (wanted - joints) - 0.8 * speed, -25, 25)
    np.testing.assert_allclose(shown["robot.joint_torque"], pd, atol=1e-3)


def test_joints_stay_within_their_limits(demo: Replay, shown):
    limits = demo.robots["robot"].joint_limits
    joints = shown["robot.joint_pos"]
    assert np.all(joints > limits[:, 0])
    assert np.all(joints < limits[:, 1])


def test_terms_sum_to_the_reward_where_it_is_not_clipped(shown):
    terms, reward = shown["rew_terms"], shown["rew"]
    before_clip, termination = terms[..., :-1].sum(axis=-1), terms[..., -1]
    np.testing.assert_allclose(reward, np.maximum(before_clip, 0) + termination, atol=1e-6)
    residual = np.abs(reward - terms.sum(axis=-1)) > 1e-6
    falling = slice(PUSHED_AT, EPISODES[0][0][0] + 1)
    assert residual[falling, 0].mean() > 0.8
    assert residual.sum() - residual[falling, 0].sum() < 10


def test_terms_are_legged_gyms_formulas_of_the_recorded_motion(shown):
    to_base = rotations.conjugate(shown["robot.base_wxyz"])
    lin_vel = rotations.rotate(to_base, shown["robot.base_lin_vel"])
    ang_vel = rotations.rotate(to_base, shown["robot.base_ang_vel"])
    gravity = rotations.rotate(to_base, np.array([0.0, 0.0, -1.0]))
    command = shown["command"]
    expected = {
        "tracking_lin_vel": 1.0 * np.exp(-np.sum((command[..., :2] - lin_vel[..., :2]) ** 2, axis=-1) / 0.25),
        "tracking_ang_vel": 0.5 * np.exp(-((command[..., 2] - ang_vel[..., 2]) ** 2) / 0.25),
        "lin_vel_z": -2.0 * lin_vel[..., 2] ** 2,
        "ang_vel_xy": -0.05 * np.sum(ang_vel[..., :2] ** 2, axis=-1),
        "orientation": -1.0 * np.sum(gravity[..., :2] ** 2, axis=-1),
        "torques": -2e-4 * np.sum(shown["robot.joint_torque"] ** 2, axis=-1),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(shown["rew_terms"][..., TERMS.index(name)], 0.02 * value, atol=2e-5, err_msg=name)


def test_rates_of_change_are_penalised_as_recorded(shown, within_episode):
    same = within_episode[1:]
    acceleration, change = np.diff(shown["robot.joint_vel"], axis=0) / 0.02, np.diff(shown["act"], axis=0)
    for name, weight, vectors in (("dof_acc", -2.5e-7, acceleration), ("action_rate", -0.01, change)):
        expected = 0.02 * weight * np.sum(vectors**2, axis=-1)
        terms = shown["rew_terms"][1:, :, TERMS.index(name)]
        np.testing.assert_allclose(terms[same], expected[same], rtol=1e-3, atol=1e-6, err_msg=name)


def test_feet_carry_the_robots_weight(demo: Replay, shown):
    weight = 9.81 * sum(mass_of(inertial) for inertial in urdf().iter("inertial"))
    carried = shown["robot.contact_force"][..., 2].sum(axis=-1)[walking(demo)]
    assert carried.mean() == pytest.approx(weight, rel=0.02)


def test_files_are_small(demo: Replay):
    assert asset("demo.rec").stat().st_size < 1.2e6
    robot = sum(path.stat().st_size for path in asset("trotter").rglob("*"))
    assert asset("demo.rec").stat().st_size + robot < 2e6
    triangles = sum(len(visual.mesh.faces) for visual in demo.robots["robot"].visuals)
    assert 5_000 < triangles <= 15_000


def urdf() -> ElementTree.Element:
    return ElementTree.parse(asset("trotter/trotter.urdf")).getroot()


def mass_of(inertial: ElementTree.Element) -> float:
    mass = inertial.find("mass")
    assert mass is not None
    return float(mass.get("value", 0))
