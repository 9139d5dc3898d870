"""Single pictures as files."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from ..errors import FileProblem

PICTURE_FORMATS = (".png", ".jpg", ".jpeg")


def is_picture(path: Path) -> bool:
    """Whether the name is that of a picture that can be written."""
    return path.suffix.lower() in PICTURE_FORMATS


def save_picture(image: np.ndarray, path: Path) -> None:
    """Write an image (H, W, 3) uint8; the file is there when it is complete. Raises FileProblem."""
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        iio.imwrite(partial, image, plugin="pillow", extension=path.suffix.lower(), quality=95)
        partial.replace(path)
    except OSError as error:
        raise FileProblem(path, f"cannot be written: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            partial.unlink()
