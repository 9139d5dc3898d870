"""What commands import, and what they leave to others: no seconds are measured here, since the modules say it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trimesh
from render_samples import write_slide
from urdf_files import mesh, one_link, write_urdf

from replay_viewer.cli.imports import large_imports
from replay_viewer.paths import asset

_COMMAND = "import sys; from replay_viewer.cli import main; print(main(sys.argv[1:]), *sys.modules)"
_NEVER_NEEDED = {"typeguard", "scipy", "networkx", "shapely", "embreex", "manifold3d", "rtree"}


def modules_after(*arguments: str) -> set[str]:
    """What a process has imported after it has run a command; one that serves a page is stopped when it does."""
    command = [sys.executable, "-c", _COMMAND, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        if arguments[0] == "view":
            while not re.search(r"http://\S+", running.stdout.readline()):
                assert running.poll() is None
            running.send_signal(signal.SIGINT)
        output, problems = running.communicate(timeout=120)
    code, *modules = output.splitlines()[-1].split()
    assert code == "0", problems
    return set(modules)


def test_info_imports_no_page_no_renderer_and_nothing_of_the_other_commands() -> None:
    modules = modules_after("info", str(asset("walk.rec")))
    assert {"numpy", "trimesh"} <= modules
    assert modules.isdisjoint(
        {*_NEVER_NEEDED, "viser", "collada", "llvmlite", "replay_viewer.cli.render", "replay_viewer.render"}
    )


@pytest.mark.slow
def test_view_imports_no_renderer_until_it_is_asked_for_a_film() -> None:
    modules = modules_after("view", str(asset("walk.rec")), "--port", "0")
    assert {"viser", "trimesh"} <= modules
    assert modules.isdisjoint({*_NEVER_NEEDED, "llvmlite", "imageio"})


@pytest.mark.slow
def test_render_imports_no_page(tmp_path: Path) -> None:
    modules = modules_after("render", str(asset("walk.rec")), str(tmp_path / "one.png"))
    assert {"llvmlite", "trimesh"} <= modules
    assert modules.isdisjoint({*_NEVER_NEEDED, "viser", "numba"})


def test_what_was_out_of_sight_of_an_import_is_there_again_afterwards() -> None:
    there = {name: sys.modules.get(name) for name in _NEVER_NEEDED}
    with large_imports():
        pass
    assert {name: sys.modules.get(name) for name in _NEVER_NEEDED} == there
    assert None not in [sys.modules.get(name, "absent") for name in _NEVER_NEEDED]


def test_what_trimesh_logs_of_a_file_is_not_printed(tmp_path: Path) -> None:
    trimesh.creation.box().export(tmp_path / "box.ply")
    plain = (tmp_path / "box.ply").read_bytes()
    (tmp_path / "box.ply").write_bytes(
        plain.replace(b"element vertex", b"comment TextureFile no.png\nelement vertex", 1)
    )
    urdf = write_urdf(tmp_path, one_link(mesh("box.ply")))
    recording = write_slide(tmp_path / "slide.rec", num_steps=2)
    command = [sys.executable, "-m", "replay_viewer", "info", str(recording), "--urdf", str(urdf)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert "'no.png', which it names, is not found" in done.stdout
