"""Every number that the hook records of legged_gym and its kin is compared with what its simulator knows."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import legged_gym_sim
import numpy as np
import pytest
from container_columns import Columns
from legged_fake import DOF_NAMES, DOG_URDF, URDF_DOF_NAMES
from legged_gym_sim import BODY_NAMES, GymWrapper, LeggedGymSim, WalkTheseWaysSim

from replay_viewer import attach
from replay_viewer.errors import BadArgument

ENVS = [1, 3, 4]


@pytest.fixture(autouse=True)
def urdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The URDF, below the root that the environment's module names."""
    path = tmp_path / "package" / "resources" / "robot.urdf"
    path.parent.mkdir(parents=True)
    path.write_text(DOG_URDF)
    monkeypatch.setattr(legged_gym_sim, "LEGGED_GYM_ROOT_DIR", str(tmp_path / "package"))
    return path


def run(env: LeggedGymSim, num_steps: int = 200) -> None:
    """Steps with random actions, some beyond the environment's clip."""
    rng = np.random.default_rng(1)
    for _ in range(num_steps):
        env.step(env.np.array(rng.uniform(-2, 2, (env.num_envs, len(DOF_NAMES))).astype(np.float32)))


def recorded(env: LeggedGymSim, tmp_path: Path, num_steps: int = 200, **options: object) -> Columns:
    with attach(env, tmp_path / "run.rec", **{"env_ids": ENVS, **options}) as recorder:  # type: ignore[arg-type]
        env.reset()
        run(env, num_steps)
    return Columns(recorder.path)


def truth(env: LeggedGymSim, name: str, rows: str = "shown", envs: list = ENVS) -> np.ndarray:
    return np.stack([getattr(step, rows)[name][envs] for step in env.truth])


def xyzw_to_wxyz(xyzw: np.ndarray) -> np.ndarray:
    return xyzw[..., [3, 0, 1, 2]]


@pytest.mark.parametrize("unitree", [False, True])
@pytest.mark.parametrize("env_ids", [ENVS, [2, 3, 4], "all"])
def test_records_are_what_steps_returned(library: str, unitree: bool, env_ids: object, tmp_path: Path) -> None:
    env = LeggedGymSim(library=library, unitree=unitree)
    columns = recorded(env, tmp_path, env_ids=env_ids, observations=True)
    envs = list(range(6)) if env_ids == "all" else list(env_ids)  # type: ignore[call-overload]
    root = truth(env, "root_states", envs=envs)
    expected = {
        "robot.base_pos": root[..., :3],
        "robot.base_wxyz": xyzw_to_wxyz(root[..., 3:7]),
        "robot.base_lin_vel": root[..., 7:10],
        "robot.base_ang_vel": root[..., 10:],
        "robot.joint_pos": truth(env, "dof_pos", envs=envs),
        "robot.joint_vel": truth(env, "dof_vel", envs=envs),
        "robot.joint_torque": truth(env, "torques", envs=envs),
        "robot.contact_force": truth(env, "contact_forces", envs=envs),
        "command": truth(env, "commands", envs=envs),
        "obs": truth(env, "obs", envs=envs),
        "act": np.stack([step.act[envs] for step in env.truth]),
        "rew": np.stack([step.rew[envs] for step in env.truth]),
    }
    assert sorted(columns.names) == sorted([*expected, "rew_terms", "flags"])
    for name, values in expected.items():
        np.testing.assert_array_equal(columns[name], values, err_msg=name)


