"""The record of an episode: what is known of one env between two resets, as one line of JSON.

Simulators write such lines and recordings are turned into them, so this runs on Python 3.8. Names that the recorder of
Isaac Lab-Arena writes too mean the same here.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, fields
from typing import Any, Mapping, Tuple

# Beyond this, programs whose numbers are floats round an integer: it is written as text.
_LARGEST_INTEGER = 2**53

Key = Tuple[Any, ...]


@dataclass(frozen=True)
class EpisodeRecord:
    """One env between two resets; what is not known is None.

    Attributes:
        env_id: the simulator's index of its env.
        episode_in_env: its number within the env, from 0 on, as films and tables count it.
        outcome: "terminated", "truncated", "aborted" by a reset from outside, or "unfinished".
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
    outcome: str
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

    @property
    def key(self) -> Key:
        """What tells it from every other episode of an evaluation."""
        return self.run, self.job_name, self.rebuild, self.rank, self.env_id, self.episode_in_env


# Of a line, in its order; the names in `more` come behind them.
NAMES = tuple(entry.name for entry in fields(EpisodeRecord) if entry.name != "more")
# Those of them that hold values by names of their own, such as rewards.tracking.
GROUPS = ("rewards", "variations", "progress")


def to_json(record: EpisodeRecord) -> dict[str, Any]:
    """The record as JSON-ready data: numbers that are not finite are null, integers beyond 2^53 are texts."""
    content = {name: as_json(getattr(record, name)) for name in NAMES}
    content.update((name, as_json(value)) for name, value in record.more.items() if name not in content)
    return content


def to_line(record: EpisodeRecord) -> str:
    """The record as a line of JSON, with its end of line."""
    return json.dumps(to_json(record), allow_nan=False) + "\n"


def as_json(value: Any) -> Any:
    """The value in the types that JSON has; what has no such type becomes text."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(item) for item in value]
    if isinstance(value, int):
        return int(value) if abs(value) <= _LARGEST_INTEGER else str(int(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "tolist"):  # Of numpy, or a tensor.
        return as_json(value.tolist())
    return str(value)
