"""The demo's simulation: what moves the robot, what the controller can do, and the script that records it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from demo_scripts import DEMO, demo_module
from needs_simulator import simulator

from replay_viewer import load_rollout

mujoco = simulator("mujoco")
GRAVITY = 9.81


@pytest.fixture(scope="module")
def demo() -> Iterator[Any]:
    yield from demo_module("walk")


def settings(demo: Any, **changes: dict[str, Any]) -> Any:
    """The task's, with other values in some of their groups."""
    cfg = demo.TrotterEnv(1).cfg
    return type(
        "Changed", (cfg,), {name: type(name, (getattr(cfg, name),), values) for name, values in changes.items()}
    )


@pytest.fixture(scope="module")
def calm(demo: Any) -> Any:
    """Settings without pushes and without ends."""
    return settings(demo, env={"episode_length_s": (99, 99)}, domain_rand={"push_interval_s": (99, 99)})


def walk(demo: Any, env: Any, steps: int, command: Any = None) -> np.ndarray:
    """Root states (steps, n, 13) of robots that the controller walks, by these commands where they are given."""
    trot, control, roots = demo.trot_of(env.num_envs, env.dt), env.cfg.control, []
    for _ in range(steps):
        if command is not None:
            env.commands[:] = command
        targets = trot.targets(env.state(), env.commands, demo.KP, demo.KD)
        _, _, done, _ = env.step((targets - control.default_joint_angles) / control.action_scale)
        trot.reset(np.flatnonzero(done))
        roots.append(env.root_states.copy())
    return np.stack(roots)


def momentum(env: Any, index: int) -> np.ndarray:
    """Of a whole robot, (3,) [kg m/s]."""
    model, data = env.sim._models[index], env.sim._datas[index]
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    mujoco.mj_comVel(model, data)
    mujoco.mj_subtreeVel(model, data)
    return data.subtree_linvel[1] * model.body_subtreemass[1]


def test_contacts_gravity_and_pushes_are_all_that_moves_a_robot(demo: Any):
    """Each physics step changes the momentum by their impulse, in the air, on the ground, and under a push."""
    cfg = settings(demo, control={"decimation": 1}, domain_rand={"push_interval_s": (0.3, 0.3)})
    env, contacts, pushes = demo.TrotterEnv(1, seed=3, cfg=cfg), [], []
    weight = np.array([0, 0, -GRAVITY * env.sim._models[0].body_subtreemass[1]])
    for _ in range(300):
        before = momentum(env, 0)
        env.step(np.zeros((1, 12)))
        contacts.append(env.sim.contact_forces[0].sum(axis=0))
        pushes.append(env.pushes[0])
        impulse = (contacts[-1] + pushes[-1] + weight) * env.dt
        np.testing.assert_allclose(momentum(env, 0) - before, impulse, atol=0.02)
    carried = np.array(contacts)[:, 2]
    assert carried.min() == 0 and carried.max() > -weight[2]
    assert np.linalg.norm(pushes, axis=1).max() > 20


def test_a_robot_without_ground_under_it_falls_freely(demo: Any):
    env = demo.TrotterEnv(1, seed=0)
    env.sim.place(0, np.array([0.0, 0.0, 3.0]), np.array([1.0, 0, 0, 0]), env.cfg.control.default_joint_angles)
    for _ in range(20):
        env.sim.step(env.cfg.control.default_joint_angles[None], np.zeros((1, 3)), env.cfg.control.decimation)
    assert env.root_states[0, 9] == pytest.approx(-GRAVITY * 20 * env.dt, rel=1e-3)
    assert np.abs(env.root_states[0, 7:9]).max() < 1e-3
    assert not env.contact_forces.any()


def test_the_base_has_no_actuator(demo: Any):
    model = demo.TrotterEnv(1).sim._models[0]
    driven = {model.joint(int(joint)).name for joint in model.actuator_trnid[:, 0]}
    assert driven == {model.joint(index).name for index in range(model.njnt)} - {"base"}


def test_robots_walk_as_fast_as_they_are_told(demo: Any, calm: Any):
    commands = np.array([[0.5, 0, 0], [0.8, 0, 0], [-0.3, 0, 0], [0, 0.3, 0]])
    roots = walk(demo, demo.TrotterEnv(4, seed=5, cfg=calm), 200, commands)[100:]
    heading = 2 * np.arctan2(roots[..., 5], roots[..., 6])
    forward = np.cos(heading) * roots[..., 7] + np.sin(heading) * roots[..., 8]
    leftward = np.cos(heading) * roots[..., 8] - np.sin(heading) * roots[..., 7]
    np.testing.assert_allclose(forward.mean(axis=0), commands[:, 0], atol=0.12)
    np.testing.assert_allclose(leftward.mean(axis=0), commands[:, 1], atol=0.12)


def test_robots_turn_and_stand_still_where_they_are_told(demo: Any, calm: Any):
    env = demo.TrotterEnv(2, seed=5, cfg=calm)
    turning = walk(demo, env, 150, (0.2, 0.0, 0.7))[75:, :, 12]
    np.testing.assert_allclose(turning.mean(axis=0), 0.7, atol=0.15)
    standing = walk(demo, env, 150, (0.0, 0.0, 0.0))[-25:]
    assert np.linalg.norm(standing[..., 7:9], axis=-1).max() < 0.05
    assert not env.reset_buf.any()


def test_the_same_seed_makes_the_same_steps(demo: Any):
    first, again, other = (walk(demo, demo.TrotterEnv(2, seed), 60) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_who_is_done_is_reset_within_the_step(demo: Any):
    env = demo.TrotterEnv(2, seed=1)
    env.max_episode_length[1] = 10
    for step in range(10):
        _, _, done, extras = env.step(np.zeros((2, 12)))
        assert done.tolist() == [False, step == 9]
    assert extras["time_outs"].tolist() == [False, True]
    assert env.episode_length_buf.tolist() == [10, 0]
    assert np.linalg.norm(env.root_states[1, :2] - env.env_origins[1, :2]) < 0.5
    assert not env.root_states[1, 7:].any()


def test_script_records_from_any_folder(tmp_path: Path):
    command = [sys.executable, str(DEMO / "walk.py"), "runs/walk.rec", "--seconds", "3", "--envs", "2", "--seed", "5"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "runs/walk.rec: 3.0 s recorded"
    rollout = load_rollout(tmp_path / "runs" / "walk.rec")
    assert (rollout.num_steps, rollout.num_envs) == (150, 2)
    terms = rollout.read("rew_terms").astype(float)
    np.testing.assert_allclose(rollout.read("rew"), terms.sum(axis=-1), atol=1e-6)
    assert rollout.terrain is not None
    assert rollout.metadata["simulator"] == f"MuJoCo {mujoco.__version__}"
    rollout.close()
