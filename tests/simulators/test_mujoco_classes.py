"""Anybody's own class around MuJoCo: it has a model, its data, `step` and `reset`, and knows nothing of Gymnasium."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from container_columns import Columns
from needs_simulator import simulator

from replay_viewer import attach
from replay_viewer.replay.replay import open_replay

mujoco = simulator("mujoco")

OUTCOMES = ("unfinished", "terminated", "truncated", "aborted")
# A cart with two poles, a ball that rolls, a marker that is moved by hand, and hills.
WORLD = """
<mujoco>
  <option timestep="0.002"/>
  <asset><hfield name="hills" nrow="3" ncol="4" size="4 3 0.5 0.1" elevation="0 0 0 0 0 1 1 0 0 0 0 0"/></asset>
  <worldbody>
    <geom type="plane" size="5 5 0.1"/>
    <geom type="hfield" hfield="hills" pos="10 0 0"/>
    <body name="cart" pos="0 0 1">
      <joint name="slider" type="slide" axis="1 0 0"/><geom type="box" size="0.2 0.1 0.1" mass="1"/>
      <body name="pole">
        <joint name="hinge" axis="0 1 0"/><geom type="capsule" size="0.03" fromto="0 0 0 0 0 0.6"/>
      </body>
    </body>
    <body name="ball" pos="1 0 0.3"><freejoint/><geom size="0.1"/></body>
    <body name="marker" mocap="true"><geom size="0.05" contype="0" conaffinity="0"/></body>
  </worldbody>
  <actuator><motor joint="slider"/></actuator>
