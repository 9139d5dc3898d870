"""The shape of each of Trotter's links, in link coordinates: material name -> shells.

The hip is the front left leg's; half a turn about an axis gives the others. Thighs are mirror images of each other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .dimensions import CALF, FOOT_RADIUS, HIP_OFFSET, THIGH
from .shapes import Shell, ball, block, circle, disc, lathe, patch, skin, through

Link = dict[str, list[Shell]]

# Position along x; half width, height of the top and of the belly, exponent of the superellipse.
HULL = [
    (-0.222, 0.050, 0.040, -0.030, 3.0),
    (-0.165, 0.060, 0.055, -0.040, 3.2),
    (-0.110, 0.084, 0.065, -0.048, 3.6),
    (0.000, 0.088, 0.070, -0.056, 3.8),
    (0.110, 0.092, 0.073, -0.068, 3.6),
    (0.165, 0.066, 0.066, -0.058, 3.2),
    (0.222, 0.052, 0.054, -0.040, 3.0),
]
HULL_ROUNDING = 0.022

# Position down the leg; half width along x, half width along y, offset along x.
THIGH_BEAM = [
    (0.00, 0.043, 0.021, 0.000),
    (0.05, 0.043, 0.021, -0.005),
    (0.10, 0.036, 0.020, -0.007),
    (0.15, 0.028, 0.017, -0.004),
    (0.20, 0.024, 0.016, 0.000),
]
CALF_BEAM = [
    (0.00, 0.021, 0.013, 0.000),
    (0.04, 0.023, 0.014, 0.005),
    (0.09, 0.019, 0.013, 0.007),
    (0.15, 0.013, 0.011, 0.003),
    (0.175, 0.0125, 0.0115, 0.000),
]

HEAD_AT = (0.254, 0.0, 0.022)
HEAD_SIZE = (0.088, 0.124, 0.080)
HEAD_EXPONENT, HEAD_END = 3.4, 3.0


def hull_surface(x: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The trunk's skin at x and angle u, which is 0 on the spine, pi/2 on the left side."""
    width, top, belly, exponent = np.moveaxis(through(HULL, x), -1, 0)
    y, z = np.sin(u), np.cos(u)
    scale = (np.abs(y) ** exponent + np.abs(z) ** exponent) ** (-1 / exponent)
    # The ends close like a quarter circle.
    inward = np.clip((np.abs(x) - HULL[-1][0] + HULL_ROUNDING) / HULL_ROUNDING, 0, 1)
    closing = 1 - (HULL_ROUNDING * 0.8) / width * (1 - np.sqrt(1 - inward**2))
    middle, height = (top + belly) / 2, (top - belly) / 2
    return np.stack(np.broadcast_arrays(x, width * y * scale * closing, middle + height * z * scale * closing), axis=-1)


def hull(count: int = 26) -> Shell:
    """The trunk without its shell."""
    rounding = HULL[-1][0] - HULL_ROUNDING * (1 - np.sin(np.linspace(0, np.pi / 2, 4)))
    x = np.concatenate([-rounding[::-1], np.linspace(-0.17, 0.17, 9), rounding])
    u = np.pi / 2 - 2 * np.pi * (np.arange(count) + 0.5) / count
    return skin(hull_surface(x[:, None], u[None, :]))


