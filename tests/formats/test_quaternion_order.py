"""The order of stored quaternions is found from the motion, or it is called assumed; never silently wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from npz_samples import standing

from replay_viewer import rotations
from replay_viewer.formats.evidence.columns import MemoryColumn
from replay_viewer.formats.evidence.motion import Joints, RobotPose
from replay_viewer.formats.evidence.quaternion_order import (
    ORDERS,
    PoseSamples,
    draw_samples,
    find_order,
    ground,
    spin,
    tilt,
    turning,
)
from replay_viewer.formats.format import QuatOrder

DT = 0.02


def _samples(
    order: QuatOrder,
    yaw: np.ndarray,
    travel: np.ndarray | float | None = None,
    speed: float = 0.6,
    sway: float = 0.03,
    num_envs: int = 1,
) -> PoseSamples:
    """Robots that sway a little in roll while they go where `travel` (S + 1,) points, or along their yaw (S + 1,)."""
    phase = np.linspace(0, 60, len(yaw))
    wxyz = rotations.from_rpy(sway * np.sin(phase), np.zeros_like(yaw), yaw)
    direction = np.broadcast_to(yaw if travel is None else travel, yaw.shape)
    steps = speed * DT * np.column_stack([np.cos(direction), np.sin(direction), np.zeros_like(yaw)])
    pos = np.cumsum(steps, axis=0) + np.array([0, 0, 0.7])
    quat = wxyz if order == "wxyz" else rotations.wxyz_to_xyzw(wxyz)
    env = np.arange(len(yaw) - 1) % num_envs
    return PoseSamples(pos[:-1], pos[1:], quat[:-1], quat[1:], env, DT)


def _wandering(seed: int, num_steps: int = 600) -> np.ndarray:
    """A heading that starts anywhere and turns by a quarter turn or so."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-np.pi, np.pi) + np.cumsum(rng.normal(0.0015, 0.02, num_steps))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", range(8))
def test_robots_that_walk_and_turn_from_any_heading_are_read_right(order: QuatOrder, seed: int) -> None:
    yaw = np.concatenate([_wandering(seed), _wandering(seed + 100)])
    found, verdict = find_order(_samples(order, yaw))
    assert (found, verdict.finding, verdict.status) == (order, order, "found")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", range(20))
def test_the_wrong_order_is_never_called_found(order: QuatOrder, seed: int) -> None:
    """Whatever the heading, its change and the direction of travel in the body are."""
    rng = np.random.default_rng(seed)
    yaw = rng.uniform(-np.pi, np.pi) + np.cumsum(rng.normal(0, rng.choice([0, 0.001, 0.02]), 400))
    travel = yaw + rng.choice([0, 0.5, np.pi / 2, np.pi])
    found, verdict = find_order(_samples(order, yaw, travel, sway=rng.choice([0.0, 0.02, 0.1])))
    assert found == order or verdict.status == "assumed"


@pytest.mark.parametrize("sway", [0.02, 0.2])
def test_backwards_along_the_x_axis_is_not_mistaken_for_the_other_order(sway: float) -> None:
    """Even where the wrong order is both the more upright one and the one that walks forwards."""
    found, verdict = find_order(_samples("xyzw", np.zeros(400), travel=np.pi, sway=sway))
    assert (found, verdict.status) == ("xyzw", "assumed")
    assert "Isaac Gym's order, because nothing tells the two orders apart clearly" in verdict.reason


def test_a_tilt_that_is_not_twice_the_other_is_no_evidence() -> None:
    samples = _samples("xyzw", np.full(400, 0.28), travel=np.pi / 2, sway=0.27)
    assert tilt(samples).strength == "none"


def test_standing_still_at_zero_yaw_is_called_assumed() -> None:
    found, verdict = find_order(_samples("xyzw", np.zeros(400), speed=0.0, sway=0.0))
    assert (found, verdict.status) == ("xyzw", "assumed")


