"""A recording together with the robots that are drawn for it, and every doubt about the two."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from ..errors import FileProblem, UnknownName
from ..formats import LoadOptions, load_rollout
from ..robot import Robot, from_shape, load_robot, neutral_body
from ..robot.joints import joint_verdicts
from ..robot.mesh_up import MeshUp
from ..rollout.entities import EntitySpec
from ..rollout.rollout import Rollout, Verdict
from .frames import FrameCache

# Called with what is being done to open a recording, how much of it is done, and how much there is to do; 0 where that
# is not known.
OpeningProgress = Callable[[str, int, int], object]
# What is drawn in the place of what a recording says: one robot for all that are robots, or some by entity name.
GivenRobots = Robot | Mapping[str, Robot] | None

# So many problems of a robot are told; one that lacks a mesh often lacks them all.
_MAX_PROBLEMS = 8


@dataclass(frozen=True)
class Replay:
    """What a viewer, a renderer or a summary needs of one recording.

    Attributes:
        rollout: the recording.
        robots: what is drawn, by entity name, one for every entity.
        robot_verdicts: every doubt about them.
        frames: of the rollout, with these robots.
        reload: reads the recording anew; None where it is held in memory.
    """

    rollout: Rollout
    robots: dict[str, Robot]
    robot_verdicts: tuple[Verdict, ...]
    frames: FrameCache
    reload: Callable[[], Rollout] | None = None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The rollout's verdicts, then those about its robots."""
        return tuple(dict.fromkeys((*self.rollout.verdicts, *self.robot_verdicts)))

    def grow(self) -> bool:
        """Take in what was appended to the recording; returns whether there is more. Raises as `Rollout.grow`."""
        last = self.rollout.num_steps - 1
        if not self.rollout.grow():
            return False
        # The episode of the last step may have ended there, which is then drawn as its terminal state.
        self.frames.forget_from(last)
        return True

    @contextmanager
    def reopened(self) -> Iterator[Replay]:
        """The recording read anew, with the same robots, for another thread, until the block ends.

        Of one that is still written, as it is now. Raises ReplayError as `open_replay` does.
        """
        rollout = self.rollout if self.reload is None else self.reload()
        try:
            yield replace(self, rollout=rollout, frames=FrameCache(rollout, self.robots))
        finally:
            if rollout is not self.rollout:
                rollout.close()

    def close(self) -> None:
        """Close the recording's file."""
        self.rollout.close()


def open_replay(
    path: str | Path,
    *,
    urdf: str | Path | None = None,
    package_dirs: Sequence[str | Path] = (),
    options: LoadOptions | None = None,
    inside: Path | None = None,
    progress: OpeningProgress | None = None,
    robots: GivenRobots = None,
) -> Replay:
    """Open a recording and load the robots in it.

    Args:
        path: a recording: a container (folder or packed file) or a plain npz.
        urdf: the description of every robot in it; None for those that the recording carries.
        package_dirs: folders in which `package://` names are looked up.
        options: what the user states about the file.
        inside: the folder, links resolved, that the meshes of `urdf` must lie in, if somebody sent it.
        progress: told what is being done; what it raises ends the opening.
        robots: in the place of `urdf`, what every robot in it looks like, or what some of its entities do, by name.

    Raises:
        ReplayError: if the recording or the URDF cannot be used, or none of the recorded joints is in the URDF.
    """
    progress = progress or _silent
    folders = [Path(folder) for folder in package_dirs]
    for folder in folders:
        if not os.path.isdir(folder):
            raise FileProblem(folder, "there is no such folder of packages.", "--package-dir names one that has them.")
    mesh_up = None if options is None else options.mesh_up
    given = robots if urdf is None else load_robot(Path(urdf), folders, inside, mesh_up=mesh_up)
    typical = next(iter(given.values()), None) if isinstance(given, Mapping) else given
    if typical is not None:
        _load_meshes(typical, progress)
    progress("Reading the recording", 0, 0)

    def load() -> Rollout:
        return load_rollout(path, options, typical)

    rollout = load()
    try:
        return replace(with_robots(rollout, given, folders, progress, mesh_up), reload=load)
    except BaseException:
        rollout.close()
        raise


