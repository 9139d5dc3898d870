"""Robots without a URDF: objects of one shape, and the neutral body."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from mesh_files import box, drawn

from replay_viewer.errors import BadField, UnknownName
from replay_viewer.robot import Visual, from_shape, neutral_body


def test_neutral_body_shows_its_heading() -> None:
    robot = neutral_body("spot")
    assert (robot.name, robot.link_names, robot.num_joints) == ("spot", ("base",), 0)
    rear, front = robot.visuals
    assert rear.rgba != front.rgba
    assert front_of(front) > front_of(rear)
    tip, root = (width_at(front, x) for x in (front_of(front), front_of(rear)))
    assert tip < 0.5 * root
    assert 0.2 < robot.radius < 0.6


def front_of(item: Visual) -> float:
    return float(trimesh.transform_points(item.mesh.vertices, item.origin)[:, 0].max())


def width_at(item: Visual, x: float) -> float:
    points = trimesh.transform_points(item.mesh.vertices, item.origin)
    return float(np.ptp(points[np.isclose(points[:, 0], x), 1]))


@pytest.mark.parametrize(
    ("shape", "extents"),
    [
        ({"type": "box", "size": [1, 2, 3]}, [1, 2, 3]),
        ({"type": "sphere", "radius": 0.5}, [1, 1, 1]),
        ({"type": "cylinder", "radius": 0.5, "length": 2}, [1, 1, 2]),
        ({"type": "capsule", "radius": 0.5, "length": 2}, [1, 1, 3]),
    ],
)
def test_objects_have_the_size_of_their_shape(shape: dict[str, Any], extents: list[float]) -> None:
    robot = from_shape("ball", {**shape, "color": [0.8, 0.2, 0.1]})
    np.testing.assert_allclose(drawn(robot).extents, extents, atol=0.02)
    assert robot.visuals[0].rgba == (0.8, 0.2, 0.1, 1)
    assert robot.link_names == ("ball",)


def test_objects_can_be_meshes(tmp_path: Path) -> None:
    path = box(tmp_path / "box.stl")
    robot = from_shape("crate", {"type": "mesh", "path": str(path), "scale": [2, 1, 1]})
    np.testing.assert_allclose(drawn(robot).extents, [2, 2, 3])
    lost = from_shape("crate", {"type": "mesh", "path": str(tmp_path / "gone.stl")})
    assert lost.visuals == ()
    assert "gone.stl: cannot be read" in lost.problems[0]


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "box"},
        {"type": "box", "size": [1, 2]},
        {"type": "box", "size": "big"},
        {"type": "sphere", "radius": -1},
        {"type": "sphere", "radius": float("nan")},
        {"type": "sphere", "radius": 1, "color": [1]},
    ],
)
def test_objects_with_wrong_sizes_are_refused(shape: dict[str, Any]) -> None:
    with pytest.raises(BadField, match="object 'ball': 'shape' "):
        from_shape("ball", shape)


def test_unknown_shapes_list_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"'torus'.*box, sphere, cylinder, capsule, mesh"):
        from_shape("ring", {"type": "torus"})
