"""Robots by name. What robot_descriptions downloads is stood in for by a clone of its own kind, made here."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from needs import require

from replay_viewer.cli import main
from replay_viewer.errors import BadArgument
from replay_viewer.robot.names import NoRobotDescriptions, urdf_by_name

URDF = """<robot name="go2"><link name="base"><visual><geometry><box size="1 1 1"/></geometry></visual></link>
<link name="leg"/><joint name="hip" type="continuous"><parent link="base"/><child link="leg"/></joint></robot>"""


@pytest.fixture
def rollout(tmp_path: Path) -> Path:
    path = tmp_path / "rollout.npz"
    pose = {"base_pos": np.zeros((5, 3)), "base_quat": np.tile([0, 0, 0, 1.0], (5, 1))}
    np.savez(path, **pose, dof_pos=np.zeros((5, 1)), dof_names=np.array(["hip"]), dt=0.02)
    return path


@pytest.fixture
def package() -> Iterator[None]:
    """robot_descriptions, not imported yet and forgotten afterwards: its modules look for clones when imported."""
    if importlib.util.find_spec("robot_descriptions") is None:
        require("the package robot_descriptions is not installed (pip install 'replay-viewer[robots]')")
    _forget_package()
    yield
    _forget_package()


def _forget_package() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "robot_descriptions"]:
        del sys.modules[name]


@pytest.fixture
def clones(package: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package's cache with a clone of the repository that Go2 is in, at the commit that is asked for."""
    made = tmp_path / "made"
    urdf = made / "robots" / "go2_description" / "urdf" / "go2_description.urdf"
    urdf.parent.mkdir(parents=True)
    urdf.write_text(URDF)
    author = ["-c", "user.name=someone", "-c", "user.email=someone@example.com"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "Go2"]):
        subprocess.run(["git", *command], cwd=made, check=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=made, check=True, capture_output=True, text=True)
    folder = tmp_path / "cache" / f"unitree_ros-{commit.stdout.strip()}"
    folder.mkdir(parents=True)
    made.rename(folder / "unitree_ros")
    monkeypatch.setenv("ROBOT_DESCRIPTIONS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ROBOT_DESCRIPTION_COMMIT", commit.stdout.strip())
    return folder / "unitree_ros"


@pytest.mark.parametrize("name", ["go2", "go2_description"])
def test_a_robot_is_found_by_its_name(name: str, clones: Path) -> None:
    assert urdf_by_name(name) == clones / "robots" / "go2_description" / "urdf" / "go2_description.urdf"


def test_a_recording_is_read_with_a_robot_by_name(
    clones: Path, rollout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(rollout), "--robot", "go2"]) == 0
    assert "go2_description.urdf" in capsys.readouterr().out


def test_a_name_that_is_no_robots_tells_similar_ones(package: None) -> None:
    with pytest.raises(BadArgument, match=r"--robot goo2: .* Similar names: .*\bgo2\b"):
        urdf_by_name("goo2")


def test_a_robot_that_cannot_be_fetched_is_one_clear_error(
    package: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBOT_DESCRIPTIONS_CACHE", str(tmp_path / "a file"))
    (tmp_path / "a file").write_text("where clones would be")
    with pytest.raises(BadArgument, match=r"--robot go2: cannot be fetched .*--urdf FILE"):
        urdf_by_name("go2")


def test_without_the_package_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "robot_descriptions", None)
    with pytest.raises(NoRobotDescriptions, match=re.escape("pip install 'replay-viewer[robots]'")):
        urdf_by_name("go2")


def test_a_robot_by_name_and_a_file_are_one_too_many(rollout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(rollout), "--robot", "go2", "--urdf", "go2.urdf"]) == 2
    assert "--robot go2: --urdf go2.urdf is given already." in capsys.readouterr().err
