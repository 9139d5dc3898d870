"""The choice among the curves of a chart: pinned, hidden, or one alone."""

from __future__ import annotations

from collections.abc import Sequence

from ..settings import CurvesChosen


class CurveChoice:
    """A user's choice among `count` curves.

    Attributes:
        pinned: in the order of pinning; they come first, and are drawn thicker.
        hidden: those that are not shown.
        alone: the one that is shown without the others, or None.
        max_shown: how many are shown at first.
    """

    def __init__(self, count: int, max_shown: int | None = None) -> None:
        """max_shown: of more curves than this, only so many are shown at first."""
        self.count = count
        self.max_shown = count if max_shown is None else min(max_shown, count)
        self.pinned: list[int] = []
        self.alone: int | None = None
        self.hidden: set[int] = set()
        self.show_first()

    @property
    def order(self) -> tuple[int, ...]:
        """All curves, the pinned ones first."""
        return (*self.pinned, *(curve for curve in range(self.count) if curve not in self.pinned))

    @property
    def shown(self) -> tuple[int, ...]:
        """Curves that are shown, the pinned ones first."""
        if self.alone is not None:
            return (self.alone,)
        return tuple(curve for curve in self.order if curve not in self.hidden)

    @property
    def drawn(self) -> tuple[int, ...]:
        """Curves that are shown, the pinned ones last: they are drawn above the others."""
        shown = self.shown
        return (*(c for c in shown if c not in self.pinned), *(c for c in shown if c in self.pinned))

    @property
    def key(self) -> tuple[object, ...]:
        """Differs where the choice does."""
        return self.alone, tuple(self.pinned), frozenset(self.hidden)

    def chosen(self, names: Sequence[str], switches: dict[str, bool]) -> CurvesChosen:
        """What is chosen, by the curves' names."""
        return CurvesChosen(
            frozenset(names),
            tuple(names[curve] for curve in self.pinned),
            frozenset(names[curve] for curve in self.hidden),
            None if self.alone is None else names[self.alone],
            switches,
        )

    def choose(self, names: Sequence[str], chosen: CurvesChosen) -> None:
        """Take over what was chosen of curves that are here, too; others are as at first."""
        self.pinned = [names.index(name) for name in chosen.pinned if name in names]
        others = {curve for curve in self.hidden if names[curve] not in chosen.known}
        self.hidden = others | {curve for curve, name in enumerate(names) if name in chosen.hidden}
        if chosen.alone in names:
            self.alone = names.index(chosen.alone)

    def toggle_pinned(self, curve: int) -> None:
        """Pin a curve, which shows it, or let it go."""
        if curve in self.pinned:
            self.pinned.remove(curve)
        else:
            self.pinned.append(curve)
            self.hidden.discard(curve)

    def toggle_hidden(self, curve: int) -> None:
        """Hide a curve or show it; where one is shown alone, the others come back first."""
        self.alone = None
        self.hidden ^= {curve}

    def toggle_alone(self, curve: int) -> None:
        """Show one curve without the others, or all that are not hidden again."""
        self.alone = None if self.alone == curve else curve

    def show_all(self) -> None:
        """Hide nothing."""
        self.alone, self.hidden = None, set()

    def show_first(self) -> None:
        """Show as many as at first."""
        self.alone, self.hidden = None, set(range(self.max_shown, self.count))


class OneCurve(CurveChoice):
    """A choice of one curve at a time: whatever is asked of another one shows it."""

    def __init__(self, count: int, first: int) -> None:
        """first: the curve that is shown first."""
        super().__init__(count)
        self.alone = first

    @property
    def one(self) -> int:
        """The curve that is shown."""
        assert self.alone is not None, "one always is"
        return self.alone

    def toggle_pinned(self, curve: int) -> None:
        """Show this one."""
        self.alone = curve

    toggle_hidden = toggle_alone = toggle_pinned

    def show_all(self) -> None:
        """Nothing: curves of several takes and things could not be told apart."""

    show_first = show_all
