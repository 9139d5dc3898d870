"""The stack machine for which a pickle is a program: where it is in the file, and what it has made so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .pickled_values import BadPickle, Budget, Builder, Placeholder, Unfinished

_MAX_DIGITS = 1000


class Machine:
    """The state of the machine, and the reads and calls that its opcodes are made of.

    Attributes:
        data: the pickle.
        budget: what it may cost.
        position: of the next byte.
        stack: values that wait for an opcode which takes them.
        marks: stacks that were put aside.
        memo: values that the pickle has filed for later, by number.
    """

    def __init__(self, data: bytes, budget: Budget) -> None:
        self.data, self.budget = data, budget
        self.position = 0
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def take(self, size: int) -> bytes:
        """The next bytes; a pickle that claims more than there are is damaged."""
        start, end = self.position, self.position + size
        if not 0 <= size <= len(self.data) - start:
            raise BadPickle("holds a damaged pickle: it ends too early.")
        self.position = end
        return self.data[start:end]

    def byte(self) -> int:
        self.position += 1
        return self.data[self.position - 1]

    def number(self, size: int) -> int:
        """The next bytes as an unsigned little-endian integer."""
        return int.from_bytes(self.take(size), "little")

    def line(self) -> bytes:
        """The bytes up to the next newline, which protocol 0 ends its arguments with."""
        return self.take(self.data.index(b"\n", self.position) + 1 - self.position)[:-1]

    def decimal(self) -> int:
        """The next line as an integer; Python's own limit on digits came late to some versions."""
        text = self.line()
        if len(text) > _MAX_DIGITS:
            raise BadPickle(f"holds an integer of {len(text)} digits.")
        return int(text.rstrip(b"L"))

    def pop_mark(self) -> list[Any]:
        """What was pushed since the last mark."""
        items, self.stack = self.stack, self.marks.pop()
        return items

    def remember(self, key: int) -> None:
        """File the value on top of the stack."""
        value = self.stack[-1]
        self.memo[key] = value
        if isinstance(value, Unfinished):
            value.memo_keys.append(key)

    def call(self, function: Any, arguments: Sequence[Any]) -> None:
        """Push what `function(*arguments)` stands for."""
        is_known = isinstance(function, Builder)
        self.stack.append(function(self.budget, arguments) if is_known else Placeholder(function.name))
