"""Every number that the hook records of a manager-based environment is compared with what its simulator knows."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from container_columns import Columns
from isaac_lab_sim import FEET, WEIGHTS, InitialState, IsaacLabSim, RayCaster, check_last_observations
from legged_fake import DOF_NAMES
from legged_gym_sim import GymWrapper

from replay_viewer import attach
from replay_viewer.errors import BadArgument
from replay_viewer.record.adapters.isaac_lab_shapes import IsaacLabShapes, shape_of
from replay_viewer.record.adapters.manager_based import EndingReasons
from replay_viewer.record.adapters.scene import entity_name, tensor
from replay_viewer.record.rows import Columns as SomeColumns

ENVS = [1, 3, 4]
URDF = '<robot name="dog"><link name="base"/></robot>'
IN_WORLD = ("robot.base_pos", "robot.base_wxyz", "robot.joint_pos", "box.base_pos", "command", "robot.contact_force")


@pytest.fixture(params=[("numpy", 2), ("numpy", 3), ("torch", 2), ("torch", 3)], ids=lambda p: f"{p[0]}-version-{p[1]}")
def env(request: pytest.FixtureRequest) -> IsaacLabSim:
    library, version = request.param
    if library == "torch":
        pytest.importorskip("torch")
    return IsaacLabSim(library=library, version=version)


def run(env: IsaacLabSim, num_steps: int = 200) -> None:
    rng = np.random.default_rng(1)
    for _ in range(num_steps):
        env.step(env.np.array(rng.uniform(-2, 2, (env.num_envs, len(DOF_NAMES))).astype(np.float32)))


def methods(env: IsaacLabSim) -> dict[str, object]:
    """What was put in the place of methods, on the instance."""
    return {name: value for name, value in vars(env).items() if callable(value)}


def recorded(env: IsaacLabSim, tmp_path: Path, num_steps: int = 200, **options: Any) -> Columns:
    with attach(env, tmp_path / "run.rec", **{"env_ids": ENVS, **options}) as recorder:
        env.reset()
        run(env, num_steps)
    return Columns(recorder.path)


@pytest.mark.parametrize("env_ids", [ENVS, [2, 3, 4], "all"])
def test_records_are_what_steps_returned(env: IsaacLabSim, env_ids: object, tmp_path: Path) -> None:
    columns = recorded(env, tmp_path, env_ids=env_ids, observations=True)
    envs = list(range(6)) if env_ids == "all" else list(env_ids)  # type: ignore[call-overload]
    expected = {name: np.stack([step.shown[name][envs] for step in env.truth]) for name in env.truth[0].shown}
    expected["act"] = np.stack([step.act[envs] for step in env.truth])
    expected["rew"] = np.stack([step.rew[envs] for step in env.truth])
    assert sorted(columns.names) == sorted([*expected, "rew_terms", "flags"])
    for name, values in expected.items():
        shape = columns[name].shape
        np.testing.assert_array_equal(columns[name], values.reshape(shape), err_msg=name)


def test_episodes_end_in_the_state_before_the_reset(env: IsaacLabSim, tmp_path: Path) -> None:
    columns = recorded(env, tmp_path, num_steps=300)
    over = [step.reset | step.time_out for step in env.truth]
    resets = [(step, slot) for step in range(300) for slot in range(3) if over[step][ENVS[slot]]]
    assert len(resets) > 5
    assert sorted((end["step"], end["env_index"]) for end in columns.ends) == resets
    for end in columns.ends:
        step, env_id = env.truth[end["step"]], ENVS[end["env_index"]]
        for name in IN_WORLD:
            np.testing.assert_array_equal(columns.last_state(end, name), step.real[name][env_id], err_msg=name)
        # The recording shows the next episode in that step, which is elsewhere.
        assert np.abs(step.shown["robot.base_pos"][env_id] - step.real["robot.base_pos"][env_id]).max() > 0.01


def test_ends_say_how_why_and_how_long(env: IsaacLabSim, tmp_path: Path) -> None:
    columns = recorded(env, tmp_path, num_steps=400, env_ids="all")
    reasons = columns.meta["outcome_reasons"]
    assert reasons == ["time_out", "base_contact", "bad_orientation"]
    seen = set()
    for end in columns.ends:
        step, env_id = env.truth[end["step"]], end["env_index"]
        fell = bool(step.reset[env_id])
        cause = ("base_contact" if env_id % 2 == 0 else "bad_orientation") if fell else "time_out"
        assert end["outcome"] == (1 if fell else 2)
        assert reasons[end["reason"]] == cause
        assert end["length"] == step.length[env_id] == end["last_record"] - end["first_record"] + 1
        seen.add(cause)
    assert seen == set(reasons)


def test_a_fall_at_the_last_moment_is_a_fall(tmp_path: Path) -> None:
    env = IsaacLabSim()
    env.max_episode_length = 1
    env._motion.fall_time[:] = -1.0
    with attach(env, tmp_path / "run.rec", env_ids=ENVS) as recorder:
        run(env, 1)
    columns = Columns(recorder.path)
    assert [(end["outcome"], end["reason"]) for end in columns.ends] == [(1, 2), (1, 2), (1, 1)]


def test_terms_are_what_entered_the_reward(env: IsaacLabSim, tmp_path: Path) -> None:
    columns = recorded(env, tmp_path)
    assert columns.meta["reward_terms"] == list(WEIGHTS)
    for name in WEIGHTS:
        np.testing.assert_array_equal(columns.term(name), [step.terms[name][ENVS] for step in env.truth], err_msg=name)
    np.testing.assert_allclose(columns["rew_terms"].sum(-1), columns["rew"], rtol=0, atol=1e-6)
    assert (columns.term("termination") < -1).any()


def test_recording_does_not_change_the_simulation(env: IsaacLabSim, tmp_path: Path) -> None:
    alone = IsaacLabSim(version=env.version)
    recorded(env, tmp_path, observations=True)
    alone.reset()
    run(alone)
    for step, other in zip(env.truth, alone.truth):
        np.testing.assert_array_equal(step.rew, other.rew)
        np.testing.assert_array_equal(step.shown["obs"], other.shown["obs"])


def test_the_reset_before_the_first_step_ends_nothing(env: IsaacLabSim, tmp_path: Path) -> None:
    assert recorded(env, tmp_path, num_steps=3).ends == []


def test_a_fall_in_the_very_step_in_which_time_is_up_keeps_both_flags(env: IsaacLabSim, tmp_path: Path) -> None:
    late = env.termination_manager.compute

    def fallen_when_late() -> Any:
        late()
        env.termination_manager.terminated |= env.termination_manager.time_outs
        return env.termination_manager.terminated

    env.termination_manager.compute = fallen_when_late  # type: ignore[method-assign]
    columns = recorded(env, tmp_path, num_steps=2 * env.max_episode_length)
    over = np.array([[(step.reset | 2 * step.time_out)[ENVS]] for step in env.truth])[:, 0]
    assert (over == 3).any() and (over == 1).any()
    np.testing.assert_array_equal(columns["flags"], np.where(over > 0, over + 4, 0))
    assert {end["outcome"] for end in columns.ends} == {1}


def test_final_observations_are_those_before_the_reset(env: IsaacLabSim, tmp_path: Path) -> None:
    env.cfg.compute_final_obs = True
    columns = recorded(env, tmp_path, num_steps=300, observations=True)
    check_last_observations(columns, env, ENVS)


def test_a_reset_outside_of_a_step_aborts(env: IsaacLabSim, tmp_path: Path) -> None:
    with attach(env, tmp_path / "run.rec", env_ids=ENVS) as recorder:
        run(env, 10)
        last = env.truth[-1].shown["robot.base_pos"]
        env.reset()
        run(env, 5)
        env.reset(env_ids=env.np.array(np.array([3])))
        run(env, 1)
    columns = Columns(recorder.path)
    found = [(end["env_index"], end["outcome"], end["first_record"], end["last_record"]) for end in columns.ends]
    assert found == [(0, 3, 0, 9), (1, 3, 0, 9), (2, 3, 0, 9), (1, 3, 10, 14)]
    for end in columns.ends[:3]:
        np.testing.assert_array_equal(columns.last_state(end, "robot.base_pos"), last[ENVS[end["env_index"]]])
        assert end["length"] == 10


def test_wrapped_environments_are_unwrapped_and_left_as_they_were(tmp_path: Path) -> None:
    env = IsaacLabSim()
    before = methods(env)
    wrapped = GymWrapper(GymWrapper(env))
    recorder = attach(wrapped, tmp_path / "run.rec", env_ids=ENVS)
    env.step(env.np.zeros(6, len(DOF_NAMES)))
    recorder.close()
    assert Columns(recorder.path).num_steps == 1
    assert methods(env) == before


def test_the_recording_says_what_the_environment_knows(env: IsaacLabSim, tmp_path: Path) -> None:
    meta = recorded(env, tmp_path, num_steps=2, observations=True).meta
    assert (meta["control_dt"], meta["decimation"], meta["physics_dt"], meta["seed"]) == (0.02, 4, 0.005, 11)
    assert meta["env_origins"] == [[2.5 * env_id, 0, 0] for env_id in ENVS]
    assert meta["terminal_states"] == "captured"
    robot, box = meta["entities"]
    assert (robot["name"], robot["kind"]) == ("robot", "robot")
    assert (robot["joint_names"], robot["contact_bodies"]) == (list(DOF_NAMES), list(FEET))
    assert (box["name"], box["kind"], box["joint_names"]) == ("box", "object", [])
    assert box["shape"] == {"type": "box", "size": [0.5, 0.25, 0.125], "color": [1.0, 0.5, 0.0]}
    order = "xyzw" if env.version == 3 else "wxyz"
    assert meta["metadata"] == {
        "reward_weights": WEIGHTS,
        "rewards_times_step_dt": True,
        "command_terms": {"velocity": 3, "height": 1},
        "action_terms": {"legs": 12},
        "observation_terms": {"policy": ["joint_pos", "actions"], "camera": ["rgb"]},
        "quaternions_in_simulator": {"robot": order, "box": order},
    }


def test_the_urdf_that_made_the_robot_is_carried(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    urdf = tmp_path / "dog.urdf"
    urdf.write_text(URDF)
    robot, _ = recorded(IsaacLabSim(urdf=str(urdf)), tmp_path, num_steps=2).meta["entities"]
    assert (tmp_path / "run.rec" / robot["urdf"]).read_text() == URDF
    assert caplog.text == ""


@pytest.mark.parametrize("urdf", [None, "/nowhere/dog.urdf"])
def test_a_robot_without_a_urdf_says_how_to_give_one(
    urdf: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    robot, _ = recorded(IsaacLabSim(urdf=urdf), tmp_path, num_steps=2).meta["entities"]
    assert robot["urdf"] is None
    assert "robot: it was not made of a URDF that is here" in caplog.text
    assert "attach(urdf=...)" in caplog.text
    assert "box:" not in caplog.text


def test_the_users_urdf_is_the_robots(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    urdf = tmp_path / "mine.urdf"
    urdf.write_text(URDF)
    robot, box = recorded(IsaacLabSim(), tmp_path, num_steps=2, urdf=urdf).meta["entities"]
    assert (tmp_path / "run.rec" / robot["urdf"]).read_text() == URDF
    assert box["urdf"] is None
    assert caplog.text == ""


def test_the_terrain_is_the_one_that_height_scanners_hit(env: IsaacLabSim, tmp_path: Path) -> None:
    env.scene.terrain.cfg.terrain_type = "generator"
    recorded(env, tmp_path, num_steps=2)
    mesh = np.load(tmp_path / "run.rec" / "assets" / "terrain.npz")
    np.testing.assert_array_equal(mesh["vertices"], RayCaster.VERTICES)
    np.testing.assert_array_equal(mesh["triangles"], RayCaster.TRIANGLES)


def test_a_terrain_that_nothing_knows_is_said_to_be_missing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    env = IsaacLabSim(terrain_type="generator")
    env.scene.sensors.pop("height_scanner")
    columns = recorded(env, tmp_path, num_steps=2)
    assert columns.meta["terrain"] is None
    assert "'terrain' is not recorded: neither the stage nor a height scanner has its mesh." in caplog.text
    log = [json.loads(line) for line in (tmp_path / "run.rec" / "log.jsonl").read_text().splitlines()]
    assert [line["field"] for line in log if line["kind"] == "problem"] == ["terrain"]


def test_an_order_of_quaternions_that_is_not_certain_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class TurnedByHalf(InitialState):
        def __init__(self) -> None:
            super().__init__(rot=(0.0, 1.0, 0.0, 0.0))

    env = IsaacLabSim()
    env.scene.articulations["robot"].cfg.init_state = TurnedByHalf()
    recorded(env, tmp_path, num_steps=2)
    assert "robot: the order of its quaternions is taken to be wxyz" in caplog.text


def test_a_reward_manager_that_keeps_no_terms_costs_only_the_terms(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = IsaacLabSim(urdf=None)
    columns = recorded(env, tmp_path, num_steps=2)
    assert "rew_terms" in columns.names
    del env.reward_manager._step_reward
    env.reward_manager.compute = lambda dt: env.reward_manager._reward_buf  # type: ignore[method-assign]
    env._kept = lambda: env.truth[-1]  # type: ignore[method-assign]
    with attach(env, tmp_path / "other.rec") as recorder:
        run(env, 2)
    assert Columns(recorder.path).meta["reward_terms"] == []
    assert "no reward terms" in caplog.text


def test_observations_that_are_images_alone_are_left_out(tmp_path: Path) -> None:
    class Seeing(IsaacLabSim):
        def _observe(self) -> None:
            self.obs_buf = {"camera": np.zeros((self.num_envs, 2, 2, 3))}

        def seen(self) -> dict[str, np.ndarray]:
            return self.of_scene()

    columns = recorded(Seeing(), tmp_path, num_steps=2, observations=True)
    assert columns.num_steps == 2
    assert "obs" not in columns.names


def test_bodies_of_kinds_that_are_not_read_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    env = IsaacLabSim()
    env.scene.cable_objects = {"rope": object()}  # type: ignore[attr-defined]
    recorded(env, tmp_path, num_steps=2)
    assert "the scene's cable_objects are not recorded" in caplog.text


def test_warp_arrays_are_read_where_they_are() -> None:
    warp, torch = pytest.importorskip("warp"), pytest.importorskip("torch")
    array = warp.array(np.arange(8, dtype=np.float32).reshape(2, 4), dtype=warp.quatf, device="cpu")
    np.testing.assert_array_equal(tensor(array), torch.arange(8.0).reshape(2, 4))


@pytest.mark.parametrize("ids", [[2, 3, 4], [4, 0], []])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_columns_are_those_that_were_named(ids: list, library: str) -> None:
    array = np.arange(12.0).reshape(2, 6)
    rows: Any = array if library == "numpy" else pytest.importorskip("torch").from_numpy(array)
    np.testing.assert_array_equal(SomeColumns(ids).of(rows), array[:, ids])


def test_reasons_are_the_first_that_hold() -> None:
    reasons = EndingReasons(["fall", "late"], [np.array([True, False, False]), np.array([True, True, False])])
    assert list(reasons) == ["fall", "late", ""]
    assert len(reasons) == 3
    assert len(EndingReasons([], [])) == 0


@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    [
        ("SphereCfg", {"radius": 0.5}, {"type": "sphere", "radius": 0.5}),
        ("CylinderCfg", {"radius": 0.5, "height": 2, "axis": "Z"}, {"type": "cylinder", "radius": 0.5, "length": 2.0}),
        ("CapsuleCfg", {"radius": 0.5, "height": 2, "axis": "Z"}, {"type": "capsule", "radius": 0.5, "length": 2.0}),
        ("CapsuleCfg", {"radius": 0.5, "height": 2, "axis": "X"}, None),  # A recording's stand along z.
        ("ConeCfg", {"radius": 0.5, "height": 2, "axis": "Z"}, None),
        ("UsdFileCfg", {"usd_path": "can.usd"}, None),
    ],
)
def test_primitives_are_known_by_what_made_them(kind: str, settings: dict, expected: object) -> None:
    assert shape_of(type(kind, (SimpleNamespace,), {})(**settings)) == expected


def test_names_of_bodies_are_made_fit_for_a_recording() -> None:
    assert entity_name("left/robot 2") == "left_robot_2"


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"_manager_call_switch": object()}, "experimental warp frontend, which cannot be recorded"),
        ({"possible_agents": ["cart", "pole"], "_get_rewards": dict}, "is a DirectMARLEnv"),
        ({"step_warp_action": print}, "experimental warp frontend"),
    ],
)
def test_what_of_isaac_lab_cannot_be_recorded_is_refused_in_a_sentence(own: dict, said: str, tmp_path: Path) -> None:
    env = IsaacLabSim()
    vars(env).update(own)
    with pytest.raises(BadArgument, match=said):
        attach(GymWrapper(env), tmp_path / "run.rec")
    assert not (tmp_path / "run.rec").exists()


def test_names_that_version_3_warns_of_are_not_asked_for(tmp_path: Path) -> None:
    """As in version 3.0.0: torques are the actuators', and sensors of contacts have names of their own."""
    env = IsaacLabSim(version=3)
    robot, sensor = env.scene.articulations["robot"], env.scene.sensors["contact_forces"]

    class Data3(type(robot.data)):  # type: ignore[misc]
        @property
        def applied_torque(self) -> Any:
            raise AssertionError("deprecated")

    class Actuators:
        applied_effort = property(lambda self: env.give(env._torques))

    class Sensor3(type(sensor)):  # type: ignore[misc]
        @property
        def body_names(self) -> Any:
            raise AssertionError("deprecated")

        @body_names.setter
        def body_names(self, names: list) -> None:
            self.sensor_names = names

    robot.data, robot.actuators = Data3(env), Actuators()
    env.scene.sensors["contact_forces"] = Sensor3(env)
    columns = recorded(env, tmp_path, num_steps=5)
    assert columns.meta["entities"][0]["contact_bodies"] == list(FEET)
    expected = [20 * step.act[ENVS] - 3 for step in env.truth]
    np.testing.assert_allclose(columns["robot.joint_torque"], expected, rtol=1e-6)


