"""The ends of episodes among named arrays: where they are, how they end, and whether the end itself can be seen.

Such a file records only steps. Done flags may say which of them are ends; jumps of the base show the others.

Two conventions exist. Some writers record a done step before the reset: its row is the terminal pose. Where the
simulator resets inside `step()` (legged_gym and its descendants), the row of a done step is already the next episode's
first pose, and the terminal pose is lost. A reset moves the base, so where the base jumps tells them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import listing
from ...rollout.episodes import Episode
from ...rollout.outcomes import FLAG_BITS, OUTCOMES, RESET_BIT
from ...rollout.rollout import Verdict
from .info import InfoArray
from .layout import TableLayout

# The names under which simulators report ends, and what each says.
FLAG_ROLES: dict[str, Literal["done", "terminated", "truncated"]] = {
    **dict.fromkeys(("done", "dones", "reset", "resets", "reset_buf"), "done"),
    **dict.fromkeys(("terminated", "terminations", "terminal", "terminals"), "terminated"),
    **dict.fromkeys(("truncated", "truncations", "TimeLimit.truncated"), "truncated"),
    **dict.fromkeys(("time_out", "time_outs", "time_out_buf", "timeout", "timeouts", "timeout_buf"), "truncated"),
}
SUCCESSES = ("success", "is_success")

_TERMINATED, _TRUNCATED, _ABORTED = (OUTCOMES.index(name) for name in ("terminated", "truncated", "aborted"))
# Of the field "flags" in an episode's last step, by outcome.
_BITS = np.array([FLAG_BITS.get(outcome, 0) | RESET_BIT for outcome in OUTCOMES], dtype=np.uint32)
_SHOWN = "the row of a done step is the terminal pose"
_LOST = "lost: the row of a done step is already reset, so the pose before it is shown"


@dataclass(frozen=True)
class DoneFlags:
    """What the file says of each step.

    Attributes:
        done: (T, N) bool, or None.
        terminated: likewise.
        truncated: likewise.
        names: where it says so.
    """

    done: np.ndarray | None = None
    terminated: np.ndarray | None = None
    truncated: np.ndarray | None = None
    names: tuple[str, ...] = ()

    @property
    def are_complete(self) -> bool:
        """Whether every end is flagged: only time-outs or only terminations leave the other kind out."""
        return self.done is not None or (self.terminated is not None and self.truncated is not None)


@dataclass(frozen=True)
class FoundEnds:
    """The ends of all envs, k of them, sorted by env and step.

    Attributes:
        num_steps: T.
        keys: (k,) `env * num_steps + step` of each episode's last step.
        outcomes: (k,) indices into `OUTCOMES`.
        lost: (k,) bool, where that step's row is no longer the episode's own.
        success: (T, N) 1, 0 or NaN, or None.
    """

    num_steps: int
    keys: np.ndarray
    outcomes: np.ndarray
    lost: np.ndarray
    success: np.ndarray | None = None

    def episodes(self, env_index: int) -> list[Episode]:
        """The episodes of one env; the last one is unfinished unless it ends with the recording."""
        rows = self.rows_of(env_index)
        found: list[Episode] = []
        first = 0
        for row in range(rows.start, rows.stop):
            last = int(self.keys[row]) - env_index * self.num_steps
            found.append(self._episode(env_index, len(found), first, last, row))
            first = last + 1
        if first < self.num_steps:
            found.append(Episode(env_index, len(found), first, self.num_steps - 1, "unfinished"))
        return found

    def rows_of(self, env_index: int) -> slice:
        """Which of the ends are of one env."""
        begin = env_index * self.num_steps
        low, high = np.searchsorted(self.keys, (begin, begin + self.num_steps))
        return slice(int(low), int(high))

    def _episode(self, env_index: int, index: int, first: int, last: int, row: int) -> Episode:
        outcome = OUTCOMES[self.outcomes[row]]
        terminal_state = "lost" if self.lost[row] else "recorded"
        success = None
        if self.success is not None and not np.isnan(self.success[last, env_index]):
            success = bool(self.success[last, env_index])
        return Episode(env_index, index, first, last, outcome, terminal_state, success=success)


class FlagsColumn:
    """The ends as a signal (T, N), uint32: `FLAG_BITS`, and that of a reset in this step.

    Args:
        ends: of all envs.
        num_envs: N.

    Attributes:
        shape: (T, N).
        dtype: uint32.
    """

    def __init__(self, ends: FoundEnds, num_envs: int) -> None:
        self._ends = ends
        self.shape, self.dtype = (ends.num_steps, num_envs), np.dtype(np.uint32)

    def read(self, steps: slice, envs: Sequence[int]) -> np.ndarray:
        wanted = range(*steps.indices(self._ends.num_steps))
        flags = np.zeros((len(wanted), len(envs)), dtype=np.uint32)
        for column, env in enumerate(envs):
            rows = self._ends.rows_of(env)
            from_first = self._ends.keys[rows] - env * self._ends.num_steps - wanted.start
            read = (from_first >= 0) & (from_first < len(wanted) * wanted.step) & (from_first % wanted.step == 0)
            flags[from_first[read] // wanted.step, column] = _BITS[self._ends.outcomes[rows][read]]
        return flags


def read_flags(layout: TableLayout, info: Mapping[str, InfoArray]) -> tuple[DoneFlags, list[Verdict]]:
    """All done flags, those of one role joined by "or".

    Raises BadField for an array of flags that is not (T, N).
    """
    roles: dict[str, np.ndarray] = {}
    names, verdicts = [], []
    for key, role in FLAG_ROLES.items():
        if key in layout.table.headers:
            _join(roles, role, layout.flags(key) != 0)
            names.append(f"'{key}'")
        if key in info and info[key].is_per_env:
            _join(roles, role, np.nan_to_num(info[key].values) != 0)
            names.append(f"'{key}' in info")
        elif key in info:
            reason = "it is one value for all envs, which does not say which env it is about"
            verdicts.append(Verdict("episode ends", f"'{key}' in info is not used", reason, "problem"))
    return DoneFlags(**roles, names=tuple(names)), verdicts


def read_success(layout: TableLayout, info: Mapping[str, InfoArray]) -> np.ndarray | None:
    """Success of each env's episode as known at each step, (T, N) of 1, 0 and NaN (not said), or None."""
    for key in SUCCESSES:
        if key in layout.table.headers:
            values = layout.flags(key)
            return np.where(np.isnan(values), np.nan, values != 0).astype(np.float32)
        if key in info and info[key].is_per_env and info[key].values.size:
            array = info[key]
            values = array.values.reshape(*array.values.shape[:2], -1)[..., 0].astype(np.float32)
            return np.where(array.present[:, None], values, np.nan)
    return None


