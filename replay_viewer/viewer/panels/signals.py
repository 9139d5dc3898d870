"""A chart of any one signal that is recorded: which one, and which of its components."""

from __future__ import annotations

import viser

from ..charts.charts import Plots
from ..wire.mailbox import Mailbox, bind
from .curves import CurvesPanel
from .html import chips, toolbar
from .html_content import set_content

# What the actions of this chart begin with.
CHART = "signal"


class SignalsPanel:
    """A dropdown, a chip for each component, and the chart."""

    def __init__(self, gui: viser.GuiApi, mailbox: Mailbox, plots: Plots, control_dt: float) -> None:
        """control_dt: seconds per step."""
        self._signal = gui.add_dropdown("Signal", plots.labels, hint="Anything recorded, over the episode shown")
        bind(self._signal, mailbox, plots.select_signal)
        self._chips = gui.add_html("")
        self._toolbar = gui.add_html("")
        self.chart = CurvesPanel(gui, plots.signal.picture(), control_dt)

    def sync(self, plots: Plots, takes_growth: bool) -> None:
        """Show the chosen signal; with `takes_growth` also steps that have come since."""
        if self._signal.value != plots.label:
            self._signal.value = plots.label
        picture = plots.signal.picture(takes_growth)
        set_content(self._chips, chips(CHART, plots.signal) if plots.signal.choice.count > 1 else "")
        set_content(self._toolbar, toolbar(CHART, plots.signal))
        self.chart.sync(picture, plots.signal.note)
