"""Everything in a plain npz that is recorded per step and env beside poses, joints and rewards."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ...errors import BadField, listing
from ...rollout.rollout import Verdict
from .columns import Column, MemoryColumn
from .ends import FLAG_ROLES, SUCCESSES
from .info import InfoArray, InfoValues, collect
from .layout import FACTS, NpzLayout
from .motion import JOINT_SIGNALS, VELOCITIES
from .rewards import TERMS_PREFIX

_TAKEN = frozenset(("base_pos", "base_quat", "dof_pos", "rew"))
_OURS = frozenset(("rew_terms", "flags"))
_KNOWN = {"obs": "obs", "act": "act", "command": "command", "commands": "command"}


def read_info(layout: NpzLayout) -> tuple[InfoValues, list[Verdict]]:
    """The numbers in info, and what could not be read there.

    Raises BadField for a damaged or malicious pickle, and for info that is not one entry per step.
    """
    if "info" not in layout.archive.headers:
        return InfoValues(), []
    if not layout.archive.headers["info"].dtype.hasobject:
        return InfoValues(), [Verdict("info", "left out", "it is no array of dictionaries", "problem")]
    content = layout.archive.load_objects("info")
    try:
        info = collect(content, layout.num_steps, layout.num_envs)
    except ValueError as error:
        raise BadField(layout.archive.path, "info", str(error)) from error
    verdicts = [
        Verdict("info", f"'{path}' is not read", f"it is a {kind}, not plain data: store numpy arrays", "problem")
        for path, kind in info.unread.items()
    ]
    return info, verdicts


def read_signals(
    layout: NpzLayout, info: Mapping[str, InfoArray], used: Collection[str]
) -> tuple[dict[str, Column], list[Verdict]]:
    """Arrays (T, N, ...) that are nothing else, and which arrays were left out because they are no signals.

    Entries of info per env that are not `used` otherwise are signals named "info/<path>".

    Raises BadField for observations, actions or commands of a wrong shape.
    """
    columns: dict[str, Column] = {}
    left_out = []
    for key, header in layout.archive.headers.items():
        if _is_taken(layout, key):
            continue
        if key in _OURS:
            left_out.append(f"{key} (the name is taken)")
        elif (key in _KNOWN and header.dtype.kind in "biuf") or layout.fits(key):
            columns[_KNOWN.get(key, key)] = layout.column(key, rank=1)
        else:
            left_out.append(f"{key} {header.shape} {header.dtype}")
    for path, array in info.items():
        if array.is_per_env and path not in used and path not in FLAG_ROLES:
            columns[f"info/{path}"] = MemoryColumn(array.values)
    reason = f"a signal has numbers for {layout.num_steps} steps and {layout.num_envs} envs"
    verdict = Verdict("arrays", f"left out: {listing(left_out)}", reason, "problem")
    return columns, [verdict] if left_out else []


def _is_taken(layout: NpzLayout, key: str) -> bool:
    """Whether another part of the reader knows the array."""
    if key in JOINT_SIGNALS:
        return "dof_pos" in layout.archive.headers
    is_known = key in _TAKEN or key in FACTS or key in FLAG_ROLES or key in SUCCESSES or key in VELOCITIES
    return is_known or key.startswith(TERMS_PREFIX)
