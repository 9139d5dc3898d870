"""The plain rollout npz, written out of a recording: arrays over steps and envs that any script can load.

    base_pos (T, N[, A], 3) [m], base_quat (T, N[, A], 4) xyzw   A robots of the same joints stand side by side
    dof_pos, dof_vel, torques (T, N[, A], D), dof_names (D,)
    base_lin_vel, base_ang_vel (T, N[, A], 3), contact_force (T, N[, A], C, 3)
    rew (T, N[, A]), reward_terms/<name> (T, N[, A])
    terminated, truncated (T, N), success (T, N)                 success is NaN where nothing is known of it
    act, command (T, N, ...), and obs, info as the policy had them where a loop kept them
    dt, env_ids (N,), env_origins (N, 3)
    quat_order                                                   the text "xyzw"
    done_row                                                     the text "terminal", see below
    recording_info                                               JSON: whatever else the recording says about itself
    batch_means/<name> (T,)                                      means over the simulator's envs, no env's own values
    anything else by its own name, (T, N, ...)

The row of a step in which an episode ended shows the state in which it ended, before any reset, and `done_row` says
so. Where a simulator hid that state, the row shows the next episode and there is no `done_row`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

import numpy as np

from ...container.info import plain
from ...container.layout import is_batch_mean
from ...container.recorded_steps import RecordedSteps
from ...npz.write import NpzArray, write_npz
from ...rollout.entities import EntitySpec
from ...rollout.outcomes import ENDED_IN_STEP, TERMINAL_STATES
from ...rotations import wxyz_to_xyzw
from .plain_info import ENDS

# What of an entity has a name of its own in the plain layout.
_ROBOT = {
    "base_pos": "base_pos",
    "base_wxyz": "base_quat",
    "joint_pos": "dof_pos",
    "joint_vel": "dof_vel",
    "joint_torque": "torques",
    "base_lin_vel": "base_lin_vel",
    "base_ang_vel": "base_ang_vel",
    "contact_force": "contact_force",
}
# Written by other means.
_APART = {"flags", "rew_terms"}
# Names under which a reader expects something else than a signal.
_FACTS = {"dt", "dof_names", "env_ids", "env_origins", "info", "quat_order", "done_row", "recording_info"}
_TAKEN = {"commands", "success", "is_success", *_FACTS, *_ROBOT.values(), *_APART, *ENDS}

# The values of a field, (stop - start, N, ...), of the steps start, ..., stop - 1.
Read = Callable[[int, int], np.ndarray]


def write_plain_npz(recording: Path, path: Path, extra: Sequence[NpzArray] = (), first: int = 0) -> Path:
    """Write the steps of a finished recording as a plain npz; nothing is there until it is whole.

    Args:
        recording: its folder.
        path: of the file; if it exists, `<name>-2.npz` is made, and so on.
        extra: further arrays, which go before those of the same name.
        first: records before this one are left out.

    Returns:
        The path of the file.

    Raises:
        FileProblem: no recording, or a disk that refuses the file.
    """
    names = {array.name for array in extra}
    with RecordedSteps(recording, first) as steps:
        arrays = [array for array in _arrays(steps) if array.name not in names]
        return write_npz(path, [*arrays, *extra])


def _arrays(steps: RecordedSteps) -> Iterator[NpzArray]:
    robots = _robots_side_by_side(steps.info.entities)
    yield from _robot_arrays(steps, robots)
    yield from _other_arrays(steps, {robot.name for robot in robots})
    yield from _term_arrays(steps)
    for outcome in ENDED_IN_STEP:
        yield NpzArray.of(outcome, steps.ended(outcome))
    success = steps.success()
    if not np.isnan(success).all():
        yield NpzArray.of("success", success)
    for name, value in _facts(steps, robots).items():
        yield NpzArray.of(name, value)


def _robot_arrays(steps: RecordedSteps, robots: Sequence[EntitySpec]) -> Iterator[NpzArray]:
    for quantity, name in _ROBOT.items():
        fields = [f"{robot.name}.{quantity}" for robot in robots]
        if not all(field in steps.fields for field in fields):
            continue
        convert = wxyz_to_xyzw if quantity == "base_wxyz" else _as_it_is
        agents = (len(robots),) if len(robots) > 1 else ()
        shape = (*agents, *steps.fields[fields[0]].shape)
        yield _array(steps, name, fields[0], shape, _side_by_side(steps, fields, convert))


def _side_by_side(steps: RecordedSteps, fields: Sequence[str], convert: Callable[[np.ndarray], np.ndarray]) -> Read:
    def read(start: int, stop: int) -> np.ndarray:
        values = [convert(steps.read(field, start, stop)) for field in fields]
        return values[0] if len(values) == 1 else np.stack(values, axis=2)

    return read


def _other_arrays(steps: RecordedSteps, robots: set[str]) -> Iterator[NpzArray]:
    """Signals, and entities that do not stand beside the robots, by their own names."""
    for name, field in steps.fields.items():
        entity, _, quantity = name.rpartition(".")
        if name in _APART or (entity in robots and quantity in _ROBOT):
            continue
        if is_batch_mean(name) and field.shape == ():
            yield _mean_array(steps, name)
            continue
        free = f"signals/{name}" if name in _TAKEN else name
        yield _array(steps, free, name, field.shape, _side_by_side(steps, [name], _as_it_is))


def _mean_array(steps: RecordedSteps, name: str) -> NpzArray:
    """(T,): every env's row has the same number."""

    def pieces() -> Iterator[bytes]:
        for start in range(0, steps.num_steps, steps.block_steps):
            yield steps.read(name, start, min(start + steps.block_steps, steps.num_steps))[:, 0].tobytes()

    return NpzArray(name, (steps.num_steps,), steps.fields[name].dtype, pieces)


