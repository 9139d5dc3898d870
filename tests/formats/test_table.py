"""The table of formats: who is asked first, what decides where a file is damaged, and how a user's format fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from memory_rollout import MemorySource, still
from npz_samples import saved, standing

from replay_viewer import Format, LoadOptions, Rollout, load_rollout, register_format
from replay_viewer.errors import BadArgument, FileProblem
from replay_viewer.formats import table
from replay_viewer.formats.find import recordings_below
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.rollout import Entity


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(table, "_registered", {})
    yield


def begins_with_toy(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(b"toy")


def open_standing(path: Path, options: LoadOptions, lowest_point: object) -> Rollout:
    """As many steps as the file has bytes after its first word."""
    num_steps = len(path.read_bytes().removeprefix(b"toy"))
    episodes = [Episode(0, 0, 0, num_steps - 1, "unfinished")]
    return Rollout(
        MemorySource(still(num_steps, 1)),
        name=path.stem,
        path=path,
        control_dt=options.control_dt or 0.02,
        env_ids=(0,),
        entities=(Entity("robot"),),
        episodes_of=lambda env: episodes,
    )


def toy(name: str = "toy", **changes: Any) -> Format:
    return Format(**{"name": name, "suffixes": (".toy",), "matches": begins_with_toy, "open": open_standing, **changes})


def test_a_registered_format_is_opened_and_found_in_folders(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "walk.TOY"
    path.parent.mkdir()
    path.write_bytes(b"toy....")
    (tmp_path / "other.txt").write_bytes(b"toy....")
    with pytest.raises(FileProblem, match="is a text file, none of these formats: "):
        load_rollout(path)
    register_format(toy())
    assert load_rollout(path, LoadOptions(control_dt=0.5)).num_steps == 4
    assert load_rollout(tmp_path / "other.txt").num_steps == 4  # Who names a file may give it any name.
    assert recordings_below(tmp_path) == [path]
    with pytest.raises(
        FileProblem, match=r"none of these formats: toy \(.toy\), replay-viewer recording \(.rec\), plain"
    ):
        load_rollout(Path(__file__))


def test_what_is_registered_last_is_asked_first_and_takes_the_place_of_its_name(tmp_path: Path) -> None:
    path = saved(tmp_path, standing(4, 2))
    register_format(toy("first", suffixes=(".npz",), matches=lambda path: path.suffix == ".npz"))
    register_format(toy("second", suffixes=(".npz",), matches=lambda path: False))
    assert [format.name for format in table.all_formats()][:2] == ["second", "first"]
    assert load_rollout(path).num_steps == path.stat().st_size
    register_format(toy("first"))
    assert [format.name for format in table.all_formats()][:2] == ["first", "second"]
    assert load_rollout(path).num_steps == 4


def test_where_no_format_can_tell_the_suffix_does(tmp_path: Path) -> None:
    def cannot_tell(path: Path) -> bool:
        raise UnicodeDecodeError("utf-8", b"", 0, 1, "damaged")

    register_format(toy(matches=cannot_tell))
    (tmp_path / "a.toy").write_bytes(b"\x93")
    (tmp_path / "b.bin").write_bytes(b"\x93")
    assert load_rollout(tmp_path / "a.toy").num_steps == 1
    assert recordings_below(tmp_path) == [tmp_path / "a.toy"]
    with pytest.raises(FileProblem, match="none of these formats"):
        load_rollout(tmp_path / "b.bin")


def test_a_format_that_fails_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.toy").write_bytes(b"toy")

    def fail(path: Path, options: LoadOptions, lowest_point: object) -> Rollout:
        raise KeyError("the\nwheels")

    register_format(toy("cars", open=fail))
    with pytest.raises(FileProblem, match=r"a\.toy: the format 'cars' failed with KeyError: 'the\\nwheels'$") as failed:
        load_rollout(tmp_path / "a.toy")
    assert isinstance(failed.value.__cause__, KeyError)
    register_format(toy("cars", open=lambda path, options, lowest_point: np.zeros(3)))
    with pytest.raises(FileProblem, match="the format 'cars' gave a ndarray, and no Rollout"):
        load_rollout(tmp_path / "a.toy")


def test_a_package_that_a_format_needs_is_told_with_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "a.toy").write_bytes(b"toy")

    def needs(path: Path, options: LoadOptions, lowest_point: object) -> Rollout:
        import wheels_of_cars  # type: ignore[import-not-found]

        return wheels_of_cars

    register_format(toy("cars", open=needs, extra="wheels-of-cars>=2"))
    told = r"is of the format 'cars', which needs wheels_of_cars\. Install it: pip install wheels-of-cars>=2"
    with pytest.raises(FileProblem, match=told):
        load_rollout(tmp_path / "a.toy")


@pytest.mark.parametrize("suffix", ["npz", ".NPZ", ".", ".a,b", "*.npz", ""])
def test_a_suffix_that_is_none_is_refused(suffix: str) -> None:
    with pytest.raises(BadArgument, match="expected a point and small letters"):
        register_format(toy(suffixes=(suffix,)))
