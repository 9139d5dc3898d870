"""Gymnasium's own MuJoCo tasks, for real: every recorded number is compared with the physics."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_columns import Columns
from needs_simulator import simulator

from replay_viewer import attach, load_rollout
from replay_viewer.cli import main
from replay_viewer.errors import BadArgument, FileProblem, UnknownEnvironment
from replay_viewer.replay.replay import open_replay
from replay_viewer.rotations import rotate

gymnasium = simulator("gymnasium")
mujoco = simulator("mujoco")
mujoco_env = simulator("gymnasium.envs.mujoco")

OUTCOMES = ("unfinished", "terminated", "truncated", "aborted")
MODES = ("NEXT_STEP", "SAME_STEP", "DISABLED")
# A table, a box that slides on it, a hand that the task moves, and an arm that hangs on the world.
TABLE = """
<mujoco>
  <option timestep="0.01"/>
  <asset><hfield name="hills" nrow="3" ncol="4" size="4 3 0.5 0.1" elevation="0 0 0 0 0 1 1 0 0 0 0 0"/></asset>
  <worldbody>
    <geom type="plane" size="5 5 0.1"/>
    <geom type="hfield" hfield="hills" pos="10 0 0"/>
    <body name="table" pos="1 0 0"><geom type="box" size="0.4 0.4 0.2" pos="0 0 0.2"/></body>
    <body name="arm" pos="0 0 0.8">
      <joint name="shoulder" axis="0 1 0" range="-90 90"/><geom type="capsule" size="0.05" fromto="0 0 0 0.4 0 0"/>
    </body>
    <body name="a box" pos="1 0 0.5"><freejoint/><geom type="box" size="0.1 0.1 0.1"/></body>
    <body name="hand" mocap="true"><geom size="0.05" contype="0" conaffinity="0"/></body>
  </worldbody>
  <actuator><motor joint="shoulder"/></actuator>
</mujoco>
"""


class Witness(gymnasium.Wrapper):
    """Keeps what an env's physics were after each of its steps, before anybody can reset it."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.episodes: list[list[dict[str, Any]]] = []

    def reset(self, **kwargs: Any) -> Any:
        self.episodes.append([])
        return self.env.reset(**kwargs)

    def step(self, action: Any) -> Any:
        result = self.env.step(action)
        seen = {
            "rew": result[1],
            "outcome": outcome(*result[2:4]),
            "flags": result[2] + 2 * result[3],
            "obs": result[0],
        }
        self.episodes[-1].append({**physics(self), **seen})
        return result

    @property
    def finished(self) -> list[list[dict[str, Any]]]:
        return [episode for episode in self.episodes if episode and episode[-1]["outcome"]]


def outcome(terminated: bool, truncated: bool) -> str:
    return "terminated" if terminated else "truncated" if truncated else ""


def physics(env: Any) -> dict[str, Any]:
    """The state, and what MuJoCo makes of it when asked at once."""
    model, data = env.unwrapped.model, env.unwrapped.data
    now = mujoco.MjData(model)
    now.qpos[:], now.qvel[:] = data.qpos, data.qvel
    mujoco.mj_kinematics(model, now)
    state = {"qpos": data.qpos, "qvel": data.qvel, "torque": data.qfrc_actuator, "force": data.cfrc_ext[1:, 3:]}
    return {**{name: np.array(value) for name, value in state.items()}, "xpos": now.xpos[1:], "xquat": now.xquat[1:]}


def joints(env: Any, columns: Columns) -> tuple[list[int], list[int]]:
    """Where the recorded joints are in qpos, and in qvel."""
    model, names = env.unwrapped.model, columns.meta["entities"][0]["joint_names"]
    return [model.joint(n).qposadr[0] for n in names], [model.joint(n).dofadr[0] for n in names]


def column(rows: list[dict[str, Any]], name: str) -> np.ndarray:
    return np.array([row[name] for row in rows])


