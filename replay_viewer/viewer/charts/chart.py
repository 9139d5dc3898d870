"""A chart: which curves it shows, how, and the picture that comes of it; the same for every browser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...errors import listing
from ...rollout.rewards import Range, chart_range
from ..session import Session
from ..settings import CurvesChosen
from .choice import CurveChoice
from .curves import CurveSource
from .followed_curves import FollowedCurves, settled_range
from .picture import ALL_LINES, Limits, Line, Picture, Spread, headings, step_span
from .spreads import MAX_SPREADS, Spreads

_WIDTH, _MAIN_WIDTH, _PINNED_WIDTH = 1.25, 1.75, 2.5
# A limit farther away than this share of what is shown would flatten the curves; room is left beyond the others.
_NEAR, _LIMIT_MARGIN = 0.5, 0.03
# Curves whose limits are all marked.
_FEW = 4
# Of shares of limits, the limits of all curves.
_SHARES: Limits = ((ALL_LINES, -100.0), (ALL_LINES, 100.0))


class Chart:
    """Curves of one source.

    Attributes:
        choice: which curves are shown.
        per_second: whether amounts per step are divided by control_dt.
        normalised: whether each curve is a share of its own largest value.
        of_limits: whether each curve is a share [%] of its own limits, from -100 at the lower to 100 at the upper one.
        with_spread: whether the mean over the episodes of all envs is shown too, and the deviation from it.
    """

    def __init__(self, session: Session, source: CurveSource, spreads: Spreads) -> None:
        self._session, self.source, self._spreads = session, source, spreads
        self.choice = CurveChoice(len(source.names), source.max_shown)
        self.per_second = self.normalised = self.of_limits = self.with_spread = False
        has_both = np.isfinite(source.limits).all(axis=1) & (source.limits[:, 1] > source.limits[:, 0])
        limits = np.where(has_both[:, None], source.limits, np.nan)
        # Of each curve's limits the middle, and how far they are from it; NaN where it has not both.
        self._middles, self._halves = limits.mean(axis=1), (limits[:, 1] - limits[:, 0]) / 2
        self._curves = FollowedCurves()
        self._shown: tuple[object, ...] = ()
        self._picture: Picture | None = None

    @property
    def factor(self) -> float:
        """What a recorded value is multiplied by to be shown."""
        return 1.0 / self._session.player.control_dt if self.per_second else 1.0

    @property
    def unit(self) -> str:
        """What the axis of values says."""
        if self.normalised:
            return "share of each curve's largest"
        return self.told_unit

    @property
    def has_limits(self) -> bool:
        """Whether a curve has a lower and an upper limit."""
        return bool(np.isfinite(self._halves).any())

    @property
    def shown(self) -> tuple[int, ...]:
        """The curves that are shown, as a legend has them."""
        return tuple(curve for curve in self.choice.shown if not self.of_limits or np.isfinite(self._halves[curve]))

    @property
    def told_unit(self) -> str:
        """Of the values that a reader is told."""
        if self.of_limits:
            return "% of limits"
        return self._rate if self.source.has_rate else self.source.unit

    @property
    def _rate(self) -> str:
        return "per second" if self.per_second else "per step"

    @property
    def note(self) -> str:
        """What the user should know of the curves, and of work on them that goes on."""
        if not self.choice.shown:
            return f'Every curve is hidden: "show all {self.choice.count}" brings them back'
        return ". ".join(part for part in (self._note_on_limits, self._note_on_spread) if part)

    @property
    def _note_on_limits(self) -> str:
        shown = self.shown
        left_out = [self.source.names[curve] for curve in self.choice.shown if curve not in shown]
        return f"Left out, because the URDF has no limits for them: {listing(left_out)}" if left_out else ""

    @property
    def _note_on_spread(self) -> str:
        if not self.with_spread:
            return ""
        if not self._focus():
            return f"Pin up to {MAX_SPREADS} curves to see how they usually go"
        return self._spreads.note or (
            "Dashed: mean over the episodes of all envs, at the same time after their start; band: \u00b11 \u03c3"
        )

    @property
    def chosen(self) -> CurvesChosen:
        """What a user chose, for a chart of the same of another replay."""
        names = ("per_second", "normalised", "with_spread")
        return self.choice.chosen(self.source.names, {name: getattr(self, name) for name in names})

    def choose(self, chosen: CurvesChosen) -> None:
        """Take over what was chosen in such a chart."""
        self.choice.choose(self.source.names, chosen)
        for name, is_on in chosen.switches.items():
            setattr(self, name, is_on)

    def toggle_per_second(self) -> None:
        """Amounts per second, or per step."""
        self.per_second = not self.per_second

    def toggle_normalised(self) -> None:
        """Each curve on a scale of its own, or all on one."""
        self.normalised, self.of_limits = not self.normalised, False

    def toggle_of_limits(self) -> None:
        """Each curve as a share of its own limits, or all as they are."""
        self.normalised, self.of_limits = False, not self.of_limits and self.has_limits

    def toggle_spread(self) -> None:
        """Show how the curves usually go, or not."""
        self.with_spread = not self.with_spread

    def picture(self, takes_growth: bool = True) -> Picture:
        """What the chart shows now; the same object while nothing changes.

        takes_growth: also what has been recorded since of the episode.
        """
        source, session = self.source, self._session
        self._curves.follow(
            (source.key, self.of_limits),
            source.steps,
            len(source.names),
            self._read_from,
            is_running=session.is_running(session.episode),
            takes_growth=takes_growth,
        )
        focus = self._focus()
        self._spreads.ask({source.spread_key(curve): source.reader(curve) for curve in focus})
        scale = (self.per_second, self.normalised, self.of_limits)
        style = (source.key, scale, self.choice.key, focus, self._spreads.version)
        shown = (style, self._curves.version)
        if self._picture is None or shown != self._shown:
            before = self._picture.y_range if self._picture is not None and self._shown[0] == style else None
            self._shown, self._picture = shown, self._draw(focus, before)
        return self._picture

    def values_told(self, steps: range) -> tuple[tuple[str, ...], np.ndarray]:
        """Headings of the curves that are shown, as a legend has them, and every value (S, C) that a reader is told."""
        shown, start = list(self.shown), self.source.steps.start
        rows = np.concatenate(list(self._read_from(steps.start - start)))[: len(steps)]
        return headings([self.source.names[curve] for curve in shown], self.told_unit), rows[:, shown] * self.factor

    def _read_from(self, first: int) -> Iterator[np.ndarray]:
        """As of the source; shares are taken of what is recorded, so that no value beyond a limit is thinned out."""
        for values in self.source.read_from(first):
            yield 100 * (values - self._middles) / self._halves if self.of_limits else values

    def _focus(self) -> tuple[int, ...]:
        """The curves whose spread is shown: those that were picked out; else the main one, else all if they are few."""
        if not self.with_spread:
            return ()
        shown = self.shown
        picked = [curve for curve in shown if curve in self.choice.pinned or curve == self.choice.alone]
        main = [curve for curve in shown if curve == self.source.main]
        return tuple((picked or main or (shown if len(shown) <= MAX_SPREADS else ()))[:MAX_SPREADS])

    def _draw(self, focus: tuple[int, ...], before: Range) -> Picture:
        curves, told = self._curves.curves, self.shown
        shown = [curve for curve in self.choice.drawn if curve in told]
        factors = np.array([self._factor(curves.points[:, curve]) for curve in shown])
        values = curves.points[:, list(shown)] * factors
        spreads = tuple(s for curve in focus if (s := self._spread(shown.index(curve), curve, factors)) is not None)
        bands = [s.mean + sign * s.deviation for s in spreads for sign in (-1, 1)]
        seen = chart_range(np.column_stack([values, *bands]))
        needed, near = _with_all(seen, _SHARES) if self.of_limits else _with_near(seen, self._limits(shown, factors))
        return Picture(
            steps=curves.steps,
            curves=values,
            lines=tuple(self._line(curve, factor) for curve, factor in zip(shown, factors, strict=True)),
            span=step_span(curves.first_step, self._curves.num_steps_shown),
            y_range=settled_range(before, needed),
            unit=self.unit,
            spreads=spreads,
            limits=near,
        )

    def _limits(self, shown: Sequence[int], factors: np.ndarray) -> Limits:
        """Of curves that are few, or that are pinned: more lines would hide the curves."""
        pinned = self.choice.pinned
        marked = [(i, curve) for i, curve in enumerate(shown) if len(shown) <= _FEW or curve in pinned]
        limits = self.source.limits
        return tuple(
            (i, float(limit * factors[i])) for i, curve in marked for limit in limits[curve] if np.isfinite(limit)
        )

    def _factor(self, values: np.ndarray) -> float:
        if not self.normalised:
            return self.factor
        finite = np.abs(values[np.isfinite(values)])
        return 1.0 / finite.max() if finite.size and finite.max() > 0 else 1.0

    def _line(self, curve: int, factor: float) -> Line:
        is_main = curve == self.source.main and len(self.source.names) > 1
        width = _PINNED_WIDTH if curve in self.choice.pinned else _MAIN_WIDTH if is_main else _WIDTH
        # What a reader is told is the value, not the share of it that is drawn.
        return Line(self.source.names[curve], self.source.colors[curve], width, factor / self.factor, curve)

    def _spread(self, line: int, curve: int, factors: np.ndarray) -> Spread | None:
        curves = self._curves.curves
        band = self._spreads.band(self.source.spread_key(curve), curves.num_steps)
        if band is None:
            return None
        at = curves.steps - curves.first_step
        factor, zero = factors[line], 0.0
        if self.of_limits:
            factor, zero = 100 / self._halves[curve], self._middles[curve]
        return Spread(line, (band.mean[at, 0] - zero) * factor, band.deviation[at, 0] * factor)


def _with_all(shown: Range, limits: Limits) -> tuple[Range, Limits]:
    """The range with all limits and some room beyond them, and the limits."""
    values = [value for _, value in limits]
    margin = _LIMIT_MARGIN * (max(values) - min(values))
    low, high = shown or (0.0, 0.0)
    return (min(low, min(values) - margin), max(high, max(values) + margin)), limits


def _with_near(shown: Range, limits: Limits) -> tuple[Range, Limits]:
    """The range with those limits that can be shown without flattening the curves, and these limits."""
    if shown is None:
        return None, ()
    span = shown[1] - shown[0]
    near: Limits = tuple(limit for limit in limits if shown[0] - _NEAR * span <= limit[1] <= shown[1] + _NEAR * span)
    values = [value for _, value in near]
    margin = _LIMIT_MARGIN * span
    bottom, top = min(values, default=np.inf) - margin, max(values, default=-np.inf) + margin
    return (min(shown[0], bottom), max(shown[1], top)), near
