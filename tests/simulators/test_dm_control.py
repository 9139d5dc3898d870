"""dm_control's environments, for real: every recorded number is compared with the physics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_columns import Columns
from needs_simulator import simulator

from replay_viewer import attach
from replay_viewer.replay.replay import open_replay

suite = simulator("dm_control.suite")
mujoco = simulator("mujoco")

OUTCOMES = ("unfinished", "terminated", "truncated", "aborted")


def single(values: Any) -> np.ndarray:
    """As a recording holds them."""
    return np.asarray(values, np.float32)


def load(domain: str, task: str, time_limit: float = 0.3) -> Any:
    return suite.load(domain, task, task_kwargs={"random": 3, "time_limit": time_limit})


def physics(env: Any) -> dict[str, np.ndarray]:
    """What MuJoCo makes of the state when asked at once, in memory of its own."""
    model, data = env.physics.model.ptr, env.physics.data.ptr
    now = mujoco.MjData(model)
    now.qpos[:], now.qvel[:] = data.qpos, data.qvel
    now.mocap_pos[:], now.mocap_quat[:] = data.mocap_pos, data.mocap_quat
    mujoco.mj_kinematics(model, now)
    return {"qpos": now.qpos, "qvel": now.qvel, "xpos": now.xpos, "xquat": now.xquat}


def run(env: Any, num_steps: int) -> list[dict[str, Any]]:
    """dm_env's loop, in which a step after the last one begins the next episode."""
    random, spec = np.random.default_rng(0), env.action_spec()
    env.reset()
    truth = []
    for _ in range(num_steps):
        action = random.uniform(spec.minimum, spec.maximum, spec.shape)
        time_step = env.step(action)
        truth.append({**physics(env), "act": action, "time_step": time_step})
    return truth


def column(truth: list[dict[str, Any]], name: str) -> np.ndarray:
    return np.array([step[name] for step in truth])


def assert_numbers(path: Path, env: Any, truth: list[dict[str, Any]]) -> None:
    """Each joint and each base, as recorded and as the physics had them."""
    columns, model = Columns(path), env.physics.model.ptr
    qpos, qvel, xpos, xquat = (column(truth, name) for name in ("qpos", "qvel", "xpos", "xquat"))
    robots = open_replay(path).robots
    for entity in columns.meta["entities"]:
        name, links = entity["name"], robots[entity["name"]].link_names
        for number, joint in enumerate(entity["joint_names"]):
            where = model.joint(joint)
            np.testing.assert_array_equal(columns[f"{name}.joint_pos"][:, 0, number], single(qpos[:, where.qposadr[0]]))
            np.testing.assert_array_equal(columns[f"{name}.joint_vel"][:, 0, number], single(qvel[:, where.dofadr[0]]))
        if links[0] in [model.body(body).name for body in range(model.nbody)]:
            body = model.body(links[0]).id
            np.testing.assert_array_equal(columns[f"{name}.base_pos"][:, 0], single(xpos[:, body]))
            np.testing.assert_array_equal(columns[f"{name}.base_wxyz"][:, 0], single(xquat[:, body]))
    rewards = [step["time_step"].reward or 0.0 for step in truth]
    np.testing.assert_array_equal(columns["rew"][:, 0], single(rewards))
    np.testing.assert_array_equal(columns["act"][:, 0], single(column(truth, "act")))


@pytest.mark.parametrize(
    ("domain", "task"),
    [("quadruped", "fetch"), ("humanoid", "run"), ("walker", "walk"), ("manipulator", "bring_ball"), ("dog", "trot")],
)
def test_every_number_is_that_of_the_physics(domain: str, task: str, tmp_path: Path) -> None:
    env = load(domain, task)
    with attach(env, tmp_path / "run.rec", strict=True) as recorder:
        truth = run(env, 40)
    assert_numbers(recorder.path, env, truth)
    meta = Columns(recorder.path).meta
    assert meta["control_dt"] == pytest.approx(env.control_timestep())
    assert meta["decimation"] * meta["physics_dt"] == pytest.approx(meta["control_dt"])
    assert meta["metadata"]["task"].startswith(f"{domain}.")