def test_the_unit_rotation_stored_as_wxyz_is_not_a_robot_on_its_head() -> None:
    found, verdict = find_order(_samples("wxyz", np.zeros(400), speed=0.0, sway=0.0))
    assert (found, verdict.status) == ("wxyz", "found")


def test_a_small_tilt_and_walking_forwards_together_confirm_the_usual_order() -> None:
    yaw = np.linspace(0, 0.25, 400)
    assert find_order(_samples("xyzw", yaw))[1].status == "found"
    assert find_order(_samples("xyzw", yaw, travel=yaw + np.pi / 2))[1].status == "assumed"


@pytest.mark.parametrize("order", ORDERS)
def test_robots_that_fell_on_their_side_do_not_mislead(order: QuatOrder) -> None:
    """Lying at roll 90 degrees and yaw 0, the wrong order is upright; the height of the base tells."""
    num_steps = 400
    roll = np.where(np.arange(num_steps) < 100, 0.0, np.pi / 2)
    wxyz = rotations.from_rpy(roll, np.zeros(num_steps), np.zeros(num_steps))
    pos = np.column_stack([np.zeros((num_steps, 2)), np.where(roll > 0, 0.1, 0.7)])
    quat = wxyz if order == "wxyz" else rotations.wxyz_to_xyzw(wxyz)
    samples = PoseSamples(pos[:-1], pos[1:], quat[:-1], quat[1:], np.zeros(num_steps - 1, dtype=int), DT)
    found, verdict = find_order(samples)
    assert found == order or verdict.status == "assumed"


def test_the_reason_holds_the_numbers() -> None:
    _, verdict = find_order(_samples("xyzw", np.linspace(0, 2, 400)))
    assert "mean tilt of the base is" in verdict.reason
    assert "deg as xyzw" in verdict.reason
    assert "\n" not in verdict.reason


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("frame", ["world", "body"])
def test_a_recorded_angular_velocity_decides_where_tilt_cannot(order: QuatOrder, frame: str) -> None:
    """A rod that tumbles about all axes is never upright; its angular velocity is recorded in either frame."""
    rng = np.random.default_rng(0)
    ang_vel = np.repeat(rng.normal(0, 3, (40, 3)), 10, axis=0)
    wxyz = np.zeros((len(ang_vel) + 1, 4))
    wxyz[0] = rotations.from_rpy(np.array(1.0), np.array(0.5), np.array(0.3))
    for step, vector in enumerate(ang_vel):
        wxyz[step + 1] = rotations.multiply(rotations.from_rotation_vector(vector * DT), wxyz[step])
    recorded = ang_vel if frame == "world" else rotations.rotate(rotations.conjugate(wxyz[:-1]), ang_vel)
    quat = wxyz if order == "wxyz" else rotations.wxyz_to_xyzw(wxyz)
    pos = np.zeros((len(ang_vel), 3))
    samples = PoseSamples(pos, pos, quat[:-1], quat[1:], np.zeros(len(pos), dtype=int), DT, ang_vel=recorded)
    assert tilt(samples).strength == "none"
    assert (spin(samples).order, spin(samples).strength) == (order, "clear")
    assert find_order(samples)[0] == order


