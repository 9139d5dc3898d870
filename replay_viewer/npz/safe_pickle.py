"""Reads the data in a pickle without executing it.

A pickle is a program for a stack machine, and the standard reader lets that program call any function that can be
imported. This machine has the same opcodes (documented in the standard library's `pickletools`), but calls nothing
except the builders of `pickled_values`, looks nothing up in any module, and works within a budget. Python's own
`pickle` module serves here for the names of the opcodes only.
"""

from __future__ import annotations

import codecs
import pickle
import struct
from collections.abc import Callable, Sequence
from typing import Any

from .pickled_values import BadPickle, Budget, Builder, Placeholder, Unfinished, dict_key, global_named

_MAX_DIGITS = 1000
_Handler = Callable[["_Machine"], None]
_HANDLERS: dict[int, _Handler] = {}


def loads(data: bytes, budget: Budget | None = None) -> Any:
    """The value in a pickle: dicts, lists, tuples, strings, bytes, numbers, None and numpy arrays.

    Sets become lists and subclasses of dict become dicts. Anything else is a `Placeholder` with its name.

    Raises:
        BadPickle: the pickle is damaged, over budget, or names a function that runs code.
    """
    try:
        return _Machine(data, budget or Budget()).run()
    except BadPickle:
        raise
    except (ArithmeticError, AttributeError, LookupError, SystemError, TypeError, ValueError, struct.error) as error:
        raise BadPickle(f"holds a damaged pickle ({type(error).__name__}: {error}).") from error


def _opcode(*codes: bytes) -> Callable[[_Handler], _Handler]:
    """Register the handler of one or several opcodes."""

    def register(handler: _Handler) -> _Handler:
        _HANDLERS.update({code[0]: handler for code in codes})
        return handler

    return register


class _Machine:
    """The state of the stack machine: bytes and position, stack, marks (stacks put aside) and memo."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self.data, self.budget = data, budget
        self.position = 0
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        data, stop, handlers = self.data, pickle.STOP[0], [_HANDLERS.get(code, _unknown) for code in range(256)]
        for _ in range(self.budget.nodes):
            code = data[self.position]
            self.position += 1
            if code == stop:
                return self.stack.pop()
            handlers[code](self)
        raise BadPickle("is larger than any recording needs: it has too many parts.")

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
        value = self.stack[-1]
        self.memo[key] = value
        if isinstance(value, Unfinished):
            value.memo_keys.append(key)

    def call(self, function: Any, arguments: Sequence[Any]) -> None:
        """Push what `function(*arguments)` stands for."""
        is_known = isinstance(function, Builder)
        self.stack.append(function(self.budget, arguments) if is_known else Placeholder(function.name))


def _unknown(machine: _Machine) -> None:
    code = machine.data[machine.position - 1]
    raise BadPickle(f"holds a damaged pickle: unknown opcode {code:#x}.")


def _register_constants() -> None:
    """Opcodes that push one value, and those that push a new empty container."""
    constants = {pickle.NONE: None, pickle.NEWTRUE: True, pickle.NEWFALSE: False, pickle.EMPTY_TUPLE: ()}
    for code, value in constants.items():
        _opcode(code)(lambda machine, value=value: machine.stack.append(value))
    for code, make in {pickle.EMPTY_LIST: list, pickle.EMPTY_DICT: dict, pickle.EMPTY_SET: list}.items():
        _opcode(code)(lambda machine, make=make: machine.stack.append(make()))


def _register_numbers() -> None:
    formats = {pickle.BININT: "<i", pickle.BININT2: "<H", pickle.BINFLOAT: ">d"}
    for code, layout in formats.items():
        packed = struct.Struct(layout)
        _opcode(code)(lambda machine, packed=packed: machine.stack.append(packed.unpack(machine.take(packed.size))[0]))


@_opcode(pickle.BININT1)
def _small_number(machine: _Machine) -> None:
    machine.stack.append(machine.byte())


def _register_blobs() -> None:
    """Opcodes with a length of some bytes, then a text or bytes of that length."""
    texts = {pickle.SHORT_BINUNICODE: 1, pickle.BINUNICODE: 4, pickle.BINUNICODE8: 8}
    old_texts = {pickle.SHORT_BINSTRING: 1, pickle.BINSTRING: 4}
    blobs = {pickle.SHORT_BINBYTES: 1, pickle.BINBYTES: 4, pickle.BINBYTES8: 8, pickle.BYTEARRAY8: 8}
    for sizes, decode in ((texts, _utf8), (old_texts, _latin1), (blobs, bytes)):
        for code, size in sizes.items():
            _opcode(code)(
                lambda machine, size=size, decode=decode: machine.stack.append(
                    decode(machine.take(machine.number(size)))
                )
            )


def _utf8(raw: bytes) -> str:
    """Halves of characters, which pickles may hold and browsers refuse, become "?"."""
    return raw.decode("utf-8", "surrogatepass").encode("utf-8", "replace").decode()


def _latin1(raw: bytes) -> str:
    """Python 2's str held text or bytes; latin1 keeps both."""
    return raw.decode("latin1")