def test_each_object_of_a_collection_is_an_entity(tmp_path: Path) -> None:
    env = IsaacLabSim(version=3)
    box = env.scene.rigid_objects["box"]
    names, data = ("small", "tall"), box.data
    of_two = {"body_pos_w": "root_pos_w", "body_quat_w": "root_quat_w", "body_lin_vel_w": "root_lin_vel_w"}

    class Data:
        pass

    for own, name in of_two.items():
        setattr(Data, own, property(lambda self, name=name: both(getattr(data, name))))

    def both(values: Any) -> Any:
        array = values.torch
        return env.give(np.stack([array, 2 * array], axis=1))

    class Collection:
        body_names, cfg = names, SimpleNamespace(rigid_objects={name: box.cfg for name in names})

    Collection.data = Data()  # type: ignore[attr-defined]
    env.scene.rigid_object_collections = {"boxes": Collection()}  # type: ignore[attr-defined]
    columns = recorded(env, tmp_path, num_steps=5)
    assert [entity["name"] for entity in columns.meta["entities"]] == ["robot", "box", "boxes_small", "boxes_tall"]
    assert columns.meta["entities"][3]["shape"]["type"] == "box"
    np.testing.assert_array_equal(columns["boxes_small.base_pos"], columns["box.base_pos"])
    np.testing.assert_array_equal(columns["boxes_tall.base_lin_vel"], 2 * columns["box.base_lin_vel"])
    np.testing.assert_array_equal(columns["boxes_small.base_wxyz"], columns["box.base_wxyz"])


def test_a_stage_that_cannot_be_read_costs_only_the_shapes() -> None:
    cfg = SimpleNamespace(spawn=SimpleNamespace(usd_path="dog.usd"), prim_path="/World/envs/env_[^/]+/Robot")
    drawn = IsaacLabShapes(object(), env_id=0).of("robot", cfg, "base", ["hip"])
    assert (drawn.urdf, drawn.shape) == (None, None)
    (note,) = drawn.notes
    assert note.startswith("robot: its stage cannot be read (AttributeError")
    assert "attach(urdf=...)" in note
