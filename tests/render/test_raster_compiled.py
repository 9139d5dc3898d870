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

_AGAIN = "The renderer compiles its loops anew each time (up to a minute)"
_ADVICE = "NUMBA_CACHE_DIR names another folder."


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
    return tell(folder, code, home)[0].split()


def tell(folder: Path, code: str = _RUN, home: Path | None = None, cache: Path | None = None) -> tuple[str, str]:
    """The same, and what it tells on stderr; cache: the folder that the user names for what is compiled."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    places = {name: str(home or folder) for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA")}
    named = {} if cache is None else {"NUMBA_CACHE_DIR": str(cache)}
    environment = {**kept, **places, **named, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


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


def test_loops_are_compiled_where_nothing_can_be_kept_which_is_told_once(folder: Path) -> None:
    # A file where a folder would have to be keeps root out as well.
    (folder / "loops" / "__pycache__").touch()
    (folder / "file").touch()
    out, told = tell(folder, home=folder / "file", cache=folder / "file" / "named")
    assert out.split()[0] == "12.0"
    assert told.splitlines() == [f"{_AGAIN}, since there is no folder that it may write to. {_ADVICE}"]


@pytest.mark.parametrize(("maker", "found"), [(_RUN, ["True", "0", "1"]), ("raise SystemExit(1)", ["False", "1", "0"])])
def test_what_another_process_compiles_is_waited_for_and_compiled_here_if_that_fails(
    folder: Path, maker: str, found: list[str]
) -> None:
    code = f"""
import subprocess, sys
from loops.compiled import await_maker, can_be_kept, is_kept
from loops.outer import outer
assert can_be_kept(outer) and not is_kept(outer)
maker = subprocess.Popen([sys.executable, "-c", {maker!r}], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
await_maker(outer, maker)
assert outer(1.0) == 12.0 and is_kept(outer)
print(maker.returncode == 0, sum(outer.stats.cache_misses.values()), sum(outer.stats.cache_hits.values()))
"""
    assert run(folder, code) == found


@pytest.mark.slow
def test_the_first_film_on_a_machine_compiles_its_largest_loop_in_another_process(tmp_path: Path) -> None:
    code = f"""
from replay_viewer.paths import asset
from replay_viewer.render.raster.kernels.shading import shade
from replay_viewer.render.render_video import render_video
render_video(asset("walk.rec"), {str(tmp_path / "one.png")!r}, size=(64, 36))
print(sum(shade.stats.cache_misses.values()), sum(shade.stats.cache_hits.values()))
"""
    out, told = tell(Path.cwd(), code, home=tmp_path, cache=tmp_path / "cache")
    assert (out.split(), told) == (["0", "1"], "")


@pytest.mark.parametrize(
    ("damage", "suffix"),
    [
        ("cut", "nbi"),
        pytest.param("flipped", "nbc", marks=pytest.mark.slow),
        pytest.param("empty", "nbi", marks=pytest.mark.slow),
        pytest.param("flipped", "nbi", marks=pytest.mark.slow),
        pytest.param("empty", "nbc", marks=pytest.mark.slow),
        pytest.param("cut", "nbc", marks=pytest.mark.slow),
    ],
)
def test_what_is_damaged_on_disk_is_compiled_anew_which_is_told_once(folder: Path, damage: str, suffix: str) -> None:
    cache = folder / "cache"
    tell(folder, cache=cache)
    files = list(cache.rglob(f"*.{suffix}"))
    assert len(files) == 2
    for file in files:
        file.write_bytes(_damaged(file.read_bytes(), damage))
    out, told = tell(folder, cache=cache)
    assert out.split() == ["12.0", "1", "0"]
    (place,) = {file.parent for file in files}
    assert told.splitlines() == [f"What the renderer keeps in {place} is damaged: it is compiled anew."]
    assert tell(folder, cache=cache) == ("12.0 0 1\n", "")


def _damaged(data: bytes, how: str) -> bytes:
    middle = len(data) // 2
    changed = {
        "empty": b"",
        "cut": data[:middle],
        "flipped": data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :],
    }
    return changed[how]


def test_loops_are_compiled_where_the_disk_is_full_which_is_told_once(folder: Path, tiny_disk: Path) -> None:
    (tiny_disk / "ballast").write_bytes(bytes(380 << 10))
    out, told = tell(folder, cache=tiny_disk / "loops")
    assert out.split() == ["12.0", "1", "0"]
    (line,) = told.splitlines()
    assert line.startswith(f"{_AGAIN}, since {tiny_disk / 'loops'}")
    assert line.endswith(f" takes nothing (No space left on device). {_ADVICE}")


def test_a_folder_that_is_gone_meanwhile_is_made_again(folder: Path) -> None:
    cache = folder / "cache"
    code = f"import shutil, loops.outer; shutil.rmtree({str(cache)!r})" + _RUN
    assert tell(folder, code, cache=cache) == ("12.0 1 0\n", "")
    assert tell(folder, cache=cache) == ("12.0 0 1\n", "")


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