def assert_states(columns: Columns, truth: list[dict[str, Any]], env: Any, slot: int = 0) -> None:
    qpos, dofs = joints(env, columns)
    expected = {
        "base_pos": column(truth, "xpos")[:, 0],
        "base_wxyz": column(truth, "xquat")[:, 0],
        "joint_pos": column(truth, "qpos")[:, qpos],
        "joint_vel": column(truth, "qvel")[:, dofs],
        "joint_torque": column(truth, "torque")[:, dofs],
        "contact_force": column(truth, "force"),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(columns[f"robot.{name}"][:, slot], values, rtol=1e-6, atol=1e-6, err_msg=name)


def assert_ends(columns: Columns, witness: Witness, slot: int, resets_take_a_step: bool = False) -> None:
    """The ends of an env: their causes, last states, lengths and returns."""
    ends = [end for end in columns.ends if end["env_index"] == slot]
    assert [OUTCOMES[end["outcome"]] for end in ends] == [episode[-1]["outcome"] for episode in witness.finished]
    qpos, _ = joints(witness, columns)
    for number, (end, episode) in enumerate(zip(ends, witness.finished, strict=True)):
        last = episode[-1]
        assert end["length"] == len(episode) + (resets_take_a_step and number > 0)
        assert end["ret"] == pytest.approx(sum(step["rew"] for step in episode), rel=1e-5)
        np.testing.assert_allclose(columns.last_state(end, "robot.joint_pos"), last["qpos"][qpos], rtol=1e-6)
        np.testing.assert_allclose(columns.last_state(end, "robot.base_pos"), last["xpos"][0], rtol=1e-6)


def run(env: Any, num_steps: int, seed: int = 1) -> list[dict[str, Any]]:
    """A user's loop; returns the physics after each step, with what the loop saw."""
    env.reset(seed=seed)
    env.action_space.seed(seed)
    truth = []
    for _ in range(num_steps):
        action = env.action_space.sample()
        _, reward, terminated, truncated, _ = env.step(action)
        truth.append({**physics(env), "rew": reward, "act": action})
        if terminated or truncated:
            env.reset()
    return truth


@pytest.mark.parametrize("task", ["Ant-v5", "Humanoid-v5", "HalfCheetah-v5", "Hopper-v5", "HalfCheetah-v4"])
@pytest.mark.filterwarnings("ignore:.*out of date")
def test_every_number_is_that_of_the_physics(task: str, tmp_path: Path) -> None:
    env = gymnasium.wrappers.TimeLimit(Witness(gymnasium.make(task).unwrapped), 25)
    with attach(env, tmp_path / "run.rec") as recorder:
        truth = run(env, 60)
    columns = Columns(recorder.path)
    assert_states(columns, truth, env)
    np.testing.assert_allclose(columns["rew"][:, 0], column(truth, "rew"), rtol=1e-6)
    np.testing.assert_array_equal(columns["act"][:, 0], column(truth, "act"))
    np.testing.assert_allclose(columns["rew_terms"].sum(axis=-1), columns["rew"], rtol=1e-6, atol=1e-6)
    assert len(columns.meta["reward_terms"]) > 1
    assert columns.meta["seed"] == 1
    assert columns.meta["control_dt"] == pytest.approx(env.unwrapped.dt)


@pytest.mark.parametrize("task", ["Humanoid-v5", "Hopper-v5"])
def test_ends_are_those_of_the_task_and_of_the_time_limit(task: str, tmp_path: Path) -> None:
    env = Witness(gymnasium.make(task, max_episode_steps=21))
    with attach(env, tmp_path / "run.rec") as recorder:
        run(env, 100)
    columns = Columns(recorder.path)
    assert_ends(columns, env, 0)
    assert {episode[-1]["outcome"] for episode in env.finished} == {"terminated", "truncated"}
    np.testing.assert_array_equal(columns["flags"][:, 0], [step["flags"] for e in env.episodes for step in e])


@pytest.mark.parametrize("task", ["Ant-v5", "Humanoid-v5", "HalfCheetah-v5", "Walker2d-v5", "Swimmer-v5", "Pusher-v5"])
def test_the_replay_stands_where_the_robot_stood(task: str, tmp_path: Path) -> None:
    env = gymnasium.make(task)
    with attach(env, tmp_path / "run.rec") as recorder:
        truth = run(env, 30)
    replay = open_replay(recorder.path)
    assert replay.robots["robot"].problems == () and all(verdict.status != "problem" for verdict in replay.verdicts)
    model = env.unwrapped.model
    bodies = [body for body in range(1, model.nbody) if model.body_rootid[body] == 1]
    links = [replay.robots["robot"].link_names.index(model.body(body).name or f"body_{body}") for body in bodies]
    for step, state in enumerate(truth):
        poses = replay.frames.frame_at(step, [0]).entities["robot"]
        np.testing.assert_allclose(poses.link_positions[0, links], state["xpos"][np.array(bodies) - 1], atol=1e-5)


def test_velocities_are_along_the_axes_of_the_world(tmp_path: Path) -> None:
    ant, cheetah = gymnasium.make("Ant-v5"), gymnasium.make("HalfCheetah-v5")
    with attach(ant, tmp_path / "ant.rec") as ant_recorder, attach(cheetah, tmp_path / "cheetah.rec") as recorder:
        truth, planar = run(ant, 20), column(run(cheetah, 20), "qvel")
    columns, qvel = Columns(ant_recorder.path), column(truth, "qvel")
    np.testing.assert_allclose(columns["robot.base_lin_vel"][:, 0], qvel[:, :3], rtol=1e-5, atol=1e-5)
    turned = rotate(column(truth, "xquat")[:, 0], qvel[:, 3:6])
    np.testing.assert_allclose(columns["robot.base_ang_vel"][:, 0], turned, rtol=1e-4, atol=1e-5)
    columns, still = Columns(recorder.path), np.zeros(20)
    linear, angular = np.stack([planar[:, 0], still, planar[:, 1]], 1), np.stack([still, planar[:, 2], still], 1)
    np.testing.assert_allclose(columns["robot.base_lin_vel"][:, 0], linear, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(columns["robot.base_ang_vel"][:, 0], angular, rtol=1e-5, atol=1e-6)


def test_a_seed_of_128_bits_that_gymnasium_draws_is_kept(tmp_path: Path) -> None:
    env = gymnasium.make("Hopper-v5")
    with attach(env, tmp_path / "run.rec") as recorder:
        env.reset()
        env.step(env.action_space.sample())
    drawn = env.unwrapped.np_random_seed
    assert drawn > 2**63
    rollout = load_rollout(recorder.path)
    assert rollout.metadata["seed"] == drawn
    rollout.close()
    assert main(["info", str(recorder.path)]) == 0


def test_a_reset_in_the_middle_of_an_episode_aborts_it(tmp_path: Path) -> None:
    env = gymnasium.make("Ant-v5")
    with attach(env, tmp_path / "run.rec") as recorder:
        env.reset(seed=0)
        for _ in range(7):
            env.step(env.action_space.sample())
        env.reset()
        env.step(env.action_space.sample())
    (end,) = Columns(recorder.path).ends
    assert (OUTCOMES[end["outcome"]], end["first_record"], end["last_record"]) == ("aborted", 0, 6)


def test_an_episode_that_began_before_the_recording_says_how_long_it_was(tmp_path: Path) -> None:
    env = gymnasium.make("Ant-v5", max_episode_steps=10)
    env.reset(seed=0)
    for _ in range(4):
        env.step(env.action_space.sample())
    with attach(env, tmp_path / "run.rec") as recorder:
        for _ in range(6):
            env.step(env.action_space.sample())
    (end,) = Columns(recorder.path).ends
    assert (end["length"], end["last_record"]) == (10, 5)


def test_a_task_that_is_stepped_on_after_its_end_has_ended_once(tmp_path: Path) -> None:
    env = gymnasium.make("Humanoid-v5", disable_env_checker=True)
    with attach(env, tmp_path / "run.rec") as recorder:
        env.reset(seed=0)
        over = [env.step(env.action_space.sample())[2] for _ in range(60)]
    assert sum(over) > 1
    assert [OUTCOMES[end["outcome"]] for end in Columns(recorder.path).ends] == ["terminated"]


class ResetsAtOnce(gymnasium.Wrapper):
    """As the autoreset of old gym did."""

    def step(self, action: Any) -> Any:
        obs, *rest = self.env.step(action)
        if rest[1] or rest[2]:
            obs, _ = self.env.reset()
        return (obs, *rest)


class FourValues(gymnasium.Wrapper):
    """What `step` returned before gym 0.26."""

    def step(self, action: Any) -> Any:
        obs, reward, terminated, truncated, info = self.env.step(action)
        info = {**info, "TimeLimit.truncated": True} if truncated and not terminated else info
        return obs, reward, terminated or truncated, info


@pytest.mark.parametrize("kind", [ResetsAtOnce, gymnasium.wrappers.Autoreset, FourValues])
def test_wrappers_that_reset_and_results_of_old_keep_the_last_state(kind: type, tmp_path: Path) -> None:
    witness = Witness(gymnasium.make("Humanoid-v5", max_episode_steps=20))
    env = kind(witness)
    env.action_space.seed(0)
    with attach(env, tmp_path / "run.rec", observations=True) as recorder:
        env.reset(seed=0)
        for _ in range(200):
            result = env.step(env.action_space.sample())
            if kind is FourValues and result[2]:
                env.reset()
    columns = Columns(recorder.path)
    assert_ends(columns, witness, 0, resets_take_a_step=kind is gymnasium.wrappers.Autoreset)
    assert {episode[-1]["outcome"] for episode in witness.finished} == {"terminated", "truncated"}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda env: gymnasium.wrappers.TransformReward(env, lambda reward: 3 * reward),
        lambda env: gymnasium.wrappers.ClipReward(env, -0.1, 0.1),
        gymnasium.wrappers.NormalizeReward,
        lambda env: gymnasium.wrappers.NormalizeObservation(gymnasium.wrappers.NormalizeReward(env)),
    ],
)
def test_terms_are_those_of_the_reward_that_no_wrapper_has_changed(wrap: Any, tmp_path: Path) -> None:
    bare = gymnasium.make("Ant-v5")
    inner: list[float] = []
    listened = bare.unwrapped.step
    bare.unwrapped.step = lambda action: (result := listened(action), inner.append(result[1]))[0]
    env = wrap(bare)
    with attach(env, tmp_path / "run.rec") as recorder:
        truth = run(env, 8)
    columns = Columns(recorder.path)
    assert columns.meta["reward_terms"] == ["reward_forward", "reward_ctrl", "reward_contact", "reward_survive"]
    np.testing.assert_allclose(columns["rew"][:, 0], inner, rtol=1e-6)
    np.testing.assert_allclose(columns["rew_terms"].sum(-1), columns["rew"], rtol=1e-5)
    np.testing.assert_allclose(columns["wrapped_reward"][:, 0], column(truth, "rew"), rtol=1e-6)
    said = columns.meta["metadata"]["rewards"]
    assert "'rew' and its terms are AntEnv's own; 'wrapped_reward' is what the wrappers" in said
    assert "Reward) made of it" in said


