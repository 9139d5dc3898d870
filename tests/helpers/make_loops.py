"""Makes `loops.bc` of the functions in `render/raster/kernels`: after each change there, run

    python tests/helpers/make_loops.py

with the oldest numba that there is for this (`OLDEST`), since LLVM reads what older versions wrote. The code is that of
no processor: nothing is vectorised yet, and numbers are as wide as on any system of 64 bits.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

if __name__ == "__main__":
    # Before numba is imported: what it would do for this processor.
    os.environ.update(NUMBA_OPT="0", NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="", NUMBA_LOOP_VECTORIZE="0")
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import llvmlite
import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core import types

from replay_viewer.render.raster.kernels import (
    coverage,
    fragments,
    ground,
    planes,
    shading,
    shadows,
    texturing,
    transforms,
    veils,
)
from replay_viewer.render.raster.kernels.arguments import Array, Group, Kind, Scalar
from replay_viewer.render.raster.kernels.compiled import Loop
from replay_viewer.render.raster.kernels.machine_code import LOOPS, digest_of_sources

OLDEST = "0.44"
_MODULES: tuple[ModuleType, ...] = (transforms, coverage, veils, shadows, texturing, ground, fragments, shading, planes)
_COUNTING = re.compile(r"^(define [^{\n]*@NRT_(?:in|de)cref\([^{]*\{).*?^\}", re.DOTALL | re.MULTILINE)
# Python calls them in tests.
_WAYS_IN = {} if __name__ != "__main__" else {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_NUMBERS = {int: types.int64, bool: types.boolean, np.float32: types.float32}


def compile_by_numba() -> dict[str, Any]:
    """Have numba compile the functions from now on, when they are called; returns those that Python calls."""
    made: dict[Any, Any] = {}
    for module in _MODULES:
        for name, value in list(vars(module).items()):
            if isinstance(value, Loop) or hasattr(value, "is_inlined"):
                if value not in made:
                    made[value] = _dispatcher(value)
                setattr(module, name, made[value])
    return {value.__name__: by_numba for value, by_numba in made.items() if isinstance(value, Loop)}


def _dispatcher(value: Any) -> Any:
    """numba's way to call a function."""
    function = value.function if isinstance(value, Loop) else value
    inline = getattr(function, "is_inlined", False)
    njit: Any = numba.njit
    return njit(nogil=True, error_model="numpy", forceinline=inline, **_WAYS_IN)(function)


def bitcode() -> bytes:
    """What LLVM reads, of all functions."""
    whole, entries = llvm.parse_assembly(""), []
    for name, kinds, loop in _loops():
        library, native = _compiled(loop, kinds)
        whole.link_in(library)
        whole.link_in(llvm.parse_assembly(_entry(name, kinds, whole.get_function(native))))
        entries.append(name)
    return _simplified(whole, entries)


def _loops() -> Iterator[tuple[str, list[Kind], Any]]:
    found = {value.__name__: value for module in _MODULES for value in vars(module).values() if isinstance(value, Loop)}
    for name, by_numba in compile_by_numba().items():
        yield name, found[name].arguments.kinds, by_numba


def _compiled(loop: Any, kinds: list[Kind]) -> tuple[llvm.ModuleRef, str]:
    """A loop and all that it calls, and its name there."""
    signature = tuple(_type(kind) for kind in kinds)
    loop.compile(signature)
    result = loop.overloads[signature]
    assert result.signature.return_type in (types.none, types.int64), loop
    # Nobody counts who refers to an array: they are the caller's.
    code = _COUNTING.sub(r"\1\nret void\n}", loop.inspect_llvm(signature))
    return llvm.parse_assembly(code), result.fndesc.llvm_func_name


def _type(kind: Kind) -> Any:
    if isinstance(kind, Array):
        return types.Array(numba.from_dtype(np.dtype(kind.dtype)), kind.ndim, "C")
    if isinstance(kind, Group):
        members = [_type(member) for member in kind.members]
        return types.BaseTuple.from_types(members, None if kind.form is tuple else kind.form)
    return _NUMBERS[kind.dtype]


