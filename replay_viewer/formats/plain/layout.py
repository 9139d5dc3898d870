"""The axes of a plain npz: steps, envs and agents, and how its arrays fit them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from ...container.info import TIME_STEPS, is_time_step
from ...errors import BadArgument, BadField, printable
from ...npz.archive import NpzArchive, StoredColumn
from ...rollout.rollout import Verdict
from ..format import QuatOrder
from .columns import Column, MappedColumn

_NUMBERS = "biuf"


@dataclass(frozen=True)
class NpzLayout:
    """Axes of the arrays, as `base_pos` has them.

    num_agents: of a task with several robots, whose base_pos is (T, N, A, 3), else None. has_env_axis: False for
    (T, 3), which is one env.
    """

    archive: NpzArchive
    num_steps: int
    num_envs: int
    num_agents: int | None
    has_env_axis: bool

    @classmethod
    def of(cls, archive: NpzArchive) -> NpzLayout:
        """The layout that `base_pos` implies; raises BadField when it or `base_quat` is missing or misshapen."""
        for key in ("base_pos", "base_quat"):
            if key not in archive.headers:
                raise BadField(archive.path, key, "is missing.", "A replay needs base_pos and base_quat at least.")
        shape = archive.headers["base_pos"].shape
        num_axes = len(shape)
        if num_axes not in (2, 3, 4) or shape[-1] != 3:
            raise BadField(archive.path, "base_pos", f"has shape {shape}, expected (T, N, 3), (T, 3) or (T, N, A, 3).")
        if math.prod(shape) == 0:
            raise BadField(archive.path, "base_pos", f"has shape {shape}: the rollout is empty.")
        num_envs = shape[1] if num_axes > 2 else 1
        return cls(archive, shape[0], num_envs, shape[2] if num_axes == 4 else None, num_axes > 2)

    @property
    def agents_shape(self) -> tuple[int, ...]:
        return () if self.num_agents is None else (self.num_agents,)

    def column(self, key: str, rank: int) -> Column:
        """The array as (T, N, ...); `rank` is the number of axes of one env's value, to tell where N is left out.

        Raises BadField: other than T steps or N envs, or no numbers.
        """
        shape = self._with_env_axis(key, rank)
        if shape[:2] != (self.num_steps, self.num_envs):
            raise self._misfit(key, "...")
        if self.archive.headers[key].dtype.kind not in _NUMBERS:
            problem = f"has type {self.archive.headers[key].dtype}, expected numbers."
            raise BadField(self.archive.path, key, problem, "Store a plain array of floats.")
        return StoredColumn(self.archive, key, shape)

    def pose(self, key: str, size: int) -> Column:
        """A column (T, N[, A], size) of floats; raises BadField with the shape that was expected."""
        tail = (*self.agents_shape, size)
        if self._with_env_axis(key, rank=len(tail)) != (self.num_steps, self.num_envs, *tail):
            raise self._misfit(key, ", ".join(map(str, tail)))
        return as_floats(self.column(key, rank=len(tail)))

    def joints(self, key: str) -> Column:
        """A column (T, N[, A], D) of floats; the agents' joints may also stand side by side, (T, N, A * D)."""
        column = self.column(key, rank=1)
        agents = self.num_agents or 1
        tail = column.shape[2:]
        if tail[: len(self.agents_shape)] == self.agents_shape and len(tail) == 1 + len(self.agents_shape):
            return as_floats(column)
        if len(tail) != 1 or tail[0] % agents:
            raise self._misfit(key, "D" if self.num_agents is None else f"{agents}, D")
        shape = (self.num_steps, self.num_envs, agents, tail[0] // agents)
        return as_floats(StoredColumn(self.archive, key, shape))

    def fits(self, key: str) -> bool:
        """Whether the array is a signal: numbers with a value for each step and env."""
        header = self.archive.headers[key]
        wanted = (self.num_steps, self.num_envs) if self.has_env_axis else (self.num_steps,)
        return header.dtype.kind in _NUMBERS and header.shape[: len(wanted)] == wanted

    def _with_env_axis(self, key: str, rank: int) -> tuple[int, ...]:
        shape = self.archive.headers[key].shape
        is_left_out = not self.has_env_axis or (self.num_envs == 1 and len(shape) == 1 + rank)
        is_given = shape[1:2] == (1,) and len(shape) == 2 + rank
        return (*shape[:1], 1, *shape[1:]) if is_left_out and not is_given else shape

    def _misfit(self, key: str, tail: str) -> BadField:
        got = self.archive.headers[key].shape
        envs = f", {self.num_envs}" if self.has_env_axis else ""
        expected = f"({self.num_steps}{envs}, {tail})"
        return BadField(self.archive.path, key, f"has shape {got}, expected {expected}, as base_pos has its axes.")


def as_floats(column: Column) -> Column:
    """The column in float32, or float64 where it was recorded so."""
    if column.dtype.kind == "f" and column.dtype.itemsize in (4, 8):
        return column
    return MappedColumn(column, lambda values: values.astype(np.float32))


def of_agent(column: Column, agent: int | None) -> Column:
    """One agent's part of a column (T, N, A, ...); the column itself without an agents axis."""
    return column if agent is None else MappedColumn(column, lambda values: values[:, :, agent])


_USUAL_DT = 0.02
_MAX_TEXT_BYTES = 1 << 24
_MAX_SHOWN = 40
FACTS = frozenset(("dt", "dof_names", "env_ids", "env_origins", "info", "quat_order", "done_row", "recording_info"))


def stated_dt(seconds: float) -> tuple[float, Verdict]:
    """Seconds per step as the user states them; raises BadArgument unless positive."""
    if not is_time_step(seconds):
        raise BadArgument("--dt", seconds, f"seconds per step must be positive: {TIME_STEPS}.")
    return seconds, Verdict("control_dt", f"{seconds:g} s", "as you say", "stated")


def control_dt(layout: NpzLayout, stated: float | None) -> tuple[float, Verdict]:
    """Seconds per step: as the user states, as the file says, else 0.02.

    Raises BadArgument or BadField for a time that is not positive.
    """
    if stated is not None:
        return stated_dt(stated)
    if "dt" not in layout.archive.headers:
        reason = "the file has no 'dt'; 50 Hz is the usual rate of control (--dt changes it)"
        return _USUAL_DT, Verdict("control_dt", f"{_USUAL_DT:g} s", reason, "assumed")
    dt = _one_number(layout)
    return dt, Verdict("control_dt", f"{dt:g} s", "the file's 'dt'", "stated")


def _one_number(layout: NpzLayout) -> float:
    header, path = layout.archive.headers["dt"], layout.archive.path
    if header.dtype.kind not in "iuf" or header.value_bytes != header.dtype.itemsize:
        raise BadField(path, "dt", f"has shape {header.shape} and type {header.dtype}, expected one number.")
    dt = float(layout.archive.load("dt").reshape(-1)[0])
    if not is_time_step(dt):
        raise BadField(path, "dt", f"is {dt}, expected seconds per step: {TIME_STEPS}.", "State it with --dt.")
    return dt


def env_ids(layout: NpzLayout) -> tuple[int, ...]:
    """The simulator's index of each env, counted where there are no 'env_ids'.

    Raises BadField unless they are N different integers.
    """
    if "env_ids" not in layout.archive.headers:
        return tuple(range(layout.num_envs))
    header, path = layout.archive.headers["env_ids"], layout.archive.path
    if header.shape != (layout.num_envs,) or header.dtype.kind not in "iu":
        problem = f"has shape {header.shape} and type {header.dtype}, expected ({layout.num_envs},) of integers."
        raise BadField(path, "env_ids", problem)
    ids = tuple(int(i) for i in layout.archive.load("env_ids"))
    if len(set(ids)) < len(ids):
        raise BadField(path, "env_ids", "names an env twice.")
    return ids


def env_origins(layout: NpzLayout) -> np.ndarray | None:
    """The envs' origins (N, 3) [m], or None. Raises BadField for another shape."""
    if "env_origins" not in layout.archive.headers:
        return None
    header = layout.archive.headers["env_origins"]
    if header.shape != (layout.num_envs, 3) or header.dtype.kind not in "iuf":
        problem = f"has shape {header.shape} and type {header.dtype}, expected ({layout.num_envs}, 3) of numbers."
        raise BadField(layout.archive.path, "env_origins", problem)
    return layout.archive.load("env_origins").astype(np.float32)


def quat_order(layout: NpzLayout) -> tuple[QuatOrder, Verdict] | None:
    """The order of the quaternions as the file states it in 'quat_order'. Raises BadField for any other text."""
    order = _one_text(layout, "quat_order", ("xyzw", "wxyz"))
    if order is None:
        return None
    return cast(QuatOrder, order), Verdict("quaternion order", order, "the file's 'quat_order'", "stated")


def done_row(layout: NpzLayout) -> str | None:
    """What the row of a done step shows as the file states it in 'done_row'. Raises BadField for any other text.

    "terminal": the state in which the episode ended. "reset": the next episode.
    """
    return _one_text(layout, "done_row", ("terminal", "reset"))


def recording_info(layout: NpzLayout) -> dict[str, Any]:
    """The JSON object in 'recording_info'; {} where there is none. Raises BadField for anything else."""
    text = _one_text(layout, "recording_info")
    try:
        found = {} if text is None else json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadField(layout.archive.path, "recording_info", "is no JSON object.")
    return found


def _one_text(layout: NpzLayout, key: str, known: Sequence[str] = ()) -> str | None:
    if key not in layout.archive.headers:
        return None
    header, path = layout.archive.headers[key], layout.archive.path
    if header.dtype.kind != "U" or header.shape or header.value_bytes > _MAX_TEXT_BYTES:
        raise BadField(path, key, f"has shape {header.shape} and type {header.dtype}, expected one text.")
    try:
        text = str(layout.archive.load(key)[()])
    except (SystemError, ValueError) as error:  # NumPy's for numbers that are no characters.
        raise BadField(path, key, f"holds no text: {error}.") from error
    if known and text not in known:
        raise BadField(path, key, f"is {printable(text[:_MAX_SHOWN])!r}, expected {' or '.join(known)}.")
    return text
