"""An opening: a recording is read beside the one that is shown, on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...progress import Progress
from ..background import Job

if TYPE_CHECKING:
    from ...formats import LoadOptions
    from ...replay.replay import OpeningProgress, Replay


@dataclass(frozen=True)
class OpenRequest:
    """A recording that is to be shown, and how to read it; see `open_replay`.

    Attributes:
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

    def open(self, progress: OpeningProgress | None = None) -> Replay:
        """Open it. Raises ReplayError as `open_replay` does."""
        # Kinematics and meshes take a second to import.
        from ...replay.replay import open_replay

        return open_replay(
            self.path,
            urdf=self.urdf,
            package_dirs=self.package_dirs,
            options=self.options,
            inside=self.inside,
            progress=progress,
        )


class Opening:
    """An request that is being carried out.

    Attributes:
        request: what is opened, once that is found out.
        doing: what is done now, in words.
        job: the work; its result is a `Replay`.
    """

    def __init__(self, request: Callable[[], OpenRequest], tell: Callable[[], object]) -> None:
        """Begin.

        Args:
            request: gives what to open; on the work's thread, since it may have to look into files.
            tell: called, on the work's thread, when there is news.
        """
        self.request: OpenRequest | None = None
        self.doing = "Opening"
        self._find_order, self._tell = request, tell
        self._opened: Replay | None = None
        self._is_abandoned = False
        self.job = Job(self._open, self._tell_news)

    @property
    def replay(self) -> Replay:
        """What was opened, once `job` is done."""
        return self.job.result

    def abandon(self) -> None:
        """End it soon; nobody wants any more what it opens."""
        self._is_abandoned = True
        self.job.cancel()
        self._close_unwanted()

    def _close_unwanted(self) -> None:
        if self._is_abandoned and self._opened is not None:
            self._opened.close()

    def _tell_news(self) -> None:
        self._close_unwanted()  # It may have been opened before it could be ended.
        self._tell()

    def _open(self, progress: Progress) -> Replay:
        def told(doing: str, done: int, total: int) -> None:
            is_news, self.doing = doing != self.doing, doing
            progress(done, total)
            if is_news:
                self._tell()

        self.request = self._find_order()
        self._opened = self.request.open(told)
        return self._opened
