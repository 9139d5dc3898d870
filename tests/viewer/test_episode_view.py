"""What a browser sees of the table: which rows, in which order and groups; and nothing by what it may not send."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from replay_viewer.episode_record import EpisodeRecord
from replay_viewer.episodes.annotations import annotate
from replay_viewer.episodes.where_tokens import BadCondition
from replay_viewer.viewer.episodes.choice import Choice
from replay_viewer.viewer.episodes.notes import Notes
from replay_viewer.viewer.episodes.rows import Rows
from replay_viewer.viewer.episodes.sources import Known, Source
from replay_viewer.viewer.episodes.view import View, key_of

EPISODES = [
    EpisodeRecord(0, 0, "terminated", "fell", episode_length=40, total_reward=-1.5, variations={"friction": 0.2}),
    EpisodeRecord(0, 1, "truncated", success=True, episode_length=100, total_reward=8.0, variations={"friction": 0.9}),
    EpisodeRecord(1, 0, "truncated", success=False, episode_length=90, total_reward=None, policy="v2"),
    EpisodeRecord(1, 1, "unfinished", episode_length=10, total_reward=2.0, more={"terrain": "stairs"}),
]
OTHERS = [EpisodeRecord(0, 0, "terminated", success=True, total_reward=3.0), EpisodeRecord(0, 1, "odd word")]


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    """Two recordings, one that is not read yet, and one that is broken."""
    return Rows(
        [
            Source(0, tmp_path / "a.rec", "a.rec", known=Known(EPISODES)),
            Source(1, tmp_path / "b.rec", "b.rec", known=Known(OTHERS)),
            Source(2, tmp_path / "new.rec", "new.rec"),
            Source(3, tmp_path / "torn.rec", "torn.rec", known=Known([]), problem="is truncated."),
        ]
    )


def seen(rows: Rows, notes: Notes | None = None, **sent: Any) -> list[str]:
    """The episodes that a choice shows, as recording, env and episode; groups by their names in brackets."""
    view = View(str)
    view.choose(Choice.of({"group": "", **sent}))
    view.fold_all(False)
    view.show(rows, notes or Notes())
    names = {source.number: source.name[0] for source in rows.sources}
    lines = view.window(0, 100)
    assert len(lines) == view.num_lines
    return [f"{names[line[1]]}{line[2]}{line[3]}" if line[0] == 0 else f"[{line[2]}]" for line in lines]


def test_without_a_choice_the_rows_come_as_their_sources_do(rows: Rows) -> None:
    assert seen(rows) == ["a00", "a01", "a10", "a11", "b00", "b01"]


def test_rows_are_sorted_by_any_column_and_what_is_unknown_comes_last_both_ways(rows: Rows) -> None:
    assert seen(rows, sort="total_reward") == ["a00", "a11", "b00", "a01", "a10", "b01"]
    assert seen(rows, sort="total_reward", descending=True) == ["a01", "b00", "a11", "a00", "a10", "b01"]
    assert seen(rows, sort="variations.friction")[:2] == ["a00", "a01"]
    assert seen(rows, sort="terrain")[0] == "a11"
    assert seen(rows, sort="recording", descending=True)[:2] == ["b00", "b01"]
    assert seen(rows, sort="no such column") == seen(rows)


def test_rows_are_filtered_by_how_they_ended(rows: Rows) -> None:
    assert seen(rows, kinds=["failure", "terminated"]) == ["a00", "a10"]
    assert seen(rows, kinds=["success"]) == ["a01", "b00"]
    assert seen(rows, kinds=["unknown"]) == ["b01"]


def test_rows_are_filtered_by_texts_all_of_which_they_hold(rows: Rows) -> None:
    assert seen(rows, text="FELL") == ["a00"]
    assert seen(rows, text="a.rec success") == ["a01"]
    assert seen(rows, text="v2") == ["a10"]
    assert seen(rows, text="nothing like that") == []


def test_rows_are_filtered_by_ranges_of_numbers(rows: Rows) -> None:
    length = {"name": "episode_length", "low": 40, "high": 90}
    assert seen(rows, ranges=[length]) == ["a00", "a10"]
    assert seen(rows, ranges=[length, {"name": "total_reward", "low": None, "high": 0}]) == ["a00"]
    assert seen(rows, ranges=[{"name": "variations.friction", "low": 0.5}]) == ["a01"]


def test_rows_are_filtered_by_the_condition_of_the_command_line(rows: Rows) -> None:
    assert seen(rows, where="episode_length < 100 and not success") == ["a00", "a10", "a11"]
    assert seen(rows, where='terrain == "stairs"') == ["a11"]
    with pytest.raises(BadCondition, match="column 16"):
        Choice.of({"where": "episode_length ="})
    with pytest.raises(BadCondition, match=r"no episode here has 'terain'. Did you mean terrain"):
        seen(rows, where="terain == 3")


def test_rows_are_filtered_by_what_people_noted(rows: Rows, tmp_path: Path) -> None:
    notes = Notes()
    annotate(tmp_path / "a.rec", 0, 1, flag="bad", text="it slips here")
    annotate(tmp_path / "b.rec", 7, 7, flag="bad")
    notes.look([tmp_path / "a.rec", tmp_path / "b.rec"])
    assert seen(rows, notes, noted=True) == ["a01"]
    assert seen(rows, notes, text="slips") == ["a01"]


def test_groups_are_in_the_order_of_their_sources_with_those_that_have_no_episode(rows: Rows) -> None:
    expected = ["[a.rec]", "a00", "a01", "a10", "a11", "[b.rec]", "b00", "b01", "[new.rec]", "[torn.rec]"]
    assert seen(rows, group="recording") == expected


def test_sorted_groups_are_in_the_order_of_their_first_rows(rows: Rows) -> None:
    lines = seen(rows, group="recording", sort="total_reward", descending=True, kinds=["success", "terminated"])
    assert lines == ["[a.rec]", "a01", "a00", "[b.rec]", "b00"]
    lines = seen(rows, group="recording", sort="total_reward", kinds=["success"])
    assert lines == ["[b.rec]", "b00", "[a.rec]", "a01"]


def test_rows_are_grouped_by_other_columns(rows: Rows) -> None:
    lines = seen(rows, group="policy")
    assert lines == ["[v2]", "a10", "[unknown]", "a00", "a01", "a11", "b00", "b01"]
    assert seen(rows, group="outcome", kinds=["success"]) == ["[success]", "a01", "b00"]


def test_a_recording_without_an_episode_is_found_by_its_name_alone(rows: Rows) -> None:
    assert seen(rows, group="recording", text="new") == ["[new.rec]"]
    assert seen(rows, group="recording", text="rec", kinds=["success"]) == ["[a.rec]", "a01", "[b.rec]", "b00"]


def test_groups_are_folded_at_first_and_each_is_unfolded_by_its_key(rows: Rows) -> None:
    view = View(str)
    view.show(rows, Notes())
    assert [line[2] for line in view.window(0, 9)] == ["a.rec", "b.rec", "new.rec", "torn.rec"]
    view.fold(view.window(1, 1)[0][1])
    view.show(rows, Notes())
    assert [line[0] for line in view.window(0, 9)] == [1, 1, 0, 0, 1, 1]
    assert view.place(rows.find((1, 0, 1))) == 3
    # One that is folded away is where its group is.
    assert view.place(rows.find((0, 1, 1))) == 0
    assert view.place(None) is None


def test_the_only_group_is_unfolded_and_stays_so_when_it_is_shown(rows: Rows) -> None:
    view = View(str)
    view.unfold("0")
    view.show(Rows(rows.sources[:1]), Notes())
    assert [line[0] for line in view.window(0, 9)] == [1, 0, 0, 0, 0]
    view.fold("0")
    view.show(Rows(rows.sources[:1]), Notes())
    assert [line[0] for line in view.window(0, 9)] == [1]


def test_a_heading_tells_what_is_in_its_group(rows: Rows) -> None:
    view = View(str)
    view.choose(Choice.of({"columns": ["outcome", "total_reward", "episode_length"]}))
    view.show(rows, Notes())
    heading, _, unread, torn = view.window(0, 9)
    assert heading[4] == {"success": 1, "failure": 1, "terminated": 1, "unfinished": 1}
    assert heading[6:] == [None, pytest.approx((-1.5 + 8 + 2) / 3, rel=1e-5), 60.0]
    assert (unread[5][2], torn[5][2], torn[5][6]) == (False, True, "is truncated.")


def test_failures_follow_each_other_in_the_order_of_the_table(rows: Rows) -> None:
    view = View(str)
    view.choose(Choice.of({"group": "", "sort": "total_reward"}))
    view.show(rows, Notes())
    first, second = rows.find((0, 0, 0)), rows.find((0, 1, 0))
    assert view.failure(None, 1) == first
    assert view.failure(first, 1) == second
    assert view.failure(second, 1) is None
    assert view.failure(second, -1) == first
    assert view.failure(rows.find((0, 0, 1)), -1) == first
    # Also where they are folded away.
    view.choose(Choice.of({"group": "recording", "sort": "total_reward"}))
    view.show(rows, Notes())
    assert view.failure(first, 1) == second


def test_values_are_sent_as_json_has_them_and_texts_are_cut(rows: Rows) -> None:
    odd = EpisodeRecord(
        0, 0, reason="a\x1b[31m\nb", seed=2**70, total_reward=math.inf, more={"x": "y" * 999, "z": [1, 2]}
    )
    source = replace(rows.sources[0], known=Known([odd]))
    view = View(str)
    view.choose(Choice.of({"group": "", "columns": ["seed", "total_reward", "x", "z", "nothing"]}))
    view.show(Rows([source]), Notes())
    (line,) = view.window(0, 9)
    assert line[5] == "a?[31m?b"
    seed, reward, long, several, nothing = line[8:]
    assert (seed, reward, several, nothing) == (str(2**70), None, "[1, 2]", None)
    assert len(long) == 300


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        "x",
        {"columns": "abc", "sort": 3, "group": ["x"], "kinds": {"a": 1}, "ranges": 7, "where": 5, "text": []},
        {
            "columns": [1, None],
            "kinds": [[], {}, 3],
            "ranges": [None, {"name": "seed", "low": "x", "high": float("nan")}],
        },
        {"ranges": [{"name": "total_reward", "low": 10**400}], "columns": ["x"] * 10_000},
    ],
)
def test_a_choice_that_is_none_is_as_if_it_was_not_there(sent: Any, rows: Rows) -> None:
    view = View(str)
    view.choose(Choice.of(sent))
    view.show(rows, Notes())
    assert view.num_lines and len(view.choice.columns) <= 60


@pytest.mark.parametrize("value", [None, [], [0, 0], [0, 0, 0, 0], [0, 0, "0"], [0, True, 0], [0, 0.0, 0], "000", {}])
def test_what_is_no_episode_is_none(value: Any) -> None:
    assert key_of(value) is None
