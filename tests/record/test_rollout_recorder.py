"""RolloutRecorder over environments whose truth is known: the loop, its file, its episodes, its seeds and its ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from container_columns import Columns
from legged_fake import DOF_NAMES
from legged_gym_sim import GymWrapper, LeggedGymSim, numbers
from mqe_sim import MqeSim, PushboxWrapper
from single_env import Hopper
from terminals import drawn_on

from replay_viewer import RolloutRecorder
from replay_viewer.errors import BadArgument, FileProblem, UnknownEnvironment
from replay_viewer.record.loop import rollout_recorder

ENVS = [1, 3, 4]
CHILD = Path(__file__).parents[1] / "helpers" / "rollout_child.py"
needs_reader = pytest.mark.skipif(sys.version_info < (3, 10), reason="the reader needs Python 3.10")


@pytest.fixture(params=["numpy", "torch"])
def library(request: pytest.FixtureRequest) -> str:
    if request.param == "torch":
        pytest.importorskip("torch")
    return request.param


class Swinging:
    """A policy that moves its joints by what it sees, and keeps both as NumPy's arrays."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []
        self.done: list[np.ndarray] = []

    def __call__(self, obs: Any) -> Any:
        actions = 1.5 * obs[:, : len(DOF_NAMES)] - 0.1
        self.seen.append(numbers(obs))
        self.done.append(numbers(actions))
        return actions


def loaded(path: Path) -> Any:
    return np.load(str(path), allow_pickle=True)


def test_every_number_is_what_the_simulator_the_policy_and_its_loop_had(library: str, tmp_path: Path) -> None:
    env, policy = LeggedGymSim(library=library), Swinging()
    path = RolloutRecorder(env, 200, env_ids=ENVS).run(policy, tmp_path)
    file = loaded(path)
    # The first step is reset()'s own.
    truth = env.truth[1:]
    assert len(truth) == len(file["rew"]) == 200
    np.testing.assert_array_equal(file["obs"], [seen[ENVS] for seen in policy.seen])
    np.testing.assert_array_equal(file["act"], [done[ENVS] for done in policy.done])
    np.testing.assert_array_equal(file["rew"], [step.rew[ENVS] for step in truth])
    for name in env.reward_scales:
        np.testing.assert_array_equal(file[f"reward_terms/{name}"], [step.terms[name][ENVS] for step in truth])
    late = np.array([step.time_out[ENVS] for step in truth]).astype(bool)
    reset = np.array([step.reset[ENVS] for step in truth]).astype(bool)
    np.testing.assert_array_equal(file["truncated"], late)
    np.testing.assert_array_equal(file["terminated"], reset & ~late)
    shown = np.array(
        [np.where(s.reset[ENVS, None], s.real["root_states"][ENVS], s.shown["root_states"][ENVS]) for s in truth]
    )
    np.testing.assert_array_equal(file["base_pos"], shown[..., :3])
    np.testing.assert_array_equal(file["base_quat"], shown[..., 3:7])
    joints = [np.where(s.reset[ENVS, None], s.real["dof_pos"][ENVS], s.shown["dof_pos"][ENVS]) for s in truth]
    np.testing.assert_array_equal(file["dof_pos"], joints)
    assert file["dof_names"].tolist() == list(DOF_NAMES)
    assert (float(file["dt"]), file["env_ids"].tolist()) == (env.dt, ENVS)


def test_the_only_thing_left_is_a_file_named_by_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = time.strftime("rollout_%Y%m%d_%H%M%S.npz")
    path = RolloutRecorder(LeggedGymSim(), 3).run(Swinging())
    assert path.parent == Path("results/rollouts")
    assert before <= path.name <= time.strftime("rollout_%Y%m%d_%H%M%S.npz")
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_two_rollouts_in_one_second_are_two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noon = rollout_recorder.datetime(2026, 1, 2, 12, 30)
    monkeypatch.setattr(rollout_recorder, "datetime", SimpleNamespace(now=lambda: noon))
    recorder = RolloutRecorder(LeggedGymSim(), 3)
    names = [recorder.run(Swinging(), tmp_path).name for _ in range(3)]
    assert names == [f"rollout_20260102_123000{number}.npz" for number in ("", "-2", "-3")]


