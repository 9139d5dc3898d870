"""Where episodes end, how, and whether the terminal pose can be seen, from flags and from jumps of the base."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from npz_samples import loaded, object_array, standing, verdict_on, verdicts_on

from replay_viewer import rotations
from replay_viewer.formats.evidence.columns import MemoryColumn
from replay_viewer.formats.evidence.motion import find_jumps
from replay_viewer.rollout.rollout import Rollout

T, N = 40, 3


def _walks(ends: dict[int, list[int]], into: bool = False) -> dict[str, np.ndarray]:
    """Robots that walk, and start at another place after each of their ends; `into`: already at the end's own row."""
    arrays = standing(T, N)
    arrays["base_pos"][..., 0] += 0.01 * np.arange(T)[:, None]
    for env, steps in ends.items():
        for number, step in enumerate(steps, start=1):
            arrays["base_pos"][step + (not into) :, env, 1] = 2.0 * number
    return arrays


def _flags(ends: dict[int, list[int]]) -> np.ndarray:
    flags = np.zeros((T, N), dtype=bool)
    for env, steps in ends.items():
        flags[steps, env] = True
    return flags


def _ends(rollout: Rollout, env: int) -> list[tuple[int, str, str]]:
    return [(e.last_step, e.outcome, e.terminal_state) for e in rollout.episodes(env)]


ENDS = {0: [9, 19], 1: [30], 2: []}


@pytest.mark.parametrize("key", ["done", "dones", "reset", "reset_buf"])
@pytest.mark.parametrize("where", ["array", "info"])
def test_flags_of_any_name_end_episodes(tmp_path: Path, key: str, where: str) -> None:
    flags = _flags(ENDS)
    extra = {key: flags} if where == "array" else {"info": object_array([{key: row} for row in flags])}
    rollout = loaded(tmp_path, {**_walks(ENDS), **extra})
    assert _ends(rollout, 0) == [
        (9, "terminated", "recorded"),
        (19, "terminated", "recorded"),
        (39, "unfinished", "none"),
    ]
    assert _ends(rollout, 1) == [(30, "terminated", "recorded"), (39, "unfinished", "none")]
    assert _ends(rollout, 2) == [(39, "unfinished", "none")]
    assert key in verdict_on(rollout, "episode ends").reason


def test_episodes_cover_every_step_once(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, {**_walks(ENDS), "done": _flags(ENDS)})
    for env in range(N):
        covered = [step for e in rollout.episodes(env) for step in range(e.first_step, e.last_step + 1)]
        assert covered == list(range(T))
        assert [e.index for e in rollout.episodes(env)] == list(range(len(rollout.episodes(env))))


def test_a_jump_after_the_done_row_means_that_it_is_the_terminal_pose(tmp_path: Path) -> None:
    arrays = _walks(ENDS)
    rollout = loaded(tmp_path, {**arrays, "done": _flags(ENDS)})
    assert verdict_on(rollout, "terminal state").status == "found"
    np.testing.assert_array_equal(
        rollout.read_shown("robot.base_pos", slice(0, T), [0])[:, 0], arrays["base_pos"][:, 0]
    )
    assert not rollout.terminal_lost(slice(0, T), [0]).any()


def test_a_jump_into_the_done_row_means_that_the_terminal_pose_is_lost(tmp_path: Path) -> None:
    arrays = _walks(ENDS, into=True)
    rollout = loaded(tmp_path, {**arrays, "done": _flags(ENDS)})
    assert _ends(rollout, 1) == [(30, "terminated", "lost"), (39, "unfinished", "none")]
    verdict = verdict_on(rollout, "terminal state")
    assert (verdict.status, "lost" in verdict.finding) == ("found", True)
    assert "into it in 3" in verdict.reason
    shown = rollout.read_shown("robot.base_pos", slice(28, 33), [1])[:, 0]
    np.testing.assert_array_equal(shown[2], arrays["base_pos"][29, 1])
    np.testing.assert_array_equal(shown[3], arrays["base_pos"][31, 1])


@pytest.mark.parametrize("into", [False, True])
def test_one_end_is_enough_to_tell(tmp_path: Path, into: bool) -> None:
    rollout = loaded(tmp_path, {**_walks({0: [9]}, into), "done": _flags({0: [9]})})
    assert verdict_on(rollout, "terminal state").status == "found"
    assert rollout.episodes(0)[0].terminal_state == ("lost" if into else "recorded")


