"""Machine code of the loops, which LLVM makes of `loops.bc` for this processor, and keeps in the user's cache.

Nothing but time is lost where the cache is deleted, damaged, full or read-only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from ....paths import cache_folder

# A digest of the functions that it was made of, and LLVM's code.
LOOPS = Path(__file__).with_name("loops.bc")

_lock = threading.Lock()


def address_of(loop: str) -> int:
    """Where a loop is in memory. The first call compiles all of them, if they are not kept, which takes a second."""
    with _lock:  # Of several threads, one.
        return _engine().get_function_address(loop)


def get_ready() -> None:
    """Compile the loops in a thread of its own, which a process waits for before it ends."""
    threading.Thread(target=address_of, args=("clear",)).start()


@cache
def _engine() -> Any:
    for start in (llvm.initialize_native_target, llvm.initialize_native_asmprinter):
        start()
    machine = _Machine()
    bitcode = LOOPS.read_bytes()[32:]
    path = cache_folder() / f"loops-{machine.key_of(bitcode)}.o"
    code = _kept(path)
    if code is None:
        code = machine.code_of(bitcode)
        _keep(path, code)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine.target)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


def digest_of_sources() -> bytes:
    """A digest of this folder's other modules, 32 bytes."""
    sources = sorted(path for path in LOOPS.parent.glob("*.py") if path.name != Path(__file__).name)
    return hashlib.sha256(b"".join(source.read_text("utf-8").encode() for source in sources)).digest()


class _Machine:
    """The processor of this machine, as LLVM knows it."""

    def __init__(self) -> None:
        self._name, self._features = llvm.get_host_cpu_name(), ""
        with contextlib.suppress(RuntimeError):  # It is asked for in vain on some.
            self._features = llvm.get_host_cpu_features().flatten()
        self._triple = llvm.get_process_triple()
        self.target = llvm.Target.from_triple(self._triple).create_target_machine(
            cpu=self._name,
            features=self._features,
            opt=3,
            reloc="static" if self._triple.startswith("x86") else "default",
            codemodel="jitdefault",
            jit=True,
        )

    def key_of(self, bitcode: bytes) -> str:
        """Names what is made of the bitcode here."""
        here = f"{llvm.llvm_version_info} {self._triple} {self._name} {self._features}"
        return hashlib.sha256(here.encode() + bitcode).hexdigest()[:20]

    def code_of(self, bitcode: bytes) -> bytes:
        """An object file."""
        module = llvm.parse_bitcode(bitcode)
        module.triple, module.data_layout = self._triple, str(self.target.target_data)
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        tuning.loop_vectorization = True
        tuning.slp_vectorization = False
        passes = llvm.create_pass_builder(self.target, tuning)
        passes.getModulePassManager().run(module, passes)
        return self.target.emit_object(module)


def _kept(path: Path) -> bytes | None:
    """The code in a file, behind its checksum: a wrong bit in it would end the process. None where there is none."""
    with contextlib.suppress(OSError):
        data = path.read_bytes()
        if hashlib.sha256(data[32:]).digest() == data[:32]:
            return data[32:]
    return None


def _keep(path: Path, code: bytes) -> None:
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(hashlib.sha256(code).digest() + code)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
