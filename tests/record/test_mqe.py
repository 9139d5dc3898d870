"""Every number that the hook records of an MQE task is compared with what its simulator knows."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mqe_sim
import numpy as np
import pytest
from container_columns import Columns
from legged_fake import DOF_NAMES, DOG_URDF
from legged_gym_sim import BODY_NAMES, numbers
from mqe_sim import DefenderWrapper, EmptyWrapper, MqeSim, OpenRlWrapper, PushboxWrapper, config

from replay_viewer import attach
from replay_viewer.errors import BadField

ENVS = [1, 3, 4]
NOT_CAPTURED = 0xFFFFFFFF
BOX = '<robot name="box"><link name="box"><visual><geometry><box size="1 2 1"/></geometry></visual></link></robot>'


@pytest.fixture(autouse=True)
def urdfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URDFs, below the root that the environment's module names."""
    folder = tmp_path / "package" / "resources"
    folder.mkdir(parents=True)
    (folder / "dog.urdf").write_text(DOG_URDF)
    (folder / "box.urdf").write_text(BOX)
    monkeypatch.setattr(mqe_sim, "LEGGED_GYM_ROOT_DIR", str(tmp_path / "package"))


class Run:
    """A task that ran; arrays (num_steps, n, ...) over the recorded envs."""

    def __init__(self, task: Any, path: Path, num_steps: int = 200, env_ids: Any = ENVS, **options: Any) -> None:
        self.sim: MqeSim = getattr(task, "env", task)
        self.envs = list(range(self.sim.num_envs)) if env_ids == "all" else env_ids
        self.actions, self.obs, self.terms, rng = [], [], [], np.random.default_rng(1)
        shape = (self.sim.num_envs, task.num_agents, 3)
        with attach(task, path, env_ids=env_ids, **options) as recorder:
            task.reset()
            for _ in range(num_steps):
                self.actions.append(rng.uniform(-2, 2, shape).astype(np.float32))
                obs, *_ = task.step(self.sim.np.array(self.actions[-1]))
                self.obs.append(numbers(obs) if hasattr(obs, "ndim") else obs)
                self.terms.append({name: numbers(term) for name, term in getattr(task, "terms", {}).items()})
        self.columns = Columns(recorder.path)

    def truth(self, name: str, rows: str = "shown") -> np.ndarray:
        return np.stack([getattr(step, rows)[name][self.envs] for step in self.sim.truth])

    @property
    def rew(self) -> np.ndarray:
        return np.stack([step.rew[self.envs] for step in self.sim.truth])


def xyzw_to_wxyz(xyzw: np.ndarray) -> np.ndarray:
    return xyzw[..., [3, 0, 1, 2]]


@pytest.mark.parametrize("env_ids", [ENVS, [2, 3], "all"])
def test_records_are_what_steps_returned(library: str, env_ids: Any, tmp_path: Path) -> None:
    run = Run(PushboxWrapper(MqeSim(library=library)), tmp_path / "run.rec", env_ids=env_ids, observations=True)
    root, forces = run.truth("root_states"), run.truth("contact_forces")
    expected = {
        "act": np.stack(run.actions)[:, run.envs],
        "obs": np.stack(run.obs)[:, run.envs],
        "rew": run.rew,
    }
    for index, name in enumerate(["robot_0", "robot_1", "box"]):
        expected[f"{name}.base_pos"] = root[:, :, index, :3]
        expected[f"{name}.base_wxyz"] = xyzw_to_wxyz(root[:, :, index, 3:7])
        expected[f"{name}.base_lin_vel"] = root[:, :, index, 7:10]
        expected[f"{name}.base_ang_vel"] = root[:, :, index, 10:]
        expected[f"{name}.contact_force"] = forces[:, :, 5 * index : 5 * index + 5]
    for index, name in enumerate(["robot_0", "robot_1"]):
        joints = slice(12 * index, 12 * index + 12)
        expected[f"{name}.joint_pos"] = run.truth("dof_pos")[..., joints]
        expected[f"{name}.joint_vel"] = run.truth("dof_vel")[..., joints]
        expected[f"{name}.joint_torque"] = run.truth("torques")[..., joints]
        expected[f"{name}.joint_action"] = run.truth("actions")[..., joints]
    assert sorted(run.columns.names) == sorted([*expected, "flags"])
    for name, values in expected.items():
        np.testing.assert_array_equal(run.columns[name], values.astype(np.float32), err_msg=name)


