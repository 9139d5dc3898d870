"""The values that a pickle may build: plain ones and numpy arrays, each by a builder of our own.

The names in a pickle only choose among these builders; nothing is imported and no function that a file names is called.
Everything else becomes a `Placeholder`, so that what stands beside it stays readable.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import printable

_MAX_NODES = 20_000_000
_MAX_COPIED_BYTES = 1 << 30

# No recorder writes a reference to these into its data; a file that does was made to run something.
_PROGRAM_RUNNERS = {"asyncio", "commands", "multiprocessing", "nt", "os", "popen2", "posix", "pty", "subprocess"}
_PYTHON_RUNNERS = {"code", "codeop", "ctypes", "importlib", "marshal", "pickle", "pydoc", "runpy", "sys", "timeit"}
_CODE_RUNNERS = _PROGRAM_RUNNERS | _PYTHON_RUNNERS | {"shutil", "socket", "webbrowser"}
_CODE_RUNNING_BUILTINS = {"__import__", "apply", "breakpoint", "compile", "eval", "exec", "execfile", "open"}

_DTYPE_NAME = re.compile(r"[<>=|]?[?biufcSUOVmM]\d{0,9}")
_MAX_DIMENSIONS = 32
_MAX_ARGUMENTS = 8
_MAX_NAME = 80


class BadPickle(ValueError):
    """A pickle that cannot be read as data: damaged, over budget, or made to run code."""


class Placeholder:
    """Stands for an object that is not plain data.

    Attributes:
        name: what the pickle calls it.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<not read: {self.name}>"


class Builder(Placeholder):
    """A name that a pickle may call."""

    __slots__ = ("_build",)

    def __init__(self, name: str, build: Callable[..., Any]) -> None:
        super().__init__(name)
        self._build = build

    def __call__(self, budget: Budget, arguments: Sequence[Any]) -> Any:
        """What the call stands for; with more arguments than any builder has, a placeholder."""
        if len(arguments) > _MAX_ARGUMENTS:
            return Placeholder(self.name)
        return self._build(budget, *arguments)


class Unfinished(Placeholder):
    """An object between its two opcodes, REDUCE (made) and BUILD (given its state).

    Attributes:
        finish: makes the object out of its state.
        memo_keys: where the pickle filed it in between; the finished object takes its place there.
    """

    __slots__ = ("finish", "memo_keys")

    def __init__(self, name: str, finish: Callable[[Budget, Any], Any]) -> None:
        super().__init__(name)
        self.finish = finish
        self.memo_keys: list[int] = []


class Budget:
    """What one pickle may cost: objects made and bytes copied. Either is spent before the work is done."""

    def __init__(self, nodes: int = _MAX_NODES, copied_bytes: int = _MAX_COPIED_BYTES) -> None:
        self.nodes, self.copied_bytes = nodes, copied_bytes

    def spend(self, nodes: int = 0, copied_bytes: int = 0) -> None:
        """Take from the budget; raises BadPickle when it is used up."""
        self.nodes -= nodes
        self.copied_bytes -= copied_bytes
        if self.nodes < 0 or self.copied_bytes < 0:
            raise BadPickle("is larger than any recording needs: it would build more objects than are allowed.")


def global_named(module: str, name: str) -> Placeholder:
    """The builder that a pickle's global stands for, or a placeholder of that name.

    Raises BadPickle for a name that runs code: such a file is an attack, not a recording.
    """
    known = _BUILDERS.get((module, name))
    if known:
        return known
    top = module.split(".")[0]
    full_name = printable(f"{module}.{name}"[:_MAX_NAME])
    if top in _CODE_RUNNERS or (top in ("builtins", "__builtin__") and name in _CODE_RUNNING_BUILTINS):
        problem = f"holds a pickle that would run {full_name} when loaded."
        raise BadPickle(f"{problem} Nothing was run; do not open this file with allow_pickle=True.")
    return Placeholder(full_name)


def dict_key(key: Any) -> Any:
    """The key, if its hash is cheap and safe; hashing a tuple nested a million deep would overflow the C stack."""
    is_plain = isinstance(key, (str, bytes, int, float, Placeholder)) or key is None
    return key if is_plain else Placeholder(f"key of type {type(key).__name__}")


def _reconstruct(_: Budget, kind: Any, *__: Any) -> Placeholder:
    """NumPy's `_reconstruct(ndarray, (0,), b"b")`: an empty array whose state follows in BUILD."""
    return Unfinished("numpy.ndarray", _finish_array) if kind is _NDARRAY else Placeholder(kind.name)


def _finish_array(budget: Budget, state: tuple[Any, ...]) -> Any:
    """The state of an array: ([version,] shape, dtype, is_fortran, bytes or a list of objects)."""
    shape, dtype, is_fortran, content = state[-4:]
    if _is_object_dtype(dtype):
        return _nested_list(budget, content, shape)
    return _array(budget, content, dtype, shape, "F" if is_fortran else "C")


