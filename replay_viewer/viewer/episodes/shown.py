"""The episodes of the recording that is shown, read in the background, again and again while it is written."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ...progress import Progress
from ...rollout.rollout import Rollout
from ..background import Job
from .sources import Known, OpenEpisodes, Source

# While they become more, they are read at most so often [s], which takes no larger part of the time than this.
_PERIOD, _SHARE = 0.5, 0.1
_LONGEST = 10.0


class ShownEpisodes:
    """Only the owner thread touches it.

    Attributes:
        source: where they come from, with what is known of them.
    """

    def __init__(self, number: int, rollout: Rollout, name: str, tell: Callable[[], object]) -> None:
        """Nothing is read yet.

        Args:
            number: of the source.
            rollout: the recording.
            name: what people call it.
            tell: called, on another thread, when there are more.
        """
        self.path: Path | None = rollout.path
        self._number, self._name, self._rollout, self._tell = number, name, rollout, tell
        self._episodes = OpenEpisodes(rollout)
        self._known: Known | None = None
        self._job: Job | None = None
        self._seen, self._rest = -1, 0.0
        self._is_closed = False

    @property
    def source(self) -> Source:
        return Source(self._number, self.path, self._name, known=self._known)

    def take(self) -> bool:
        """Take in what was read; returns whether there is anything new."""
        job = self._job
        if job is None or job.state == "running":
            return False
        self._job = None
        if job.result is not None:
            self._known = job.result
        return True

    def read(self, is_written: bool) -> None:
        """Read what was not read; is_written: whether the episodes that run may go on."""
        state = self._rollout.num_growths * 2 + is_written
        if self._job is None and state != self._seen:
            is_first, self._seen = self._seen == -1, state
            self._job = Job(lambda progress: self._work(progress, is_written, is_first), self._tell)

    def close(self) -> None:
        """Read no further: the recording is closed."""
        self._is_closed = True
        if self._job is not None:
            self._job.cancel()

    def _work(self, progress: Progress, is_written: bool, is_first: bool) -> Known | None:
        if not is_first:
            time.sleep(self._rest)  # What comes meanwhile is read as well.
        progress(0, 0)
        began = time.monotonic()
        try:
            known = self._episodes.read(is_written)
        except Exception:
            if self._is_closed:  # While it was read.
                return None
            raise
        self._rest = min(max(_PERIOD, (time.monotonic() - began) / _SHARE), _LONGEST)
        return known