def test_the_environments_own_reward_says_nothing(tmp_path: Path) -> None:
    run = Run(PushboxWrapper(MqeSim()), tmp_path / "run.rec")
    assert not run.sim.rew_buf.any()
    rewards = run.columns["rew"]
    assert rewards.shape == (200, 3, 2)
    assert np.abs(rewards[..., 0] - rewards[..., 1]).max() > 0.1


def test_episodes_end_in_the_state_before_the_reset(library: str, tmp_path: Path) -> None:
    run = Run(PushboxWrapper(MqeSim(library=library)), tmp_path / "run.rec", num_steps=300)
    truth, ends = run.sim.truth, run.columns.ends
    resets = [(step, slot) for step in range(300) for slot in range(3) if truth[step].reset[ENVS[slot]]]
    assert len(resets) > 5
    assert sorted((end["step"], end["env_index"]) for end in ends) == resets
    real, joints = run.truth("root_states", "real"), run.truth("dof_pos", "real")
    for end in ends:
        where = end["step"], end["env_index"]
        for index, name in enumerate(["robot_0", "robot_1", "box"]):
            state = real[where][index]
            np.testing.assert_array_equal(run.columns.last_state(end, f"{name}.base_pos"), state[:3])
            np.testing.assert_array_equal(run.columns.last_state(end, f"{name}.base_wxyz"), xyzw_to_wxyz(state[3:7]))
            np.testing.assert_array_equal(run.columns.last_state(end, f"{name}.base_lin_vel"), state[7:10])
        np.testing.assert_array_equal(run.columns.last_state(end, "robot_1.joint_pos"), joints[where][12:])
        # The recording shows the next episode in that step, which is elsewhere.
        assert np.abs(run.columns["box.base_pos"][where] - real[where][2, :3]).max() > 0.01


def test_an_ended_step_has_the_reward_that_came_after_its_reset(tmp_path: Path) -> None:
    run = Run(PushboxWrapper(MqeSim()), tmp_path / "run.rec")
    outcomes = set()
    for end in run.columns.ends:
        step, slot = run.sim.truth[end["step"]], end["env_index"]
        np.testing.assert_array_equal(run.columns["rew"][end["step"], slot], step.rew[ENVS[slot]].astype(np.float32))
        # The row of the table holds none, so that readers take the record's.
        assert (run.columns.last_state(end, "rew").view(np.uint32) == NOT_CAPTURED).all()
        assert (run.columns.last_state(end, "act").view(np.uint32) == NOT_CAPTURED).all()
        earned = run.columns["rew"][end["first_record"] : end["last_record"] + 1, slot].astype(float).sum(0)
        np.testing.assert_allclose(end["ret"], earned, atol=1e-9)
        assert end["length"] == step.length[ENVS[slot]] == end["last_record"] - end["first_record"] + 1
        assert end["outcome"] == (2 if step.time_out[ENVS[slot]] else 1)
        outcomes.add(int(end["outcome"]))
    assert outcomes == {1, 2}


def test_recording_does_not_change_the_simulation(tmp_path: Path) -> None:
    run, alone = Run(PushboxWrapper(MqeSim()), tmp_path / "run.rec", num_steps=120), PushboxWrapper(MqeSim())
    alone.reset()
    for step, action in enumerate(run.actions):
        alone.step(action)
        np.testing.assert_array_equal(run.sim.truth[step].rew, alone.env.truth[step].rew)
        np.testing.assert_array_equal(run.truth("root_states")[step], alone.env.truth[step].shown["root_states"][ENVS])


def test_the_task_logs_its_terms_per_agent_or_for_all(library: str, tmp_path: Path) -> None:
    task = PushboxWrapper(MqeSim(library=library))
    terms: list[dict[str, np.ndarray]] = []
    with attach(task, tmp_path / "run.rec", env_ids=[4, 2]) as recorder:
        task.reset()
        for _ in range(120):
            task.step(task.env.np.zeros(5, 2, 3))
            recorder.log_terms({**task.terms, "nothing": 0.0})
            terms.append({name: numbers(term)[[4, 2]] for name, term in task.terms.items()})
    columns = Columns(recorder.path)
    assert columns.meta["reward_terms"] == ["box movement", "speed", "nothing"]
    assert columns["rew_terms"].shape == (120, 2, 2, 3)
    for agent in range(2):
        shared = np.stack([term["box movement"] for term in terms])
        np.testing.assert_array_equal(columns.term("box movement")[..., agent], shared.astype(np.float32))
    np.testing.assert_array_equal(columns.term("speed"), np.stack([term["speed"] for term in terms]))
    np.testing.assert_array_equal(columns.term("nothing"), 0)
    np.testing.assert_allclose(columns["rew_terms"].sum(-1), columns["rew"], atol=1e-6)