def find_ends(
    flags: DoneFlags,
    jumps: np.ndarray,
    num_steps: int,
    success: np.ndarray | None,
    done_row: str | None,
) -> tuple[FoundEnds, list[Verdict]]:
    """Episode ends from flags and from jumps of the base that no flag explains.

    Args:
        flags: of the file.
        jumps: keys from `find_jumps`.
        num_steps: T.
        success: (T, N), 1, 0 or NaN, or None.
        done_row: "terminal" or "reset" where the file states what the row of a done step shows.

    Returns:
        The ends, and how they are known.
    """
    flagged, outcomes, verdicts = _flagged(flags, num_steps, is_exact=done_row is not None)
    is_lost, terminal_verdicts = _done_row(flagged, jumps, num_steps, done_row)
    others = jumps[~np.isin(jumps, np.concatenate([flagged, flagged - 1]))]
    # A jump leads away from an episode's last pose; where done rows are already reset, it leads into the done row.
    others_lost = is_lost and not flags.are_complete
    keys = np.concatenate([flagged, others + others_lost])
    order = np.argsort(keys)
    outcomes = np.concatenate([outcomes, np.full(len(others), _outcome_of_jumps(flags))])[order]
    lost = np.concatenate([np.full(len(flagged), is_lost), np.full(len(others), others_lost)])[order]
    verdicts += [_ends_verdict(flags, outcomes), *terminal_verdicts, *_jump_verdicts(flags, others, num_steps)]
    return FoundEnds(num_steps, keys[order], outcomes, lost, success), verdicts


def _join(roles: dict[str, np.ndarray], role: str, flags: np.ndarray) -> None:
    """Take in flags (T, N, ...); an env's episode ends when those of all its agents do."""
    per_env = np.asarray(flags.reshape(*flags.shape[:2], -1).all(axis=-1))
    roles[role] = roles[role] | per_env if role in roles else per_env


