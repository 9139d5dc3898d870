"""Following a recording while it is written: time is an argument, the writers are real."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from container_samples import append_steps, fallen, record, sample_info, terminal_values

from replay_viewer.cli import main
from replay_viewer.container.pack import pack
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.replay.replay import open_replay
from replay_viewer.replay.world import world_of
from replay_viewer.viewer.app import ViewerApp
from replay_viewer.viewer.loop import Upkeep
from replay_viewer.viewer.panels.timeline import TimelineState
from replay_viewer.viewer.session import Session
from replay_viewer.viewer.tail import POLL_PERIOD, Tail

CHILD = Path(__file__).parents[1] / "helpers" / "container_child.py"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.rec"


@pytest.fixture
def writer(path: Path) -> Iterator[ContainerWriter]:
    """A recording of ten steps at 50 Hz, still open."""
    with ContainerWriter(path, sample_info()) as writer:
        append_steps(writer, range(10))
        yield writer


@pytest.fixture
def session(writer: ContainerWriter, path: Path) -> Iterator[Session]:
    """The recording, followed."""
    replay = open_replay(path)
    yield Session(world_of([replay]), tail=Tail(replay))
    replay.close()


def go_on(writer: ContainerWriter, count: int) -> None:
    append_steps(writer, range(writer.num_records, writer.num_records + count))


def pass_time(session: Session, seconds: float) -> None:
    """Let time pass as the viewer's loop does."""
    for _ in range(round(seconds * 60)):
        session.poll(1 / 60)
        session.tick(1 / 60)


def test_cameras_of_a_recording_that_is_written_do_not_wait_for_what_comes(
    writer: ContainerWriter, session: Session
) -> None:
    session.seek(5)
    before = session.aim.position
    go_on(writer, 40)
    pass_time(session, 0.5)
    assert session.player.num_steps == 50
    assert np.array_equal(session.aim.position, before)
    writer.close()
    pass_time(session, 0.5)
    assert not np.array_equal(session.aim.position, before)


def test_it_begins_with_the_newest_step_and_goes_on_with_what_comes(session: Session, writer: ContainerWriter) -> None:
    assert (session.live, session.playing, session.player.step) == (True, True, 9)
    for _ in range(5):
        go_on(writer, 20)
        pass_time(session, 0.5)
        assert session.player.position == writer.num_records - 1


def test_new_steps_are_approached_smoothly(session: Session, writer: ContainerWriter) -> None:
    go_on(writer, 20)
    positions = []
    for _ in range(30):
        session.poll(1 / 60)
        session.tick(1 / 60)
        positions.append(session.player.position)
    moves = [b - a for a, b in pairwise(positions) if b > a]
    assert len(moves) >= 6 and max(moves) < 4
    assert positions[-1] == 29


def test_it_can_begin_at_a_step_of_the_past(writer: ContainerWriter, path: Path) -> None:
    replay = open_replay(path)
    session = Session(world_of([replay]), step=3, tail=Tail(replay))
    go_on(writer, 10)
    pass_time(session, 0.5)
    assert (session.live, session.player.step, session.player.num_steps) == (False, 3, 20)
    replay.close()


@pytest.mark.parametrize(
    "action",
    [
        lambda session: session.seek(4),
        lambda session: session.pause(),
        lambda session: session.toggle(),
        lambda session: session.step_by(-1),
        lambda session: session.go_to_start(),
        lambda session: session.select_episode(0),
    ],
    ids=["seek", "pause", "toggle", "step", "start", "episode"],
)
def test_what_looks_at_the_past_stays_there_while_it_grows(action, session: Session, writer: ContainerWriter) -> None:
    action(session)
    step = session.player.step
    go_on(writer, 30)
    pass_time(session, 0.5)
    assert (session.live, session.playing, session.player.step) == (False, False, step)
    assert session.player.num_steps == 40


@pytest.mark.parametrize(
    "action",
    [
        lambda session: session.go_live(),
        lambda session: session.go_to_end(),
    ],
    ids=["live", "end"],
)
def test_going_live_shows_the_newest_step_at_once(action, session: Session, writer: ContainerWriter) -> None:
    session.seek(2)
    go_on(writer, 30)
    pass_time(session, 0.5)
    action(session)
    assert (session.live, session.player.step) == (True, 39)
    go_on(writer, 5)
    pass_time(session, 0.5)
    assert session.player.step == 44


