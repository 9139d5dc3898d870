"""The layout of named arrays: their axes of steps, envs and agents, and how each array fits them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import BadField
from .array_table import ArrayTable
from .columns import Column, MappedColumn
from .other_keys import missing_pose

# What decides where everything is drawn. Of other arrays that cannot be read the replay is without.
_NEEDED = ("base_pos", "base_quat", "dof_pos", "dof_names", "dt", "env_ids", "quat_order")
# Kinds of numpy's types that are numbers, flags included.
NUMBER_KINDS = "biuf"
# What is read whole on opening has an end: 16,384 steps of 4,096 envs, 16 joints each. A file may claim any shape.
_MAX_POSES, _MAX_FLAGS, _MAX_VALUES = 1 << 26, 1 << 28, 1 << 30
_MAX_ENVS, _MAX_AGENTS, _MAX_JOINTS = 1 << 18, 1 << 10, 1 << 13


@dataclass(frozen=True)
class TableLayout:
    """Axes of the arrays, as `base_pos` has them.

    Attributes:
        table: the arrays.
        num_steps: T.
        num_envs: N.
        num_agents: A of a task with several robots, whose base_pos is (T, N, A, 3), else None.
        has_env_axis: False for (T, 3), which is one env.
    """

    table: ArrayTable
    num_steps: int
    num_envs: int
    num_agents: int | None
    has_env_axis: bool

    @classmethod
    def of(cls, table: ArrayTable) -> TableLayout:
        """The layout that `base_pos` implies.

        Raises BadField when it or `base_quat` is missing or misshapen, or an array cannot be read that poses need.
        """
        for key in _NEEDED:
            if key in table.unreadable:
                raise table.unreadable[key]
        if "base_pos" not in table.headers or "base_quat" not in table.headers:
            raise missing_pose(table)
        shape = table.headers["base_pos"].shape
        num_axes = len(shape)
        if num_axes not in (2, 3, 4) or shape[-1] != 3:
            raise BadField(table.path, "base_pos", f"has shape {shape}, expected (T, N, 3), (T, 3) or (T, N, A, 3).")
        if math.prod(shape) == 0:
            raise BadField(table.path, "base_pos", f"has shape {shape}: the rollout is empty.")
        num_envs = shape[1] if num_axes > 2 else 1
        layout = cls(table, shape[0], num_envs, shape[2] if num_axes == 4 else None, num_axes > 2)
        layout._refuse_many("base_pos", math.prod(shape[:-1]), _MAX_POSES, "poses")
        layout._refuse_many("base_pos", num_envs, _MAX_ENVS, "envs")
        layout._refuse_many("base_pos", layout.num_agents or 1, _MAX_AGENTS, "robots")
        return layout

    @property
    def agents_shape(self) -> tuple[int, ...]:
        """(A,), or () without agents."""
        return () if self.num_agents is None else (self.num_agents,)

    def column(self, key: str, rank: int) -> Column:
        """The array as (T, N, ...); `rank` is the number of axes of one env's value, to tell where N is left out.

        Raises BadField: other than T steps or N envs, or no numbers.
        """
        shape = self._with_env_axis(key, rank)
        if shape[:2] != (self.num_steps, self.num_envs):
            raise self._misfit(key, "...")
        if self.table.headers[key].dtype.kind not in NUMBER_KINDS:
            problem = f"has type {self.table.headers[key].dtype}, expected numbers."
            raise BadField(self.table.path, key, problem, "Store a plain array of floats.")
        return self.table.column(key, shape)

    def pose(self, key: str, size: int) -> Column:
        """A column (T, N[, A], size) of floats; raises BadField with the shape that was expected."""
        tail = (*self.agents_shape, size)
        if self._with_env_axis(key, rank=len(tail)) != (self.num_steps, self.num_envs, *tail):
            raise self._misfit(key, ", ".join(map(str, tail)))
        return as_floats(self.column(key, rank=len(tail)))

    def joints(self, key: str) -> Column:
        """A column (T, N[, A], D) of floats; the agents' joints may also stand side by side, (T, N, A * D)."""
        column = self.column(key, rank=1)
        self._refuse_many(key, math.prod(column.shape[2:]), _MAX_JOINTS, "joints")
        self._refuse_many(key, math.prod(column.shape), _MAX_VALUES, "values")
        agents = self.num_agents or 1
        tail = column.shape[2:]
        if tail[: len(self.agents_shape)] == self.agents_shape and len(tail) == 1 + len(self.agents_shape):
            return as_floats(column)
        if len(tail) != 1 or tail[0] % agents:
            raise self._misfit(key, "D" if self.num_agents is None else f"{agents}, D")
        shape = (self.num_steps, self.num_envs, agents, tail[0] // agents)
        return as_floats(self.table.column(key, shape))

    def reward(self, key: str) -> Column:
        """A column (T, N[, A]) of floats, where A may be any number of robots."""
        column = self.column(key, rank=0)
        self._refuse_many(key, math.prod(column.shape[2:]), _MAX_AGENTS, "robots")
        return as_floats(column)

    def flags(self, key: str) -> np.ndarray:
        """All values (T, N, ...) of an array that says something of every step and env, or of each robot there.

        Raises BadField: other than T steps or N envs, no numbers, or too many.
        """
        column = self.column(key, rank=0)
        self._refuse_many(key, math.prod(column.shape[2:]), _MAX_AGENTS, "robots")
        self._refuse_many(key, math.prod(column.shape), _MAX_FLAGS, "values")
        return column.read(slice(None), range(self.num_envs))

    def fits(self, key: str) -> bool:
        """Whether the array is a signal: numbers with a value for each step and env."""
        header = self.table.headers[key]
        wanted = (self.num_steps, self.num_envs) if self.has_env_axis else (self.num_steps,)
        return header.dtype.kind in NUMBER_KINDS and header.shape[: len(wanted)] == wanted

    def _with_env_axis(self, key: str, rank: int) -> tuple[int, ...]:
        """The array's shape, with an axis of one env where that is left out."""
        shape = self.table.headers[key].shape
        is_left_out = not self.has_env_axis or (self.num_envs == 1 and len(shape) == 1 + rank)
        is_given = shape[1:2] == (1,) and len(shape) == 2 + rank
        return (*shape[:1], 1, *shape[1:]) if is_left_out and not is_given else shape

    def _refuse_many(self, key: str, count: int, limit: int, what: str) -> None:
        """Raise BadField for more of something than is read when the file is opened."""
        if count > limit:
            shape = self.table.headers[key].shape
            problem = f"has shape {shape}: {count} {what}, more than the {limit} that a file may have."
            raise BadField(
                self.table.path, key, problem, "Save fewer steps or envs, or record with attach(env, 'run.rec')."
            )

    def _misfit(self, key: str, tail: str) -> BadField:
        got = self.table.headers[key].shape
        envs = f", {self.num_envs}" if self.has_env_axis else ""
        expected = f"({self.num_steps}{envs}, {tail})"
        return BadField(self.table.path, key, f"has shape {got}, expected {expected}, as base_pos has its axes.")


def as_floats(column: Column) -> Column:
    """The column in float32, or float64 where it was recorded so."""
    if column.dtype.kind == "f" and column.dtype.itemsize in (4, 8):
        return column
    return MappedColumn(column, lambda values: values.astype(np.float32))


def of_agent(column: Column, agent: int | None) -> Column:
    """One agent's part of a column (T, N, A, ...); the column itself without an agents axis."""
    return column if agent is None else MappedColumn(column, lambda values: values[:, :, agent])
