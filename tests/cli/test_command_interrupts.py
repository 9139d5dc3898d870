"""Ctrl-C and `kill` stop a command, also while libraries are imported, in which an interrupt does harm."""

from __future__ import annotations

import signal

import pytest

from replay_viewer.cli.interrupts import caught_interrupts, held_interrupts

BOTH = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("number", BOTH)
def test_a_signal_waits_for_the_end_of_an_import(number: signal.Signals) -> None:
    reached = []
    with caught_interrupts(), pytest.raises(KeyboardInterrupt):
        with held_interrupts():
            signal.raise_signal(number)
            reached.append("the import's end")
        reached.append("what comes after it")
    assert reached == ["the import's end"]


def test_a_second_signal_does_not_wait() -> None:
    with caught_interrupts(), pytest.raises(KeyboardInterrupt), held_interrupts():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_signals_stop_also_where_a_shell_had_them_ignored_and_are_ignored_again_afterwards() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with caught_interrupts(), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_new_command_knows_nothing_of_an_earlier_signal() -> None:
    with caught_interrupts(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    with caught_interrupts(), held_interrupts():
        pass