def test_a_wrapper_that_repeats_actions_has_the_rewards_of_all_of_them(tmp_path: Path) -> None:
    class Twice(gymnasium.Wrapper):
        def step(self, action: Any) -> Any:
            first, second = self.env.step(action), self.env.step(action)
            return (second[0], -first[1] - second[1], *second[2:])

    env = Twice(gymnasium.make("HalfCheetah-v5"))
    with attach(env, tmp_path / "run.rec") as recorder:
        truth = run(env, 5)
    columns = Columns(recorder.path)
    np.testing.assert_allclose(columns["rew"][:, 0], -column(truth, "rew"), rtol=1e-6)
    np.testing.assert_array_equal(columns["wrapped_reward"], -columns["rew"])


def test_without_such_a_wrapper_there_is_one_reward(tmp_path: Path) -> None:
    env = gymnasium.wrappers.NormalizeObservation(gymnasium.make("Ant-v5"))
    with attach(env, tmp_path / "run.rec") as recorder:
        truth = run(env, 3)
    columns = Columns(recorder.path)
    assert "wrapped_reward" not in columns.names
    assert "rewards" not in columns.meta["metadata"]
    np.testing.assert_allclose(columns["rew"][:, 0], column(truth, "rew"), rtol=1e-6)


@pytest.mark.parametrize("make", [gymnasium.make, lambda task: gymnasium.make_vec(task, 2, "sync")])
def test_a_constant_part_without_a_name_is_a_residual(make: Any, tmp_path: Path) -> None:
    env = make("HumanoidStandup-v5")
    with attach(env, tmp_path / "run.rec", env_ids="all") as recorder:
        env.reset(seed=1)
        for _ in range(5):
            env.step(env.action_space.sample())
    columns = Columns(recorder.path)
    assert columns.meta["reward_terms"] == ["reward_linup", "reward_quadctrl", "reward_impact"]
    np.testing.assert_allclose(columns["rew"], columns["rew_terms"].sum(-1) + 1, rtol=1e-5)


