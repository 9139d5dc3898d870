"""Named values at stated offsets: the signals of one env at one step, and the columns of a table."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Mapping, Sequence

import numpy as np

from ..errors import BadField

WORD_TYPES = ("<f4", "<u4", "<i4")
POSES = ("base_pos", "base_wxyz", "joint_pos")
UNITS = {
    "base_pos": "m",
    "joint_pos": "rad or m",
    "base_lin_vel": "m/s",
    "base_ang_vel": "rad/s",
    "joint_vel": "rad/s or m/s",
    "joint_torque": "N m or N",
    "contact_force": "N",
}
_WORD_OF_KIND = {"f": "<f4", "b": "<u4", "u": "<u4", "i": "<i4"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")


def is_pose(name: str) -> bool:
    """Whether a field of this name says where a body of an entity is."""
    return "." in name and name.rpartition(".")[2] in POSES


@dataclass(frozen=True)
class FieldSpec:
    """One value. shape: of one env at one step, agents first. dtype: little-endian, as numpy writes it."""

    name: str
    shape: tuple[int, ...] = ()
    dtype: str = "<f4"
    unit: str = ""

    @property
    def num_bytes(self) -> int:
        return np.dtype(self.dtype).itemsize * math.prod(self.shape)


@dataclass(frozen=True)
class StructSpec:
    """Fields at byte offsets, and the bytes from one such struct to the next."""

    fields: tuple[FieldSpec, ...]
    offsets: Mapping[str, int]
    num_bytes: int

    @cached_property
    def by_name(self) -> dict[str, FieldSpec]:
        return {field.name: field for field in self.fields}

    @cached_property
    def dtype(self) -> np.dtype:
        """The same as a numpy dtype; bytes that no field covers are skipped."""
        return np.dtype(
            {
                "names": [f.name for f in self.fields],
                "formats": [(f.dtype, f.shape) for f in self.fields],
                "offsets": [self.offsets[f.name] for f in self.fields],
                "itemsize": self.num_bytes,
            }
        )


def laid_end_to_end(fields: Sequence[FieldSpec]) -> StructSpec:
    """The fields one after the other, without gaps."""
    ends = np.cumsum([0, *(field.num_bytes for field in fields)]).tolist()
    offsets = {field.name: offset for field, offset in zip(fields, ends)}
    return StructSpec(tuple(fields), offsets, ends[-1])


def declare(name: str, shape: Sequence[int] = (), dtype: object = np.float32, unit: str = "") -> FieldSpec:
    """A signal to record: floats are stored as float32, booleans and unsigned integers as uint32, others as int32.

    Args:
        name: such as "robot.base_pos", "obs" or a name of your own.
        shape: of one env at one step.
        dtype: what the arrays hold.
        unit: for the viewer; known for the names of the format.

    Raises:
        BadField: a name that other programs could not use, an empty shape, or a dtype that is no number.
    """
    where = "recording"
    if not _NAME.fullmatch(name):
        raise BadField(where, name, "is no usable name of a signal.", "Use letters, digits and _ . / - (at most 200).")
    if any(int(size) < 1 for size in shape):
        raise BadField(where, name, f"has shape {tuple(shape)} per env, which holds nothing.", "Leave it out.")
    kind = np.dtype(dtype).kind  # type: ignore[call-overload]
    if kind not in _WORD_OF_KIND:
        raise BadField(where, name, f"is of type {np.dtype(dtype)}, which is no number.")  # type: ignore[call-overload]
    unit = unit or UNITS.get(name.rpartition(".")[2], "")
    return FieldSpec(name, tuple(int(size) for size in shape), _WORD_OF_KIND[kind], unit)


def declare_all(values: Mapping[str, np.ndarray]) -> list[FieldSpec]:
    """The signals of one step's arrays, each of shape (num_envs, *shape)."""
    return [declare(name, np.shape(array)[1:], np.asarray(array).dtype) for name, array in values.items()]
