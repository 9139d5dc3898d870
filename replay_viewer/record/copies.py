"""Copies of a simulator's values: one block per step, in the host's memory, without holding up a GPU."""

from __future__ import annotations

import copy
import math
import sys
from typing import Any, Callable, Container, Mapping

import numpy as np

from ..arrays import as_array, numpy_if_on_host
from ..container.layout import is_pose
from ..errors import BadField
from .problems import Problems


class Gatherer:
    """Copies what is read of a simulator into one block per step, so that a GPU is waited for once.

    The fields lie as a recording has them, poses first; reward terms come last, since more of them may be logged.
    What can be known from the first step is kept: the time of a simulation is spent here at every step. A field that
    does not fit in a later step is unknown from then on, and the others go on.

    Args:
        num_rows: recorded envs.
        problems: told what does not fit.

    Attributes:
        columns: by name, where a field lies in a block's rows.
        shapes: by name, of one env's value.
    """

    def __init__(self, num_rows: int, problems: Problems) -> None:
        self.columns: dict[str, slice] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._num_rows, self._problems = num_rows, problems
        self._plan: list[tuple[str, int | None, int, int]] = []
        self._width = 0
        # In place of fields that have ceased to fit.
        self._unknown: dict[str, Any] = {}

    def plan(self, read: Mapping[str, Any], expected: Mapping[str, tuple[int, ...]]) -> None:
        """Settle by the first step in which order the arrays stand in a block, and where each field lies then.

        Args:
            read: as `gather` takes it.
            expected: by name, shapes of one env's value that the recording demands. A field that has another is left
                out, which is told.

        Raises:
            BadField: a pose is missing or misshapen.
        """
        fitting = {name: value for name, value in read.items() if self._fits(name, value, expected)}
        for name in expected:
            if _is_required(name) and name not in fitting:
                problem = _problem(read.get(name), (self._num_rows, *expected[name]))
                raise BadField(self._problems.path, name, f"{problem}. Without it, nothing can be shown.")
        plan, end = [], 0
        for name in sorted(fitting, key=lambda name: (not is_pose(name), name == "rew_terms")):
            value = fitting[name]
            parts = value if isinstance(value, tuple) else (value,)
            widths = [math.prod(part.shape[1:]) for part in parts]
            places = range(len(parts)) if isinstance(value, tuple) else (None,)
            plan += [(name, place, len(part.shape), width) for place, part, width in zip(places, parts, widths)]
            self.columns[name] = slice(end, end + sum(widths))
            self.shapes[name] = (sum(widths),) if isinstance(value, tuple) else tuple(value.shape[1:])
            end += sum(widths)
        # At the end, since half a plan would fit no step that follows an interrupt.
        self._width, self._plan = end, plan

    def gather(self, read: Mapping[str, Any]) -> Any:
        """Copy rows (n, ...) by name, or tuples of such that stand side by side, into a block (n, width) of float32.

        The block is a tensor where the rows are tensors on a device.
        """
        if self._unknown:
            read = {**read, **self._unknown}
        try:
            return self._gathered(read)
        except Exception:
            misfits = self._misfits(read)
            if not misfits:
                raise
        for name, problem in misfits.items():
            self._problems.tell(name, f"{problem}: it is NaN from here on.")
        self._unknown.update(self._unknowns(read, misfits))
        return self._gathered({**read, **self._unknown})

    def gather_early(self, read: Mapping[str, Any]) -> Any:
        """The same of what was read before the plan was settled; what does not fit is unknown, this once."""
        return self._gathered({**read, **self._unknowns(read, self._misfits(read))})

    def views(self, block: np.ndarray) -> dict[str, np.ndarray]:
        """The fields of a block, (n, *shape) by name."""
        return {name: block[:, columns].reshape(-1, *self.shapes[name]) for name, columns in self.columns.items()}

    def _gathered(self, read: Mapping[str, Any]) -> Any:
        parts = []
        for name, place, num_axes, width in self._plan:
            part = read[name] if place is None else read[name][place]
            if not isinstance(part, np.ndarray):
                part = numpy_if_on_host(part)
            parts.append(part if num_axes == 2 else part.reshape(self._num_rows, width))
        if not isinstance(parts[0], np.ndarray):
            block = sys.modules["torch"].cat(parts, 1).float()
            if tuple(block.shape) != (self._num_rows, self._width):
                raise ValueError(f"gathered a block of shape {tuple(block.shape)}")
            return block
        block = np.empty((self._num_rows, self._width), np.float32)
        np.concatenate(parts, axis=1, out=block)
        return block

    def _fits(self, name: str, value: Any, expected: Mapping[str, tuple[int, ...]]) -> bool:
        """Whether a field can be recorded; tells why not, unless it cannot be left out."""
        shape = expected.get(name)
        problem = _problem(value, (self._num_rows, *(_shape_of(value)[1:] if shape is None else shape)))
        if problem and not _is_required(name):
            self._problems.tell(name, f"{problem}: it is left out.")
        return not problem

    def _misfits(self, read: Mapping[str, Any]) -> dict[str, str]:
        """What is wrong, by name, with the fields that are not as in the first step."""
        problems = {name: _problem(read.get(name), (self._num_rows, *shape)) for name, shape in self.shapes.items()}
        return {name: problem for name, problem in problems.items() if problem}

    def _unknowns(self, read: Mapping[str, Any], names: Container[str]) -> dict[str, Any]:
        """NaN for some fields, in the form and on the device of what fits."""
        likes = (part for name in self.shapes if name not in names for part in _parts(read[name]))
        like = next(map(numpy_if_on_host, likes), None)
        unknown: dict[str, Any] = {}
        for name, place, _, width in self._plan:
            if name in names:
                part = _nan((self._num_rows, width), like)
                unknown[name] = part if place is None else (*unknown.get(name, ()), part)
        return unknown