def test_parts_that_are_told_without_their_weights_are_signals(tmp_path: Path) -> None:
    class Unweighted(gymnasium.Wrapper):
        def step(self, action: Any) -> Any:
            *result, info = self.env.step(action)
            return (*result, {**info, "reward_ctrl": 7 * info["reward_ctrl"]})

    env = Unweighted(gymnasium.make("HalfCheetah-v5"))
    with attach(env, tmp_path / "run.rec") as recorder:
        run(env, 3)
    columns = Columns(recorder.path)
    assert columns.meta["reward_terms"] == []
    parts = columns["reward_forward"] + columns["reward_ctrl"] / 7
    np.testing.assert_allclose(columns["rew"], parts, rtol=1e-4)


def test_what_is_known_when_the_step_returns_is_of_the_last_step_of_an_episode(tmp_path: Path) -> None:
    """A vector that resets in the same step: the rewards that stand beside its end are not those of the step before."""
    members = [lambda: gymnasium.make("HumanoidStandup-v5", max_episode_steps=5)] * 2
    vector = gymnasium.vector.SyncVectorEnv(members, autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP)
    env = gymnasium.wrappers.vector.NormalizeReward(vector)
    with attach(env, tmp_path / "run.rec", env_ids="all") as recorder:
        _, rewards = step_vector(env, 12, resets_itself=True)
    columns = Columns(recorder.path)
    np.testing.assert_allclose(columns["wrapped_reward"], rewards, rtol=1e-6)
    assert len(columns.ends) == 4
    for end in columns.ends:
        assert np.isnan(columns.last_state(end, "wrapped_reward")).all()


