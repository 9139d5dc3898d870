"""Claims about recorders beside each other: their environment is read once, and each records what it would alone."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any, Callable, ClassVar

import numpy as np
import pytest
from container_columns import Columns
from isaac_lab_direct_sim import IsaacLabDirectSim
from isaac_lab_sim import IsaacLabSim
from legged_fake import DOF_NAMES
from legged_gym_sim import GymWrapper, LeggedGymSim, WalkTheseWaysSim
from mqe_sim import MqeSim, PushboxWrapper
from single_env import Hopper

from replay_viewer import attach
from replay_viewer.errors import BadField

FILES = ("frames-00000.npy", "terminals.npy")
BUFFERS = ("root_states", "dof_pos", "dof_vel", "torques", "contact_forces", "commands", "actions", "rew_buf")


@pytest.fixture(autouse=True)
def urdf_of_the_environment(caplog: pytest.LogCaptureFixture) -> None:
    """These environments have none, which is said of each recording."""
    caplog.set_level("ERROR", "replay_viewer")


def mqe() -> PushboxWrapper:
    return PushboxWrapper(MqeSim())


MAKERS: dict[str, Callable[[], Any]] = {
    "legged_gym": LeggedGymSim,
    "walk_these_ways": WalkTheseWaysSim,
    "mqe": mqe,
    "isaac_lab": IsaacLabSim,
    "isaac_lab_direct": IsaacLabDirectSim,
}


class Loop:
    """Steps an environment by actions that are the same in every run, and resets it once from outside."""

    def __init__(self, env: Any) -> None:
        self.env, self._rng = env, np.random.default_rng(3)
        sim = getattr(env, "env", env)
        self._shape = (
            (sim.num_envs, env.num_agents, 3) if hasattr(env, "num_agents") else (sim.num_envs, len(DOF_NAMES))
        )
        self._count = 0

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.env.step(self._rng.uniform(-2, 2, self._shape).astype(np.float32))
            self._count += 1
            if self._count % 70 == 0:
                self.env.reset()


# One of each pair in every run.
OFTEN = ("legged_gym-scattered", "isaac_lab-few", "mqe-few")
FEW, SCATTERED = {"env_ids": [1, 4]}, {"env_ids": [4, 0, 2], "observations": True}
CASES = [
    pytest.param(kind, options, id=f"{kind}-{name}", marks=() if f"{kind}-{name}" in OFTEN else pytest.mark.slow)
    for kind in MAKERS
    for name, options in {"few": FEW, "scattered": SCATTERED}.items()
]


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_each_records_the_same_bytes_as_alone(kind: str, options: dict[str, Any], tmp_path: Path) -> None:
    """Whoever comes and goes beside it, with other envs and fields, before it and while it runs."""
    alone = Loop(MAKERS[kind]())
    alone.steps(10)
    with attach(alone.env, tmp_path / "alone.rec", **options) as expected:
        alone.steps(200)

    loop = Loop(MAKERS[kind]())
    before = attach(loop.env, tmp_path / "before.rec", env_ids=[3, 2], observations=True)
    loop.steps(10)
    with attach(loop.env, tmp_path / "beside.rec", **options) as recorder:
        loop.steps(30)
        with attach(loop.env, tmp_path / "all.rec", env_ids="all", every=3):
            loop.steps(30)
            before.close()
            loop.steps(20)
        loop.steps(20)
        late = attach(loop.env, tmp_path / "late.rec", env_ids=[4], observations=True, strict=True)
        loop.steps(100)
    late.close()
    assert len(Columns(expected.path).ends) > 3
    for name in FILES:
        assert (recorder.path / name).read_bytes() == (expected.path / name).read_bytes(), name
    assert [Columns(r.path).num_steps for r in (before, late)] == [before.num_steps, late.num_steps]
    assert before.num_steps >= 70


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_one_that_begins_late_has_the_terminal_states_of_its_own_envs(order: tuple[int, int], tmp_path: Path) -> None:
    env = LeggedGymSim()
    loop = Loop(env)
    recorders = [attach(env, tmp_path / "a.rec", env_ids=[5, 1])]
    loop.steps(20)
    recorders.append(attach(env, tmp_path / "b.rec", env_ids=[1, 3, 2]))
    loop.steps(49)
    stops = {}
    for index in order:
        loop.steps(30)
        recorders[index].close()
        stops[index] = len(env.truth)
    assert "step" not in vars(env)
    assert "reset_idx" not in vars(env)
    for index, recorder in enumerate(recorders):
        columns, ids, first = Columns(recorder.path), recorder.env_ids, (0, 20)[index]
        truth = env.truth[first : stops[index]]
        np.testing.assert_array_equal(columns["rew"], [step.rew[ids] for step in truth])
        in_step = [end for end in columns.ends if end["outcome"] != 3]
        expected = sorted((t, slot) for t, step in enumerate(truth) for slot, e in enumerate(ids) if step.reset[e])
        assert sorted((end["last_record"], end["env_index"]) for end in in_step) == expected
        for end in in_step:
            real = truth[end["last_record"]].real["root_states"][ids[end["env_index"]]]
            np.testing.assert_array_equal(columns.last_state(end, "robot.base_pos"), real[:3])
            np.testing.assert_array_equal(columns.last_state(end, "robot.base_lin_vel"), real[7:10])


class Watched(LeggedGymSim):
    """Counts how often the recorder reads its buffers, and by which."""

    reads: ClassVar[Counter] = Counter()

    def __getattribute__(self, name: str) -> Any:
        if name in BUFFERS and sys._getframe(1).f_globals["__name__"].startswith("replay_viewer.record"):
            Watched.reads[name] += 1
        return super().__getattribute__(name)


def reads_of(tmp_path: Path, options: list[dict[str, Any]], wrap: Callable[[Any], Any] = lambda env: env) -> Counter:
    env = Watched()
    env.max_episode_length = 15
    loop = Loop(env)
    recorders = [attach(wrap(env) if i else env, tmp_path / f"{i}.rec", **o) for i, o in enumerate(options)]
    loop.steps(1)
    Watched.reads = Counter()
    loop.steps(80)
    for recorder in recorders:
        recorder.close()
    return Counter(Watched.reads)


def test_the_buffers_are_read_once_per_step_and_per_reset_however_many_record(tmp_path: Path) -> None:
    alone = reads_of(tmp_path / "alone", [{"env_ids": "all", "observations": True}])
    assert alone["root_states"] > 80
    several = [{"env_ids": "all"}, {"env_ids": [3, 1], "observations": True}, {"env_ids": [4], "every": 2}]
    assert reads_of(tmp_path / "several", several) == alone
    assert reads_of(tmp_path / "wrapped", several, GymWrapper) == alone


def test_a_single_environment_is_read_once(tmp_path: Path) -> None:
    reads = []

    class Watched(Hopper):
        @property
        def height(self) -> float:
            if sys._getframe(1).f_code.co_name == "read":
                reads.append(1)
            return self._height

        @height.setter
        def height(self, value: float) -> None:
            self._height = value

    env = Watched()
    first = attach(env, tmp_path / "a.rec")
    second = attach(env, tmp_path / "b.rec")
    for step in range(20):
        if step % 7 == 0:
            env.reset()
        env.step([-0.1])
    first.close()
    second.close()
    assert len(reads) == 20 + 2  # A reset before the first step ends nothing.
    for name in FILES:
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes()
    assert Columns(first.path).num_steps == 20
    assert len(Columns(first.path).ends) == 2


def test_only_the_strict_one_raises_what_does_not_fit(tmp_path: Path) -> None:
    env = LeggedGymSim()
    loop = Loop(env)
    kind = attach(env, tmp_path / "kind.rec", env_ids=[0, 1])
    strict = attach(env, tmp_path / "strict.rec", env_ids=[1, 2], strict=True)
    loop.steps(5)
    original = env.check_termination
    env.check_termination = lambda: (original(), setattr(env, "torques", np.zeros((6, 3), np.float32)))  # type: ignore[method-assign]
    with pytest.raises(BadField, match="torque"):
        loop.steps(1)
    env.check_termination = original  # type: ignore[method-assign]
    loop.steps(5)
    kind.close()
    strict.close()
    columns = Columns(kind.path)
    assert columns.num_steps == 11
    np.testing.assert_array_equal(columns["rew"], [step.rew[[0, 1]] for step in env.truth])
    assert np.isnan(columns["robot.joint_torque"][5:]).all()
    assert np.isfinite(columns["robot.joint_torque"][:5]).all()


def test_observations_that_one_wants_are_no_problem_of_the_other(tmp_path: Path) -> None:
    class Env(LeggedGymSim):
        def compute_observations(self) -> None:
            self.obs_buf = np.zeros((6, 24 if len(self.truth) < 5 else 30), np.float32)

    env = Env()
    loop = Loop(env)
    with attach(env, tmp_path / "a.rec", strict=True) as first:
        with attach(env, tmp_path / "b.rec", observations=True) as second:
            loop.steps(10)
        loop.steps(3)
    assert [Columns(r.path).num_steps for r in (first, second)] == [13, 10]
    assert "problem" not in (first.path / "log.jsonl").read_text()
    assert '"field": "obs"' in (second.path / "log.jsonl").read_text()
