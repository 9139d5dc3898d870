"""What a user's Python gives to be shown: recordings by their paths or open, and what their robots look like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from ...replay.replay import GivenRobots, Replay, open_replay, with_robots
from ...replay.take import Take
from ...replay.world import World, open_world
from ...robot import Robot, load_robot
from ...rollout.rollout import Rollout

RobotSource = Robot | str | Path
Recording = str | Path | Rollout | Replay | Take


def world_of_given(
    recordings: Recording | Sequence[Recording],
    robots: RobotSource | Mapping[str, RobotSource] | None,
    opened: ExitStack,
) -> World:
    """One recording or several, with their robots.

    Args:
        recordings: the lead first.
        robots: what robots look like, of all entities or by name; None for what the recordings say.
        opened: closes those that were named by their paths.

    Raises:
        ReplayError: one that cannot be used, or more than one scene shows; then nothing was left open.
    """
    given = _given(robots)
    several = recordings if isinstance(recordings, Sequence) and not isinstance(recordings, str) else [recordings]
    # Takes of one recording share what is built for it.
    replay_of = cache(partial(with_robots, given=given))
    with ExitStack() as opening:
        shown = [_with_robots(recording, replay_of, given is not None) for recording in several]
        world = open_world(shown, lambda path: open_replay(path, robots=given), opening)
        opened.push(opening.pop_all())
    return world


def _with_robots(
    recording: Recording, replay_of: Callable[[Rollout], Replay], is_given: bool
) -> str | Path | Replay | Take:
    """What is open, with the robots that are given; paths stay what they are."""
    if isinstance(recording, Rollout):
        return replay_of(recording)
    if isinstance(recording, (str, Path)) or not is_given:
        return recording
    if isinstance(recording, Take):
        return replace(recording, replay=replay_of(recording.replay.rollout))
    return replay_of(recording.rollout)


def _given(robots: RobotSource | Mapping[str, RobotSource] | None) -> GivenRobots:
    if isinstance(robots, Mapping):
        return {name: _robot(description) for name, description in robots.items()}
    return None if robots is None else _robot(robots)


def _robot(description: RobotSource) -> Robot:
    return description if isinstance(description, Robot) else load_robot(Path(description))