def step_vector(
    vector: Any, num_steps: int, resets_itself: bool
) -> tuple[list[list[dict[str, Any]]], list[np.ndarray]]:
    """Physics of each env after each step, and the rewards that the loop saw."""
    vector.reset(seed=3)
    vector.action_space.seed(3)
    truth, rewards = [], []
    for _ in range(num_steps):
        _, reward, terminated, truncated, _ = vector.step(vector.action_space.sample())
        truth.append([physics(env) for env in vector.unwrapped.envs])
        rewards.append(reward)
        if not resets_itself and (terminated | truncated).any():
            vector.reset(options={"reset_mask": terminated | truncated})
    return truth, rewards


@pytest.mark.parametrize("mode", MODES)
def test_vectors_in_every_mode_of_reset(mode: str, tmp_path: Path) -> None:
    members = [lambda: Witness(gymnasium.make("Humanoid-v5", max_episode_steps=24))] * 3
    kind = gymnasium.vector.AutoresetMode[mode]
    vector = gymnasium.vector.SyncVectorEnv(members, autoreset_mode=kind)
    with attach(vector, tmp_path / "run.rec", env_ids=[0, 2], observations=True) as recorder:
        truth, rewards = step_vector(vector, 90, resets_itself=mode != "DISABLED")
    columns = Columns(recorder.path)
    assert columns.meta["env_ids"] == [0, 2] and columns.meta["num_envs_total"] == 3
    assert columns.meta["terminal_states"] == ("captured" if mode == "SAME_STEP" else "recorded")
    np.testing.assert_allclose(columns["rew"], np.array(rewards)[:, [0, 2]], rtol=1e-6)
    np.testing.assert_allclose(columns["rew_terms"].sum(axis=-1), columns["rew"], rtol=1e-6, atol=1e-6)
    finished = vector.envs[0].finished + vector.envs[2].finished
    assert {episode[-1]["outcome"] for episode in finished} == {"terminated", "truncated"}
    for slot, env_id in enumerate([0, 2]):
        witness = vector.envs[env_id]
        assert_states(columns, [row[env_id] for row in truth], witness, slot)
        assert_ends(columns, witness, slot, resets_take_a_step=mode == "NEXT_STEP")


