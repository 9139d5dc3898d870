"""A reading: the meshes and their looks that a reader finds in a file, and what it had to leave out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import trimesh

Placed = tuple[trimesh.Trimesh, np.ndarray]


class Unreadable(Exception):
    """A mesh file that is known not to be read here; its text is the reason, as a sentence without its subject."""


@dataclass(frozen=True)
class YUp:
    """A mesh file in which Y may be up.

    Attributes:
        what: the meshes of which this holds.
        is_turned: whether they are turned to Z where nothing speaks for or against it.
        is_told: whether it is worth a word that they are not turned.
    """

    what: str
    is_turned: bool
    is_told: bool


# Every viewer of glTF turns it; RViz and yourdfpy do not turn COLLADA, and robots rely on it.
BY_GLTF = YUp("glTF", is_turned=True, is_told=True)
AS_GIVEN = YUp("glTF that was written as given", is_turned=False, is_told=False)
BY_COLLADA = YUp("COLLADA that says Y_UP", is_turned=False, is_told=True)
COLLADA_UNSAID = YUp("COLLADA without an up axis", is_turned=False, is_told=False)


@dataclass(eq=False)
class Reading:
    """A reading: the meshes and their looks that a reader finds in a file, and what it had to leave out.

    Attributes:
        meshes: as they are written, with their places (4, 4) in the file, in metres.
        problems: what of it is not drawn as it should be, phrases that go behind the file's name.
        y_up: where Y may be up in it; None where Z is.
    """

    meshes: list[Placed] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    y_up: YUp | None = None
