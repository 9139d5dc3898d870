"""A simulator whose motion is known by formula, recorded in many ways: every loaded number against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from legged_fake import DOF_NAMES, URDF_DOF_NAMES, LeggedFake, Motion, State, Truth, roll_out
from npz_samples import object_array, saved, verdict_on

from replay_viewer import rotations
from replay_viewer.formats import load_rollout
from replay_viewer.rollout.rollout import Rollout

NUM_STEPS, NUM_ENVS = 400, 5


@pytest.fixture(scope="module")
def truth() -> Truth:
    return roll_out(NUM_STEPS, NUM_ENVS)


def _infos(truth: Truth, form: str) -> np.ndarray:
    """The terms and flags of all steps, in one of the forms in which training scripts put them into info."""

    def of_step(t: int) -> Any:
        terms = {name: values[t] for name, values in truth.terms.items()}
        flags = {"reset": truth.reset[t], "time_outs": truth.stale_time_outs[t]}
        means = {f"raw/{name}_mean": float(values.mean()) for name, values in terms.items()}
        forms: dict[str, Any] = {
            "reward_terms": {"reward_terms": terms, **flags},
            "scaled_r": {f"scaled_r/{name}": values for name, values in terms.items()} | flags | means,
            "log": {"log": terms, **flags},
            "per env": [
                {
                    "reward_terms": {name: float(values[e]) for name, values in terms.items()},
                    **{key: bool(values[e]) for key, values in flags.items()},
                }
                for e in range(NUM_ENVS)
            ],
        }
        return forms[form]

    return object_array([of_step(t) for t in range(NUM_STEPS)])


def _arrays(truth: Truth, rows: str, order: str, form: str) -> dict[str, Any]:
    """A plain npz of the rollout: which rows, in which order of quaternions, with the rewards in which form."""
    arrays = truth.arrays(rows)
    if order == "wxyz":
        arrays["base_quat"] = np.roll(arrays["base_quat"], 1, axis=-1)
    if form == "arrays":
        terms = {f"reward_terms/{name}": values for name, values in truth.terms.items()}
        return {**arrays, **terms, "terminated": truth.reset & ~truth.time_outs, "truncated": truth.time_outs}
    return {**arrays, "info": _infos(truth, form)}


VARIANTS = [
    (rows, order, form, compressed)
    for rows in ("shown", "real")
    for order in ("xyzw", "wxyz")
    for form, compressed in (
        ("arrays", False),
        ("reward_terms", True),
        ("scaled_r", False),
        ("log", False),
        ("per env", True),
    )
]


@pytest.fixture(scope="module", params=VARIANTS, ids=[" ".join(map(str, variant)) for variant in VARIANTS])
def variant(request: pytest.FixtureRequest, truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(rows, order, the rollout as loaded)."""
    rows, order, form, compressed = request.param
    folder = tmp_path_factory.mktemp("fake")
    return rows, order, load_rollout(saved(folder, _arrays(truth, rows, order, form), compressed))


def _rows(truth: Truth, rows: str) -> dict[str, np.ndarray]:
    return truth.shown if rows == "shown" else truth.real


def test_the_order_of_the_quaternions_is_found(variant: tuple[str, str, Rollout]) -> None:
    _, order, rollout = variant
    verdict = verdict_on(rollout, "quaternion order")
    assert (verdict.finding, verdict.status) == (order, "found")


def test_poses_and_joints_are_the_recorded_ones(variant: tuple[str, str, Rollout], truth: Truth) -> None:
    rows, _, rollout = variant
    recorded = _rows(truth, rows)
    np.testing.assert_array_equal(rollout.read("robot.base_pos"), recorded["base_pos"])
    np.testing.assert_array_equal(rollout.read("robot.joint_pos"), recorded["dof_pos"])
    np.testing.assert_array_equal(rollout.read("robot.joint_vel"), recorded["dof_vel"])
    wxyz = rollout.read("robot.base_wxyz")
    np.testing.assert_allclose(wxyz, rotations.xyzw_to_wxyz(recorded["base_quat"]), atol=2e-7)
    assert wxyz.dtype == np.float32


def test_episodes_end_when_and_how_they_did(variant: tuple[str, str, Rollout], truth: Truth) -> None:
    _, _, rollout = variant
    for env in range(NUM_ENVS):
        finished = [(e.last_step, e.outcome) for e in rollout.episodes(env) if e.outcome != "unfinished"]
        assert finished == truth.ends(env)
        assert rollout.episodes(env)[-1].last_step == NUM_STEPS - 1
    assert {e.outcome for env in range(NUM_ENVS) for e in rollout.episodes(env)} == {
        *("terminated", "truncated", "unfinished")
    }


def test_the_convention_of_done_rows_is_found(variant: tuple[str, str, Rollout]) -> None:
    rows, _, rollout = variant
    assert verdict_on(rollout, "terminal state").status == "found"
    states = {e.terminal_state for env in range(NUM_ENVS) for e in rollout.episodes(env) if e.outcome != "unfinished"}
    assert states == {"lost" if rows == "shown" else "recorded"}


def test_what_is_shown_at_an_end_is_never_the_next_episode(variant: tuple[str, str, Rollout], truth: Truth) -> None:
    """The terminal pose where it is recorded, else the pose one step before it, marked as such."""
    rows, _, rollout = variant
    for env in range(NUM_ENVS):
        shown = rollout.read_shown("robot.base_pos", slice(0, NUM_STEPS), [env])[:, 0]
        lost = rollout.terminal_lost(slice(0, NUM_STEPS), [env])[:, 0]
        for step, _ in truth.ends(env):
            expected = truth.real["base_pos"][step - 1 if rows == "shown" else step, env]
            np.testing.assert_array_equal(shown[step], expected)
            assert lost[step] == (rows == "shown")
        assert lost.sum() == (len(truth.ends(env)) if rows == "shown" else 0)