def test_playing_at_the_newest_step_goes_on_with_what_comes(session: Session) -> None:
    session.pause()
    session.play()
    assert session.live and session.player.step == 9


def test_playing_up_to_the_newest_step_becomes_live(session: Session, writer: ContainerWriter) -> None:
    session.seek(0)
    session.play()
    pass_time(session, 0.1)
    assert not session.live and session.player.step == 5
    pass_time(session, 0.5)
    assert session.live and session.player.step == 9
    go_on(writer, 5)
    pass_time(session, 0.5)
    assert session.player.step == 14


def test_a_loop_in_the_past_goes_on_while_it_grows(session: Session, writer: ContainerWriter) -> None:
    writer.end_episodes(fallen(10, [0], values=terminal_values(10, [0])))
    go_on(writer, 1)
    pass_time(session, 0.2)
    session.seek(0)
    session.player.set_loop("episode")
    session.play()
    for _ in range(10):
        go_on(writer, 5)
        pass_time(session, 0.1)
        assert session.player.window == (0, 10) and session.player.step <= 10
    assert session.playing and not session.live


def test_the_window_of_a_running_episode_grows(session: Session, writer: ContainerWriter) -> None:
    session.seek(3)
    go_on(writer, 5)
    pass_time(session, 0.3)
    assert session.player.window == (0, 14)
    assert session.is_running(session.episode)


def test_nothing_moves_while_the_timeline_is_held(session: Session, writer: ContainerWriter) -> None:
    session.begin_scrub(1)
    go_on(writer, 20)
    pass_time(session, 0.5)
    assert (session.player.position, session.player.num_steps) == (9, 30)
    session.end_scrub(1)
    pass_time(session, 0.5)
    assert session.player.position == 29


def test_episodes_that_end_are_told_as_they_are(session: Session, writer: ContainerWriter) -> None:
    writer.end_episodes(fallen(10, [0], values=terminal_values(10, [0]), reasons=["fell"]))
    go_on(writer, 5)
    pass_time(session, 0.3)
    first, second = session.episodes
    assert (first.outcome, first.outcome_reason, first.last_step) == ("terminated", "fell", 10)
    assert session.is_running(second) and not session.is_running(first)
    assert session.episode.index == 1
    session.seek(10)
    assert session.frame.entities["robot"].base_pos[0, 2] == 1000


def test_rewards_of_the_running_episode_sum_up_what_has_come(session: Session, writer: ContainerWriter) -> None:
    assert session.rewards.cumulative == sum(range(10))
    go_on(writer, 10)
    pass_time(session, 0.5)
    assert session.rewards.cumulative == sum(range(20))
    assert session.episode_rewards.total is not None and len(session.episode_rewards.total) == 20


def test_the_page_is_told_of_new_episodes_only(session: Session, writer: ContainerWriter) -> None:
    state = TimelineState(session)
    state.changes()
    page = state.everything()["episodes"]
    for count in (3, 1, 8, 2):
        step = writer.num_records
        writer.end_episodes(fallen(step, [0], values=terminal_values(step, [0])))
        go_on(writer, count)
        pass_time(session, 0.3)
        changes = state.changes()
        new = changes["newEpisodes"]
        assert len(new["first"]) <= 3
        page = {name: [*page[name][: new["from"]], *new[name]] for name in page}
        assert page == state.everything()["episodes"]
        assert changes["numSteps"] == step + count
    assert state.changes() == {}
    session.select_env(102)
    assert len(state.changes()["episodes"]["first"]) == 1


def test_a_closed_recording_becomes_a_normal_one(session: Session, writer: ContainerWriter) -> None:
    go_on(writer, 5)
    writer.close()
    pass_time(session, 2 * POLL_PERIOD)
    assert session.tail is not None
    assert (session.tail.state, session.tail.message) == ("ended", "recording ended: 15 steps")
    assert (session.live, session.playing, session.player.step) == (False, False, 14)
    assert session.seconds_to_poll is None
    session.play()
    assert session.player.playing and session.player.step == 0


def test_a_writer_that_lives_but_is_quiet_is_waited_for(session: Session, writer: ContainerWriter) -> None:
    pass_time(session, 30)
    assert session.tail is not None and session.tail.state == "paused"
    assert session.live and session.playing
    go_on(writer, 1)
    pass_time(session, 0.5)
    assert session.tail.state == "writing" and session.player.step == 10


def test_polling_is_bounded(session: Session) -> None:
    assert session.seconds_to_poll is not None and session.seconds_to_poll <= POLL_PERIOD
    changes = sum(session.poll(0.001) for _ in range(1000))
    assert changes == 0


