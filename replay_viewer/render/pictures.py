"""Single pictures as files."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import FileProblem

PICTURE_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def is_picture(path: Path) -> bool:
    """Whether the name is that of a picture that can be written."""
    return path.suffix.lower() in PICTURE_FORMATS


def save_picture(image: np.ndarray, path: Path) -> None:
    """Write an image (H, W, 3) uint8; the file is there when it is complete. Raises FileProblem."""
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(partial, PICTURE_FORMATS[path.suffix.lower()], quality=95)
        partial.replace(path)
    except OSError as error:
        raise FileProblem(path, f"cannot be written: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            partial.unlink()
