"""Layers in the page: which are shown, the nodes that their shapes get, what is sent of them, what the panel says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import viser
from layer_samples import constant, forces, torques, walk
from memory_rollout import memory_rollout, still
from urdf_files import write_urdf
from viser_servers import running_server

from replay_viewer.errors import UnknownName
from replay_viewer.layers import LAYERS, Axes, Labels, Layer, Lines, Link, Mesh, Points, Pose, Shape, Tints, Tubes
from replay_viewer.layers.torques import color_of
from replay_viewer.replay.frames import Frame
from replay_viewer.replay.replay import Replay, with_robots
from replay_viewer.replay.world import world_of
from replay_viewer.robot import load_robot
from replay_viewer.rotations import rotate
from replay_viewer.viewer.layers import ShownLayers, ViserLayer
from replay_viewer.viewer.panels.view import layers_html
from replay_viewer.viewer.scene import Scene

RED, BLUE = (200, 0, 0), (0, 0, 200)


@pytest.fixture(scope="module")
def shared_server() -> Iterator[viser.ViserServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def server(shared_server: viser.ViserServer) -> viser.ViserServer:
    shared_server.scene.reset()
    return shared_server


def stage(
    server: viser.ViserServer, replay: Replay, *on: str, added: Sequence[Layer | ViserLayer] = (), told: Any = None
) -> ShownLayers:
    """The layers of a replay, some of them on. told: a list that gets what users are told."""
    Scene(server, world_of([replay]))
    layers = ShownLayers(server, replay, added, lambda *text: None if told is None else told.append(text))
    for name in on:
        layers.switch(name, True)
    return layers


def show(layers: ShownLayers, replay: Replay, position: float) -> None:
    layers.show(replay.frames.frame_at(position, [0]))


def node(server: viser.ViserServer, name: str) -> Any:
    return server.scene._handle_from_node_name[f"/world/{name}"]


def is_there(server: viser.ViserServer, name: str) -> bool:
    """Whether a node is in the scene and not hidden."""
    handle = server.scene._handle_from_node_name.get(f"/world/{name}")
    return handle is not None and handle.visible


class Sent:
    """The messages about the scene that a server sends."""

    def __init__(self, server: viser.ViserServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.messages: list[Any] = []
        send = server.scene._queue_scene_message

        def note(message: Any) -> None:
            self.messages.append(message)
            send(message)

        monkeypatch.setattr(server.scene, "_queue_scene_message", note)

    def take(self) -> list[tuple[str, list[str]]]:
        """Of those since the last time, which node each is about, and which properties it has."""
        taken, self.messages = self.messages, []
        return [(message.name, sorted(getattr(message, "updates", {}))) for message in taken]


class Giving:
    """A user's layer that gives the shapes that it is told to."""

    def __init__(self, *given: Shape) -> None:
        self.given: Any = given

    def shapes(self, frame: Frame) -> Sequence[Shape]:
        return self.given


# Which are shown.


def test_nothing_is_drawn_before_it_is_switched_on(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path)
    layers = stage(server, replay)
    show(layers, replay, 3)
    assert tuple(layers.builtin) == LAYERS
    assert not any("layers/" in name for name in server.scene._handle_from_node_name)
    for on in (True, False, True):
        layers.switch("path", on)
        show(layers, replay, 3)
        assert is_there(server, "layers/path") == on


def test_what_hangs_on_links_comes_and_goes_with_its_layer(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path, more=torques())
    layers = stage(server, replay)
    for on in (True, False, True):
        for name in ("frames", "torques"):
            layers.switch(name, on)
        show(layers, replay, 20)
        assert is_there(server, "robot/lower/frames-4") == on
        assert is_there(server, "robot/upper/torques-0") == on


def test_a_layer_without_its_data_stays_off(tmp_path: Path, server: viser.ViserServer) -> None:
    layers = stage(server, walk(tmp_path), *LAYERS)
    assert layers.on == ["velocity", "trails", "path", "frames"]