def corridor(time_limit: float, arena: str = "EmptyCorridor") -> Any:
    """A humanoid on which an episode ends when anything but its feet touches the ground."""
    arenas = simulator("dm_control.locomotion.arenas.corridors")
    walker = simulator("dm_control.locomotion.walkers.cmu_humanoid").CMUHumanoid()
    task = simulator("dm_control.locomotion.tasks.corridors").RunThroughCorridor(
        walker, getattr(arenas, arena)(), physics_timestep=0.005, control_timestep=0.03
    )
    walker.observables.egocentric_camera.enabled = False  # It needs a display.
    return simulator("dm_control.composer").Environment(task, time_limit=time_limit, random_state=1)


@pytest.mark.parametrize(("time_limit", "outcome"), [(9.0, "terminated"), (0.2, "truncated")])
def test_a_discount_of_zero_is_a_fall_and_of_one_a_time_out(time_limit: float, outcome: str, tmp_path: Path) -> None:
    env = corridor(time_limit)
    with attach(env, tmp_path / "run.rec", strict=True) as recorder:
        truth = run(env, 60)
    columns = Columns(recorder.path)
    last = [number for number, step in enumerate(truth) if step["time_step"].last()]
    assert {truth[number]["time_step"].discount for number in last} == {float(outcome == "truncated")}
    assert [OUTCOMES[end["outcome"]] for end in columns.ends] == [outcome] * len(last)
    assert [end["last_record"] for end in columns.ends] == last
    root = env.physics.model.body("walker/").id
    for end, number in zip(columns.ends, last, strict=True):
        pose = columns.last_state(end, "robot.base_pos")
        np.testing.assert_array_equal(pose, single(truth[number]["xpos"][root]))


def test_the_step_after_the_last_only_resets_and_is_the_first_of_the_new_episode(tmp_path: Path) -> None:
    env = load("quadruped", "walk", 0.2)
    with attach(env, tmp_path / "run.rec", observations=True) as recorder:
        truth = run(env, 25)
    columns = Columns(recorder.path)
    assert [(end["first_record"], end["last_record"]) for end in columns.ends] == [(0, 9), (10, 20)]
    observed = [np.concatenate([np.ravel(part) for part in step["time_step"].observation.values()]) for step in truth]
    np.testing.assert_array_equal(columns["obs"][:, 0], single(observed))


def test_dm_controls_own_wrappers_are_seen_through(tmp_path: Path) -> None:
    wrappers = simulator("dm_control.suite.wrappers.action_scale")
    env = wrappers.Wrapper(load("quadruped", "walk", 0.2), minimum=-1.0, maximum=1.0)
    with attach(env, tmp_path / "run.rec", strict=True) as recorder:
        truth = run(env, 25)
    assert_numbers(recorder.path, env, truth)
    assert [OUTCOMES[end["outcome"]] for end in Columns(recorder.path).ends] == ["truncated", "truncated"]


def test_a_composer_environment_whose_model_is_compiled_for_each_episode(tmp_path: Path) -> None:
    tasks = simulator("dm_control.locomotion.tasks.go_to_target")
    arenas, walkers = simulator("dm_control.locomotion.arenas.floors"), simulator("dm_control.locomotion.walkers.ant")
    composer = simulator("dm_control.composer")
    task = tasks.GoToTarget(walkers.Ant(), arenas.Floor(), physics_timestep=0.005, control_timestep=0.03)
    env = composer.Environment(task, time_limit=0.3, random_state=1)
    with attach(env, tmp_path / "run.rec", strict=True) as recorder:
        truth = run(env, 30)
    columns = Columns(recorder.path)
    assert columns.meta["control_dt"] == pytest.approx(0.03) and columns.meta["decimation"] == 6
    root = env.physics.model.body("walker/").id
    np.testing.assert_array_equal(columns["robot.base_pos"][:, 0], single(column(truth, "xpos")[:, root]))
    np.testing.assert_array_equal(columns["robot.base_wxyz"][:, 0], single(column(truth, "xquat")[:, root]))
    assert [OUTCOMES[end["outcome"]] for end in columns.ends] == ["truncated", "truncated"]


def test_walls_that_a_reset_puts_up_end_no_recording_and_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = corridor(9.0, "WallsCorridor")
    with attach(env, tmp_path / "run.rec") as recorder:
        truth = run(env, 5)
    assert "'terrain' is made anew by a reset" in caplog.text
    root = env.physics.model.body("walker/").id
    recorded = Columns(recorder.path)["robot.base_pos"][:, 0]
    np.testing.assert_array_equal(recorded, single(column(truth, "xpos")[:, root]))
