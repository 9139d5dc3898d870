"""Recordings of a red box that slides along x at a known speed, so that where it is in a picture tells the time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from replay_viewer.camera import Free
from replay_viewer.camera.presets import look_from
from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.terminals import EpisodeEnds
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.rollout.entities import EntitySpec

SPEED = 2.0  # Of the box, in m/s.
SIZE = (320, 180)
FOV = math.radians(45)
HEIGHT = 6.0  # Of the camera that looks down.

_URDF = """<robot name="slider"><link name="base"><visual>
  <geometry><box size="0.3 0.3 0.002"/></geometry><material name="red"><color rgba="0.9 0.05 0.05 1"/></material>
</visual></link></robot>"""

End = tuple[int, str, bool | None]


def write_slide(
    path: Path, num_steps: int = 60, *, control_dt: float = 0.02, ends: Mapping[int, Sequence[End]] = {}, **facts: Any
) -> Path:
    """A recording in which the box of each env is at x = SPEED x time since its episode's first step, y = its number.

    Args:
        path: of the recording.
        num_steps: control steps.
        control_dt: seconds of one.
        ends: by env, the last step, the outcome and the success of its episodes.
        facts: of `RecordingInfo`.
    """
    num_envs = len(facts.setdefault("env_ids", [0]))
    path.parent.mkdir(parents=True, exist_ok=True)
    urdf = path.with_suffix(".urdf")
    urdf.write_text(_URDF)
    info = RecordingInfo(
        control_dt=control_dt, entities=[EntitySpec("robot", urdf=str(urdf))], reward_terms=["alive"], **facts
    )
    rows = np.zeros(num_envs)
    with ContainerWriter(path, info) as writer:
        for step in range(num_steps):
            for env in range(num_envs):
                for last, outcome, success in ends.get(env, []):
                    if last == step:
                        state = {name: values[[env]] for name, values in _state(rows * control_dt).items()}
                        writer.end_episodes(EpisodeEnds(step, [env], outcome, state, success=[success]))
                        rows[env] = -1
            # The row of an episode's end shows the reset, far off.
            writer.append(step, step * control_dt, _state(np.where(rows < 0, -99, rows * control_dt)))
            rows += 1
    urdf.unlink()
    return path


def _state(times: np.ndarray) -> dict[str, np.ndarray]:
    count = len(times)
    return {
        "robot.base_pos": np.stack([SPEED * times, np.arange(count), np.full(count, 0.01)], axis=-1),
        "robot.base_wxyz": np.tile([1.0, 0.0, 0.0, 0.0], (count, 1)),
        "rew_terms": np.ones((count, 1)),
        "rew": np.ones(count),
    }


def from_above(x: float = 1.2) -> Free:
    """A camera that looks straight down at (x, 0, 0): x goes to the right in the picture, y up."""
    return Free(look_from(-math.pi / 2, math.pi / 2, np.array([x, 0.0, 0.0]), HEIGHT, FOV))


def box_x(image: np.ndarray, x: float = 1.2) -> float:
    """Where the box is along x [m], in a picture of `from_above(x)`; NaN where there is none."""
    red, green, blue = np.moveaxis(image.astype(float), -1, 0)
    redness = np.maximum(red - np.maximum(green, blue) - 20, 0).sum(axis=0)
    if redness.max() < 50:
        return math.nan
    width, height = image.shape[1], image.shape[0]
    metres = 2 * (HEIGHT - 0.01) * math.tan(FOV / 2) / height
    return x + (np.average(np.arange(width) + 0.5, weights=redness) - width / 2) * metres
