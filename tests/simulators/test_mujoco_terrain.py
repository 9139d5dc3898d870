"""The mesh of a terrain is where MuJoCo's rays meet it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from needs_simulator import simulator

from replay_viewer.record.adapters.mujoco.ground import terrain_mesh

mujoco = simulator("mujoco")

SHAPES = """
<mujoco>
  <asset>
    <hfield name="hills" nrow="4" ncol="6" size="1.5 1 0.5 0.1"
      elevation="0 1 2 3 4 5  1 0 3 2 5 4  2 2 2 2 2 9  0 1 0 1 0 1"/>
    <mesh name="wedge" vertex="0 0 0  1 0 0  0 1 0  0 0 0.8"/>
  </asset>
  <worldbody>
    <geom type="plane" size="0 0 1"/>
    <geom type="box" size="0.5 0.4 0.3" pos="-3 0 0.2" euler="20 10 40"/>
    <body pos="0 3 0.5" euler="0 0 30">
      <geom type="hfield" hfield="hills" pos="0.2 0 0.1" euler="0 0 5"/>
      <body pos="0 2 0.2" euler="0 15 0"><geom type="mesh" mesh="wedge"/></body>
    </body>
    <geom type="sphere" size="0.7" pos="3 0 0"/>
  </worldbody>
</mujoco>
"""


def heights(mesh: tuple[np.ndarray, np.ndarray], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a mesh is first met from above (K, 2), and whether its triangle there is counter-clockwise: (K,) each."""
    corners = mesh[0][mesh[1]]
    a, ab, ac = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    # Those that are seen from the side have no place in the plan.
    a, ab, ac, area = (values[np.abs(area) > 1e-12] for values in (a, ab, ac, area))
    found, upwards = np.full(len(points), -np.inf), np.zeros(len(points), bool)
    for index, point in enumerate(points):
        x, y = (point - a[:, :2]).T
        v, w = (x * ac[:, 1] - y * ac[:, 0]) / area, (y * ab[:, 0] - x * ab[:, 1]) / area
        inside = (v >= 0) & (w >= 0) & (v + w <= 1)
        z = np.where(inside, a[:, 2] + v * ab[:, 2] + w * ac[:, 2], -np.inf)
        found[index], upwards[index] = z.max(), area[z.argmax()] > 0
    return found, upwards


def ray_heights(model: Any, points: np.ndarray) -> np.ndarray:
    """The same by MuJoCo, from a height of 20 m."""
    data, geom = mujoco.MjData(model), np.zeros(1, np.int32)
    mujoco.mj_forward(model, data)
    down = np.array([0.0, 0.0, -1.0])
    starts = [np.array([x, y, 20.0]) for x, y in points]
    return np.array([20 - mujoco.mj_ray(model, data, start, down, None, 1, -1, geom) for start in starts])


def test_every_shape_is_where_rays_meet_it() -> None:
    model = mujoco.MjModel.from_xml_string(SHAPES)
    mesh = terrain_mesh(model, range(model.ngeom))
    assert mesh is not None
    points = np.random.default_rng(0).uniform([-4, -1.5], [4, 6], (600, 2))
    found, upwards = heights(mesh, points)
    expected = ray_heights(model, points)
    # A sphere is drawn with flat sides.
    sphere = np.linalg.norm(points - [3, 0], axis=1) < 0.71
    np.testing.assert_allclose(found[~sphere], expected[~sphere], atol=1e-6)
    np.testing.assert_allclose(found[sphere], expected[sphere], atol=0.08)
    assert upwards.all()
    assert (expected > 0.1).sum() > 50


def test_mjlabs_terrains_are_where_rays_meet_them() -> None:
    simulator("mjlab.tasks")
    cfg = simulator("mjlab.tasks.registry").load_env_cfg("Mjlab-Velocity-Rough-Unitree-Go1").scene.terrain
    # The hardest level of each kind alone.
    cfg.terrain_generator.num_rows, cfg.terrain_generator.difficulty_range = 1, (1.0, 1.0)
    model = simulator("mjlab.terrains").TerrainEntity(cfg, device="cpu").spec.compile()
    mesh = terrain_mesh(model, range(model.ngeom))
    assert mesh is not None
    points = np.random.default_rng(1).uniform(mesh[0].min(0)[:2] + 0.5, mesh[0].max(0)[:2] - 0.5, (100, 2))
    found, upwards = heights(mesh, points)
    np.testing.assert_allclose(found, ray_heights(model, points), atol=1e-5)
    assert upwards.all()
    assert np.ptp(found) > 0.1


@pytest.mark.parametrize("geoms", [[], [0]])
def test_a_plane_at_zero_needs_no_mesh(geoms: list) -> None:
    assert terrain_mesh(mujoco.MjModel.from_xml_string(SHAPES), geoms) is None
