"""What the loops are called with: kinds of arguments, and the words of eight bytes in which they are handed over.

A loop's annotations are its kinds. An array is handed over as its address and its shape, a tuple as what is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np

# Arrays, all of them contiguous: of how many dimensions, says the number.
Floats1 = Annotated[np.ndarray, np.float32, 1]
Floats2 = Annotated[np.ndarray, np.float32, 2]
Floats3 = Annotated[np.ndarray, np.float32, 3]
Doubles2 = Annotated[np.ndarray, np.float64, 2]
Ints1 = Annotated[np.ndarray, np.int32, 1]
Ints2 = Annotated[np.ndarray, np.int32, 2]
Ints3 = Annotated[np.ndarray, np.int32, 3]
Longs1 = Annotated[np.ndarray, np.int64, 1]
Longs2 = Annotated[np.ndarray, np.int64, 2]
Longs3 = Annotated[np.ndarray, np.int64, 3]
Bytes1 = Annotated[np.ndarray, np.uint8, 1]
Bytes2 = Annotated[np.ndarray, np.uint8, 2]
Bytes3 = Annotated[np.ndarray, np.uint8, 3]
Flags1 = Annotated[np.ndarray, np.bool_, 1]
Flags2 = Annotated[np.ndarray, np.bool_, 2]
# Left, top, right and bottom [px] of a part of a picture, without the last two.
Rectangle = tuple[int, int, int, int]


@dataclass(frozen=True)
class Scalar:
    """A number: `dtype` is int, bool or np.float32."""

    dtype: type

    @property
    def layout(self) -> str:
        return "f4x" if self.dtype is np.float32 else "q"

    def words(self, value: Any) -> Iterator[Any]:
        yield value


@dataclass(frozen=True)
class Array:
    """A contiguous array."""

    dtype: type
    ndim: int

    @property
    def layout(self) -> str:
        return (1 + self.ndim) * "q"

    def words(self, value: Any) -> Iterator[Any]:
        if not (value.dtype == self.dtype and value.ndim == self.ndim and value.flags.c_contiguous):
            raise TypeError(f"A loop takes {self}, not {value.dtype} of shape {value.shape}.")
        yield value.__array_interface__["data"][0]
        yield from value.shape


@dataclass(frozen=True)
class Group:
    """A tuple; `form` is tuple, or the named one."""

    form: type
    members: tuple[Kind, ...]

    @property
    def layout(self) -> str:
        return "".join(member.layout for member in self.members)

    def words(self, value: Any) -> Iterator[Any]:
        if len(value) != len(self.members):
            raise TypeError(f"A loop takes {self}, not a tuple of {len(value)}.")
        for member, one in zip(self.members, value, strict=True):
            yield from member.words(one)


Kind = Scalar | Array | Group


class Arguments:
    """The arguments of a loop.

    Attributes:
        kinds: of each.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        hints = get_type_hints(function, include_extras=True)
        self.kinds = [_kind(hint) for name, hint in hints.items() if name != "return"]
        # The first word is for what the loop returns.
        self._struct = Struct("=q" + "".join(kind.layout for kind in self.kinds))

    def words(self, values: tuple[Any, ...]) -> bytes:
        """Arguments as words, behind one that is free. Raises TypeError for what are not of these kinds."""
        if len(values) != len(self.kinds):
            raise TypeError(f"A loop takes {len(self.kinds)} arguments, not {len(values)}.")
        words = [word for kind, value in zip(self.kinds, values, strict=True) for word in kind.words(value)]
        return self._struct.pack(0, *words)


def _kind(hint: Any) -> Kind:
    """What an annotation means."""
    if get_origin(hint) is Annotated:
        _, dtype, ndim = get_args(hint)
        return Array(dtype, ndim)
    if get_origin(hint) is tuple:
        return Group(tuple, tuple(_kind(member) for member in get_args(hint)))
    if hasattr(hint, "_fields"):
        members = get_type_hints(hint, include_extras=True)
        return Group(hint, tuple(_kind(members[name]) for name in hint._fields))
    return Scalar(hint)
