"""The second demo's simulation: two robots, a box, and nothing but contacts between them."""

from __future__ import annotations

import importlib
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
    yield from demo_module("push")


@pytest.fixture
def env(demo: Any) -> Any:
    return demo.PushEnv(num_envs=1, seed=3)


def test_the_box_stays_where_nobody_touches_it(env: Any):
    for _ in range(50):
        env.step(np.zeros((1, 2, 3)))
    np.testing.assert_allclose(env.box_pos[0, :2] - env.env_origins[0, :2], 0, atol=1e-3)
    assert np.linalg.norm(env.box_lin_vel) < 1e-3


def test_without_contacts_the_box_and_the_robots_fall_like_stones(demo: Any):
    scene = importlib.import_module("push_scene")
    model = scene.push_model()
    model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONTACT
    data, places = mujoco.MjData(model), scene.Places(model)
    scene.put(data, places, np.array([[-1.0, 0.4, 0.0], [-1.0, -0.4, 0.0]]), np.zeros(3))
    before = data.qpos[places.box_qpos][2]
    mujoco.mj_forward(model, data)
    height = data.subtree_com[places.bases, 2].copy()
    for _ in range(100):
        mujoco.mj_step(model, data)
    mujoco.mj_forward(model, data)
    fallen = GRAVITY * data.time**2 / 2
    assert before - data.qpos[places.box_qpos][2] == pytest.approx(fallen, rel=0.02)
    assert height - data.subtree_com[places.bases, 2] == pytest.approx(fallen, rel=0.02)


def test_two_runs_with_one_seed_are_the_same(demo: Any):
    first, second = (demo.PushEnv(num_envs=2, seed=5) for _ in range(2))
    for _ in range(40):
        results = [env.step(env.plan()) for env in (first, second)]
        for one, other in zip(results[0][:3], results[1][:3], strict=True):
            np.testing.assert_array_equal(one, other)
    assert np.abs(first.plan() - demo.PushEnv(num_envs=2, seed=6).plan()).max() > 0.01


def test_a_shoved_robot_falls_and_ends_the_episode(env: Any):
    env.shove(0, 0, (0.0, 200.0, 40.0), 0.2)
    for _ in range(150):
        _, reward, done, _ = env.step(env.plan())
        if done[0]:
            break
    assert env.fall_buf.tolist() == [[True, False]]
    assert reward[0, 0] < -1 < reward[0, 1]
    # What is returned is the next episode's beginning.
    assert env.base_pos[0, 0, 2] > 0.25


def test_an_episode_is_recorded_with_its_success(demo: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = demo.record(tmp_path / "push.rec", seconds=9.0, num_envs=1, seed=demo.SEED)
    rollout = load_rollout(path)
    episode = rollout.episodes(0)[0]
    assert (episode.outcome_reason, episode.success) == ("box at the target", True)
    terms, rewards = (rollout.read_shown(name, slice(0, 450), [0]).astype(float) for name in ("rew_terms", "rew"))
    np.testing.assert_allclose(terms.sum(axis=-1), rewards, atol=1e-6)
    assert terms[episode.last_step, 0, :, rollout.reward_terms.index("success")].tolist() == [4.0, 4.0]
    assert capsys.readouterr().out.endswith("9.0 s recorded\n")


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (("--envs", "0"), "'0' is not a whole number from 1 on"),
        (("--seconds", "nan"), "'nan' is no time to simulate"),
        (("--seconds", "soon"), "'soon' is no time to simulate"),
        (("--seed", "-1"), "'-1' is not a whole number from 0 on"),
    ],
)
def test_bad_command_lines_are_refused_with_a_reason(
    demo: Any, bad: tuple[str, str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["push.py", "never.rec", *bad])
    with pytest.raises(SystemExit):
        demo.run(demo.record, "", num_envs=1, seed=0)
    assert said in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_one_line(demo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(sys, "argv", ["push.py", str(tmp_path / "file" / "push.rec")])
    with pytest.raises(SystemExit, match=r"push\.rec: cannot be made"):
        demo.run(demo.record, "", num_envs=1, seed=0)


def test_the_script_runs_from_any_folder(tmp_path: Path):
    command = [sys.executable, str(DEMO / "push.py"), "made.rec", "--seconds", "0.4", "--envs", "2", "--live"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("made.rec: 0.4 s recorded\n")
    rollout = load_rollout(tmp_path / "made.rec")
    assert (rollout.num_steps, rollout.num_envs) == (20, 2)
