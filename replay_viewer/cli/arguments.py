"""Arguments that several commands have, and how they stand in the help."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from replay_viewer.errors import BadArgument
from replay_viewer.replay.comparison import Comparison
from replay_viewer.replay.modes import ALIGNMENTS, MODES, Alignment, Mode

if TYPE_CHECKING:
    from replay_viewer.formats import LoadOptions


def shown_as(metavar: str, name: str | None = None) -> object:
    """How an option that may be left out stands in the help: without tyro's "{None}|" and "(default: None)"."""
    return tyro.conf.arg(name=name, metavar=metavar, help_behavior_hint="")


def one_of(names: Iterable[str]) -> object:
    """How an option that takes one of some names stands in the help."""
    return shown_as("{" + ",".join(names) + "}")


Flag = Annotated[tyro.conf.FlagCreatePairsOff[bool], tyro.conf.arg(help_behavior_hint="")]
PathArgument = Annotated[tyro.conf.Positional[Path], shown_as("PATH")]


@dataclass(frozen=True)
class Loading:
    """How to read it, where the file does not say or says it wrongly."""

    urdf: Annotated[Path | None, shown_as("FILE")] = None
    """The robot's URDF, instead of the recording's."""
    robot: Annotated[str | None, shown_as("NAME")] = None
    """The robot's URDF by name, such as go2, from the package robot_descriptions (pip install robot_descriptions)."""
    package_dir: Annotated[tyro.conf.UseAppendAction[tuple[Path, ...]], shown_as("FOLDER")] = ()
    """Where to look for the URDF's package:// paths, besides its parent folders. May be given several times."""
    quat_order: Annotated[Literal["xyzw", "wxyz"] | None, shown_as("{xyzw,wxyz}")] = None
    """Order of the file's quaternions."""
    joint_names: Annotated[str | None, shown_as("A,B,...")] = None
    """Names of the file's joint columns."""
    dt: Annotated[float | None, shown_as("SECONDS")] = None
    """Time between two steps."""
    mesh_up: Annotated[Literal["y", "z"] | None, shown_as("{y,z}")] = None
    """Which way is up in glTF and COLLADA meshes, where it is seen wrongly."""

    def find_urdf(self) -> Path | None:
        """The URDF that the user states, if any; by name, it may be downloaded. Raises ReplayError."""
        if self.robot is None:
            return self.urdf
        if self.urdf is not None:
            raise BadArgument("--robot", self.robot, f"--urdf {self.urdf} is given already.")
        from replay_viewer.robot.names import urdf_by_name

        return urdf_by_name(self.robot)

    @property
    def options(self) -> LoadOptions:
        """What the user states about the file."""
        from replay_viewer.formats import LoadOptions

        names = None if self.joint_names is None else tuple(name.strip() for name in self.joint_names.split(","))
        return LoadOptions(quat_order=self.quat_order, joint_names=names, control_dt=self.dt, mesh_up=self.mesh_up)


@dataclass(frozen=True)
class Comparing:
    """How several recordings are put into one scene."""

    compare: Annotated[Mode | None, one_of(MODES)] = None
    """As recorded, all from the first one's place (ghost), or side by side."""
    align: Annotated[Alignment | None, one_of(ALIGNMENTS)] = None
    """What is shown at the same time: their starts, if none is given; their first steps, the ends of their episodes, or
    their bookmarks."""
    delay: Annotated[tyro.conf.UseAppendAction[tuple[float, ...]], shown_as("SECONDS")] = ()
    """Show the second recording so much later, -0.5 for earlier. Given again it is of the third, and so on."""

    def of(self, num_recordings: int) -> Comparison:
        """What is asked for. Raises BadArgument where there is nothing to compare, or not so much."""
        for option, value in (("--compare", self.compare), ("--align", self.align), ("--delay", self.delay or None)):
            if value is not None and num_recordings < 2:
                shown = value if isinstance(value, str) else f"{value[0]:g}"
                raise BadArgument(option, shown, "is for several recordings, such as before.rec after.rec.")
        for count, delay in enumerate(self.delay, 2):
            if count > num_recordings or not math.isfinite(delay):
                problem = "expected seconds." if count <= num_recordings else f"there is no recording {count}."
                raise BadArgument("--delay", f"{delay:g}", problem)
        return Comparison(self.compare or "recorded", self.align or "start", self.delay)


ComparingOptions = Annotated[Comparing, tyro.conf.OmitArgPrefixes]
NOTHING_COMPARED = Comparing()
LoadingOptions = Annotated[Loading, tyro.conf.OmitArgPrefixes]
NOTHING_STATED = Loading()