def test_terms_of_other_agents_are_refused(tmp_path: Path) -> None:
    task = PushboxWrapper(MqeSim())
    with attach(task, tmp_path / "run.rec") as recorder:
        task.reset()
        task.step(np.zeros((5, 2, 3), np.float32))
        with pytest.raises(BadField, match=r"has shape \(1, 3\), but the rewards of a step have \(1, 2\)"):
            recorder.log_terms({"speed": np.zeros((5, 3))})
        task.step(np.zeros((5, 2, 3), np.float32))
    assert Columns(recorder.path).num_steps == 2


def test_the_reset_before_the_first_step_ends_nothing_and_a_later_one_aborts(tmp_path: Path) -> None:
    task = PushboxWrapper(MqeSim())
    with attach(task, tmp_path / "run.rec", env_ids=ENVS) as recorder:
        for _ in range(2):
            task.reset()
            for _ in range(8):
                task.step(np.zeros((5, 2, 3), np.float32))
    columns = Columns(recorder.path)
    assert columns.num_steps == 16
    ends = [(e["env_index"], e["outcome"], e["first_record"], e["last_record"], e["reason"]) for e in columns.ends]
    assert ends == [(slot, 3, 0, 7, -1) for slot in range(3)]
    last = task.env.truth[7].shown["root_states"][ENVS]
    for end in columns.ends:
        np.testing.assert_array_equal(columns.last_state(end, "box.base_pos"), last[end["env_index"], 2, :3])


def test_an_env_that_was_just_reset_is_not_cut_off(tmp_path: Path) -> None:
    task = PushboxWrapper(MqeSim())
    with attach(task, tmp_path / "run.rec", env_ids="all") as recorder:
        task.reset()
        for _ in range(100):
            task.step(np.zeros((5, 2, 3), np.float32))
            if len(task.env.reset_ids):
                break
        task.reset()
        task.step(np.zeros((5, 2, 3), np.float32))
    columns = Columns(recorder.path)
    ends = {end["env_index"]: (int(end["outcome"]), int(end["reason"])) for end in columns.ends}
    assert len(columns.ends) == len(ends) == 5
    assert sorted(ends.values()) == [(1, 0), *[(3, -1)] * 4]


def reasons(settings: SimpleNamespace, path: Path) -> set:
    """The causes and outcomes of the episodes that ended."""
    columns = Run(EmptyWrapper(MqeSim(cfg=settings)), path, env_ids="all").columns
    names = [*columns.meta["outcome_reasons"], ""]
    return {(int(end["outcome"]), names[end["reason"]]) for end in columns.ends}


@pytest.mark.parametrize(
    ("terms", "contacts", "expected"),
    [
        (["roll", "pitch"], [], "roll"),
        (["roll", "z_high", "out_of_track"], [], "roll"),
        (["roll", "pitch", "z_low", "z_high"], ["base"], ""),
        (["z_low"], [], "z_low"),
        ([], ["base"], "collision"),
        (["pitch"], ["base"], "collision"),
    ],
)
def test_the_cause_of_an_end_is_named_where_the_environment_tells_it(
    terms: list, contacts: list, expected: str, tmp_path: Path
) -> None:
    settings = config(termination=SimpleNamespace(termination_terms=terms))
    settings.asset.terminate_after_contacts_on = contacts
    assert reasons(settings, tmp_path / "run.rec") == {(1, expected), (2, "")}


def test_objects_have_joints_and_names(library: str, tmp_path: Path) -> None:
    settings = config(env=SimpleNamespace(env_name="go1seesaw", num_agents=2, num_npcs=3, num_actions_npc=1))
    settings.asset.name_npc = "see saw"
    run = Run(PushboxWrapper(MqeSim(library=library, cfg=settings)), tmp_path / "run.rec", num_steps=100)
    entities = run.columns.meta["entities"]
    names = [entity["name"] for entity in entities]
    assert names == ["robot_0", "robot_1", "see_saw_0", "see_saw_1", "see_saw_2"]
    assert [entity["kind"] for entity in entities] == ["robot"] * 2 + ["object"] * 3
    assert [entity["joint_names"] for entity in entities[2:]] == [["hinge"]] * 3
    for index, name in enumerate(names[2:]):
        joint = slice(index, index + 1)
        np.testing.assert_array_equal(run.columns[f"{name}.joint_pos"], run.truth("dof_pos_npc")[..., joint])
        np.testing.assert_array_equal(run.columns[f"{name}.joint_vel"], run.truth("dof_vel_npc")[..., joint])
        bodies = slice(10 + 2 * index, 12 + 2 * index)
        np.testing.assert_array_equal(run.columns[f"{name}.contact_force"], run.truth("contact_forces")[:, :, bodies])
    np.testing.assert_array_equal(run.columns["robot_1.joint_pos"], run.truth("dof_pos")[..., 12:])


