"""Ctrl-C and `kill` stop a command, also where a library swallows them."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import pytest

from replay_viewer.cli.interrupts import catch_interrupts, check_interrupted

BOTH = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Afterwards the signals do what they did before, and none is remembered."""
    before = {number: signal.getsignal(number) for number in BOTH}
    yield
    catch_interrupts()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", BOTH)
def test_a_swallowed_signal_stops_the_command_later(number: signal.Signals) -> None:
    catch_interrupts()
    check_interrupted()
    with contextlib.suppress(BaseException):
        signal.raise_signal(number)
    with pytest.raises(KeyboardInterrupt):
        check_interrupted()


def test_signals_stop_also_where_a_shell_had_them_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    catch_interrupts()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_new_command_knows_nothing_of_an_earlier_signal() -> None:
    catch_interrupts()
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    catch_interrupts()
    check_interrupted()
