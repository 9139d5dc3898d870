"""The second demo: two robots push a crate, and each is rewarded for itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from replay_viewer import rotations
from replay_viewer.paths import asset
from replay_viewer.replay.replay import Replay, open_replay
from replay_viewer.rollout.episodes import Episode

ASSETS = Path(__file__).resolve().parents[2] / "assets"
ROBOTS = ("robot_0", "robot_1")
CRATE = (0.5, 1.0, 0.45)


@pytest.fixture(scope="module")
def demo():
    replay = open_replay(asset("push.rec"))
    yield replay
    replay.close()


@pytest.fixture(scope="module")
def episodes(demo: Replay) -> list[Episode]:
    """Those that have ended, of all envs."""
    found = [episode for env in range(demo.rollout.num_envs) for episode in demo.rollout.episodes(env)]
    return [episode for episode in found if episode.outcome != "unfinished"]


def shown(demo: Replay, name: str, episode: Episode) -> np.ndarray:
    """A field over an episode as it is shown, its terminal state included, (steps, ...) in float64."""
    steps = slice(episode.first_step, episode.last_step + 1)
    return demo.rollout.read_shown(name, steps, [episode.env_index])[:, 0].astype(float)


def test_two_robots_a_crate_and_its_target_are_recorded(demo: Replay):
    rollout = demo.rollout
    assert [(entity.name, entity.kind) for entity in rollout.entities.values()] == [
        ("robot_0", "robot"),
        ("robot_1", "robot"),
        ("box", "object"),
        ("target", "object"),
    ]
    assert rollout.num_envs >= 3
    assert "MuJoCo" in rollout.metadata["about"]
    assert all(robot.problems == () for robot in demo.robots.values())
    assert not [verdict for verdict in demo.verdicts if verdict.status in ("problem", "assumed")]


def test_file_is_small_and_complete():
    assert asset("push.rec").is_file()
    assert asset("push.rec").stat().st_size < 3e6


def test_recording_carries_the_robots_and_the_crate_as_they_are(demo: Replay):
    for robot in ROBOTS:
        urdf = Path(demo.rollout.entities[robot].urdf or "")
        assert urdf.read_bytes() == asset("trotter/trotter.urdf").read_bytes()
        meshes = list((urdf.parent / "meshes").iterdir())
        assert all(mesh.read_bytes() == asset(f"trotter/meshes/{mesh.name}").read_bytes() for mesh in meshes)
        assert len(meshes) == len(list(asset("trotter/meshes").iterdir()))
    extents = [visual.mesh.extents for visual in demo.robots["box"].visuals]
    np.testing.assert_allclose(np.max(extents, axis=0), CRATE, atol=1e-4)


def test_some_succeed_some_run_out_of_time_and_somebody_falls(demo: Replay, episodes: list[Episode]):
    assert {episode.success for episode in episodes} == {True, False}
    assert {episode.outcome for episode in episodes} == {"terminated", "truncated"}
    assert {"box at the target", "robot_1 fell"} <= {episode.outcome_reason for episode in episodes}
    assert max(len(demo.rollout.episodes(env)) for env in range(demo.rollout.num_envs)) >= 3


def test_terms_sum_to_each_agents_reward(demo: Replay):
    everything = slice(0, demo.rollout.num_steps), range(demo.rollout.num_envs)
    terms, rewards = (demo.rollout.read_shown(name, *everything).astype(float) for name in ("rew_terms", "rew"))
    assert rewards.shape == (*rewards.shape[:2], 2)
    np.testing.assert_allclose(terms.sum(axis=-1), rewards, atol=1e-6)
    assert np.abs(rewards[..., 0] - rewards[..., 1]).max() > 0.01


def test_terms_are_their_formulas_of_what_is_recorded(demo: Replay, episodes: list[Episode]):
    names, dt = demo.rollout.reward_terms, demo.rollout.control_dt
    for episode in episodes:
        terms = shown(demo, "rew_terms", episode)
        away = shown(demo, "box.base_pos", episode) - shown(demo, "target.base_pos", episode)
        progress = -8.0 * np.diff(np.linalg.norm(away[:, :2], axis=1))
        for agent, robot in enumerate(ROBOTS):
            expected = {
                "box_progress": progress,
                "upright": -2 * dt * (1 - rotations.to_matrix(shown(demo, f"{robot}.base_wxyz", episode))[1:, 2, 2]),
                "torques": -1e-4 * dt * np.sum(shown(demo, f"{robot}.joint_torque", episode)[1:] ** 2, axis=-1),
                "action_rate": -5 * dt * np.sum(np.diff(shown(demo, "act", episode)[:, agent], axis=0) ** 2, axis=-1),
            }
            for name, values in expected.items():
                found = terms[1:, agent, names.index(name)]
                np.testing.assert_allclose(found, values, atol=2e-5, err_msg=f"{name} of {robot}")


def test_success_is_where_the_box_is_at_the_target(demo: Replay, episodes: list[Episode]):
    for episode in episodes:
        box, target = (shown(demo, f"{name}.base_pos", episode)[:, :2] for name in ("box", "target"))
        away = np.linalg.norm(box - target, axis=1)
        assert (away[-1] < 0.2) or not episode.success
        if episode.success:
            assert away[0] > 1.2


def test_a_fallen_robot_lies_on_the_ground_and_pays_for_it_alone(demo: Replay, episodes: list[Episode]):
    fallen = [episode for episode in episodes if episode.outcome_reason == "robot_1 fell"]
    for episode in fallen:
        assert shown(demo, "robot_1.base_pos", episode)[-1, 2] < 0.17
        fall = shown(demo, "rew_terms", episode)[-1, :, demo.rollout.reward_terms.index("fall")]
        assert fall[1] < 0 == fall[0]


def test_the_box_moves_only_while_it_is_touched(demo: Replay, episodes: list[Episode]):
    """On a floor that brakes it within a tenth of a second."""
    for episode in episodes:
        position = shown(demo, "box.base_pos", episode)
        speed = np.linalg.norm(np.diff(position, axis=0), axis=1) / demo.rollout.control_dt
        # The box is a robot's reach away, or nearer.
        reach = np.minimum(*(gap_to_the_box(demo, name, episode) for name in ROBOTS))
        assert speed[reach[1:] > 0.12].max(initial=0) < 0.02
        assert position[:, 2] == pytest.approx(CRATE[2] / 2, abs=0.02)


def gap_to_the_box(demo: Replay, robot: str, episode: Episode) -> np.ndarray:
    """From a robot's head to the box's side that it pushes, along the box, (steps,) [m]."""
    away = shown(demo, f"{robot}.base_pos", episode) - shown(demo, "box.base_pos", episode)
    seen = rotations.rotate(rotations.conjugate(shown(demo, "box.base_wxyz", episode)), away)
    return -seen[:, 0] - CRATE[0] / 2 - 0.3


def test_script_makes_the_same_crate_again_as_large_as_physics_has_it(tmp_path: Path):
    subprocess.run([sys.executable, str(ASSETS / "make_crate.py"), str(tmp_path / "crate.glb")], check=True, timeout=60)
    made, committed = (trimesh.load_scene(path) for path in (tmp_path / "crate.glb", asset("crate.glb")))
    np.testing.assert_allclose(made.to_mesh().triangles, committed.to_mesh().triangles, atol=1.1e-5)
    np.testing.assert_allclose(committed.extents, CRATE, atol=1e-4)
