"""The record of an episode: what is known of one env between two resets, as one line of JSON.

Simulators write such lines and recordings are turned into them, so this runs on Python 3.8. Names that the recorder of
Isaac Lab-Arena writes too mean the same here.
"""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import dataclass, field, fields
from typing import Any, Callable, Mapping, Tuple

from .errors import BadField

# How names of files of records begin and end, as Isaac Lab-Arena calls them.
FILE_STEM, FILE_SUFFIX = "episode_results", ".jsonl"
# Digits of seconds: below them is the rounding of a sum.
DIGITS = 9
# Beyond this, programs whose numbers are floats round an integer: it is written as text.
LARGEST_INTEGER = 2**53

Key = Tuple[Any, ...]


@dataclass(frozen=True)
class EpisodeRecord:
    """One env between two resets; what is not known is None.

    Attributes:
        env_id: the simulator's index of its env.
        episode_in_env: its number within the env, from 0 on, as films and tables count it.
        outcome: "terminated", "truncated", "aborted" by a reset from outside, or "unfinished"; Isaac Lab-Arena does not
            tell.
        reason: the simulator's name of the cause.
        success: whether it was one.
        episode_length: its control steps, as the simulator counts them.
        total_reward: its return, of all agents together; None where part of it was not seen, or is no finite number.
        rewards: the same for each reward term, by name.
        duration_s: simulated seconds.
        start: seconds in the recording, as its timeline shows them, of the first recorded step.
        end: the same of the last one.
        seed: of the run; of any size.
        first_step: its first step in the recording.
        last_step: its last one there.
        recording: the path of the recording; in a file of records, from the folder of that file.
        run: name of the run's directory.
        job_name: of the job within the run.
        rebuild: how often the job has built its environment anew.
        rank: of the process among those of the run.
        manual: True where somebody had a hand in it: it is not the policy's own doing alone.
        task: what is evaluated.
        policy: which policy.
        checkpoint: its weights.
        iteration: of the training.
        global_step: of the training.
        language_instruction: what the policy was told to do.
        timestamp: when it ended, UTC, ISO 8601.
        variations: the value that each randomised factor had, by name.
        progress: how far it came, by name.
        more: whatever else the line has, by name.
    """

    env_id: int
    episode_in_env: int
    outcome: str | None = None
    reason: str | None = None
    success: bool | None = None
    episode_length: int | None = None
    total_reward: float | None = None
    rewards: Mapping[str, float | None] = field(default_factory=dict)
    duration_s: float | None = None
    start: float | None = None
    end: float | None = None
    seed: int | None = None
    first_step: int | None = None
    last_step: int | None = None
    recording: str | None = None
    run: str | None = None
    job_name: str | None = None
    rebuild: int | None = None
    rank: int | None = None
    manual: bool | None = None
    task: str | None = None
    policy: str | None = None
    checkpoint: str | None = None
    iteration: int | None = None
    global_step: int | None = None
    language_instruction: str | None = None
    timestamp: str | None = None
    variations: Mapping[str, Any] = field(default_factory=dict)
    progress: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> EpisodeRecord:
        """The record with these values by name; of many that end at once, several times as quick as the constructor."""
        record = cls.__new__(cls)
        record.__dict__.update(_UNKNOWN, **values)
        return record

    @property
    def key(self) -> Key:
        """What tells it from every other episode of an evaluation."""
        return self.run, self.job_name, self.rebuild, self.rank, self.env_id, self.episode_in_env


_UNKNOWN: Mapping[str, Any] = vars(EpisodeRecord(-1, -1))
# Of a line, in its order; the names in `more` come behind them.
NAMES = tuple(entry.name for entry in fields(EpisodeRecord) if entry.name != "more")
# Those of them that are facts of the training, set for all episodes from some moment on.
TRAINING_TEXTS = ("run", "job_name", "task", "policy", "checkpoint", "language_instruction")
TRAINING_NUMBERS = ("rebuild", "rank", "iteration", "global_step")
# Those of them that hold values by names of their own, such as rewards.tracking.
GROUPS = ("rewards", "variations", "progress")


