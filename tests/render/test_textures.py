"""Textures as texels: mip levels in linear light, limits, and images that cannot be used."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image

from replay_viewer.render.mesh.textures import LARGEST, TextureAtlas, make_atlas, mip_levels
from replay_viewer.robot.materials import to_linear


def encoded(pixels: np.ndarray, format: str = "PNG", **options: Any) -> Any:
    """An image as it comes from a mesh's file, not decoded yet."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format, **options)
    return Image.open(io.BytesIO(file.getvalue()))


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def level_of(atlas: TextureAtlas, texture: int, level: int) -> np.ndarray:
    """A level as the rasteriser finds it."""
    offset, width, height = atlas.table[texture, level]
    return atlas.texels[offset : offset + width * height].reshape(height, width, 3)


def light(pixels: np.ndarray) -> np.ndarray:
    return to_linear(pixels / 255)


# Mip levels.


def test_black_and_white_make_the_grey_of_half_the_light() -> None:
    checker = np.zeros((2, 2, 3), np.uint8)
    checker[0, 0] = checker[1, 1] = 255
    _, last = mip_levels(checker)
    assert last.tolist() == [[[188, 188, 188]]]


def test_even_sizes_are_means_of_two_by_two() -> None:
    pixels = noise(8, 6)
    expected = light(pixels).reshape(4, 2, 3, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(light(mip_levels(pixels)[1]), expected, atol=0.005)


def test_odd_sizes_are_means_of_parts_of_equal_length() -> None:
    pixels = noise(5, 7)
    # Each row 2 * 3 times: then parts are whole rows.
    fine = np.repeat(np.repeat(light(pixels), 2, axis=0), 3, axis=1)
    expected = fine.reshape(2, 5, 3, 7, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(light(mip_levels(pixels)[1]), expected, atol=0.005)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5), (7, 3), (64, 16), (600, 1300)])
def test_levels_halve_down_to_one_texel_and_keep_the_mean(height: int, width: int) -> None:
    pixels = noise(height, width)
    levels = mip_levels(pixels)
    for finer, coarser in pairwise(levels):
        assert coarser.shape == (max(finer.shape[0] // 2, 1), max(finer.shape[1] // 2, 1), 3)
    assert levels[-1].shape == (1, 1, 3)
    np.testing.assert_allclose(light(levels[-1][0, 0]), light(pixels).mean(axis=(0, 1)), atol=0.02)


def test_one_colour_stays_that_colour_at_every_level() -> None:
    for value in range(256):
        assert all((level == value).all() for level in mip_levels(np.full((5, 6, 3), value, np.uint8)))


# The atlas.


def test_levels_lie_where_the_table_says() -> None:
    images = {"a": noise(9, 4), "b": noise(2, 2), "c": noise(1, 30)}
    atlas, index, problems = make_atlas({name: encoded(pixels) for name, pixels in images.items()})
    assert problems == {}
    assert atlas.num_levels.tolist() == [4, 2, 5]
    for name, pixels in images.items():
        for level, expected in enumerate(mip_levels(pixels)):
            np.testing.assert_array_equal(level_of(atlas, index[name], level), expected)
    assert (atlas.texels.dtype, atlas.table.dtype, atlas.num_levels.dtype) == (np.uint8, np.int32, np.int32)


def test_equal_files_are_one_texture() -> None:
    atlas, index, _ = make_atlas({"left": encoded(noise(4, 4)), "right": encoded(noise(4, 4))})
    assert index == {"left": 0, "right": 0}
    assert len(atlas.num_levels) == 1


def test_large_images_are_halved_until_they_fit() -> None:
    pixels = np.repeat(noise(8, LARGEST), 2, axis=1)
    atlas, _, _ = make_atlas({"wide": encoded(pixels)})
    assert atlas.table[0, 0].tolist() == [0, LARGEST, 4]
    np.testing.assert_array_equal(level_of(atlas, 0, 0), mip_levels(pixels)[1])


def test_many_large_images_share_the_room() -> None:
    images = {str(k): encoded(np.full((2048, 2048, 3), k, np.uint8), "JPEG") for k in range(8)}
    atlas, index, _ = make_atlas(images)
    assert len(index) == 8
    assert atlas.table[:, 0, 1:].tolist() == [[1024, 1024]] * 8


def test_a_jpeg_that_is_too_large_looks_the_same_at_half_the_size() -> None:
    rows, columns = np.mgrid[:128, : 2 * LARGEST]
    smooth = np.stack([128 + 100 * np.sin(rows / 40), columns / (2 * LARGEST) * 255, rows], axis=-1).astype(np.uint8)
    atlas, _, _ = make_atlas({"wide": encoded(smooth, "JPEG", quality=95)})
    found = level_of(atlas, 0, 0).astype(int)
    assert found.shape == (64, LARGEST, 3)
    assert np.abs(found - mip_levels(smooth)[1]).max() < 12


# Kinds of images.


def test_alpha_and_palettes_and_grey_become_colours() -> None:
    pixels = noise(4, 4)
    alpha = np.dstack([pixels, np.zeros((4, 4), np.uint8)])
    atlas, index, _ = make_atlas({"alpha": encoded(alpha), "grey": encoded(pixels[..., 0])})
    np.testing.assert_array_equal(level_of(atlas, index["alpha"], 0), pixels)
    np.testing.assert_array_equal(level_of(atlas, index["grey"], 0), np.repeat(pixels[..., :1], 3, axis=2))
    few = (pixels // 128) * 255
    palette = Image.fromarray(few).quantize(8)
    atlas, index, _ = make_atlas({"palette": palette})
    np.testing.assert_array_equal(level_of(atlas, 0, 0), few)


def test_sixteen_bits_of_grey_are_scaled_and_not_clipped() -> None:
    grey = np.array([[0, 256, 32768, 65535]], np.uint16)
    atlas, _, _ = make_atlas({"deep": encoded(grey)})
    assert level_of(atlas, 0, 0)[0, :, 0].tolist() == [0, 1, 128, 255]


def test_a_broken_image_is_left_out_and_the_others_are_not() -> None:
    whole = encoded(noise(64, 64), "JPEG")
    broken = Image.open(io.BytesIO(whole.fp.getvalue()[:700]))
    atlas, index, problems = make_atlas({"broken": broken, "also": broken, "whole": whole})
    assert index == {"whole": 0}
    assert list(problems) == ["broken", "also"]
    assert all(problem and "\n" not in problem for problem in problems.values())
    assert atlas.table[0, 0].tolist() == [0, 64, 64]


def test_a_few_kilobytes_that_claim_too_many_pixels_are_not_decoded() -> None:
    file = io.BytesIO()
    Image.new("1", (9000, 9000)).save(file, "PNG")
    assert len(file.getvalue()) < 20_000
    _, index, problems = make_atlas({"bomb": Image.open(io.BytesIO(file.getvalue()))})
    assert index == {}
    assert problems == {"bomb": "it has 9000 x 9000 pixels"}
