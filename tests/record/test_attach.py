"""Claims about sitting on an environment: what is wrapped, put back, logged, refused; on Python 3.8 with numpy too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from container_columns import Columns
from legged_fake import DOF_NAMES
from legged_gym_sim import GymWrapper, LeggedGymSim, WalkTheseWaysSim

from replay_viewer import Adapter, Description, Endings, attach, register_adapter
from replay_viewer.errors import BadField, FileProblem, UnknownEnvironment, UnknownName
from replay_viewer.record.adapters import registry
from replay_viewer.record.adapters.adapter import Request

HELPERS = Path(__file__).resolve().parents[1] / "helpers"
REPOSITORY = HELPERS.parents[1]
DECIMAL = np.arange(6) / 10


@pytest.fixture(autouse=True)
def urdf_of_the_environment(caplog: pytest.LogCaptureFixture) -> None:
    """These environments have none, which would be said."""
    caplog.set_level("ERROR", "replay_viewer")


def floats(numbers: list) -> np.ndarray:
    return np.array(numbers, np.float32)


def step(env: object, num_steps: int = 1) -> None:
    for _ in range(num_steps):
        env.step(np.full((6, len(DOF_NAMES)), 0.5, np.float32))  # type: ignore[attr-defined]


def wrapped_names(env: LeggedGymSim) -> dict[str, object]:
    functions = list(env.reward_functions)
    return {**{name: value for name, value in vars(env).items() if callable(value)}, "functions": functions}


@pytest.mark.parametrize("kind", [LeggedGymSim, WalkTheseWaysSim])
def test_detach_puts_every_method_back(kind: type, tmp_path: Path) -> None:
    env = kind()
    env.compute_reward = env.compute_reward  # An instance attribute that was there before stays.
    before, container = wrapped_names(env), dict(vars(getattr(env, "reward_container", env)))
    recorder = attach(env, tmp_path / "run.rec")
    assert wrapped_names(env) != before
    recorder.detach()
    assert wrapped_names(env) == before
    assert vars(getattr(env, "reward_container", env)).keys() == container.keys()
    assert env.step.__func__ is kind.step
    recorder.close()


def test_what_wrapped_the_step_later_keeps_working(tmp_path: Path) -> None:
    env = LeggedGymSim()
    recorder = attach(env, tmp_path / "run.rec")
    inner, calls = env.step, []
    env.step = lambda actions: (calls.append(1), inner(actions))[1]  # type: ignore[method-assign]
    step(env, 2)
    recorder.close()
    step(env, 3)
    assert len(calls) == 5
    assert Columns(recorder.path).num_steps == 2


def test_other_environments_are_left_alone(tmp_path: Path) -> None:
    env, other = LeggedGymSim(), LeggedGymSim()
    with attach(env, tmp_path / "run.rec") as recorder:
        step(other, 2)
        assert recorder.num_steps == 0
        assert not {"step", "reset_idx"} & vars(other).keys()


def test_importing_attach_touches_no_environment() -> None:
    code = (
        "import sys, replay_viewer.record.attach; print([m for m in ('torch', 'gym', 'isaacgym') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=str(REPOSITORY), check=True)
    assert done.stdout == "[]\n"


def test_steps_through_wrappers_are_recorded_and_their_results_passed_on(tmp_path: Path) -> None:
    env = LeggedGymSim()
    outer = GymWrapper(GymWrapper(env))
    with attach(outer, tmp_path / "run.rec", env_ids="all") as recorder:
        result = outer.step(np.zeros((6, 12), np.float32))
    np.testing.assert_allclose(result[2], env.rew_buf + 2 * outer.bonus(), rtol=1e-6)
    np.testing.assert_array_equal(Columns(recorder.path)["rew"][0], env.truth[0].rew)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    paths = []
    for _ in range(3):
        with attach(LeggedGymSim(), tmp_path / "walk.rec") as recorder:
            paths.append(recorder.path.name)
    assert paths == ["walk.rec", "walk-2.rec", "walk-3.rec"]


def test_a_folder_that_cannot_be_made_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    env = LeggedGymSim()
    with pytest.raises(FileProblem, match="cannot be made"):
        attach(env, tmp_path / "file" / "walk.rec")
    assert "step" not in vars(env)


def test_every_completed_step_is_on_the_disk_at_once(tmp_path: Path) -> None:
    env = LeggedGymSim()
    recorder = attach(env, tmp_path / "run.rec")
    step(env, 2)
    for count in range(3, 10):
        step(env)
        assert Columns(recorder.path).num_steps == count
    recorder.close()


def test_a_step_that_fails_is_not_recorded_but_its_ends_are(tmp_path: Path) -> None:
    env = LeggedGymSim()
    original = env.compute_observations

    def fail_at_the_first_reset() -> None:
        original()
        if env.reset_buf[0] and not failed:
            failed.append(len(env.truth))
            raise ValueError("out of memory")

    env.compute_observations = fail_at_the_first_reset  # type: ignore[method-assign]
    failed: list[int] = []
    with attach(env, tmp_path / "run.rec") as recorder:
        with pytest.raises(ValueError, match="out of memory"):
            step(env, 200)
        step(env, 5)
    columns = Columns(recorder.path)
    assert columns.num_steps == failed[0] - 1 + 5
    assert [end["last_record"] for end in columns.ends] == [failed[0] - 2]


def test_two_resets_in_one_step_end_one_episode(tmp_path: Path) -> None:
    env = LeggedGymSim()
    original = env.compute_observations

    def reset_again() -> None:
        env.reset_idx(np.flatnonzero(env.reset_buf))
        original()

    env.compute_observations = reset_again  # type: ignore[method-assign]
    with attach(env, tmp_path / "run.rec", env_ids="all") as recorder:
        step(env, 120)
    resets = sorted((t, e) for t, s in enumerate(env.truth) for e in range(6) if s.reset[e])
    columns = Columns(recorder.path)
    assert sorted((end["step"], end["env_index"]) for end in columns.ends) == resets
    first = columns.ends[0]
    np.testing.assert_array_equal(
        columns.last_state(first, "robot.base_pos"),
        env.truth[first["step"]].real["root_states"][first["env_index"], :3],
    )


def test_logged_terms_stand_beside_the_environments(tmp_path: Path) -> None:
    env = LeggedGymSim()
    outer, bonuses = GymWrapper(env), []
    with attach(outer, tmp_path / "run.rec", env_ids=[4, 2]) as recorder:
        for _ in range(120):
            outer.step(np.zeros((6, 12), np.float32))
            bonuses.append(np.array(outer.bonus()))
            recorder.log_terms({"bonus": bonuses[-1], "fee": -0.5})
            recorder.log("rew", outer.rew_buf + bonuses[-1])
            recorder.log("power", np.stack([DECIMAL, DECIMAL], 1))
    columns = Columns(recorder.path)
    assert columns.meta["reward_terms"] == [*env.reward_names, "termination", "bonus", "fee"]
    np.testing.assert_array_equal(columns.term("bonus"), [bonus[[4, 2]] for bonus in bonuses])
    np.testing.assert_array_equal(columns.term("fee"), np.float32(-0.5))
    np.testing.assert_array_equal(columns.term("tracking"), [s.terms["tracking"][[4, 2]] for s in env.truth])
    np.testing.assert_array_equal(columns["rew"], [(s.rew + b)[[4, 2]] for s, b in zip(env.truth, bonuses)])
    np.testing.assert_array_equal(columns["power"][-1], floats([[0.4, 0.4], [0.2, 0.2]]))
    end = columns.ends[0]
    rewards = columns["rew"][end["first_record"] : end["last_record"] + 1, end["env_index"]]
    assert end["ret"] == pytest.approx(float(rewards.astype(float).sum()), abs=1e-9)


def test_a_logged_step_is_written_when_it_is_whole(tmp_path: Path) -> None:
    env = LeggedGymSim()
    recorder = attach(env, tmp_path / "run.rec", signals={"power": ()}, terms=["bonus"])
    step(env, 2)
    recorder.log("power", DECIMAL)
    assert Columns(recorder.path).num_steps == 1
    recorder.log_terms({"bonus": DECIMAL})
    assert Columns(recorder.path).num_steps == 2
    step(env)
    recorder.close()
    columns = Columns(recorder.path)
    assert columns.num_steps == 3
    assert np.isnan(columns["power"][:, 0]).tolist() == [True, False, True]
    assert np.isnan(columns.term("bonus")[:, 0]).tolist() == [True, False, True]


def test_a_name_that_comes_later_raises_once(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with attach(env, tmp_path / "run.rec") as recorder:
        step(env, 2)
        with pytest.raises(UnknownName, match=r"declare it up front with signals=\{'power': \(2,\)\}"):
            recorder.log("power", np.zeros((6, 2)))
        recorder.log("power", np.zeros((6, 2)))
        with pytest.raises(UnknownName, match=r"declare it up front with terms=\['bonus'\]"):
            recorder.log_terms({"bonus": DECIMAL})
        recorder.log_terms({"bonus": DECIMAL})
        step(env, 2)
    columns = Columns(recorder.path)
    assert columns.num_steps == 4
    assert "power" not in columns.names
    assert "bonus" not in columns.meta["reward_terms"]


def test_a_term_of_the_environment_is_not_logged_twice(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with attach(env, tmp_path / "run.rec") as recorder:
        step(env)
        with pytest.raises(BadField, match="is a reward term of the environment already"):
            recorder.log_terms({"tracking": DECIMAL})
        step(env)
    assert Columns(recorder.path).num_steps == 2


def test_logged_values_have_a_row_for_each_of_the_simulators_envs(tmp_path: Path) -> None:
    env = LeggedGymSim()
    with attach(env, tmp_path / "run.rec", env_ids=[1, 2]) as recorder:
        step(env)
        with pytest.raises(BadField, match="a row for each of the simulator's 6 envs"):
            recorder.log("power", np.zeros(2))


def test_an_unknown_environment_is_told_what_was_looked_for() -> None:
    with pytest.raises(UnknownEnvironment) as caught:
        attach(GymWrapper(object()), "never.rec")
    message = str(caught.value)
    assert message.startswith("object is no environment that can be recorded without help.")
    assert "legged_gym: it has no root_states, dof_pos" in message
    assert registry.OWN_ADAPTER in message
    assert not Path("never.rec").exists()


def test_an_unknown_adapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Known adapters: legged_gym"):
        attach(LeggedGymSim(), tmp_path / "run.rec", adapter="leged_gym")


class Balls:
    """An environment of another kind: balls that rise, and start anew one after the other."""

    def __init__(self) -> None:
        self.num_envs, self.dt = 3, 0.1
        self.pos, self.quat = np.zeros((3, 3)), np.tile([1.0, 0, 0, 0], (3, 1))
        self.steps, self.late, self.fallen = np.zeros(3, int), np.zeros(3, bool), np.zeros(3, bool)

    def step(self) -> None:
        self.pos[:, 2] += 1
        self.steps += 1
        self.fallen = self.pos[:, 2] >= [3, 4, 100]
        if self.fallen.any():
            self.reset_idx(np.flatnonzero(self.fallen))

    def reset_idx(self, ids: np.ndarray) -> None:
        self.pos[ids], self.steps[ids] = 0, 0


def test_the_adapter_that_the_error_shows_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    exec("\n".join(line[4:] for line in registry.OWN_ADAPTER.splitlines()), {})
    env = Balls()
    with attach(env, tmp_path / "run.rec", env_ids="all") as recorder:
        for _ in range(8):
            env.step()
    columns = Columns(recorder.path)
    assert columns["robot.base_pos"][:, 0, 2].tolist() == [1, 2, 0, 1, 2, 0, 1, 2]
    ends = [(end["env_index"], end["step"], end["outcome"], end["length"]) for end in columns.ends]
    assert ends == [(0, 2, 1, 3), (1, 3, 1, 4), (0, 5, 1, 3), (1, 7, 1, 4)]
    assert [columns.last_state(end, "robot.base_pos")[2] for end in columns.ends] == [3, 4, 3, 4]


def test_what_is_registered_last_is_tried_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))

    class Upright(Adapter):
        def __init__(self, env: LeggedGymSim, request: Request) -> None:
            self.env, self.rows = env, request.rows

        def describe(self) -> Description:
            return Description({"control_dt": 1.0})

        def read(self) -> dict[str, np.ndarray]:
            upright = np.tile(floats([1, 0, 0, 0]), (len(self.rows), 1))
            return {"robot.base_pos": self.rows.copied(self.env.root_states)[:, :3], "robot.base_wxyz": upright}

        def endings(self) -> Endings:
            raise AssertionError("nothing ends here")

    register_adapter("upright", ("root_states",), Upright)
    for adapter, count in ((None, 3), ("legged_gym", 13)):
        env = LeggedGymSim()
        with attach(env, tmp_path / "run.rec", adapter=adapter) as recorder:
            step(env, 2)
        assert len(Columns(recorder.path).names) == count


DISK_FULL = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from legged_gym_sim import LeggedGymSim
from replay_viewer import attach
env = LeggedGymSim()
recorder = attach(env, sys.argv[2], env_ids="all", urdf=sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
for _ in range(200):
    env.step(np.zeros((6, 12), np.float32))
recorder.close()
print(len(env.truth), len([n for n in vars(env) if n in ("step", "reset_idx")]))
"""


def test_a_disk_that_refuses_ends_the_recording_with_one_message_and_nothing_else(tmp_path: Path) -> None:
    urdf = tmp_path / "robot.urdf"
    urdf.write_text('<robot name="r"><link name="base"/></robot>')
    arguments = [str(HELPERS), str(tmp_path / "run.rec"), str(urdf)]
    done = subprocess.run(
        [sys.executable, "-c", DISK_FULL, *arguments], capture_output=True, text=True, cwd=str(REPOSITORY), check=False
    )
    assert done.stdout == "200 0\n", done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "the disk refused to go on after" in done.stderr
    kept = Columns(tmp_path / "run.rec").num_steps
    assert 10 < kept < 200
    assert f"after {kept} steps, which are kept" in done.stderr
