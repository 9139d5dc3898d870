"""Floats that are written many at once are written as Python writes each of them."""

from __future__ import annotations

import numpy as np
import pytest

from replay_viewer.record.episodes.float_texts import texts_of

RNG = np.random.default_rng(0)
POWERS = 2.0 ** np.arange(-60, 60)
TENS = 10.0 ** np.arange(-6, 7)
FLOATS = {
    "of all digits": RNG.random(20_000) * 100,
    "negative": -RNG.random(20_000),
    "that were float32": RNG.random(20_000, np.float32).astype(np.float64),
    "of all sizes": RNG.integers(0, 2**63, 20_000).view(np.float64),
    "of sizes of rewards": 10 ** RNG.uniform(-6, 6, 20_000),
    "of a few digits": np.concatenate([RNG.integers(0, 10**6, 2000) / 10.0**digits for digits in range(16)]),
    "that are times": np.arange(20_000) * 0.02,
    "at powers of two": np.concatenate([POWERS, np.nextafter(POWERS, 0), np.nextafter(POWERS, np.inf)]),
    "at powers of ten": (TENS.view(np.int64)[:, None] + np.arange(-500, 500)).reshape(-1).view(np.float64),
    "that are odd": np.tile([0.0, -0.0, 1.0, 9999.0, 9999.999999999999, 1e4, 1e22, 1e-4, 5e-324, 9e-5], 30),
    "that are not finite": np.tile([np.nan, np.inf, -np.inf, 0.1], 60),
}


@pytest.mark.parametrize("kind", FLOATS)
def test_the_texts_are_those_of_python(kind: str) -> None:
    floats = FLOATS[kind]
    expected = [repr(value) if np.isfinite(value) else "null" for value in floats.tolist()]
    assert texts_of(floats) == expected
    assert texts_of(floats[:7]) == expected[:7]