class HostCopy:
    """A block (n, width) of float32 that has arrived, or is on its way."""

    def __init__(self, block: np.ndarray, wait: Callable[[], object] | None = None) -> None:
        self._block, self._wait = block, wait

    @property
    def block(self) -> np.ndarray:
        """The block, once it is there."""
        if self._wait is not None:
            self._wait()
            self._wait = None
        return self._block


class HostCopier:
    """Fetches blocks; from a CUDA device on a stream of its own, so that the simulation's stream goes on.

    torch's allocators know of both streams: neither the block nor the pinned memory is handed out again before the
    copy is done.
    """

    def __init__(self) -> None:
        self._stream: Any = None

    @property
    def is_ahead(self) -> bool:
        """Whether copies may still be on their way when they are returned."""
        return self._stream is not None

    def copy(self, block: Any) -> HostCopy:
        """Begin to copy a numpy array, which is taken as it is, or a tensor; nobody else may write to it."""
        if isinstance(block, np.ndarray):
            return HostCopy(block)
        return self._copy_from_cuda(block) if block.device.type == "cuda" else HostCopy(as_array(block))

    def _copy_from_cuda(self, block: Any) -> HostCopy:
        torch = sys.modules["torch"]
        if self._stream is None:
            self._stream = torch.cuda.Stream(block.device)
        pinned = torch.empty(block.shape, dtype=block.dtype, pin_memory=True)
        # What fills the block was queued on the simulation's stream.
        self._stream.wait_stream(torch.cuda.current_stream(block.device))
        with torch.cuda.stream(self._stream):
            pinned.copy_(block, non_blocking=True)
            done = self._stream.record_event()
        block.record_stream(self._stream)
        return HostCopy(pinned.numpy(), done.synchronize)


def _is_required(name: str) -> bool:
    return name.rpartition(".")[2] in ("base_pos", "base_wxyz") and is_pose(name)


def copied(read: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays of their own of what was read, since simulators reuse their buffers."""
    return {
        name: tuple(map(_copied, value)) if isinstance(value, tuple) else _copied(value) for name, value in read.items()
    }


def _copied(part: Any) -> Any:
    return part.clone() if hasattr(part, "clone") else copy.copy(part)


def _problem(value: Any, expected: tuple[int, ...]) -> str:
    """What keeps a value from being an array, or a tuple of arrays side by side, of this shape; "" if nothing does."""
    if value is None:
        return f"is missing, expected shape {expected}"
    for part in _parts(value):
        if not hasattr(part, "shape"):
            return f"is a {type(part).__name__}, expected an array of shape {expected}"
        if isinstance(part, np.ndarray) and part.dtype.kind not in "biuf":
            return f"holds no numbers but {part.dtype}, expected numbers of shape {expected}"
    found = _shape_of(value)
    return "" if found == expected else f"has shape {found}, expected {expected}"


def _shape_of(value: Any) -> tuple[int, ...]:
    """Of an array, or of arrays side by side; () of what is no array."""
    shapes: list[tuple[int, ...]] = [tuple(getattr(part, "shape", ())) for part in _parts(value)]
    if not isinstance(value, tuple) or not all(shape[:1] == shapes[0][:1] != () for shape in shapes):
        return shapes[0]
    return (shapes[0][0], sum(math.prod(shape[1:]) for shape in shapes))


def _nan(shape: tuple[int, int], like: Any) -> Any:
    """An array of NaN of the library, and on the device, of `like`; numpy's if that is None."""
    if like is None or isinstance(like, np.ndarray):
        return np.full(shape, np.nan, np.float32)
    return sys.modules["torch"].full(shape, math.nan, device=like.device)


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
