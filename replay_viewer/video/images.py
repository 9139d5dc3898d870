"""Pictures as simulators and users have them, as arrays (H, W, 3) of uint8."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import as_array
from ..errors import BadArgument

# Filters of pictures overshoot by a little.
_TOLERANCE = 0.01
_EXPECTED = "expected (height, width, 3 or 4) or (3 or 4, height, width), of uint8 or of floats from 0 to 1"


def as_rgb(image: Any, name: str = "image") -> np.ndarray:
    """A picture as an array (H, W, 3) of uint8, perhaps on its own memory.

    Args:
        image: (H, W, 3 or 4) or (3 or 4, H, W), sRGB, of uint8 or of floats from 0 to 1; an array, a tensor on whatever
            device, a picture of Pillow's. The fourth channel, alpha, is left out: simulators draw the background too,
            and what they say about its opacity differs.
        name: of the picture, for errors.

    Raises:
        BadArgument: it is none of these. Floats from 0 to 255 are not divided, since a dark picture could be either.
    """
    if image is None:
        problem = "it is no picture. env.render() gives one if the environment is made with render_mode='rgb_array'."
        raise BadArgument(name, None, problem)
    array = as_array(image.float() if str(getattr(image, "dtype", "")) == "torch.bfloat16" else image)
    if array.ndim == 3 and array.shape[2] not in (3, 4) and array.shape[0] in (3, 4):
        array = array.transpose(1, 2, 0)
    is_picture = array.ndim == 3 and array.shape[2] in (3, 4) and array.size > 0
    if not is_picture or (array.dtype != np.uint8 and array.dtype.kind != "f"):
        raise BadArgument(name, described(image), f"{_EXPECTED}.")
    colours = array[:, :, :3]
    return colours if colours.dtype == np.uint8 else _from_floats(colours, name)


def described(image: Any) -> str:
    """Shape and type for an error, or what else it is: (720, 1280) of float32."""
    if not hasattr(image, "shape"):
        return type(image).__name__
    return f"{tuple(image.shape)} of {getattr(image, 'dtype', 'no type')}"


def _from_floats(colours: np.ndarray, name: str) -> np.ndarray:
    low, high = colours.min(), colours.max()
    if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):  # Nor NaN.
        problem = f"floats of pictures are from 0 to 1, and these from {low:g} to {high:g}."
        raise BadArgument(name, described(colours), f"{problem} Divide them, or give uint8.")
    return np.rint(np.clip(colours, 0, 1) * np.float32(255)).astype(np.uint8)