def truth_of_episodes(env: LeggedGymSim) -> list[tuple[int, str, int, int]]:
    """(env id, outcome, steps, last step in the file) of all that ended in the recorded envs."""
    ended = []
    for t, step in enumerate(env.truth):
        for env_id in ENVS:
            if step.reset[env_id]:
                outcome = "truncated" if step.time_out[env_id] else "terminated"
                ended.append((env_id, outcome, int(step.length[env_id]), t - 1))
    return ended


def test_episodes_are_counted_over_the_recorded_envs(library: str, tmp_path: Path) -> None:
    env = LeggedGymSim(library=library)
    recorder = RolloutRecorder(env, None, num_episodes=5, env_ids=ENVS)
    path = recorder.run(Swinging(), tmp_path)
    expected = truth_of_episodes(env)
    found = [(e.env_id, e.outcome, e.episode_length, e.last_step) for e in recorder.episodes]
    assert Counter(found) == Counter(expected)
    # It goes on until the fifth episode is over, and no further.
    assert len([e for e in expected if e[3] < len(env.truth) - 2]) < 5 <= len(expected)
    rewards = loaded(path)["rew"].astype(float)
    for episode in recorder.episodes:
        first, slot = episode.first_step, ENVS.index(episode.env_id)
        assert first is not None and episode.last_step is not None
        earned = rewards[first : episode.last_step + 1, slot].sum()
        earned += env.truth[0].rew[episode.env_id] * (first == 0)
        assert episode.total_reward == pytest.approx(earned, abs=1e-5)


def test_a_line_is_printed_for_each_episode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = LeggedGymSim()
    recorder = RolloutRecorder(env, None, num_episodes=2, env_ids=[3])
    path = recorder.run(Swinging(), tmp_path)
    first, second = recorder.episodes
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        f"Episode 1/2: {first.outcome}, {first.episode_length} steps, return {first.total_reward:.4g}",
        f"Episode 2/2: {second.outcome}, {second.episode_length} steps, return {second.total_reward:.4g}",
        f"Recorded: {len(env.truth) - 1} steps, 2 finished episodes in {path}",
    ]
    assert printed.err == ""


def test_a_limit_that_comes_before_the_episodes_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RolloutRecorder(LeggedGymSim(), 3, num_episodes=2).run(Swinging(), tmp_path)
    assert capsys.readouterr().out.splitlines()[-1] == "max_steps=3 came before num_episodes=2."


@needs_reader
def test_the_reader_finds_the_same_and_assumes_nothing(tmp_path: Path) -> None:
    from replay_viewer import load_rollout

    recorder = RolloutRecorder(LeggedGymSim(), 250, env_ids=ENVS)
    path = recorder.run(Swinging(), tmp_path)
    rollout = load_rollout(path)
    assert {verdict.status for verdict in rollout.verdicts} <= {"found", "stated"}
    file = loaded(path)
    for field, name in (("robot.base_pos", "base_pos"), ("robot.joint_pos", "dof_pos"), ("rew", "rew"), ("obs", "obs")):
        np.testing.assert_array_equal(rollout.read(field), file[name])
    for slot, env_id in enumerate(ENVS):
        ended = [e for e in rollout.episodes(slot) if e.outcome != "unfinished"]
        expected = [e for e in recorder.episodes if e.env_id == env_id]
        assert [(e.first_step, e.last_step, e.outcome) for e in ended] == [
            (e.first_step, e.last_step, e.outcome) for e in expected
        ]
    rollout.close()


def test_a_recording_may_be_kept_instead(tmp_path: Path) -> None:
    env = LeggedGymSim()
    recorder = RolloutRecorder(env, 120, format="rec", env_ids=ENVS, metadata={"policy": "swing"})
    path = recorder.run(Swinging(), tmp_path)
    assert re.fullmatch(r"rollout_\d{8}_\d{6}\.rec", path.name)
    columns = Columns(path)
    assert columns.meta["metadata"]["policy"] == "swing"
    np.testing.assert_array_equal(columns["rew"], [step.rew[ENVS] for step in env.truth])
    assert "obs" in columns.names
    assert not list(path.glob("policy-*")) + list(path.glob("info*"))
    assert [(e.env_id, e.last_step) for e in recorder.episodes] == [
        (env_id, last + 1) for env_id, _, _, last in truth_of_episodes(env)
    ]


