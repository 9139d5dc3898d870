"""The bundled robot: made by its script, and one that a simulator would take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import trimesh
from trotter_facts import JOINTS, STANDING

from replay_viewer.paths import asset
from replay_viewer.robot import load_robot

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def test_script_makes_the_same_robot_again(tmp_path: Path):
    subprocess.run([sys.executable, str(ASSETS / "make_trotter.py"), str(tmp_path)], check=True, timeout=120)
    committed = asset("trotter")
    names = sorted(path.relative_to(committed) for path in committed.rglob("*.*"))
    assert names == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*"))
    assert (tmp_path / "trotter.urdf").read_text() == (committed / "trotter.urdf").read_text()
    for name in names:
        if name.suffix == ".glb":
            assert_same_meshes(committed / name, tmp_path / name)


def assert_same_meshes(first: Path, second: Path) -> None:
    """The same triangles in the same colours; files may differ with trimesh's version."""
    old, new = (trimesh.load_scene(path).geometry for path in (first, second))
    assert old.keys() == new.keys()
    for name, mesh in old.items():
        np.testing.assert_allclose(mesh.triangles, new[name].triangles, atol=1.1e-5)
        np.testing.assert_array_equal(mesh.visual.material.main_color, new[name].visual.material.main_color)


def test_robot_is_small_and_loads_without_a_problem():
    robot = load_robot(asset("trotter/trotter.urdf"))
    assert robot.problems == ()
    assert 5_000 < sum(len(visual.mesh.faces) for visual in robot.visuals) <= 17_000
    assert sum(path.stat().st_size for path in asset("trotter").rglob("*.*")) < 400_000


def test_every_link_has_a_mass_that_a_simulator_takes():
    links = list(urdf().iter("link"))
    assert len(links) == 17
    for link in links:
        inertial = link.find("inertial")
        assert inertial is not None
        assert mass_of(inertial) > 0
        moments = np.linalg.eigvalsh(inertia_matrix(inertial))
        assert moments[0] > 0
        assert moments[2] < moments[0] + moments[1]
        assert link.find("collision/geometry") is not None
    assert sum(map(mass_of, urdf().iter("inertial"))) == pytest.approx(12.0)


def test_left_and_right_weigh_the_same():
    links = {link.get("name"): link.find("inertial") for link in urdf().iter("link")}
    mirror = np.array([1.0, -1.0, 1.0])
    for part in ("hip", "thigh", "calf", "foot"):
        for front in "FR":
            left, right = links[f"{front}L_{part}"], links[f"{front}R_{part}"]
            assert left is not None
            assert right is not None
            np.testing.assert_allclose(centre_of(left) * mirror, centre_of(right), atol=1e-5)
            mirrored = inertia_matrix(left) * np.outer(mirror, mirror)
            np.testing.assert_allclose(mirrored, inertia_matrix(right), rtol=1e-3, atol=1e-7)


def test_every_joint_has_limits_around_its_default_pose():
    joints = [joint for joint in urdf().iter("joint") if joint.get("type") == "revolute"]
    assert [joint.get("name") for joint in joints] == JOINTS
    for joint, default in zip(joints, STANDING, strict=True):
        limit = joint.find("limit")
        assert limit is not None
        assert float(limit.get("lower", 9)) < default < float(limit.get("upper", -9))
        assert float(limit.get("effort", 0)) > 0
        assert float(limit.get("velocity", 0)) > 0


def urdf() -> ElementTree.Element:
    return ElementTree.parse(asset("trotter/trotter.urdf")).getroot()


def mass_of(inertial: ElementTree.Element) -> float:
    mass = inertial.find("mass")
    assert mass is not None
    return float(mass.get("value", 0))


def centre_of(inertial: ElementTree.Element) -> np.ndarray:
    origin = inertial.find("origin")
    assert origin is not None
    return np.array([float(number) for number in origin.get("xyz", "").split()])


def inertia_matrix(inertial: ElementTree.Element) -> np.ndarray:
    """(3, 3) of a URDF's <inertial>."""
    inertia = inertial.find("inertia")
    assert inertia is not None
    xx, xy, xz, yy, yz, zz = (float(inertia.get(f"i{axes}", 0)) for axes in ("xx", "xy", "xz", "yy", "yz", "zz"))
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