class _Entry:
    """Writes a function that takes the words of `Arguments` and calls one of numba's."""

    def __init__(self, expected: list[str]) -> None:
        self.lines: list[str] = []
        self.given: list[str] = []
        self._expected, self._word = expected, 1

    def put(self, kind: Kind) -> None:
        if isinstance(kind, Group):
            for member in kind.members:
                self.put(member)
        elif isinstance(kind, Scalar):
            self._give(self._read(self._wanted()))
        else:
            self._put_array(kind)

    def _put_array(self, kind: Array) -> None:
        """Two who own it, how many numbers, bytes of each, where, shape and strides."""
        size = np.dtype(kind.dtype).itemsize
        data = self._read("i8*")
        shape = [self._read("i64") for _ in range(kind.ndim)]
        strides = [str(size)]
        for length in reversed(shape):
            strides.insert(0, self._name(f"mul i64 {strides[0]}, {length}"))
        number = self._name(f"sdiv i64 {strides.pop(0)}, {size}")
        data = self._name(f"bitcast i8* {data} to {self._wanted(4)}")
        for value in ("null", "null", number, str(size), data, *shape, *strides):
            self._give(value)

    def _wanted(self, ahead: int = 0) -> str:
        return self._expected[len(self.given) + ahead]

    def _give(self, value: str) -> None:
        self.given.append(f"{self._wanted()} {value}")

    def _read(self, kind: str) -> str:
        """The next word, as a type."""
        place = self._name(f"getelementptr i64, i64* %words, i64 {self._word}")
        self._word += 1
        if kind == "float":
            place = self._name(f"bitcast i64* {place} to float*")
            return self._name(f"load float, float* {place}, align 8")
        value = self._name(f"load i64, i64* {place}, align 8")
        if kind == "i64":
            return value
        return self._name(f"inttoptr i64 {value} to {kind}" if kind.endswith("*") else f"trunc i64 {value} to {kind}")

    def _name(self, expression: str) -> str:
        name = f"%v{len(self.lines)}"
        self.lines.append(f"  {name} = {expression}")
        return name


def _entry(name: str, kinds: list[Kind], native: llvm.ValueRef) -> str:
    """A module with the function that `Loop` calls. numba's takes places for its result and for an exception first."""
    expected = [str(argument.type) for argument in native.arguments]
    entry = _Entry(expected[2:])
    for kind in kinds:
        entry.put(kind)
    assert len(entry.given) == len(expected) - 2, name
    return f"""
declare i32 @"{native.name}"({", ".join(expected)})
define void @{name}(i64* %words) {{
  %exception = alloca i8*
  %result = bitcast i64* %words to {expected[0]}
  %raised = bitcast i8** %exception to {expected[1]}
{chr(10).join(entry.lines)}
  call i32 @"{native.name}"({", ".join([f"{expected[0]} %result", f"{expected[1]} %raised", *entry.given])})
  ret void
}}
"""


def _simplified(module: llvm.ModuleRef, entries: list[str]) -> bytes:
    """What is left of a module where nothing but its entries is called, tidied up, but for no processor yet."""
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration and value.name not in entries:
            value.linkage = "internal"
    target = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(cpu="generic", opt=1)
    tuning = llvm.create_pipeline_tuning_options(speed_level=1)
    tuning.loop_vectorization = tuning.slp_vectorization = tuning.loop_unrolling = False
    passes = llvm.create_pass_builder(target, tuning)
    passes.getModulePassManager().run(module, passes)
    needed = {value.name for value in module.functions if value.is_declaration and value.name[:5] != "llvm."}
    assert needed <= {"sqrtf"}, needed
    assert not [value.name for value in module.functions if value.name.startswith("llvm.x86")]
    return module.as_bitcode()


def main() -> None:
    if not llvmlite.__version__.startswith(OLDEST):
        sys.exit(f"pip install numba==0.61.0 first: this is llvmlite {llvmlite.__version__}, not {OLDEST}.")
    code = bitcode()
    LOOPS.write_bytes(digest_of_sources() + code)
    print(f"{LOOPS}: {len(code)} bytes")


if __name__ == "__main__":
    main()