def test_the_next_recording_is_shown_with_the_same_layers(tmp_path: Path, server: viser.ViserServer) -> None:
    switched_on: set[str] = set()
    for replay in (walk(tmp_path, more=torques()), walk(tmp_path), walk(tmp_path, more=torques())):
        server.scene.reset()
        Scene(server, world_of([replay]))
        layers = ShownLayers(server, replay, (), lambda *_: None, switched_on)
        layers.switch("path", True)
        layers.switch("torques", True)
        show(layers, replay, 3)
        assert layers.on == (["path", "torques"] if "robot.joint_torque" in replay.rollout.fields else ["path"])
    assert switched_on == {"path", "torques"}


@pytest.mark.parametrize("odd", [None, 3, "nothing", ["path"], {}])
def test_what_a_browser_sends_that_is_no_name_is_ignored(tmp_path: Path, server: viser.ViserServer, odd: Any) -> None:
    layers = stage(server, walk(tmp_path))
    layers.toggle(odd)
    assert layers.on == []
    with pytest.raises(UnknownName):
        layers.switch("nothing", True)


# Layers that fail.


class Failing:
    """A layer of viser's nodes that fails in one of its methods."""

    def __init__(self, where: str) -> None:
        self.where, self.num_shown = where, 0

    def setup(self, server: viser.ViserServer) -> None:
        if self.where == "setup":
            raise RuntimeError("no luck")

    def show(self, frame: Frame) -> None:
        self.num_shown += 1
        if self.where == "show":
            raise RuntimeError("no luck")


@pytest.mark.parametrize(("where", "num_shown"), [("setup", 0), ("show", 1), ("nowhere", 2)])
def test_a_layer_that_fails_ends_alone(
    tmp_path: Path, server: viser.ViserServer, caplog: pytest.LogCaptureFixture, where: str, num_shown: int
) -> None:
    replay, layer, told = walk(tmp_path), Failing(where), []
    layers = stage(server, replay, added=[layer], told=told)
    show(layers, replay, 0)
    show(layers, replay, 1)
    assert layer.num_shown == num_shown
    failed = where != "nowhere"
    expected = (f"Failing.{where} failed, and is not shown any more", "RuntimeError: no luck")
    assert told == ([expected] if failed else [])
    assert ("no luck" in caplog.text) == failed


class Blinking(Giving):
    """A layer of shapes that fails from a step on."""

    def shapes(self, frame: Frame) -> Sequence[Shape]:
        return [Points([[0, 0, np.nan if frame.position > 2 else 0.0]], RED)]  # type: ignore[arg-type]


def test_a_layer_of_shapes_that_fails_is_gone_from_the_scene(tmp_path: Path, server: viser.ViserServer) -> None:
    replay, told = walk(tmp_path), []
    layers = stage(server, replay, added=[Blinking()], told=told)
    show(layers, replay, 1)
    assert is_there(server, "layers/added0")
    show(layers, replay, 3)
    show(layers, replay, 4)
    assert not is_there(server, "layers/added0")
    problem = "Points.positions has numbers that are not finite."
    assert told == [("Blinking.shapes failed, and is not shown any more", problem)]


def test_a_layer_that_hangs_something_on_no_link_is_told_of(tmp_path: Path, server: viser.ViserServer) -> None:
    replay, told = walk(tmp_path), []
    lost = [
        Giving(Points(np.zeros((1, 3)), RED, place=Link("robot", "nose"))),
        Giving(Points(np.zeros((1, 3)), RED, place=Link("dog", "base"))),
    ]
    show(stage(server, replay, added=lost, told=told), replay, 1)
    assert "link 'nose' is not in 'robot'" in told[0][1]
    assert "entity 'dog' is not in the recording" in told[1][1]


# Nodes and what is sent of them.