def test_without_a_visible_jump_the_terminal_pose_is_assumed_lost(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, {**standing(T, N), "done": _flags(ENDS)})
    assert verdict_on(rollout, "terminal state").status == "assumed"
    assert _ends(rollout, 1)[0] == (30, "terminated", "lost")


@pytest.mark.parametrize(("stated", "terminal"), [("terminal", "recorded"), ("reset", "lost")])
def test_the_file_may_state_what_its_done_rows_show(tmp_path: Path, stated: str, terminal: str) -> None:
    rollout = loaded(tmp_path, {**standing(T, N), "done": _flags(ENDS), "done_row": stated})
    assert verdict_on(rollout, "terminal state").status == "stated"
    assert _ends(rollout, 1)[0] == (30, "terminated", terminal)


def test_a_file_that_states_its_done_rows_may_end_every_episode_in_the_first_step(tmp_path: Path) -> None:
    flags = _flags({0: [0], 1: [0], 2: [0]})
    rollout = loaded(
        tmp_path, {**standing(T, N), "terminated": flags, "truncated": ~flags & flags, "done_row": "terminal"}
    )
    assert [e.last_step for e in rollout.episodes(0)] == [0, T - 1]


def test_terminations_and_time_outs_are_told_apart(tmp_path: Path) -> None:
    terminated, time_outs = _flags({0: [9], 1: [30]}), _flags({0: [19]})
    for extra in (
        {"terminated": terminated, "truncated": time_outs},
        {"done": terminated | time_outs, "time_outs": time_outs},
        {"reset_buf": terminated | time_outs, "terminated": terminated, "truncated": time_outs},
    ):
        rollout = loaded(tmp_path, {**_walks(ENDS), **extra})
        assert [e.outcome for e in rollout.episodes(0)] == ["terminated", "truncated", "unfinished"]
        assert [e.outcome for e in rollout.episodes(1)] == ["terminated", "unfinished"]
        assert verdict_on(rollout, "episode ends").finding == "3 (2 terminated, 1 truncated)"


def test_an_end_that_is_a_termination_and_a_time_out_is_a_termination(tmp_path: Path) -> None:
    flags = _flags({0: [9]})
    rollout = loaded(tmp_path, {**_walks({0: [9]}), "terminated": flags, "truncated": flags})
    assert rollout.episodes(0)[0].outcome == "terminated"


def test_a_stale_time_out_flag_ends_nothing(tmp_path: Path) -> None:
    """legged_gym leaves `time_outs` as it was at the last reset."""
    stale = np.zeros((T, N), dtype=bool)
    stale[19:, 0] = True
    rollout = loaded(tmp_path, {**_walks(ENDS), "done": _flags(ENDS), "time_outs": stale})
    assert [e.outcome for e in rollout.episodes(0)] == ["terminated", "truncated", "unfinished"]


def test_time_outs_alone_leave_the_terminations_to_the_jumps(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, {**_walks(ENDS, into=True), "time_outs": _flags({0: [19]})})
    assert _ends(rollout, 0)[:2] == [(9, "terminated", "lost"), (19, "truncated", "lost")]
    assert "terminations" in verdicts_on(rollout, "episode ends")[1].finding


def test_a_stale_time_out_alone_ends_one_episode(tmp_path: Path) -> None:
    stale = np.zeros((T, N), dtype=bool)
    stale[19:30, 0] = True
    rollout = loaded(tmp_path, {**_walks({0: [19]}, into=True), "time_outs": stale})
    assert _ends(rollout, 0) == [(19, "truncated", "lost"), (39, "unfinished", "none")]


def test_terminations_alone_leave_the_time_outs_to_the_jumps(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, {**_walks(ENDS), "terminated": _flags({0: [9], 1: [30]})})
    assert _ends(rollout, 0)[:2] == [(9, "terminated", "recorded"), (19, "truncated", "recorded")]


def test_a_jump_that_no_flag_explains_aborts_the_episode(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, {**_walks(ENDS), "done": _flags({0: [9], 1: [30]})})
    assert _ends(rollout, 0)[1] == (19, "aborted", "recorded")
    verdict = verdicts_on(rollout, "episode ends")[1]
    assert (verdict.status, verdict.reason) == ("problem", "first after step 19 of env index 0")


