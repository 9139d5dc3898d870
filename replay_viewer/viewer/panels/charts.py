"""What is shown over time: the rewards at the step with their chart, and the chart of any signal."""

from __future__ import annotations

from typing import Any

import viser

from ..charts.charts import Plots
from ..session import Session
from ..wire.mailbox import Mailbox
from .curves import CurvesPanel
from .rewards import RewardsPanel
from .signals import SignalsPanel


class ChartPanels:
    """The table and both charts; that of rewards is there where rewards are recorded."""

    def __init__(self, gui: viser.GuiApi, mailbox: Mailbox, session: Session, plots: Plots) -> None:
        dt = session.player.control_dt
        self._plots = plots
        self._rewards = RewardsPanel(gui)
        self._curves = None if plots.rewards is None else CurvesPanel(gui, plots.rewards.picture(), dt)
        self._signals = SignalsPanel(gui, mailbox, plots, dt)

    def sync(self, session: Session, takes_growth: bool) -> None:
        """Show the session's step and episode; with `takes_growth` also steps that have come since."""
        plots = self._plots
        if self._curves is not None and plots.rewards is not None:
            self._curves.sync(plots.rewards.picture(takes_growth), plots.rewards.note)
        self._rewards.sync(session, plots.rewards)
        self._signals.sync(plots, takes_growth)

    def page_state(self) -> dict[str, Any]:
        """What the page has to know of the charts, by their ids, and the numbers of the table."""
        rewards = {} if self._curves is None else self._curves.page_state
        return {"plots": {**rewards, **self._signals.chart.page_state}, "rewards": self._rewards.page_state}