def test_the_step_that_only_resets_belongs_to_the_new_episode(tmp_path: Path) -> None:
    vector = gymnasium.make_vec("Humanoid-v5", num_envs=2, vectorization_mode="sync", max_episode_steps=5)
    with attach(vector, tmp_path / "run.rec") as recorder:
        step_vector(vector, 12, resets_itself=True)
    columns = Columns(recorder.path)
    assert [(end["first_record"], end["last_record"]) for end in columns.ends] == [(0, 4), (5, 10)]
    assert (columns["rew"][:, 0] == 0).tolist() == [step in (5, 11) for step in range(12)]
    assert (columns["rew_terms"][5] == 0).all()


def test_wrappers_of_a_vector_are_seen_through(tmp_path: Path) -> None:
    vector = gymnasium.make_vec("Hopper-v5", num_envs=2, vectorization_mode="sync")
    outer = gymnasium.wrappers.vector.TransformReward(vector, lambda rewards: 2 * rewards)
    with attach(outer, tmp_path / "run.rec", env_ids="all") as recorder:
        _, rewards = step_vector(outer, 10, resets_itself=True)
    columns = Columns(recorder.path)
    np.testing.assert_allclose(columns["wrapped_reward"], rewards, rtol=1e-6)
    np.testing.assert_allclose(columns["rew"], np.array(rewards) / 2, rtol=1e-6)


def test_a_vector_whose_first_step_ends_episodes_keeps_its_terms(tmp_path: Path) -> None:
    members = [lambda: Witness(gymnasium.make("Ant-v5", max_episode_steps=1))] * 2
    vector = gymnasium.vector.SyncVectorEnv(members, autoreset_mode="SameStep")
    with attach(vector, tmp_path / "run.rec", env_ids="all") as recorder:
        step_vector(vector, 4, resets_itself=True)
    columns = Columns(recorder.path)
    np.testing.assert_allclose(columns["rew_terms"].sum(axis=-1), columns["rew"], rtol=1e-6, atol=1e-6)
    assert (columns["rew"] != 0).all()
    assert_ends(columns, vector.envs[0], 0)


def test_observations_on_request_also_the_last_of_an_episode(tmp_path: Path) -> None:
    env = Witness(gymnasium.make("Ant-v5", max_episode_steps=5))
    with attach(env, tmp_path / "run.rec", observations=True) as recorder:
        run(env, 11)
    columns, truth = Columns(recorder.path), [step["obs"] for episode in env.episodes for step in episode]
    np.testing.assert_allclose(columns["obs"][:, 0], truth, rtol=1e-6)
    np.testing.assert_allclose(columns.last_state(columns.ends[1], "obs"), truth[9], rtol=1e-6)


