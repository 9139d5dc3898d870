"""What of a crowd is sent to browsers, and when."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import viser
from container_samples import append_steps, fallen, sample_info, terminal_values
from memory_rollout import memory_rollout, still
from viser_servers import running_server

from replay_viewer.container.writer import ContainerWriter
from replay_viewer.replay.replay import open_replay, with_robots
from replay_viewer.replay.world import world_of
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.outcomes import Outcome
from replay_viewer.viewer.crowd import ByOutcome, Crowd, crowd
from replay_viewer.viewer.session import Session
from replay_viewer.viewer.tail import Tail

NUM_ENVS, NUM_STEPS = 5, 40
BALL = EntitySpec("ball", kind="object", shape={"type": "sphere", "radius": 0.2})


@pytest.fixture(scope="module")
def server() -> Iterator[viser.ViserServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def drawn(server: viser.ViserServer) -> Iterator[Crowd]:
    """A crowd of robots that walk along x, each with a ball above it, 3 m apart along y; env 1 falls all the time."""
    values = still(NUM_STEPS, NUM_ENVS) | still(NUM_STEPS, NUM_ENVS, "ball")
    for name, height in (("robot", 0.3), ("ball", 1.0)):
        values[f"{name}.base_pos"][..., 0] = np.arange(NUM_STEPS)[:, None]
        values[f"{name}.base_pos"][..., 1] = 3 * np.arange(NUM_ENVS)
        values[f"{name}.base_pos"][..., 2] = height
    facts = {"entities": [EntitySpec("robot"), BALL], "episodes": {1: one_step_episodes(1)}}
    crowd = Crowd(server, Session(world_of([with_robots(memory_rollout(values, **facts))])))
    yield crowd
    crowd.close()


def one_step_episodes(env: int) -> list[Episode]:
    """Each step is an episode, every other one of which is a fall."""
    outcomes: tuple[Outcome, Outcome] = ("terminated", "truncated")
    return [Episode(env, step, step, step, outcomes[step % 2], "recorded") for step in range(NUM_STEPS)]


def instance_colors(crowd: Crowd) -> np.ndarray:
    """Colours of the instances of the robot's first mesh, linear bytes."""
    return crowd._bodies["robot"]._parts[0].handle.batched_colors.copy()


def places(crowd: Crowd, name: str) -> np.ndarray:
    """Where the instances of an entity's first mesh are (N, 3) [m]."""
    return crowd._bodies[name]._parts[0].handle.batched_positions


def show_on(crowd: Crowd) -> None:
    crowd.state.set_on(True)
    crowd.show()


def test_nothing_is_drawn_until_it_is_switched_on(server: viser.ViserServer, drawn: Crowd) -> None:
    drawn.show()
    assert not any("crowd" in name for name in server.scene._handle_from_node_name)
    assert drawn.pick(np.array([0.0, 3, 9]), np.array([0.0, 0, -1])) is None
    assert drawn.nearest().shape == (0, 3)


def test_every_entity_of_all_other_envs_is_drawn(drawn: Crowd) -> None:
    show_on(drawn)
    assert places(drawn, "robot")[:, 1].tolist() == [3, 6, 9, 12]
    assert places(drawn, "ball")[:, 2] == pytest.approx([1.0] * 4)
    drawn._session.select_env(2)
    drawn.show()
    assert places(drawn, "robot")[:, 1].tolist() == [0, 3, 9, 12]


def test_it_moves_with_playback_between_two_steps_too(drawn: Crowd) -> None:
    show_on(drawn)
    drawn._session.seek(7.25)
    drawn.show()
    assert places(drawn, "robot")[1:, 0] == pytest.approx([7.25] * 3)


def test_frames_of_a_large_crowd_are_left_out_but_the_one_at_which_playback_stands(
    drawn: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_on(drawn)
    session = drawn._session
    monkeypatch.setattr(crowd, "_PER_FRAME", 6)  # Meshes of two entities, five envs: every third frame or less.
    session.play()
    seen = []
    for _ in range(60):
        session.tick(1 / 60)
        drawn.show()
        seen.append(float(places(drawn, "robot")[0, 0]))
    assert all(x == int(x) for x in seen)
    assert 5 < len(set(seen)) <= 20
    session.pause()
    drawn.show()
    assert places(drawn, "robot")[0, 0] == session.player.step


def test_colours_of_ever_new_episodes_are_sent_now_and_then_and_when_playback_stands(drawn: Crowd) -> None:
    session = drawn._session
    drawn.state.set_color_by("outcome")
    show_on(drawn)
    session.play()
    painted = []
    for _ in range(24):
        session.tick(1 / 60)
        drawn.show()
        painted.append(instance_colors(drawn))
    changes = sum(not np.array_equal(a, b) for a, b in itertools.pairwise(painted))
    assert 2 <= changes <= 5
    session.pause()
    session.seek(7)
    drawn.show()
    at_seven = instance_colors(drawn)
    session.seek(8)
    drawn.show()
    assert not np.array_equal(instance_colors(drawn), at_seven)


def test_nearest_are_those_beside_the_one_watched(drawn: Crowd) -> None:
    drawn._session.select_env(3)
    show_on(drawn)
    assert drawn.nearest()[:, 1].tolist() == [6, 12, 3, 0]


def test_ray_picks_a_robot_or_what_belongs_to_its_env(drawn: Crowd) -> None:
    show_on(drawn)
    down = np.array([0.0, 0, -1])
    assert drawn.pick(np.array([0.0, 6, 9]), down) == 2
    assert drawn.pick(np.array([0.15, 9, 1.0]), np.array([-1.0, 0, 0])) == 3  # Its ball.
    assert drawn.pick(np.array([0.0, 0, 9]), down) == 0  # The one watched.
    assert drawn.pick(np.array([0.0, 7.5, 9]), down) is None


def test_switched_off_it_leaves_nothing_and_comes_back(server: viser.ViserServer, drawn: Crowd) -> None:
    show_on(drawn)
    drawn.state.toggle()
    drawn.show()
    assert not any("/world/crowd" in name for name in server.scene._handle_from_node_name)
    show_on(drawn)
    assert places(drawn, "robot").shape == (4, 3)


def recorded_place(crowd: Crowd) -> list[float]:
    """Where env 1 was recorded, by where it is drawn."""
    return (places(crowd, "robot")[0] - crowd.state.offsets[1]).tolist()


def test_crowd_of_a_recording_that_is_written_shows_what_came_since(server: viser.ViserServer, tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, range(10))
        replay = open_replay(tmp_path / "run.rec")
        crowd = Crowd(server, Session(world_of([replay]), tail=Tail(replay)))
        crowd.state.set_color_by("outcome")
        show_on(crowd)
        assert recorded_place(crowd)[0] == 9
        writer.end_episodes(fallen(10, [1], values=terminal_values(10, [1])))
        append_steps(writer, range(10, 20))
        assert crowd._session.poll(1.0)
        assert isinstance(crowd.state.coloring, ByOutcome)
        assert ("terminated", 1) in [(text, number) for text, _, number in crowd.state.coloring.counts]
        crowd._session.seek(10)
        crowd.show()
        assert recorded_place(crowd)[2] == 1000
        crowd._session.seek(15)
        crowd.show()
        assert recorded_place(crowd)[0] == 15
        crowd.close()
        replay.close()
