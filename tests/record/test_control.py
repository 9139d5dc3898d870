"""A hand on the policy from the loop's own process: what is sent, what is recorded, and what goes on regardless."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections import namedtuple
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from camera_envs import CameraVector
from clip_files import records_below
from container_columns import Columns
from controlled import KickedSim, Loop, events, line_to, until, whats
from legged_fake import DOF_NAMES
from legged_gym_sim import GymWrapper
from video_files import needs_encoder

from replay_viewer import (
    Adapter,
    Description,
    Endings,
    EntitySpec,
    VideoRecordingCfg,
    attach,
    record_episodes,
    register_adapter,
    wrap_env_for_video,
)
from replay_viewer.errors import BadArgument
from replay_viewer.record.control.hand import Hand
from replay_viewer.record.control.means import Means
from replay_viewer.record.control.policy_off import copy_of, zeros_like

HAND = Hand("test", is_lasting=True)
NUM_JOINTS = len(DOF_NAMES)


def steps(env: Any, count: int, first: int = 0) -> None:
    """Steps by actions that count them: step k is sent k / 100, in reused memory."""
    action = np.zeros((env.num_envs, NUM_JOINTS), np.float32)
    for step in range(first, first + count):
        action[:] = step / 100
        env.step(env.np.array(action) if hasattr(env, "np") else action)


def ask(recorder: Any, what: str, env_id: int | None = None, value: Any = None) -> None:
    recorder._held.control.ask(HAND, what, env_id, value)


def test_both_actions_are_recorded_and_tell_when_a_hand_was_there(library: str, tmp_path: Path) -> None:
    env = KickedSim(library=library)
    with attach(env, tmp_path / "run.rec", env_ids=[2, 0], control=True, strict=True) as recorder:
        steps(env, 10)
        recorder.policy_enabled = False
        assert not recorder.policy_enabled
        steps(env, 5, 10)
        recorder.policy_enabled = True
        steps(env, 5, 15)
    columns = Columns(recorder.path)
    wanted = np.arange(20)[:, None, None] / 100 * np.ones((1, 2, NUM_JOINTS))
    sent = wanted.copy()
    sent[10:15] = 0
    np.testing.assert_allclose(columns["policy_act"], wanted, atol=1e-6)
    np.testing.assert_allclose(columns["act"], sent, atol=1e-6)
    assert [(e["what"], e["step"], e["by"], e["value"]) for e in events(recorder.path)] == [
        ("policy_off", 10, "code", "zero"),
        ("policy_on", 15, "code", None),
    ]


def test_the_last_action_stays_although_its_memory_is_reused(tmp_path: Path) -> None:
    env = KickedSim()
    with attach(env, tmp_path / "run.rec", control=True, policy_off="last", strict=True) as recorder:
        steps(env, 10)
        recorder.policy_enabled = False
        steps(env, 5, 10)
    np.testing.assert_allclose(Columns(recorder.path)["act"][10:], 0.1, atol=1e-6)


def test_a_function_gives_the_action_and_its_error_gives_the_policy_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env, asked = KickedSim(), []

    def own(given: KickedSim) -> np.ndarray:
        asked.append(given)
        if len(asked) > 3:
            raise RuntimeError("out of ideas")
        return np.full((given.num_envs, NUM_JOINTS), -0.5, np.float32)

    with attach(env, tmp_path / "run.rec", control=True, policy_off=own) as recorder:
        steps(env, 2)
        recorder.policy_enabled = False
        steps(env, 6, 2)
        assert recorder.policy_enabled
    sent = Columns(recorder.path)["act"][:, 0, 0]
    np.testing.assert_allclose(sent, [0, 0.01, -0.5, -0.5, -0.5, 0.05, 0.06, 0.07], atol=1e-6)
    assert asked[0] is env and "out of ideas" in caplog.text
    assert [(e["what"], e["by"], e["value"]) for e in events(recorder.path)] == [
        ("policy_off", "code", "own"),
        ("policy_on", "an error", None),
    ]


@pytest.mark.parametrize("given", [np.zeros(NUM_JOINTS + 1), None, "nothing", {"legs": 0.0}, np.zeros((2, 3, 5))])
def test_an_action_that_the_environment_cannot_take_is_told_and_the_policy_goes_on(
    given: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = KickedSim()
    with attach(env, tmp_path / "run.rec", control=True, policy_off=lambda env: given) as recorder:
        recorder.policy_enabled = False
        steps(env, 2)
        assert recorder.policy_enabled
    assert "it gave" in caplog.text and f"shape (4, {NUM_JOINTS})" in caplog.text


def test_a_function_may_give_one_action_for_all_envs_and_arrays_for_tensors(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    env, seen = KickedSim(library="torch"), []
    with attach(env, tmp_path / "run.rec", control=True, policy_off=lambda _: np.full(NUM_JOINTS, 0.25)) as recorder:
        recorder.policy_enabled = False
        env.compute_observations = lambda: seen.append(env.actions)
        steps(env, 1)
    assert tuple(seen[0].shape) == (4, NUM_JOINTS) and bool((seen[0] == 0.25).all()) and hasattr(seen[0], "new_zeros")


def test_an_action_stays_what_it_is_while_the_policy_is_off() -> None:
    pair = namedtuple("pair", "turn speed")
    for action in (np.int64(2), np.float32(0.5), pair(1, np.ones(2)), {"mode": np.int8(1)}, None, "left"):
        for stands_for in (copy_of(action), zeros_like(action)):
            assert type(stands_for) is type(action)
    table = {0: "stay", 2: "left"}  # As tasks of toys have them.
    assert table[copy_of(np.int64(2))] == "left" and table[zeros_like(np.int64(2))] == "stay"


@pytest.mark.parametrize("control", ["yes", 5055.5, [5055], "127.0.0.1:5055"])
def test_what_is_no_port_is_an_error_that_says_what_is_one(control: Any, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="the number of a port"):
        attach(KickedSim(), tmp_path / "run.rec", control=control)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["P", "T", "V"])
def test_the_default_pose_is_reached_by_the_tasks_own_control(kind: str, tmp_path: Path) -> None:
    env = KickedSim()
    env.cfg.control = SimpleNamespace(decimation=4, action_scale=0.25, control_type=kind)
    env.default_dof_pos, env.p_gains, env.d_gains = 0.3, 20.0, 0.5  # type: ignore[attr-defined]
    if kind == "V":
        with pytest.raises(BadArgument, match=r"control type 'V'.*policy_off=lambda env: action"):
            attach(env, tmp_path / "run.rec", control=True, policy_off="default_pose")
        return
    with attach(env, tmp_path / "run.rec", env_ids="all", control=True, policy_off="default_pose") as recorder:
        recorder.policy_enabled = False
        torques = (20 * (0.3 - env.dof_pos) - 0.5 * env.dof_vel) / 0.25
        env.step(np.ones((4, NUM_JOINTS), np.float32))
        expected = np.zeros((4, NUM_JOINTS)) if kind == "P" else np.clip(torques, -1, 1)
        np.testing.assert_allclose(env.actions, expected, atol=1e-6)


def test_what_cannot_be_sent_is_refused_with_the_way_to_do_it(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match=r"names no default pose.*Give a function"):
        attach(KickedSim(), tmp_path / "run.rec", control=True, policy_off="default_pose")
    with pytest.raises(BadArgument, match="nought: is none of zero, default_pose, last"):
        attach(KickedSim(), tmp_path / "run.rec", control=True, policy_off="nought")
    assert not list(tmp_path.iterdir())
    with attach(KickedSim(), tmp_path / "run.rec") as recorder:
        assert recorder.policy_enabled and recorder.control(3) == 3 and recorder.control_address is None
        with pytest.raises(BadArgument, match=r"attach\(\.\.\., control=True\)"):
            recorder.policy_enabled = False


def test_a_loop_that_asks_by_itself_is_not_asked_twice(tmp_path: Path) -> None:
    env = KickedSim()
    wrapped = GymWrapper(env)
    with attach(wrapped, tmp_path / "run.rec", control=True, strict=True) as recorder:
        for step in range(6):
            recorder.policy_enabled = step < 3
            action = recorder.control(np.full((4, NUM_JOINTS), 0.5, np.float32))
            wrapped.step(action * 2)
    columns = Columns(recorder.path)
    np.testing.assert_array_equal(columns["act"][:, 0, 0], [1, 1, 1, 0, 0, 0])
    np.testing.assert_array_equal(columns["policy_act"][:, 0, 0], [0.5] * 6)


def test_an_env_is_kicked_reset_and_commanded_between_two_steps(library: str, tmp_path: Path) -> None:
    env = KickedSim(library=library)
    with attach(env, tmp_path / "run.rec", env_ids="all", control=True, strict=True) as recorder:
        steps(env, 5)
        ask(recorder, "push", 1, [1.5, 0, -0.5])
        steps(env, 5)
        ask(recorder, "reset", 2)
        steps(env, 5)
        ask(recorder, "command", 3, [1.0, -0.25, 0.5])
        steps(env, 60)  # In which the task draws commands anew, and makes turn rates of headings.
        ask(recorder, "command", 3, None)
        steps(env, 60)
    assert env.kicks == [([1], [[1.5, 0, -0.5]])]
    lengths = [end["length"] for end in Columns(recorder.path).ends if end["env_index"] == 2]
    assert lengths[0] == 10
    shown = np.array([commands[3, :3] for commands in env.seen_commands])
    held = np.all(shown == np.array([1.0, -0.25, 0.5], np.float32), axis=1)
    assert held.sum() == 60 and held[15:75].all()
    np.testing.assert_array_equal(Columns(recorder.path)["command"][15:75, 3, :3], shown[15:75])
    assert [(e["what"], e["env_id"], e["step"]) for e in events(recorder.path)] == [
        ("push", 1, 5),
        ("reset", 2, 10),
        ("command", 3, 15),
        ("command_end", 3, 75),
    ]


def test_isaac_gym_is_pushed_by_its_own_tensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env, written = KickedSim(), []
    module = ModuleType("isaacgym.gymtorch")
    module.unwrap_tensor = lambda tensor: tensor  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "isaacgym.gymtorch", module)
    monkeypatch.setattr(KickedSim, "kick", None)
    env.sim = "sim"  # type: ignore[attr-defined]
    env.gym.set_actor_root_state_tensor = lambda sim, states: written.append((sim, states[1, 7:10].copy()))
    with attach(env, tmp_path / "run.rec", control=True, strict=True) as recorder:
        steps(env, 3)
        before = env.root_states[1, 7:10].copy()
        ask(recorder, "push", 1, [1, 2, 3])
        steps(env, 1)
    (sim, velocity), *_ = written
    assert sim == "sim"
    np.testing.assert_allclose(velocity, before + np.array([1, 2, 3]), atol=1e-6)


def test_records_of_touched_episodes_are_manual_and_no_others(tmp_path: Path) -> None:
    env = KickedSim(num_envs=3)
    env.max_episode_length = 10_000
    env.check_termination = lambda: _end_every(env, 20)  # type: ignore[method-assign]
    with attach(env, tmp_path / "run.rec", env_ids="all", control=True, episode_terms={}) as recorder:
        beside = record_episodes(env, tmp_path / "beside")
        steps(env, 30)
        ask(recorder, "push", 1, [1, 0, 0])  # In its second episode, steps 20 to 39.
        steps(env, 25)
        recorder.policy_enabled = False  # From step 55 on: the third of all.
        steps(env, 10)
        recorder.policy_enabled = True  # In step 65: the fourth of all.
        steps(env, 35)
        beside.close()
    for path in (recorder.episodes_path, beside.path):
        assert path is not None
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        manual = {(line["env_id"], line["episode_in_env"]) for line in lines if line["manual"]}
        assert manual == {(1, 1), *((env, episode) for env in range(3) for episode in (2, 3))}
        assert len(lines) == 15


def _end_every(env: Any, count: int) -> None:
    env.reset_buf = env.episode_length_buf >= count
    env.time_out_buf = env.reset_buf.copy()


def test_what_makes_no_sense_is_ignored_and_an_error_ends_no_loop(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = KickedSim()
    env.kick = lambda env_ids, velocities: 1 / 0  # type: ignore[assignment,method-assign]
    nan, inf = float("nan"), float("inf")
    nonsense = [
        ("explode", None, None),
        ("push", 99, [1, 0, 0]),
        ("push", -1, [1, 0, 0]),
        ("push", True, [1, 0, 0]),
        ("push", "0", [1, 0, 0]),
        ("push", 0, [1, 0]),
        ("push", 0, [nan, 0, 0]),
        ("push", 0, [inf, 0, 0]),
        ("push", 0, [1e9, 0, 0]),
        ("push", 0, "fast"),
        ("command", 0, {"x": 1}),
        ("command", 0, [1]),
        ("policy", None, "off"),
        ("reset", None, None),
    ]
    with attach(env, tmp_path / "run.rec", control=True) as recorder:
        for what, env_id, value in nonsense:
            ask(recorder, what, env_id, value)
            steps(env, 1)
        assert whats(recorder.path) == []
        ask(recorder, "push", 0, [1, 0, 0])
        steps(env, 3)
        assert recorder.is_recording and recorder.num_steps == len(nonsense) + 3
    assert "ZeroDivisionError" in caplog.text


def test_an_env_of_another_kind_has_pause_and_policy_and_a_sentence_for_the_rest(tmp_path: Path) -> None:
    env = KickedSim()
    del env.cfg.commands
    env.commands = env.commands[:, :1]
    env.kick = None  # type: ignore[assignment,method-assign]
    with attach(env, tmp_path / "run.rec", control=True, adapter="legged_gym") as recorder:
        state = recorder._held.control.state()  # type: ignore[union-attr]
        assert "Isaac Gym" in state["lacks"]["push"] and state["lacks"]["reset"] == ""
        assert state["command"] is None and "no commands" in state["lacks"]["command"]


def test_one_environment_has_one_control_and_leaves_its_methods_as_they_were(tmp_path: Path) -> None:
    env = KickedSim()
    before = dict(vars(env))
    with attach(env, tmp_path / "a.rec", control=True):
        with pytest.raises(BadArgument, match="controlled already"):
            attach(env, tmp_path / "b.rec", control=True)
        steps(env, 3)
    assert {name for name in vars(env) if name not in before} == set()
    with attach(env, tmp_path / "c.rec", control=True) as recorder:
        steps(env, 3)
    assert recorder.num_steps == 3
    assert sorted(path.name for path in tmp_path.glob("*.control")) == []


def test_all_recordings_of_an_environment_say_what_was_done(tmp_path: Path) -> None:
    env = KickedSim()
    with attach(env, tmp_path / "first.rec", env_ids=[0]) as first:
        steps(env, 4)
        with attach(env, tmp_path / "second.rec", env_ids=[1], control=True) as second:
            steps(env, 3)
            second.policy_enabled = False
            ask(second, "push", 1, [1, 0, 0])
            steps(env, 3)
    assert [(e["what"], e["step"]) for e in events(first.path)] == [("policy_off", 7)]
    assert [(e["what"], e["step"]) for e in events(second.path)] == [("policy_off", 3), ("push", 3)]


def test_a_paused_loop_waits_steps_once_and_goes_on_when_the_recorder_is_closed(tmp_path: Path) -> None:
    env = KickedSim()
    recorder = attach(env, tmp_path / "run.rec", control=True)
    with Loop(env) as loop:
        until(lambda: loop.num_steps > 3, "steps")
        with line_to(recorder) as line:
            line.do("pause")
            line.state(lambda state: state["paused"])
            paused_at = recorder.num_steps
            for _ in range(3):
                line.do("step")
                paused_at += 1
                until(lambda: recorder.num_steps == paused_at, "one more step")  # noqa: B023
            assert Columns(recorder.path).num_steps == paused_at  # The last one is seen while it is paused.
        closing = threading.Thread(target=recorder.close)
        closing.start()
        closing.join(10)
        until(lambda: loop.num_steps > paused_at + 3, "it goes on")
    assert whats(recorder.path) == ["pause", "step", "step", "step"]


def test_nothing_is_said_where_nothing_was_done(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    env = KickedSim()
    with attach(env, tmp_path / "run.rec", control=True) as recorder:
        steps(env, 5)
    assert whats(recorder.path) == []
    assert "by hand" not in caplog.text


@pytest.mark.parametrize("is_filmed_first", [True, False])
def test_films_of_touched_episodes_say_so_and_are_in_no_rate(is_filmed_first: bool, tmp_path: Path) -> None:
    """Episodes of five steps: a push in the second one, and no policy from the fourth to the fifth."""
    needs_encoder()
    env: Any = CameraVector(1, 5)
    env.pushed = []

    class Pushed(Adapter):
        reset_method = "reset"

        def describe(self) -> Description:
            return Description({"control_dt": 0.1, "entities": [EntitySpec("robot")]})

        def read(self) -> dict[str, Any]:
            count = self.env.num_envs
            return {"robot.base_pos": np.zeros((count, 3)), "robot.base_wxyz": np.tile([1.0, 0, 0, 0], (count, 1))}

        def endings(self) -> Endings:
            return Endings(np.zeros(1, bool), np.zeros(1, bool), self.env.steps)

        def means(self) -> Means:
            return Means(push=lambda env_id, velocity: self.env.pushed.append(env_id))

    register_adapter("pushed", ("pushed",), Pushed)
    cfg = VideoRecordingCfg(record_camera_video=True, video_base_dir=tmp_path / "films", strict=True)
    if is_filmed_first:
        wrap_env_for_video(env, cfg)
    with attach(env, tmp_path / "run.rec", adapter="pushed", control=True) as recorder:
        if not is_filmed_first:
            wrap_env_for_video(env, cfg)
        env.reset()
        for step in range(27):
            if step == 7:
                ask(recorder, "push", 0, [1.0, 0.0, 0.0])
            if step in (18, 22):
                recorder.policy_enabled = step == 22
            env.step(np.zeros((1, 3), np.float32))
    env.close()
    assert env.pushed == [0]
    found = {r.key["episode_in_env"]: r.facts for r in records_below(tmp_path) if r.camera == "head"}
    assert [facts.get("manual") for _, facts in sorted(found.items())] == [None, True, None, True, True, None]
    # Episodes are successes by turns, of which the even ones were left alone, but for the fourth.
    assert [facts["success_rate"] for _, facts in sorted(found.items())] == [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
