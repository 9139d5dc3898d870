"""The signals among named arrays: everything per step and env beside poses, joints and rewards."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ...errors import BadField, listing, printable
from ...rollout.rollout import Verdict
from .columns import Column, MemoryColumn
from .doubts import MAX_CHECKED_BYTES, MAX_CHECKED_TOGETHER, not_finite_verdict, num_bytes
from .ends import FLAG_ROLES, SUCCESSES
from .facts import FACTS
from .info import InfoArray
from .layout import NUMBER_KINDS, TableLayout
from .motion import JOINT_SIGNALS, VELOCITIES
from .rewards import TERMS_PREFIX, is_mean
from .time_step import is_of_time

# Arrays that others read.
_TAKEN = frozenset(("base_pos", "base_quat", "dof_pos", "rew"))
# Names that a rollout has for something else.
_OURS = frozenset(("rew_terms", "flags"))
# What the policy sees, does and is told, by the names of the arrays.
_KNOWN = {"obs": "obs", "act": "act", "command": "command", "commands": "command"}


def read_signals(
    layout: TableLayout, info: Mapping[str, InfoArray], used: Collection[str]
) -> tuple[dict[str, Column], list[Verdict]]:
    """Arrays (T, N, ...) that are nothing else, and which arrays were left out because they are no signals.

    Entries of info per env that are not `used` otherwise are signals named "info/<path>".

    Raises BadField for observations, actions or commands of a wrong shape.
    """
    columns: dict[str, Column] = {}
    left_out = []
    for key, header in layout.table.headers.items():
        if _is_taken(layout, key):
            continue
        if key in _OURS:
            left_out.append(f"{key} (the name is taken)")
        elif (key in _KNOWN and header.dtype.kind in NUMBER_KINDS) or layout.fits(key):
            columns[_KNOWN.get(key, key)] = layout.column(key, rank=1)
        else:
            left_out.append(f"{key} {header.shape} {header.dtype}")
    for path, array in info.items():
        if array.is_per_env and path not in used and path not in FLAG_ROLES:
            columns[f"info/{path}"] = MemoryColumn(array.values)
    reason = f"a signal has numbers for {layout.num_steps} steps and {layout.num_envs} envs"
    verdicts = [Verdict("arrays", f"left out: {listing(left_out)}", reason, "problem")] if left_out else []
    verdicts += [_left_out(key, error) for key, error in layout.table.unreadable.items()]
    return columns, verdicts


def without_damaged(signals: Mapping[str, Column], env_ids: Sequence[int]) -> tuple[dict[str, Column], list[Verdict]]:
    """The signals without those whose values cannot be read, which nobody needs; and where others have no numbers."""
    sound, verdicts, left = {}, [], MAX_CHECKED_TOGETHER
    for name, column in signals.items():
        try:
            verdicts += not_finite_verdict(name, column, env_ids, left)
            left -= num_bytes(column) if num_bytes(column) <= min(left, MAX_CHECKED_BYTES) else 0
            sound[name] = column
        except BadField as error:
            verdicts.append(_left_out(name, error))
    return sound, verdicts


def _left_out(key: str, error: BadField) -> Verdict:
    return Verdict("arrays", f"left out: {printable(key)}", error.fault.rstrip("."), "problem")


def _is_taken(layout: TableLayout, key: str) -> bool:
    """Whether another part of the reader knows the array."""
    if key in JOINT_SIGNALS:
        return "dof_pos" in layout.table.headers
    is_known = key in _TAKEN or key in FACTS or key in FLAG_ROLES or key in SUCCESSES or key in VELOCITIES
    # Times per step and env are a signal too.
    is_time = is_of_time(key) and not layout.fits(key)
    return is_known or key.startswith(TERMS_PREFIX) or is_mean(layout, key) or is_time
