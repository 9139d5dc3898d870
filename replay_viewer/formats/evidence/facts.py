"""The facts of a file that are no signals: env ids and origins, and what the file states."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from ...errors import BadField, printable
from ...rollout.rollout import Verdict
from ..format import QuatOrder
from .layout import TableLayout

FACTS = frozenset(("dt", "dof_names", "env_ids", "env_origins", "info", "quat_order", "done_row", "recording_info"))
_MAX_TEXT_BYTES = 1 << 24
_MAX_SHOWN = 40


def env_ids(layout: TableLayout) -> tuple[int, ...]:
    """The simulator's index of each env, counted where there are no 'env_ids'.

    Raises BadField unless they are N different integers.
    """
    if "env_ids" not in layout.table.headers:
        return tuple(range(layout.num_envs))
    header, path = layout.table.headers["env_ids"], layout.table.path
    if header.shape != (layout.num_envs,) or header.dtype.kind not in "iu":
        problem = f"has shape {header.shape} and type {header.dtype}, expected ({layout.num_envs},) of integers."
        raise BadField(path, "env_ids", problem)
    ids = tuple(int(i) for i in layout.table.load("env_ids"))
    if len(set(ids)) < len(ids):
        raise BadField(path, "env_ids", "names an env twice.")
    return ids


def env_origins(layout: TableLayout) -> np.ndarray | None:
    """The envs' origins (N, 3) [m], or None. Raises BadField for another shape."""
    if "env_origins" not in layout.table.headers:
        return None
    header = layout.table.headers["env_origins"]
    if header.shape != (layout.num_envs, 3) or header.dtype.kind not in "iuf":
        problem = f"has shape {header.shape} and type {header.dtype}, expected ({layout.num_envs}, 3) of numbers."
        raise BadField(layout.table.path, "env_origins", problem)
    return layout.table.load("env_origins").astype(np.float32)


def quat_order(layout: TableLayout) -> tuple[QuatOrder, Verdict] | None:
    """The order of the quaternions as the file states it in 'quat_order'. Raises BadField for any other text."""
    order = _one_text(layout, "quat_order", ("xyzw", "wxyz"))
    if order is None:
        return None
    return cast(QuatOrder, order), Verdict("quaternion order", order, "the file's 'quat_order'", "stated")


def done_row(layout: TableLayout) -> str | None:
    """What the row of a done step shows as the file states it in 'done_row'. Raises BadField for any other text.

    "terminal": the state in which the episode ended. "reset": the next episode.
    """
    return _one_text(layout, "done_row", ("terminal", "reset"))


def recording_info(layout: TableLayout) -> dict[str, Any]:
    """The JSON object in 'recording_info'; {} where there is none. Raises BadField for anything else."""
    text = _one_text(layout, "recording_info")
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadField(layout.table.path, "recording_info", "is no JSON object.")
    return found


def _one_text(layout: TableLayout, key: str, known: Sequence[str] = ()) -> str | None:
    """The text of an array, one of the `known` ones if there are any; None where there is no such array."""
    if key not in layout.table.headers:
        return None
    header, path = layout.table.headers[key], layout.table.path
    if header.dtype.kind != "U" or header.shape or header.value_bytes > _MAX_TEXT_BYTES:
        raise BadField(path, key, f"has shape {header.shape} and type {header.dtype}, expected one text.")
    try:
        text = str(layout.table.load(key)[()])
    except (SystemError, ValueError) as error:  # NumPy's for numbers that are no characters.
        raise BadField(path, key, f"holds no text: {error}.") from error
    if known and text not in known:
        raise BadField(path, key, f"is {printable(text[:_MAX_SHOWN])!r}, expected {' or '.join(known)}.")
    return text