@pytest.mark.parametrize("order", ORDERS)
def test_feet_on_the_ground_decide_where_tilt_cannot(order: QuatOrder) -> None:
    """A handstand is far from upright in both orders; only in the right one the lowest point stays on the ground."""
    rng = np.random.default_rng(1)
    pitch = np.pi / 2 + rng.normal(0, 0.3, 400)
    wxyz = rotations.from_rpy(np.zeros(400), pitch, rng.uniform(-np.pi, np.pi, 400))
    foot = np.array([0.5, 0.0, -0.1])
    pos = np.column_stack([np.zeros((400, 2)), -rotations.rotate(wxyz, foot)[:, 2]])
    quat = wxyz if order == "wxyz" else rotations.wxyz_to_xyzw(wxyz)

    def lowest(base_wxyz: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return (pos[:-1][rows] + rotations.rotate(base_wxyz, foot))[:, 2]

    samples = PoseSamples(pos[:-1], pos[1:], quat[:-1], quat[1:], np.zeros(399, dtype=int), DT, lowest=lowest)
    assert tilt(samples).strength == "none"
    assert (ground(samples).order, ground(samples).strength) == (order, "clear")


def test_rough_ground_is_no_evidence() -> None:
    samples = _samples("xyzw", np.zeros(400), travel=np.pi / 2)
    rough = replace(samples, lowest=lambda wxyz, rows: np.sin(rows) * 0.5)
    assert ground(rough).strength == "none"


def test_contradicting_evidence_is_called_assumed() -> None:
    upright = _samples("wxyz", np.zeros(400))
    contradiction = replace(upright, lowest=lambda wxyz, rows: np.where(wxyz[:, 0] > 0.9, np.sin(rows), 0.0))
    found, verdict = find_order(contradiction)
    assert (found, verdict.status) == ("xyzw", "assumed")
    assert "contradicts itself" in verdict.reason


@pytest.mark.parametrize("order", ORDERS)
def test_robots_that_drift_one_way_while_they_spin_do_not_mislead(order: QuatOrder) -> None:
    yaw = np.linspace(0, 4 * np.pi, 400)
    found, verdict = find_order(_samples(order, yaw, travel=0.3))
    assert (found, verdict.status) == (order, "found")


def test_steady_travel_in_the_body_and_walking_forwards_confirm_the_usual_order_of_a_leaning_robot() -> None:
    """A robot on its hind legs is not upright in either order."""
    yaw = np.linspace(0, 3, 400)
    upright = _samples("xyzw", yaw)
    lean = rotations.from_rpy(np.array(0.0), np.array(-1.2), np.array(0.0))
    quats = [rotations.multiply(rotations.xyzw_to_wxyz(q), lean) for q in (upright.quat, upright.next_quat)]
    quat, next_quat = (rotations.wxyz_to_xyzw(q) for q in quats)
    leaning = replace(upright, quat=quat, next_quat=next_quat)
    assert tilt(leaning).strength == "none"
    assert (turning(leaning).order, turning(leaning).strength) == ("xyzw", "slight")
    assert (find_order(leaning)[0], find_order(leaning)[1].status) == ("xyzw", "found")


def _drawn(arrays: dict[str, np.ndarray], jumps: list[int]) -> PoseSamples:
    pose = RobotPose("robot", None, MemoryColumn(arrays["base_pos"]), MemoryColumn(arrays["base_quat"]))
    return draw_samples([pose], Joints(), None, np.array(jumps, dtype=np.int64), DT, None)


def test_samples_are_pairs_of_steps_without_the_jumps_between_episodes() -> None:
    arrays = standing(10, 3)
    arrays["base_pos"][..., 1] = np.arange(10)[:, None]
    samples = _drawn(arrays, jumps=[4, 15])
    assert len(samples.pos) == 3 * 9 - 2
    np.testing.assert_array_equal(samples.next_pos[:, 1] - samples.pos[:, 1], 1)
    steps_of = {env: samples.pos[samples.env == env, 1].tolist() for env in range(3)}
    assert steps_of[0] == [0, 1, 2, 3, 5, 6, 7, 8]
    assert steps_of[1] == [0, 1, 2, 3, 4, 6, 7, 8]


def test_rotations_that_were_never_recorded_are_no_evidence() -> None:
    arrays = standing(10, 3)
    arrays["base_quat"][:, 1] = 0
    samples = _drawn(arrays, jumps=[])
    assert set(samples.env.tolist()) == {0, 2}
    np.testing.assert_allclose(np.linalg.norm(samples.quat, axis=-1), 1)


def test_a_large_rollout_is_sampled_evenly() -> None:
    samples = _drawn(standing(3000, 300), jumps=[])
    assert 25_000 < len(samples.pos) < 100_000
    assert (samples.env.min(), samples.env.max(), len(set(samples.env.tolist()))) == (0, 299, 128)


def test_without_any_rotation_the_order_is_assumed() -> None:
    empty = PoseSamples(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0, int), DT)
    assert find_order(empty)[1].status == "assumed"
