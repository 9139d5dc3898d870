"""The actions that a key, a button or the timeline may ask for, by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..replay.player import SPEEDS
from .charts.chart import Chart
from .charts.charts import REWARDS, SIGNALS, AnyChart, Charts
from .charts.compared_chart import ComparedChart
from .session import Session
from .wire.page_bridge import PageAction

# No step has such a number; larger integers do not convert, infinities and NaN are refused by the same comparison.
_TOO_LARGE = 2**53

# Of a chart's name and steps, the first and the last, and who asks.
SaveChart = Callable[[str, float, float, int], object]


def session_actions(session: Session) -> dict[str, PageAction]:
    """The actions as (value, client_id) -> None; most need neither."""
    player = session.player
    one_second = max(1, round(1.0 / player.control_dt))
    simple: dict[str, Callable[[], object]] = {
        "play": session.play,
        "pause": session.pause,
        "toggle": session.toggle,
        "go_live": session.go_live,
        "step_back": lambda: session.step_by(-1),
        "step_forward": lambda: session.step_by(1),
        "jump_back": lambda: session.step_by(-one_second),
        "jump_forward": lambda: session.step_by(one_second),
        "leap_back": lambda: session.step_by(-5 * one_second),
        "leap_forward": lambda: session.step_by(5 * one_second),
        "go_to_start": session.go_to_start,
        "go_to_end": session.go_to_end,
        "go_to_next_episode": session.go_to_next_episode,
        "go_to_previous_episode": session.go_to_previous_episode,
        "go_to_next_end": session.go_to_next_end,
        "go_to_previous_end": session.go_to_previous_end,
        "slower": lambda: player.set_speed(max((s for s in SPEEDS if s < player.speed), default=SPEEDS[0])),
        "faster": lambda: player.set_speed(min((s for s in SPEEDS if s > player.speed), default=SPEEDS[-1])),
        "next_loop": session.next_loop,
        "next_mode": session.next_mode,
        "select_from_here": session.select_from_here,
        "select_to_here": session.select_to_here,
        "clear_selection": session.clear_selection,
    }
    return {
        **{name: _without_arguments(run) for name, run in simple.items()},
        "seek": with_number(session.seek),
        "set_speed": with_number(lambda speed: player.set_speed(speed) if speed in SPEEDS else None),
        "set_loop": lambda value, _: session.set_loop(value),
        "set_mode": _with_text(session.set_mode),
        "set_alignment": _with_text(session.set_alignment),
        "delay_take": _with_key_and_number(session.delay_take),
        "select_steps": _with_numbers(session.select_steps, 2),
        "begin_scrub": lambda _, client_id: session.begin_scrub(client_id),
        "end_scrub": lambda _, client_id: session.end_scrub(client_id),
    }


def with_number(run: Callable[[float], object]) -> PageAction:
    """The action for a finite number, also one written as text; what else a browser may send is ignored."""

    def action(value: Any, client_id: int) -> None:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            return
        if math.isfinite(number):
            run(number)

    return action


def _with_text(run: Callable[[str], object]) -> PageAction:
    """The action for a text; what else a browser may send is ignored."""
    return lambda value, client_id: run(value) if isinstance(value, str) else None


def _with_key_and_number(run: Callable[[str, float], object]) -> PageAction:
    """The action for a list of a text and a finite number; what else a browser may send is ignored."""

    def action(value: Any, client_id: int) -> None:
        key, number = value if isinstance(value, list) and len(value) == 2 else ("", None)
        if isinstance(key, str) and isinstance(number, (int, float)) and abs(number) < _TOO_LARGE:
            run(key, float(number))

    return action


def _with_numbers(run: Callable[..., object], count: int) -> PageAction:
    """The action for a list of so many finite numbers; what else a browser may send is ignored."""

    def action(value: Any, client_id: int) -> None:
        numbers = value if isinstance(value, list) and len(value) == count else ()
        if numbers and all(type(number) in (int, float) and abs(number) < _TOO_LARGE for number in numbers):
            run(*numbers)

    return action


def _without_arguments(run: Callable[[], object]) -> PageAction:
    return lambda value, client_id: run()


def chart_actions(charts: Charts, save: SaveChart) -> dict[str, PageAction]:
    """What the buttons of the charts do: those of the rewards, and those of signals, as long as they are there.

    save: has the browser that asked save what it sees.
    """
    of_each = {name: run for chart in (REWARDS, *SIGNALS) for name, run in _chart_actions(charts, chart).items()}
    return {
        **of_each,
        "add_chart": _without_arguments(charts.add),
        "remove_chart": _with_text(charts.remove),
        "resize_chart": _with_key_and_number(charts.resize),
        "restore_chart": _with_text(charts.restore),
        "save_chart": _with_seen(save),
    }


def _chart_actions(charts: Charts, chart: str) -> dict[str, PageAction]:
    def find() -> AnyChart | None:
        return charts.find(chart)

    of_curves = {
        "pin": lambda shown, curve: shown.choice.toggle_pinned(curve),
        "hide": lambda shown, curve: shown.choice.toggle_hidden(curve),
        "alone": lambda shown, curve: shown.choice.toggle_alone(curve),
    }
    of_charts = {
        "rate": lambda shown: shown.toggle_per_second(),
        "all": lambda shown: shown.choice.show_all(),
        "first": lambda shown: shown.choice.show_first(),
    }
    of_one_take = {
        "normalise": lambda shown: shown.toggle_normalised(),
        "limits": lambda shown: shown.toggle_of_limits(),
        "spread": lambda shown: shown.toggle_spread(),
    }
    return {
        **{f"{chart}_{name}": _with_curve(find, run) for name, run in of_curves.items()},
        **{f"{chart}_{name}": _with_chart(find, run, (Chart, ComparedChart)) for name, run in of_charts.items()},
        **{f"{chart}_{name}": _with_chart(find, run, (Chart,)) for name, run in of_one_take.items()},
    }


def _with_seen(save: SaveChart) -> PageAction:
    """The action for a chart's name, and the first and last step that a browser sees of it."""

    def action(value: Any, client_id: int) -> None:
        if not isinstance(value, list) or len(value) != 3:
            return
        name, first, last = value
        if isinstance(name, str) and all(type(x) in (int, float) and abs(x) < _TOO_LARGE for x in (first, last)):
            save(name, first, last, client_id)

    return action


def _with_curve(find: Callable[[], AnyChart | None], run: Callable[[AnyChart, int], object]) -> PageAction:
    """The action for one of the curves there are, by its number as text."""

    def action(value: Any, client_id: int) -> None:
        shown = find()
        if shown is not None and value in map(str, range(shown.choice.count)):
            run(shown, int(value))

    return action


def _with_chart(
    find: Callable[[], AnyChart | None], run: Callable[[Any], object], kinds: tuple[type, ...]
) -> PageAction:
    """The action for a chart of such a kind; none for another one."""

    def action(value: Any, client_id: int) -> None:
        shown = find()
        if isinstance(shown, kinds):
            run(shown)

    return action
