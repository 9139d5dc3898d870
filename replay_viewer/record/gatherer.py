"""The block that is read of a simulator in a step, and where its fields lie in it."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Container, Iterable, Mapping

import numpy as np

from ..arrays import numpy_if_on_host
from ..container.layout import is_pose
from ..errors import BadField
from .problems import Problems

# From so many rows on, so few columns are copied faster one by one.
_MANY_ROWS, _FEW_COLUMNS = 512, 4


@dataclass(frozen=True)
class Misfit:
    """What keeps a value from being a field.

    Attributes:
        found: what it is.
        wanted: what it should be, of a shape.
        shape: of one env's value, as far as that is known.
    """

    found: str
    wanted: str
    shape: tuple[int, ...]

    def text(self, num_rows: int, shape: tuple[int, ...] | None = None) -> str:
        """A sentence's beginning; `shape` is the one that was expected of one env's value, if any was."""
        return f"{self.found}, expected {self.wanted}{(num_rows, *(self.shape if shape is None else shape))}"


@dataclass(frozen=True, eq=False)
class Fields:
    """The fields of a block's rows.

    Attributes:
        columns: by name, where a field lies.
        shapes: by name, of one env's value.
        unfit: by name, what is wrong with those that were read and lie nowhere.
    """

    columns: Mapping[str, slice] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unfit: Mapping[str, Misfit] = field(default_factory=dict)

    def of(self, names: Iterable[str]) -> Fields:
        """Some of them."""
        kept = set(names)
        shapes = {name: shape for name, shape in self.shapes.items() if name in kept}
        return Fields({name: self.columns[name] for name in shapes}, shapes)

    def without(self, names: Container[str]) -> Fields:
        """The others."""
        unfit = {name: misfit for name, misfit in self.unfit.items() if name not in names}
        return replace(self.of(name for name in self.shapes if name not in names), unfit=unfit)

    def views(self, block: np.ndarray) -> dict[str, np.ndarray]:
        """The fields of a block, (n, *shape) by name."""
        return {name: block[:, columns].reshape(-1, *self.shapes[name]) for name, columns in self.columns.items()}

    def fitting(self, num_rows: int, expected: Mapping[str, tuple[int, ...]], problems: Problems) -> Fields:
        """Those that a recording can have; the others are left out, which is told.

        Args:
            num_rows: recorded envs.
            expected: by name, shapes of one env's value that the recording demands.
            problems: told what does not fit.

        Raises:
            BadField: a pose is missing or misshapen.
        """
        misfits = dict(self.unfit)
        for name, shape in expected.items():
            found = self.shapes.get(name, shape)
            if found != shape:
                misfits[name] = Misfit(f"has shape {(num_rows, *found)}", "", found)
            elif _is_required(name) and name not in self.shapes:
                misfits.setdefault(name, _MISSING)
        for name, misfit in misfits.items():
            problem = misfit.text(num_rows, expected.get(name))
            if name in expected and _is_required(name):
                raise BadField(problems.path, name, f"{problem}. Without it, nothing can be shown.")
            problems.tell(name, f"{problem}: it is left out.")
        empty = {name for name, shape in self.shapes.items() if 0 in shape}
        for name in empty.difference(expected, misfits):  # A robot without joints has no positions of them.
            problems.tell(name, f"has shape {(num_rows, *self.shapes[name])}, which is no number: it is left out.")
        return self.of(name for name in self.shapes if name not in misfits and name not in empty)


class Gatherer:
    """Copies what is read of a simulator into one block per step, so that a GPU is waited for once.

    The fields lie as a recording has them, poses first; reward terms come last, since more of them may be logged.
    Behind them a row has one word more, zero, for its flags: where nothing else is logged, a block is what is written.
    What can be known from the first step is kept: the time of a simulation is spent here at every step. A field that
    does not fit in a later step is unknown from then on, and the others go on.

    Args:
        num_rows: captured envs.
        problems: told what does not fit.

    Attributes:
        fields: where they lie; none before `plan`.
        is_planned: whether a step has settled that.
    """

    def __init__(self, num_rows: int, problems: Problems) -> None:
        self.fields, self.is_planned = Fields(), False
        self._num_rows, self._problems = num_rows, problems
        # By name, shapes of one env's value that are settled before there is a plan; those of them that are unknown.
        self._kept: dict[str, tuple[int, ...]] = {}
        self._lost: set[str] = set()
        self._plan: list[tuple[str, int | None, int, int]] = []
        self._width = 0
        # In place of fields that have ceased to fit.
        self._unknown: dict[str, Any] = {}
        self._no_flags = np.zeros((num_rows, 1), np.float32)

    def keep(self, before: Gatherer, is_wanted: Callable[[str], bool]) -> None:
        """Let fields that are wanted stay in the shape that they had by another's plan, and unknown as they were."""
        shapes = {**before._kept, **before.fields.shapes}
        self._kept = {name: shape for name, shape in shapes.items() if is_wanted(name)}
        self._lost = {name for name in (*before._lost, *before._unknown) if name in self._kept}

    def provisional(self, read: Mapping[str, Any]) -> Gatherer:
        """One that is planned by what was read outside of a whole step; what does not fit is unknown, this once."""
        once = Gatherer(self._num_rows, self._problems)
        once.keep(self, lambda name: True)
        once.plan(read, is_told=False)
        return once

    def plan(self, read: Mapping[str, Any], *, is_told: bool = True) -> None:
        """Settle by a step in which order the arrays stand in a block, and where each field lies then.

        Args:
            read: as `gather` takes it.
            is_told: whether to tell which of the kept fields are unknown from here on.
        """
        misfits: dict[str, Misfit] = {}
        for name in {**read, **self._kept}:
            misfit = _misfit(read.get(name), self._num_rows, self._kept.get(name))
            if misfit is None and name in self._lost:
                misfit = Misfit("has had another shape", "", self._kept[name])
            if misfit is not None:
                misfits[name] = misfit
        lost = {name: misfits.pop(name).text(self._num_rows) for name in self._kept if name in misfits}
        if is_told:
            self._tell_lost(lost)
        fitting = {name: value for name, value in read.items() if name not in misfits and name not in lost}
        like = next((numpy_if_on_host(part) for value in fitting.values() for part in _parts(value)), None)
        unknown = {name: _nan((self._num_rows, math.prod(self._kept[name])), like) for name in lost}
        plan, end, columns = [], 0, {}
        found = {**fitting, **unknown}
        for name in sorted(found, key=lambda name: (not is_pose(name), name == "rew_terms")):
            parts, is_several = _parts(found[name]), isinstance(found[name], tuple)
            widths = [math.prod(part.shape[1:]) for part in parts]
            places = range(len(parts)) if is_several else (None,)
            plan += [(name, place, len(part.shape), width) for place, part, width in zip(places, parts, widths)]
            columns[name] = slice(end, end + sum(widths))
            end += sum(widths)
        shapes = {name: self._kept.get(name, _shape_of(found[name])[1:]) for name in columns}
        self.fields = Fields(columns, shapes, misfits)
        # At the end, since half a plan would fit no step that follows an interrupt.
        self._width, self._unknown, self._plan, self.is_planned = end, unknown, plan, True

    def gather(self, read: Mapping[str, Any], chosen: np.ndarray | None = None) -> Any:
        """Copy rows (n, ...) by name, or tuples of such that stand side by side, into a block (n, width) of float32.

        Args:
            read: the rows.
            chosen: (k,) indices of the only ones that are wanted. Tensors on a device are copied whole all the same:
                it would have to wait for the indices.

        Returns:
            The block, a tensor where the rows are tensors on a device.
        """
        if self._unknown:
            read = {**read, **self._unknown}
        try:
            return self._gathered(read, chosen)
        except Exception:
            misfits = self._misfits(read)
            if not misfits:
                raise
        self._tell_lost(misfits)
        self._unknown.update(self._unknowns(read, misfits))
        return self._gathered({**read, **self._unknown}, chosen)

    def gather_early(self, read: Mapping[str, Any]) -> Any:
        """The same of what was read before the plan was settled; what does not fit is unknown, this once."""
        return self._gathered({**read, **self._unknowns(read, self._misfits(read))})

    def _tell_lost(self, misfits: Mapping[str, str]) -> None:
        for name, problem in misfits.items():
            self._problems.tell(name, f"{problem}: it is NaN from here on.")

    def _gathered(self, read: Mapping[str, Any], chosen: np.ndarray | None = None) -> Any:
        parts, num_rows = [], self._num_rows
        for name, place, num_axes, width in self._plan:
            part = read[name] if place is None else read[name][place]
            if not isinstance(part, np.ndarray):
                part = numpy_if_on_host(part)
            parts.append(part if num_axes == 2 else part.reshape(num_rows, width))
        if parts and not isinstance(parts[0], np.ndarray):
            parts.append(parts[0].new_zeros((num_rows, 1)))
            block = sys.modules["torch"].cat(parts, 1).float()
            if tuple(block.shape) != (num_rows, self._width + 1):
                raise ValueError(f"gathered a block of shape {tuple(block.shape)}")
            return block
        parts.append(self._no_flags)
        if chosen is not None:
            parts = [part[chosen] for part in parts]
        elif num_rows >= _MANY_ROWS:
            parts = [column for part in parts for column in _narrow(part)]
        block = np.empty((len(parts[-1]), self._width + 1), np.float32)
        np.concatenate(parts, 1, block)
        return block

    def _misfits(self, read: Mapping[str, Any]) -> dict[str, str]:
        """What is wrong, by name, with the fields that are not as in the first step."""
        found = {name: _misfit(read.get(name), self._num_rows, shape) for name, shape in self.fields.shapes.items()}
        return {name: misfit.text(self._num_rows) for name, misfit in found.items() if misfit is not None}

    def _unknowns(self, read: Mapping[str, Any], names: Container[str]) -> dict[str, Any]:
        """NaN for some fields, in the form and on the device of what fits."""
        likes = (part for name in self.fields.shapes if name not in names for part in _parts(read[name]))
        like = next(map(numpy_if_on_host, likes), None)
        unknown: dict[str, Any] = {}
        for name, place, _, width in self._plan:
            if name in names:
                part = _nan((self._num_rows, width), like)
                unknown[name] = part if place is None else (*unknown.get(name, ()), part)
        return unknown


