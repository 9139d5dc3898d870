"""What the hook records of mjlab is what its simulation holds: Go1 and G1 that walk and fall, an arm with a cube."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_columns import Columns
from needs_simulator import simulator
from witness import Witness

from replay_viewer import attach
from replay_viewer.record.adapters.mjlab_scene import rotate_rows
from replay_viewer.robot import load_robot

torch, mujoco = simulator("torch"), simulator("mujoco")
simulator("mjlab")


def act(env: Any, seed: int = 0, strength: float = 3.0) -> Any:
    """Actions wild enough to make a robot fall."""
    generator = torch.Generator().manual_seed(seed)
    return strength * torch.randn((env.num_envs, env.action_manager.total_action_dim), generator=generator)


def recorded(env: Any, folder: Path, num_steps: int, **options: Any) -> tuple[Columns, Witness]:
    """Half of the envs stand still until their time is up."""
    with Witness(env) as witness, attach(env, folder / "run.rec", **{"env_ids": "all", **options}) as recorder:
        for step in range(num_steps):
            action = act(env, step)
            action[::2] = 0
            env.step(action)
    return Columns(recorder.path), witness


@dataclass
class Walk:
    """A recording, and what really happened."""

    env: Any
    columns: Columns
    witness: Witness
    folder: Path

    @property
    def robot(self) -> dict[str, Any]:
        return self.columns.meta["entities"][0]


@pytest.fixture(scope="session", params=["go1", "g1"])
def walk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """A robot that falls, gets up elsewhere, or stands until its time is up."""
    env, folder = request.getfixturevalue(request.param), tmp_path_factory.mktemp("walk")
    env.reset(seed=1)
    columns, witness = recorded(env, folder, 55, observations=True)
    return Walk(env, columns, witness, folder / "run.rec")


def free_joint(env: Any) -> tuple[np.ndarray, np.ndarray]:
    """Where the robot's free joint lies in qpos and qvel, asked of the model by its name."""
    joint = next(
        env.sim.mj_model.joint(index) for index in range(env.sim.mj_model.njnt) if env.sim.mj_model.jnt_type[index] == 0
    )
    return np.arange(joint.qposadr[0], joint.qposadr[0] + 7), np.arange(joint.dofadr[0], joint.dofadr[0] + 6)


