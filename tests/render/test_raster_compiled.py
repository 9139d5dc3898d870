"""How the rasteriser's loops are kept on disk: by a package of two small modules, in processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import replay_viewer

_COMPILED = Path(replay_viewer.__file__).parent / "render" / "raster" / "kernels" / "compiled.py"
_INNER = """
from .compiled import compiled, inlined

@compiled
def called(x):
    return 2.0 * x

@inlined
def pasted(x):
    return 10.0 * x
"""
_OUTER = """
from .compiled import compiled
from .inner import called, pasted

@compiled
def outer(x):
    return called(x) + pasted(x)
"""
# Prints the result, and how many functions were compiled and how many were found on disk.
_RUN = """
from loops.outer import outer
print(outer(1.0), sum(outer.stats.cache_misses.values()), sum(outer.stats.cache_hits.values()))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the package `loops`, which compiles as the rasteriser does."""
    package = tmp_path / "loops"
    package.mkdir()
    shutil.copy(_COMPILED, package)
    (package / "__init__.py").touch()
    (package / "inner.py").write_text(_INNER)
    (package / "outer.py").write_text(_OUTER)
    return tmp_path


def run(folder: Path, code: str = _RUN, home: Path | None = None) -> list[str]:
    """What a new Python prints, whose user's folders are in `home`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    places = {name: str(home or folder) for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA")}
    environment = {**kept, **places, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()


def test_a_second_process_finds_what_the_first_compiled(folder: Path) -> None:
    assert run(folder) == ["12.0", "1", "0"]
    assert run(folder) == ["12.0", "0", "1"]


@pytest.mark.slow
def test_a_change_in_any_file_compiles_everything_anew(folder: Path) -> None:
    """By itself numba looks at the file of the function that was called only."""
    assert run(folder)[0] == "12.0"
    inner = folder / "loops" / "inner.py"
    for old, new, result in (("2.0 * x", "3.0 * x", "13.0"), ("10.0 * x", "20.0 * x", "23.0")):
        inner.write_text(inner.read_text().replace(old, new))
        assert run(folder) == [result, "1", "0"]


def test_loops_are_compiled_where_nothing_can_be_kept(folder: Path) -> None:
    # A file where a folder would have to be keeps root out as well.
    (folder / "loops" / "__pycache__").touch()
    (folder / "file").touch()
    assert run(folder, home=folder / "file")[0] == "12.0"


def test_the_rasteriser_can_be_imported_where_nothing_can_be_kept(tmp_path: Path) -> None:
    shutil.copytree(_COMPILED.parent, tmp_path / "loops", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "loops" / "__pycache__").touch()
    (tmp_path / "file").touch()
    code = """
import numpy as np
from loops import coverage, shading, transforms
print(transforms.extent(np.array([[1, 2, 3], [4, 5, 6]], np.float32)))
"""
    assert "".join(run(tmp_path, code, home=tmp_path / "file")) == "(1.0,2.0,4.0,5.0,False)"