def _term_arrays(steps: RecordedSteps) -> Iterator[NpzArray]:
    for column, term in enumerate(steps.info.reward_terms):
        shape = steps.fields["rew_terms"].shape[:-1]

        def read(start: int, stop: int, column: int = column) -> np.ndarray:
            return steps.read("rew_terms", start, stop)[..., column]

        # A ZIP's names end at this character.
        name = term.replace("\0", "?")
        yield _array(steps, f"reward_terms/{name}", "rew_terms", shape, read)


def _array(steps: RecordedSteps, name: str, field: str, shape: tuple[int, ...], read: Read) -> NpzArray:
    dtype = steps.fields[field].dtype

    def pieces() -> Iterator[bytes]:
        for start in range(0, steps.num_steps, steps.block_steps):
            block = read(start, min(start + steps.block_steps, steps.num_steps))
            yield block.astype(dtype, copy=False).tobytes()

    return NpzArray(name, (steps.num_steps, steps.num_envs, *shape), dtype, pieces)


def _facts(steps: RecordedSteps, robots: Sequence[EntitySpec]) -> dict[str, Any]:
    info = steps.info
    facts: dict[str, Any] = {
        "dt": info.control_dt * info.every,
        "env_ids": np.array(info.env_ids, np.int64),
        "quat_order": "xyzw",
        "recording_info": json.dumps(_metadata(steps, robots), default=plain),
    }
    names = np.array(robots[0].joint_names, dtype=str)
    if len(names) and len(set(names.tolist())) == len(names):  # Else they tell no joints apart.
        facts["dof_names"] = names
    if info.env_origins is not None:
        facts["env_origins"] = np.array(info.env_origins, np.float32)
    if not np.any(steps.ends["terminal_state"] == TERMINAL_STATES.index("lost")):
        facts["done_row"] = "terminal"
    return facts


def _metadata(steps: RecordedSteps, robots: Sequence[EntitySpec]) -> dict[str, Any]:
    info = steps.info
    return {
        **info.metadata,
        "seed": info.seed,
        "decimation": info.decimation,
        "physics_dt": info.physics_dt,
        "num_envs_total": info.num_envs_total,
        "robots": [robot.name for robot in robots],
        "contact_bodies": list(robots[0].contact_bodies),
    }


def _robots_side_by_side(entities: Sequence[EntitySpec]) -> list[EntitySpec]:
    """The first robot, and those with the same joints: they share the arrays of the plain layout."""
    robots = [entity for entity in entities if entity.kind == "robot"] or list(entities)
    return [robot for robot in robots if list(robot.joint_names) == list(robots[0].joint_names)]


def _as_it_is(values: np.ndarray) -> np.ndarray:
    return values
