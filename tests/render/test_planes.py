"""Pictures as films have them: the planes of YUV 4:2:0."""

from __future__ import annotations

import numpy as np
import pytest

from replay_viewer.render.film_maker import planes_of


def expected_planes(image: np.ndarray) -> np.ndarray:
    """By ITU-R BT.709, items 3.2 to 3.4, before they are rounded."""
    height, width, _ = image.shape
    even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge").astype(float)
    luma = even @ np.array([0.2126, 0.7152, 0.0722])
    blue, red = (even[..., 2] - luma) / 1.8556, (even[..., 0] - luma) / 1.5748
    colours = [128 + 224 / 255 * plane.reshape(len(plane) // 2, 2, -1, 2).mean((1, 3)) for plane in (blue, red)]
    return np.concatenate([plane.ravel() for plane in (16 + 219 / 255 * luma, *colours)])


@pytest.mark.parametrize("size", [(720, 1280), (64, 66), (63, 64), (64, 37), (7, 3), (1, 1), (2, 2)])
@pytest.mark.parametrize("most", [1, 255])
def test_planes_are_those_of_the_standard(size: tuple[int, int], most: int) -> None:
    random = np.random.default_rng(0)
    image = (255 // most * random.integers(0, most + 1, (*size, 3))).astype(np.uint8)
    assert np.abs(planes_of(image) - expected_planes(image)).max() < 0.501
    assert (planes_of(image[:, ::-1]) == planes_of(image[:, ::-1].copy())).all()
