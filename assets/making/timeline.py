"""The demo's envs as a simulator shows them that resets inside `step()`: rows of every step, and terminal states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .rewards import reward_terms
from .story import ENV_ORIGINS, NUM_STEPS, SCENES, Episode, play

Values = dict[str, np.ndarray]

TERMINATED, TRUNCATED, RESET = 1, 2, 4
# Of the transition just made; all other fields show the state after a reset.
OF_TRANSITION = ("robot.joint_torque", "robot.contact_force", "act", "rew", "rew_terms", "flags")


@dataclass(frozen=True)
class End:
    """An episode's end at `step` (first step 0). values: the terminal state, arrays without an env axis."""

    step: int
    env_index: int
    outcome: str
    reason: str
    length: int
    total_reward: float
    values: Values


@dataclass(frozen=True)
class Timeline:
    """values: arrays (NUM_STEPS, envs, ...) by field. pushes: (step, env_index)."""

    values: Values
    ends: list[End]
    pushes: list[tuple[int, int]]


def make_timeline() -> Timeline:
    """All envs over all steps."""
    columns, ends, pushes = [], [], []
    for env_index, scenes in enumerate(SCENES):
        episodes = [play(scene, seed=10 * env_index + number) for number, scene in enumerate(scenes)]
        states = [_states(episode, ENV_ORIGINS[env_index]) for episode in episodes]
        rows, begin = [], 0
        for episode, values, following in zip(episodes, states, [*states[1:], None], strict=True):
            rows.append(_shown(values, following))
            if episode.pushed_at is not None:
                pushes.append((begin + episode.pushed_at - 1, env_index))
            if following is not None:
                ends.append(_end(episode, values, begin, env_index))
            begin += episode.motion.num_states - 1
        columns.append({name: np.concatenate([row[name] for row in rows])[:NUM_STEPS] for name in rows[0]})
    values = {name: np.stack([column[name] for column in columns], axis=1) for name in columns[0]}
    return Timeline(values, sorted(ends, key=lambda end: end.step), pushes)


def _states(episode: Episode, origin: np.ndarray) -> Values:
    """All fields of each state of an episode."""
    motion, signals = episode.motion, episode.signals
    terms, reward = reward_terms(motion, signals, episode.outcome == "terminated")
    flags = np.zeros(motion.num_states, np.uint32)
    flags[-1] = {"terminated": TERMINATED | RESET, "truncated": TRUNCATED | RESET, "unfinished": 0}[episode.outcome]
    return {
        "robot.base_pos": motion.base_pos + origin,
        "robot.base_wxyz": motion.base_wxyz,
        "robot.joint_pos": motion.joints.reshape(-1, 12),
        "robot.base_lin_vel": signals.lin_vel,
        "robot.base_ang_vel": signals.ang_vel,
        "robot.joint_vel": signals.joint_vel.reshape(-1, 12),
        "robot.joint_torque": signals.torque.reshape(-1, 12),
        "robot.contact_force": signals.feet_force,
        "command": motion.command,
        "act": signals.action.reshape(-1, 12),
        "rew": reward,
        "rew_terms": terms,
        "flags": flags,
    }


def _shown(values: Values, following: Values | None) -> Values:
    """What is shown after each step of an episode: after its last one, the reset state of the `following` one."""
    rows = {name: array[1:].copy() for name, array in values.items()}
    if following is not None:
        for name in rows.keys() - set(OF_TRANSITION):
            rows[name][-1] = following[name][0]
    return rows


def _end(episode: Episode, values: Values, begin: int, env_index: int) -> End:
    length = episode.motion.num_states - 1
    return End(
        step=begin + length - 1,
        env_index=env_index,
        outcome=episode.outcome,
        reason="fell" if episode.outcome == "terminated" else "time_out",
        length=length,
        total_reward=float(values["rew"].sum()),
        values={name: array[-1] for name, array in values.items()},
    )
