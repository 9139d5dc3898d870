"""The names by which addresses call recordings: each of what is opened together has one that tells it apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay_viewer.errors import BadArgument
from replay_viewer.viewer.opening.known import Known
from replay_viewer.viewer.opening.opening import OpenRequest


def request(path: str) -> OpenRequest:
    return OpenRequest(Path(path))


def test_recordings_of_one_name_that_are_opened_together_are_both_told_apart() -> None:
    known = Known(lambda: None)
    both = [request("/runs/demo-2/walk.rec"), request("/runs/soft-2/walk.rec")]
    known.note(*both)
    assert [known.named(name) for name in ("demo-2/walk.rec", "soft-2/walk.rec")] == both
    with pytest.raises(BadArgument, match="not among those"):
        known.named("walk.rec")


def test_a_name_that_is_known_stays_and_one_that_comes_later_is_longer() -> None:
    known = Known(lambda: None)
    first, later = request("/runs/a/walk.rec"), request("/runs/b/walk.rec")
    known.note(first)
    known.note(first, later)
    assert known.named("walk.rec") == first and known.named("b/walk.rec") == later