def with_robots(
    rollout: Rollout,
    given: GivenRobots = None,
    package_dirs: Sequence[Path] = (),
    progress: OpeningProgress | None = None,
    mesh_up: MeshUp | None = None,
) -> Replay:
    """Give every entity of a rollout what is drawn of it: what is given, else what the recording says.

    Args:
        rollout: the recording.
        given: one robot for all that are robots, or some by the name of their entity.
        package_dirs: folders in which `package://` names are looked up.
        progress: told what is being done.
        mesh_up: which way is up in the meshes of what the recording says, where the user says it.

    Raises:
        UnknownName: for a name that no entity has.
        ReplayError: as `open_replay` does.
    """
    for name in given if isinstance(given, Mapping) else ():
        if name not in rollout.entities:
            raise UnknownName("entity", name, tuple(rollout.entities))

    # Entities with one description share its robot, meshes and all.
    @cache
    def load(path: Path, inside: Path | None) -> Robot:
        return load_robot(path, package_dirs, inside, mesh_up=mesh_up)

    robots: dict[str, Robot] = {}
    verdicts: list[Verdict] = []
    for entity in rollout.entities.values():
        robot = _given_robot(entity, given) or _own_robot(entity, load, mesh_up)
        if robot is not None:
            _load_meshes(robot, progress or _silent)
        verdicts += [_neutral_verdict(entity)] if robot is None else _robot_verdicts(robot, entity)
        robots[entity.name] = robot or neutral_body(entity.name)
    return Replay(rollout, robots, tuple(verdicts), FrameCache(rollout, robots))


def _load_meshes(robot: Robot, progress: OpeningProgress) -> None:
    robot.load_meshes(partial(progress, f"Loading the meshes of {robot.name}"))


def _silent(what: str, done: int, total: int) -> None:
    pass


def _given_robot(entity: EntitySpec, given: GivenRobots) -> Robot | None:
    if isinstance(given, Mapping):
        return given.get(entity.name)
    return given if entity.kind == "robot" else None


def _own_robot(entity: EntitySpec, load: Callable[[Path, Path | None], Robot], mesh_up: MeshUp | None) -> Robot | None:
    """What the recording says that an entity looks like, None if it does not."""
    if entity.urdf is not None and Path(entity.urdf).is_file():
        return load(Path(entity.urdf), entity.folder)
    return None if entity.shape is None else from_shape(entity.name, entity.shape, mesh_up)


def _neutral_verdict(entity: EntitySpec) -> Verdict:
    lack = "has no URDF for it" if entity.urdf is None else f"refers to {entity.urdf}, which is not there"
    remedy = "; give one with --urdf" if entity.kind == "robot" else ""
    finding = f"'{entity.name}' is drawn as a neutral body, its nose pointing ahead"
    return Verdict("robot", finding, f"the recording {lack}{remedy}", "assumed")


def _robot_verdicts(robot: Robot, entity: EntitySpec) -> list[Verdict]:
    """What of a robot does not move, and what is not drawn. Raises UnmatchedJoints if no recorded joint is its own."""
    return [*joint_verdicts(robot, entity), *robot.mesh_verdicts, *_problem_verdicts(robot)]


def _problem_verdicts(robot: Robot) -> list[Verdict]:
    """What is not drawn of a robot as it should be; not by entity, so that robots of one description tell it once."""
    num_drawn = len(robot.visuals)  # Loads the meshes; only then is it known which are broken.
    problems = robot.problems
    if not problems:
        return []
    rest = len(problems) - _MAX_PROBLEMS
    reason = " ".join(problems[:_MAX_PROBLEMS]) + (f" ({rest} more problems)" if rest > 0 else "")
    parts = "1 part is" if num_drawn == 1 else f"{num_drawn} parts are"
    lack = "not all as they should look" if robot.is_whole else "not all"
    return [Verdict("robot", f"'{robot.name}': {parts} drawn, {lack}", reason, "problem")]