def test_episodes_end_in_the_state_before_the_reset(library: str, tmp_path: Path) -> None:
    env = LeggedGymSim(library=library)
    columns = recorded(env, tmp_path, num_steps=300)
    real = {name: truth(env, name, "real") for name in ("root_states", "dof_pos", "contact_forces", "commands")}
    resets = [(step, slot) for step in range(301) for slot in range(3) if env.truth[step].reset[ENVS[slot]]]
    assert len(resets) > 5
    assert sorted((end["step"], end["env_index"]) for end in columns.ends) == resets
    for end in columns.ends:
        step, slot = end["step"], end["env_index"]
        root = real["root_states"][step, slot]
        np.testing.assert_array_equal(columns.last_state(end, "robot.base_pos"), root[:3])
        np.testing.assert_array_equal(columns.last_state(end, "robot.base_wxyz"), xyzw_to_wxyz(root[3:7]))
        np.testing.assert_array_equal(columns.last_state(end, "robot.base_ang_vel"), root[10:])
        np.testing.assert_array_equal(columns.last_state(end, "robot.joint_pos"), real["dof_pos"][step, slot])
        np.testing.assert_array_equal(columns.last_state(end, "command"), real["commands"][step, slot])
        # The recording shows the next episode in that step, which is elsewhere.
        assert np.abs(columns["robot.base_pos"][step, slot, :2] - root[:2]).max() > 0.01


def test_ends_say_how_and_how_long(tmp_path: Path) -> None:
    env = LeggedGymSim()
    columns = recorded(env, tmp_path, num_steps=300)
    outcomes = set()
    for end in columns.ends:
        step, env_id = env.truth[end["step"]], ENVS[end["env_index"]]
        assert end["outcome"] == (2 if step.time_out[env_id] else 1)
        assert end["length"] == step.length[env_id]
        assert end["last_record"] == end["step"]
        assert end["last_record"] - end["first_record"] + 1 == end["length"]
        rewards = [env.truth[t].rew[env_id] for t in range(end["first_record"], end["last_record"] + 1)]
        assert end["ret"] == pytest.approx(sum(map(float, rewards)), abs=1e-9)
        outcomes.add(int(end["outcome"]))
    assert outcomes == {1, 2}


def test_many_envs_are_recorded_as_few_are(library: str, tmp_path: Path) -> None:
    # Of many, numbers are gathered column by column, and rewards are added up at once.
    few, many = [0, 7, 599], LeggedGymSim(600, library=library, keep_truth=False)
    columns = recorded(many, tmp_path / "many", num_steps=100, env_ids="all")
    expected = recorded(LeggedGymSim(600, library=library), tmp_path / "few", num_steps=100, env_ids=few)
    for name in expected.names:
        np.testing.assert_array_equal(columns[name][:, few], expected[name], err_msg=name)
    ends = {(end["step"], few.index(end["env_index"])): end for end in columns.ends if end["env_index"] in few}
    assert len(ends) == len(expected.ends) >= len(few)
    for end in expected.ends:
        found = ends[end["step"], end["env_index"]]
        assert [found[name] for name in ("length", "outcome", "ret")] == [end["length"], end["outcome"], end["ret"]]
        np.testing.assert_array_equal(
            columns.last_state(found, "robot.base_pos"), expected.last_state(end, "robot.base_pos")
        )


def test_flags_mark_the_steps_that_ended_episodes(tmp_path: Path) -> None:
    env = LeggedGymSim()
    flags = recorded(env, tmp_path)["flags"]
    expected = [np.where(s.reset, np.where(s.time_out, 4 | 2, 4 | 1), 0)[ENVS] for s in env.truth]
    np.testing.assert_array_equal(flags, expected)


def test_terms_are_what_entered_the_reward(library: str, tmp_path: Path) -> None:
    env = LeggedGymSim(library=library)
    columns = recorded(env, tmp_path)
    assert columns.meta["reward_terms"] == [*env.reward_names, "termination"]
    for name in columns.meta["reward_terms"]:
        np.testing.assert_array_equal(columns.term(name), [s.terms[name][ENVS] for s in env.truth], err_msg=name)


def test_clipped_terms_and_termination_sum_to_the_reward_exactly(library: str, tmp_path: Path) -> None:
    env = LeggedGymSim(library=library)
    columns = recorded(env, tmp_path, num_steps=300)
    terms = columns["rew_terms"]
    total = np.zeros(terms.shape[:2], np.float32)
    for column in range(terms.shape[-1] - 1):
        total += terms[..., column]
    assert (total < 0).any()
    assert (columns["rew"] < 0).any()
    np.testing.assert_array_equal(np.maximum(total, 0) + terms[..., -1], columns["rew"])


