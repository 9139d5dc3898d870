"""The table of formats: who is asked first, what decides where a file is damaged, and how a user's format fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from npz_samples import saved, standing

from replay_viewer import Format, LoadOptions, Rollout, load_rollout, register_format, rollout_from_arrays
from replay_viewer.errors import BadArgument, FileProblem
from replay_viewer.formats import table
from replay_viewer.formats.evidence.array_table import MemoryTable
from replay_viewer.formats.find import recordings_below


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(table, "_registered", {})
    yield


def begins_with_toy(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(b"toy")


def open_standing(path: Path, options: LoadOptions, robot: object) -> Rollout:
    """As many steps as the file has bytes after its first word."""
    num_steps = len(path.read_bytes().removeprefix(b"toy"))
    return rollout_from_arrays(path, standing(num_steps, 1), options)


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

    def fail(path: Path, options: LoadOptions, robot: object) -> Rollout:
        raise KeyError("the\nwheels")

    register_format(toy("cars", open=fail))
    with pytest.raises(FileProblem, match=r"a\.toy: the format 'cars' failed with KeyError: 'the\\nwheels'$") as failed:
        load_rollout(tmp_path / "a.toy")
    assert isinstance(failed.value.__cause__, KeyError)
    register_format(toy("cars", open=lambda path, options, robot: np.zeros(3)))
    with pytest.raises(FileProblem, match="the format 'cars' gave a ndarray, and no Rollout"):
        load_rollout(tmp_path / "a.toy")


def test_a_column_that_fails_when_it_is_read_is_told_with_its_format(tmp_path: Path) -> None:
    """Numbers are read when they are asked for, long after the file was opened."""
    (tmp_path / "a.toy").write_bytes(b"toy....")

    def fail_later(path: Path, options: LoadOptions, robot: object) -> Rollout:
        rollout = open_standing(path, options, robot)

        def fail(name: str, steps: slice, envs: object) -> np.ndarray:
            raise ZeroDivisionError(name)

        rollout.source.read = fail  # type: ignore[method-assign]
        return rollout

    register_format(toy("cars", open=fail_later))
    rollout = load_rollout(tmp_path / "a.toy")
    with pytest.raises(FileProblem, match=r"the format 'cars' failed with ZeroDivisionError: robot\.base_pos"):
        rollout.read("robot.base_pos")


def test_a_package_that_a_format_needs_is_told_with_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "a.toy").write_bytes(b"toy")

    def needs(path: Path, options: LoadOptions, robot: object) -> Rollout:
        import wheels_of_cars  # type: ignore[import-not-found]

        return wheels_of_cars.open(path)

    register_format(toy("cars", open=needs, extra="wheels-of-cars>=2"))
    told = r"is of the format 'cars', which needs wheels_of_cars\. Install it: pip install wheels-of-cars>=2"
    with pytest.raises(FileProblem, match=told):
        load_rollout(tmp_path / "a.toy")


@pytest.mark.parametrize("suffix", ["npz", ".NPZ", ".", ".a,b", "*.npz", ""])
def test_a_suffix_that_is_none_is_refused(suffix: str) -> None:
    with pytest.raises(BadArgument, match="expected a point and small letters"):
        register_format(toy(suffixes=(suffix,)))


def test_arrays_in_memory_are_read_as_those_of_an_npz(tmp_path: Path) -> None:
    """Every verdict and every number; `info`, an object array, is of dictionaries."""
    random = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        **standing(),
        "dof_pos": random.normal(size=(20, 3, 2)),
        "dof_names": ["hip", "knee"],
        "rew": np.ones((20, 3)),
        "reward_terms/alive": np.ones((20, 3), np.float32),
        "terminated": random.random((20, 3)) > 0.9,
        "info": [{"log": {"height": random.normal(size=3)}} for _ in range(20)],
        "gone": np.full((20, 3), np.nan),
        "fps": 50,
    }
    path = saved(tmp_path, arrays)
    stored, held = load_rollout(path), rollout_from_arrays(path, arrays, format="plain npz")
    assert held.verdicts == stored.verdicts
    assert held.metadata == stored.metadata
    assert set(held.fields) == set(stored.fields)
    for name in stored.fields:
        np.testing.assert_array_equal(held.read(name), stored.read(name))
    assert [held.episodes(env) for env in range(3)] == [stored.episodes(env) for env in range(3)]


def test_arrays_that_are_no_rollout_say_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"walk\.toy: 'base_quat' is missing"):
        rollout_from_arrays(tmp_path / "walk.toy", {"base_pos": np.zeros((4, 3))})
    held = MemoryTable(tmp_path / "walk.toy", {"info": [{}]})
    with pytest.raises(FileProblem, match=r"walk\.toy: 'info' is an array of objects"):
        held.load("info")
