"""Every number of recordings of the real Isaac Lab 3 is its simulator's, and they replay on the robots' own links."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_columns import Columns

from replay_viewer.replay.frames import FrameCache
from replay_viewer.replay.replay import Replay, open_replay

ENV_IDS = [1, 3, 4]  # As in record_task.py.
GO2 = "Isaac-Velocity-Rough-UnitreeGo2"
# PhysX has root and links in two arrays, which round differently.
_ROUNDING = 2e-7
RUNS = [
    (GO2, "newton_mjwarp"),
    (GO2, "ovphysx"),
    ("Isaac-Velocity-Flat-UnitreeGo2", "newton_mjwarp"),
    ("Isaac-Cartpole", "newton_mjwarp"),
    ("Isaac-Cartpole-Direct", "newton_mjwarp"),
]


class Run:
    """A recording, and what the simulator's own arrays were. task: its name."""

    def __init__(self, task: str, backend: str, folder: Path) -> None:
        self.task = task
        script = Path(__file__).with_name("record_task.py")
        made = subprocess.run(
            [sys.executable, script, task, backend, folder], capture_output=True, text=True, timeout=1800
        )
        assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-4000:]
        self.columns = Columns(folder / "run.rec")
        self.replay: Replay = open_replay(folder / "run.rec")
        self.truth: dict[str, Any] = dict(np.load(folder / "truth.npz"))
        self.robot: str = self.columns.meta["entities"][0]["name"]

    def of(self, name: str) -> np.ndarray:
        """(T, N, ...) of the recorded envs."""
        return self.truth[name][:, ENV_IDS]

    @property
    def ends(self) -> list[tuple[dict, int]]:
        """Rows of the recording's table, and the index of the same end among the simulator's."""
        keys = list(zip(self.truth["end.step"].tolist(), self.truth["end.env"].tolist(), strict=True))
        return [(end, keys.index((end["step"], ENV_IDS[end["env_index"]]))) for end in self.columns.ends]


@pytest.fixture(scope="module", params=RUNS, ids=lambda run: f"{run[0]}-{run[1]}")
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    task, backend = request.param
    return Run(task, backend, tmp_path_factory.mktemp("run"))


def test_records_are_what_the_simulator_had(run: Run) -> None:
    names = [name for name in run.columns.names if name in run.truth]
    assert {"rew", "obs", *(f"{run.robot}.joint_{name}" for name in ("pos", "vel", "torque"))} <= set(names)
    for name in names:
        np.testing.assert_array_equal(run.columns[name], run.of(name).reshape(run.columns[name].shape), err_msg=name)
    np.testing.assert_array_equal(run.columns["act"], run.of("asked"))


def test_poses_are_those_of_the_engine(run: Run) -> None:
    for entity in run.columns.meta["entities"]:
        name = entity["name"]
        links = run.of(f"{name}.links")[:, :, 0]
        np.testing.assert_array_equal(run.columns[f"{name}.base_pos"], links[..., :3], err_msg=name)
        np.testing.assert_allclose(
            run.columns[f"{name}.base_wxyz"], links[..., [6, 3, 4, 5]], rtol=0, atol=_ROUNDING, err_msg=name
        )
    if "engine.links" in run.truth:
        np.testing.assert_array_equal(run.of("engine.links")[:, :, 0, :3], run.columns[f"{run.robot}.base_pos"])


def test_terms_add_up_to_the_reward(run: Run) -> None:
    if "rew_terms" not in run.columns.names:
        pytest.skip("the task keeps no terms")
    np.testing.assert_array_equal(run.columns["rew_terms"], run.of("terms").astype(np.float32))
    np.testing.assert_allclose(run.columns["rew_terms"].sum(-1), run.columns["rew"], rtol=0, atol=1e-5)


def test_flags_are_both_that_step_returned(run: Run) -> None:
    over = run.of("terminated").astype(int) + 2 * run.of("late")
    np.testing.assert_array_equal(run.columns["flags"], np.where(over > 0, over + 4, 0))


def test_episodes_end_in_the_state_before_the_reset(run: Run) -> None:
    assert len(run.ends) > 3
    for end, index in run.ends:
        links = run.truth[f"end.{run.robot}.links"][index, 0]
        np.testing.assert_array_equal(run.columns.last_state(end, f"{run.robot}.base_pos"), links[:3])
        joints = run.truth[f"end.{run.robot}.joint_pos"][index]
        np.testing.assert_array_equal(run.columns.last_state(end, f"{run.robot}.joint_pos"), joints)
        if "end.obs" in run.truth:
            np.testing.assert_array_equal(run.columns.last_state(end, "obs"), run.truth["end.obs"][index])
        assert end["length"] == run.truth["end.length"][index]


def test_replayed_links_are_where_the_simulator_had_them(run: Run) -> None:
    frames = FrameCache(run.replay.rollout, run.replay.robots)
    robot, names = run.replay.robots[run.robot], run.truth["body_names"].tolist()
    links = [robot.link_names.index(name) for name in names]
    worst = 0.0
    for step in range(0, run.columns.num_steps, 10):
        # Where an episode ends, the replay shows its last state.
        goes_on = np.flatnonzero(run.columns["flags"][step] == 0)
        poses, truth = frames.frame_at(step, [0, 1, 2]).entities[run.robot], run.of(f"{run.robot}.links")[step]
        off = np.abs(poses.link_positions[:, links] - truth[..., :3]).max(axis=-1)
        cosines = np.abs((poses.link_wxyz[:, links] * truth[..., [6, 3, 4, 5]]).sum(axis=-1))
        worst = max(worst, float(off[goes_on].max(initial=0)), float(1 - cosines[goes_on].min(initial=1)))
    print(f"links differ by {worst:.2g} at most")
    assert worst < 1e-5


def test_rough_ground_is_recorded_and_flat_ground_was_seen(run: Run) -> None:
    problems = [verdict for verdict in run.replay.verdicts if verdict.topic == "terrain"]
    assert problems == []
    terrain = run.replay.rollout.terrain
    if "Rough" not in run.task:
        assert terrain is None
        return
    assert terrain is not None and np.ptp(terrain.vertices[:, 2]) > 0.05


def test_the_simulator_warns_of_nothing_that_is_asked_for(run: Run) -> None:
    assert run.truth["warnings"].tolist() == []