class MovedSim(LeggedGymSim):
    """Its buffers are the same objects in each step, whose memory is now and then another one, or of half the size."""

    count = 0

    def post_physics_step(self) -> None:
        super().post_physics_step()
        self.count += 1
        self.places: set[int] = getattr(self, "places", set())
        buffers: list[Any] = [self.root_states, self.commands, self.rew_buf]
        for buffer in buffers:
            if self.count % 3 == 0:
                buffer.data = buffer.data.clone()
        if self.count == 100:
            buffers[-1].data = buffers[-1].data.bfloat16()
        if self.count > 100:
            # Where it was before, if that is free again: torch 1.10 does not keep memory for numpy's arrays on it.
            others = [buffers[-1].data.clone() for _ in range(300)]
            buffers[-1].data = next((other for other in others if other.data_ptr() in self.places), others[0])
        else:
            self.places.add(buffers[-1].data_ptr())


@pytest.mark.parametrize("envs", (ENVS, [1, 2, 3]), ids=("anywhere", "neighbours"))
def test_buffers_are_read_where_their_memory_is_now(envs: list, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    env = MovedSim(library="torch", keep_truth=False)
    seen = []
    with attach(env, tmp_path / "run.rec", env_ids=envs) as recorder:
        for _ in range(2):
            run(env, 90)
            seen.append({name: getattr(env, name).float().numpy()[envs] for name in ("root_states", "rew_buf")})
    columns = Columns(recorder.path)
    for step, values in zip((89, 179), seen):
        np.testing.assert_array_equal(columns["robot.base_pos"][step], values["root_states"][:, :3])
        np.testing.assert_array_equal(columns["rew"][step], values["rew_buf"])


def test_recording_does_not_change_the_simulation(tmp_path: Path) -> None:
    env, alone = LeggedGymSim(), LeggedGymSim()
    recorded(env, tmp_path)
    alone.reset()
    run(alone)
    assert len(env.truth) == len(alone.truth)
    for step, other in zip(env.truth, alone.truth):
        np.testing.assert_array_equal(step.rew, other.rew)
        np.testing.assert_array_equal(step.shown["root_states"], other.shown["root_states"])


def test_the_reset_before_the_first_step_ends_nothing(tmp_path: Path) -> None:
    env = LeggedGymSim()
    columns = recorded(env, tmp_path, num_steps=3)
    assert columns.ends == []
    assert columns.steps == [0, 1, 2, 3]  # One of them is the step that `reset()` makes.


def test_a_reset_outside_of_a_step_aborts(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with attach(env, tmp_path / "run.rec", env_ids=ENVS) as recorder:
        run(env, 10)
        last = {name: env.truth[-1].shown[name][ENVS] for name in ("root_states", "dof_pos")}
        env.reset()
        run(env, 5)
    columns = Columns(recorder.path)
    assert [(e["env_index"], e["outcome"], e["first_record"], e["last_record"]) for e in columns.ends] == [
        (slot, 3, 0, 9) for slot in range(3)
    ]
    for end in columns.ends:
        np.testing.assert_array_equal(
            columns.last_state(end, "robot.base_pos"), last["root_states"][end["env_index"], :3]
        )
        assert end["length"] == 10
    assert not columns["flags"].any()


def test_an_episode_that_ran_before_the_recording_has_no_known_return(tmp_path: Path) -> None:
    env = LeggedGymSim()
    run(env, 40)
    with attach(env, tmp_path / "run.rec", env_ids="all") as recorder:
        run(env, 60)
    ends = Columns(recorder.path).ends
    first = [end for end in ends if end["first_record"] == 0]
    assert first
    assert all(np.isnan(end["ret"]) == (end["length"] != end["last_record"] + 1) for end in first)
    assert any(np.isnan(end["ret"]) for end in first)


def test_observations_of_an_end_are_not_made_up(tmp_path: Path) -> None:
    env = LeggedGymSim()
    columns = recorded(env, tmp_path, observations=True)
    assert columns.ends
    for end in columns.ends:
        assert np.isnan(columns.last_state(end, "obs")).all()
        # Not the mark that sends a reader to the record, which shows the next episode's.
        assert (columns.last_state(end, "obs").view(np.uint32) != 0xFFFFFFFF).all()


def test_every_third_step_keeps_all_ends(tmp_path: Path) -> None:
    env = LeggedGymSim()
    columns = recorded(env, tmp_path, every=3)
    assert columns.steps == list(range(0, 201, 3))
    assert columns.meta["every"] == 3
    np.testing.assert_array_equal(columns["robot.base_pos"], truth(env, "root_states")[::3, :, :3])
    resets = sorted((step, slot) for step in range(201) for slot in range(3) if env.truth[step].reset[ENVS[slot]])
    assert sorted((end["step"], end["env_index"]) for end in columns.ends) == resets
    for end in columns.ends:
        step = env.truth[end["step"]]
        np.testing.assert_array_equal(
            columns.last_state(end, "robot.base_pos"), step.real["root_states"][ENVS[end["env_index"]], :3]
        )
        assert end["length"] == step.length[ENVS[end["env_index"]]]
        assert not np.isnan(end["ret"])


def test_walk_these_ways_keeps_its_functions_elsewhere(library: str, tmp_path: Path) -> None:
    env = WalkTheseWaysSim(library=library)
    env.reward_container.load_env(GymWrapper(env))  # As its HistoryWrapper does.
    columns = recorded(env, tmp_path, num_steps=300)
    assert columns["command"].shape == (301, 3, 15)
    for name in columns.meta["reward_terms"]:
        np.testing.assert_array_equal(columns.term(name), [s.terms[name][ENVS] for s in env.truth], err_msg=name)
    np.testing.assert_array_equal(columns["rew"], [s.rew[ENVS] for s in env.truth])
    assert columns.term("termination").any()
    assert columns.meta["metadata"]["only_positive_rewards_ji22_style"] is True


class FusedSim(LeggedGymSim):
    """A fork whose functions nobody can listen to: they are no list, and only the sums tell what they return."""

    def compute_reward(self) -> None:
        functions, self.reward_functions = self.reward_functions, list(self._by_name.values())
        super().compute_reward()
        self.reward_functions = functions

    def _prepare_reward_function(self) -> None:
        super()._prepare_reward_function()
        self._by_name = dict(zip(self.reward_names, self.reward_functions))
        self.reward_functions = []


def test_terms_that_cannot_be_listened_to_are_what_the_episodes_sums_grow_by(library: str, tmp_path: Path) -> None:
    env = FusedSim(library=library)
    env.episode_sums["total"] = env.np.zeros(6)
    columns = recorded(env, tmp_path, num_steps=300)
    assert columns.meta["reward_terms"] == [*env.reward_names, "termination"]
    assert columns.meta["metadata"]["reward_scales"] == env.reward_scales
    for name in columns.meta["reward_terms"]:
        truth = np.stack([step.terms[name][ENVS] for step in env.truth])
        assert np.abs(truth).max() > 0.001
        np.testing.assert_allclose(columns.term(name), truth, atol=1e-6, rtol=0, err_msg=name)
    assert len(columns.ends) > 5
    assert "compute_reward" not in vars(env)


def test_without_a_reward_the_sums_tell_nothing(tmp_path: Path) -> None:
    env = FusedSim()
    with attach(env, tmp_path / "run.rec", env_ids=ENVS) as recorder:
        run(env, 1)
        env.post_physics_step = env.check_termination  # type: ignore[method-assign]
        run(env, 1)
    assert np.isnan(Columns(recorder.path)["rew_terms"]).all((1, 2)).tolist() == [False, True]


def test_lengths_that_a_learner_draws_are_taken_as_they_are(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with attach(env, tmp_path / "run.rec", env_ids="all") as recorder:
        env.reset()
        env.episode_length_buf = np.arange(6) * 10  # As rsl_rl's runner does before it learns.
        run(env, 120)
    ends = Columns(recorder.path).ends
    assert [end["length"] for end in ends] == [env.truth[end["step"]].length[end["env_index"]] for end in ends]
    drawn = [end for end in ends if end["first_record"] == 0 and end["env_index"]]
    assert drawn
    assert all(np.isnan(end["ret"]) for end in drawn)
    assert not any(np.isnan(end["ret"]) for end in ends if end["first_record"])


def test_a_term_that_is_not_called_is_unknown(tmp_path: Path) -> None:
    env = LeggedGymSim()

    def only_alive() -> None:
        env.rew_buf[:] = env.reward_functions[2]()

    with attach(env, tmp_path / "run.rec") as recorder:
        run(env, 3)
        env.compute_reward = only_alive  # type: ignore[method-assign]
        run(env, 2)
    columns = Columns(recorder.path)
    assert np.isnan(columns.term("tracking")[:, 0]).tolist() == [False] * 3 + [True] * 2
    np.testing.assert_array_equal(columns.term("alive"), np.float32(0.3 * env.dt))


def test_the_recording_says_what_the_environment_knows(tmp_path: Path) -> None:
    env = LeggedGymSim()
    meta = recorded(env, tmp_path, num_steps=2, metadata={"policy": "walk.pt"}).meta
    assert (meta["control_dt"], meta["decimation"], meta["physics_dt"]) == (0.02, 4, 0.005)
    assert (meta["env_ids"], meta["num_envs_total"], meta["seed"]) == (ENVS, 6, 7)
    assert meta["env_origins"] == [[3.0 * env_id, 0, 0] for env_id in ENVS]
    assert meta["terminal_states"] == "captured"
    assert meta["metadata"]["reward_scales"] == env.reward_scales
    assert meta["metadata"]["only_positive_rewards"] is True
    assert meta["metadata"]["policy"] == "walk.pt"
    (robot,) = meta["entities"]
    assert robot["joint_names"] == list(DOF_NAMES) != list(URDF_DOF_NAMES)
    assert robot["contact_bodies"] == list(BODY_NAMES)


def test_the_urdf_is_found_through_the_environments_module(urdf: Path, tmp_path: Path) -> None:
    columns = recorded(LeggedGymSim(), tmp_path, num_steps=2)
    (robot,) = columns.meta["entities"]
    assert (tmp_path / "run.rec" / robot["urdf"]).read_text() == urdf.read_text()


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("{OTHER_ROOT_DIR}/robot.urdf", "no module of the environment has OTHER_ROOT_DIR"),
        ("{LEGGED_GYM_ROOT_DIR}/robot.xml", "is no URDF"),
        ("{LEGGED_GYM_ROOT_DIR}/other.urdf", "is not there"),
    ],
)
def test_a_urdf_that_is_not_found_is_said_and_missed(
    file: str, reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = LeggedGymSim()
    env.cfg.asset.file = file
    assert recorded(env, tmp_path, num_steps=2).meta["entities"][0]["urdf"] is None
    assert reason in caplog.text
    assert "attach(urdf=...)" in caplog.text


def test_the_users_urdf_comes_first(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    env = LeggedGymSim()
    env.cfg.asset.file = "nothing.xml"
    other = tmp_path / "other.urdf"
    other.write_text(DOG_URDF.replace("dog", "cat"))
    columns = recorded(env, tmp_path, num_steps=2, urdf=other)
    copy = tmp_path / "run.rec" / columns.meta["entities"][0]["urdf"]
    assert 'name="cat"' in copy.read_text()
    assert caplog.text == ""


def test_torques_of_some_joints_only_are_a_signal_of_their_own(tmp_path: Path) -> None:
    env = LeggedGymSim()
    original = env.post_physics_step

    def with_ten_torques() -> None:
        env.torques = env.torques[:, :10]
        original()

    env.post_physics_step = with_ten_torques  # type: ignore[method-assign]
    env.torques = env.torques[:, :10]
    columns = recorded(env, tmp_path, num_steps=3)
    assert "robot.joint_torque" not in columns.names
    np.testing.assert_array_equal(columns["torques"], truth(env, "torques"))


@pytest.mark.parametrize("kind", ["heightfield", "trimesh"])
def test_terrain_lies_where_the_simulator_has_it(kind: str, tmp_path: Path) -> None:
    env = LeggedGymSim()
    heights = np.arange(12, dtype=np.int16).reshape(3, 4)
    cfg = SimpleNamespace(mesh_type=kind, horizontal_scale=0.5, vertical_scale=0.01, border_size=2.0)
    env.terrain = SimpleNamespace(cfg=cfg, heightsamples=heights)  # type: ignore[attr-defined]
    if kind == "trimesh":
        env.terrain.vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 5]], np.float32)  # type: ignore[attr-defined]
        env.terrain.triangles = np.array([[0, 1, 2]], np.uint32)  # type: ignore[attr-defined]
    recorded(env, tmp_path, num_steps=2)
    mesh = np.load(tmp_path / "run.rec" / "assets" / "terrain.npz")
    if kind == "trimesh":
        np.testing.assert_allclose(mesh["vertices"], [[-2, -2, 0], [-1, -2, 0], [-2, -1, 5]])
        return
    x, y = 2, 1
    np.testing.assert_allclose(mesh["vertices"][x * 4 + y], [x * 0.5 - 2, y * 0.5 - 2, heights[x, y] * 0.01], atol=1e-6)
    corners = mesh["vertices"][mesh["triangles"]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normals[:, 2] > 0).all()
    assert normals[:, 2].sum() / 2 == pytest.approx(2 * 0.5 * 3 * 0.5)


