"""Opens a recording beside the one that is shown: on a thread of its own, telling what it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .job import Job, Progress

if TYPE_CHECKING:
    from ..formats import LoadOptions
    from ..replay import Replay


@dataclass(frozen=True)
class Order:
    """A recording that is to be shown, and how to read it; see `open_replay`.

    title: what to call it; empty for the name of its file.
    """

    path: Path
    urdf: Path | None = None
    package_dirs: Sequence[Path] = ()
    options: LoadOptions | None = None
    inside: Path | None = None
    title: str = ""

    @property
    def name(self) -> str:
        return self.title or self.path.name


class Opening:
    """An order that is being carried out.

    Attributes:
        order: what is opened. doing: what is done now, in words. job: the work; its result is a `Replay`.
    """

    def __init__(self, order: Callable[[], Order], name: str, tell: Callable[[], object]) -> None:
        """Begin.

        Args:
            order: gives what to open; on the work's thread, since it may have to look into files.
            name: what to call it until that is known.
            tell: called, on the work's thread, when there is news.
        """
        self.order: Order | None = None
        self.name, self.doing = name, "Opening"
        self._find_order, self._tell = order, tell
        self.job = Job(self._open, tell)

    @property
    def replay(self) -> Replay:
        """What was opened, once `job` is done."""
        return self.job.result

    def abandon(self) -> None:
        """End it, and close what it opened."""
        self.job.cancel()
        if self.job.state == "done":
            self.replay.close()

    def _open(self, progress: Progress) -> Replay:
        # Kinematics and meshes take a second to import.
        from ..replay import open_replay

        def told(doing: str, done: int, total: int) -> None:
            is_news, self.doing = doing != self.doing, doing
            progress(done, total)
            if is_news:
                self._tell()

        order = self.order = self._find_order()
        return open_replay(
            order.path,
            urdf=order.urdf,
            package_dirs=order.package_dirs,
            options=order.options,
            inside=order.inside,
            progress=told,
        )
