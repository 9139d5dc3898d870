"""A hand on policies in Isaac Lab, of versions 2 and 3, whose interface is that of its public code."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from container_columns import Columns
from controlled import whats
from isaac_lab_direct_sim import IsaacLabDirectSim
from isaac_lab_sim import Commands, IsaacLabSim, RobotData, numbers
from legged_fake import DOF_NAMES

from replay_viewer import attach
from replay_viewer.errors import BadArgument
from replay_viewer.record.control.hand import Hand

HAND = Hand("test", is_lasting=True)


class VelocityCommands(Commands):
    """The first term is one of Isaac Lab's `UniformVelocityCommand`."""

    def get_term(self, name: str) -> Any:
        term = super().get_term(name)
        if name == "velocity":
            term.vel_command_b = self.all[:, :3]
            term.cfg = SimpleNamespace(
                ranges=SimpleNamespace(lin_vel_x=(-1.0, 2.0), lin_vel_y=(0, 0), ang_vel_z=(-3, 3))
            )
        return term

    def compute(self) -> None:
        super().compute()
        self.all[:, :3] *= 0.5


class PushedData(RobotData):
    root_vel_w = property(
        lambda self: self._env.give(np.concatenate([self._env.state.lin_vel, self._env.state.ang_vel], 1))
    )


def pushable(env: IsaacLabSim) -> list[tuple[np.ndarray, np.ndarray]]:
    """What the robot's velocity is set to, from now on."""
    robot, written = env.scene.articulations["robot"], []
    robot.data = PushedData(env)

    def write(root_velocity: Any, env_ids: Any) -> None:
        written.append((numbers(root_velocity), numbers(env_ids)))

    setattr(robot, "write_root_velocity_to_sim" + ("_index" if env.version == 3 else ""), write)
    return written


@pytest.fixture(params=[2, 3])
def env(request: pytest.FixtureRequest) -> IsaacLabSim:
    env = IsaacLabSim(version=request.param)
    env.command_manager = VelocityCommands(env)
    return env


def test_robots_are_pushed_commanded_and_reset(env: IsaacLabSim, tmp_path: Path) -> None:
    written = pushable(env)
    action = np.full((env.num_envs, len(DOF_NAMES)), 0.25, np.float32)
    with attach(env, tmp_path / "run.rec", env_ids="all", control=True, strict=True) as recorder:
        control = recorder._held.control  # type: ignore[union-attr]
        assert control.state()["command"][1:] == [(-1.0, -1.0, -3.0), (2.0, 1.0, 3.0)]
        env.step(action)
        velocity = np.concatenate([env.state.lin_vel[4], env.state.ang_vel[4]])
        control.ask(HAND, "push", 4, [1.0, 2.0, -0.5])
        control.ask(HAND, "command", 2, [0.5, 0.25, 1.0])
        control.ask(HAND, "reset", 1)
        recorder.policy_enabled = False
        for _ in range(3):
            env.step(action)
    ((now, ids),) = written
    assert ids.tolist() == [4]
    np.testing.assert_allclose(now[0], velocity + np.array([1.0, 2.0, -0.5, 0, 0, 0]), atol=1e-6)
    columns = Columns(recorder.path)
    np.testing.assert_allclose(columns["command"][1:, 2, :3], [[0.5, 0.25, 1.0]] * 3)
    np.testing.assert_array_equal(columns["act"][1:], 0)
    np.testing.assert_array_equal(columns["policy_act"], 0.25)
    assert [(end["env_index"], end["outcome"], end["length"]) for end in columns.ends] == [(1, 3, 1)]
    assert sorted(whats(recorder.path)) == ["command", "policy_off", "push", "reset"]


def test_one_env_of_a_direct_task_is_reset_and_commanded(tmp_path: Path) -> None:
    env = IsaacLabDirectSim()
    written = pushable(env)
    action = np.full((env.num_envs, len(DOF_NAMES)), 0.25, np.float32)
    with attach(env, tmp_path / "run.rec", env_ids="all", control=True, strict=True) as recorder:
        control = recorder._held.control  # type: ignore[union-attr]
        env.step(action)
        control.ask(HAND, "reset", 1)
        control.ask(HAND, "push", 0, [1, 0, 0])
        control.ask(HAND, "command", 2, [0.5, 0.25, 1.0])
        env.step(action)
    columns = Columns(recorder.path)
    assert [(end["env_index"], end["outcome"], end["length"]) for end in columns.ends] == [(1, 3, 1)]
    np.testing.assert_allclose(columns["command"][1, 2], [0.5, 0.25, 1.0])
    assert len(written) == 1


def test_what_actions_do_is_not_guessed(env: IsaacLabSim, tmp_path: Path) -> None:
    env.action_manager.get_term = lambda name: SimpleNamespace()  # type: ignore[attr-defined]
    with pytest.raises(BadArgument, match=r"'legs' \(SimpleNamespace\) does not set positions of joints"):
        attach(env, tmp_path / "run.rec", control=True, policy_off="default_pose")
    with pytest.raises(BadArgument, match="direct tasks do not say"):
        attach(IsaacLabDirectSim(), tmp_path / "run.rec", control=True, policy_off="default_pose")