def test_several_robots_per_env_are_refused(tmp_path: Path) -> None:
    env = LeggedGymSim()
    env.all_root_states = env.root_states  # type: ignore[attr-defined]
    with pytest.raises(BadArgument, match="not one robot of 12 joints per env"):
        attach(env, tmp_path / "run.rec")
    assert not (tmp_path / "run.rec").exists()


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the reader needs Python 3.10")
def test_the_reader_finds_the_episodes_that_happened(tmp_path: Path) -> None:
    from replay_viewer.container.reader import open_container

    env = LeggedGymSim()
    path = tmp_path / "run.rec"
    recorded(env, tmp_path)
    rollout = open_container(path)
    for slot, env_id in enumerate(ENVS):
        ended = [e for e in rollout.episodes(slot) if e.outcome in ("terminated", "truncated")]
        steps = [t for t, step in enumerate(env.truth) if step.reset[env_id]]
        assert [e.last_step for e in ended] == steps
        for episode in ended:
            np.testing.assert_array_equal(
                rollout.source.read_terminal("robot.base_pos", episode.terminal_row),
                env.truth[episode.last_step].real["root_states"][env_id, :3],
            )


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the reader needs Python 3.10")
def test_joints_drive_the_links_of_their_names_in_a_replay(tmp_path: Path) -> None:
    from replay_viewer import rotations
    from replay_viewer.replay.replay import open_replay

    env = LeggedGymSim()
    recorded(env, tmp_path, num_steps=30)
    replay = open_replay(tmp_path / "run.rec")
    poses = replay.frames.frame_at(20, [1]).entities["robot"]
    links = list(replay.robots["robot"].link_names)
    state = env.truth[20].shown
    base_wxyz = xyzw_to_wxyz(state["root_states"][ENVS[1], 3:7])
    assert list(DOF_NAMES) != list(URDF_DOF_NAMES)
    for joint, name in enumerate(DOF_NAMES):
        # Every joint turns its own link about the base's x axis.
        angle = state["dof_pos"][ENVS[1], joint]
        expected = rotations.multiply(base_wxyz, np.array([np.cos(angle / 2), np.sin(angle / 2), 0, 0]))
        found = poses.link_wxyz[0, links.index(f"{name}_l")]
        np.testing.assert_allclose(abs(expected @ found), 1, atol=1e-6, err_msg=name)
