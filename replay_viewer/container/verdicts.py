"""The verdicts on a recording: what it states, and what it leaves to doubt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import FileProblem, printable
from ..rollout.rollout import Verdict
from .batch_means import mean_verdicts
from .episodes import EpisodeTable
from .files import find_files
from .log import ContainerLog
from .meta import Meta
from .source import ContainerSource
from .witnesses import find_doubts

_MAX_SAMPLED_STEPS = 16
_MAX_SAMPLED_ENVS = 64
_MAX_SAMPLED_BYTES = 256 << 20
_NORM_TOLERANCE = 1e-3
# So much is read in a tenth of a second.
_MAX_READ_BYTES = 64 << 20


def damage_of(path: Path) -> list[Verdict]:
    """Where the files of a recording that nobody writes to contradict each other; none where they are gone by now.

    Records of a large one are not read for it.
    """
    try:
        doubts = find_doubts(find_files(path), _MAX_READ_BYTES)
    except (FileProblem, OSError):
        return []
    return [Verdict("damage", *doubt, "problem") for doubt in doubts]


def verdicts_of(meta: Meta, source: ContainerSource, episodes: EpisodeTable, log: ContainerLog) -> list[Verdict]:
    """What else the user should know about a recording; at a cost that its length does not change."""
    return [
        Verdict("quaternion order", "wxyz", "the format's own order", "stated"),
        *_left_out(meta),
        *_time(meta, source),
        *_terminal_states(meta, episodes),
        *_already_running(meta, episodes),
        *_ending(source, log),
        *_poses(meta, source),
        *_terms(meta, source),
        *mean_verdicts(source),
        *_told(log),
    ]


def _left_out(meta: Meta) -> list[Verdict]:
    """Facts of meta.json on which no number depends, and which do not fit."""
    return [
        Verdict(name, "left out", f"meta.json: {name!r} {problem}", "problem")
        for name, problem in meta.left_out.items()
    ]


def _time(meta: Meta, source: ContainerSource) -> list[Verdict]:
    """The time step, and steps that are missing between the first and the last."""
    every, dt = meta.info.every, meta.info.control_dt
    reason = "stated by the recording" if every == 1 else f"one control step of {dt:g} s in {every} is recorded"
    verdicts = [Verdict("control_dt", f"{dt * every:g} s", reason, "stated")]
    first, last = source.simulator_step(0), source.simulator_step(source.num_steps - 1)
    missing = (last - first) // every + 1 - source.num_steps
    if missing > 0:
        reason = f"{source.num_steps} of the steps {first} to {last} are recorded; the time shown leaves the gaps out"
        verdicts.append(Verdict("steps", f"{missing} steps are missing between others", reason, "problem"))
    elif missing < 0:
        reason = f"the first is step {first}, the last of {source.num_steps} is step {last}"
        verdicts.append(
            Verdict("steps", "the step numbers do not increase", f"{reason}; was the power lost?", "problem")
        )
    return verdicts


def _terminal_states(meta: Meta, episodes: EpisodeTable) -> list[Verdict]:
    """Nothing where no episode has ended: there is none to see."""
    if episodes.num_ended == 0:
        return []
    lost, ended = episodes.num_lost, episodes.num_ended
    if lost and meta.info.terminal_states != "lost":
        finding = f"lost of {lost} of {ended} episodes: the pose before an episode's last is shown"
        return [Verdict("terminal state", finding, "they were reset where no recorder saw it", "problem")]
    reasons = {
        "captured": ("captured", "the last pose of each episode was taken before its reset"),
        "recorded": ("in the last step", "the simulator resets only in the step after"),
        "lost": ("lost: the pose before an episode's last is shown", "the simulator resets inside of a step"),
    }
    return [Verdict("terminal state", *reasons[meta.info.terminal_states], "stated")]


def _already_running(meta: Meta, episodes: EpisodeTable) -> list[Verdict]:
    count = episodes.num_already_running(meta.info.every)
    if not count:
        return []
    reason = "the simulator counts more steps in them than are recorded"
    return [Verdict("episodes", f"{count} had begun before the recording did", reason, "found")]


def _ending(source: ContainerSource, log: ContainerLog) -> list[Verdict]:
    """Whether someone closed the recording, and what was left of a step that nobody will finish."""
    is_held = log.is_held()
    if is_held:
        return [Verdict("end", "it is still being written", "its writer is alive; view it with --tail", "found")]
    verdicts = []
    if not log.closed:
        reason = "its process was killed" if is_held is False else "it still grows, or its process was killed"
        verdicts.append(Verdict("end", "nobody closed the recording", reason, "found"))
    rest = source.torn_bytes
    if rest:
        verdicts.append(Verdict("end", "a torn last step is left out", f"{rest} bytes of it were written", "found"))
    return verdicts


def _poses(meta: Meta, source: ContainerSource) -> list[Verdict]:
    """Poses that are none, in steps and envs spread over the recording."""
    steps, envs = _spread(source)
    verdicts = []
    for entity in meta.info.entities:
        positions, quats = (_sample(source, f"{entity.name}.{part}", steps, envs) for part in ("base_pos", "base_wxyz"))
        is_finite = np.asarray(np.isfinite(positions).all(axis=-1))
        with np.errstate(all="ignore"):
            is_unit = np.asarray(np.abs(np.linalg.norm(quats, axis=-1) - 1) < _NORM_TOLERANCE)
        verdicts += _doubt(f"{entity.name}.base_pos", "not a number", is_finite)
        verdicts += _doubt(f"{entity.name}.base_wxyz", "no unit quaternion", is_unit)
    return verdicts


def _terms(meta: Meta, source: ContainerSource) -> list[Verdict]:
    """Reward terms that nothing is known of, in steps and envs spread over the recording."""
    if not meta.info.reward_terms:
        return []
    values = _sample(source, "rew_terms", *_spread(source))
    is_known = np.asarray(np.isfinite(values).reshape(-1, values.shape[-1]).any(axis=0))
    reason = f"all of {values[..., 0].size} values that were sampled"
    names = [name for name, known in zip(meta.info.reward_terms, is_known, strict=True) if not known]
    return [Verdict(f"reward term {name}", "not a number", reason, "problem") for name in names]


def _told(log: ContainerLog) -> list[Verdict]:
    """What the recorder has found wrong while it recorded."""
    reason = "said when it was recorded"
    return [Verdict(printable(field), printable(text), reason, "problem") for field, text in log.problems.items()]


def _spread(source: ContainerSource) -> tuple[list[int], list[int]]:
    """Steps and envs over the whole recording, which may be too large to read."""
    steps = np.unique(np.linspace(0, source.num_steps - 1, _MAX_SAMPLED_STEPS).astype(int)).tolist()
    return steps, np.unique(np.linspace(0, source.num_envs - 1, _MAX_SAMPLED_ENVS).astype(int)).tolist()


def _sample(source: ContainerSource, name: str, steps: Sequence[int], envs: Sequence[int]) -> np.ndarray:
    num_bytes = len(steps) * len(envs) * 4 * math.prod(source.fields[name].shape)
    steps = steps[:: 1 + num_bytes // _MAX_SAMPLED_BYTES]
    return np.concatenate([source.read(name, slice(step, step + 1), envs) for step in steps])


def _doubt(name: str, fact: str, good: np.ndarray) -> list[Verdict]:
    count = good.size - int(np.count_nonzero(good))
    return [Verdict(name, fact, f"{count} of {good.size} values that were sampled", "problem")] if count else []
