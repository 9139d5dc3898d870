"""Triggers: of films and of `attach(when=...)`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest
from legged_gym_sim import LeggedGymSim

from replay_viewer import Trigger, attach, set_training_state
from replay_viewer.container.extents import folder_extents
from replay_viewer.container.meta import read_meta
from replay_viewer.errors import BadArgument
from replay_viewer.record.clips.triggers import Moment
from replay_viewer.record.episodes import FinishedEpisodes


def wanted(trigger: Trigger, count: int = 30, **moment: Any) -> list:
    return [n for n in range(count) if trigger.begins_with(Moment(n, 0, 0, **{"evaluation": False, **moment}))]


@pytest.fixture(autouse=True)
def evaluation() -> Iterator[None]:
    yield
    set_training_state(evaluation=False)


def test_of_every_n_episodes_the_first_is_one() -> None:
    assert wanted(Trigger(every_episodes=10)) == [0, 10, 20]


def test_cubes_become_thousands() -> None:
    found = wanted(Trigger(cubic=True), 4001)
    assert found == [0, 1, 8, 27, 64, 125, 216, 343, 512, 729, 1000, 2000, 3000, 4000]


def test_a_function_is_asked_about_the_moment() -> None:
    assert wanted(Trigger(condition=lambda moment: moment.episode in (3, 4))) == [3, 4]


def test_steps_begin_where_they_are_told_to() -> None:
    trigger = Trigger(every_steps=10)
    assert [step for step in range(25) if trigger.begins_in(Moment(0, step, 0, False))] == [0, 10, 20]
    assert wanted(trigger) == []


def test_training_is_not_evaluation() -> None:
    trigger = Trigger(every_episodes=10, evaluation_only=True)
    assert wanted(trigger) == [] and wanted(trigger, evaluation=True) == [0, 10, 20]


@pytest.mark.parametrize(
    "options",
    [
        {"every_episodes": 0},
        {"every_steps": -1},
        {"every_episodes": 2.5},
        {"frame_stride": 0},
        {"condition": 3},
        {"cubic": True, "every_steps": 3},
    ],
)
def test_what_makes_no_sense_is_refused(options: Any) -> None:
    with pytest.raises(BadArgument):
        Trigger(**options)


def recorded(path: Path) -> tuple:
    """Steps of a recording, and the episodes of it that have ended."""
    meta = read_meta(folder_extents(path), path)
    size = (path / "frames-00000.npy").stat().st_size - meta.layout.header_bytes
    return size // meta.layout.record_bytes, [each.episode_length for each in FinishedEpisodes(path).new()]


def simulated(path: Path, num_steps: int, **options: Any) -> Any:
    """Env 1 of a simulation whose episodes have 10 steps."""
    env: Any = LeggedGymSim(3, 0)
    env.max_episode_length = 10
    env.falls = False
    recorder = attach(env, path, env_ids=[1], strict=True, **options)
    env.reset()
    for _ in range(num_steps):
        env.step(env.actions * 0)
    recorder.close()
    return recorder


def test_attach_records_the_episodes_that_a_trigger_names(tmp_path: Path) -> None:
    recorder = simulated(tmp_path / "run.rec", 95, when=Trigger(every_episodes=2))
    found = sorted(tmp_path.glob("*.rec"), key=lambda path: path.stat().st_mtime_ns)
    assert len(found) >= 3 and recorder.path in found
    for index, path in enumerate(found[:-1]):
        steps, lengths = recorded(path)
        # legged_gym's reset makes a step of its own, which nobody sees who comes after the reset.
        assert lengths == [steps + (index == 0)]
    assert recorder.num_steps == sum(recorded(path)[0] for path in found) < 95


def test_what_is_logged_between_them_is_dropped(tmp_path: Path) -> None:
    env = LeggedGymSim(2, 0)
    with attach(env, tmp_path / "run.rec", when=lambda moment: False) as recorder:
        env.reset()
        for _ in range(5):
            env.step(env.actions * 0)
            recorder.log("mine", 1.0)
            assert recorder.policy_enabled and recorder.control_address is None
        assert not recorder.is_recording and recorder.num_steps == 0
    assert not list(tmp_path.iterdir())


def test_while_a_trigger_is_off_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from replay_viewer.record.adapters.legged_gym import LeggedGym

    reads: list = []
    original = LeggedGym.read
    monkeypatch.setattr(LeggedGym, "read", lambda self: reads.append(1) or original(self))
    simulated(tmp_path / "run.rec", 20, when=lambda moment: False)
    assert not reads


def test_an_evaluation_is_recorded_and_the_training_around_it_is_not(tmp_path: Path) -> None:
    env = LeggedGymSim(2, 0)
    env.max_episode_length = 5
    with attach(env, tmp_path / "run.rec", when=Trigger(evaluation_only=True)) as recorder:
        for evaluation in (False, True, False):
            set_training_state(evaluation=evaluation)
            env.reset()
            for _ in range(4):
                env.step(env.actions * 0)
            assert recorder.is_recording is evaluation