@_opcode(pickle.PROTO)
def _proto(machine: _Machine) -> None:
    machine.take(1)


@_opcode(pickle.FRAME)
def _frame(machine: _Machine) -> None:
    machine.take(8)


@_opcode(pickle.READONLY_BUFFER)
def _nothing(machine: _Machine) -> None:
    """Everything read here is read-only in effect."""


@_opcode(pickle.MARK)
def _mark(machine: _Machine) -> None:
    machine.marks.append(machine.stack)
    machine.stack = []


@_opcode(pickle.POP)
def _pop(machine: _Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.pop_mark()


@_opcode(pickle.POP_MARK)
def _pop_mark(machine: _Machine) -> None:
    machine.pop_mark()


@_opcode(pickle.DUP)
def _duplicate(machine: _Machine) -> None:
    machine.stack.append(machine.stack[-1])


@_opcode(pickle.INT, pickle.LONG)
def _decimal(machine: _Machine) -> None:
    is_bool = machine.data[machine.position : machine.position + 3] in (b"00\n", b"01\n")
    value = machine.decimal()
    machine.stack.append(bool(value) if is_bool else value)


@_opcode(pickle.LONG1)
def _long1(machine: _Machine) -> None:
    machine.stack.append(int.from_bytes(machine.take(machine.number(1)), "little", signed=True))


@_opcode(pickle.LONG4)
def _long4(machine: _Machine) -> None:
    machine.stack.append(int.from_bytes(machine.take(machine.number(4)), "little", signed=True))


@_opcode(pickle.FLOAT)
def _float(machine: _Machine) -> None:
    machine.stack.append(float(machine.line()))


@_opcode(pickle.STRING)
def _quoted(machine: _Machine) -> None:
    machine.stack.append(_latin1(codecs.escape_decode(machine.line()[1:-1])[0]))


@_opcode(pickle.UNICODE)
def _escaped(machine: _Machine) -> None:
    text = machine.line().decode("raw-unicode-escape")
    machine.stack.append(_utf8(text.encode("utf-8", "surrogatepass")))


@_opcode(pickle.LIST, pickle.FROZENSET)
def _list(machine: _Machine) -> None:
    items = machine.pop_mark()
    machine.stack.append(items)


@_opcode(pickle.TUPLE)
def _tuple(machine: _Machine) -> None:
    items = machine.pop_mark()
    machine.stack.append(tuple(items))


def _register_short_tuples() -> None:
    for size, code in enumerate((pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3), start=1):
        _opcode(code)(lambda machine, size=size: _short_tuple(machine, size))


def _short_tuple(machine: _Machine, size: int) -> None:
    if len(machine.stack) < size:
        raise BadPickle("holds a damaged pickle: a tuple lacks items.")
    machine.stack[-size:] = [tuple(machine.stack[-size:])]


@_opcode(pickle.DICT)
def _dict(machine: _Machine) -> None:
    items = machine.pop_mark()
    machine.stack.append({})
    _set_items(machine, items)


@_opcode(pickle.SETITEMS)
def _set_marked_items(machine: _Machine) -> None:
    _set_items(machine, machine.pop_mark())


@_opcode(pickle.SETITEM)
def _set_item(machine: _Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _set_items(machine, [key, value])


def _set_items(machine: _Machine, items: list[Any]) -> None:
    """Fill the dict on top of the stack; a placeholder there stays as it is."""
    target = machine.stack[-1]
    if isinstance(target, dict):
        target.update((dict_key(key), value) for key, value in zip(items[::2], items[1::2], strict=True))
    elif not isinstance(target, Placeholder):
        raise BadPickle("holds a damaged pickle: items for something that is no dictionary.")


@_opcode(pickle.APPENDS, pickle.ADDITEMS)
def _append_marked(machine: _Machine) -> None:
    _extend(machine, machine.pop_mark())


@_opcode(pickle.APPEND)
def _append(machine: _Machine) -> None:
    value = machine.stack.pop()
    _extend(machine, [value])


def _extend(machine: _Machine, items: list[Any]) -> None:
    """Extend the list on top of the stack; a placeholder there stays as it is."""
    target = machine.stack[-1]
    if isinstance(target, list):
        target.extend(items)
    elif not isinstance(target, Placeholder):
        raise BadPickle("holds a damaged pickle: items for something that is no list.")


@_opcode(pickle.MEMOIZE)
def _memoize(machine: _Machine) -> None:
    machine.remember(len(machine.memo))


@_opcode(pickle.BINPUT)
def _short_put(machine: _Machine) -> None:
    machine.remember(machine.byte())


@_opcode(pickle.BINGET)
def _short_get(machine: _Machine) -> None:
    machine.stack.append(machine.memo[machine.byte()])


@_opcode(pickle.LONG_BINPUT)
def _long_put(machine: _Machine) -> None:
    machine.remember(machine.number(4))  # The memo is a dict, so a huge index costs nothing.


@_opcode(pickle.LONG_BINGET)
def _long_get(machine: _Machine) -> None:
    machine.stack.append(machine.memo[machine.number(4)])


@_opcode(pickle.PUT)
def _put(machine: _Machine) -> None:
    machine.remember(machine.decimal())


@_opcode(pickle.GET)
def _get(machine: _Machine) -> None:
    machine.stack.append(machine.memo[machine.decimal()])


@_opcode(pickle.GLOBAL)
def _global(machine: _Machine) -> None:
    module, name = machine.line().decode(), machine.line().decode()
    machine.stack.append(global_named(module, name))


@_opcode(pickle.STACK_GLOBAL)
def _stack_global(machine: _Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    if not (isinstance(module, str) and isinstance(name, str)):
        raise BadPickle("holds a damaged pickle: a global whose name is no text.")
    machine.stack.append(global_named(module, name))


@_opcode(pickle.REDUCE, pickle.NEWOBJ)
def _reduce(machine: _Machine) -> None:
    arguments, function = machine.stack.pop(), machine.stack.pop()
    machine.call(function, arguments)


@_opcode(pickle.NEWOBJ_EX)
def _new_object(machine: _Machine) -> None:
    _, _, kind = machine.stack.pop(), machine.stack.pop(), machine.stack.pop()
    machine.stack.append(Placeholder(kind.name))


@_opcode(pickle.OBJ)
def _obj(machine: _Machine) -> None:
    kind, *arguments = machine.pop_mark()
    machine.call(kind, arguments)


@_opcode(pickle.INST)
def _inst(machine: _Machine) -> None:
    _global(machine)
    kind = machine.stack.pop()
    machine.call(kind, machine.pop_mark())


@_opcode(pickle.BUILD)
def _build(machine: _Machine) -> None:
    """Finish an array or a dtype with its state; the state of a placeholder is dropped."""
    state = machine.stack.pop()
    target = machine.stack[-1]
    if isinstance(target, Unfinished):
        finished = target.finish(machine.budget, state)
        machine.stack[-1] = finished
        machine.memo.update((key, finished) for key in target.memo_keys)
        target.memo_keys.clear()  # Or finishing copies of it over and over would take quadratic time.
    elif not isinstance(target, Placeholder):
        raise BadPickle(f"holds a damaged pickle: a state for a {type(target).__name__}.")


@_opcode(pickle.PERSID)
def _persistent_line(machine: _Machine) -> None:
    machine.stack.append(Placeholder(f"persistent id {machine.line().decode('latin1')}"))


@_opcode(pickle.BINPERSID)
def _persistent(machine: _Machine) -> None:
    machine.stack[-1] = Placeholder("persistent id")


@_opcode(pickle.NEXT_BUFFER)
def _out_of_band(machine: _Machine) -> None:
    machine.stack.append(Placeholder("out-of-band buffer"))


def _register_extensions() -> None:
    """Codes of the copyreg extension registry, which belongs to the writer's Python."""
    for code, size in {pickle.EXT1: 1, pickle.EXT2: 2, pickle.EXT4: 4}.items():
        _opcode(code)(lambda machine, size=size: machine.stack.append(Placeholder(f"extension {machine.number(size)}")))


for _register in (
    _register_constants,
    _register_numbers,
    _register_blobs,
    _register_short_tuples,
    _register_extensions,
):
    _register()
