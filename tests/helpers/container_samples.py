"""Recordings whose numbers the tests know, and a reader that follows FORMAT.md with nothing of the package.

Runs on Python 3.8 with numpy alone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.terminals import EpisodeEnds
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.rollout.entities import EntitySpec

JOINTS = ("hip", "knee", "ankle")
TERMS = ("speed", "energy")
BOX = {"type": "box", "size": [0.2, 0.2, 0.2]}


def sample_info(num_envs: int = 4, **changes: Any) -> RecordingInfo:
    """A robot with three joints that pushes a box, in envs 100, 101, ..."""
    facts: dict = {
        "env_ids": range(100, 100 + num_envs),
        "control_dt": 0.02,
        "entities": (EntitySpec("robot", joint_names=JOINTS), EntitySpec("box", kind="object", shape=BOX)),
        "reward_terms": TERMS,
        "outcome_reasons": ("fell", "left"),
    }
    return RecordingInfo(**{**facts, **changes})


def sample_values(step: int, envs: Sequence[int] = range(4)) -> dict[str, np.ndarray]:
    """Numbers that tell their step and env: the robot is at (step, env, 0.5)."""
    env = np.asarray(envs, dtype=np.float32)
    upright = np.tile(np.array([1, 0, 0, 0], np.float32), (len(env), 1))
    at = np.stack([np.full_like(env, step), env, np.full_like(env, 0.5)], axis=1)
    return {
        "rew": env + step,
        "rew_terms": np.stack([env, np.full_like(env, step)], axis=1),
        "robot.base_pos": at,
        "robot.base_wxyz": upright,
        "robot.joint_pos": at / 10,
        "box.base_pos": at + 1,
        "box.base_wxyz": upright,
        "flags": np.full(len(env), step % 8, dtype=np.uint32),
    }


def terminal_values(step: int, envs: Sequence[int]) -> dict[str, np.ndarray]:
    """The states in which episodes end: like `sample_values`, at 1000 m height; rewards are not captured."""
    values = sample_values(step, envs)
    values["robot.base_pos"][:, 2] = 1000
    return {name: array for name, array in values.items() if "." in name}


def record(path: Path, num_steps: int, info: RecordingInfo | None = None, **options: Any) -> Path:
    """A recording of `num_steps` steps without any end of an episode."""
    info = info or sample_info()
    with ContainerWriter(path, info, **options) as writer:
        append_steps(writer, range(num_steps), len(info.env_ids))
    return path


def append_steps(writer: ContainerWriter, steps: Sequence[int], num_envs: int = 4) -> None:
    for step in steps:
        writer.append(step, step * 0.02, sample_values(step, range(num_envs)))


def fallen(step: int, envs: Sequence[int], **facts: Any) -> EpisodeEnds:
    """Episodes of these envs that terminate in `step`."""
    return EpisodeEnds(**{"step": step, "env_indices": envs, "outcome": "terminated", **facts})


def write_lost_ends(path: Path, step: int, envs: Sequence[int]) -> None:
    """Leave the ends of episodes in the next step behind, as a process does that dies before it writes the step."""
    other = path.with_name("other.rec")
    with ContainerWriter(other, sample_info()) as writer:
        append_steps(writer, range(step))
        writer.end_episodes(fallen(step, envs, values=terminal_values(step, envs)))
        append_steps(writer, [step])
    header_bytes = PlainReader(other).meta["terminals"]["header_bytes"]
    with open(path / "terminals.npy", "ab") as table:
        table.write((other / "terminals.npy").read_bytes()[header_bytes:])
    shutil.rmtree(other)


class PlainReader:
    """Reads a recording's folder as FORMAT.md says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.meta = json.loads((path / "meta.json").read_text())
        self.frames = self.meta["frames"]
        self.segments = sorted(path.glob("frames-*.npy"))
        sizes = [file.stat().st_size for file in self.segments]
        header, record = self.frames["header_bytes"], self.frames["record_bytes"]
        self.num_steps = sum(max(0, size - header) // record for size in sizes)

    def step(self, index: int) -> int:
        return int(np.frombuffer(self._bytes(index, 0, 8), "<i8")[0])

    def value(self, name: str, index: int, env: int) -> np.ndarray:
        row = self.meta["row"]
        field = next(f for f in row["fields"] if f["name"] == name)
        count = int(np.prod(field["shape"], dtype=int))
        offset = self.frames["env_offset"] + env * row["bytes"] + field["offset"]
        return np.frombuffer(self._bytes(index, offset, 4 * count), field["dtype"]).reshape(field["shape"])

    def ends(self) -> list[dict]:
        """Rows of the terminals table whose step is there, by column, with "row" as the bytes of the last state."""
        table, rows = self.meta["terminals"], []
        content = (self.path / "terminals.npy").read_bytes()[table["header_bytes"] :]
        for start in range(0, len(content) - table["bytes"] + 1, table["bytes"]):
            row = content[start : start + table["bytes"]]
            values = {f["name"]: np.ndarray(f["shape"], f["dtype"], row, f["offset"])[()] for f in table["fields"]}
            rows.append({**values, "row": row[table["row_offset"] :]})
        return [row for row in rows if row["last_record"] < self.num_steps]

    def _bytes(self, index: int, offset: int, count: int) -> bytes:
        segment, record = divmod(index, self.frames["records_per_segment"])
        with open(self.segments[segment], "rb") as file:
            file.seek(self.frames["header_bytes"] + record * self.frames["record_bytes"] + offset)
            return file.read(count)
