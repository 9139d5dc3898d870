"""Pictures of the robots' cameras, as observations have them: of any nesting, type and number of channels."""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from ...arrays import as_array
from ...errors import BadArgument
from ...video.images import described

# The group of observations that holds the pictures, as Isaac Lab-Arena calls it.
CAMERA_OBS = "camera_obs"
_CHANNELS = (1, 3, 4)
# Floats beyond this are not from 0 to 1.
_UNIT = 1.01
# Of the colours of depth, from far to near: polynomials of degree 5, fitted to Google's Turbo, and which part of them.
_ENDS = 0.07, 0.95
_TURBO = np.array(
    [
        [0.13572138, 4.61539260, -42.66032258, 132.13108234, -152.94239396, 59.28637943],
        [0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604],
        [0.10667330, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973],
    ]
)


def cameras_in(obs: Any, is_vector: bool, group: str = CAMERA_OBS) -> dict[str, Any]:
    """The pictures of all cameras by name; names of nested groups are joined by "-".

    Args:
        obs: what the environment gives: a dictionary, a TensorDict, or such in one another.
        is_vector: whether each picture has an axis of envs in front; without one, an axis of length one is left out.
        group: where pictures are.

    Raises:
        BadArgument: there is no such group, or no picture in it.
    """
    found = _group(obs, group)
    if found is None:
        have = ", ".join(map(str, obs.keys())) if hasattr(obs, "keys") else type(obs).__name__
        problem = f"is not in the observations ({have}): films of cameras are made of obs[{group!r}]."
        raise BadArgument("record_camera_video", group, problem)
    pictures = dict(_leaves(found, "", is_vector))
    if not pictures:
        raise BadArgument("record_camera_video", group, "holds no picture (N, H, W, 1, 3 or 4).")
    return pictures


class CameraPictures:
    """Makes pictures (H, W, 3) uint8 of what one camera gives; floats keep one scale for all of them.

    Floats are from 0 to 1, unless the first that are seen are from -1 to 1 or go to 255. One channel of floats, or of
    integers of more than a byte, is depth: from the nearest to the farthest of the first picture, near ones are red.
    """

    def __init__(self) -> None:
        # Low and high: what becomes 0 and 255.
        self._scale: tuple[float, float] | None = None

    def picture(self, values: Any, name: str) -> np.ndarray:
        """A picture.

        Args:
            values: (H, W), (H, W, C) or (C, H, W) with 1, 3 or 4 channels; an array or a tensor.
            name: of the camera, for errors.

        Raises:
            BadArgument: it is none of these.
        """
        array = as_array(values)
        if array.ndim == 3 and array.shape[2] not in _CHANNELS and array.shape[0] in _CHANNELS:
            array = array.transpose(1, 2, 0)
        if array.ndim == 2:
            array = array[:, :, None]
        if array.ndim != 3 or array.shape[2] not in _CHANNELS or array.size == 0 or array.dtype.kind not in "biuf":
            raise BadArgument(f"camera {name}", described(values), "expected pictures (H, W, 1, 3 or 4).")
        if array.shape[2] == 1:
            return self._gray(array[:, :, 0])
        colours = array[:, :, :3]
        return colours if colours.dtype == np.uint8 else self._bytes(colours.astype(np.float32))

    def _gray(self, values: np.ndarray) -> np.ndarray:
        if values.dtype == np.uint8 or values.dtype == bool:
            shades = values if values.dtype == np.uint8 else values.astype(np.uint8) * 255
            return np.repeat(shades[:, :, None], 3, axis=2)
        return self._depth(values.astype(np.float32))

    def _bytes(self, colours: np.ndarray) -> np.ndarray:
        colours = np.nan_to_num(colours, nan=0.0)
        if self._scale is None:
            if not colours.any():
                return np.zeros(colours.shape, np.uint8)  # Black at any scale.
            self._scale = (-1.0 if colours.min() < 1 - _UNIT else 0.0, 255.0 if colours.max() > _UNIT else 1.0)
            if self._scale[1] == 255.0:
                self._scale = (0.0, 255.0)
        return _scaled(colours, *self._scale)

    def _depth(self, values: np.ndarray) -> np.ndarray:
        is_seen = np.isfinite(values) & (values > 0)
        if self._scale is None:
            if not is_seen.any():
                return np.zeros((*values.shape, 3), np.uint8)
            near, far = float(values[is_seen].min()), float(values[is_seen].max())
            self._scale = near, far if far > near else near + 1.0
        near, far = self._scale
        shares = 1 - np.clip((np.where(is_seen, values, far) - near) / np.float32(far - near), 0, 1)
        colours = _COLOURS[np.rint(shares * 255).astype(np.uint8)]
        colours[~is_seen] = 0
        return colours


def _scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.rint(np.clip((values - low) / np.float32(high - low), 0, 1) * np.float32(255)).astype(np.uint8)


def _group(obs: Any, name: str) -> Any:
    """The group of this name, in whatever other groups it is; None where there is none."""
    if not hasattr(obs, "keys"):
        parts = obs if isinstance(obs, tuple) else ()
        return next((found for part in parts if (found := _group(part, name)) is not None), None)
    keys = list(obs.keys())
    if name in keys:
        return obs[name]
    return next((found for key in keys if (found := _group(obs[key], name)) is not None), None)


def _leaves(values: Any, name: str, is_vector: bool) -> Iterator[tuple[str, Any]]:
    if hasattr(values, "keys"):
        for key in values.keys():  # noqa: SIM118 - a TensorDict gives its rows.
            yield from _leaves(values[key], f"{name}-{key}" if name else str(key), is_vector)
    elif isinstance(values, (tuple, list)):
        for index, part in enumerate(values):
            yield from _leaves(part, f"{name}-{index}" if name else str(index), is_vector)
    else:
        shape = tuple(getattr(values, "shape", ()))
        # A single env may have an axis of envs all the same.
        is_alone = not is_vector and len(shape) == 4 and shape[0] == 1
        if _is_picture(shape[1:] if is_vector or is_alone else shape):
            yield name or "camera", values[0] if is_alone else values


def _is_picture(shape: tuple[int, ...]) -> bool:
    if len(shape) == 3:
        return (shape[2] in _CHANNELS or shape[0] in _CHANNELS) and min(shape) > 0
    return len(shape) == 2 and min(shape) > 1


def _colours() -> np.ndarray:
    # Without the ends of the scale, which are nearly black.
    table = (np.linspace(*_ENDS, 256)[:, None] ** np.arange(6)) @ _TURBO.T
    return np.rint(np.clip(table, 0, 1) * 255).astype(np.uint8)


_COLOURS = _colours()
