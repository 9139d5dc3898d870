"""Pictures that are kept to compare with: `tests/render/golden/NAME.png`."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

GOLDEN = Path(__file__).parents[1] / "render" / "golden"
UPDATE = "REPLAY_VIEWER_UPDATE_GOLDEN"
# Processors round differently now and then: so much of a picture may differ, and by how much a pixel may unnoticed.
SHARE, STEP = 1e-4, 2


def check_golden(name: str, picture: np.ndarray, saved: Path, folder: Path = GOLDEN) -> None:
    """Fail if a picture (H, W, 3) differs from the one of this name; then both, and where they differ, are in `saved`.

    With REPLAY_VIEWER_UPDATE_GOLDEN=1 the picture becomes the one to compare with.
    """
    path = folder / f"{name}.png"
    if os.environ.get(UPDATE) == "1":
        folder.mkdir(exist_ok=True)
        if not path.exists() or (_read(path) != picture).any():
            Image.fromarray(picture).save(path, optimize=True)
        return
    assert path.exists(), f"{path} is missing. {UPDATE}=1 makes it."
    expected = _read(path)
    assert picture.shape == expected.shape, f"{path} has the shape {expected.shape}, the picture {picture.shape}."
    difference = np.abs(picture.astype(int) - expected).max(axis=-1)
    count = int((difference > STEP).sum())
    if count > SHARE * difference.size:
        _save(saved, name, picture, expected, difference)
        raise AssertionError(
            f"{count} of {difference.size} pixels differ from {path}, by up to {difference.max()}. Look at "
            f"{saved}/{name}_{{actual,expected,difference}}.png; if the picture is right, run again with {UPDATE}=1."
        )


def _read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _save(folder: Path, name: str, picture: np.ndarray, expected: np.ndarray, difference: np.ndarray) -> None:
    # What differs at all is at least dark grey.
    shown = np.where(difference > STEP, 64 + np.minimum(4 * difference, 191), 0).astype(np.uint8)
    for kind, pixels in (("actual", picture), ("expected", expected), ("difference", shown)):
        Image.fromarray(pixels).save(folder / f"{name}_{kind}.png")
