"""Safe reading of a pickle: the data in it, without executing anything.

A pickle is a program for a stack machine, and the standard reader lets that program call any function that can be
imported. This machine (`pickle_machine`) has the same opcodes (`pickle_opcodes`), but calls nothing except the builders
of `pickled_values`, looks nothing up in any module, and works within a budget.
"""

from __future__ import annotations

import pickle
import struct
from typing import Any

from .pickle_machine import Machine
from .pickle_opcodes import OPCODES
from .pickled_values import BadPickle, Budget

_STOP = pickle.STOP[0]


def loads(data: bytes, budget: Budget | None = None) -> Any:
    """The value in a pickle: dicts, lists, tuples, strings, bytes, numbers, None and numpy arrays.

    Sets become lists and subclasses of dict become dicts. Anything else is a `Placeholder` with its name.

    Raises:
        BadPickle: the pickle is damaged, over budget, or names a function that runs code.
    """
    try:
        return _run(Machine(data, budget or Budget()))
    except BadPickle:
        raise
    except (ArithmeticError, AttributeError, LookupError, SystemError, TypeError, ValueError, struct.error) as error:
        raise BadPickle(f"holds a damaged pickle ({type(error).__name__}: {error}).") from error


def _run(machine: Machine) -> Any:
    opcodes = [OPCODES.get(bytes([code]), _unknown) for code in range(256)]
    data = machine.data
    for _ in range(machine.budget.nodes):
        code = data[machine.position]
        machine.position += 1
        if code == _STOP:
            return machine.stack.pop()
        opcodes[code](machine)
    raise BadPickle("is larger than any recording needs: it has too many parts.")


def _unknown(machine: Machine) -> None:
    code = machine.data[machine.position - 1]
    raise BadPickle(f"holds a damaged pickle: unknown opcode {code:#x}.")
