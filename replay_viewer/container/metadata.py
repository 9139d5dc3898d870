"""Metadata, which a user adds to a recording's facts: no number depends on them, so none keeps one from being made."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import types
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from .json_object import MAX_DEPTH
from .layout import MAX_META_BYTES

# The other facts have the rest of a meta.json.
_MOST_BYTES = MAX_META_BYTES // 4
_MOST_NUMBERS = 100_000  # Of one array.
_MOST_TOLD, _LONGEST_PATH = 8, 80
_LARGEST_INTEGER = 10**4000  # Python from 3.11 on prints none of more than 4300 digits.
_NAMESPACES = (argparse.Namespace, types.SimpleNamespace)


def plain_metadata(metadata: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Metadata in the types that JSON has, and what is wrong with what is left out of it, by its path.

    What means the same is repaired: tuples, sets and arrays are lists, numpy's numbers those of Python, UTF-8 bytes
    the text, a float that is no finite number the text that `float` takes ("nan", "-inf"), a dataclass or a namespace
    its values by name, what has a text of its own (a path, a date, an enum) this text. The rest is left out, and null
    in a list. What has no names at all is kept by the name "metadata".
    """
    keeper = _Keeper()
    return keeper.kept(by_name(metadata)), keeper.left_out()


def by_name(metadata: Any) -> Mapping[Any, Any]:
    """Metadata as values by name, whatever a user has given."""
    named = {} if metadata is None else _values_of(metadata)
    return {"metadata": metadata} if named is None else named


class _Unkept(Exception):
    """What JSON cannot hold; says what it is."""


class _Keeper:
    """Converts values, and notes what it leaves out."""

    def __init__(self) -> None:
        self._problems: dict[str, str] = {}

    def left_out(self) -> dict[str, str]:
        """The first few problems by path, and how many there are besides."""
        shown = list(self._problems.items())[:_MOST_TOLD]
        told = {path[:_LONGEST_PATH]: problem for path, problem in shown}
        others = len(self._problems) - len(shown)
        return {**told, **({"metadata": f"has {others} more values that do not fit"} if others else {})}

    def kept(self, named: Mapping[Any, Any]) -> dict[str, Any]:
        """What is kept; of members that take too much room together, the last ones go."""
        kept, free = {}, _MOST_BYTES
        try:
            members = self._value(named, "metadata", 0)
        except _Unkept as problem:
            self._problems["metadata"], members = str(problem), {}
        for name, value in members.items():
            size = len(name) + len(json.dumps(value))
            if size > free:
                self._problems[f"metadata.{name}"] = f"takes {size} bytes, where {free} are left"
            else:
                kept[name], free = value, free - size
        return kept

    def _mapping(self, named: Mapping[Any, Any], path: str, depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, value in named.items():
            name = key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
            if name in kept:
                self._problems[f"{path}.{name}"] = "stands there twice"
                continue
            try:
                kept[name] = self._value(value, f"{path}.{name}", depth)
            except _Unkept as problem:
                self._problems[f"{path}.{name}"] = str(problem)
        return kept

    def _list(self, values: Collection[Any], path: str, depth: int) -> list[Any]:
        kept: list[Any] = []
        for index, value in enumerate(values):
            try:
                kept.append(self._value(value, f"{path}[{index}]", depth))
            except _Unkept as problem:
                self._problems[f"{path}[{index}]"] = str(problem)
                kept.append(None)
        return kept

    def _value(self, value: Any, path: str, depth: int) -> Any:
        """The value as JSON has it, inside of so many others. Raises _Unkept."""
        try:
            if hasattr(value, "tolist"):
                value = _of_array(value)
            named = _values_of(value)
            is_list = isinstance(value, Collection) and not isinstance(value, (str, bytes, bytearray))
            if (named is not None or is_list) and depth >= MAX_DEPTH:
                _refuse(f"is nested more than {MAX_DEPTH} levels deep")
            if named is not None:
                return self._mapping(named, path, depth + 1)
            if is_list:
                return self._list(_in_order(value), path, depth + 1)
            return _single(value)
        except _Unkept:
            raise
        except Exception as error:  # Of whatever object this is.
            raise _Unkept(f"cannot be read ({type(error).__name__}: {error})") from None


def _refuse(problem: str) -> NoReturn:
    raise _Unkept(problem)


def _values_of(value: Any) -> Mapping[Any, Any] | None:
    """The values of what has names for them; None for anything else."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, _NAMESPACES):
        return vars(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {member.name: getattr(value, member.name) for member in dataclasses.fields(value)}
    return None


def _of_array(array: Any) -> Any:
    """The numbers of an array or a tensor: nested lists, or one number."""
    size = math.prod(getattr(array, "shape", ()))
    if size > _MOST_NUMBERS:
        _refuse(f"has {size} numbers, more than {_MOST_NUMBERS}")
    values = array.tolist()
    # Of the long doubles that numpy has and Python has not, whose list holds them as they are.
    return values if type(values) is not type(array) else float(values) if array.dtype.kind == "f" else str(values)


def _in_order(values: Collection[Any]) -> Collection[Any]:
    """The values; those of a set in an order that does not depend on the process."""
    if not isinstance(values, (set, frozenset)):
        return values
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=repr)


def _single(value: Any) -> Any:
    """What is neither list nor mapping."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        is_printable = abs(int(value)) < _LARGEST_INTEGER
        return int(value) if is_printable else _refuse("has thousands of digits")
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, (bytes, bytearray)):
        return _text(bytes(value))
    kind = type(value)
    if callable(value) or (kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__):
        _refuse(f"is a {kind.__name__}, which JSON cannot hold")
    return str(value)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _refuse("holds bytes that are no text")