def test_what_the_simulator_does_not_name_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = config(env=SimpleNamespace(env_name="go1seesaw", num_agents=2, num_npcs=1, num_actions_npc=1))
    sim = MqeSim(cfg=settings)
    sim.gym = SimpleNamespace()
    columns = Run(PushboxWrapper(sim), tmp_path / "run.rec", num_steps=3).columns
    assert not [name for name in columns.names if "contact_force" in name or name == "box.joint_pos"]
    assert "contact forces are not recorded" in caplog.text
    assert "the simulator names 0 joints of each object, of 1 in all" in caplog.text


def test_joints_of_unlike_robots_are_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sim = MqeSim()
    sim.dof_names = sim.dof_names[:10]
    columns = Run(PushboxWrapper(sim), tmp_path / "run.rec", num_steps=3).columns
    assert not [name for name in columns.names if ".joint_" in name]
    assert "the robots' joints are not recorded" in caplog.text


def test_a_task_may_have_fewer_agents_than_robots(tmp_path: Path) -> None:
    settings = config(env=SimpleNamespace(env_name="go1football", num_agents=3, num_npcs=1, num_actions_npc=0))
    run = Run(DefenderWrapper(MqeSim(cfg=settings)), tmp_path / "run.rec", observations=True)
    assert [e["name"] for e in run.columns.meta["entities"]] == ["robot_0", "robot_1", "robot_2", "box"]
    np.testing.assert_array_equal(run.columns["rew"], run.rew[..., :2].astype(np.float32))
    np.testing.assert_array_equal(run.columns["act"], np.stack(run.actions)[:, ENVS])
    np.testing.assert_array_equal(run.columns["obs"], np.stack(run.obs)[:, ENVS])


def test_a_learners_wrapper_around_the_task_changes_nothing(library: str, tmp_path: Path) -> None:
    task = PushboxWrapper(MqeSim(library=library))
    outer = OpenRlWrapper(task)
    with attach(outer, tmp_path / "run.rec", env_ids="all") as recorder:
        outer.reset()
        rewards = [outer.step(np.full((5, 2, 3), 0.5, np.float32))[1][..., 0] for _ in range(20)]
        assert "step" in vars(task)
        assert "step" not in vars(outer)
    np.testing.assert_array_equal(Columns(recorder.path)["rew"], np.stack(rewards).astype(np.float32))


class NoTask(EmptyWrapper):
    """Returns plain numbers, as a task of the original whose rewards are commented out."""

    observation_space = SimpleNamespace(shape=(16,))

    def step(self, action: Any) -> tuple:
        _, _, termination, info = self.env.step(action)
        return 0, 0, termination, info


