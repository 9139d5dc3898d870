"""The facts of a recording: what a writer keeps, repairs, leaves out and refuses, and what a reader makes of it."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_samples import append_steps, record, sample_info, sample_values

from replay_viewer import cli
from replay_viewer.container.pack import pack
from replay_viewer.container.reader import open_container
from replay_viewer.container.repair import repair
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.errors import BadField
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.fields import Field
from replay_viewer.rollout.rollout import Rollout

# As Gymnasium draws one.
SEED = 214001086517969023236143344408357035664
HALF = "\ud800"


def recorded(path: Path, **facts: Any) -> Rollout:
    """What is read of a recording with these facts."""
    rollout = open_container(record(path / "run.rec", 2, sample_info(**facts)))
    rollout.close()
    return rollout


def edited(path: Path, **members: Any) -> Rollout:
    """What is read of a recording whose meta.json says so, as an older writer may have written it."""
    meta = record(path / "run.rec", 2) / "meta.json"
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "version": "1.0", **members}))
    rollout = open_container(path / "run.rec")
    rollout.close()
    return rollout


def problems(rollout: Rollout) -> dict[str, str]:
    return {v.topic: v.reason for v in rollout.verdicts if v.status == "problem"}


@pytest.mark.parametrize("seed", [SEED, -SEED, 2**63, -(2**63) - 1, 10**4000, 0, -1])
def test_a_seed_is_any_integer(tmp_path: Path, seed: int) -> None:
    assert recorded(tmp_path, seed=seed).metadata["seed"] == seed
    assert repair(tmp_path / "run.rec").changes == ()
    rollout = open_container(pack(tmp_path / "run.rec", tmp_path / "one.rec"))
    assert rollout.metadata["seed"] == seed
    rollout.close()


def test_a_seed_that_no_number_holds_is_text_in_json_and_whole_in_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = record(tmp_path / "run.rec", 2, sample_info(seed=SEED))
    assert cli.main(["info", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metadata"]["seed"] == str(SEED)
    assert cli.main(["info", str(path)]) == 0
    assert f"seed: {SEED}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "kept"), [(4.0, 4), (np.int64(7), 7), (np.float32(7), 7), (np.array(5), 5), (1e300, int(1e300))]
)
def test_a_seed_that_means_an_integer_is_one(tmp_path: Path, given: Any, kept: int) -> None:
    rollout = recorded(tmp_path, seed=given)
    assert rollout.metadata["seed"] == kept
    assert problems(rollout) == {}


NO_FACTS = [
    *(("seed", value) for value in (1.5, math.nan, math.inf, True, "twelve", [1, 2], {"a": 1}, object(), 10**5000)),
    *(("decimation", value) for value in (0, -4, 2.5, True, "four", math.nan)),
    *(("physics_dt", value) for value in (0.0, -0.005, math.inf, "fast", True)),
    *(("num_envs_total", value) for value in (0, 1.5, "many")),
]


@pytest.mark.parametrize(("name", "value"), NO_FACTS, ids=[f"{name}-{i}" for i, (name, _) in enumerate(NO_FACTS)])
def test_what_only_decorates_and_does_not_fit_is_left_out_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, value: Any
) -> None:
    with caplog.at_level(logging.WARNING, "replay_viewer"):
        rollout = recorded(tmp_path, **{name: value})
    (message,) = [r.getMessage() for r in caplog.records]
    assert f"recorded without what does not fit: {name!r} " in message
    assert name not in rollout.metadata
    assert problems(rollout) == {}
    np.testing.assert_array_equal(rollout.fields["rew"].shape, ())


@pytest.mark.parametrize("given", [4.0, np.int64(4), np.float64(4)])
@pytest.mark.parametrize("name", ["decimation", "every", "num_envs_total"])
def test_a_count_that_means_an_integer_is_one(tmp_path: Path, name: str, given: Any) -> None:
    rollout = recorded(tmp_path, **{name: given})
    assert rollout.metadata[name] == 4
    assert isinstance(rollout.metadata[name], int)


@pytest.mark.parametrize("ids", [[3.0, 5.0, 7.0, 9.0], np.array([3, 5, 7, 9]), (np.int32(3), 5, 7.0, 9)])
def test_env_ids_of_other_types_are_integers(tmp_path: Path, ids: Any) -> None:
    assert recorded(tmp_path, env_ids=ids).env_ids == (3, 5, 7, 9)


def bad_origins(value: float) -> np.ndarray:
    origins = np.zeros((4, 3))
    origins[2, 1] = value
    return origins


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("env_origins", bad_origins(value)) for value in (math.nan, math.inf)),
        *(("env_origins", value) for value in (np.zeros(4), "everywhere", np.zeros((4, 2)))),
        *(("env_ids", value) for value in ("all", [1.5, 2, 3, 4], [True, 2, 3, 4], [-1, 0, 1, 2], None, 3)),
        *(("control_dt", value) for value in ("0.02", True, None, math.nan, math.inf, 1e-300)),
        *(("every", value) for value in (0, 1.5, "1", True)),
        *(("reward_terms", value) for value in (["speed", HALF], ["speed", 3], "speed")),
        *(("outcome_reasons", value) for value in ([HALF], [None], "fell")),
        *(("terminal_states", value) for value in (None, 1, ["captured"])),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_name_before_anything_is_made(
    tmp_path: Path, name: str, value: Any
) -> None:
    with pytest.raises(BadField) as caught:
        ContainerWriter(tmp_path / "run.rec", sample_info(**{name: value}))
    assert caught.value.field == name
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "entity",
    [
        EntitySpec(HALF),
        EntitySpec("-robot"),
        EntitySpec("r" * 250),
        EntitySpec(3),  # type: ignore[arg-type]
        EntitySpec("robot", joint_names=["hip", HALF, "knee"]),
        EntitySpec("robot", joint_names="hip"),
        EntitySpec("robot", contact_bodies=["foot", HALF]),
        EntitySpec("robot", kind=None),  # type: ignore[arg-type]
        "robot",
    ],
)
def test_an_entity_that_a_reader_refuses_is_refused_by_the_writer(tmp_path: Path, entity: Any) -> None:
    with pytest.raises(BadField) as caught:
        ContainerWriter(tmp_path / "run.rec", sample_info(entities=[entity]))
    assert caught.value.field.startswith("entities")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "shape",
    [
        {"size": [1, 1, 1]},
        {"type": "cone", "radius": 1},
        {"type": "box", "size": [1, 1]},
        {"type": "box", "size": [1, 1, 0]},
        {"type": "sphere"},
        {"type": "sphere", "radius": -1},
        {"type": "cylinder", "radius": 1, "length": 10**400},
        {"type": "sphere", "radius": 1, "color": "red"},
        {"type": "mesh", "path": "box.obj", "scale": [1, None, 1]},
    ],
)
def test_a_shape_that_cannot_be_drawn_is_refused_by_the_writer(tmp_path: Path, shape: dict[str, Any]) -> None:
    with pytest.raises(BadField, match="'shape' of 'box'"):
        ContainerWriter(tmp_path / "run.rec", sample_info(entities=[EntitySpec("box", "object", shape=shape)]))


@pytest.mark.parametrize(
    ("vertices", "triangles"),
    [
        (np.full((3, 3), np.nan), [[0, 1, 2]]),
        (np.full((3, 3), 1e300), [[0, 1, 2]]),
        (np.eye(3), [[0, 1, 3]]),
        (np.eye(3), [[0, -1, 2]]),
    ],
)
def test_a_terrain_that_a_reader_refuses_is_refused_by_the_writer(
    tmp_path: Path, vertices: Any, triangles: Any
) -> None:
    with pytest.raises(BadField, match="'terrain' has"):
        ContainerWriter(tmp_path / "run.rec", sample_info(), terrain=(vertices, np.array(triangles)))
    assert not list(tmp_path.iterdir())


def test_half_a_character_in_metadata_is_a_question_mark_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    metadata = {"file": b"caf\xe9.urdf".decode("utf-8", "surrogateescape"), "note": "ä\U0001f600"}
    with caplog.at_level(logging.WARNING, "replay_viewer"):
        rollout = recorded(tmp_path, metadata=metadata)
    assert (rollout.metadata["file"], rollout.metadata["note"]) == ("caf?.urdf", "ä\U0001f600")
    assert len(caplog.records) == 1 and "'metadata' holds half of a character" in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", 1.5), ("seed", True), ("decimation", 0), ("physics_dt", 0.0), ("num_envs_total", 0), ("seed", "x")],
)
def test_an_older_recording_with_a_fact_that_does_not_fit_opens_with_that_said(
    tmp_path: Path, name: str, value: Any
) -> None:
    rollout = edited(tmp_path, **{name: value})
    assert name not in rollout.metadata
    assert f"{name!r} is {json.dumps(value)}, expected" in problems(rollout)[name]


@pytest.mark.parametrize(("name", "value", "kept"), [("seed", SEED, SEED), ("decimation", 4.0, 4), ("seed", 3.0, 3)])
def test_an_older_recording_with_a_fact_of_another_type_opens(tmp_path: Path, name: str, value: Any, kept: int) -> None:
    rollout = edited(tmp_path, **{name: value})
    assert rollout.metadata[name] == kept
    assert name not in problems(rollout)


def test_an_older_recording_with_half_a_character_in_its_metadata_opens_with_that_said(tmp_path: Path) -> None:
    rollout = edited(tmp_path, metadata={"note": f"a{HALF}b"})
    assert rollout.metadata["note"] == "a?b"
    assert "half of a character" in problems(rollout)["metadata"]


def test_a_field_that_is_declared_twice_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadField, match="'speed' is declared twice"):
        ContainerWriter(tmp_path / "run.rec", sample_info(), fields=[Field("speed"), Field("speed")])


def test_a_declared_field_of_doubles_is_stored_as_words(tmp_path: Path) -> None:
    fields = [Field(name, array.shape[1:], np.dtype("<f8")) for name, array in sample_values(0).items()]
    with ContainerWriter(tmp_path / "run.rec", sample_info(), fields=fields) as writer:
        append_steps(writer, range(3))
    rollout = open_container(tmp_path / "run.rec")
    assert rollout.read("rew")[2].tolist() == [2, 3, 4, 5]
    rollout.close()


def test_what_is_noted_about_episodes_is_json_for_every_program(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "run.rec", sample_info()) as writer:
        append_steps(writer, [0])
        writer.note_episode(0, 0, success=True, reason=f"fell{HALF}", distance=math.nan)
        with pytest.raises(BadField, match="'env' cannot be stored as JSON"):
            writer.note_episode(0, 0, env=object())
        with pytest.raises(BadField, match="'env' cannot be stored as JSON"):
            writer.log("marker", env=object())
    (line,) = (tmp_path / "run.rec" / "episodes.jsonl").read_text().splitlines()
    assert json.loads(line, parse_constant=pytest.fail)["distance"] is None
