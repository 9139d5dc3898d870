"""How episodes ended, as the table tells it apart: by a word and a colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...episode_record import EpisodeRecord
from ...rollout.outcomes import OUTCOME_TEXT

# By the name of their colour in the theme, what people call them. The page is sent the names.
KINDS: Mapping[str, str] = {"success": "success", "failure": "failure", **OUTCOME_TEXT, "unknown": "unknown"}
_CODES = {kind: code for code, kind in enumerate(KINDS)}
# What the keys for failures stop at: no success where that is known, else a fall.
_FAILED = np.array([kind in ("failure", "terminated") for kind in KINDS])


def kind_codes(records: Sequence[EpisodeRecord]) -> np.ndarray:
    """The kind of each episode (N,), as a position in KINDS."""
    return np.array([_CODES[_kind(record)] for record in records], np.int8)


def is_failure(codes: np.ndarray) -> np.ndarray:
    """Which of them (N,) are failures."""
    return _FAILED[codes]


def kind_name(code: int) -> str:
    """The name of a code."""
    return tuple(KINDS)[code]


def _kind(record: EpisodeRecord) -> str:
    if record.success is not None:
        return "success" if record.success else "failure"
    # A file may have any word.
    outcome = record.outcome or ""
    return outcome if outcome in OUTCOME_TEXT else "unknown"
