"""A JSON object from a file that anyone may have written: every member is checked when it is taken."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, TypeVar

from ..errors import BadField, FileProblem

Taken = TypeVar("Taken")
HALF_CHARACTER = "holds half of a character (a lone surrogate), which no file name, terminal or browser takes"
# What Python itself converts, from 3.11 on; older ones have no limit.
_MAX_DIGITS = 4300
# Python's parsers and printers stop at a depth that depends on where they are called.
MAX_DEPTH = 100
# What makes a text worth a closer look, which takes many times as long as parsing it.
_HALVES = re.compile(rb"\\u[dD]")
_LONG_INTEGER = re.compile(rb"[0-9]{%d}" % (_MAX_DIGITS + 1))


def parse_object(content: bytes, where: object, mended: Sequence[str] = ()) -> JsonObject:
    """Parse UTF-8 text that must be one JSON object.

    An integer that no Python from 3.11 on would print is taken as text.

    Args:
        content: the text.
        where: its file, for errors.
        mended: members in whose texts "?" takes the place of half a character; anywhere else it is an error.

    Raises:
        FileProblem: with the parser's complaint.
    """
    try:
        integer = _parsed_integer if _LONG_INTEGER.search(content) else None
        data = json.loads(content.decode("utf-8"), parse_int=integer)
        if not isinstance(data, dict):
            raise FileProblem(where, "is not a JSON object.")
        if is_deeper(data, 2 * MAX_DEPTH):
            raise RecursionError
        members = JsonObject(data, where)
        for key, value in data.items() if _HALVES.search(content) else ():
            if not is_whole_text(value):
                if key not in mended:
                    raise ValueError(f"{key!r} {HALF_CHARACTER}")
                data[key] = with_whole_texts(value)
                members.left_out[key] = HALF_CHARACTER
    except RecursionError:
        raise FileProblem(where, "is nested too deeply.") from None
    except ValueError as error:
        raise FileProblem(where, f"is not valid JSON: {error}.") from None
    return members


def is_deeper(value: Any, levels: int) -> bool:
    """Whether more than so many lists and objects of a JSON value lie in each other."""
    layer = [value]
    for _ in range(levels + 1):
        layer = [item for inner in layer if isinstance(inner, (dict, list, tuple)) for item in _items(inner)]
        if not layer:
            return False
    return True


def is_whole_text(value: Any) -> bool:
    """Whether all texts in a JSON value are made of whole characters: an escape may name half of one."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def with_whole_texts(value: Any) -> Any:
    """The JSON value with "?" in the place of each half of a character."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


class JsonObject:
    """Typed members of a JSON object; each method raises BadField where the member is missing or does not fit.

    An integer may stand there as a float: 4.0 is 4.

    Attributes:
        left_out: by name, what is wrong with members that `told` left out, or that were mended.
    """

    def __init__(self, data: Mapping[str, Any], where: object, prefix: str = "") -> None:
        self._data, self._where, self._prefix = data, where, prefix
        self.left_out: dict[str, str] = {}

    def told(self, key: str, value: Callable[[], Taken]) -> Taken | None:
        """A member on which no number depends: its value, or None where it does not fit, which is noted."""
        try:
            return value()
        except BadField as error:
            self.left_out[key] = error.problem.partition("' ")[2].rstrip(".")
            return None

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, default)
        return value if isinstance(value, str) else self._refuse(key, value, "a text")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty where it is missing."""
        values = self._take(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self._refuse(key, values, "a list of texts")
        return tuple(values)

    def integer(self, key: str, least: int = 0, default: int | None = None) -> int:
        value = _as_integer(self._take(key, default))
        return value if _is_index(value, least) else self._refuse(key, value, f"an integer of at least {least}")

    def integers(self, key: str, least: int = 0) -> tuple[int, ...]:
        values = self._take(key, None)
        numbers: list[Any] = [_as_integer(value) for value in values] if isinstance(values, list) else [None]
        if not all(_is_index(number, least) for number in numbers):
            self._refuse(key, values, f"a list of integers of at least {least}")
        return tuple(numbers)

    def optional_integer(self, key: str, least: int = 0) -> int | None:
        return None if self._data.get(key) is None else self.integer(key, least)

    def optional_integer_of_any_size(self, key: str) -> int | None:
        value = _as_integer(self._data.get(key))
        return value if value is None or _is_integer(value) else self._refuse(key, value, "an integer")

    def positive(self, key: str) -> float:
        """A finite number above zero."""
        value = self._take(key, None)
        return float(value) if _is_finite(value) and value > 0 else self._refuse(key, value, "a positive number")

    def optional_positive(self, key: str) -> float | None:
        return None if self._data.get(key) is None else self.positive(key)

    def object(self, key: str) -> JsonObject:
        return self._inner(key, self._take(key, None))

    def objects(self, key: str) -> list[JsonObject]:
        values = self._take(key, None)
        if not isinstance(values, list):
            self._refuse(key, values, "a list")
        return [self._inner(f"{key}[{index}]", value) for index, value in enumerate(values)]

    def mapping(self, key: str) -> dict[str, Any]:
        """A JSON object as it is; empty where it is missing."""
        value = self._take(key, {})
        return value if isinstance(value, dict) else self._refuse(key, value, "an object")

    def rows(self, key: str, width: int) -> list[list[float]] | None:
        """A list of rows of `width` finite numbers, or None where it is missing."""
        values = self._data.get(key)
        if values is not None and not (isinstance(values, list) and all(_is_row(row, width) for row in values)):
            self._refuse(key, values, f"a list of rows of {width} numbers")
        return values

    def refuse(self, key: str, expected: str) -> None:
        """Raise BadField for a member that is well formed and still does not fit."""
        self._refuse(key, self._data.get(key), expected)

    def _inner(self, name: str, value: Any) -> JsonObject:
        if not isinstance(value, dict):
            self._refuse(name, value, "an object")
        return JsonObject(value, self._where, f"{self._prefix}{name}.")

    def _take(self, key: str, default: Any) -> Any:
        value = self._data.get(key)
        if value is None and default is None:
            raise BadField(self._where, self._prefix + key, "is missing.")
        return default if value is None else value

    def _refuse(self, key: str, value: Any, expected: str) -> Any:
        shown = json.dumps(value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        raise BadField(self._where, self._prefix + key, f"is {shown}, expected {expected}.")


def _items(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _parsed_integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_DIGITS else digits


def _as_integer(value: Any) -> Any:
    """A float without a fraction as the integer that it means; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_index(value: Any, least: int) -> bool:
    """Whether it is an integer of at least `least` that 64 bits hold."""
    return _is_integer(value) and least <= value < 2**63


def _is_row(row: Any, width: int) -> bool:
    return isinstance(row, list) and len(row) == width and all(_is_finite(number) for number in row)


def _is_finite(value: Any) -> bool:
    """Whether it is a number that a float can hold; JSON's integers may have thousands of digits."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and abs(value) <= sys.float_info.max