def test_plain_numbers_stand_for_all_agents(library: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = Run(NoTask(MqeSim(library=library)), tmp_path / "run.rec", num_steps=4, observations=True)
    assert (run.columns["rew"] == 0).all()
    assert run.columns["rew"].shape == (4, 3, 2)
    assert "obs" not in run.columns.names
    assert caplog.text.count("'obs' is a int, expected an array") == 1


class Football(PushboxWrapper):
    """Returns four rewards for each env, as the original's 1-vs-1 football does for its two agents."""

    def step(self, action: Any) -> tuple:
        obs, _, termination, info = super().step(action)
        self.four = np.stack([self.env.root_states.reshape(5, 2, 13)[:, 0, column] for column in range(4)], 1)
        return obs, self.four, termination, info


def test_rewards_for_no_agents_are_kept_as_the_wrapper_returned_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    task, returned = Football(MqeSim()), []
    with attach(task, tmp_path / "run.rec", env_ids=ENVS) as recorder:
        task.reset()
        for _ in range(120):
            task.step(np.zeros((5, 2, 3), np.float32))
            returned.append(task.four[ENVS])
    columns = Columns(recorder.path)
    np.testing.assert_array_equal(columns["rew"], returned)
    assert len(columns.ends) > 0
    assert caplog.text.count("'rew' has shape (5, 4), but the task has 2 agents in each of 5 envs: it is kept as") == 1
    end = columns.ends[0]
    rewards = np.array(returned, float)[end["first_record"] : end["last_record"] + 1, end["env_index"]]
    np.testing.assert_allclose(end["ret"], rewards.sum(axis=0))


def test_without_the_tasks_wrapper_no_reward_is_made_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = Run(MqeSim(), tmp_path / "run.rec", num_steps=4, observations=True)
    assert not {"rew", "obs"} & set(run.columns.names)
    assert "attach to the wrapped environment" in caplog.text
    assert "the environment does not state their shape" in caplog.text


def test_detach_puts_every_method_back(tmp_path: Path) -> None:
    task = PushboxWrapper(MqeSim())
    recorder = attach(task, tmp_path / "run.rec")
    assert "step" in vars(task)
    assert "reset_idx" in vars(task.env)
    recorder.detach()
    assert not {"step", "reset_idx"} & {*vars(task), *vars(task.env)}
    recorder.close()


def test_the_recording_says_what_the_environment_knows(tmp_path: Path) -> None:
    meta = Run(PushboxWrapper(MqeSim()), tmp_path / "run.rec", num_steps=2, seed=3).columns.meta
    assert (meta["control_dt"], meta["decimation"], meta["physics_dt"]) == (0.02, 4, 0.005)
    assert (meta["env_ids"], meta["num_envs_total"], meta["seed"]) == (ENVS, 5, 3)
    assert meta["env_origins"] == [[3.0 * env_id, 1, 0] for env_id in ENVS]
    assert meta["outcome_reasons"] == ["roll", "pitch"]
    scales = {"box_x_movement_reward_scale": 10, "speed_punishment_scale": -1}
    assert meta["metadata"] == {"task": "go1pushbox", "reward_scales": scales}
    first, second, box = meta["entities"]
    assert first["joint_names"] == second["joint_names"] == list(DOF_NAMES)
    assert first["contact_bodies"] == list(BODY_NAMES)
    assert first["urdf"] == second["urdf"]
    assert (tmp_path / "run.rec" / first["urdf"]).read_text() == DOG_URDF
    assert (tmp_path / "run.rec" / box["urdf"]).read_text() == BOX
    assert (box["kind"], box["contact_bodies"]) == ("object", ["object"])


def test_a_track_begins_at_the_origin(tmp_path: Path) -> None:
    Run(PushboxWrapper(MqeSim()), tmp_path / "run.rec", num_steps=2)
    mesh = np.load(tmp_path / "run.rec" / "assets" / "terrain.npz")
    vertices, triangles = mesh["vertices"], mesh["triangles"]
    # Only the lines beside the wall, and the rim.
    assert sorted({x for x, _, _ in vertices.tolist()}) == [0, 2, 2.5, 3, 4]
    assert sorted({y for _, y, _ in vertices.tolist()}) == [0, 3]
    assert {(x, z) for x, _, z in vertices.tolist()} == {(0, 0), (2, 0), (2.5, 1), (3, 0), (4, 0)}
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normals[:, 2] > 0).all()
    assert normals[:, 2].sum() / 2 == pytest.approx(4 * 3)


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the reader needs Python 3.10")
def test_the_reader_shows_two_robots_and_a_box_with_rewards_per_agent(tmp_path: Path) -> None:
    from replay_viewer.container.reader import open_container

    run = Run(PushboxWrapper(MqeSim()), tmp_path / "run.rec")
    rollout = open_container(tmp_path / "run.rec")
    kinds = {name: entity.kind for name, entity in rollout.entities.items()}
    assert kinds == {"robot_0": "robot", "robot_1": "robot", "box": "object"}
    assert rollout.agents_shape == (2,)
    np.testing.assert_array_equal(rollout.read("rew"), run.rew.astype(np.float32))
    for slot, env_id in enumerate(ENVS):
        ended = [e for e in rollout.episodes(slot) if e.outcome in ("terminated", "truncated")]
        assert [e.last_step for e in ended] == [t for t, step in enumerate(run.sim.truth) if step.reset[env_id]]
        for episode in ended:
            state = run.sim.truth[episode.last_step].real["root_states"][env_id]
            steps = slice(episode.last_step, episode.last_step + 1)
            for index, name in enumerate(["robot_0", "robot_1", "box"]):
                shown = rollout.read_shown(f"{name}.base_pos", steps, [slot])[0, 0]
                np.testing.assert_array_equal(shown, state[index, :3])