def _is_object_dtype(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind == "O"


def _array(budget: Budget, content: Any, dtype: Any, shape: Any, order: Any = "C") -> Any:
    """NumPy's `_frombuffer`, and the last step of `_reconstruct`: the bytes must be exactly what the shape claims."""
    if not isinstance(dtype, np.dtype) or dtype.hasobject:
        return Placeholder("numpy array of an unusual type")
    if isinstance(content, str):  # Python 2 wrote bytes as str.
        content = _encode(budget, content)
    if not dtype.itemsize or _size(shape) * dtype.itemsize != len(content):
        raise BadPickle(f"holds an array of shape {shape} and type {dtype}, but {len(content)} bytes for it.")
    return np.ndarray(shape, dtype=dtype, buffer=content, order="F" if order == "F" else "C")


def _nested_list(budget: Budget, content: Any, shape: Any) -> Any:
    """An object array as nested lists: freeing arrays nested a million deep would overflow the C stack.

    NumPy writes the objects row by row, even where it says that the array has Fortran's order.
    """
    if not isinstance(content, list) or _size(shape) != len(content):
        raise BadPickle("holds an object array whose shape does not fit its number of objects.")
    if len(shape) == 1 or not content:
        return content
    budget.spend(nodes=len(content))
    flat = np.empty(len(content), dtype=object)
    for index, value in enumerate(content):
        flat[index] = value
    return flat.reshape(shape).tolist()


def _size(shape: Any) -> int:
    """Number of elements of a shape that a file claims; raises BadPickle for one that is no shape."""
    is_shape = isinstance(shape, tuple) and len(shape) <= _MAX_DIMENSIONS
    if not is_shape or not all(type(n) is int and n >= 0 for n in shape):
        raise BadPickle("holds an array of an impossible shape.")
    return math.prod(shape)


def _dtype(_: Budget, name: Any, *__: Any) -> Unfinished:
    """NumPy's `dtype("f4", False, True)`; byte order and fields follow in BUILD."""
    if not isinstance(name, str) or not _DTYPE_NAME.fullmatch(name):
        raise BadPickle("holds an array of an unknown type.")
    return Unfinished("numpy.dtype", lambda budget, state: _finish_dtype(budget, np.dtype(name), state))


def _finish_dtype(budget: Budget, plain: np.dtype, state: tuple[Any, ...]) -> Any:
    """The state of a dtype: (version, byte order, subarray, names, fields, itemsize, alignment, ...)."""
    byte_order, subarray, names, fields, itemsize = state[1:6]
    if names:
        budget.spend(nodes=len(names))
        return _structured_dtype(names, [fields[name][:2] for name in names], itemsize)
    if subarray:
        return Placeholder("numpy dtype of subarrays")
    return plain.newbyteorder(byte_order) if byte_order in ("<", ">") else plain


def _structured_dtype(names: Sequence[str], fields: Sequence[tuple[Any, Any]], itemsize: int) -> Any:
    """Types with plain columns only: nested ones have no use here, and could be nested a million deep."""
    formats, offsets = zip(*fields, strict=True)
    if not all(isinstance(dtype, np.dtype) and dtype.names is None for dtype in formats):
        return Placeholder("numpy dtype of nested structures")
    return np.dtype({"names": list(names), "formats": formats, "offsets": offsets, "itemsize": itemsize})


def _scalar(budget: Budget, dtype: Any, content: Any = b"") -> Any:
    """NumPy's `scalar(dtype, bytes)`."""
    if _is_object_dtype(dtype):
        return content
    value = _array(budget, content, dtype, (1,))
    return value[0] if isinstance(value, np.ndarray) else value


def _encode(budget: Budget, text: Any, encoding: Any = "latin1") -> bytes:
    """Protocols 0 to 2 write bytes as `_codecs.encode(str, "latin1")`."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise BadPickle("holds bytes in an unknown encoding.")
    budget.spend(copied_bytes=len(text))
    return text.encode("latin1")


def _bytes(_: Budget, content: Any = b"", *__: Any) -> Any:
    """Protocols 0 to 2 write empty bytes, and bytearrays, as calls."""
    return content if isinstance(content, bytes) else Placeholder("bytes")


def _list(budget: Budget, items: Any = ()) -> Any:
    """Sets become lists: their items need not be hashable then."""
    if not isinstance(items, (list, tuple)):
        return Placeholder("set")
    budget.spend(nodes=len(items))
    return list(items)


def _dict(budget: Budget, pairs: Any = (), *_: Any) -> dict[Any, Any]:
    """OrderedDict(pairs) and defaultdict(factory); the factory is not kept."""
    if not isinstance(pairs, (list, tuple)):
        return {}
    budget.spend(nodes=len(pairs))
    return {dict_key(key): value for key, value in pairs}


def _complex(_: Budget, real: Any = 0.0, imaginary: Any = 0.0) -> complex:
    return complex(real, imaginary)


def _custom_object(_: Budget, kind: Any, *__: Any) -> Placeholder:
    """Protocols 0 and 1 make objects of any class through copyreg."""
    return Placeholder(kind.name)


_NDARRAY = Builder("numpy.ndarray", lambda *_: Placeholder("numpy.ndarray"))


def _builders() -> dict[tuple[str, str], Builder]:
    """The builders by the module and the name under which pickles of any age call them."""
    names: dict[tuple[str, str], Callable[..., Any]] = {
        ("numpy", "dtype"): _dtype,
        ("_codecs", "encode"): _encode,
        ("collections", "OrderedDict"): _dict,
        ("collections", "defaultdict"): _dict,
        ("copyreg", "_reconstructor"): _custom_object,
        ("copy_reg", "_reconstructor"): _custom_object,
    }
    for core in ("numpy.core", "numpy._core"):
        names[f"{core}.multiarray", "_reconstruct"] = _reconstruct
        names[f"{core}.multiarray", "scalar"] = _scalar
        names[f"{core}.numeric", "_frombuffer"] = _array
    for builtins in ("builtins", "__builtin__"):
        names[builtins, "bytes"] = names[builtins, "bytearray"] = _bytes
        names[builtins, "set"] = names[builtins, "frozenset"] = _list
        names[builtins, "complex"] = _complex
    built = {key: Builder(".".join(key), build) for key, build in names.items()}
    return {("numpy", "ndarray"): _NDARRAY, **built}


_BUILDERS = _builders()
