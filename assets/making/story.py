"""What happens in the demo: four envs, their walks, one push, two time-outs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .dimensions import LEGS
from .fall import Push, fall
from .gait import CONTROL_DT, Motion, Walk, walk
from .signals import Signals, signals, standing_forces

NUM_STEPS = 700
ENV_ORIGINS = np.array([[0.0, 0.0, 0.0], [0.0, 2.5, 0.0], [-2.5, 0.0, 0.0], [-2.5, 2.5, 0.0]])
REST = NUM_STEPS * CONTROL_DT
"""More seconds than are left: an episode that is still running when the recording ends."""

# Joint targets [rad] of the four legs while the robot tries to stay up, and after it has given up.
BRACED = np.array([[0.25, 0.8, -1.8], [0.2, 0.9, -1.9], [0.25, 0.9, -1.8], [0.2, 1.0, -1.9]])
LIMP = np.array([[-0.3, 1.3, -2.4], [0.1, 1.0, -1.8], [-0.2, 1.4, -2.4], [0.0, 0.9, -1.7]])
FALL_SECONDS = 1.4


@dataclass(frozen=True)
class Scene:
    """One episode: a walk that ends by `outcome`; with a push, it ends with the fall after it."""

    plan: Walk
    outcome: str = "unfinished"
    push: Push | None = None


@dataclass(frozen=True)
class Episode:
    """A scene played out. pushed_at: index of the state in which the push begins, or None."""

    motion: Motion
    signals: Signals
    outcome: str
    pushed_at: int | None


# Per env, in the order of ENV_ORIGINS: forward, turning, sideways, slow.
SCENES = (
    (
        Scene(
            Walk(6.0, [(0.0, 0.5, 0.0, 0.0), (2.6, 0.75, 0.0, 0.15)], (0.06, -0.04, 0.05), 0.30),
            "terminated",
            Push((0.0, 1.3), -1.0),
        ),
        Scene(Walk(REST, [(0.0, 0.6, 0.0, -0.35), (4.0, 0.4, 0.0, 0.5)], (-0.05, 0.07, -0.1), 0.80)),
    ),
    (
        Scene(Walk(9.6, [(0.0, 0.3, 0.0, 0.8), (5.0, 0.0, 0.0, -0.9)], (0.08, 0.05, 0.6), 0.10), "truncated"),
        Scene(Walk(REST, [(0.0, 0.25, 0.0, -0.7)], (-0.03, 0.04, -0.5), 0.45)),
    ),
    (
        Scene(Walk(5.2, [(0.0, 0.0, -0.35, 0.0)], (-0.04, 0.02, -0.15), 0.65, lift=0.055), "truncated"),
        Scene(Walk(REST, [(0.0, 0.15, 0.3, 0.0), (4.5, 0.0, -0.4, 0.0)], (0.05, -0.06, 0.2), 0.20, lift=0.055)),
    ),
    (Scene(Walk(REST, [(0.0, 0.2, 0.0, 0.2), (7.0, 0.25, 0.0, -0.15)], (0.03, 0.05, 2.4), 0.90, 0.62, 0.6, 0.05)),),
)


def play(scene: Scene, seed: int) -> Episode:
    """The episode of one scene."""
    motion = walk(scene.plan, seed)
    forces, legs_down = standing_forces(motion), np.zeros((motion.num_states, len(LEGS)), dtype=bool)
    if scene.push is None:
        return Episode(motion, signals(motion, forces, legs_down), scene.outcome, None)
    after = fall(motion, scene.push, BRACED, LIMP, FALL_SECONDS)
    whole = joined(motion, after.motion)
    forces = np.concatenate([forces, after.forces[:, : len(LEGS)]])
    legs_down = np.concatenate([legs_down, after.legs_down])
    return Episode(whole, signals(whole, forces, legs_down), scene.outcome, motion.num_states)


def joined(first: Motion, second: Motion) -> Motion:
    """One motion after the other."""
    both = {name: np.concatenate([value, getattr(second, name)]) for name, value in vars(first).items()}
    return replace(first, **both)
