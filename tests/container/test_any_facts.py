"""Random facts, names and fields: what a writer takes, a reader gives back, and never refuses."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.pack import pack
from replay_viewer.container.reader import open_container
from replay_viewer.container.repair import repair
from replay_viewer.container.terminals import EpisodeEnds
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.errors import BadField
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.rollout import Rollout

NUM_STEPS = 3
DTYPES = (np.float32, np.float64, np.float16, np.int32, np.int8, np.uint32, np.bool_)
# Facts that a rollout has among its metadata, in the place of the user's own of those names.
TOLD = {"seed", "created", "writer", "num_envs_total", "decimation", "physics_dt", "every"}
# Any characters, halves of some among them.
texts = st.text(st.characters(), max_size=12)
names = st.text("abcXYZ019_-", min_size=1, max_size=12)
odd = st.one_of(st.none(), st.booleans(), texts, st.integers(), st.floats(), st.just([]))
counts = st.one_of(st.integers(1, 10**6), st.integers(1, 100).map(float), odd)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


def arrays(shape: tuple[int, ...], dtype: Any) -> st.SearchStrategy[np.ndarray]:
    """Arrays whose numbers survive 4 bytes."""
    count, kind = math.prod(shape), np.dtype(dtype).kind
    numbers = st.floats(width=16) if kind == "f" else st.integers(0, 1 if kind == "b" else 100)
    return st.lists(numbers, min_size=count, max_size=count).map(lambda flat: np.array(flat, dtype).reshape(shape))


@st.composite
def recordings(draw: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Facts, and the values of a step."""
    count = draw(st.integers(1, 3))
    entity_names = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    joints = {name: draw(st.lists(texts, max_size=3)) for name in entity_names}
    terms = draw(st.lists(texts, max_size=3, unique=True))
    facts = {
        "env_ids": draw(st.lists(st.integers(0, 2**40), min_size=count, max_size=count, unique=True)),
        "control_dt": draw(st.one_of(st.floats(1e-6, 1e6), st.sampled_from([0.0, math.nan, np.float32(0.02)]))),
        "entities": [EntitySpec(name, joint_names=joints[name]) for name in entity_names],
        "reward_terms": terms,
        "seed": draw(st.one_of(st.integers(), st.integers(-(2**200), 2**200), odd)),
        "decimation": draw(counts),
        "physics_dt": draw(st.one_of(st.floats(), odd)),
        "num_envs_total": draw(counts),
        "outcome_reasons": draw(st.lists(texts, max_size=2)),
        "env_origins": draw(st.one_of(st.none(), arrays((count, 3), np.float64))),
        "metadata": draw(st.dictionaries(texts, json_values, max_size=3)),
    }
    values = {}
    for name in entity_names:
        values[f"{name}.base_pos"] = draw(arrays((count, 3), np.float32))
        values[f"{name}.base_wxyz"] = draw(arrays((count, 4), np.float64))
        if joints[name]:
            values[f"{name}.joint_pos"] = draw(arrays((count, len(joints[name])), np.float32))
    if terms:
        values["rew_terms"] = draw(arrays((count, len(terms)), np.float32))
    for name in draw(st.lists(st.text("abc019_./-", min_size=1, max_size=8), max_size=3, unique=True)):
        shape = draw(st.lists(st.integers(1, 3), max_size=2))
        values.setdefault(name, draw(arrays((count, *shape), draw(st.sampled_from(DTYPES)))))
    return facts, values


def is_written(path: Path, facts: dict[str, Any], values: dict[str, np.ndarray]) -> bool:
    """Write a recording; False where it is refused, by the name of what cannot be kept."""
    try:
        with ContainerWriter(path, RecordingInfo(**facts)) as writer:
            for step in range(NUM_STEPS):
                if step == 1:
                    writer.end_episodes(EpisodeEnds(step, [0], "terminated"))
                writer.append(step, 0.0, values)
    except BadField as error:
        assert error.field.partition("[")[0] in {*facts, *values}, error
        return False
    return True


def check_facts(rollout: Rollout, facts: dict[str, Any]) -> None:
    """Check that a rollout has the facts that every format keeps."""
    assert rollout.num_steps == NUM_STEPS
    assert list(rollout.env_ids) == facts["env_ids"]
    seed = facts["seed"]
    if isinstance(seed, int) and not isinstance(seed, bool):
        assert rollout.metadata["seed"] == seed


def check_read(path: Path, facts: dict[str, Any], values: dict[str, np.ndarray]) -> None:
    """Check that a reader gives back what was written."""
    rollout = open_container(path)
    try:
        check_facts(rollout, facts)
        assert rollout.control_dt == float(facts["control_dt"])
        assert list(rollout.reward_terms) == facts["reward_terms"]
        for entity in facts["entities"]:
            assert list(rollout.entities[entity.name].joint_names) == list(entity.joint_names)
        for name, array in values.items():
            np.testing.assert_array_equal(rollout.read(name), np.stack([array] * NUM_STEPS))
        mended = json.loads(json.dumps(facts["metadata"], ensure_ascii=False).encode("utf-8", "replace"))
        for key in mended.keys() - TOLD:
            assert rollout.metadata[key] == mended[key]
        assert not [verdict for verdict in rollout.verdicts if verdict.topic == "damage"]
    finally:
        rollout.close()


def examine(recording: tuple[dict[str, Any], dict[str, np.ndarray]]) -> None:
    """Write a recording and read it back, as it is, after a repair, and packed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.rec"
        if is_written(path, *recording):
            check_read(path, *recording)
            assert repair(path).changes == ()
            check_read(pack(path, Path(folder) / "one.rec"), *recording)


def of_any(max_examples: int) -> Any:
    """Settings under which each run tries the same examples, that many."""
    large = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(max_examples=max_examples, derandomize=True, database=None, suppress_health_check=large)


@of_any(25)
@given(recordings())
def test_what_a_writer_takes_a_reader_gives_back(recording: Any) -> None:
    examine(recording)


@pytest.mark.slow
@of_any(150)
@given(recordings())
def test_what_a_writer_takes_a_reader_gives_back_of_very_many(recording: Any) -> None:
    examine(recording)
