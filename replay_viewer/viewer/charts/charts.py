"""All charts: of the rewards, and of signals of those recorded; of several takes, of what is compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...errors import UnknownName
from ...replay.differences import Difference, differences
from ...rollout.signals import Signal, signals
from ..session import Session
from ..settings import ChartLayout
from .chart import Chart
from .compared import DifferenceCompared, RewardsCompared, SignalCompared
from .compared_chart import ComparedChart
from .curves import RewardCurves, SignalCurves
from .spreads import Spreads

AnyChart = Chart | ComparedChart

# What the chart of rewards is called, and those of signals, of which there are so many at most.
REWARDS = "reward"
SIGNALS = tuple(f"signal{number}" for number in range(1, 9))
LOWEST, HIGHEST = 90, 800  # Of a chart [px].


class SignalChart:
    """A chart of one signal, of those that can be chosen.

    Attributes:
        name: what it is called by whoever asks for something of it.
        label: of the signal that is chosen.
    """

    def __init__(self, name: str, label: str, spreads: Spreads, make: Callable[[str, Spreads], AnyChart]) -> None:
        """make: gives the chart of the signal that has a label."""
        self.name, self.label = name, label
        self._spreads, self._make = spreads, make
        self._of_signals: dict[str, AnyChart] = {}

    @property
    def chart(self) -> AnyChart:
        """The chart of the signal that is chosen; one that was chosen before is as it was left."""
        if self.label not in self._of_signals:
            self._of_signals[self.label] = self._make(self.label, self._spreads)
        return self._of_signals[self.label]

    @property
    def charts(self) -> Mapping[str, AnyChart]:
        """Those of all signals that were chosen, by their labels."""
        return self._of_signals

    def close(self) -> None:
        """End work in the background."""
        self._spreads.close()


class Charts:
    """The charts' state, shared by all browsers.

    Attributes:
        rewards: the chart of rewards, or None where none are recorded.
        labels: of all signals that can be shown, by which they are chosen.
        signals: the charts of signals, at least one, in the order in which they are shown.
    """

    def __init__(self, session: Session, tell: Callable[[], object], layout: ChartLayout | None = None) -> None:
        """Open the charts.

        Args:
            session: what is watched.
            tell: called, on another thread, when work in the background has news.
            layout: how the charts stood for what was watched before; kept up to date.
        """
        self._session, self._tell, self._layout = session, tell, layout or ChartLayout()
        self._spreads = Spreads(session.replay.rollout, tell)
        self.rewards = self._make_rewards()
        self._by_label = _by_label(differences(session.world)) if session.world.others else {}
        self._by_label.update(_by_label(signals(session.replay.rollout)))
        self.labels = tuple(self._by_label)
        self.signals: list[SignalChart] = []
        for label in [label for label in self._layout.labels if label in self._by_label] or self.labels[:1]:
            self._open(label)

    @property
    def has_room(self) -> bool:
        """Whether another chart may be added."""
        return len(self.signals) < len(SIGNALS)

    def find(self, name: str) -> AnyChart | None:
        """The chart of that name; None while there is none."""
        return self.rewards if name == REWARDS else next((s.chart for s in self.signals if s.name == name), None)

    def title(self, name: str) -> str:
        """What people call what a chart shows."""
        label = next((signal.label for signal in self.signals if signal.name == name), "rewards")
        chart = self.find(name)
        return f"{label} {chart.source.names[chart.choice.one]}" if isinstance(chart, ComparedChart) else label

    def add(self) -> None:
        """Add a chart, of the first signal that has none yet; nothing where there is no room."""
        shown = {signal.label for signal in self.signals}
        if self.has_room:
            self._open(next((label for label in self.labels if label not in shown), self.labels[0]))
            self._remember()

    def remove(self, name: str) -> None:
        """Take a chart of a signal away; the last one stays."""
        gone = [signal for signal in self.signals if signal.name == name]
        if gone and len(self.signals) > 1:
            self.signals.remove(gone[0])
            gone[0].close()
            self._layout.heights.pop(name, None)
            self._remember()

    def select(self, label: str, name: str = SIGNALS[0]) -> None:
        """Show another signal in a chart. Raises UnknownName if there is none that is called so."""
        if label not in self._by_label:
            raise UnknownName("signal", label, self.labels)
        for signal in self.signals:
            if signal.name == name:
                signal.label = label
        self._remember()

    def show(self, signal_name: str) -> AnyChart:
        """The chart of a signal of the rollout: one that shows it, else a new one, without room for that the last."""
        label = next(label for label, signal in self._by_label.items() if signal.name == signal_name)
        shown = next((signal for signal in self.signals if signal.label == label), None)
        if shown is None and self.has_room:
            shown = self._open(label)
        elif shown is None:
            shown = self.signals[-1]
            shown.label = label
        self._remember()
        return shown.chart

    def height(self, name: str) -> int | None:
        """How high a chart was made [px]; None for as high as usual."""
        return self._layout.heights.get(name)

    def resize(self, name: str, height: float) -> None:
        """Make a chart so high [px], within limits."""
        if name in _RESIZABLE:
            self._layout.heights[name] = round(min(max(height, LOWEST), HIGHEST))

    def restore(self, name: str) -> None:
        """Make a chart as high as usual again."""
        self._layout.heights.pop(name, None)

    def close(self) -> None:
        """End work in the background."""
        self._spreads.close()
        for signal in self.signals:
            signal.close()
        self._remember_choices()

    def _remember_choices(self) -> None:
        """What was chosen in the charts, for those of the next replay."""
        charts = {label: chart for signal in self.signals for label, chart in signal.charts.items()}
        if self.rewards is not None:
            charts[REWARDS] = self.rewards
        self._layout.chosen.update({_key(label, chart): chart.chosen for label, chart in charts.items()})

    def _as_chosen(self, label: str, chart: AnyChart) -> AnyChart:
        """A chart as the one of the same was left, of the replay before."""
        chosen = self._layout.chosen.get(_key(label, chart))
        if chosen is not None:
            chart.choose(chosen)
        return chart

    def _open(self, label: str) -> SignalChart:
        taken = {signal.name for signal in self.signals}
        name = next(name for name in SIGNALS if name not in taken)
        opened = SignalChart(name, label, Spreads(self._session.replay.rollout, self._tell), self._make_signal)
        self.signals.append(opened)
        return opened

    def _remember(self) -> None:
        self._layout.labels[:] = [signal.label for signal in self.signals]

    def _make_rewards(self) -> AnyChart | None:
        session = self._session
        if session.world.others:
            compared = RewardsCompared(session)
            return self._as_chosen(REWARDS, ComparedChart(session, compared)) if compared.names else None
        source = RewardCurves(session)
        return self._as_chosen(REWARDS, Chart(session, source, self._spreads)) if source.names else None

    def _make_signal(self, label: str, spreads: Spreads) -> AnyChart:
        return self._as_chosen(label, self._make_chart(label, spreads))

    def _make_chart(self, label: str, spreads: Spreads) -> AnyChart:
        session, signal = self._session, self._by_label[label]
        if isinstance(signal, Difference):
            return ComparedChart(session, DifferenceCompared(session, signal))
        if session.world.others:
            return ComparedChart(session, SignalCompared(session, signal))
        return Chart(session, SignalCurves(session, signal), spreads)


def _key(label: str, chart: AnyChart) -> str:
    """By what a layout knows a chart."""
    return f"compared {label}" if isinstance(chart, ComparedChart) else label


def gaps_of(name: str) -> str:
    """What the lower chart is called that is below a chart of several takes."""
    return f"{name}_gaps"


_RESIZABLE = frozenset(each for name in (REWARDS, *SIGNALS) for each in (name, gaps_of(name)))


def _by_label(found: Sequence[Signal | Difference]) -> dict[str, Signal | Difference]:
    """All by what people call them; a user's own, where it has the name of one of ours, with its field's too."""
    by_label: dict[str, Signal | Difference] = {}
    for signal in found:
        by_label[f"{signal.label} ({signal.name})" if signal.label in by_label else signal.label] = signal
    return by_label