def training_facts(found: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of the training that a recording says, in its metadata or later, where they are what they should be."""
    texts = {name: found[name] for name in TRAINING_TEXTS if isinstance(found.get(name), str)}
    numbers = {name: as_integer(found[name]) for name in TRAINING_NUMBERS if name in found}
    return {**texts, **numbers}


def to_json(record: EpisodeRecord) -> dict[str, Any]:
    """The record as JSON-ready data: numbers that are not finite are null, integers beyond 2^53 are texts."""
    content = {name: as_json(value) for name, value in vars(record).items() if name != "more"}
    content.update((name, as_json(value)) for name, value in record.more.items() if name not in content)
    return content


def to_line(record: EpisodeRecord) -> str:
    """The record as a line of JSON, with its end of line."""
    content = dict(vars(record))
    more = content.pop("more")
    # Nearly every record is as JSON has it already; to make a copy that surely is takes several times as long.
    if _is_small(record.seed) and all(map(_is_small, (more, record.variations, record.progress))):
        try:
            return _encoded({**more, **content} if more else content) + "\n"
        except (TypeError, ValueError):
            pass
    return _encoded(to_json(record)) + "\n"


def _is_small(value: Any) -> bool:
    """Whether there is no integer in it that has to be written as text."""
    kind = type(value)
    if kind is int:
        return -LARGEST_INTEGER <= value <= LARGEST_INTEGER
    if kind is dict:
        return all(map(_is_small, value.values()))
    return all(map(_is_small, value)) if kind is list else kind in _WITHOUT_INTEGERS


_WITHOUT_INTEGERS = (type(None), bool, float, str)
# What is encoded is no deeper than a few levels, and has no circles.
_encoded = json.JSONEncoder(allow_nan=False, check_circular=False).encode


def from_json(data: Mapping[str, Any], where: object) -> EpisodeRecord:
    """The record that a line holds, whoever has written it.

    What is not of the type that it should be is not known; names that no record has are in `more`.

    Raises BadField where it does not say which episode it is of.
    """
    for name in ("env_id", "episode_in_env"):
        if as_integer(data.get(name)) is None:
            raise BadField(where, name, "is missing, or no whole number.")
    known = {name: _AS_TYPE[name](data[name]) for name in NAMES if name in data}
    groups = {name: value for name, value in known.items() if name not in GROUPS or value is not None}
    return EpisodeRecord(**groups, more={name: value for name, value in data.items() if name not in NAMES})


def _as_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _as_truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def as_integer(value: Any) -> int | None:
    """An integer, as a float without a fraction or in digits too."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,400}", value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _as_number(value: Any) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) <= sys.float_info.max else None


def _as_mapping(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


def _as_rewards(value: Any) -> Mapping[str, Any] | None:
    return {name: _as_number(item) for name, item in value.items()} if isinstance(value, dict) else None


_AS_TYPE: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(NAMES, _as_text),
    **dict.fromkeys(("env_id", "episode_in_env", "episode_length", "seed", "first_step", "last_step"), as_integer),
    **dict.fromkeys(("rebuild", "rank", "iteration", "global_step"), as_integer),
    **dict.fromkeys(("total_reward", "duration_s", "start", "end"), _as_number),
    **dict.fromkeys(("variations", "progress"), _as_mapping),
    "rewards": _as_rewards,
    **dict.fromkeys(("success", "manual"), _as_truth),
}


def as_json(value: Any) -> Any:
    """The value in the types that JSON has; what has no such type becomes text."""
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return int(value) if abs(value) <= LARGEST_INTEGER else str(int(value))
    if isinstance(value, (dict, Mapping)):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(item) for item in value]
    if hasattr(value, "tolist"):  # Of numpy, or a tensor.
        values = value.tolist()
        return as_json(float(values) if type(values) is type(value) else values)  # A long double's list is itself.
    return float(value) if isinstance(value, float) and math.isfinite(value) else str(value)


def finite(value: float) -> float | None:
    """A sum as a record has it: None where it is no finite number."""
    return float(value) if math.isfinite(value) else None
