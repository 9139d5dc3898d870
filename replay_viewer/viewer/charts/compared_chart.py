"""A chart of several takes: one thing at a time, of each take a curve in its colour, and by how much others differ."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ...errors import printable
from ...replay.take import Take
from ...rollout.rewards import Range, chart_range
from ...theme import TOTAL_COLOR, css_color
from ..session import Session
from ..settings import CurvesChosen
from .chart import Line, Picture, headings, step_span
from .choice import OneCurve
from .compared import Compared, beyond_lead
from .followed_curves import FollowedCurves, settled_range

_WIDTH, _LEAD_WIDTH = 1.75, 2.0
# Steps whose values are put together at once.
_BLOCK = 1 << 14
# Of more steps of an episode, every so many-th of what is costly is worked out: still many for each point of a chart.
_MOST_COSTLY = 1 << 16


class ComparedChart:
    """Curves of one component of what is compared, over the lead's episode.

    Attributes:
        source: what is compared.
        choice: which component of it is shown.
        per_second: whether amounts per step are divided by each take's own time step; at first they are where the takes
            have different ones, for those of different steps do not compare.
    """

    def __init__(self, session: Session, source: Compared) -> None:
        self._session, self.source = session, source
        self.choice = OneCurve(len(source.names), source.main)
        self._is_mixed = len({take.replay.rollout.control_dt for take in session.world.takes}) > 1
        self.per_second = self._is_mixed
        self._curves = FollowedCurves()
        self._shown: tuple[object, ...] = ()
        self._pictures: tuple[Picture, Picture] | None = None

    @property
    def has_rate(self) -> bool:
        """Whether what is shown is an amount per step."""
        return self.source.is_per_step(self.choice.one)

    @property
    def factors(self) -> np.ndarray:
        """What a recorded amount per step of each take is multiplied by to be shown, (T,)."""
        takes = self._session.world.takes
        return np.array([1 / take.replay.rollout.control_dt if self.per_second else 1.0 for take in takes])

    @property
    def told_unit(self) -> str:
        """Of the values that a reader is told, of one signal."""
        return self.source.unit

    @property
    def note(self) -> str:
        """What the user should know of the curves."""
        return self.source.note

    @property
    def chosen(self) -> CurvesChosen:
        """What a user chose, for a chart of the same of other takes."""
        return self.choice.chosen(self.source.names, {"per_second": self.per_second, "is_mixed": self._is_mixed})

    def choose(self, chosen: CurvesChosen) -> None:
        """Take over what was chosen in such a chart; amounts per step, where that suits the takes as it did there."""
        self.choice.choose(self.source.names, chosen)
        if chosen.switches["is_mixed"] == self._is_mixed:
            self.per_second = chosen.switches["per_second"]

    def toggle_per_second(self) -> None:
        """Amounts per second, or per step."""
        self.per_second = not self.per_second

    def picture(self, takes_growth: bool = True) -> Picture:
        """The takes over each other, or how far they are from the lead; the same object while nothing changes.

        takes_growth: also what has been recorded since of the episode.
        """
        return self._both(takes_growth)[0]

    def gaps(self, takes_growth: bool = True) -> Picture:
        """By how much the others' values are beyond the lead's; see `picture`."""
        return self._both(takes_growth)[1]

    def values_told(self, steps: range) -> tuple[tuple[str, ...], np.ndarray]:
        """Headings of what is shown of the takes and of their differences, and every value (S, C)."""
        names = [line.name for line in (*self._lines(), *self._gap_lines())]
        return headings(names, self._rate or self.source.unit), np.concatenate(list(self._read(steps, 0)))

    def _both(self, takes_growth: bool) -> tuple[Picture, Picture]:
        session, episode = self._session, self._session.episode
        steps = range(episode.first_step, min(episode.last_step + 1, session.player.num_steps))
        style = (
            steps.start,
            self.choice.one,
            self.has_rate and self.per_second,
            self._times(steps.stop - 1),
            self.source.key,
        )
        self._curves.follow(
            style,
            steps,
            len(self._lines()) + len(self._gap_lines()),
            partial(self._read, steps),
            is_running=session.is_running(episode),
            takes_growth=takes_growth,
        )
        shown = (style, self._curves.version)
        if self._pictures is None or shown != self._shown:
            before = self._pictures if self._pictures is not None and self._shown[0] == style else None
            self._shown, self._pictures = shown, self._draw(before)
        return self._pictures

    def _times(self, last_step: int) -> tuple[object, ...]:
        """On what it depends which values of the takes stand beside each other, up to one of the lead's steps."""
        world = self._session.world
        return (
            world.alignment,
            *((take.env_index, take.start, take.mark, take.delay) for take in world.takes),
            *(self._length_known(take, last_step) for take in world.others),
        )

    def _length_known(self, take: Take, last_step: int) -> int:
        """Of a take that is ahead in a recording that is written, and waits for more of it, how much there is."""
        rollout = take.replay.rollout
        if rollout.growth is None:
            return 0
        (position,) = self._session.world.positions_of(take, range(last_step, last_step + 1))
        return rollout.num_steps if np.isnan(position) else 0

    def _read(self, steps: range, first: int) -> Iterator[np.ndarray]:
        """What is drawn, in pieces: values of takes, then what the others' are beyond the lead's."""
        every = -(-len(steps) // _MOST_COSTLY) if self.source.is_costly else 1
        for begin in range(steps.start + first, steps.stop, _BLOCK):
            block = range(begin, min(begin + _BLOCK, steps.stop))
            values = _spread(self.source.values(self.choice.one, block[::every]), len(block), every)
            if self.has_rate:
                values = values * self.factors
            yield values if self.source.is_difference else np.hstack([values, beyond_lead(values, self.source.period)])

    def _draw(self, before: tuple[Picture, Picture] | None) -> tuple[Picture, Picture]:
        lines, points = self._lines(), self._curves.curves.points
        ranges: tuple[Range, Range] = (None, None) if before is None else (before[0].y_range, before[1].y_range)
        first, second = points[:, : len(lines)], points[:, len(lines) :]
        gaps = self._picture(second, self._gap_lines(), ranges[1], "difference", is_difference=True)
        return self._picture(first, lines, ranges[0], self._unit), gaps

    def _picture(
        self, values: np.ndarray, lines: tuple[Line, ...], before: Range, unit: str, is_difference: bool = False
    ) -> Picture:
        curves = self._curves.curves
        return Picture(
            steps=curves.steps,
            curves=values,
            lines=lines,
            span=step_span(curves.first_step, self._curves.num_steps_shown),
            y_range=settled_range(before, chart_range(values)),
            unit=unit,
            is_difference=is_difference,
            nothing="\N{EN DASH}",
        )

    @property
    def _unit(self) -> str:
        """What the axis of values says: of rewards, whose rows are in a table, also which they are."""
        if not self.source.names_axis:
            return self.source.unit
        return ", ".join(part for part in (self.source.names[self.choice.one], self._rate) if part)

    @property
    def _rate(self) -> str:
        return ("per second" if self.per_second else "per step") if self.has_rate else ""

    def _lines(self) -> tuple[Line, ...]:
        """Of the takes, the lead's first."""
        world = self._session.world
        told = zip(world.takes, world.names, strict=True)
        return tuple(
            _line(take, name, number)
            for number, (take, name) in enumerate(told)
            if take is not world.lead or not self.source.is_difference
        )

    def _gap_lines(self) -> tuple[Line, ...]:
        world = self._session.world
        if self.source.is_difference:
            return ()
        lead, *names = world.names
        told = zip(world.others, names, strict=True)
        return tuple(
            _line(take, f"{name} \N{MINUS SIGN} {lead}", number) for number, (take, name) in enumerate(told, 1)
        )


def _spread(values: np.ndarray, count: int, every: int) -> np.ndarray:
    """Values of every so many-th of `count` rows, with NaN in the others."""
    if every == 1:
        return values
    spread = np.full((count, values.shape[1]), np.nan)
    spread[::every] = values
    return spread


def _line(take: Take, name: str, number: int) -> Line:
    """A curve in the colour of its take, which is the so-manieth; the lead's in that of text."""
    if take.tint is None:
        return Line(printable(name), TOTAL_COLOR, _LEAD_WIDTH, curve=number)
    return Line(printable(name), css_color(take.tint), _WIDTH, curve=number)
