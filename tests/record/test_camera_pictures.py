"""Pictures of cameras, of whatever type, scale and nesting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from replay_viewer.errors import BadArgument
from replay_viewer.record.clips.pictures import CameraPictures, cameras_in

SHADES = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)[:, :, None]


def test_floats_keep_one_scale_for_a_whole_film() -> None:
    pictures = CameraPictures()
    bright = pictures.picture(np.repeat(SHADES, 3, 2) * 0.9, "head")
    dark = pictures.picture(np.repeat(SHADES, 3, 2) * 0.1, "head")
    assert bright.max() == 230 and dark.max() == 26


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 255), (-1, 1)])
def test_the_scale_of_floats_is_found(low: float, high: float) -> None:
    picture = CameraPictures().picture(np.repeat(SHADES, 3, 2) * (high - low) + low, "head")
    assert np.array_equal(picture[:, :, 0], np.rint(SHADES[:, :, 0] * 255))


def test_a_black_picture_does_not_settle_the_scale() -> None:
    pictures = CameraPictures()
    assert not pictures.picture(np.zeros((3, 4, 3), np.float32), "head").any()
    assert pictures.picture(np.full((3, 4, 3), 200.0), "head").max() == 200


def test_depth_has_one_scale_and_what_is_not_seen_is_black() -> None:
    depth = np.array([[0.5, 1.0], [np.inf, 2.0]], np.float32)
    pictures = CameraPictures()
    near = pictures.picture(depth, "depth")
    assert near.shape == (2, 2, 3) and not near[1, 0].any()
    # Near is red, far is blue.
    assert near[0, 0].argmax() == 0 and near[1, 1].argmax() == 2
    assert np.array_equal(pictures.picture(np.full((2, 2, 1), 1.0, np.float32), "depth")[0, 0], near[0, 1])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_bytes_stay_as_they_are(channels: int) -> None:
    values = np.arange(3 * 4 * channels, dtype=np.uint8).reshape(3, 4, channels)
    picture = CameraPictures().picture(values, "head")
    assert picture.shape == (3, 4, 3) and np.array_equal(picture[:, :, 0], values[:, :, 0])


def test_channels_may_come_first() -> None:
    values = np.arange(105, dtype=np.uint8).reshape(3, 5, 7)
    assert np.array_equal(CameraPictures().picture(values, "head"), values.transpose(1, 2, 0))


@pytest.mark.parametrize("values", [np.zeros(3), np.zeros((2, 2, 7)), np.array([["a"]]), np.zeros((0, 4, 3))])
def test_what_is_no_picture_is_named(values: Any) -> None:
    with pytest.raises(BadArgument, match="camera head"):
        CameraPictures().picture(values, "head")


def test_cameras_are_found_in_any_nesting() -> None:
    picture = np.zeros((2, 3, 4, 3), np.uint8)
    obs = {"groups": {"camera_obs": {"head": picture, "arm": {"left": picture, "speed": np.zeros((2, 3))}}}}
    assert list(cameras_in(obs, is_vector=True)) == ["head", "arm-left"]
    assert list(cameras_in({"camera_obs": picture}, is_vector=True)) == ["camera"]
    assert list(cameras_in({"camera_obs": (picture[0], picture[0, :, :, 0])}, is_vector=False)) == ["0", "1"]


def test_an_axis_of_one_env_is_left_out_where_there_is_no_axis_of_envs() -> None:
    values = np.arange(105, dtype=np.uint8).reshape(1, 5, 7, 3)
    (found,) = cameras_in({"camera_obs": {"head": values}}, is_vector=False).values()
    assert np.array_equal(found, values[0])
