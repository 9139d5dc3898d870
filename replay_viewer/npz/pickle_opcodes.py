"""The opcodes of pickles, all of protocols 0 to 5, and what each does to the machine.

The standard library's `pickletools` documents them; its `pickle` serves here for their names only.
"""

from __future__ import annotations

import codecs
import pickle
import struct
from collections.abc import Callable
from typing import Any

from .pickle_machine import Machine
from .pickled_values import BadPickle, Placeholder, Unfinished, dict_key, global_named

Opcode = Callable[[Machine], object]


def _push(value: Any) -> Opcode:
    return lambda machine: machine.stack.append(value)


def _push_new(make: Callable[[], Any]) -> Opcode:
    return lambda machine: machine.stack.append(make())


def _push_number(layout: str) -> Opcode:
    """A number of a fixed size."""
    packed = struct.Struct(layout)
    return lambda machine: machine.stack.append(packed.unpack(machine.take(packed.size))[0])


def _push_integer(length_bytes: int) -> Opcode:
    """A signed integer of any size, behind its length."""

    def push(machine: Machine) -> None:
        content = machine.take(machine.number(length_bytes))
        machine.stack.append(int.from_bytes(content, "little", signed=True))

    return push


def _push_blob(length_bytes: int, decode: Callable[[bytes], Any]) -> Opcode:
    """A text or bytes, behind their length."""
    return lambda machine: machine.stack.append(decode(machine.take(machine.number(length_bytes))))


def _push_decimal(machine: Machine) -> None:
    is_bool = machine.data[machine.position : machine.position + 3] in (b"00\n", b"01\n")
    value = machine.decimal()
    machine.stack.append(bool(value) if is_bool else value)


def _push_float(machine: Machine) -> None:
    machine.stack.append(float(machine.line()))


def _push_quoted(machine: Machine) -> None:
    machine.stack.append(_latin1(codecs.escape_decode(machine.line()[1:-1])[0]))


def _push_escaped(machine: Machine) -> None:
    text = machine.line().decode("raw-unicode-escape")
    machine.stack.append(_utf8(text.encode("utf-8", "surrogatepass")))


def _utf8(raw: bytes) -> str:
    """Halves of characters, which pickles may hold and browsers refuse, become "?"."""
    return raw.decode("utf-8", "surrogatepass").encode("utf-8", "replace").decode()


def _latin1(raw: bytes) -> str:
    """Python 2's str held text or bytes; latin1 keeps both."""
    return raw.decode("latin1")


def _skip(size: int) -> Opcode:
    """An argument that tells nothing here."""
    return lambda machine: machine.take(size)


def _mark(machine: Machine) -> None:
    machine.marks.append(machine.stack)
    machine.stack = []