def _narrow(part: np.ndarray) -> list[np.ndarray]:
    """The columns of an array that has few, else the array itself: numpy copies row by row, each at the same cost."""
    width = part.shape[1]
    return [part[:, column : column + 1] for column in range(width)] if width <= _FEW_COLUMNS else [part]


_MISSING = Misfit("is missing", "shape ", ())


def _is_required(name: str) -> bool:
    return name.rpartition(".")[2] in ("base_pos", "base_wxyz") and is_pose(name)


def _misfit(value: Any, num_rows: int, shape: tuple[int, ...] | None) -> Misfit | None:
    """What keeps a value from being an array, or a tuple of arrays side by side, (num_rows, *shape).

    None for the shape stands for any.
    """
    if value is None:
        return _MISSING if shape is None else replace(_MISSING, shape=shape)
    found = _shape_of(value)
    shape = found[1:] if shape is None else shape
    for part in map(_on_host, _parts(value)):
        if not hasattr(part, "shape"):
            return Misfit(f"is a {type(part).__name__}", "an array of shape ", shape)
        if isinstance(part, np.ndarray) and part.dtype.kind not in "biuf":
            return Misfit(f"holds no numbers but {part.dtype}", "numbers of shape ", shape)
    return None if found == (num_rows, *shape) else Misfit(f"has shape {found}", "", shape)


def _shape_of(value: Any) -> tuple[int, ...]:
    """Of an array, or of arrays side by side; () of what is no array."""
    shapes: list[tuple[int, ...]] = [tuple(getattr(part, "shape", ())) for part in _parts(value)]
    if not shapes or not isinstance(value, tuple) or not all(shape[:1] == shapes[0][:1] != () for shape in shapes):
        return shapes[0] if shapes else ()
    return (shapes[0][0], sum(math.prod(shape[1:]) for shape in shapes))


def _nan(shape: tuple[int, int], like: Any) -> Any:
    """An array of NaN of the library, and on the device, of `like`; numpy's if that is None."""
    if like is None or isinstance(like, np.ndarray):
        return np.full(shape, np.nan, np.float32)
    return sys.modules["torch"].full(shape, math.nan, device=like.device)


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _on_host(part: Any) -> Any:
    """A tensor in the host's memory as a numpy array, whose type is known; anything else as it is."""
    return numpy_if_on_host(part) if hasattr(part, "is_cuda") else part