def test_arrows_have_the_pose_that_they_are_relative_to(tmp_path: Path, server: viser.ViserServer) -> None:
    more = {"command": constant(21, 0.6, 0.3, 0.5), "robot.base_lin_vel": constant(21, 1.0, 0.0, 0.7)}
    replay = walk(tmp_path, more=more, yaw=np.pi / 2)
    show(stage(server, replay, "velocity"), replay, 4.5)
    place, arrows = node(server, "layers/velocity/pose0"), node(server, "layers/velocity/pose0/2")
    start, tip = rotate(place.wxyz, arrows.points[0]) + place.position
    assert np.allclose(start[:2], [0.45, 0])
    assert tip[0] > start[0] + 0.1
    assert np.allclose(tip[1:], start[1:], atol=1e-6)
    assert is_there(server, "layers/velocity/pose0/1")  # The arc of the commanded turn; the base does not turn.
    assert not is_there(server, "layers/velocity/pose0/3")


def test_arrows_too_short_to_see_are_left_out(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path, more=forces(21, (0, 0, 100), (0, 0, 0.5)))
    show(stage(server, replay, "contacts"), replay, 0)
    assert len(node(server, "layers/contacts/0").points) == 1


def test_tubes_are_put_from_one_end_to_the_other(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path)
    layers = stage(server, replay, "trails")
    show(layers, replay, 0)
    assert not is_there(server, "layers/trails/0")
    show(layers, replay, 8.5)
    pieces = node(server, "layers/trails/0")
    ends = pieces.batched_positions + np.array([0.5, 0, 0]) * pieces.batched_scales[:, 2:]
    feet = replay.frames.frame_at(8.5, [0]).entities["robot"].link_positions[0]
    assert np.allclose(ends[-1], feet[replay.robots["robot"].link_names.index("tip")])


def test_a_tinted_link_has_a_skin_of_that_colour(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path, more=torques())
    layers = stage(server, replay, "torques")
    show(layers, replay, 20)
    assert np.allclose(node(server, "robot/upper/torques-0").color, color_of(0.5), atol=20)
    show(layers, replay, 0)
    assert np.allclose(node(server, "robot/upper/torques-0").color, color_of(0))


def test_a_tint_of_a_fixed_link_is_that_of_the_one_that_it_is_fixed_to(
    tmp_path: Path, server: viser.ViserServer
) -> None:
    replay, told = walk(tmp_path), []
    fixed, lost = Giving(Tints("robot", ["hand"], RED)), Giving(Tints("robot", ["nose"], RED))
    show(stage(server, replay, added=[fixed, lost], told=told), replay, 1)
    assert node(server, "robot/upper/added0-0").color == RED
    assert "link 'nose' is not in the robot" in told[0][1]


def test_every_kind_of_shape_is_drawn_and_taken_away(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path)
    one, line = np.zeros((1, 3)), np.array([[[0, 0, 0], [1.0, 0, 0]]])
    pose, colors = Pose(np.array([1.0, 2, 3]), np.array([1.0, 0, 0, 0])), np.array([RED])
    shapes: list[Shape] = [
        Lines(line, colors),
        Tubes(line, np.ones(1), colors),
        Points(one, colors, place=pose),
        Axes(one, np.array([[1.0, 0, 0, 0]])),
        Labels(one, ["here"]),
        Mesh(np.eye(3), np.array([[0, 1, 2]]), RED, opacity=0.5, place=Link("robot", "lower")),
        Tints("robot", ["upper"], RED),
    ]
    layer = Giving(*shapes)
    layers = stage(server, replay, added=[layer])
    names = [f"layers/added0/{index}" for index in (0, 1, 3, 4)]
    names += ["layers/added0/pose0/2", "robot/lower/added0-5", "robot/upper/added0-6"]
    show(layers, replay, 1)
    assert all(is_there(server, name) for name in names)
    assert node(server, "layers/added0/4/0").text == "here"
    assert np.allclose(node(server, "layers/added0/pose0").position, [1, 2, 3])
    layer.given = ()
    show(layers, replay, 2)
    assert not any(is_there(server, name) for name in names)
    layer.given = shapes[::-1]  # Others at each place, but for one in the middle.
    show(layers, replay, 3)
    assert is_there(server, "robot/upper/added0-0")
    assert is_there(server, "layers/added0/6")
    assert not is_there(server, "robot/upper/added0-6")