def test_a_reset_from_outside_leaves_the_last_pose_where_done_rows_lose_it(tmp_path: Path) -> None:
    """`env.reset()` between two steps: the step before it was recorded as usual."""
    arrays = _walks({0: [9], 1: [30]}, into=True)
    arrays["base_pos"][20:, 0, 1] = 7
    rollout = loaded(tmp_path, {**arrays, "done": _flags({0: [9], 1: [30]})})
    assert _ends(rollout, 0)[:2] == [(9, "terminated", "lost"), (19, "aborted", "recorded")]


def test_without_flags_jumps_end_episodes(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, _walks(ENDS))
    assert [[e.last_step for e in rollout.episodes(env)] for env in range(N)] == [[9, 19, 39], [30, 39], [39]]
    assert verdict_on(rollout, "episode ends").status == "assumed"


def test_the_reset_before_the_first_step_ends_nothing(tmp_path: Path) -> None:
    flags = _flags({0: [0, 9, 19], 1: [0, 30], 2: [0]})
    rollout = loaded(tmp_path, {**_walks(ENDS), "reset_buf": flags})
    assert [e.last_step for e in rollout.episodes(0)] == [9, 19, 39]
    assert "step 0" in verdicts_on(rollout, "episode ends")[0].finding


def test_an_episode_that_ends_with_the_recording_is_finished(tmp_path: Path) -> None:
    rollout = loaded(tmp_path, {**_walks(ENDS), "done": _flags({**ENDS, 2: [T - 1]})})
    assert _ends(rollout, 2) == [(T - 1, "terminated", "recorded")]


def test_a_recording_that_stops_at_the_end_of_its_only_episode_shows_its_last_pose(tmp_path: Path) -> None:
    done = _flags({env: [T - 1] for env in range(N)})
    rollout = loaded(tmp_path, {**_walks({}), "done": done})
    assert _ends(rollout, 0) == [(T - 1, "terminated", "recorded")]
    assert verdict_on(rollout, "terminal state").status == "assumed"
    into = loaded(tmp_path, {**_walks({env: [T - 1] for env in range(N)}, into=True), "done": done})
    assert _ends(into, 0) == [(T - 1, "terminated", "lost")]


def test_flags_become_bits(tmp_path: Path) -> None:
    arrays = {**_walks(ENDS), "terminated": _flags({0: [9]}), "truncated": _flags({1: [30]})}
    bits = loaded(tmp_path, arrays).read("flags")
    assert bits.dtype == np.uint32
    assert {(int(t), int(e)): int(bits[t, e]) for t, e in np.argwhere(bits)} == {(9, 0): 5, (30, 1): 6, (19, 0): 4}
    window = loaded(tmp_path, arrays).read("flags", slice(8, 20, 1), [2, 0])
    np.testing.assert_array_equal(window, bits[8:20][:, [2, 0]])


def test_one_flag_for_all_envs_is_not_used(tmp_path: Path) -> None:
    infos = object_array([{"done": step == 9} for step in range(T)])
    rollout = loaded(tmp_path, {**_walks({}), "info": infos})
    assert [len(rollout.episodes(env)) for env in range(N)] == [1, 1, 1]
    assert "which env" in verdicts_on(rollout, "episode ends")[0].reason


def test_an_episode_of_several_agents_ends_when_all_are_done(tmp_path: Path) -> None:
    poses = {key: np.stack([value] * 2, axis=2) for key, value in _walks({0: [9]}).items()}
    done = np.zeros((T, N, 2), dtype=bool)
    done[5:10, 0, 0] = done[9, 0, 1] = True
    rollout = loaded(tmp_path, {**poses, "done": done})
    assert [e.last_step for e in rollout.episodes(0)] == [9, T - 1]


@pytest.mark.parametrize("key", ["success", "is_success"])
@pytest.mark.parametrize("where", ["array", "info"])
def test_success_is_what_the_last_step_says(tmp_path: Path, key: str, where: str) -> None:
    success = np.zeros((T, N), dtype=bool)
    success[19, 0] = True
    infos = [{key: row} for row in success]
    del infos[30][key]
    extra = {key: success} if where == "array" else {"info": object_array(infos)}
    rollout = loaded(tmp_path, {**_walks(ENDS), "done": _flags(ENDS), **extra})
    assert [e.success for e in rollout.episodes(0)] == [False, True, None]
    assert rollout.episodes(1)[0].success is (None if where == "info" else False)


