"""Picks: which episodes are the worst, the best and the most typical."""

from __future__ import annotations

from dataclasses import replace

import pytest

from replay_viewer.episode_record import EpisodeRecord
from replay_viewer.episodes.picks import Picks
from replay_viewer.errors import BadArgument


def episodes(*returns: float | None, outcome: str = "truncated") -> list[EpisodeRecord]:
    return [EpisodeRecord(0, number, outcome, total_reward=total) for number, total in enumerate(returns)]


def picked(text: str, records: list[EpisodeRecord]) -> list[int]:
    return Picks("--episodes", text).of(records)


def test_the_worst_have_the_least_returns_and_the_best_the_greatest() -> None:
    records = episodes(3, -1, 7, None, 0)
    assert picked("worst:2", records) == [1, 4]
    assert picked("best:9", records) == [2, 0, 4, 1, 3]


def test_failures_are_worse_than_any_return() -> None:
    records = episodes(3, -1, 7)
    records[2] = replace(records[2], outcome="terminated")
    assert picked("worst:1", records) == [2]
    records[1] = replace(records[1], success=False)
    assert picked("worst:2", records) == [1, 2]
    records[2] = replace(records[2], success=True)
    assert picked("best:1", records) == [2]


def test_of_equal_returns_the_shorter_is_worse() -> None:
    records = [
        replace(record, episode_length=length) for record, length in zip(episodes(1, 1, 1), (9, 2, 5), strict=True)
    ]
    assert picked("worst:3", records) == [1, 2, 0]


def test_the_most_typical_is_in_the_middle_of_everything() -> None:
    records = episodes(0, 10, 10.5, 11, 90)
    assert picked("typical:2", records) == [2, 1]
    strange = [replace(record, rewards={"torque": 5.0 if record.total_reward == 10.5 else 1.0}) for record in records]
    assert picked("typical:1", strange) == [1]


def test_what_was_cut_off_does_not_count_unless_there_is_nothing_else() -> None:
    records = [*episodes(1, 2), *episodes(-9, outcome="unfinished"), *episodes(-8, outcome="aborted")]
    assert picked("worst:9", records) == [0, 1]
    assert picked("worst:1", records[2:]) == [0]
    assert picked("typical:1", []) == []


def test_several_picks_are_joined_and_each_episode_is_there_once() -> None:
    assert picked("worst:2, best:1,worst:1", episodes(3, 1, 2)) == [1, 2, 0]


@pytest.mark.parametrize("text", ["worst", "worst:", "worst:0", "worst:-1", "worst:3,7", "worst:1e9", "best:3,x"])
def test_what_is_no_pick_is_told(text: str) -> None:
    assert Picks.is_one(text)
    with pytest.raises(BadArgument, match=r"expected worst:N, best:N, typical:N, such as worst:3\."):
        Picks("--episodes", text)


@pytest.mark.parametrize("choice", [None, 3, "0:5,7", ":", "-1", "x", range(3), [1, 2]])
def test_numbers_are_no_picks(choice: object) -> None:
    assert not Picks.is_one(choice)