def test_terms_are_what_entered_the_reward(variant: tuple[str, str, Rollout], truth: Truth) -> None:
    _, _, rollout = variant
    assert rollout.reward_terms == tuple(truth.terms)
    np.testing.assert_array_equal(rollout.read("rew"), truth.rew)
    np.testing.assert_array_equal(rollout.read("rew_terms"), np.stack(list(truth.terms.values()), axis=-1))


def test_the_clip_explains_the_difference_between_terms_and_reward(
    variant: tuple[str, str, Rollout], truth: Truth
) -> None:
    _, _, rollout = variant
    before = np.sum([values for name, values in truth.terms.items() if name != "termination"], axis=0)
    assert (before < 0).any(), "the fake must clip, or this test proves nothing"
    verdict = verdict_on(rollout, "sum of the terms")
    assert (verdict.status, "clipped at zero" in verdict.finding) == ("found", True)


def test_joints_are_matched_by_name_although_the_urdf_orders_them_otherwise(
    variant: tuple[str, str, Rollout], truth: Truth
) -> None:
    rows, _, rollout = variant
    assert DOF_NAMES != URDF_DOF_NAMES
    names = rollout.entities["robot"].joint_names
    columns = [names.index(name) for name in URDF_DOF_NAMES]
    in_urdf_order = rollout.read("robot.joint_pos")[..., columns]
    swing_by_name = {name: _rows(truth, rows)["dof_pos"][..., i] for i, name in enumerate(DOF_NAMES)}
    for column, name in enumerate(URDF_DOF_NAMES):
        np.testing.assert_array_equal(in_urdf_order[..., column], swing_by_name[name])


def test_the_time_step_is_the_files(variant: tuple[str, str, Rollout]) -> None:
    assert variant[2].control_dt == LeggedFake.dt


def test_batch_means_are_kept_apart(truth: Truth, tmp_path: Path) -> None:
    rollout = load_rollout(saved(tmp_path, _arrays(truth, "shown", "xyzw", "scaled_r")))
    for name, values in truth.terms.items():
        np.testing.assert_allclose(
            rollout.batch_means[f"raw/{name}_mean"][:], values.mean(axis=1), rtol=1e-5, atol=1e-7
        )


def test_velocities_are_the_change_of_the_loaded_poses(truth: Truth, tmp_path: Path) -> None:
    """Positions, rotations and their order together: the loaded motion obeys the recorded velocities."""
    velocities = {key: truth.real[key] for key in ("base_lin_vel", "base_ang_vel")}
    rollout = load_rollout(saved(tmp_path, {**_arrays(truth, "real", "wxyz", "arrays"), **velocities}))
    within = ~truth.reset[1:-1] & ~truth.reset[:-2]
    pos, wxyz = rollout.read("robot.base_pos").astype(float), rollout.read("robot.base_wxyz").astype(float)
    lin_vel = (pos[2:] - pos[:-2]) / (2 * LeggedFake.dt)
    np.testing.assert_allclose(lin_vel[within], rollout.read("robot.base_lin_vel")[1:-1][within], atol=5e-3)
    turned = rotations.multiply(wxyz[2:], rotations.conjugate(wxyz[:-2]))
    ang_vel = rotations.to_rotation_vector(turned) / (2 * LeggedFake.dt)
    np.testing.assert_allclose(ang_vel[within], rollout.read("robot.base_ang_vel")[1:-1][within], atol=0.1)


@pytest.mark.parametrize("rows", ["shown", "real"])
def test_without_flags_the_ends_are_found_by_the_jumps(truth: Truth, tmp_path: Path, rows: str) -> None:
    """The last pose before a jump is the last one that the episode shows."""
    poses = {key: _rows(truth, rows)[key] for key in ("base_pos", "base_quat")}
    rollout = load_rollout(saved(tmp_path, poses))
    for env in range(NUM_ENVS):
        lag = 1 if rows == "shown" else 0
        assert [e.last_step for e in rollout.episodes(env)][:-1] == [step - lag for step, _ in truth.ends(env)]
    assert verdict_on(rollout, "episode ends").status == "assumed"


def test_one_env_without_its_axis_is_read_alike(truth: Truth, tmp_path: Path) -> None:
    arrays = _arrays(truth, "real", "xyzw", "arrays")
    of_one = {key: value[:, 2] if np.ndim(value) > 1 else value for key, value in arrays.items()}
    rollout = load_rollout(saved(tmp_path, of_one))
    assert [(e.last_step, e.outcome) for e in rollout.episodes(0)][:-1] == truth.ends(2)
    np.testing.assert_array_equal(rollout.read("robot.base_pos")[:, 0], truth.real["base_pos"][:, 2])
    np.testing.assert_array_equal(rollout.read("rew_terms")[:, 0, 0], truth.terms["tracking"][:, 2])


def test_the_fake_moves_as_its_velocities_say() -> None:
    """The truth itself: each formula of position against the one of its velocity, by central differences."""
    motion = Motion.drawn(np.random.default_rng(3), 50)
    t, h = np.linspace(0.1, 4.2, 50), 1e-5
    before, now, after = (State.at(motion, time) for time in (t - h, t, t + h))
    np.testing.assert_allclose((after.pos - before.pos) / (2 * h), now.lin_vel, atol=1e-3)
    np.testing.assert_allclose((after.joint_pos - before.joint_pos) / (2 * h), now.joint_vel, atol=1e-6)
    turned = rotations.multiply(after.wxyz, rotations.conjugate(before.wxyz))
    np.testing.assert_allclose(rotations.to_rotation_vector(turned) / (2 * h), now.ang_vel, atol=1e-3)