def head_surface(y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The front of the head at (y, z) from its middle."""
    rho = (np.abs(2 * y / HEAD_SIZE[1]) ** HEAD_EXPONENT + np.abs(2 * z / HEAD_SIZE[2]) ** HEAD_EXPONENT) ** (
        1 / HEAD_EXPONENT
    )
    x = HEAD_SIZE[0] / 2 * np.clip(1 - rho**HEAD_END, 0, None) ** (1 / HEAD_END)
    return np.stack(np.broadcast_arrays(x, y, z), axis=-1) + np.asarray(HEAD_AT)


def beam(knots: list[tuple[float, ...]], count: int, exponent: float) -> Shell:
    """A leg segment: superellipses stacked from below to above, its ends half discs about the two joint axes."""
    turn = np.pi * np.array([0.15, 0.28, 0.39, 0.46])
    beyond = through(knots, np.array([knots[0][0], knots[-1][0]]))[:, 0]
    down = np.concatenate([knots[-1][0] + beyond[1] * np.sin(turn)[::-1], np.linspace(knots[-1][0], knots[0][0], 6)])
    down = np.concatenate([down, knots[0][0] - beyond[0] * np.sin(turn)])
    closing = np.concatenate([np.cos(turn)[::-1], np.ones(6), np.cos(turn)])
    inside = np.clip(down, knots[0][0], knots[-1][0])
    half_x, half_y, offset = np.moveaxis(through(knots, inside), -1, 0)[:, :, None]
    ring = circle(count, exponent) * np.stack([closing, closing**0.35], axis=-1)[:, None, :]
    rings = [half_x * ring[..., 0] + offset, half_y * ring[..., 1], -down[:, None]]
    return skin(np.stack(np.broadcast_arrays(*rings), axis=-1))


def base() -> Link:
    """Trunk and head; the stripe on the left of the spine tells left from right, visor and lidar front from back."""
    back = patch(hull_surface, (-0.004, 0.0), (0.156, 1.16), 0.006, edge=0.06, count=44, steps=5, exponent=5)
    keel = patch(hull_surface, (0.000, np.pi), (0.120, 0.62), 0.005, edge=0.10, count=32, steps=3, exponent=4)
    stripe = patch(hull_surface, (-0.040, 0.33), (0.092, 0.075), 0.0085, edge=0.25, count=20, steps=2, sink=0.0)
    visor = patch(head_surface, (0.0, 0.003), (0.050, 0.024), 0.003, edge=0.1, count=28, steps=3, exponent=4)
    lens = patch(head_surface, (0.0, 0.006), (0.038, 0.0055), 0.0050, edge=0.3, count=20, steps=2, exponent=3, sink=0.0)
    head = block(HEAD_SIZE, exponent=HEAD_EXPONENT, end_exponent=HEAD_END, count=24, steps=5).moved(HEAD_AT)
    jaw = block((0.076, 0.098, 0.040), exponent=3, end_exponent=3, count=20, steps=3).moved((0.246, 0, -0.014))
    neck = block((0.07, 0.088, 0.070), exponent=3, end_exponent=4, count=20, steps=2).moved((0.212, 0, 0.012))
    lidar = lathe([(0.026, 0.060), (0.026, 0.087), (0.024, 0.091), (0.018, 0.0935)], 24).moved((0.096, 0, 0))
    brim = disc(0.031, 0.010, 0.003, 24, steps=1).moved((0.096, 0, 0.080))
    tail = block((0.02, 0.062, 0.012), exponent=3, end_exponent=3, count=16, steps=3).moved((-0.216, 0, 0.010))
    return {
        "graphite": [hull(), neck, jaw, brim],
        "light": [back, keel, head],
        "accent": [stripe, tail],
        "visor": [visor, lidar],
        "lens": [lens],
    }


def hip() -> Link:
    """The roll motor about x, with a cap on its free end, and the pitch motor at its side."""
    motor = disc(0.042, 0.078, 0.008, 24).turned("x")
    arm = block((0.056, 0.07, 0.052), exponent=4, end_exponent=4, count=12, steps=2).moved((0, 0.042, 0))
    cap = disc(0.024, 0.006, 0.002, 20, steps=1).turned("x").moved((0.0395, 0, 0))
    puck = disc(0.047, 0.044, 0.007, 28).turned("y").moved((0, HIP_OFFSET - 0.020, 0))
    return {"graphite": [motor, arm, puck], "visor": [cap]}


def thigh() -> Link:
    """The left one, from the pitch axis at the top to the knee."""
    cap = disc(0.037, 0.012, 0.004, 28, steps=1).turned("y").moved((0, 0.0235, 0))
    hub = disc(0.020, 0.008, 0.003, 20, steps=1).turned("y").moved((0, 0.0285, 0))
    knee = disc(0.027, 0.042, 0.006, 20).turned("y").moved((0, 0, -THIGH))
    return {
        "light": [beam(THIGH_BEAM, 20, 3.0)],
        "accent": [cap],
        "graphite": [hub, knee],
    }


def calf() -> Link:
    """From the knee to the ankle."""
    knee = disc(0.016, 0.046, 0.003, 18, steps=1).turned("y")
    cuff = lathe([(0.0125, -0.010), (0.0155, -0.008), (0.0155, 0.004), (0.0130, 0.006)], 18)
    return {"graphite": [beam(CALF_BEAM, 14, 2.4)], "accent": [knee], "light": [cuff.moved((0, 0, -CALF + 0.032))]}


def foot() -> Link:
    """A rubber ball with a shaft that meets the ankle."""
    shaft = lathe([(0.0205, 0.004), (0.0185, 0.012), (0.0150, 0.020), (0.0130, 0.030)], 18)
    return {"rubber": [ball(FOOT_RADIUS, 18), shaft]}


def mirrored(link: Link) -> Link:
    """The same on the other side of the robot."""
    return {name: [shell.mirrored() for shell in shells] for name, shells in link.items()}


MESHES: dict[str, Callable[[], Link]] = {
    "base": base,
    "hip": hip,
    "thigh_left": thigh,
    "thigh_right": lambda: mirrored(thigh()),
    "calf": calf,
    "foot": foot,
}
"""The shapes of links, by the names of their files."""
