"""Claims about what environments return or keep in the place of numbers: nothing of it ends a run or its recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
from container_columns import Columns
from isaac_lab_direct_sim import IsaacLabDirectSim
from isaac_lab_sim import IsaacLabSim
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim
from mqe_sim import MqeSim, PushboxWrapper

from replay_viewer import attach

ACTIONS = np.full((6, len(DOF_NAMES)), 0.5, np.float32)
# Of n envs; none of them is a number for each.
ODD: dict[str, Callable[[int], Any]] = {
    "too few": lambda n: np.ones(2),
    "none at all": lambda n: np.zeros(0),
    "no columns": lambda n: np.ones((n, 0)),
    "on its side": lambda n: np.ones((1, n)),
    "list": lambda n: [1.0] * n,
    "tuple": lambda n: (1.0,) * n,
    "empty tuple": lambda n: (),
    "dict": lambda n: {"all": np.ones(n)},
    "none": lambda n: None,
    "text": lambda n: np.array(["x"] * n),
    "objects": lambda n: np.array([[1], [1, 2]] + [[1]] * (n - 2), object),
    "times": lambda n: np.zeros(n, "M8[s]"),
}
KINDS = {"legged_gym": (LeggedGymSim, "rew_buf"), "isaac_lab": (IsaacLabSim, "reward_buf")}
KINDS["isaac_lab_direct"] = (IsaacLabDirectSim, "reward_buf")


@pytest.fixture(autouse=True)
def urdf_of_the_environment(caplog: pytest.LogCaptureFixture) -> None:
    """These environments have none, which is said of each recording."""
    caplog.set_level("ERROR", "replay_viewer")


def problems(path: Path) -> dict[str, str]:
    lines = [json.loads(line) for line in (path / "log.jsonl").read_text().splitlines()]
    return {line["field"]: line["message"] for line in lines if line["kind"] == "problem"}


def odd_from(kind: type, buffer: str, value: Callable[[int], Any], first: int) -> Any:
    """An environment that leaves something odd in a buffer at the end of its steps, and does not use it."""

    class Odd(kind):  # type: ignore[misc, valid-type]
        count = 0

        def step(self, action: Any) -> tuple:
            if self.count > first:
                setattr(self, buffer, self.kept)
            result = super().step(action)
            self.kept = getattr(self, buffer)
            if self.count >= first:
                setattr(self, buffer, value(6))
            self.count += 1
            return result

    return Odd()


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("value", list(ODD))
@pytest.mark.parametrize("name", ["legged_gym", "isaac_lab", pytest.param("isaac_lab_direct", marks=pytest.mark.slow)])
def test_odd_rewards_are_unknown_and_all_else_is_kept(name: str, value: str, first: int, tmp_path: Path) -> None:
    kind, buffer = KINDS[name]
    env = odd_from(kind, buffer, ODD[value], first)
    with attach(env, tmp_path / "run.rec", env_ids=[4, 1]) as recorder:
        for _ in range(6):
            env.step(ACTIONS)
    columns = Columns(recorder.path)
    assert columns.num_steps == 6
    assert list(problems(recorder.path)) == ["rew"]
    if first:
        np.testing.assert_array_equal(columns["rew"][:3], [step.rew[[4, 1]] for step in env.truth[:3]])
        assert np.isnan(columns["rew"][3:]).all()
    else:
        assert "rew" not in columns.names
    shown = "root_states" if name == "legged_gym" else "robot.base_pos"
    np.testing.assert_array_equal(columns["robot.base_pos"], [step.shown[shown][[4, 1], :3] for step in env.truth])


@pytest.mark.parametrize("value", [name for name in ODD if name != "none at all"])
def test_odd_terms_are_unknown_and_the_others_are_kept(value: str, tmp_path: Path) -> None:
    env = LeggedGymSim(keep_truth=False)
    names, functions = env.reward_names, env.reward_functions
    functions[0] = lambda: ODD[value](6)
    for index in range(1, len(functions)):
        functions[index] = lambda index=index: np.full(6, index, np.float32)
    env.compute_reward = lambda: [function() for function in env.reward_functions]  # type: ignore[method-assign, assignment]
    with attach(env, tmp_path / "run.rec", env_ids=[1, 3]) as recorder:
        for _ in range(4):
            env.step(ACTIONS)
    columns = Columns(recorder.path)
    assert columns.num_steps == 4
    assert np.isnan(columns.term(names[0])).all()
    for index, name in list(enumerate(names))[1:]:
        expected = np.float32(index) * np.float32(env.reward_scales[name])
        np.testing.assert_array_equal(columns.term(name), np.full((4, 2), expected))
    assert f"reward term {names[0]}" in problems(recorder.path)


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("value", list(ODD))
def test_odd_rewards_of_a_task_of_several_agents_are_unknown(value: str, first: int, tmp_path: Path) -> None:
    class Task(PushboxWrapper):
        count = 0

        def step(self, action: Any) -> tuple:
            obs, rewards, *rest = super().step(action)
            self.count += 1
            return (obs, ODD[value](self.env.num_envs) if self.count > first else rewards, *rest)

    task = Task(MqeSim())
    with attach(task, tmp_path / "run.rec", env_ids=[1, 3]) as recorder:
        for _ in range(6):
            task.step(np.zeros((task.env.num_envs, task.num_agents, 3), np.float32))
    columns = Columns(recorder.path)
    assert columns.num_steps == 6
    assert np.isfinite(columns["robot_0.base_pos"]).all()
    if first:
        assert np.isfinite(columns["rew"][:3]).all()
    assert "recording" not in problems(recorder.path)


def test_a_command_without_columns_is_left_out(tmp_path: Path) -> None:
    env = odd_from(LeggedGymSim, "commands", lambda n: np.zeros((n, 0), np.float32), 0)
    with attach(env, tmp_path / "run.rec") as recorder:
        for _ in range(3):
            env.step(ACTIONS)
    assert Columns(recorder.path).num_steps == 3
    assert problems(recorder.path) == {"command": "has shape (1, 0), which is no number: it is left out."}


UNREADABLE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "robot.joint_torque": (lambda scene: scene.articulations["robot"].data, "applied_torque"),
    "robot.joint_vel": (lambda scene: scene.articulations["robot"].data, "joint_vel"),
    "robot.base_ang_vel": (lambda scene: scene.articulations["robot"].data, "root_ang_vel_w"),
    "robot.contact_force": (lambda scene: scene.sensors["contact_forces"], "data"),
}


def lose(owner: Any, attribute: str) -> None:
    """Let an attribute be there, but not to be read any more."""

    def gone(_: Any) -> Any:
        raise RuntimeError("the view is invalid")

    owner.__class__ = type("Lost", (type(owner),), {attribute: property(gone)})


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("kind", [IsaacLabSim, pytest.param(IsaacLabDirectSim, marks=pytest.mark.slow)])
@pytest.mark.parametrize("field", list(UNREADABLE))
def test_what_of_a_scene_cannot_be_read_is_unknown_and_all_else_is_kept(
    field: str, kind: type, first: int, tmp_path: Path
) -> None:
    owner_of, attribute = UNREADABLE[field]
    env = kind()
    if first == 0:
        lose(owner_of(env.scene), attribute)
    with attach(env, tmp_path / "run.rec", env_ids=[4, 1]) as recorder:
        for step in range(6):
            if step == first > 0:
                lose(owner_of(env.scene), attribute)
            env.step(ACTIONS)
    columns = Columns(recorder.path)
    assert columns.num_steps == 6
    assert problems(recorder.path)[field] == "cannot be read (RuntimeError: the view is invalid): it is unknown."
    if first:
        assert np.isfinite(columns[field][:3]).all()
        assert np.isnan(columns[field][3:]).all()
    else:
        assert field not in columns.names
    np.testing.assert_array_equal(
        columns["robot.base_pos"], [step.shown["robot.base_pos"][[4, 1], :3] for step in env.truth]
    )
    assert all(np.isfinite(columns[name]).all() for name in ("robot.joint_pos", "rew", "act"))
