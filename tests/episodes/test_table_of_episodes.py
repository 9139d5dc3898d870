"""The table of the command `episodes`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from replay_viewer import load_episodes
from replay_viewer.cli import main
from replay_viewer.episode_record import EpisodeRecord
from replay_viewer.episodes.episodes import Episodes
from replay_viewer.episodes.texts import table_text
from replay_viewer.paths import asset

Capture = pytest.CaptureFixture[str]


def record(env_id: int, **values: object) -> EpisodeRecord:
    return EpisodeRecord.of({"env_id": env_id, "episode_in_env": 0, **values})


def lines(*records: EpisodeRecord, also: tuple[str, ...] = ()) -> list[str]:
    return "".join(table_text(Episodes(records), also)).splitlines()


def test_what_is_asked_for_or_sorted_by_has_a_column(capsys: Capture) -> None:
    command = ["episodes", str(asset("push.rec")), "--where", "rewards.upright < 1000", "--sort", "duration_s"]
    assert main([*command, "--show", "rewards.fall", "seed"]) == 0
    heading = capsys.readouterr().out.splitlines()[0].split()
    assert heading[heading.index("at") + 1 :] == ["rewards.upright", "duration_s", "rewards.fall", "seed"]


def test_a_group_stands_for_all_that_it_has(capsys: Capture) -> None:
    assert main(["episodes", str(asset("push.rec")), "--show", "rewards"]) == 0
    heading = capsys.readouterr().out.splitlines()[0].split()
    assert {"rewards.fall", "rewards.upright"} < set(heading)


def test_what_none_of_the_chosen_has_is_no_error_where_others_have_it(capsys: Capture) -> None:
    paths = [str(asset("push.rec")), str(asset("walk.rec"))]
    options = ["--where", "rewards.fall == null", "--sort", "rewards.fall", "--show", "rewards.fall"]
    assert main(["episodes", *paths, *options]) == 0
    found = capsys.readouterr().out.splitlines()
    assert "rewards.fall" not in found[0]
    assert found[-1].startswith(f"{len(load_episodes(paths[1]))} episodes: ")


def test_recordings_are_named_from_their_common_folder_on(tmp_path: Path, capsys: Capture) -> None:
    for name in ("a/one.rec", "b/two.rec"):
        (tmp_path / name).parent.mkdir()
        shutil.copy(asset("push.rec"), tmp_path / name)
    assert main(["episodes", str(tmp_path)]) == 0
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()[1:-2]} == {"a/one.rec", "b/two.rec"}
    assert main(["episodes", str(tmp_path / "a")]) == 0
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()[1:-2]} == {"one.rec"}
    # Of some nothing is known.
    assert [line.split()[0] for line in lines(record(0, recording="/r/a.rec"), record(1))[1:3]] == ["a.rec", "1"]


def test_the_last_line_counts() -> None:
    found = lines(
        record(0, outcome="truncated", success=True, recording="a.rec"),
        record(1, outcome="terminated", success=False, recording="b.rec"),
        record(2, outcome="truncated", recording="b.rec"),
        record(3),
    )
    assert found[-2:] == ["", "4 episodes in 2 recordings: 2 truncated, 1 terminated, 1 unknown; 1 of 2 a success"]
    assert lines(record(0, outcome="aborted"))[-1] == "1 episode: 1 aborted"
    assert lines() == []


def test_numbers_of_a_column_have_the_same_decimals() -> None:
    totals = (12.3456, -0.00123, None, 1e-12)
    found = lines(*(record(index, total_reward=total) for index, total in enumerate(totals)))
    assert [line.split()[-1] for line in found[1:5]] == ["12.35", "-0.00", "0", "0.00"]
    assert lines(record(0, total_reward=1e308))[1].split()[-1] == "1e+308"


def test_draws_in_the_middle_are_shown_as_they_are() -> None:
    drawn = [0.5, {"step": 7, "value": 0.25}]
    (line,) = lines(record(0, variations={"push": drawn}), also=("variations.push",))[1:2]
    assert line.endswith('[0.5, {"step": 7, "value": 0.25}]')


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("fall", "rewards.fall"),
        ("uprigth", "rewards.upright"),
        ("return", "total_reward"),
        ("stesp", "episode_length"),
        ("job", "job_name"),
        ("totalreward", "total_reward"),
    ],
)
def test_a_name_that_there_is_not_is_told_with_what_was_meant(name: str, meant: str, capsys: Capture) -> None:
    for option in ("--sort", "--show", "--where"):
        assert main(["episodes", str(asset("push.rec")), option, name]) == 2
        assert f"Did you mean {meant}?" in capsys.readouterr().err
