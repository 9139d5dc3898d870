"""Claims about what goes wrong inside of the hook: the simulation goes on, and the recording says what it lacks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
from container_columns import Columns
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim

from replay_viewer import attach, register_adapter
from replay_viewer.errors import BadField
from replay_viewer.record.adapters import registry
from replay_viewer.record.adapters.legged_gym import LOOKS_FOR, LeggedGym

URDF = '<robot name="r"><link name="base"/></robot>'


@pytest.fixture
def urdf(tmp_path: Path) -> Path:
    path = tmp_path / "robot.urdf"
    path.write_text(URDF)
    return path


@pytest.fixture
def record(tmp_path: Path, urdf: Path) -> Callable[..., Any]:
    def begin(env: Any, **options: Any) -> Any:
        return attach(env, tmp_path / "run.rec", **{"env_ids": [1, 3], "urdf": urdf, **options})

    return begin


def step(env: LeggedGymSim, num_steps: int = 1) -> None:
    for _ in range(num_steps):
        env.step(np.full((6, len(DOF_NAMES)), 0.5, np.float32))


def alone(num_steps: int) -> LeggedGymSim:
    """The same simulation without a recorder."""
    env = LeggedGymSim()
    step(env, num_steps)
    return env


def problems(path: Path) -> dict[str, str]:
    lines = [json.loads(line) for line in (path / "log.jsonl").read_text().splitlines()]
    return {line["field"]: line["message"] for line in lines if line["kind"] == "problem"}


def test_a_field_that_changes_its_width_is_unknown_from_then_on(
    record: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    class Env(LeggedGymSim):
        def compute_observations(self) -> None:
            width = 24 if len(self.truth) <= 10 else 30
            self.obs_buf = np.full((6, width), len(self.truth), np.float32)

    env = Env()
    with record(env, observations=True) as recorder:
        step(env, 20)
    columns = Columns(recorder.path)
    assert columns.num_steps == 20
    assert np.isfinite(columns["obs"][:10]).all()
    assert np.isnan(columns["obs"][10:]).all()
    for name in ("robot.joint_pos", "rew", "act"):
        assert np.isfinite(columns[name]).all()
    np.testing.assert_array_equal(columns["rew"], [step.rew[[1, 3]] for step in env.truth])
    (message,) = caplog.messages
    assert "'obs' has shape (2, 30), expected (2, 24): it is NaN from here on." in message
    assert problems(recorder.path) == {"obs": "has shape (2, 30), expected (2, 24): it is NaN from here on."}


def test_a_buffer_that_vanishes_is_unknown_from_then_on(
    record: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    env = LeggedGymSim()
    with record(env) as recorder:
        step(env, 3)
        env._post_physics_step_callback = lambda: setattr(env, "contact_forces", None)  # type: ignore[method-assign]
        env.check_termination = lambda: None  # type: ignore[method-assign]
        env._simulate = lambda *_: env.held  # type: ignore[method-assign]
        env.held = type(env)._simulate(env)  # type: ignore[attr-defined]
        env.compute_reward = lambda: None  # type: ignore[method-assign]
        env.keep_truth = False
        step(env, 3)
    columns = Columns(recorder.path)
    forces = columns["robot.contact_force"]
    assert np.isfinite(forces[:3]).all()
    assert np.isnan(forces[3:]).all()
    assert np.isfinite(columns["robot.joint_pos"]).all()
    assert len(caplog.messages) == 1
    assert list(problems(recorder.path)) == ["robot.contact_force"]


def test_a_field_that_never_fits_is_left_out(record: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    env = LeggedGymSim()
    env.commands = np.zeros((12, 4), np.float32)  # Twice the envs.
    env._post_physics_step_callback = lambda: None  # type: ignore[method-assign]
    env._resample_commands = lambda ids: None  # type: ignore[method-assign]
    env._reward_tracking = lambda: 0.0  # type: ignore[method-assign]
    env._prepare_reward_function()
    with record(env) as recorder:
        step(env, 5)
    columns = Columns(recorder.path)
    assert columns.num_steps == 5
    assert "command" not in columns.names
    (message,) = caplog.messages
    assert "'command' has shape (12, 4) in commands, expected a row for each of 6 envs: it is left out." in message


def test_a_term_of_another_shape_is_unknown_and_the_others_are_kept(
    record: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    env = LeggedGymSim()
    env.reward_functions[env.reward_names.index("orientation")] = lambda: np.zeros(5, np.float32)
    env.compute_reward = lambda: [function() for function in env.reward_functions]  # type: ignore[method-assign]
    with record(env) as recorder:
        step(env, 5)
    columns = Columns(recorder.path)
    assert np.isnan(columns.term("orientation")).all()
    assert np.isfinite(columns.term("tracking")).all()
    (message,) = caplog.messages
    assert "'reward term orientation' has shape (5,), expected (6,): it is NaN in such steps." in message


class Fragile(LeggedGym):
    """An adapter that cannot read what the tenth step left."""

    def read(self) -> dict[str, Any]:
        if len(self.env.truth) == 10:
            raise RuntimeError("the device is lost")
        return super().read()


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    register_adapter("fragile", LOOKS_FOR, Fragile)
    return "fragile"


def test_a_hook_that_cannot_go_on_closes_the_recording_and_the_simulation_runs_on(
    record: Callable[..., Any], fragile: str, caplog: pytest.LogCaptureFixture
) -> None:
    env = LeggedGymSim()
    recorder = record(env, adapter=fragile)
    step(env, 30)
    assert not recorder.is_recording
    assert "step" not in vars(env)
    (message,) = caplog.messages
    assert "the recording ends after 9 steps, since its hook failed (RuntimeError: the device is lost)" in message
    recorder.log("power", 1.0)
    recorder.close()
    assert Columns(recorder.path).num_steps == 9
    assert '"kind": "end"' in (recorder.path / "log.jsonl").read_text()
    assert list(problems(recorder.path)) == ["recording"]
    for ours, other in zip(env.truth, alone(30).truth):
        np.testing.assert_array_equal(ours.rew, other.rew)


def test_strict_raises_what_goes_wrong(record: Callable[..., Any], fragile: str) -> None:
    env = LeggedGymSim()
    with record(env, adapter=fragile, strict=True), pytest.raises(RuntimeError, match="the device is lost"):
        step(env, 30)
    env = LeggedGymSim()
    with record(env, strict=True, observations=True, adapter="legged_gym"):
        step(env, 2)
        env.compute_observations = lambda: setattr(env, "obs_buf", np.zeros((6, 3)))  # type: ignore[method-assign]
        with pytest.raises(BadField, match=r"'obs' has shape \(2, 3\)"):
            step(env, 2)


@pytest.mark.parametrize("is_declared", [True, False])
def test_logged_rewards_that_do_not_fit_the_terms_are_left_out(
    record: Callable[..., Any], caplog: pytest.LogCaptureFixture, is_declared: bool
) -> None:
    env = LeggedGymSim()
    with record(env, signals={"rew": (2,)} if is_declared else None) as recorder:
        for index in range(5):
            step(env)
            if is_declared:
                recorder.log("rew", np.ones((6, 2)))
            elif index == 0:
                with pytest.raises(BadField, match=r"'rew' has shape \(2, 2\), expected \(2,\)"):
                    recorder.log("rew", np.ones((6, 2)))
    columns = Columns(recorder.path)
    np.testing.assert_array_equal(columns["rew"], [step.rew[[1, 3]] for step in env.truth])
    said = "'rew' is logged with the shape (2,), expected (): what the environment has is recorded."
    assert [said in message for message in caplog.messages] == [True] * is_declared


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        *(("robot.base_pos", (4,)), ("robot.base_wxyz", ()), ("robot.joint_pos", (5,)), ("robot.base_lin_vel", 2)),
        *(("flags", ()), ("rew_terms", (3,))),
    ],
)
def test_signals_that_a_recording_has_in_another_shape_are_refused(
    record: Callable[..., Any], tmp_path: Path, name: str, shape: Any
) -> None:
    with pytest.raises(BadField) as caught:
        record(LeggedGymSim(), signals={name: shape})
    assert caught.value.field == name
    assert not list(tmp_path.glob("*.rec"))
    env = LeggedGymSim()
    with record(env) as recorder:
        step(env)
        with pytest.raises(BadField) as caught:
            recorder.log(name, np.ones((6, *((shape,) if isinstance(shape, int) else shape))))
        step(env)
    assert caught.value.field == name
    assert Columns(recorder.path).num_steps == 2


def test_metadata_that_json_cannot_hold_keep_nothing_from_being_recorded(
    record: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    env = LeggedGymSim()
    metadata = {
        "env": env,
        "best": -np.inf,
        "scales": np.longdouble(0.5),
        "tags": {"flat"},
        3: b"\xc3\xa9",
        "n": [np.nan],
    }
    with record(env, metadata=metadata) as recorder:
        step(env, 5)
    columns = Columns(recorder.path)
    assert columns.num_steps == 5
    (message,) = caplog.messages
    assert "'metadata.env' is a LeggedGymSim, which JSON cannot hold" in message
    kept = {name: columns.meta["metadata"].get(name) for name in ("env", "best", "scales", "tags", "3")}
    assert kept == {"env": None, "best": "-inf", "scales": 0.5, "tags": ["flat"], "3": "é"}


def test_ids_that_are_a_mask_are_understood(record: Callable[..., Any]) -> None:
    env = LeggedGymSim()
    original = type(env).reset_idx
    env.reset_idx = lambda mask: original(env, np.flatnonzero(mask))  # type: ignore[method-assign]
    env.np.array = lambda values: np.isin(np.arange(6), values) if values.dtype == np.int64 else np.array(values)  # type: ignore[method-assign]
    with record(env, env_ids="all") as recorder:
        step(env, 120)
    expected = sorted((t, e) for t, s in enumerate(env.truth) for e in range(6) if s.reset[e])
    assert sorted((end["step"], end["env_index"]) for end in Columns(recorder.path).ends) == expected


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the reader needs Python 3.10")
def test_the_reader_states_what_does_not_fit_and_terms_that_are_never_known(record: Callable[..., Any]) -> None:
    from replay_viewer.container.reader import open_container

    env = LeggedGymSim()
    env.compute_reward = lambda: [function() for function in env.reward_functions[1:]]  # type: ignore[method-assign]
    with record(env, observations=True) as recorder:
        step(env, 5)
        env.compute_observations = lambda: setattr(env, "obs_buf", np.zeros((6, 3)))  # type: ignore[method-assign]
        step(env, 5)
    rollout = open_container(recorder.path)
    found = {verdict.topic: verdict.finding for verdict in rollout.verdicts if verdict.status == "problem"}
    assert found == {
        "reward term tracking": "not a number",
        "reward term termination": "not a number",
        "obs": "has shape (2, 3), expected (2, 24): it is NaN from here on.",
    }
    rollout.close()
