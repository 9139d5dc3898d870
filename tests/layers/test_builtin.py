"""Our own layers: the shapes that they draw of known motions, and what they say that they need."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layer_samples import constant, forces, shapes_at, torques, walk
from memory_rollout import memory_rollout, still, windows
from urdf_files import one_link, visual, write_urdf

from replay_viewer.layers import LAYERS, Arrows, Axes, Link, Mesh, Pose, builtin_layers
from replay_viewer.layers.arcs import arc_segments
from replay_viewer.layers.links import poses_on
from replay_viewer.layers.skin import skin
from replay_viewer.layers.torques import color_of
from replay_viewer.layers.trails import trail_steps
from replay_viewer.paths import asset
from replay_viewer.replay.replay import Replay, open_replay, with_robots
from replay_viewer.robot import from_shape, load_robot
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rotations import rotate


def layer(replay: Replay, name: str) -> Any:
    return builtin_layers(replay)[LAYERS.index(name)]


def in_world(arrows: Any) -> np.ndarray:
    """The vectors (N, 3) of arrows in the world."""
    assert isinstance(arrows, Arrows)
    return rotate(arrows.place.wxyz, arrows.vectors) if isinstance(arrows.place, Pose) else arrows.vectors


# What they need.


def test_layers_have_the_names_by_which_they_are_asked_for(tmp_path: Path) -> None:
    assert tuple(one.name for one in builtin_layers(walk(tmp_path))) == LAYERS


def test_a_layer_without_its_data_says_what_it_needs(tmp_path: Path) -> None:
    lacks = {one.name: one.lack for one in builtin_layers(walk(tmp_path)) if one.lack}
    assert set(lacks) == {"contacts", "torques", "collisions"}
    assert "`contact_force`" in lacks["contacts"]
    assert "`joint_torque`" in lacks["torques"]
    assert "no collision shapes" in lacks["collisions"]


def test_a_recording_of_a_box_alone_has_no_layers_of_robots() -> None:
    box = EntitySpec("box", kind="object", shape={"type": "box", "size": [1, 1, 1]})
    replay = with_robots(memory_rollout(still(3, 1, "box"), entities=[box]))
    assert [one.name for one in builtin_layers(replay) if not one.lack] == ["path", "frames"]


def test_a_layer_gives_the_same_shapes_whichever_other_envs_are_in_the_frame(tmp_path: Path) -> None:
    replay = walk(tmp_path, more=torques() | forces(21, (0, 0, 50), (0, 0, 50)))
    frame = replay.frames.frame_at(8.5, [0])
    both = replay.frames.frame_at(8.5, [0, 0])
    for alone, among in zip(builtin_layers(replay), builtin_layers(replay), strict=True):
        if not alone.lack:
            for a, b in zip(alone.shapes(frame), among.shapes(both), strict=True):
                names = vars(a).keys() - {"place"}
                assert all(np.array_equal(vars(a)[name], vars(b)[name]) for name in names)


# Velocity.


def test_a_command_is_ahead_and_to_the_left_of_the_heading(tmp_path: Path) -> None:
    more = {"command": constant(21, 0.6, 0.3, 0.5), "robot.base_lin_vel": constant(21, 1.0, 0.0, 0.7)}
    replay = walk(tmp_path, more=more, yaw=np.pi / 2)
    [(commanded, arc, actual, no_arc)] = shapes_at(replay, "velocity", 4.5)
    scale = in_world(actual)[0, 0]
    assert scale > 0
    assert np.allclose(in_world(actual), [[scale, 0, 0]], atol=1e-6)
    assert np.allclose(in_world(commanded), [[-0.3 * scale, 0.6 * scale, 0]], atol=1e-6)
    assert isinstance(actual.place, Pose)
    assert np.allclose(actual.place.position[:2], [0.45, 0])
    assert arc.num_pieces > 0
    assert no_arc.num_pieces == 0


def test_a_velocity_that_is_not_recorded_is_that_of_the_base(tmp_path: Path) -> None:
    episodes = [Episode(0, 0, 0, 9, "terminated", "recorded"), Episode(0, 1, 10, 20, "unfinished")]
    replay = walk(tmp_path, episodes=episodes)
    replay.rollout.source.values["robot.base_pos"][10:, 0, 0] -= 50  # type: ignore[attr-defined]
    shown = shapes_at(replay, "velocity", 0, 5, 9, 10, 20)
    found = [in_world(actual)[0] for _, _, actual, _ in shown]
    assert np.allclose(found, found[0], rtol=1e-4)
    assert found[0][0] > 0
    assert not any(commanded.are_long.any() for commanded, *_ in shown)
    assert "`command`" in layer(replay, "velocity").legend[0].text


@pytest.mark.parametrize(("velocity", "is_of_base"), [((1.0, 0.0, 0.0), False), ((0.0, -1.0, 0.0), True)])
def test_a_velocity_in_the_bases_coordinates_is_known_by_the_positions(
    tmp_path: Path, velocity: Sequence[float], is_of_base: bool
) -> None:
    replay = walk(tmp_path, more={"robot.base_lin_vel": constant(21, *velocity)}, yaw=np.pi / 2)
    [(_, _, actual, _)] = shapes_at(replay, "velocity", 3)
    drawn = in_world(actual)[0]
    assert np.allclose(drawn / np.linalg.norm(drawn), [1, 0, 0], atol=1e-5)
    assert ("base's coordinates" in layer(replay, "velocity").legend[1].text) == is_of_base


def test_numbers_that_are_no_velocity_are_no_command(tmp_path: Path) -> None:
    replay = walk(tmp_path, more={"command": constant(21, *range(7))})
    [(commanded, *_)] = shapes_at(replay, "velocity", 0)
    assert not commanded.vectors.any()
    assert "(7,)" in layer(replay, "velocity").legend[0].text


def test_an_arc_goes_from_the_heading_through_the_turn_of_a_second() -> None:
    segments = arc_segments(2.0, -np.pi / 2, 0.3, 0.1)
    assert np.allclose(segments[0, 0], [2, 0, 0.3], atol=1e-6)
    line, barbs = segments[:-2], segments[-2:]
    assert np.allclose(line[-1, 1], [0, -2, 0.3], atol=1e-6)
    assert np.allclose(np.linalg.norm(segments[:-2, :, :2], axis=-1), 2)
    assert (barbs[:, 0] == line[-1, 1]).all()
    assert (barbs[:, 1, 0] > 0).all()  # It came from where x is positive.
    assert len(arc_segments(2.0, 0.01, 0.3, 0.1)) == 0


# Contact forces.


def test_forces_are_drawn_in_shares_of_the_weight(tmp_path: Path) -> None:
    replay = walk(tmp_path, more=forces(21, (30, 0, 40), (0, 0, 50)))
    [(arrows,)] = shapes_at(replay, "contacts", 2)
    assert isinstance(arrows, Arrows)
    assert np.allclose(
        arrows.vectors / np.linalg.norm(arrows.vectors, axis=-1, keepdims=True), [[0.6, 0, 0.8], [0, 0, 1]]
    )
    assert np.allclose(*np.linalg.norm(arrows.vectors, axis=-1))
    tip = replay.robots["robot"].link_names.index("tip")
    assert np.allclose(arrows.starts, replay.frames.frame_at(2, [0]).entities["robot"].link_positions[0, [tip, 0]])
    assert "94.9 N" in layer(replay, "contacts").legend[0].text  # The length of (30, 0, 90).


def test_forces_that_are_next_to_nothing_are_not_drawn(tmp_path: Path) -> None:
    values = forces(21, (0, 0, 100), (0, 0, 0.5))["robot.contact_force"].copy()
    values[10:] = np.nan
    values[10, 0, 0] = (0, 0, 1e9)
    replay = walk(tmp_path, more={"robot.contact_force": values})
    [(little,), (much,)] = shapes_at(replay, "contacts", 0, 10)
    assert little.are_long.tolist() == [True, False]
    assert np.linalg.norm(much.vectors, axis=-1).max() <= 2.51 * replay.robots["robot"].radius


def test_forces_of_unnamed_or_unknown_bodies_cannot_be_placed(tmp_path: Path) -> None:
    replay = walk(tmp_path, more={"robot.contact_force": np.ones((21, 1, 3, 3))})
    assert "`contact_bodies`" in layer(replay, "contacts").lack
    plain = walk(tmp_path, more={"contact_force": np.ones((21, 1, 1, 3))}, metadata={"contact_bodies": ["wheel"]})
    assert "is a link of the robot" in layer(plain, "contacts").lack


# Trails and the path.


@pytest.mark.parametrize(
    ("first", "position", "steps"),
    [(0, 0.0, []), (0, 0.5, [0]), (0, 7.0, [0, 2, 4, 6]), (5, 7.5, [6]), (5, 5.0, []), (0, 30.0, [20, 22, 24, 26, 28])],
)
def test_a_trail_stays_within_its_episode_and_on_the_same_steps(first: int, position: float, steps: list[int]) -> None:
    assert list(trail_steps(first, position, 10, 2)) == steps


def test_trails_lead_to_the_feet(tmp_path: Path) -> None:
    replay = walk(tmp_path)
    [(nothing,), (trails,)] = shapes_at(replay, "trails", 0, 8.5)
    assert nothing.num_pieces == 0
    feet = replay.frames.frame_at(8.5, [0]).entities["robot"].link_positions[0]
    assert np.allclose(trails.segments[-1, 1], feet[replay.robots["robot"].link_names.index("tip")])
    assert np.allclose(trails.segments[0, :, 0], [0, 0.1])
    assert (np.diff(trails.radii) > 0).all()  # Thinner the longer ago.


def test_each_foot_has_a_trail_of_its_own_colour_which_the_legend_names() -> None:
    replay = open_replay(asset("walk.rec"))
    [(trails,)] = shapes_at(replay, "trails", 100)
    legend = layer(replay, "trails").legend
    assert len({meaning.colors[0] for meaning in legend}) == len(legend) == 4
    last = trails.segments[-4:]  # One piece of each foot.
    assert {tuple(color) for color in trails.color[-4:].tolist()} == {meaning.colors[0] for meaning in legend}
    feet = replay.frames.frame_at(100, [0]).entities["robot"].link_positions[0]
    for segment, color in zip(last, trails.color[-4:].tolist(), strict=True):
        [name] = [meaning.text for meaning in legend if meaning.colors[0] == tuple(color)]
        assert np.allclose(segment[1], feet[replay.robots["robot"].link_names.index(name)], atol=1e-5)


def test_the_path_is_that_of_the_episode_up_to_now_and_after(tmp_path: Path) -> None:
    episodes = [Episode(0, 0, 0, 9, "terminated", "recorded"), Episode(0, 1, 10, 20, "unfinished")]
    [(past, future), (none, all_of_it)] = shapes_at(walk(tmp_path, episodes=episodes), "path", 4.6, 10)
    assert np.allclose(past.segments[:, :, 0], [[0, 0.1], [0.1, 0.2], [0.2, 0.3], [0.3, 0.4]])
    assert np.allclose(future.segments[[0, -1]][:, [0, 1], 0], [[0.4, 0.5], [0.8, 0.9]])
    assert none.num_pieces == 0
    assert np.allclose(all_of_it.segments[0, 0, 0], 1.0)


def test_a_long_path_is_thinned(tmp_path: Path) -> None:
    [(past, future)] = shapes_at(walk(tmp_path, num_steps=10_000), "path", 5000)
    assert past.num_pieces + future.num_pieces < 500
    assert np.allclose(past.segments[-1, 1, 0], 500, atol=2.1)
    assert np.allclose(future.segments[0, 0, 0], past.segments[-1, 1, 0])


def test_a_path_is_one_object_until_a_point_of_it_is_passed(tmp_path: Path) -> None:
    before, between, after = shapes_at(walk(tmp_path), "path", 4.2, 4.6, 5)
    assert before is between
    assert between is not after


# Torques, frames and collision shapes.


def test_torques_colour_the_links_by_their_share_of_the_limit(tmp_path: Path) -> None:
    replay = walk(tmp_path, more=torques())
    [(much,), (none,)] = shapes_at(replay, "torques", 20, 0)
    assert much.links == ("upper", "lower")
    assert np.allclose(much.color, [color_of(0.5), color_of(0)], atol=20)
    assert np.allclose(none.color, color_of(0))
    assert "effort limits" in layer(replay, "torques").legend[0].text


def test_a_limit_that_is_never_used_is_none(tmp_path: Path) -> None:
    replay = walk(tmp_path, more={name: values / 1000 for name, values in torques().items()})
    [(tints,)] = shapes_at(replay, "torques", 20)
    assert np.allclose(tints.color[0], color_of(1))
    assert "0.0005 N m" in layer(replay, "torques").legend[0].text


def test_within_one_colour_torques_are_one_object_and_are_not_read(tmp_path: Path) -> None:
    replay = walk(tmp_path, more=torques())
    shown = layer(replay, "torques")
    [before] = shown.shapes(replay.frames.frame_at(5, [0]))
    reads = len(windows(replay.rollout))
    [after] = shown.shapes(replay.frames.frame_at(5.3, [0]))
    assert after is before
    assert len(windows(replay.rollout)) == reads


def test_a_skin_is_just_outside_of_a_link() -> None:
    box = from_shape("box", {"type": "box", "size": [1, 2, 3]})
    grown = skin(box.visuals, 0.01)
    assert (grown.extents > [1, 2, 3]).all()
    assert (grown.extents < [1.02 + 1e-9, 2.02 + 1e-9, 3.02 + 1e-9]).all()


def test_frames_hang_on_the_links(tmp_path: Path) -> None:
    replay = walk(tmp_path)
    [shapes] = shapes_at(replay, "frames", 0)
    robot = replay.robots["robot"]
    positions, wxyz = poses_on(robot, robot.link_names.index("lower"))
    assert np.allclose(positions, [[0, 0, 0], [0, 0, -1], [0, 0, -1]])  # Itself, the tip and the foot.
    assert np.allclose(wxyz, [1, 0, 0, 0])
    axes, axis = (shape for shape in shapes if shape.place == Link("robot", "lower"))
    assert isinstance(axes, Axes) and isinstance(axis, Arrows)
    assert np.allclose(axes.positions, positions)
    assert np.allclose(axis.vectors[0] / np.linalg.norm(axis.vectors[0]), [0, 1, 0])


def test_collision_shapes_hang_on_the_links(tmp_path: Path) -> None:
    shape = '<collision><origin xyz="0 0 1"/><geometry><box size="1 1 1"/></geometry></collision>'
    robot = load_robot(write_urdf(tmp_path, one_link(visual('<sphere radius="1"/>') + shape)))
    [(mesh,)] = shapes_at(with_robots(memory_rollout(still(3, 1)), robot), "collisions", 0)
    assert isinstance(mesh, Mesh)
    assert mesh.place == Link("robot", "a")
    assert np.allclose([mesh.vertices[:, 2].min(), mesh.vertices[:, 2].max()], [0.5, 1.5], atol=0.01)
