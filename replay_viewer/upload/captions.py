"""What is said of a film where it is uploaded: a caption with the facts, a name for its row, a step of the training."""

from __future__ import annotations

import re
from typing import Any

from ..clips.films import Film

# Of the facts, in this order; what else there is comes behind them.
_FIRST = ("iteration", "global_step", "success", "success_rate", "total_reward", "outcome", "reason", "episode_length")
_MAX_CHARACTERS = 1000
# What parts names, or is markup, where captions and names are shown.
_ODD = re.compile(r"[^\w .+-]", re.ASCII)


def caption(film: Film) -> str:
    """The facts in one line: ant, iteration 40, env 0, episode 3, total_reward 12.5."""
    record = film.record
    facts = dict(record.facts)
    facts.update((name, value) for name, value in record.key.items() if name in ("run", "job_name", "rank"))
    parts = [record.experiment, record.camera]
    parts += [_said(name, facts.pop(name)) for name in _FIRST if facts.get(name) is not None]
    parts += [_said(name, record.key[key]) for name, key in _PLACE if record.key.get(key) is not None]
    parts += [_said(name, value) for name, value in facts.items() if isinstance(value, (str, int, float))]
    parts += ["cut off" if record.partial else None, record.note]
    text = ", ".join(part for part in parts if part)
    return text if len(text) <= _MAX_CHARACTERS else text[: _MAX_CHARACTERS - 3] + "..."


_PLACE = (("env", "env_id"), ("episode", "episode_in_env"))


def tag(film: Film) -> str:
    """What films of one kind are called together: films/viewport, films/robot-cam."""
    name = film.record.camera if film.record.kind == "camera" else "viewport"
    return f"films/{_ODD.sub('_', name or 'camera')[:80]}"


def training_step(film: Film) -> int:
    """The step of the training that a film stands at: its global step, else its iteration, else its episode."""
    facts, key = film.record.facts, film.record.key
    found = (facts.get("global_step"), facts.get("iteration"), key.get("episode_in_env"))
    return next((value for value in found if isinstance(value, int) and not isinstance(value, bool)), 0)


def _said(name: str, value: Any) -> str:
    return f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