def test_rewards_and_observations_of_several_agents(library: str, tmp_path: Path) -> None:
    env = PushboxWrapper(MqeSim(library=library))
    seen: list[np.ndarray] = []

    def policy(obs: Any) -> Any:
        seen.append(numbers(obs))
        return env.env.np.array(np.full((env.env.num_envs, 2, 3), 0.1, np.float32))

    file = loaded(RolloutRecorder(env, 20, env_ids=[0, 2]).run(policy, tmp_path))
    assert file["base_pos"].shape == (20, 2, 2, 3)
    assert file["rew"].shape == (20, 2, 2)
    assert file["act"].shape == (20, 2, 2, 3)
    np.testing.assert_array_equal(file["obs"], np.array(seen).reshape(20, env.env.num_envs, 2, -1)[:, [0, 2]])


def test_a_single_environment_is_reset_after_each_episode_but_the_last(tmp_path: Path) -> None:
    env = Hopper()
    recorder = RolloutRecorder(env, num_episodes=3)
    file = loaded(recorder.run(lambda obs: -obs[:1], tmp_path))
    assert env.num_resets == 3
    assert [(e.outcome, e.episode_length, e.success) for e in recorder.episodes] == [("terminated", 7, True)] * 3
    assert [e.first_step for e in recorder.episodes] == [0, 7, 14]
    assert np.flatnonzero(file["terminated"][:, 0]).tolist() == [6, 13, 20]
    # What the policy saw in an episode's first step is the state after the reset, and the done row is not.
    heights = file["base_pos"][:, 0, 2]
    np.testing.assert_array_equal(file["obs"][[0, 7, 14], 0, 0], np.float32(Hopper.HEIGHT))
    np.testing.assert_array_equal(file["obs"][1:7, 0, 0], heights[:6])
    assert heights[6] < Hopper.LOW
    assert [info["height"] for info in file["info"]] == pytest.approx(heights.tolist())


class Repeating(GymWrapper):
    """Makes three control steps of each action."""

    def step(self, actions: Any) -> tuple:
        results = [self.env.step(actions) for _ in range(3)]
        return (*results[-1][:-1], {"calls": np.full(self.env.num_envs, len(self.env.truth))})


def test_an_action_that_is_repeated_stands_beside_each_of_its_steps(tmp_path: Path) -> None:
    env, policy = LeggedGymSim(), Swinging()
    file = loaded(RolloutRecorder(Repeating(env), 5, env_ids=ENVS).run(policy, tmp_path))
    assert len(file["rew"]) == 15
    np.testing.assert_array_equal(file["act"], np.repeat([done[ENVS] for done in policy.done], 3, axis=0))
    np.testing.assert_array_equal(file["obs"], np.repeat([seen[ENVS] for seen in policy.seen], 3, axis=0))
    assert [info["calls"].tolist() for info in file["info"][2:7]] == [[4] * 3, *[[7] * 3] * 3, [10] * 3]


class GroupsOfObservations(GymWrapper):
    """Gives observations as manager-based environments do."""

    def reset(self) -> tuple:
        return self._groups(self.env.reset()[0]), {}

    def step(self, actions: Any) -> tuple:
        obs, _, *rest = self.env.step(actions)
        return (self._groups(obs), *rest)

    def _groups(self, obs: Any) -> dict[str, Any]:
        return {"critic": obs[:, :3], "policy": obs, "names": ["a"] * len(obs)}


def test_groups_of_observations_have_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    policy = Swinging()
    env = GroupsOfObservations(LeggedGymSim())
    file = loaded(RolloutRecorder(env, 5, env_ids=ENVS).run(lambda obs: policy(obs["policy"]), tmp_path))
    np.testing.assert_array_equal(file["obs"], [seen[ENVS] for seen in policy.seen])
    np.testing.assert_array_equal(file["obs/critic"], [seen[ENVS, :3] for seen in policy.seen])
    assert "'obs/names' has no row of numbers for each env, so it is left out" in caplog.text


def test_objects_that_predict_are_policies(tmp_path: Path) -> None:
    class Model:
        """As stable-baselines3 has them."""

        def predict(self, obs: Any, state: Any = None, deterministic: bool = False) -> tuple:
            return obs[:, : len(DOF_NAMES)] * 0 + deterministic, state

    assert (loaded(RolloutRecorder(LeggedGymSim(), 2).run(Model(), tmp_path))["act"] == 1).all()


