"""Triangles that are not even tried, since nearer ones hide them: no sample sees a difference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from replay_viewer.render.raster.kernels import coverage

SIZE = (96, 64)


def covered(picture: np.ndarray, triangles: np.ndarray, parts: Sequence[slice], shown: np.ndarray) -> np.ndarray:
    """The nearest of the samples (H, W + 1, 4) of parts, each of which is alone in its picture.

    shown: (F,), which of the triangles are expected to be seen.
    """
    width, height = SIZE
    room, near = coverage.room_for(height, width), np.float32(0.02)
    found = np.zeros((height, 4 * width + 4), np.int64)
    for part in parts:
        samples = np.zeros_like(found)
        for is_rest in (False, True):
            coverage.look_at_tiles(samples, 0, 0, width, height, room.tiles)
            coverage.cover(
                picture, picture, triangles[part], shown[part], is_rest, part.start, near, near, near, near, room,
                samples,
            )  # fmt: skip
        found = np.maximum(found, samples)
    return found.reshape(height, width + 1, 4)


@pytest.mark.parametrize("thin", [1.0, 1e-2, 1e-5], ids=["wide", "thin", "slivers"])
@pytest.mark.parametrize("depths", [1.0, 1e-3, 0.0], ids=["apart", "close", "in one plane"])
def test_all_triangles_at_once_show_the_nearest_that_each_shows_alone(thin: float, depths: float) -> None:
    """Before a slope that faces the camera, so that there is much behind which the others can be."""
    random = np.random.default_rng(0)
    count = 3000
    middles = random.uniform((-10, -10), np.add(SIZE, 10), (count, 1, 2))
    along, size = random.normal(size=(count, 1, 2)), 10.0 ** random.uniform(-1, 2, (count, 1, 1))
    across = thin * along[..., ::-1] * [1, -1]
    places = middles + size * (random.normal(size=(count, 3, 1)) * along + random.normal(size=(count, 3, 1)) * across)
    places[0] = [[-200, -200], [-200, 400], [400, -200]]
    inverse = 1 + places @ [1e-4, 3e-4] + depths * (random.random((count, 3)) + random.random((count, 1)) - 1)
    picture = np.concatenate([places, inverse[..., None]], axis=-1).reshape(-1, 3).astype(np.float32)
    triangles = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    alone = covered(picture, triangles, [slice(i, i + 1) for i in range(count)], np.ones(count, np.bool_))
    assert (alone[:, :-1] != 0).all()
    assert (alone[:, -1] == 0).all()
    for share in (0, 0.1, 1):
        expected = random.random(count) < share
        assert (covered(picture, triangles, [slice(0, count)], expected) == alone).all()