def _pop(machine: Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.pop_mark()


def _duplicate(machine: Machine) -> None:
    machine.stack.append(machine.stack[-1])


def _list(machine: Machine) -> None:
    items = machine.pop_mark()
    machine.stack.append(items)


def _tuple(machine: Machine) -> None:
    items = machine.pop_mark()
    machine.stack.append(tuple(items))


def _short_tuple(size: int) -> Opcode:
    def make(machine: Machine) -> None:
        if len(machine.stack) < size:
            raise BadPickle("holds a damaged pickle: a tuple lacks items.")
        machine.stack[-size:] = [tuple(machine.stack[-size:])]

    return make


def _dict(machine: Machine) -> None:
    items = machine.pop_mark()
    machine.stack.append({})
    _add_items(machine, items)


def _set_item(machine: Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _add_items(machine, [key, value])


def _set_items(machine: Machine) -> None:
    _add_items(machine, machine.pop_mark())


def _add_items(machine: Machine, items: list[Any]) -> None:
    """Fill the dict on top of the stack with keys and values by turns; a placeholder there stays as it is."""
    target = machine.stack[-1]
    if isinstance(target, dict):
        target.update((dict_key(key), value) for key, value in zip(items[::2], items[1::2], strict=True))
    elif not isinstance(target, Placeholder):
        raise BadPickle("holds a damaged pickle: items for something that is no dictionary.")


def _append(machine: Machine) -> None:
    value = machine.stack.pop()
    _extend(machine, [value])


def _append_marked(machine: Machine) -> None:
    _extend(machine, machine.pop_mark())


def _extend(machine: Machine, items: list[Any]) -> None:
    """Extend the list on top of the stack; a placeholder there stays as it is."""
    target = machine.stack[-1]
    if isinstance(target, list):
        target.extend(items)
    elif not isinstance(target, Placeholder):
        raise BadPickle("holds a damaged pickle: items for something that is no list.")


def _file_next(machine: Machine) -> None:
    machine.remember(len(machine.memo))


def _file(number: Callable[[Machine], int]) -> Opcode:
    """Files a value under a number of any size: the memo is a dict, so a huge one costs nothing."""
    return lambda machine: machine.remember(number(machine))


def _fetch(number: Callable[[Machine], int]) -> Opcode:
    return lambda machine: machine.stack.append(machine.memo[number(machine)])


def _long_number(machine: Machine) -> int:
    return machine.number(4)


def _global(machine: Machine) -> None:
    module, name = machine.line().decode(), machine.line().decode()
    machine.stack.append(global_named(module, name))


def _stack_global(machine: Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    if not (isinstance(module, str) and isinstance(name, str)):
        raise BadPickle("holds a damaged pickle: a global whose name is no text.")
    machine.stack.append(global_named(module, name))


def _reduce(machine: Machine) -> None:
    arguments, function = machine.stack.pop(), machine.stack.pop()
    machine.call(function, arguments)


def _new_object_with_names(machine: Machine) -> None:
    """A call with named arguments, which no builder has."""
    _, _, kind = machine.stack.pop(), machine.stack.pop(), machine.stack.pop()
    machine.stack.append(Placeholder(kind.name))


def _obj(machine: Machine) -> None:
    kind, *arguments = machine.pop_mark()
    machine.call(kind, arguments)


def _inst(machine: Machine) -> None:
    _global(machine)
    kind = machine.stack.pop()
    machine.call(kind, machine.pop_mark())


def _build(machine: Machine) -> None:
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


def _persistent_line(machine: Machine) -> None:
    machine.stack.append(Placeholder(f"persistent id {machine.line().decode('latin1')}"))


def _persistent(machine: Machine) -> None:
    machine.stack[-1] = Placeholder("persistent id")


def _out_of_band(machine: Machine) -> None:
    machine.stack.append(Placeholder("out-of-band buffer"))


def _extension(size: int) -> Opcode:
    """A code of the copyreg extension registry, which belongs to the writer's Python."""
    return lambda machine: machine.stack.append(Placeholder(f"extension {machine.number(size)}"))


OPCODES: dict[bytes, Opcode] = {
    # Values.
    pickle.NONE: _push(None),
    pickle.NEWTRUE: _push(True),
    pickle.NEWFALSE: _push(False),
    pickle.INT: _push_decimal,
    pickle.LONG: _push_decimal,
    pickle.FLOAT: _push_float,
    pickle.BININT: _push_number("<i"),
    pickle.BININT1: _push_number("<B"),
    pickle.BININT2: _push_number("<H"),
    pickle.BINFLOAT: _push_number(">d"),
    pickle.LONG1: _push_integer(1),
    pickle.LONG4: _push_integer(4),
    pickle.STRING: _push_quoted,
    pickle.UNICODE: _push_escaped,
    pickle.SHORT_BINUNICODE: _push_blob(1, _utf8),
    pickle.BINUNICODE: _push_blob(4, _utf8),
    pickle.BINUNICODE8: _push_blob(8, _utf8),
    pickle.SHORT_BINSTRING: _push_blob(1, _latin1),
    pickle.BINSTRING: _push_blob(4, _latin1),
    pickle.SHORT_BINBYTES: _push_blob(1, bytes),
    pickle.BINBYTES: _push_blob(4, bytes),
    pickle.BINBYTES8: _push_blob(8, bytes),
    pickle.BYTEARRAY8: _push_blob(8, bytes),
    # Containers; sets become lists, whose items need not be hashable.
    pickle.EMPTY_TUPLE: _push(()),
    pickle.TUPLE1: _short_tuple(1),
    pickle.TUPLE2: _short_tuple(2),
    pickle.TUPLE3: _short_tuple(3),
    pickle.TUPLE: _tuple,
    pickle.EMPTY_LIST: _push_new(list),
    pickle.LIST: _list,
    pickle.APPEND: _append,
    pickle.APPENDS: _append_marked,
    pickle.EMPTY_DICT: _push_new(dict),
    pickle.DICT: _dict,
    pickle.SETITEM: _set_item,
    pickle.SETITEMS: _set_items,
    pickle.EMPTY_SET: _push_new(list),
    pickle.ADDITEMS: _append_marked,
    pickle.FROZENSET: _list,
    # Names, and what they may be called for.
    pickle.GLOBAL: _global,
    pickle.STACK_GLOBAL: _stack_global,
    pickle.REDUCE: _reduce,
    pickle.NEWOBJ: _reduce,
    pickle.NEWOBJ_EX: _new_object_with_names,
    pickle.OBJ: _obj,
    pickle.INST: _inst,
    pickle.BUILD: _build,
    # The stack and the memo.
    pickle.MARK: _mark,
    pickle.POP: _pop,
    pickle.POP_MARK: Machine.pop_mark,
    pickle.DUP: _duplicate,
    pickle.MEMOIZE: _file_next,
    pickle.PUT: _file(Machine.decimal),
    pickle.BINPUT: _file(Machine.byte),
    pickle.LONG_BINPUT: _file(_long_number),
    pickle.GET: _fetch(Machine.decimal),
    pickle.BINGET: _fetch(Machine.byte),
    pickle.LONG_BINGET: _fetch(_long_number),
    # References outside of the file.
    pickle.PERSID: _persistent_line,
    pickle.BINPERSID: _persistent,
    pickle.NEXT_BUFFER: _out_of_band,
    pickle.EXT1: _extension(1),
    pickle.EXT2: _extension(2),
    pickle.EXT4: _extension(4),
    # What tells nothing here: everything read is read-only in effect.
    pickle.PROTO: _skip(1),
    pickle.FRAME: _skip(8),
    pickle.READONLY_BUFFER: _skip(0),
}
