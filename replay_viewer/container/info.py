"""The facts of a recording: what it says about itself, beside its numbers."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import BadField, listing
from ..rollout.entities import SHAPE_SIZES, EntitySpec
from ..rollout.outcomes import TERMINAL_STATES
from .layout import is_field_name

_SHORTEST_STEP, _LONGEST_STEP = 1e-9, 1e9  # [s]
TIME_STEPS = "seconds above zero, from 1e-9 to 1e9"
_SHAPE_SIZES: Mapping[str, Mapping[str, int]] = {**SHAPE_SIZES, "mesh": {}}


@dataclass(frozen=True)
class RecordingInfo:
    """Facts of a recording that do not change while it is made.

    Attributes:
        env_ids: the simulator's index of each recorded env; their number is num_envs.
        control_dt: seconds of one control step (decimation x physics_dt).
        entities: at least one.
        decimation: physics steps in a control step, or None if unknown.
        physics_dt: seconds of a physics step, or None.
        every: only each k-th control step is recorded.
        num_envs_total: envs in the simulator, recorded or not, or None.
        env_origins: (num_envs, 3) [m] when recording began, or None; a curriculum of terrains moves them later.
        seed: of the run, or None.
        terminal_states: "captured" where each episode's end brings its last state, "recorded" where the simulator
            resets only after the record (so the record shows it), "lost" where a reset hides it.
        outcome_reasons: the simulator's names of the causes of an episode's end.
        reward_terms: names, in the order of the last axis of "rew_terms".
        terrain: path inside the recording of an .npz with vertices (V, 3) [m] and triangles (F, 3); a writer sets it.
        metadata: anything else worth keeping, by name; see `plain_metadata` for what JSON cannot express.
    """

    env_ids: Sequence[int]
    control_dt: float
    entities: Sequence[EntitySpec] = (EntitySpec("robot"),)
    decimation: int | None = None
    physics_dt: float | None = None
    every: int = 1
    num_envs_total: int | None = None
    env_origins: Sequence[Sequence[float]] | None = None
    seed: int | None = None
    terminal_states: str = "captured"
    outcome_reasons: Sequence[str] = ()
    reward_terms: Sequence[str] = ()
    terrain: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def is_time_step(seconds: float) -> bool:
    """Whether it can be the time between two recorded steps; beyond these bounds floats over- and underflow."""
    return _SHORTEST_STEP <= seconds <= _LONGEST_STEP


def check_info(info: RecordingInfo, where: object) -> None:
    """Raise BadField for facts that contradict themselves; each is of the type that it should be."""
    names = [entity.name for entity in info.entities]
    _require(len(info.env_ids) > 0, where, "env_ids", "names no env.")
    _require(len(set(info.env_ids)) == len(info.env_ids), where, "env_ids", "names an env twice.")
    problem = f"is {info.control_dt} (every = {info.every}), expected {TIME_STEPS}."
    _require(is_time_step(info.control_dt * info.every), where, "control_dt", problem)
    _require(len(names) > 0, where, "entities", "is empty; a recording shows at least one body.")
    _require(len(set(names)) == len(names), where, "entities", f"uses a name twice: {', '.join(names)}.")
    known = tuple(state for state in TERMINAL_STATES if state != "none")
    _require(info.terminal_states in known, where, "terminal_states", f"is {info.terminal_states!r}, expected {known}.")
    fits = info.env_origins is None or len(info.env_origins) == len(info.env_ids)
    _require(fits, where, "env_origins", f"must have shape ({len(info.env_ids)}, 3).")
    for entity in info.entities:
        _check_entity(entity, where)


def check_shape(entity: EntitySpec, where: object) -> None:
    """Raise BadField for a shape that cannot be drawn: of no known type, or with sizes that are none."""
    shape = entity.shape
    if shape is None:
        return
    kind = shape.get("type")
    known = isinstance(kind, str) and kind in _SHAPE_SIZES
    _require(known, where, "shape", f"of {entity.name!r} has the type {kind!r}, expected {listing(_SHAPE_SIZES)}.")
    sizes = _SHAPE_SIZES[str(kind)]
    for key, count in sizes.items():
        fits = _are_numbers(shape.get(key), count, least=0.0)
        _require(fits, where, "shape", f"of {entity.name!r} needs {key!r}: {count} number(s) above zero.")
    for key in ("scale", "color"):
        fits = key not in shape or _are_numbers(shape[key], 3)
        _require(fits, where, "shape", f"of {entity.name!r} has no three numbers as {key!r}.")


def json_text(key: str, value: Any, where: object, *, allow_nan: bool = False) -> str:
    """A fact as JSON. Raises BadField for what JSON cannot hold."""
    try:
        return json.dumps(value, allow_nan=allow_nan, default=plain)
    except RecursionError:
        raise BadField(where, key, "is nested too deeply.") from None
    except (TypeError, ValueError) as error:
        raise BadField(where, key, f"cannot be stored as JSON: {error}.") from None


def plain(value: Any) -> Any:
    """What JSON can hold of a numpy number or array, a range or a path; for json.dumps(default=plain)."""
    if hasattr(value, "tolist"):
        values = value.tolist()
        # A long double's list is itself.
        return float(values) if type(values) is type(value) else values
    if isinstance(value, (range, set)):
        return list(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _check_entity(entity: EntitySpec, where: object) -> None:
    letters = entity.name.replace("_", "").replace("-", "")
    problem = f"has the name {entity.name!r}: use letters, digits, _ and -."
    fits = letters.isascii() and letters.isalnum() and is_field_name(f"{entity.name}.base_wxyz")
    _require(fits, where, "entities", problem)
    problem = f"has the kind {entity.kind!r}, not robot or object."
    _require(entity.kind in ("robot", "object"), where, "entities", problem)


def _are_numbers(value: Any, count: int, least: float = -sys.float_info.max) -> bool:
    """Whether it is a list of `count` finite numbers above `least`, or one where one is asked for."""
    numbers = value if isinstance(value, list) else [value]
    fits = all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers)
    return fits and len(numbers) == count and all(least < n <= sys.float_info.max for n in numbers)


def _require(fits: bool, where: object, key: str, problem: str) -> None:
    if not fits:
        raise BadField(where, key, problem)
