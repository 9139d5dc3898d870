"""Both charts: of the rewards, and of one signal of those recorded; of several takes, of what is compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...errors import UnknownName
from ...replay.differences import Difference, differences
from ...rollout.signals import Signal, signals
from ..session import Session
from .chart import Chart
from .compared import DifferenceCompared, RewardsCompared, SignalCompared
from .compared_chart import ComparedChart
from .curves import RewardCurves, SignalCurves
from .spreads import Spreads

AnyChart = Chart | ComparedChart


class Charts:
    """The charts' state, shared by all browsers.

    Attributes:
        rewards: the chart of rewards, or None where none are recorded.
        labels: of all signals that can be shown, by which they are chosen.
        label: of the one that is.
    """

    def __init__(self, session: Session, tell: Callable[[], object]) -> None:
        """tell: called, on another thread, when work in the background has news."""
        self._session, self._tell = session, tell
        self._spreads = [Spreads(session.replay.rollout, tell) for _ in range(2)]
        self.rewards = self._make_rewards()
        self._by_label = _by_label(differences(session.world)) if session.world.others else {}
        self._by_label.update(_by_label(signals(session.replay.rollout)))
        self._of_signals: dict[str, AnyChart] = {}
        self.labels = tuple(self._by_label)
        self.label = self.labels[0]

    @property
    def signal(self) -> AnyChart:
        """The chart of the signal that is chosen."""
        if self.label not in self._of_signals:
            self._of_signals[self.label] = self._make_signal(self._by_label[self.label])
        return self._of_signals[self.label]

    def select_signal(self, label: str) -> None:
        """Show another signal. Raises UnknownName if there is none that is called so."""
        if label not in self._by_label:
            raise UnknownName("signal", label, self.labels)
        self.label = label

    def label_of(self, name: str) -> str:
        """What a signal of the rollout is chosen by."""
        return next(label for label, signal in self._by_label.items() if signal.name == name)

    def close(self) -> None:
        """End work in the background."""
        for spreads in self._spreads:
            spreads.close()

    def _make_rewards(self) -> AnyChart | None:
        session = self._session
        if session.world.others:
            compared = RewardsCompared(session)
            return ComparedChart(session, compared) if compared.names else None
        source = RewardCurves(session)
        return Chart(session, source, self._spreads[0]) if source.names else None

    def _make_signal(self, signal: Signal | Difference) -> AnyChart:
        session = self._session
        if isinstance(signal, Difference):
            return ComparedChart(session, DifferenceCompared(session, signal))
        if session.world.others:
            return ComparedChart(session, SignalCompared(session, signal))
        return Chart(session, SignalCurves(session, signal), self._spreads[1])


def _by_label(found: Sequence[Signal | Difference]) -> dict[str, Signal | Difference]:
    """All by what people call them; a user's own, where it has the name of one of ours, with its field's too."""
    by_label: dict[str, Signal | Difference] = {}
    for signal in found:
        by_label[f"{signal.label} ({signal.name})" if signal.label in by_label else signal.label] = signal
    return by_label
