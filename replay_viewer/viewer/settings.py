"""The settings of a viewer, whichever replay it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..layers import Layer
    from ..record.control.address import ControlAddress
    from .layers import ViserLayer


@dataclass(frozen=True)
class CurvesChosen:
    """What a user chose in a chart, by the names of its curves: another chart takes over what it has, too.

    Attributes:
        known: the curves that there were.
        pinned: in the order of pinning.
        hidden: those that were not shown.
        alone: the one that was shown without the others; None for all.
        switches: what was switched on or off, by name.
    """

    known: frozenset[str] = frozenset()
    pinned: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    alone: str | None = None
    switches: dict[str, bool] = field(default_factory=dict)


@dataclass
class ChartLayout:
    """How a user has laid the charts out.

    Attributes:
        labels: of the signals that have charts, in their order; empty where the user has chosen none.
        heights: of charts that were made higher or lower [px], by their names.
        chosen: in charts, by what they are of; with "compared" before it, of several takes.
    """

    labels: list[str] = field(default_factory=list)
    heights: dict[str, int] = field(default_factory=dict)
    chosen: dict[str, CurvesChosen] = field(default_factory=dict)


@dataclass
class CrowdChoice:
    """Whether the other envs are shown, and what their colours tell, see `crowd.state`."""

    is_on: bool = False
    color_by: str = "robot"


@dataclass(frozen=True)
class Settings:
    """What stays when another replay is shown.

    Attributes:
        shadows: whether the light casts shadows at first; browsers without a GPU draw faster without.
        folder: where videos that browsers ask for are written at first; they may choose another.
        layers: what a user adds to the 3D view.
        control: where the policy of a run that is followed is controlled, if not beside its recording.
        switched_on: names of the viewer's own layers that are on; kept up to date.
        charts: how they are laid out; kept up to date.
        crowd: how the other envs are shown; kept up to date.
        film: how films are to be, by the labels of the controls, where a user has chosen; kept up to date.
    """

    shadows: bool = True
    folder: Path = field(default_factory=lambda: usual_folder(Path.cwd()))
    layers: Sequence[Layer | ViserLayer] = ()
    control: ControlAddress | None = None
    switched_on: set[str] = field(default_factory=set)
    charts: ChartLayout = field(default_factory=ChartLayout)
    crowd: CrowdChoice = field(default_factory=CrowdChoice)
    film: dict[str, str | bool] = field(default_factory=dict)


def usual_folder(current: Path) -> Path:
    """Where videos go unless somebody says so: the current folder, or one at home where that is a checkout of code."""
    is_checkout = any((folder / ".git").exists() for folder in (current, *current.parents))
    return Path.home() / "replay-viewer" if is_checkout else current
