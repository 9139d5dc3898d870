"""The package as it is imported: lazily, and its lowest floor with numpy alone (this file runs on Python 3.8 too)."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from needs import require

import replay_viewer

PACKAGE = Path(replay_viewer.__file__).parent
FLOOR_0 = ["errors", "rotations", "progress", "cli", "cli.upkeep"] + [
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for folder in ("clips", "record", "upload", "video")
    for path in sorted((PACKAGE / folder).rglob("*.py"))
    if path.stem not in ("__init__", "stable_baselines3")  # A class of that library's.
]
OF_THE_VIEWER = (
    *("viser", "trimesh", "yourdfpy", "lxml", "collada", "PIL", "tyro", "tqdm", "torch", "llvmlite"),
    *("imageio", "imageio_ffmpeg"),  # For films alone, and then imported.
)

NUMPY_ALONE = f"""
import importlib, sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {OF_THE_VIEWER!r}:
            raise ImportError(name + " must not be needed here")

sys.meta_path.insert(0, Refused())
for module in {FLOOR_0!r}:
    importlib.import_module("replay_viewer." + module)
"""

needs_viewer = pytest.mark.skipif(sys.version_info < (3, 10), reason="the viewer needs Python 3.10")


def run_python(code: str) -> str:
    """What the code prints in a fresh interpreter; fails with its error."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=str(PACKAGE.parent))
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_viewer
@pytest.mark.parametrize("name", replay_viewer.__all__)
def test_every_exported_name_resolves(name: str) -> None:
    value = getattr(replay_viewer, name)
    assert name == "__version__" or value.__name__ == name


def test_type_checkers_see_the_exported_names() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imported = [alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted([*imported, "__version__"]) == sorted(replay_viewer.__all__)


def test_dir_lists_the_exported_names() -> None:
    assert set(replay_viewer.__all__) <= set(dir(replay_viewer))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'ViewerApp'"):
        replay_viewer.ViewerApp  # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    loaded = run_python("import sys, replay_viewer; print(*(m for m in sys.modules if m.startswith('replay_viewer.')))")
    assert loaded.split() == []
    assert run_python("import sys, replay_viewer; print('numpy' in sys.modules)") == "False\n"


def test_the_recorder_needs_numpy_alone() -> None:
    run_python(NUMPY_ALONE)


def test_the_installed_version_is_the_packages() -> None:
    try:
        installed = metadata.version("replay-viewer")
    except metadata.PackageNotFoundError:
        require("replay-viewer is not installed here (pip install -e .)")
    assert installed == replay_viewer.__version__
