"""A hand on policies in real simulators: Gymnasium's MuJoCo tasks, mjlab, and the walking demo with its page."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mjlab_envs
import numpy as np
import pytest
from container_columns import Columns
from controlled import events, until, whats
from needs_simulator import simulator
from viewer_page import open_page

from replay_viewer import attach, load_episodes
from replay_viewer.errors import BadArgument
from replay_viewer.record.control.hand import Hand

HAND = Hand("page 1", is_lasting=True)


def ask(recorder: Any, what: str, env_id: int | None = None, value: Any = None) -> None:
    recorder._held.control.ask(HAND, what, env_id, value)


# -- Gymnasium ----------------------------------------------------------------------


def ant(**options: Any) -> Any:
    return simulator("gymnasium").make("Ant-v5", terminate_when_unhealthy=False, **options)


def test_an_ant_is_pushed_reset_and_taken_from_its_policy(tmp_path: Path) -> None:
    env, twin = ant(), ant()
    for each in (env, twin):
        each.reset(seed=3)
    action = np.full(env.action_space.shape, 0.3, np.float32)
    with attach(env, tmp_path / "run.rec", control=True, strict=True) as recorder:
        for step in range(12):
            if step == 4:
                recorder.policy_enabled = False
            if step == 7:
                ask(recorder, "push", 0, [2.0, -1.0, 0.5])
            env.step(action)
            # The same by MuJoCo's own means.
            if step == 7:
                twin.unwrapped.data.qvel[:3] += [2.0, -1.0, 0.5]
            twin.step(action if step < 4 else np.zeros_like(action))
            np.testing.assert_array_equal(env.unwrapped.data.qpos, twin.unwrapped.data.qpos)
        ask(recorder, "reset", 0)
        env.step(action)
        assert env.get_wrapper_attr("_elapsed_steps") == 1  # The wrappers know of it.
    columns = Columns(recorder.path)
    np.testing.assert_allclose(columns["policy_act"], 0.3, atol=1e-6)
    np.testing.assert_array_equal(columns["act"][4:], 0)
    assert [(end["outcome"], end["step"]) for end in columns.ends] == [(3, 11)]
    assert whats(recorder.path) == ["policy_off", "push", "reset"]


@pytest.mark.parametrize("is_outside", [True, False])
def test_a_recording_on_another_side_of_a_wrapper_tells_of_the_hand_too(is_outside: bool, tmp_path: Path) -> None:
    gymnasium = simulator("gymnasium")
    env = gymnasium.make("Hopper-v5")
    around = gymnasium.wrappers.RecordEpisodeStatistics(env)
    with attach(env if is_outside else around, tmp_path / "held.rec", control=True, strict=True) as held:
        with attach(around if is_outside else env, tmp_path / "other.rec", strict=True) as other:
            around.reset(seed=0)
            for step in range(6):
                if step in (2, 4):
                    held.policy_enabled = step == 4
                around.step(np.full(3, 0.1, np.float32))
    assert [(e["what"], e["step"]) for e in events(other.path)] == [("policy_off", 2), ("policy_on", 4)]
    assert [record.manual for record in load_episodes(other.path)] == [True]


def test_one_environment_has_one_control_whatever_is_put_around_it(tmp_path: Path) -> None:
    gymnasium = simulator("gymnasium")
    env = gymnasium.make("Hopper-v5")
    around = gymnasium.wrappers.RecordEpisodeStatistics(env)
    with attach(env, tmp_path / "first.rec", control=True), pytest.raises(BadArgument, match="Close that recorder"):
        attach(around, tmp_path / "second.rec", control=True)


@pytest.mark.parametrize(("task", "num_moved"), [("Hopper-v5", 2), ("HalfCheetah-v5", 2), ("Humanoid-v5", 3)])
def test_planar_robots_are_pushed_in_their_plane(task: str, num_moved: int, tmp_path: Path) -> None:
    env = simulator("gymnasium").make(task)
    env.reset(seed=1)
    with attach(env, tmp_path / "run.rec", control=True, strict=True) as recorder:
        before = env.unwrapped.data.qvel.copy()
        recorder._held.control._means.push(0, [1.0, 2.0, 3.0])  # type: ignore[union-attr,misc]
        change = env.unwrapped.data.qvel - before
    np.testing.assert_allclose(change[:num_moved], {2: [1.0, 3.0], 3: [1.0, 2.0, 3.0]}[num_moved])
    assert not change[num_moved:].any()


def test_members_of_a_vector_are_pushed_and_reset_one_by_one(tmp_path: Path) -> None:
    gymnasium = simulator("gymnasium")
    env = gymnasium.vector.SyncVectorEnv([ant, ant, ant])
    env.reset(seed=3)
    action = np.zeros(env.action_space.shape, np.float32)
    with attach(env, tmp_path / "run.rec", env_ids=[2, 0], control=True, strict=True) as recorder:
        env.step(action)
        before = [member.unwrapped.data.qvel.copy() for member in env.envs]
        recorder._held.control._means.push(2, [1.0, 0, 0])  # type: ignore[union-attr,misc]
        moved = [abs(member.unwrapped.data.qvel - old).max() for member, old in zip(env.envs, before, strict=True)]
        assert moved == [0, 0, 1]
        ask(recorder, "reset", 0)
        env.step(action)
        recorder.policy_enabled = False
        env.step(action + 0.5)
    columns = Columns(recorder.path)
    assert [(end["env_index"], end["outcome"]) for end in columns.ends] == [(1, 3)]
    np.testing.assert_array_equal(columns["act"][-1], 0)
    np.testing.assert_allclose(columns["policy_act"][-1], 0.5)


def test_motors_have_no_default_pose_and_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        BadArgument, match=r"not all of the model's actuators are servos.*policy_off=lambda env: action"
    ):
        attach(ant(), tmp_path / "run.rec", control=True, policy_off="default_pose")


SERVOS = """
<mujoco>
  <worldbody>
    <body><joint name="hip" axis="0 1 0"/><geom type="capsule" size="0.05" fromto="0 0 0 0 0 -0.3"/></body>
  </worldbody>
  <actuator><position joint="hip" kp="20"/></actuator>
  <keyframe><key qpos="0.4"/></keyframe>
