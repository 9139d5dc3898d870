"""A viewer that is led from Python: by any thread, and by what is called with each step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from memory_rollout import memory_rollout, still

from replay_viewer import Take, Viewer
from replay_viewer.errors import BadArgument, ReplayError, UnknownName
from replay_viewer.paths import asset
from replay_viewer.replay.replay import Replay, with_robots
from replay_viewer.viewer.session import Session


@pytest.fixture
def viewer() -> Iterator[Viewer]:
    with Viewer(asset("walk.rec"), port=0) as viewer:
        yield viewer


def session(viewer: Viewer) -> Session:
    return viewer._app.session


def small(num_steps: int = 40) -> Replay:
    return with_robots(memory_rollout(still(num_steps, 2), env_ids=[4, 9]))


def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def test_steps_envs_play_and_pause_are_done_when_the_call_returns(viewer: Viewer) -> None:
    viewer.seek(40)
    assert session(viewer).player.step == 40
    viewer.show_env(3)
    assert session(viewer).env_id == 3
    viewer.play()
    assert session(viewer).playing
    viewer.pause()
    assert not session(viewer).playing


def test_what_cannot_be_is_refused_in_the_thread_that_asked_and_changes_nothing(viewer: Viewer) -> None:
    last = session(viewer).player.num_steps - 1
    for step in (-1, last + 1):
        with pytest.raises(BadArgument, match=f"step {step}: the recording has steps 0 to {last}"):
            viewer.seek(step)
    with pytest.raises(UnknownName, match="env 77 is not in the recording"):
        viewer.show_env(77)
    with pytest.raises(UnknownName, match="camera preset"):
        viewer.camera("below")
    for asked in ({}, {"position": (1, 2, 3)}, {"preset": "top", "position": (1, 2, 3), "look_at": (0, 0, 0)}):
        with pytest.raises(BadArgument, match="expected a preset, or position and look_at"):
            viewer.camera(**asked)  # pyright: ignore[reportArgumentType]
    with pytest.raises(BadArgument, match="three coordinates"):
        viewer.camera(position=(1, 2, float("nan")), look_at=(0, 0, 0))
    with pytest.raises(BadArgument, match="is where the camera stands"):
        viewer.camera(position=(1, 2, 3), look_at=(1, 2, 3))
    assert (session(viewer).player.step, session(viewer).env_id) == (0, 0)


def test_many_threads_may_ask_at_once(viewer: Viewer) -> None:
    def ask(number: int) -> None:
        for step in range(20):
            viewer.seek(number * 20 + step)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert session(viewer).player.step % 20 == 19


def test_a_callback_is_told_every_step_that_is_shown_and_may_itself_lead(viewer: Viewer) -> None:
    steps: list[int] = []

    @viewer.on_step
    def go_on(step: int) -> None:
        steps.append(step)
        if 10 <= step < 13:
            viewer.seek(step + 1)

    until(lambda: steps == [0], "the step that is shown")
    viewer.seek(10)
    until(lambda: steps == [0, 10, 11, 12, 13], "the steps that the callback asked for")


def test_a_callback_that_fails_is_not_called_again_and_others_are(viewer: Viewer) -> None:
    calls: list[int] = []

    def fails(step: int) -> None:
        calls.append(step)
        raise ValueError("no")

    steps: list[int] = []
    viewer.on_step(fails)
    viewer.on_step(steps.append)
    for step in (5, 6):
        viewer.seek(step)
        until(lambda step=step: step in steps, "the step")
    assert len(calls) == 1


def test_recordings_are_compared_in_the_place_of_what_is_shown_and_what_is_given_stays_open(viewer: Viewer) -> None:
    given = small()
    steps: list[int] = []
    viewer.on_step(steps.append)
    viewer.compare([viewer.replay, Take(given, 1, start=5, delay=0.1)], mode="side", align="recording")
    world = session(viewer).world
    assert (world.mode, world.alignment, world.lead.replay) == ("side", "recording", viewer.replay)
    assert world.others[0].delay == 0.1
    viewer.compare([given, asset("walk.rec")])
    assert session(viewer).world.mode == "ghost"
    viewer.show_env(9)
    viewer.seek(39)
    until(lambda: 39 in steps, "steps of what is compared")
    assert given.rollout.read("robot.base_pos").shape == (40, 2, 3)
    assert viewer.replay.frames.frame_at(3, [0]).entities


def test_what_cannot_be_compared_leaves_what_is_shown(viewer: Viewer, tmp_path: Path) -> None:
    before = session(viewer)
    with pytest.raises(BadArgument, match="one scene shows 1 to 8"):
        viewer.compare([asset("walk.rec")] * 9)
    with pytest.raises(ReplayError, match=r"nowhere\.rec"):
        viewer.compare([asset("walk.rec"), tmp_path / "nowhere.rec"])
    with pytest.raises(UnknownName, match="mode 'stacked'"):
        viewer.compare([asset("walk.rec")] * 2, mode="stacked")  # pyright: ignore[reportArgumentType]
    assert session(viewer) is before
    viewer.seek(3)
    assert before.player.step == 3


def test_a_viewer_that_is_closed_says_so() -> None:
    viewer = Viewer(small(), port=0)
    viewer.close()
    with pytest.raises(ReplayError, match="the viewer is closed"):
        viewer.play()