</mujoco>
"""


def single(values: Any) -> np.ndarray:
    """As a recording holds them."""
    return np.asarray(values, np.float32)


class Cart:
    """What many write themselves: ten physics steps to a control step, and no word about it."""

    def __init__(self) -> None:
        self.model = mujoco.MjModel.from_xml_string(WORLD)
        self.data = mujoco.MjData(self.model)

    def reset(self) -> np.ndarray:
        mujoco.mj_resetData(self.model, self.data)
        return self.data.qpos.copy()

    def step(self, action: Any = 0.0) -> Any:
        self.data.ctrl[:] = action
        self.data.mocap_pos[0] = [self.data.time, 0.0, 1.0]
        for _ in range(10):
            mujoco.mj_step(self.model, self.data)
        return self.result()

    def result(self) -> Any:
        return None


class HeldCart:
    """The same one level down, and a new model with each reset."""

    def __init__(self) -> None:
        self._cart = Cart()
        self.physics = SimpleNamespace(model=self._cart.model, data=self._cart.data)

    def reset(self) -> None:
        self.__init__()

    def step(self, action: Any = 0.0) -> Any:
        return self._cart.step(action)

    def control_timestep(self) -> float:
        return 0.02


def state(env: Any) -> dict[str, np.ndarray]:
    held = getattr(env, "physics", env)
    now = mujoco.MjData(held.model)
    now.qpos[:], now.qvel[:], now.mocap_pos[:] = held.data.qpos, held.data.qvel, held.data.mocap_pos
    mujoco.mj_kinematics(held.model, now)
    return {"qpos": now.qpos, "qvel": now.qvel, "xpos": now.xpos}


def run(env: Any, num_steps: int, *action: Any) -> list[dict[str, np.ndarray]]:
    env.reset()
    truth = []
    for _ in range(num_steps):
        env.step(*action)
        truth.append(state(env))
    return truth


def assert_numbers(columns: Columns, truth: list[dict[str, np.ndarray]]) -> None:
    qpos, qvel, xpos = (single([step[name] for step in truth]) for name in ("qpos", "qvel", "xpos"))
    np.testing.assert_array_equal(columns["robot.joint_pos"][:, 0], qpos[:, :2])
    np.testing.assert_array_equal(columns["robot.joint_vel"][:, 0], qvel[:, :2])
    np.testing.assert_array_equal(columns["ball.base_pos"][:, 0], xpos[:, 3])
    np.testing.assert_array_equal(columns["marker.base_pos"][:, 0], xpos[:, 4])


@pytest.mark.parametrize("kind", [Cart, HeldCart])
def test_every_number_is_that_of_the_physics(kind: type, tmp_path: Path) -> None:
    env = kind()
    with attach(env, tmp_path / "run.rec", strict=True) as recorder:
        truth = run(env, 20, 0.3)
        env.reset()
        truth += run(env, 5, -0.3)
    columns = Columns(recorder.path)
    assert_numbers(columns, truth)
    np.testing.assert_array_equal(columns["act"][:, 0], single([0.3] * 20 + [-0.3] * 5))
    assert [(OUTCOMES[end["outcome"]], end["length"]) for end in columns.ends] == [("aborted", 20)]
    assert "rew" not in columns.names
    assert len(open_replay(recorder.path).robots["robot"].visuals) == 2


def test_how_long_a_step_is_is_measured_where_nothing_states_it(tmp_path: Path) -> None:
    env = Cart()
    run(env, 7)
    with attach(env, tmp_path / "run.rec") as recorder:
        env.step()
        env.reset()
        env.step()
    columns = Columns(recorder.path)
    assert (columns.meta["control_dt"], columns.meta["decimation"]) == (pytest.approx(0.02), 10)
    assert [end["length"] for end in columns.ends] == [8]


def test_a_step_without_an_action_is_recorded_without_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    env = Cart()
    with caplog.at_level(logging.WARNING), attach(env, tmp_path / "run.rec") as recorder:
        truth = run(env, 5)
    columns = Columns(recorder.path)
    assert_numbers(columns, truth)
    assert "act" not in columns.names and caplog.text == ""


RESULTS = {
    "five": ((np.ones(3), 2.0, False, True, {}), "truncated"),
    "five, both": ((np.ones(3), 2.0, True, True, {}), "terminated"),
    "four": ((np.ones(3), 2.0, True, {}), "terminated"),
    "four, late": ((np.ones(3), 2.0, True, {"TimeLimit.truncated": True}), "truncated"),
    "without an info": ((np.ones(3), 2.0, False, True), "truncated"),
    "three": ((np.ones(3), np.array([2.0]), np.bool_(True)), "terminated"),
    "None for an info": ((np.ones(3), 2.0, True, None), "terminated"),
    "a list": ([np.ones(3), 2.0, True, {}], "terminated"),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_in_every_form_that_tells_of_an_end(name: str, tmp_path: Path) -> None:
    result, outcome = RESULTS[name]
    env = Cart()
    env.result = lambda: result
    with attach(env, tmp_path / "run.rec", observations=True, strict=True) as recorder:
        run(env, 1, 0.1)
    columns = Columns(recorder.path)
    assert [OUTCOMES[end["outcome"]] for end in columns.ends] == [outcome]
    assert columns["rew"].tolist() == [[2.0]] and columns["obs"].tolist() == [[[1.0, 1.0, 1.0]]]


@pytest.mark.parametrize("result", [None, np.ones(3), (np.ones(3), np.ones(3), np.ones(3)), "over", {"done": True}])
def test_of_other_results_states_are_recorded_and_no_ends(result: Any, tmp_path: Path) -> None:
    env = Cart()
    env.result = lambda: result
    with attach(env, tmp_path / "run.rec", strict=True) as recorder:
        truth = run(env, 3, 0.1)
    columns = Columns(recorder.path)
    assert_numbers(columns, truth)
    assert columns.ends == [] or len(columns.ends) == 0
    assert "rew" not in columns.names


def test_ground_that_a_reset_makes_anew_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    env = Cart()
    with caplog.at_level(logging.WARNING), attach(env, tmp_path / "run.rec"):
        env.reset()
        env.step()
        assert caplog.text == ""
        env.model.hfield_data[3] = 0.7
        env.reset()
        env.step()
    assert "'terrain' is made anew by a reset" in caplog.text


def test_a_reset_that_loads_another_robot_ends_the_recording_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = Cart()
    with attach(env, tmp_path / "run.rec") as recorder:
        truth = run(env, 3)
        env.model = mujoco.MjModel.from_xml_string(WORLD.replace('name="hinge"', 'name="knee"'))
        env.data = mujoco.MjData(env.model)
        with caplog.at_level(logging.ERROR):
            env.step()
        env.step()
    assert "has made a model with other bodies or joints" in caplog.text
    assert_numbers(Columns(recorder.path), truth)