def test_no_gradients_are_kept(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    network = torch.nn.Linear(2 * len(DOF_NAMES), len(DOF_NAMES))
    env: Any = LeggedGymSim(library="torch")
    RolloutRecorder(env, 3).run(network, tmp_path)
    assert not env.actions.requires_grad


class Seeded(LeggedGymSim):
    """Takes its seed in reset(), as Gymnasium has it."""

    def reset(self, *, seed: int | None = None) -> tuple:
        self._rng = self._rng if seed is None else np.random.default_rng(seed)
        return super().reset()


class SeededByMethod(LeggedGymSim):
    """Takes its seed as gym had it."""

    def seed(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)


class HandingOn(GymWrapper):
    def reset(self, **options: Any) -> tuple:
        return self.env.reset(**options)


class Hiding(GymWrapper):
    def reset(self) -> tuple:
        return self.env.reset()


@pytest.mark.parametrize(
    "make",
    [
        *(Seeded, lambda: HandingOn(Seeded()), lambda: Hiding(HandingOn(Seeded()))),
        *(SeededByMethod, lambda: HandingOn(SeededByMethod()), lambda: Hiding(SeededByMethod())),
    ],
)
def test_the_same_seed_gives_the_same_rollout_through_all_wrappers(
    make: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = [loaded(RolloutRecorder(make(), 100, seed=seed).run(Swinging(), tmp_path)) for seed in (5, 5, 6)]
    for name in ("base_pos", "rew", "obs"):
        np.testing.assert_array_equal(files[0][name], files[1][name])
    assert not np.array_equal(files[0]["base_pos"], files[2]["base_pos"])
    assert "takes no seed" not in caplog.text
    assert '"seed": 5' in str(files[0]["recording_info"])


def test_global_generators_are_seeded_too(tmp_path: Path) -> None:
    draws = []
    for seed in (5, 5, 6):
        RolloutRecorder(LeggedGymSim(), 1, seed=seed).run(Swinging(), tmp_path)
        draws.append(np.random.rand())
    assert draws[0] == draws[1] != draws[2]


def test_an_environment_that_takes_no_seed_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    RolloutRecorder(LeggedGymSim(), 1, seed=5).run(Swinging(), tmp_path)
    expected = "LeggedGymSim takes no seed: only the generators of random, NumPy and PyTorch are seeded with 5."
    assert expected in caplog.text


def test_an_error_in_the_loop_leaves_all_steps_until_then(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy, env = Swinging(), LeggedGymSim()

    def failing(obs: Any) -> Any:
        if len(policy.seen) == 40:
            raise RuntimeError("the policy has lost its way")
        return policy(obs)

    with pytest.raises(RuntimeError, match="lost its way"):
        RolloutRecorder(env, env_ids=ENVS).run(failing, tmp_path)
    (path,) = tmp_path.iterdir()
    assert f"Stopped by RuntimeError: 40 steps, 0 finished episodes in {path}" in capsys.readouterr().out
    file = loaded(path)
    np.testing.assert_array_equal(file["rew"], [step.rew[ENVS] for step in env.truth[1:]])
    np.testing.assert_array_equal(file["act"], [done[ENVS] for done in policy.done])
    assert len(file["info"]) == 40


def test_an_error_inside_of_a_step_keeps_what_belongs_together(tmp_path: Path) -> None:
    class Breaking(GymWrapper):
        def step(self, actions: Any) -> tuple:
            result = super().step(actions)
            if len(self.env.truth) == 11:
                raise RuntimeError("after the step was made")
            return result

    env, policy = LeggedGymSim(), Swinging()
    with pytest.raises(RuntimeError, match="after the step"):
        RolloutRecorder(Breaking(env), env_ids=ENVS).run(policy, tmp_path)
    (path,) = tmp_path.iterdir()
    file = loaded(path)
    assert len(file["rew"]) == len(file["act"]) == len(file["info"]) == 10
    np.testing.assert_array_equal(file["act"], [done[ENVS] for done in policy.done])
    assert file["info"][-1] == {}


def test_an_error_before_the_first_step_leaves_nothing(tmp_path: Path) -> None:
    def failing(obs: Any) -> Any:
        raise RuntimeError("no policy")

    with pytest.raises(RuntimeError, match="no policy"):
        RolloutRecorder(LeggedGymSim()).run(failing, tmp_path)
    assert list(tmp_path.iterdir()) == []


def child(*args: str, tmp_path: Path, **options: Any) -> subprocess.Popen:
    command = [sys.executable, str(CHILD), str(tmp_path / "out"), *args]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, env=environment, **options)


def test_ctrl_c_leaves_a_whole_file_with_every_step(tmp_path: Path) -> None:
    with child(tmp_path=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert err.splitlines()[-1] == "KeyboardInterrupt"
    match = re.search(r"Stopped by KeyboardInterrupt: (\d+) steps, \d+ finished episodes in (.+\.npz)", out)
    assert match is not None, out
    (path,) = (tmp_path / "out").iterdir()
    assert match[2] == str(path)
    file = loaded(path)
    num_steps = int(match[1])
    assert num_steps > 0
    assert {len(file[name]) for name in ("base_pos", "rew", "obs", "act", "info", "terminated")} == {num_steps}
    assert np.isfinite(file["act"]).all()


def test_a_killed_rollout_leaves_its_recording(tmp_path: Path) -> None:
    with child(tmp_path=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.3)
        process.kill()
    (path,) = (tmp_path / "out").iterdir()
    assert path.suffix == ".rec"
    assert Columns(path).num_steps > 0


def test_a_file_that_cannot_be_written_leaves_the_recording(tmp_path: Path) -> None:
    """Files may have 180 kB here: enough for the recording, but not for the file."""
    with child("180000", tmp_path=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err = process.communicate(timeout=60)
    assert b"cannot be written: File too large" in err
    (path,) = (tmp_path / "out").iterdir()
    assert f"The rollout is kept in {path}" in out.decode()
    assert Columns(path).num_steps == 301


def test_a_bar_is_drawn_on_a_terminal(tmp_path: Path) -> None:
    master, terminal = os.openpty()
    with child("0", tmp_path=tmp_path, stdout=subprocess.DEVNULL, stderr=terminal) as process:
        drawn = drawn_on(master, terminal)
    assert process.returncode == 0
    last = drawn.split("\r\x1b[K")[-1]
    assert re.match(r"\[#{30}\] 100% 300 steps, \d+ steps/s", last), last
    assert re.search(r"\[#+ *\] +\d+% \d+ steps, \d+ steps/s, \d+:\d\d left", drawn)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_steps": 0}, "max_steps 0: expected at least 1"),
        ({"num_episodes": 0}, "num_episodes 0: expected at least 1"),
        ({"format": "hdf5"}, "format 'hdf5': expected one of npz, rec"),
    ],
)
def test_settings_that_cannot_be_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadArgument, match=message):
        RolloutRecorder(LeggedGymSim(), **options)


def test_a_number_of_episodes_is_limited_by_no_number_of_steps() -> None:
    assert RolloutRecorder(LeggedGymSim(), num_episodes=3, seed=5).max_steps is None
    assert RolloutRecorder(LeggedGymSim(), 10, num_episodes=3).max_steps == 10
    assert RolloutRecorder(LeggedGymSim()).max_steps == 2000


@pytest.mark.parametrize("policy", ["policy.pt", Path("policy.pt"), None])
def test_what_is_no_policy_is_refused_before_anything_is_made(policy: Any, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match=r"expected a function .* For a file, pass make_policy\(path\)"):
        RolloutRecorder(LeggedGymSim()).run(policy, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_environment_that_cannot_be_recorded_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UnknownEnvironment, match="Write an adapter of your own"):
        RolloutRecorder(object()).run(Swinging(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileProblem, match="cannot be made"):
        RolloutRecorder(LeggedGymSim()).run(Swinging(), tmp_path / "file")


def test_a_full_disk_ends_a_rollout_that_waits_for_episodes(
    tiny_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = Swinging()

    def patient(obs: Any) -> Any:
        assert len(policy.seen) < 5000, "the rollout goes on for ever"
        return policy(obs)

    with pytest.raises(FileProblem, match="the disk takes no more steps, so the rollout ends here"):
        RolloutRecorder(LeggedGymSim(), None, num_episodes=10**6, env_ids=ENVS, format="rec").run(patient, tiny_disk)
    (path,) = tiny_disk.iterdir()
    num_steps = Columns(path).num_steps
    assert f"Stopped by FileProblem: {num_steps} steps" in capsys.readouterr().out
    # The step that found the disk full is the last, beside the one that reset() makes.
    assert num_steps == len(policy.seen)