@pytest.fixture
def child(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that records as fast as it can, into many segments, and prints each step."""
    command = [sys.executable, str(CHILD), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(20):
            child.stdout.readline()
        yield child
        child.kill()


def test_a_writer_that_is_killed_is_told_with_all_of_its_steps(child: subprocess.Popen[str], path: Path) -> None:
    replay = open_replay(path)
    session = Session(world_of([replay]), tail=Tail(replay))
    assert child.stdout is not None
    for line in child.stdout:
        session.poll(POLL_PERIOD)
        if int(line) > 300:
            break
    assert session.live and session.player.num_steps > 100
    child.send_signal(signal.SIGKILL)
    last = max(int(line) for line in child.stdout.read().split("\n")[:-1])
    child.wait()
    pass_time(session, 5)
    assert session.tail is not None and session.tail.state == "gone"
    assert replay.rollout.num_steps >= last + 1
    assert session.tail.message == f"the writer is gone: {replay.rollout.num_steps} steps"
    assert not session.playing and session.player.step == replay.rollout.num_steps - 1
    fresh = open_replay(path)
    assert [list(replay.rollout.episodes(env)) for env in range(4)] == [
        list(fresh.rollout.episodes(env)) for env in range(4)
    ]
    assert replay.verdicts == fresh.verdicts
    fresh.close()
    replay.close()


def test_a_writer_that_was_killed_before_is_told_at_once(child: subprocess.Popen[str], path: Path) -> None:
    child.kill()
    child.wait()
    replay = open_replay(path)
    session = Session(world_of([replay]), tail=Tail(replay))
    assert session.tail is not None and session.tail.state == "gone"
    assert (session.live, session.player.step) == (False, 0)
    replay.close()


def test_a_recording_that_is_deleted_is_told_and_still_shown(session: Session, path: Path) -> None:
    before = session.frame
    shutil.rmtree(path)
    pass_time(session, 2 * POLL_PERIOD)
    assert session.tail is not None and session.tail.state == "lost"
    assert "was deleted or moved while it was followed" in session.tail.message
    assert not session.live and session.seconds_to_poll is None
    session.seek(9)
    assert (session.frame.entities["robot"].base_pos == before.entities["robot"].base_pos).all()


def test_a_recording_that_is_opened_without_following_is_left_behind(
    writer: ContainerWriter, session: Session, path: Path
) -> None:
    replay = open_replay(path)
    assert Session(world_of([replay])).is_left_behind and not session.is_left_behind
    tail = TimelineState(Session(world_of([replay]))).changes()["tail"]
    assert tail["state"] == "unfollowed" and "--tail" in tail["message"]
    replay.close()


def test_a_finished_recording_has_no_badge(path: Path) -> None:
    replay = open_replay(record(path, 5))
    assert TimelineState(Session(world_of([replay]))).changes().get("tail") is None
    replay.close()


def test_a_packed_recording_or_an_npz_cannot_be_followed(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = pack(record(path, 5), path.with_name("packed.rec"))
    assert main(["view", str(packed), "--tail"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "--tail" in error and "only a recording's folder grows" in error


def test_a_segment_that_cannot_be_read_any_more_ends_no_viewer(path: Path) -> None:
    with ContainerWriter(path, sample_info(), segment_bytes=9000) as writer:
        append_steps(writer, range(1500))
        replay, told = open_replay(path), threading.Event()
        with ViewerApp(port=0) as app:
            app.show(world_of([replay]), tail=True, tell=lambda message: told.set())
            shutil.rmtree(path)
            assert told.wait(20)
            # More segments than files are kept open, the first of them closed again.
            for step in range(100, 600, 100):
                answered = threading.Event()
                app._page.post(app.session.seek, step)
                app._page.post(answered.set)
                assert answered.wait(20)
                assert app.session.player.step == step
        replay.close()


def test_what_lags_behind_is_brought_up_to_date_at_once_but_not_too_often() -> None:
    upkeep = Upkeep(rate=4)
    assert not upkeep.is_due and upkeep.seconds_left is None
    upkeep.tick(0.0, changed=True)
    assert upkeep.is_due
    upkeep.done()
    upkeep.tick(0.1, changed=True)
    assert not upkeep.is_due and upkeep.seconds_left == pytest.approx(0.15)
    upkeep.tick(0.2, changed=False)
    assert upkeep.is_due