@pytest.mark.parametrize("make", [gymnasium.make, lambda task: gymnasium.make_vec(task, 2, "sync")])
def test_detach_puts_everything_back(make: Any, tmp_path: Path) -> None:
    env = make("Ant-v5")
    layers = [env, env.unwrapped, *getattr(env, "envs", ()), *(e.unwrapped for e in getattr(env, "envs", ()))]
    before = [{n: v for n, v in vars(layer).items() if callable(v)} for layer in layers]
    recorder = attach(env, tmp_path / "run.rec", env_ids="all")
    assert "step" in vars(env) and "reset" in vars(layers[-1])
    env.reset(seed=0)
    recorder.detach()
    assert [{n: v for n, v in vars(layer).items() if callable(v)} for layer in layers] == before
    recorder.close()


def test_physics_in_other_processes_are_refused_with_the_way_out(tmp_path: Path) -> None:
    vector = gymnasium.make_vec("Ant-v5", 1, "async")
    with pytest.raises(BadArgument, match=r"other processes.*SyncVectorEnv"):
        attach(vector, tmp_path / "run.rec")
    vector.close()
    assert not (tmp_path / "run.rec").exists()


@pytest.mark.parametrize("make", [gymnasium.make, lambda task: gymnasium.make_vec(task, 2, "sync")])
def test_tasks_without_mujoco_are_unknown(make: Any, tmp_path: Path) -> None:
    with pytest.raises(UnknownEnvironment, match=r"gymnasium"):
        attach(make("CartPole-v1"), tmp_path / "run.rec")


class TableTask(mujoco_env.MujocoEnv):
    """Two physics steps to a control step; successful once the box has moved."""

    def __init__(self, path: Path) -> None:
        space = gymnasium.spaces.Dict(
            {"box": gymnasium.spaces.Box(-9, 9, (3,)), "hand": gymnasium.spaces.Box(-9, 9, (3,))}
        )
        super().__init__(str(path), 2, space)

    def step(self, action: Any) -> Any:
        self.data.mocap_pos[0] = [0.1 * self.data.time, 0.0, 1.0]
        self.do_simulation(action, self.frame_skip)
        moved = bool(self.data.time > 0.09)
        return self._obs(), 1.0, moved, False, {"is_success": moved}

    def reset_model(self) -> Any:
        return self._obs()

    def _obs(self) -> dict[str, np.ndarray]:
        return {"box": self.data.body("a box").xpos.copy(), "hand": self.data.mocap_pos[0].copy()}


@pytest.fixture
def table_task(tmp_path: Path) -> Any:
    path = tmp_path / "table.xml"
    path.write_text(TABLE)
    return TableTask(path)


def test_objects_have_entities_of_their_own(table_task: Any, tmp_path: Path) -> None:
    with attach(table_task, tmp_path / "run.rec", observations=True) as recorder:
        truth = run(table_task, 8)
    columns = Columns(recorder.path)
    kinds = {entity["name"]: entity["kind"] for entity in columns.meta["entities"]}
    assert kinds == {"robot": "robot", "a_box": "object", "hand": "object"}
    np.testing.assert_allclose(columns["a_box.base_pos"][:, 0], column(truth, "qpos")[:, 1:4], rtol=1e-6)
    assert columns["hand.base_pos"][3, 0, 0] > columns["hand.base_pos"][1, 0, 0] > 0
    np.testing.assert_allclose(columns["robot.base_pos"], np.tile([0, 0, 0.8], (8, 1, 1)), rtol=1e-6)
    np.testing.assert_allclose(columns["robot.joint_pos"][:, 0, 0], column(truth, "qpos")[:, 0], rtol=1e-6)
    np.testing.assert_allclose(columns["obs"][:, 0, 3:], columns["hand.base_pos"][:, 0], rtol=1e-6)
    replay = open_replay(recorder.path)
    assert len(replay.robots["a_box"].visuals) == len(replay.robots["hand"].visuals) == 1


