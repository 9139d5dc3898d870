"""How the rasteriser's loops become machine code: of `loops.bc`, once on a machine; in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
import pytest

from replay_viewer.render.raster.kernels import coverage, transforms
from replay_viewer.render.raster.kernels.machine_code import LOOPS, digest_of_sources

# Prints the lowest and the highest x and y of two points.
_RUN = """
import sys
import numpy as np
from replay_viewer.render.raster.kernels import transforms
found = np.empty(5, np.float32)
transforms.extent(np.array([[1, 2, 3], [4, 5, 6]], np.float32), found)
sys.stdout.write(" ".join(map(str, found)) + "\\n")
"""
_FOUND = "1.0 2.0 4.0 5.0 0.0\n"


def run(cache: Path, code: str = _RUN) -> str:
    """What a new Python prints; on stderr it says nothing."""
    environment = {**os.environ, "REPLAY_VIEWER_CACHE": str(cache)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def kept(cache: Path) -> Path:
    (file,) = cache.iterdir()
    return file


def test_what_is_shipped_was_made_of_these_sources() -> None:
    assert LOOPS.read_bytes()[:32] == digest_of_sources(), "python tests/helpers/make_loops.py"


def test_a_second_process_finds_what_the_first_compiled(tmp_path: Path) -> None:
    assert run(tmp_path / "cache") == _FOUND
    made = kept(tmp_path / "cache").stat()
    assert run(tmp_path / "cache") == _FOUND
    assert kept(tmp_path / "cache").stat().st_ino == made.st_ino


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped"])
def test_what_is_damaged_on_disk_is_compiled_anew(tmp_path: Path, damage: str) -> None:
    run(tmp_path)
    file = kept(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(_damaged(whole, damage))
    assert run(tmp_path) == _FOUND
    assert file.read_bytes() == whole


def _damaged(data: bytes, how: str) -> bytes:
    middle = len(data) // 2
    changed = {
        "empty": b"",
        "cut": data[:middle],
        "flipped": data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :],
    }
    return changed[how]


def test_loops_are_compiled_where_nothing_can_be_kept(tmp_path: Path) -> None:
    # A file where a folder would have to be keeps root out as well.
    (tmp_path / "file").touch()
    assert run(tmp_path / "file") == run(tmp_path / "file" / "cache") == _FOUND


def test_loops_are_compiled_where_the_disk_is_full(tiny_disk: Path) -> None:
    (tiny_disk / "ballast").write_bytes(bytes(380 << 10))
    assert run(tiny_disk / "cache") == _FOUND
    assert list((tiny_disk / "cache").iterdir()) == []


def test_the_first_picture_of_several_threads_is_compiled_once(tmp_path: Path) -> None:
    code = f"from threading import Thread\nwork = [Thread(target=exec, args=({_RUN!r}, {{}})) for _ in range(4)]\n"
    code += "[one.start() for one in work]; [one.join() for one in work]"
    assert sorted(run(tmp_path, code).split()) == sorted(4 * _FOUND.split())
    kept(tmp_path)


@pytest.mark.parametrize(
    "triple", ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "arm64-apple-macosx", "x86_64-pc-windows-msvc"]
)
def test_what_is_shipped_is_for_any_processor(triple: str) -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = llvm.parse_bitcode(LOOPS.read_bytes()[32:])
    module.triple = triple
    assert len(llvm.Target.from_triple(triple).create_target_machine().emit_object(module)) > 10_000
    called = {function.name for function in module.functions if function.is_declaration}
    assert not [name for name in called if name.startswith(("llvm.x86", "llvm.aarch64"))]
    # Beside LLVM's own there is only what every C library has.
    assert {name for name in called if not name.startswith("llvm.")} <= {"sqrtf"}


_GOOD = np.zeros((2, 3), np.float32)


@pytest.mark.parametrize(
    "values",
    [
        (_GOOD,),
        (_GOOD, np.zeros(5)),
        (_GOOD[0], np.zeros(5, np.float32)),
        (np.zeros((3, 2), np.float32).T, np.zeros(5, np.float32)),
        (np.zeros((2, 6), np.float32)[:, ::2], np.zeros(5, np.float32)),
    ],
    ids=["one is missing", "another type", "another dimension", "turned", "with gaps"],
)
def test_arguments_of_another_kind_are_refused(values: tuple[np.ndarray, ...]) -> None:
    with pytest.raises(TypeError, match="A loop takes"):
        transforms.extent(*values)


def test_numbers_of_another_kind_are_refused() -> None:
    with pytest.raises(Exception, match="required argument is not an integer"):
        coverage.clear(np.zeros((1, 1, 4), np.int64), 0, 0, 1.5, 1)