</mujoco>
"""


class Leg:
    """Anybody's own class around MuJoCo."""

    def __init__(self) -> None:
        mujoco = simulator("mujoco")
        self.model = mujoco.MjModel.from_xml_string(SERVOS)
        self.data = mujoco.MjData(self.model)
        self._step = mujoco.mj_step

    def reset(self) -> None:
        self.data.qpos[:] = 0

    def step(self, action: np.ndarray) -> None:
        self.data.ctrl[:] = action
        self._step(self.model, self.data)


def test_servos_are_sent_to_the_default_pose(tmp_path: Path) -> None:
    env = Leg()
    with attach(env, tmp_path / "run.rec", control=True, policy_off="default_pose", strict=True) as recorder:
        env.step(np.zeros(1))
        recorder.policy_enabled = False
        env.step(np.zeros(1))
        assert env.data.ctrl[0] == pytest.approx(0.4)


# -- mjlab --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def walker() -> Any:
    env = mjlab_envs.make(mjlab_envs.GO1, num_envs=3, episode_length_s=100.0)
    env.reset()
    return env


def test_mjlabs_robots_are_pushed_commanded_and_reset(walker: Any, tmp_path: Path) -> None:
    torch = simulator("torch")
    env, robot = walker, walker.scene["robot"]
    action = torch.zeros(3, env.action_manager.total_action_dim)
    command = env.command_manager.get_term("twist")
    with attach(env, tmp_path / "run.rec", env_ids="all", control=True, strict=True) as recorder:
        for _ in range(3):
            env.step(action)
        before = robot.data.root_link_vel_w.clone()
        recorder._held.control._means.push(1, [1.0, -0.5, 0.25])  # type: ignore[union-attr,misc]
        env.sim.forward()
        change = robot.data.root_link_vel_w - before
        np.testing.assert_allclose(change[1, :3], [1.0, -0.5, 0.25], atol=1e-4)
        assert not change[[0, 2]].abs().max() > 1e-5 and change[1, 3:].abs().max() < 1e-4
        ask(recorder, "command", 2, [0.5, 0.25, -0.125])
        for _ in range(4):
            env.step(action)
            np.testing.assert_allclose(command.command[2], [0.5, 0.25, -0.125])
        ask(recorder, "reset", 0)
        env.step(action)
        assert env.episode_length_buf.tolist()[0] == 1 and env.episode_length_buf.tolist()[1] > 5
        recorder.policy_enabled = False
        env.step(action + 0.7)
        assert not env.action_manager.action.any()
    columns = Columns(recorder.path)
    np.testing.assert_allclose(columns["policy_act"][-1], 0.7, atol=1e-6)
    np.testing.assert_allclose(columns["command"][-4:, 2, :3], [[0.5, 0.25, -0.125]] * 4)
    assert [(end["env_index"], end["outcome"]) for end in columns.ends] == [(0, 3)]
    assert whats(recorder.path) == ["command", "reset", "policy_off"]


def test_mjlabs_default_pose_is_its_own(walker: Any, tmp_path: Path) -> None:
    torch = simulator("torch")
    env = walker
    action = torch.full((3, env.action_manager.total_action_dim), 0.5)
    with attach(env, tmp_path / "run.rec", control=True, policy_off="default_pose", strict=True) as recorder:
        recorder.policy_enabled = False
        env.step(action)
    term = env.action_manager.get_term(env.action_manager.active_terms[0])
    targets = term._raw_actions * term._scale + term._offset
    default = env.scene["robot"].data.default_joint_pos[:, term.target_ids]
    np.testing.assert_allclose(targets.numpy(), default.numpy(), atol=1e-6)


# -- the demo -----------------------------------------------------------------------


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of the walking demo, simulated now, and its recording."""
    simulator("mujoco")
    path = tmp_path / "walk.rec"
    command = [sys.executable, "-u", "-m", "replay_viewer", "demo", "walk", "--record", "--port", "0", "--no-shadows"]
    process = subprocess.Popen([*command, "--out", str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    try:
        assert found is not None
        yield found.group(), path
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)


def test_the_demo_is_pushed_over_by_hand_and_its_recording_says_so(chromium, demo: tuple[str, Path]) -> None:
    url, path = demo
    with open_page(chromium, url) as page:
        hand = page.page.locator("#rv-hand")
        hand.wait_for()
        hand.get_by_role("slider", name="Push strength").fill("5")
        count = 0
        while not count or not _has_fallen(path, events(path)[0]["step"]):
            count += 1
            assert count < 20, "it stands every push"
            hand.get_by_role("button", name="Push left", exact=True).click()
            until(lambda: whats(path) == ["push"] * count, "a push in the recording")  # noqa: B023
            page.page.wait_for_timeout(1000)
        step = events(path)[0]["step"]
        page.until(lambda: page.page.evaluate("window.replayViewer.state.byHand.length") >= count, "marks")
    speeds = np.linalg.norm(Columns(path)["robot.base_lin_vel"][step - 1 : step + 1, 0, :2], axis=-1)
    assert speeds[1] - speeds[0] > 2.5


def _has_fallen(path: Path, step: int) -> bool:
    return any(end["env_index"] == 0 and end["outcome"] == 1 and end["step"] > step for end in Columns(path).ends)