def test_what_hangs_on_a_fixed_link_moves_with_the_one_that_it_is_fixed_to(
    tmp_path: Path, server: viser.ViserServer
) -> None:
    replay = walk(tmp_path)
    layer = Giving(Points(np.zeros((1, 3)), RED, place=Link("robot", "foot")))
    show(stage(server, replay, added=[layer]), replay, 1)
    assert np.allclose(node(server, "robot/lower/added0@foot").position, [0, 0, -1])
    assert is_there(server, "robot/lower/added0@foot/added0-0")


def test_the_same_shape_again_sends_nothing_and_one_that_moves_only_what_changed(
    tmp_path: Path, server: viser.ViserServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = walk(tmp_path)
    points = Points(np.zeros((2, 3)), RED)
    layer = Giving(points, Labels(np.zeros((1, 3)), ["a"]))
    sent = Sent(server, monkeypatch)
    layers = stage(server, replay, added=[layer])
    show(layers, replay, 0)
    sent.take()
    show(layers, replay, 1)
    assert sent.take() == []
    layer.given = (Points(np.zeros((2, 3)), RED), Labels(np.zeros((1, 3)), ["a"]))  # Others that are the same.
    show(layers, replay, 2)
    assert sent.take() == []
    layer.given = (Points(np.ones((2, 3)), RED), Labels(np.zeros((1, 3)), ["b"]))
    show(layers, replay, 3)
    assert sent.take() == [("/world/layers/added0/0", ["batched_positions"]), ("/world/layers/added0/1/0", ["text"])]
    layer.given = (Points(np.ones((2, 3)), BLUE), Labels(np.ones((1, 3)), ["b"]))
    show(layers, replay, 4)
    assert sent.take() == [("/world/layers/added0/0", ["batched_colors"]), ("/world/layers/added0/1/0", [])]


def test_the_path_is_not_sent_again_before_a_point_of_it_is_passed(
    tmp_path: Path, server: viser.ViserServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = walk(tmp_path)
    sent = Sent(server, monkeypatch)
    layers = stage(server, replay, "path", "frames")
    show(layers, replay, 4.2)
    sent.take()
    show(layers, replay, 4.7)
    assert sent.take() == []
    show(layers, replay, 5.0)
    assert sent.take() == [("/world/layers/path/0", ["points"]), ("/world/layers/path/1", ["points"])]


# The panel.


def test_the_panel_escapes_what_files_say(tmp_path: Path, server: viser.ViserServer) -> None:
    body = (
        '<link name="a"/><link name="&lt;img src=x>"/><joint name="j" type="continuous"><parent link="a"/><child link='
    )
    robot = load_robot(write_urdf(tmp_path, body + '"&lt;img src=x>"/></joint>'))
    layers = stage(server, with_robots(memory_rollout(still(3, 1)), robot), "trails")
    page = layers_html(layers)
    assert "&lt;img" in page
    assert "<img" not in page


def test_the_panel_shows_switches_legends_and_lacks(tmp_path: Path, server: viser.ViserServer) -> None:
    layers = stage(server, walk(tmp_path), "path")
    page = layers_html(layers)
    assert page.count('role="switch"') == len(LAYERS)
    assert page.count('aria-checked="true"') == 1
    assert page.count(" disabled") == 3
    assert "so far" in page and "to come" in page
    assert "#ea580c" in page
    assert "<code>contact_force</code>" in page
    shown = layers_html(stage(server, walk(tmp_path, more=torques()), "torques"))
    assert "linear-gradient(90deg,#ffffd9,#fed976,#fd8d3c,#e31a1c,#800026)" in shown
