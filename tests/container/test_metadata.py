"""Metadata: what a recording keeps of anything that a user adds to its facts, and that nothing of it is refused."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import enum
import logging
import math
import types
from collections import OrderedDict, deque, namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_samples import record, sample_info

from replay_viewer.container.reader import open_container
from replay_viewer.container.repair import repair

Gains = namedtuple("Gains", "stiffness damping")


class Terrain(enum.Enum):
    FLAT = "flat"


class Level(enum.IntEnum):
    HARD = 3


@dataclasses.dataclass
class Config:
    rate: float
    layers: tuple[int, ...]
    parent: Any = None


class Loaded:
    """An object without a text of its own."""


class Hostile(dict):
    """A mapping that cannot be gone through."""

    def items(self) -> Any:
        raise OSError("gone")


def kept(path: Path, metadata: Any) -> dict[str, Any]:
    """What is read of a recording with this metadata, in which nothing needs a repair."""
    rollout = open_container(record(path / "run.rec", 2, sample_info(metadata=metadata)))
    rollout.close()
    assert repair(path / "run.rec").changes == ()
    assert not [verdict for verdict in rollout.verdicts if verdict.status == "problem"]
    return rollout.metadata


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"in": value}
    return value


SAME = [
    (np.float32(0.5), 0.5),
    (np.int64(7), 7),
    (np.bool_(True), True),
    (np.longdouble(0.25), 0.25),
    (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
    (np.array([0.5, 2], np.longdouble), [0.5, 2.0]),
    (np.array([1.0, np.nan]), [1.0, "nan"]),
    (np.array(3), 3),
    (np.str_("go2"), "go2"),
    (math.nan, "nan"),
    (-math.inf, "-inf"),
    ({3, 1, 2}, [1, 2, 3]),
    (frozenset({"b", "a"}), ["a", "b"]),
    ({"a", 1}, ["a", 1]),
    ((1, (2, 3)), [1, [2, 3]]),
    (range(3), [0, 1, 2]),
    (deque([1, 2]), [1, 2]),
    (OrderedDict(a=1).keys(), ["a"]),
    (Gains(20.0, 0.5), [20.0, 0.5]),
    (b"caf\xc3\xa9", "café"),
    (bytearray(b""), ""),
    (Path("runs/go2.pt"), "runs/go2.pt"),
    (datetime.date(2026, 1, 2), "2026-01-02"),
    (Terrain.FLAT, "Terrain.FLAT"),
    (Level.HARD, 3),
    (1 + 2j, "(1+2j)"),
    (np.clongdouble(1 + 2j), "(1+2j)"),
    (Config(0.5, (64, 32)), {"rate": 0.5, "layers": [64, 32], "parent": None}),
    (argparse.Namespace(task="walk", seed=np.int32(3)), {"task": "walk", "seed": 3}),
    (types.SimpleNamespace(a={1}), {"a": [1]}),
    ({1: "one", None: 2, (1, 2): 3, b"b": 4}, {"1": "one", "None": 2, "(1, 2)": 3, "b": 4}),
    (nested(99), nested(99)),
]


@pytest.mark.parametrize(("given", "expected"), SAME, ids=[type(given).__name__ for given, _ in SAME])
def test_what_means_the_same_is_kept_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, given: Any, expected: Any
) -> None:
    with caplog.at_level(logging.WARNING, "replay_viewer"):
        found = kept(tmp_path, {"x": given, "y": 1})
    assert found["x"] == expected
    assert type(found["x"]) is type(expected)
    assert found["y"] == 1
    assert not caplog.messages


LEFT_OUT = [
    ({"x": object()}, "metadata.x' is a object, which JSON cannot hold", {}),
    ({"x": lambda: 0}, "metadata.x' is a function, which JSON cannot hold", {}),
    ({"x": Loaded}, "metadata.x' is a type, which JSON cannot hold", {}),
    ({"x": b"\xff\xfe"}, "metadata.x' holds bytes that are no text", {}),
    ({"x": 10**5000}, "metadata.x' has thousands of digits", {}),
    ({"x": {"y": Loaded(), "z": 1}}, "metadata.x.y' is a Loaded, which", {"x": {"z": 1}}),
    ({"x": [1, Loaded(), 3]}, "metadata.x[1]' is a Loaded, which", {"x": [1, None, 3]}),
    ({"x": np.zeros(200_000)}, "metadata.x' has 200000 numbers, more than 100000", {}),
    ({"x": "a" * (3 << 20)}, "metadata.x' takes 3145731 bytes, where 2097150 are left", {}),
    ({"x": Hostile(a=1)}, "metadata.x' cannot be read (OSError: gone)", {}),
    ({"x": {1: 2, "1": 3}}, "metadata.x.1' stands there twice", {"x": {"1": 2}}),
]


@pytest.mark.parametrize(("given", "said", "expected"), LEFT_OUT, ids=[said[:30] for _, said, _ in LEFT_OUT])
def test_what_json_cannot_hold_is_left_out_with_one_warning_that_names_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, given: Any, said: str, expected: dict[str, Any]
) -> None:
    with caplog.at_level(logging.WARNING, "replay_viewer"):
        found = kept(tmp_path, {"y": 1, **given})
    (message,) = caplog.messages
    assert f"recorded without what does not fit: '{said}" in message
    assert found["y"] == 1
    assert {key: value for key, value in found.items() if key == "x"} == expected


def test_what_has_no_end_is_cut_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    endless: dict[str, Any] = {"a": 1}
    endless["again"] = endless
    with caplog.at_level(logging.WARNING, "replay_viewer"):
        found = kept(tmp_path, {"x": endless, "deep": nested(120)})
    (message,) = caplog.messages
    assert message.count("is nested more than 100 levels deep") == 2
    assert found["x"]["again"]["again"]["a"] == 1
    assert found["deep"]["in"]["in"]


def test_of_very_many_that_do_not_fit_the_first_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "replay_viewer"):
        kept(tmp_path, {f"f{index}": len for index in range(50)})
    (message,) = caplog.messages
    assert "'metadata.f7' is" in message and "'metadata.f8'" not in message
    assert "'metadata' has 42 more values that do not fit" in message


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (None, {}),
        ("with new gains", {"metadata": "with new gains"}),
        ([1, 2], {"metadata": [1, 2]}),
        (argparse.Namespace(task="walk"), {"task": "walk"}),
        (Config(0.5, ()), {"rate": 0.5, "layers": [], "parent": None}),
    ],
)
def test_metadata_without_names_are_kept_too(tmp_path: Path, metadata: Any, expected: dict[str, Any]) -> None:
    found = kept(tmp_path, metadata)
    assert {key: found[key] for key in expected} == expected
