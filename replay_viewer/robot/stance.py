"""A robot as it stands in its zero pose, with the meshes that are drawn of it: what doubts about them are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh

from ..rotations import to_matrix
from .mesh_files.reading import YUp
from .tree import Tree


@dataclass(frozen=True, eq=False)
class Stance:
    """A robot's links in its zero pose.

    Attributes:
        name: the robot's.
        tree: which link hangs on which.
        poses: (L, 4, 4) of the links, in the root's frame [m].
    """

    name: str
    tree: Tree
    poses: np.ndarray


@dataclass(frozen=True, eq=False)
class PlacedMesh:
    """A mesh on its link in the zero pose.

    Attributes:
        link: index of the link it belongs to.
        mesh: with its vertices.
        inner: (4, 4) from them to the mesh file's origin.
        outer: (4, 4) from there to the root [m].
        y_up: where Y may be up in its file.
        path: its file; None for a primitive.
    """

    link: int
    mesh: trimesh.Trimesh
    inner: np.ndarray
    outer: np.ndarray
    y_up: YUp | None
    path: Path | None


def poses_of(positions: np.ndarray, wxyz: np.ndarray) -> np.ndarray:
    """(L, 4, 4) of positions (L, 3) and quaternions (L, 4)."""
    poses = np.tile(np.eye(4), (len(positions), 1, 1))
    poses[:, :3, :3], poses[:, :3, 3] = to_matrix(wxyz), positions
    return poses


def size_of(meshes: Sequence[PlacedMesh]) -> float:
    """The longest side of a box around meshes [m], as they are written."""
    corners = [trimesh.transform_points(mesh.mesh.bounds, mesh.outer @ mesh.inner) for mesh in meshes]
    return float(np.ptp(np.concatenate(corners), axis=0).max())