def test_success_may_be_unknown(tmp_path: Path) -> None:
    success = np.full((T, N), np.nan)
    success[19, 0], success[30, 1] = 1, 0
    rollout = loaded(tmp_path, {**_walks(ENDS), "done": _flags(ENDS), "success": success})
    assert [e.success for e in rollout.episodes(0)] == [None, True, None]
    assert rollout.episodes(1)[0].success is False


def _jumps(pos: np.ndarray, wxyz: np.ndarray | None = None, dt: float = 0.02) -> list[int]:
    """Steps before the jumps of one robot."""
    quat = np.tile([1.0, 0, 0, 0], (len(pos), 1)) if wxyz is None else wxyz
    return find_jumps([MemoryColumn(pos[:, None])], [MemoryColumn(quat[:, None])], dt).tolist()


def test_fast_motion_is_no_jump() -> None:
    t = np.arange(200)[:, None] * 0.02
    assert _jumps(t * [10.0, 0, 0]) == []
    assert _jumps(np.maximum(t - 2, 0) * [8.0, 0, 0]) == []
    falling = 4 - 4.9 * np.minimum(t, 0.9) ** 2
    assert _jumps(falling * [0, 0, 1.0]) == []
    spinning = rotations.from_rpy(0 * t[:, 0], 0 * t[:, 0], 30 * t[:, 0])
    assert _jumps(np.zeros((200, 3)), spinning) == []


def test_a_reset_in_place_is_a_jump_of_the_rotation() -> None:
    roll = np.r_[np.linspace(0, 1.2, 30), np.zeros(20)]
    wxyz = rotations.from_rpy(roll, 0 * roll, 0 * roll)
    assert _jumps(np.zeros((50, 3)), wxyz) == [29]


def test_the_sign_of_a_quaternion_is_no_jump() -> None:
    wxyz = np.tile([1.0, 0, 0, 0], (50, 1))
    wxyz[25:] *= -1
    assert _jumps(np.zeros((50, 3)), wxyz) == []


def test_sparse_recordings_of_smooth_motion_have_no_jumps() -> None:
    t = np.arange(100)[:, None] * 0.2
    assert _jumps(np.sin(t) * [1.5, 0, 0], dt=0.2) == []


@pytest.mark.parametrize("starts", [False, True])
def test_a_sudden_start_or_stop_is_no_jump_wherever_a_block_begins(starts: bool) -> None:
    num_steps, num_envs = 3000, 400
    changes = 1600 + np.arange(num_envs)
    moves = (np.arange(num_steps)[:, None] >= changes) == starts
    pos = np.zeros((num_steps, num_envs, 3), dtype=np.float32)
    pos[..., 0] = np.cumsum(moves * 0.2, axis=0)
    quat = np.zeros((num_steps, num_envs, 4), dtype=np.float32)
    quat[..., 3] = 1
    assert find_jumps([MemoryColumn(pos)], [MemoryColumn(quat)], 0.02).tolist() == []


def test_jumps_are_found_in_every_env_and_block() -> None:
    num_steps, num_envs = 3000, 400
    pos = np.zeros((num_steps, num_envs, 3), dtype=np.float32)
    steps = np.arange(num_envs) * 7 + 3
    for env, step in enumerate(steps):
        pos[step + 1 :, env, 0] = 1
    quat = np.zeros((num_steps, num_envs, 4), dtype=np.float32)
    quat[..., 3] = 1
    keys = find_jumps([MemoryColumn(pos)], [MemoryColumn(quat)], 0.02)
    assert keys.tolist() == (np.arange(num_envs) * num_steps + steps).tolist()


def test_a_pose_held_in_the_place_of_nan_invents_no_end(tmp_path: Path) -> None:
    arrays = _walks({})
    arrays["base_pos"][..., 0] = 0.03 * np.arange(T)[:, None]
    arrays["base_pos"][10:30, 0] = np.nan
    assert _ends(loaded(tmp_path, arrays), 0) == [(T - 1, "unfinished", "none")]


def test_a_start_anew_is_an_end_although_the_robot_lay_still_before() -> None:
    pos = np.zeros((T, 3))
    pos[:, 0] = 0.002 * np.minimum(np.arange(T), 5)
    pos[25:, 1] = 1.0
    assert _jumps(pos) == [24]