def _flagged(flags: DoneFlags, num_steps: int, is_exact: bool) -> tuple[np.ndarray, np.ndarray, list[Verdict]]:
    """Keys and outcomes of the flagged ends, sorted, without a reset of all envs at the first step.

    is_exact: whether the file knows what it flags, so that an end in the first step is one.
    """
    ended = _ended(flags)
    if ended is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), []
    verdicts = []
    if not is_exact and num_steps > 1 and ended[0].all() and not ended[1].all():
        ended[0] = False
        reason = "every env is flagged at the first step: that is the reset before it"
        verdicts.append(Verdict("episode ends", "the flags of step 0 are left out", reason, "found"))
    envs, steps = np.nonzero(ended.T)
    is_time_out = np.zeros(len(steps), dtype=bool)
    if flags.truncated is not None:
        is_time_out = flags.truncated[steps, envs]
    if flags.terminated is not None:
        is_time_out &= ~flags.terminated[steps, envs]
    return envs * np.int64(num_steps) + steps, np.where(is_time_out, _TRUNCATED, _TERMINATED), verdicts


def _ended(flags: DoneFlags) -> np.ndarray | None:
    """Where any flag ends an episode, (T, N).

    legged_gym refreshes `extras["time_outs"]` at resets only, so that a time-out flag counts where it is raised or
    where another flag confirms it.
    """
    if flags.done is not None:
        return flags.done.copy() if flags.terminated is None else flags.done | flags.terminated
    if flags.truncated is None:
        return None if flags.terminated is None else flags.terminated.copy()
    if flags.terminated is not None:
        return flags.terminated | flags.truncated
    raised = flags.truncated.copy()
    raised[1:] &= ~flags.truncated[:-1]
    return raised


def _done_row(flagged: np.ndarray, jumps: np.ndarray, num_steps: int, stated: str | None) -> tuple[bool, list[Verdict]]:
    """Whether the row of a done step is already reset, and how that is known."""
    if not len(flagged):
        return False, []
    if stated is not None:
        finding = _LOST if stated == "reset" else _SHOWN
        return stated == "reset", [Verdict("terminal state", finding, "the file's 'done_row'", "stated")]
    after, before = np.isin(flagged, jumps), np.isin(flagged - 1, jumps)
    num_after, num_before = int(np.sum(after & ~before)), int(np.sum(before & ~after))
    counts = f"of {len(flagged)} flagged ends the base jumps after the done row in {num_after}, into it in {num_before}"
    if num_after > 9 * num_before:
        return False, [Verdict("terminal state", _SHOWN, counts, "found")]
    if not before.any() and np.all(flagged % num_steps == num_steps - 1):
        reason = "every end is the recording's last step, and the base does not jump into it"
        return False, [Verdict("terminal state", _SHOWN, reason, "assumed")]
    status = "found" if num_before > 9 * num_after else "assumed"
    return True, [Verdict("terminal state", _LOST, counts, status)]


def _outcome_of_jumps(flags: DoneFlags) -> int:
    """What an end without a flag is: the kind that the file does not flag, else a reset from outside."""
    if flags.are_complete:
        return _ABORTED
    return _TRUNCATED if flags.terminated is not None else _TERMINATED


def _ends_verdict(flags: DoneFlags, outcomes: np.ndarray) -> Verdict:
    counts = np.bincount(outcomes, minlength=len(OUTCOMES))
    parts = [f"{count} {word}" for count, word in zip(counts, OUTCOMES, strict=True) if count]
    finding = f"{len(outcomes)} ({', '.join(parts)})" if parts else "none"
    if not flags.names:
        reason = "no done flags are recorded; an end is the last pose before the base jumps, its cause is unknown"
        return Verdict("episode ends", finding, reason, "assumed")
    reason = f"from {listing(flags.names)}"
    if flags.truncated is None and flags.done is not None:
        return Verdict("episode ends", finding, f"{reason}; time-outs are not told apart", "assumed")
    return Verdict("episode ends", finding, reason, "stated")


def _jump_verdicts(flags: DoneFlags, others: np.ndarray, num_steps: int) -> list[Verdict]:
    if not flags.names or not len(others):
        return []
    env, step = divmod(int(others[0]), num_steps)
    taken_for = {_ABORTED: "resets from outside", _TRUNCATED: "time-outs", _TERMINATED: "terminations"}
    finding = f"jumps of the base without a flag ({len(others)}) are taken for {taken_for[_outcome_of_jumps(flags)]}"
    return [Verdict("episode ends", finding, f"first after step {step} of env index {env}", "problem")]