def test_success_is_what_the_task_says_at_the_end(table_task: Any, tmp_path: Path) -> None:
    with attach(table_task, tmp_path / "run.rec") as recorder:
        run(table_task, 8)
    assert [(end["success"], end["length"]) for end in Columns(recorder.path).ends] == [(1, 5)]


def test_the_ground_is_the_terrain(table_task: Any, tmp_path: Path) -> None:
    with attach(table_task, tmp_path / "run.rec") as recorder:
        run(table_task, 1)
    terrain = open_replay(recorder.path).rollout.terrain
    assert terrain is not None
    floor, rest = terrain.vertices[:4], terrain.vertices[4:]
    np.testing.assert_allclose([floor.min(0), floor.max(0)], [[-5, -5, 0], [5, 5, 0]], atol=1e-6)
    table, hills = rest[rest[:, 0] < 2], rest[rest[:, 0] > 2]
    np.testing.assert_allclose([table.min(0), table.max(0)], [[0.6, -0.4, 0], [1.4, 0.4, 0.4]], atol=1e-6)
    np.testing.assert_allclose([hills.min(0), hills.max(0)], [[6, -3, 0], [14, 3, 0.5]], atol=1e-6)


@pytest.mark.parametrize(("task", "height"), [("Ant-v5", None), ("Pusher-v5", -0.325), ("Swimmer-v5", -0.1)])
def test_a_floor_that_is_not_at_zero_is_terrain(task: str, height: float | None, tmp_path: Path) -> None:
    env = gymnasium.make(task)
    with attach(env, tmp_path / "run.rec") as recorder:
        run(env, 1)
    terrain = open_replay(recorder.path).rollout.terrain
    assert (terrain is None) == (height is None)
    if terrain is not None and height is not None:
        np.testing.assert_allclose(terrain.vertices[:, 2], height, atol=1e-6)
        corners = terrain.vertices[terrain.triangles]
        assert (np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2] > 0).all()


def test_files_of_the_export_are_in_the_recording_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with attach(gymnasium.make("Ant-v5"), tmp_path / "run.rec") as recorder:
        assert list(scratch.iterdir()) == []
        assert list((recorder.path / "assets").rglob("*.urdf"))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_files_of_the_export_do_not_stay_where_nothing_can_be_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch, taken = tmp_path / "scratch", tmp_path / "taken"
    scratch.mkdir()
    taken.write_text("no folder")
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with pytest.raises(FileProblem):
        attach(gymnasium.make("Ant-v5"), taken / "run.rec")
    gc.collect()
    assert list(scratch.iterdir()) == []


def assets_of(folder: Path) -> dict[str, bytes]:
    files = [path for path in (folder / "assets").rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_robot_that_is_recorded_again_is_exported_once_and_as_it_is_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports = tmp_path / "tmp"
    exports.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(exports))
    envs = [gymnasium.make("Ant-v5")]
    envs[0].reset(seed=0)

    def recorded() -> dict[str, bytes]:
        with attach(envs[0], tmp_path / "run.rec") as recorder:
            envs[0].step(envs[0].action_space.sample())
        return assets_of(recorder.path)

    first = recorded()
    assert not list(exports.iterdir())  # Most environments are recorded once.
    second = recorded()
    (kept,) = exports.iterdir()
    assert recorded() == second == first
    assert list(exports.iterdir()) == [kept]
    sizes = envs[0].unwrapped.model.geom_size
    sizes[1:] *= 2
    assert recorded() != first
    sizes[1:] /= 2
    shutil.rmtree(next(exports.iterdir()))
    assert recorded() == first
    del sizes
    envs.pop().close()
    gc.collect()
    assert not list(exports.iterdir())
