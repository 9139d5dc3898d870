"""Opens recordings with what the user states about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from ..formats import LoadOptions, load_rollout
from ..replay.replay import Replay, lowest_point_of, with_robots
from ..robot import load_robot
from ..rollout.rollout import Rollout


class Loader:
    """Opens recordings in two steps: their numbers at once, their robots where something is drawn.

    Args:
        urdf, package_dirs, options: as for `open_replay`.

    Raises:
        ReplayError: the URDF cannot be used.
    """

    def __init__(
        self,
        urdf: str | Path | None = None,
        package_dirs: Sequence[str | Path] = (),
        options: LoadOptions | None = None,
    ) -> None:
        self._folders, self._options = [Path(folder) for folder in package_dirs], options
        self._given = None if urdf is None else load_robot(Path(urdf), self._folders)

    @contextmanager
    def rollout(self, path: Path) -> Iterator[Rollout]:
        """The numbers of a recording, until the block ends. Raises ReplayError."""
        lowest_point = None if self._given is None else lowest_point_of(self._given)
        with closing(load_rollout(path, self._options, lowest_point)) as rollout:
            yield rollout

    def replay(self, rollout: Rollout) -> Replay:
        """A rollout with its robots. Raises ReplayError."""
        return with_robots(rollout, self._given, self._folders)
