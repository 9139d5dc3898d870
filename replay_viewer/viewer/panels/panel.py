"""The panel: a part of the page that is brought to the state of what is shown, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ..background import Job
    from ..charts.charts import Charts
    from ..crowd import Crowd
    from ..layers import ShownLayers
    from ..session import Session


class Shown(Protocol):
    """What panels may look at of what is shown.

    Attributes:
        takes_growth: whether panels that send all of themselves take in, this time, what a recording that is written
            has got more.
    """

    takes_growth: bool

    @property
    def session(self) -> Session:
        """What is watched."""
        ...

    @property
    def charts(self) -> Charts:
        """The state of the charts."""
        ...

    @property
    def layers(self) -> ShownLayers:
        """What is drawn beside the robots."""
        ...

    @property
    def crowd(self) -> Crowd:
        """The other envs."""
        ...

    @property
    def film(self) -> Job | None:
        """The video that is being drawn, or the last one."""
        ...


class Panel(Protocol):
    """A part of the page; its controls only post what users ask for."""

    def sync(self, shown: Shown) -> None:
        """Show the state; one-way, and nothing is sent that the page has already."""
        ...


def send_changes(handle: Any, **properties: Any) -> None:
    """Give a handle of the page its properties; only those that it does not have yet are sent."""
    for name, value in properties.items():
        if getattr(handle, name) != value:
            setattr(handle, name, value)
