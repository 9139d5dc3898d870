"""Which browsers are told that another one moves the time, which all share."""

from __future__ import annotations

from typing import Any

import pytest

from replay_viewer.viewer.browser.shared_time import SharedTime


class Moves:
    """An action of browsers, when it runs and who is told of it; the clock is set by hand."""

    def __init__(self) -> None:
        self.now, self.browsers = 100.0, [1, 2, 3]
        self.told, self.runs = list[int](), list[object]()
        shared = SharedTime(self.browsers, self.told.append, lambda: self.now)
        self.seek: Any = shared.told({"seek": lambda value, client_id: self.runs.append((value, client_id))})["seek"]


@pytest.fixture
def moves() -> Moves:
    return Moves()


def test_a_series_of_moves_is_told_once_to_all_others(moves: Moves) -> None:
    for step in range(30):
        moves.now += 0.5
        moves.seek(step, 2)
    assert moves.runs == [(step, 2) for step in range(30)]
    assert sorted(moves.told) == [1, 3]


def test_who_comes_during_a_series_is_told_too(moves: Moves) -> None:
    moves.seek(0, 2)
    moves.browsers.append(4)
    moves.seek(1, 2)
    assert sorted(moves.told) == [1, 3, 4]


def test_another_mover_and_a_later_series_are_told(moves: Moves) -> None:
    moves.browsers.remove(3)
    moves.seek(0, 2)
    moves.seek(1, 1)
    assert moves.told == [1, 2]
    moves.now += 60
    moves.seek(2, 1)
    assert moves.told == [1, 2, 2]


def test_a_browser_alone_is_told_nothing(moves: Moves) -> None:
    moves.browsers[:] = [2]
    moves.seek(0, 2)
    assert moves.told == []
