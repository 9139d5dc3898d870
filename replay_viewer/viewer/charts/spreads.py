"""The spread of curves over all episodes of all envs: worked out in the background, one curve at a time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial

from ...progress import Progress
from ...rollout.rollout import Rollout
from ...rollout.spread import Band, EpisodeSpread, Read
from ..background import Job

# Curves that a chart can show this for before nobody can tell them apart.
MAX_SPREADS = 3


class Spreads:
    """The spreads that are known, and the one that is being worked out."""

    def __init__(self, rollout: Rollout, tell: Callable[[], object]) -> None:
        """tell: called, on another thread, when there is news."""
        self._rollout, self._tell = rollout, tell
        self._known: dict[Hashable, EpisodeSpread] = {}
        self._job: Job | None = None
        self._asked: Hashable = None
        self._failed: dict[Hashable, str] = {}
        self.version = 0

    def ask(self, reads: Mapping[Hashable, Read]) -> None:
        """Work out those that are missing; those that nobody asks for any more are given up."""
        self._take_result()
        if self._job is not None and self._asked not in reads:
            self._job.cancel()
            self._job = None
        missing = [key for key in reads if not self._is_known(key) and key not in self._failed]
        if self._job is None and missing:
            self._asked = missing[0]
            self._job = Job(partial(_work_out, self._rollout, reads[missing[0]]), self._tell)

    def band(self, key: Hashable, num_steps: int) -> Band | None:
        """The mean and the deviation at an episode's first steps; None while they are not known."""
        spread = self._known.get(key)
        return None if spread is None else spread.band(num_steps)

    @property
    def note(self) -> str:
        """How the work stands; empty when there is nothing to tell."""
        if self._job is not None:
            share = f" {100 * self._job.done // self._job.total} %" if self._job.total else ""
            return f"computing the mean over all episodes ...{share}"
        return next(iter(self._failed.values()), "")

    def close(self) -> None:
        """Give up what is being worked out."""
        if self._job is not None:
            self._job.cancel()

    def _is_known(self, key: Hashable) -> bool:
        """Whether it is, of more than half of a recording that may grow."""
        return key in self._known and 2 * self._known[key].num_steps > self._rollout.num_steps

    def _take_result(self) -> None:
        if self._job is None or self._job.state == "running":
            return
        if self._job.state == "done":
            self._known[self._asked] = self._job.result
        else:
            self._failed[self._asked] = f"the mean is not known: {self._job.problem}"
        self._job = None
        self.version += 1


def _work_out(rollout: Rollout, read: Read, progress: Progress) -> EpisodeSpread:
    spread = EpisodeSpread(read, 1)
    spread.take_in(rollout, progress)
    return spread