def in_world(wxyz: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Turned by MuJoCo."""
    turned = np.zeros(vectors.shape)
    for index in np.ndindex(vectors.shape[:-1]):
        mujoco.mju_rotVecQuat(turned[index], vectors[index].astype(float), wxyz[index].astype(float))
    return turned


def expected(env: Any, qpos: np.ndarray, qvel: np.ndarray, joint_names: list) -> dict[str, np.ndarray]:
    """The state by MuJoCo's own names."""
    base, base_v = free_joint(env)
    joints = [env.sim.mj_model.joint(f"robot/{name}") for name in joint_names]
    return {
        "robot.base_pos": qpos[..., base[:3]],
        "robot.base_wxyz": qpos[..., base[3:]],
        "robot.base_lin_vel": qvel[..., base_v[:3]],
        "robot.base_ang_vel": in_world(qpos[..., base[3:]], qvel[..., base_v[3:]]),
        "robot.joint_pos": qpos[..., [joint.qposadr[0] for joint in joints]],
        "robot.joint_vel": qvel[..., [joint.dofadr[0] for joint in joints]],
    }


def test_records_are_what_the_simulation_holds_after_each_step(walk: Walk) -> None:
    env, columns, witness = walk.env, walk.columns, walk.witness
    names = walk.robot["joint_names"]
    for name, values in expected(env, witness.after("qpos"), witness.after("qvel"), names).items():
        np.testing.assert_allclose(columns[name], values, rtol=1e-6, atol=2e-6, err_msg=name)
    dofs = [env.sim.mj_model.joint(f"robot/{name}").dofadr[0] for name in names]
    np.testing.assert_array_equal(columns["robot.joint_torque"], witness.after("qfrc_actuator")[..., dofs])
    groups = [torch.cat(list(seen.returned[0].values()), 1).numpy() for seen in witness.steps]
    np.testing.assert_array_equal(columns["obs"], groups)


def test_velocities_of_the_base_are_the_simulators_own_in_the_world(walk: Walk) -> None:
    velocity = walk.witness.after("velocity")
    np.testing.assert_allclose(walk.columns["robot.base_lin_vel"], velocity[..., :3], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(walk.columns["robot.base_ang_vel"], velocity[..., 3:], rtol=1e-4, atol=1e-3)


def test_episodes_end_in_the_state_just_before_the_reset(walk: Walk) -> None:
    env, columns, witness = walk.env, walk.columns, walk.witness
    resets = [(step, env_id) for step, seen in enumerate(witness.steps) for env_id in sorted(seen.before)]
    assert len(resets) >= env.num_envs
    assert sorted((end["step"], end["env_index"]) for end in columns.ends) == resets
    names = columns.meta["entities"][0]["joint_names"]
    for end in columns.ends:
        before = witness.steps[end["step"]].before[end["env_index"]]
        for name, value in expected(env, before["qpos"], before["qvel"], names).items():
            np.testing.assert_allclose(columns.last_state(end, name), value, rtol=1e-6, atol=2e-6, err_msg=name)
        # What is derived from it lags a substep behind, and the record of that step shows the next episode.
        assert np.abs(before["xpos"][1] - columns.last_state(end, "robot.base_pos")).max() > 1e-5
        assert np.abs(columns["robot.base_pos"][end["step"], end["env_index"]] - before["qpos"][:3]).max() > 1e-3


def test_ends_say_how_why_and_how_long(walk: Walk) -> None:
    columns, witness = walk.columns, walk.witness
    outcomes = set()
    for end in columns.ends:
        seen, env_id = witness.steps[end["step"]], end["env_index"]
        _, _, terminated, truncated = seen.returned
        assert end["outcome"] == (1 if terminated[env_id] else 2)
        assert terminated[env_id] or truncated[env_id]
        reason = columns.meta["outcome_reasons"][end["reason"]]
        assert reason == ("fell_over" if terminated[env_id] else "time_out")
        assert end["length"] == seen.before[env_id]["length"]
        outcomes.add(reason)
    assert outcomes == {"fell_over", "time_out"}


def test_terms_sum_to_the_reward_that_was_returned(walk: Walk) -> None:
    columns, witness = walk.columns, walk.witness
    np.testing.assert_array_equal(columns["rew"], [seen.returned[1] for seen in witness.steps])
    np.testing.assert_allclose(columns["rew_terms"].sum(-1, dtype=float), columns["rew"], rtol=0, atol=1e-6)
    assert (np.abs(columns["rew_terms"]).max((0, 1)) > 0).sum() > 5


def test_rewards_that_are_not_times_the_step_stay_as_they_are(go1: Any, tmp_path: Path) -> None:
    go1.reset()
    go1.cfg.scale_rewards_by_dt = go1.reward_manager._scale_by_dt = False
    try:
        columns, witness = recorded(go1, tmp_path, num_steps=5)
    finally:
        go1.cfg.scale_rewards_by_dt = go1.reward_manager._scale_by_dt = True
    np.testing.assert_array_equal(columns["rew"], [seen.returned[1] for seen in witness.steps])
    np.testing.assert_allclose(columns["rew_terms"].sum(-1, dtype=float), columns["rew"], rtol=0, atol=5e-5)
    assert columns.meta["metadata"]["rewards_times_step_dt"] is False


def test_the_action_of_an_ended_step_is_the_one_that_was_applied(walk: Walk) -> None:
    columns, witness = walk.columns, walk.witness
    np.testing.assert_array_equal(columns["act"], [seen.action for seen in witness.steps])
    assert columns.ends
    assert all(np.abs(witness.steps[end["step"]].after["action"][end["env_index"]]).max() == 0 for end in columns.ends)


def test_commands_are_those_of_the_next_observation(walk: Walk) -> None:
    np.testing.assert_array_equal(walk.columns["command"], walk.witness.after("command"))


def test_feet_carry_the_weight_of_a_robot_that_stands(go1: Any, tmp_path: Path) -> None:
    go1.reset(seed=1)
    with attach(go1, tmp_path / "run.rec", env_ids="all") as recorder:
        for _ in range(35):
            go1.step(torch.zeros((4, 12)))
    columns = Columns(recorder.path)
    robot = columns.meta["entities"][0]
    assert robot["contact_bodies"] == [f"{foot}_foot_collision" for foot in ("FR", "FL", "RR", "RL")]
    weight = 9.81 * float(go1.sim.mj_model.body_mass.sum())
    np.testing.assert_allclose(columns["robot.contact_force"][25:35, :, :, 2].sum(-1).mean(0), weight, rtol=0.1)


def test_resets_before_the_first_step_end_nothing_and_later_ones_abort(go1: Any, tmp_path: Path) -> None:
    with attach(go1, tmp_path / "run.rec", env_ids=[1, 3]) as recorder:
        go1.reset()
        go1.reset()
        for _ in range(5):
            go1.step(torch.zeros((4, 12)))
        last = go1.sim.data.qpos[3].numpy().copy()
        go1.reset(env_ids=torch.tensor([0, 3]))
        go1.step(torch.zeros((4, 12)))
    columns = Columns(recorder.path)
    (end,) = columns.ends
    assert (end["env_index"], end["outcome"], end["length"], end["last_record"]) == (1, 3, 5, 4)
    np.testing.assert_array_equal(columns.last_state(end, "robot.base_pos"), last[:3])


def test_resets_that_are_left_to_the_user(go1: Any, tmp_path: Path) -> None:
    go1.reset(seed=1)
    go1.cfg.auto_reset = False
    try:
        with Witness(go1) as witness, attach(go1, tmp_path / "run.rec", env_ids="all", observations=True) as recorder:
            for step in range(45):
                _, _, terminated, truncated, _ = go1.step(act(go1, step))
                over = (terminated | truncated).nonzero().squeeze(-1)
                if len(over):
                    go1.reset(env_ids=over)
    finally:
        go1.cfg.auto_reset = True
    columns = Columns(recorder.path)
    assert columns.meta["terminal_states"] == "recorded"
    ended = [
        (step, env_id, 1 if seen.returned[2][env_id] else 2)
        for step, seen in enumerate(witness.steps)
        for env_id in range(4)
        if seen.returned[2][env_id] or seen.returned[3][env_id]
    ]
    assert len(ended) > 4
    assert sorted((end["step"], end["env_index"], end["outcome"]) for end in columns.ends) == ended
    names = columns.meta["entities"][0]["joint_names"]
    for name, values in expected(go1, witness.after("qpos"), witness.after("qvel"), names).items():
        np.testing.assert_allclose(columns[name], values, rtol=1e-6, atol=2e-6, err_msg=name)
    for end in columns.ends:
        seen = witness.steps[end["step"]]
        assert end["length"] == seen.after["length"][end["env_index"]]
        np.testing.assert_array_equal(
            columns.last_state(end, "robot.joint_pos"), seen.after["qpos"][end["env_index"], 7:]
        )
        np.testing.assert_array_equal(columns.last_state(end, "obs"), columns["obs"][end["step"], end["env_index"]])


def test_recording_does_not_change_the_simulation(go1: Any, tmp_path: Path) -> None:
    def run() -> np.ndarray:
        go1.reset(seed=7)
        with Witness(go1) as witness:
            for step in range(30):
                go1.step(act(go1, step))
        return witness.after("qpos")

    alone = run()
    with attach(go1, tmp_path / "run.rec", env_ids=[0, 2], observations=True):
        watched = run()
    np.testing.assert_array_equal(alone, watched)


def test_wrapped_environments_are_unwrapped_and_left_as_they_were(go1: Any, tmp_path: Path) -> None:
    before = set(vars(go1))
    wrapped = simulator("mjlab.rl").RslRlVecEnvWrapper(go1, clip_actions=0.5)
    recorder = attach(wrapped, tmp_path / "run.rec")
    assert {"step", "_reset_idx"} <= set(vars(go1))
    wrapped.step(torch.ones((4, 12)))
    recorder.detach()
    wrapped.step(torch.ones((4, 12)))
    recorder.close()
    assert set(vars(go1)) == before
    columns = Columns(recorder.path)
    assert columns.num_steps == 1
    np.testing.assert_array_equal(columns["act"][0, 0], np.full(12, 0.5, np.float32))


def test_the_recording_says_what_the_environment_knows(
    go1: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    columns, _ = recorded(go1, tmp_path, num_steps=2, env_ids=[3, 1])
    meta = columns.meta
    assert meta["env_ids"] == [3, 1]
    assert (meta["control_dt"], meta["decimation"], meta["physics_dt"], meta["seed"]) == (0.02, 4, 0.005, 3)
    np.testing.assert_array_equal(meta["env_origins"], go1.scene.env_origins[[3, 1]].numpy())
    assert meta["terrain"] is None  # A plane.
    assert meta["terminal_states"] == "captured"
    assert [(entity["name"], entity["kind"]) for entity in meta["entities"]] == [("robot", "robot")]
    weights = {name: cfg.weight for name, cfg in go1.reward_manager.cfg.items()}
    assert meta["metadata"]["reward_weights"] == weights
    assert meta["reward_terms"] == list(weights)
    assert meta["metadata"]["command_terms"] == {"twist": 3}
    assert caplog.text == ""


def test_the_recordings_urdf_has_the_robots_joints_and_moves_as_it_does(walk: Walk) -> None:
    robot, recorded_names = load_robot(walk.folder / walk.robot["urdf"]), walk.robot["joint_names"]
    assert sorted(recorded_names) == sorted(robot.joint_names)
    assert len(robot.visuals) > len(robot.joint_names)
    order = [recorded_names.index(name) for name in robot.joint_names]
    state = [walk.columns[f"robot.{name}"][-1] for name in ("joint_pos", "base_pos", "base_wxyz")]
    positions, _ = robot.forward_kinematics(state[0][:, order], state[1], state[2])
    bodies = walk.env.scene["robot"].body_names
    links = [robot.link_names.index(name) for name in bodies]
    ids = [walk.env.sim.mj_model.body(f"robot/{name}").id for name in bodies]
    np.testing.assert_allclose(positions[:, links], walk.witness.steps[-1].after["xpos"][:, ids], atol=2e-5)


def test_a_robots_look_is_not_too_large(walk: Walk) -> None:
    size = sum(file.stat().st_size for file in (walk.folder / "assets").rglob("*") if file.is_file())
    assert 1e6 < size < 10e6


def test_the_users_urdf_comes_first(go1: Any, tmp_path: Path) -> None:
    urdf = tmp_path / "mine.urdf"
    urdf.write_text('<robot name="mine"><link name="base"/></robot>')
    columns, _ = recorded(go1, tmp_path, num_steps=1, urdf=urdf)
    assert (tmp_path / "run.rec" / columns.meta["entities"][0]["urdf"]).read_text() == urdf.read_text()


def test_an_arm_that_stands_fast_and_a_cube_that_does_not(yam: Any, tmp_path: Path) -> None:
    yam.reset(seed=1)
    columns, witness = recorded(yam, tmp_path, num_steps=20)
    arm, cube = columns.meta["entities"]
    assert (arm["name"], arm["kind"], cube["name"], cube["kind"]) == ("robot", "robot", "cube", "object")
    model, last = yam.sim.mj_model, witness.steps[-1].after
    base = model.body("robot/mocap_base").id
    np.testing.assert_allclose(columns["robot.base_pos"][-1], last["xpos"][:, base], atol=1e-6)
    np.testing.assert_allclose(columns["robot.base_wxyz"][-1], last["xquat"][:, base], atol=1e-6)
    assert "robot.base_lin_vel" not in columns.names
    joints = [model.joint(f"robot/{name}").qposadr[0] for name in arm["joint_names"]]
    np.testing.assert_array_equal(columns["robot.joint_pos"], witness.after("qpos")[..., joints])
    free = free_joint(yam)[0]
    np.testing.assert_array_equal(columns["cube.base_pos"], witness.after("qpos")[..., free[:3]])
    np.testing.assert_array_equal(columns["cube.base_wxyz"], witness.after("qpos")[..., free[3:]])
    assert (tmp_path / "run.rec" / cube["urdf"]).is_file()


def test_tensors_are_turned_as_arrays_are() -> None:
    generator = np.random.default_rng(0)
    wxyz, vectors = generator.normal(size=(5, 4)), generator.normal(size=(5, 3))
    wxyz /= np.linalg.norm(wxyz, axis=-1, keepdims=True)
    np.testing.assert_allclose(rotate_rows(wxyz, vectors), in_world(wxyz, vectors), atol=1e-12)
    turned = rotate_rows(torch.from_numpy(wxyz), torch.from_numpy(vectors))
    np.testing.assert_allclose(turned.numpy(), in_world(wxyz, vectors), atol=1e-12)
