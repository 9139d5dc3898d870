"""A format of recordings: how its files are told from others, and how one is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..rollout.rollout import Rollout

if TYPE_CHECKING:
    from ..robot import Robot  # It takes a second to import, and lists of recordings need none.

QuatOrder = Literal["xyzw", "wxyz"]


@dataclass(frozen=True)
class LoadOptions:
    """What the user states; None where the file is to be asked.

    Attributes:
        quat_order: order in which the file stores quaternions.
        joint_names: of its joint columns.
        control_dt: seconds per step.
        mesh_up: which way is up in the robots' meshes of glTF and COLLADA; see `load_robot`.
    """

    quat_order: QuatOrder | None = None
    joint_names: tuple[str, ...] | None = None
    control_dt: float | None = None
    mesh_up: Literal["y", "z"] | None = None


@dataclass(frozen=True)
class Format:
    """A kind of file, or of folder, that holds one recording.

    Attributes:
        name: for lists and messages, such as "plain npz".
        suffixes: what names of its files end in, such as (".npz",). A folder's other files are not looked into, and the
            page's dialog does not offer them; who names a file may give it any name.
        matches: whether a file, or a folder, is of it, by a look into it. It is asked of many, so it has to be quick.
            Where it raises, it cannot tell, as of a file that is damaged: then the suffix does.
        open: opens it, from its path, what the user states, and the robot that will be drawn, or None: its kinematics
            are evidence for what a file does not state. What it raises beside ReplayError and OSError is told as an
            error of this format.
        extra: what to install where it needs more than replay-viewer does, such as "h5py".
    """

    name: str
    suffixes: tuple[str, ...]
    matches: Callable[[Path], bool]
    open: Callable[[Path, LoadOptions, Robot | None], Rollout]
    extra: str = ""

    def has_suffix(self, path: Path) -> bool:
        """Whether a name says that a file is of it."""
        name = path.name.lower()
        return any(name.endswith(suffix) and name != suffix for suffix in self.suffixes)

    def recognises(self, path: Path, *, if_unsure: bool = False) -> bool:
        """Whether a file or folder is of it; `if_unsure` where it cannot tell."""
        try:
            return bool(self.matches(path))
        except Exception:  # A user's may raise anything, as ours do of damaged files.
            return if_unsure
