"""Random facts, names and fields in the plain npz of a rollout: what is written is read, and never refused."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from test_any_facts import NUM_STEPS, check_facts, is_written, of_any, recordings

from replay_viewer.formats import load_rollout
from replay_viewer.record.loop.plain_npz import write_plain_npz


def check_read(path: Path, facts: dict[str, Any], values: dict[str, np.ndarray]) -> None:
    """Check that the plain file opens, with the numbers of the recording that it was made of."""
    rollout = load_rollout(path)
    try:
        check_facts(rollout, facts)
        assert list(rollout.reward_terms) == [term.replace("\0", "?") for term in facts["reward_terms"]]
        place, robot = values[f"{facts['entities'][0].name}.base_pos"], next(iter(rollout.entities))
        if np.isfinite(place).all():  # Others are held at the last that is.
            np.testing.assert_array_equal(rollout.read(f"{robot}.base_pos"), np.stack([place] * NUM_STEPS))
        assert rollout.verdicts
    finally:
        rollout.close()


def examine(recording: tuple[dict[str, Any], dict[str, np.ndarray]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.rec"
        if is_written(path, *recording):
            check_read(write_plain_npz(path, Path(folder) / "run.npz"), *recording)


@of_any(20)
@given(recordings())
def test_the_npz_of_any_recording_opens(recording: Any) -> None:
    examine(recording)


@pytest.mark.slow
@of_any(150)
@given(recordings())
def test_the_npz_of_any_recording_opens_of_very_many(recording: Any) -> None:
    examine(recording)
