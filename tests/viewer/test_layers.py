"""The viewer's own layers: what they draw of known motions, what they need, and what the panel says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import viser
from arm_urdf import JOINTS, write_arm
from memory_rollout import memory_rollout, still, windows
from urdf_files import one_link, visual, write_urdf
from viser_servers import running_server

from replay_viewer.errors import UnknownName
from replay_viewer.replay.frames import Frame
from replay_viewer.replay.replay import Replay, with_robots
from replay_viewer.replay.world import world_of
from replay_viewer.robot import from_shape, load_robot
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.rollout import Entity
from replay_viewer.rotations import from_rpy, rotate
from replay_viewer.viewer.layers import ShownLayers, builtin_layers
from replay_viewer.viewer.layers.links import poses_on
from replay_viewer.viewer.layers.shapes import arc_segments, skin
from replay_viewer.viewer.layers.torques import color_of
from replay_viewer.viewer.layers.trails import along, trail_steps, tubes
from replay_viewer.viewer.panels.view import layers_html
from replay_viewer.viewer.scene import Scene

ALL = ("velocity", "contacts", "trails", "path", "torques", "frames", "collisions")


@pytest.fixture(scope="module")
def shared_server() -> Iterator[viser.ViserServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def server(shared_server: viser.ViserServer) -> viser.ViserServer:
    shared_server.scene.reset()
    return shared_server


def walk(
    folder: Path,
    num_steps: int = 21,
    more: Mapping[str, np.ndarray] | None = None,
    yaw: float = 0.0,
    episodes: Sequence[Episode] | None = None,
    **facts: Any,
) -> Replay:
    """The arm as a robot that goes along x at 1 m/s, heading as it is told to, its joints at zero."""
    values = still(num_steps, 1)
    values["robot.base_pos"][:, 0, 0] = 0.1 * np.arange(num_steps)
    values["robot.base_wxyz"][:, 0] = from_rpy(0, 0, yaw)  # type: ignore[arg-type]
    values["robot.joint_pos"] = np.zeros((num_steps, 1, 2))
    box = visual('<box size="0.2 0.2 0.2"/>')
    parts = "".join(f'<link name="{name}">{box}</link>' for name in ("foot", "hand"))
    fixed = '<joint name="j{0}" type="fixed"><parent link="{1}"/><child link="{2}"/></joint>'
    robot = load_robot(write_arm(folder, parts + fixed.format(1, "tip", "foot") + fixed.format(2, "upper", "hand")))
    entity = Entity("robot", joint_names=JOINTS, contact_bodies=("tip", "base"))
    stated = None if episodes is None else {0: episodes}
    rollout = memory_rollout(values | dict(more or {}), entities=[entity], control_dt=0.1, episodes=stated, **facts)
    return with_robots(rollout, robot)


def constant(num_steps: int, *numbers: Any) -> np.ndarray:
    return np.broadcast_to(np.array(numbers, dtype=float), (num_steps, 1, *np.shape(numbers)))


def stage(server: viser.ViserServer, replay: Replay, *on: str, added: Sequence[Any] = ()) -> ShownLayers:
    """The layers of a replay, some of them on."""
    Scene(server, world_of([replay]))
    layers = ShownLayers(server, builtin_layers(replay), added, lambda *_: None)
    for name in on:
        layers.switch(name, True)
    return layers


def show(layers: ShownLayers, replay: Replay, position: float) -> None:
    layers.show(replay.frames.frame_at(position, [0]))


def node(server: viser.ViserServer, name: str) -> Any:
    return server.scene._handle_from_node_name[f"/world/{name}"]


def arrows(server: viser.ViserServer, name: str) -> np.ndarray:
    """The vectors (N, 3) of arrows that are seen."""
    handle = node(server, name)
    return handle.points[:, 1] - handle.points[:, 0] if handle.visible else np.zeros((0, 3))


# Which are shown.


def test_nothing_is_set_up_before_it_is_switched_on(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path)
    layers = stage(server, replay)
    show(layers, replay, 3)
    assert tuple(layers.builtin) == ALL
    assert not any("layers/" in name for name in server.scene._handle_from_node_name)
    layers.switch("path", True)
    assert node(server, "layers/path").visible
    layers.switch("path", False)
    assert not node(server, "layers/path").visible


def test_an_overlay_without_its_data_stays_off_and_says_what_it_needs(
    tmp_path: Path, server: viser.ViserServer
) -> None:
    layers = stage(server, walk(tmp_path), *ALL)
    assert layers.on == ["velocity", "trails", "path", "frames"]
    lacks = {name: layer.lack for name, layer in layers.builtin.items() if layer.lack}
    assert set(lacks) == {"contacts", "torques", "collisions"}
    assert "`contact_force`" in lacks["contacts"]
    assert "`joint_torque`" in lacks["torques"]
    assert "no collision shapes" in lacks["collisions"]


def test_a_recording_of_a_box_alone_has_no_overlays_of_robots(server: viser.ViserServer) -> None:
    box = Entity("box", kind="object", shape={"type": "box", "size": [1, 1, 1]})
    layers = stage(server, with_robots(memory_rollout(still(3, 1, "box"), entities=[box])), *ALL)
    assert layers.on == ["path", "frames"]


def test_the_next_recording_is_shown_with_the_same_overlays(tmp_path: Path, server: viser.ViserServer) -> None:
    switched_on: set[str] = set()
    for replay in (walk(tmp_path, more=torques()), walk(tmp_path), walk(tmp_path, more=torques())):
        server.scene.reset()
        Scene(server, world_of([replay]))
        layers = ShownLayers(server, builtin_layers(replay), (), lambda *_: None, switched_on)
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


class Failing:
    """A layer that fails in one of its methods."""

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
    layers = ShownLayers(server, builtin_layers(replay), [layer], lambda *told_: told.append(told_))
    show(layers, replay, 0)
    show(layers, replay, 1)
    assert layer.num_shown == num_shown
    failed = where != "nowhere"
    expected = (f"Failing.{where} failed, and is not shown any more", "RuntimeError: no luck")
    assert told == ([expected] if failed else [])
    assert ("no luck" in caplog.text) == failed


# Velocity.


def test_a_command_is_ahead_and_to_the_left_of_the_heading(tmp_path: Path, server: viser.ViserServer) -> None:
    more = {"command": constant(21, 0.6, 0.3, 0.5), "robot.base_lin_vel": constant(21, 1.0, 0.0, 0.7)}
    replay = walk(tmp_path, more=more, yaw=np.pi / 2)
    show(stage(server, replay, "velocity"), replay, 4.5)
    wxyz = node(server, "layers/velocity/robot").wxyz
    commanded, actual = (rotate(wxyz, arrows(server, f"layers/velocity/robot/{i}")[0]) for i in (0, 1))
    scale = actual[0]
    assert scale > 0
    assert np.allclose(actual, [scale, 0, 0], atol=1e-6)
    assert np.allclose(commanded, [-0.3 * scale, 0.6 * scale, 0], atol=1e-6)
    assert np.allclose(node(server, "layers/velocity/robot").position[:2], [0.45, 0])
    assert node(server, "layers/velocity/robot/arc0").visible
    assert not node(server, "layers/velocity/robot/arc1").visible


def test_a_velocity_that_is_not_recorded_is_that_of_the_base(tmp_path: Path, server: viser.ViserServer) -> None:
    episodes = [Episode(0, 0, 0, 9, "terminated", "recorded"), Episode(0, 1, 10, 20, "unfinished")]
    replay = walk(tmp_path, episodes=episodes)
    replay.rollout.source.values["robot.base_pos"][10:, 0, 0] -= 50  # type: ignore[attr-defined]
    layers = stage(server, replay, "velocity")
    found = []
    for position in (0, 5, 9, 10, 20):
        show(layers, replay, position)
        found.append(arrows(server, "layers/velocity/robot/1")[0])
    assert np.allclose(found, found[0], rtol=1e-4)
    assert found[0][0] > 0
    assert not node(server, "layers/velocity/robot/0").visible
    assert "`command`" in layers.builtin["velocity"].legend[0][1]


@pytest.mark.parametrize(("velocity", "is_of_base"), [((1.0, 0.0, 0.0), False), ((0.0, -1.0, 0.0), True)])
def test_a_velocity_in_the_bases_coordinates_is_known_by_the_positions(
    tmp_path: Path, server: viser.ViserServer, velocity: Sequence[float], is_of_base: bool
) -> None:
    replay = walk(tmp_path, more={"robot.base_lin_vel": constant(21, *velocity)}, yaw=np.pi / 2)
    layers = stage(server, replay, "velocity")
    show(layers, replay, 3)
    drawn = rotate(node(server, "layers/velocity/robot").wxyz, arrows(server, "layers/velocity/robot/1")[0])
    assert np.allclose(drawn / np.linalg.norm(drawn), [1, 0, 0], atol=1e-5)
    assert ("base's coordinates" in layers.builtin["velocity"].legend[1][1]) == is_of_base


def test_numbers_that_are_no_velocity_are_no_command(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path, more={"command": constant(21, *range(7))})
    layers = stage(server, replay, "velocity")
    show(layers, replay, 0)
    assert not node(server, "layers/velocity/robot/0").visible
    assert "(7,)" in layers.builtin["velocity"].legend[0][1]


def test_an_arc_goes_from_the_heading_through_the_turn() -> None:
    segments = arc_segments(2.0, -np.pi / 2, 0.3, 0.1)
    assert np.allclose(segments[0, 0], [2, 0, 0.3], atol=1e-6)
    line, barbs = segments[:-2], segments[-2:]
    assert np.allclose(line[-1, 1], [0, -2, 0.3], atol=1e-6)
    assert np.allclose(np.linalg.norm(segments[:-2, :, :2], axis=-1), 2)
    assert (barbs[:, 0] == line[-1, 1]).all()
    assert (barbs[:, 1, 0] > 0).all()  # It came from where x is positive.


# Contact forces.


def forces(num_steps: int, tip: Sequence[float], base: Sequence[float]) -> dict[str, np.ndarray]:
    return {"robot.contact_force": constant(num_steps, list(tip), list(base))}


def test_forces_are_drawn_in_shares_of_the_weight(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path, more=forces(21, (30, 0, 40), (0, 0, 50)))
    layers = stage(server, replay, "contacts")
    show(layers, replay, 2)
    drawn = arrows(server, "layers/contacts/robot/arrows")
    assert np.allclose(drawn / np.linalg.norm(drawn, axis=-1, keepdims=True), [[0.6, 0, 0.8], [0, 0, 1]])
    assert np.allclose(np.linalg.norm(drawn[0]), np.linalg.norm(drawn[1]))
    tip = replay.robots["robot"].link_names.index("tip")
    starts = node(server, "layers/contacts/robot/arrows").points[:, 0]
    assert np.allclose(starts, replay.frames.frame_at(2, [0]).entities["robot"].link_positions[0, [tip, 0]])
    assert "94.9 N" in layers.builtin["contacts"].legend[0][1]  # The length of (30, 0, 90).


def test_forces_that_are_next_to_nothing_are_not_drawn(tmp_path: Path, server: viser.ViserServer) -> None:
    values = forces(21, (0, 0, 100), (0, 0, 0.5))["robot.contact_force"].copy()
    values[10:] = np.nan
    values[10, 0, 0] = (0, 0, 1e9)
    replay = walk(tmp_path, more={"robot.contact_force": values})
    layers = stage(server, replay, "contacts")
    show(layers, replay, 0)
    assert len(arrows(server, "layers/contacts/robot/arrows")) == 1
    show(layers, replay, 10)
    longest = np.linalg.norm(arrows(server, "layers/contacts/robot/arrows")[0])
    assert longest <= 2.51 * replay.robots["robot"].radius


def test_forces_of_unnamed_or_unknown_bodies_cannot_be_placed(tmp_path: Path) -> None:
    replay = walk(tmp_path, more={"robot.contact_force": np.ones((21, 1, 3, 3))})
    assert "`contact_bodies`" in builtin_layers(replay)[1].lack
    plain = walk(tmp_path, more={"contact_force": np.ones((21, 1, 1, 3))}, metadata={"contact_bodies": ["wheel"]})
    assert "is a link of the robot" in builtin_layers(plain)[1].lack


# Trails and the path.


@pytest.mark.parametrize(
    ("first", "position", "steps"),
    [(0, 0.0, []), (0, 0.5, [0]), (0, 7.0, [0, 2, 4, 6]), (5, 7.5, [6]), (5, 5.0, []), (0, 30.0, [20, 22, 24, 26, 28])],
)
def test_a_trail_stays_within_its_episode_and_on_the_same_steps(first: int, position: float, steps: list[int]) -> None:
    assert list(trail_steps(first, position, 10, 2)) == steps


def test_tubes_go_through_the_points() -> None:
    points = np.array([[[0, 0, 0], [1, 1, 1]], [[0, 0, 2], [1, 1, -1]], [[3, 0, 2], [1, 1, -1]]], dtype=float)
    positions, wxyz, scales = tubes(points, np.array([0.0, 1.0, 1.0]))
    half = rotate(wxyz, np.array([0, 0, 0.5], dtype=np.float32)) * scales[:, 2:]
    assert np.allclose(positions - half, points[:-1].reshape(-1, 3), atol=1e-6)
    assert np.allclose(positions + half, points[1:].reshape(-1, 3), atol=1e-6)
    assert scales[:, 0].tolist() == [0.5, 0.5, 1.0, 1.0]


def test_the_z_axis_is_turned_along_any_vector() -> None:
    vectors = np.array([[0, 0, 1], [0, 0, -1], [1, 0, 0], [0.6, -0.8, 0], [0, 0, 0]], dtype=float)
    turned = rotate(along(vectors), np.array([0.0, 0.0, 1.0]))
    assert np.allclose(turned[:4], vectors[:4])
    assert np.isfinite(turned).all()


def test_trails_lead_to_the_feet(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path)
    layers = stage(server, replay, "trails")
    show(layers, replay, 0)
    assert not node(server, "layers/trails/pieces").visible
    show(layers, replay, 8.5)
    pieces = node(server, "layers/trails/pieces")
    ends = pieces.batched_positions + np.array([0.5, 0, 0]) * pieces.batched_scales[:, 2:]
    feet = replay.frames.frame_at(8.5, [0]).entities["robot"].link_positions[0]
    assert np.allclose(ends[-1], feet[replay.robots["robot"].link_names.index("tip")])
    assert np.allclose(pieces.batched_positions[:, 0].min(), 0.05)
    assert (np.diff(pieces.batched_scales[:, 0]) > 0).all()  # Thinner the longer ago.


def test_the_path_is_that_of_the_episode_up_to_now_and_after(tmp_path: Path, server: viser.ViserServer) -> None:
    episodes = [Episode(0, 0, 0, 9, "terminated", "recorded"), Episode(0, 1, 10, 20, "unfinished")]
    replay = walk(tmp_path, episodes=episodes)
    layers = stage(server, replay, "path")
    show(layers, replay, 4.6)
    past, future = node(server, "layers/path/past"), node(server, "layers/path/future")
    assert np.allclose(past.points[:, :, 0], [[0, 0.1], [0.1, 0.2], [0.2, 0.3], [0.3, 0.4]])
    assert np.allclose(future.points[[0, -1]][:, [0, 1], 0], [[0.4, 0.5], [0.8, 0.9]])
    show(layers, replay, 10)
    assert not past.visible
    assert np.allclose(future.points[0, 0, 0], 1.0)


def test_a_long_path_is_thinned(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path, num_steps=10_000)
    layers = stage(server, replay, "path")
    show(layers, replay, 5000)
    past, future = node(server, "layers/path/past"), node(server, "layers/path/future")
    assert len(past.points) + len(future.points) < 500
    assert np.allclose(past.points[-1, 1, 0], 500, atol=2.1)
    assert np.allclose(future.points[0, 0, 0], past.points[-1, 1, 0])


# Torques, frames and collision shapes.


def torques(num_steps: int = 21) -> dict[str, np.ndarray]:
    values = np.zeros((num_steps, 1, 2))
    values[:, 0, 0] = np.linspace(0, -0.5, num_steps)
    return {"robot.joint_torque": values}


def test_torques_colour_the_links_by_their_share_of_the_limit(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path, more=torques())
    layers = stage(server, replay, "torques")
    show(layers, replay, 20)
    upper = node(server, "robot/upper/torque")
    assert np.allclose(upper.color, color_of(0.5), atol=20)
    assert np.allclose(node(server, "robot/lower/torque").color, color_of(0))
    assert "effort limits" in layers.builtin["torques"].legend[0][1]
    show(layers, replay, 0)
    assert np.allclose(upper.color, color_of(0))


def test_a_limit_that_is_never_used_is_none(tmp_path: Path, server: viser.ViserServer) -> None:
    more = {name: values / 1000 for name, values in torques().items()}
    replay = walk(tmp_path, more=more)
    layers = stage(server, replay, "torques")
    show(layers, replay, 20)
    assert np.allclose(node(server, "robot/upper/torque").color, color_of(1))
    assert "0.0005 N m" in layers.builtin["torques"].legend[0][1]


def test_playing_within_one_colour_sends_nothing(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path, more=torques())
    layers = stage(server, replay, "torques")
    show(layers, replay, 5)
    reads = len(windows(replay.rollout))
    show(layers, replay, 5.3)
    assert len(windows(replay.rollout)) == reads


def test_a_skin_is_just_outside_of_a_link() -> None:
    box = from_shape("box", {"type": "box", "size": [1, 2, 3]})
    grown = skin(box.visuals, 0.01)
    assert (grown.extents > [1, 2, 3]).all()
    assert (grown.extents < [1.02 + 1e-9, 2.02 + 1e-9, 3.02 + 1e-9]).all()


def test_frames_hang_on_the_links(tmp_path: Path, server: viser.ViserServer) -> None:
    replay = walk(tmp_path)
    stage(server, replay, "frames")
    robot = replay.robots["robot"]
    lower = robot.link_names.index("lower")
    positions, wxyz = poses_on(robot, lower)
    assert np.allclose(positions, [[0, 0, 0], [0, 0, -1], [0, 0, -1]])  # Itself, the tip and the foot.
    assert np.allclose(wxyz, [1, 0, 0, 0])
    assert np.allclose(node(server, "robot/lower/frames").batched_positions, positions)
    axis = node(server, "robot/lower/axis").points[0]
    assert np.allclose((axis[1] - axis[0]) / np.linalg.norm(axis[1] - axis[0]), [0, 1, 0])


def test_collision_shapes_hang_on_the_links(tmp_path: Path, server: viser.ViserServer) -> None:
    shape = '<collision><origin xyz="0 0 1"/><geometry><box size="1 1 1"/></geometry></collision>'
    robot = load_robot(write_urdf(tmp_path, one_link(visual('<sphere radius="1"/>') + shape)))
    replay = with_robots(memory_rollout(still(3, 1)), robot)
    layers = stage(server, replay, "collisions")
    show(layers, replay, 0)
    vertices = node(server, "robot/a/collision").vertices
    assert np.allclose([vertices[:, 2].min(), vertices[:, 2].max()], [0.5, 1.5], atol=0.01)


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
    assert page.count('role="switch"') == len(ALL)
    assert page.count('aria-checked="true"') == 1
    assert page.count(" disabled") == 3
    assert "so far" in page and "to come" in page
    assert "<code>contact_force</code>" in page
