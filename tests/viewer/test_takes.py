"""Several recordings on one page: their nodes and poses, their colours, and what the page says of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import viser
from arm_urdf import JOINTS, write_arm
from memory_rollout import memory_rollout, still
from viser_servers import running_server

from replay_viewer import Viewer
from replay_viewer.errors import BadArgument, ReplayError
from replay_viewer.layers import Points
from replay_viewer.paths import asset
from replay_viewer.replay.frames import Frame
from replay_viewer.replay.replay import Replay, open_replay, with_robots
from replay_viewer.replay.take import Take
from replay_viewer.replay.world import World, world_of
from replay_viewer.robot import load_robot
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.theme import TAKE_COLORS, TAKE_OPACITY, rgb_bytes
from replay_viewer.viewer.panels.timeline import TimelineState
from replay_viewer.viewer.scene import Scene
from replay_viewer.viewer.session import Session


@pytest.fixture(scope="module")
def server() -> Iterator[viser.ViserServer]:
    with running_server() as server:
        yield server


def sliding(num_steps: int, control_dt: float, y: float = 0.0) -> Replay:
    """A neutral body at x = time [s]."""
    values = still(num_steps, 1)
    values["robot.base_pos"][:, 0] = [(control_dt * step, y, 0.5) for step in range(num_steps)]
    return with_robots(memory_rollout(values, control_dt=control_dt))


def arm(folder: Path) -> Replay:
    values = {**still(10, 1), "robot.joint_pos": np.zeros((10, 1, 2))}
    entities = [EntitySpec("robot", joint_names=JOINTS)]
    return with_robots(memory_rollout(values, entities=entities), load_robot(write_arm(folder)))


def shown(server: viser.ViserServer, world: World, position: float) -> Scene:
    scene = Scene(server, world)
    scene.show(world.lead.frame_at(position), np.zeros(3), world.frames_beside(position))
    return scene


def node(server: viser.ViserServer, name: str) -> Any:
    return server.scene._handle_from_node_name[f"/world/{name}"]


def link_nodes(server: viser.ViserServer, key: str) -> list[str]:
    return sorted(name for name in server.scene._handle_from_node_name if name.startswith(f"/world/{key}/"))


def test_others_have_nodes_below_their_keys_at_the_lead_s_time(server: viser.ViserServer) -> None:
    world = world_of([sliding(100, 0.02), sliding(400, 0.005, 1), Take(sliding(10, 0.02), offset=(0, 3, 0))])
    scene = shown(server, world, 50)
    bases = [node(server, f"{key}robot/base").position.tolist() for key in ("", "take2/", "take3/")]
    assert np.allclose(bases, [(1, 0, 0.5), (1, 1, 0.5), (0.18, 0, 0.5)])
    assert node(server, "take3").position.tolist() == [0, 3, 0]
    scene.close()
    assert not link_nodes(server, "take2")


def test_side_by_side_others_are_solid_and_else_translucent(
    server: viser.ViserServer,
) -> None:
    session = Session(world_of([sliding(9, 0.02), sliding(9, 0.02, 1)]))
    scene = shown(server, session.world, 0)
    seen = []
    for _ in range(3):
        session.next_mode()
        scene.arrange(session.world)
        mesh = node(server, "take2/robot/base")
        seen.append((session.world.mode, node(server, "take2").position[1] + 1, mesh.opacity, mesh.cast_shadow))
    scene.close()
    side = 2 * session.replay.robots["robot"].radius
    modes, places, opacities, shadows = zip(*seen, strict=True)
    assert modes == ("ghost", "side", "recorded")
    assert places == pytest.approx((0, -side, 1))
    assert (opacities, shadows) == ((TAKE_OPACITY, None, TAKE_OPACITY), (False, True, False))


def test_others_are_translucent_meshes_of_their_colour(server: viser.ViserServer) -> None:
    scene = shown(server, world_of([sliding(9, 0.02)] * 3), 0)
    for number, color in enumerate(TAKE_COLORS[:2]):
        handle = node(server, f"take{number + 2}/robot/base")
        assert handle.opacity == TAKE_OPACITY
        assert tuple(handle.color) == rgb_bytes(color)
    scene.close()


def test_every_link_that_moves_has_a_node_for_what_hangs_on_it(tmp_path: Path, server: viser.ViserServer) -> None:
    world = world_of([sliding(9, 0.02), arm(tmp_path)])
    scene = shown(server, world, 3)
    robot = world.others[0].replay.robots["robot"]
    found = link_nodes(server, "take2/robot")
    scene.close()
    assert found == sorted(f"/world/take2/robot/{name}" for name in robot.link_names[: robot.num_bodies])


def test_with_one_take_nothing_is_added(server: viser.ViserServer) -> None:
    scene = shown(server, world_of([sliding(9, 0.02)]), 0)
    assert {name for name in server.scene._handle_from_node_name if name.startswith("/world/")} == {
        "/world/ground", "/world/robot", "/world/robot/base",
    }  # fmt: skip
    scene.close()


def test_the_page_is_told_who_is_who() -> None:
    state = TimelineState(Session(world_of([open_replay(asset("walk.rec"))])))
    assert state.changes()["takes"] == []
    walk = open_replay(asset("walk.rec"))
    session = Session(world_of([walk, Take(walk, 1), Take(walk, 2, tint=(1, 2, 255), delay=-0.5)]))
    state = TimelineState(session)
    assert state.changes()["takes"] == [
        {"key": "", "name": "walk env 0", "color": "", "note": "", "delay": 0},
        {"key": "take2", "name": "walk env 1", "color": TAKE_COLORS[0], "note": "", "delay": 0},
        {"key": "take3", "name": "walk env 2", "color": "#0102ff", "note": "", "delay": -0.5},
    ]
    session.select_env(4)
    assert state.changes()["takes"][0]["name"] == "walk env 4"


def test_the_page_is_told_who_waits_at_its_end() -> None:
    session = Session(world_of([sliding(50, 0.02), sliding(20, 0.02)]))
    state = TimelineState(session)
    for step, note in ((20, "waits at its end"), (19, "")):
        session.seek(step)
        assert [take["note"] for take in state.changes()["takes"]] == ["", note]


def test_a_session_begins_at_the_start_of_its_lead() -> None:
    walk = open_replay(asset("walk.rec"))
    assert Session(world_of([Take.of_episode(walk, 0, 1), walk])).player.step == walk.rollout.episodes(0)[1].first_step


def test_several_recordings_are_shown_and_those_named_by_path_are_closed() -> None:
    given = sliding(20, 0.02)
    with Viewer([asset("walk.rec"), given, asset("walk.rec")], port=0) as viewer:
        world = viewer._app.session.world
        assert [take.replay.rollout.name for take in world.takes] == ["walk", "memory", "walk"]
        assert viewer.replay is world.lead.replay is world.others[1].replay
    assert given.rollout.read("robot.base_pos").shape == (20, 1, 3)


def test_a_robot_that_is_given_is_that_of_all(tmp_path: Path) -> None:
    robot = load_robot(write_arm(tmp_path))
    with Viewer([sliding(5, 0.02), Take(sliding(5, 0.02)), sliding(5, 0.02).rollout], robot, port=0) as viewer:
        assert all(take.replay.robots["robot"] is robot for take in viewer._app.session.world.takes)
    with Viewer([Take(walk := sliding(5, 0.02)), Take(walk, start=2)], robot, port=0) as viewer:
        assert len(viewer._app.session.world.replays) == 1, "what is one recording stays one"


def test_what_cannot_be_shown_together_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.rec").write_text("no recording")
    with pytest.raises(ReplayError, match=r"broken\.rec"):
        Viewer([asset("walk.rec"), tmp_path / "broken.rec"], port=0)
    for count in (0, 9):
        with pytest.raises(BadArgument, match="one scene shows 1 to 8 of them"):
            Viewer([asset("walk.rec")] * count, port=0)


def test_layers_are_those_of_all_takes_and_a_user_s_of_the_lead(tmp_path: Path) -> None:
    frames: list[int] = []

    class Mine:
        def shapes(self, frame: Frame) -> list[Points]:
            frames.append(frame.envs[0])
            return [Points(np.zeros((1, 3)), (1, 2, 3), radius=0.1)]

    walk = open_replay(asset("walk.rec"))
    still_one = with_robots(memory_rollout(still(5, 1, "box"), entities=[EntitySpec("box", kind="object")]))
    with Viewer([walk, Take(walk, 3), still_one], layers=[Mine()], port=0) as viewer:
        nodes = viewer._app._page.server.scene._handle_from_node_name
        for is_on in (True, False):
            shown = viewer._app._shown
            assert shown is not None
            done = Event()
            viewer._app._page.post(shown._toggle_layer, "velocity")
            viewer._app._page.post(shown.draw)
            viewer._app._page.post(done.set)
            assert done.wait(20)
            roots = [nodes[f"/world/{key}layers/velocity"] for key in ("", "take2/")]
            assert [root.visible for root in roots] == [is_on, is_on]
        assert "/world/take3/layers/velocity" not in nodes
        assert not any(name.startswith("/world/take2/layers/added") for name in nodes)
    assert set(frames) == {0}


def test_lanes_are_the_episodes_that_takes_show_and_where_they_stand_among_the_leads_steps() -> None:
    walk = open_replay(asset("walk.rec"))
    first, second = walk.rollout.episodes(1)[:2]
    session = Session(world_of([walk, Take.of_episode(walk, 1, 1), Take(walk, 1, delay=0.1)]))
    state = TimelineState(session)
    told = state.changes()
    episode, whole = told["lanes"]
    assert (episode["span"], episode["first"]) == ([second.first_step, second.last_step], [second.first_step])
    assert whole["last"][:2] == [first.last_step, second.last_step] and len(whole["kind"]) == len(whole["first"])
    assert told["laneTimes"] == [[-second.first_step, 1], [pytest.approx(5), 1]]
    session.delay_take("take3", 0.2)
    changes = state.changes()
    assert changes["laneTimes"][1] == [pytest.approx(10), 1] and "lanes" not in changes
