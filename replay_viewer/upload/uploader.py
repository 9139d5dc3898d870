"""The uploader: a thread that hands a target every complete film of a folder, newest first, until all are there."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from pathlib import Path

from ..clips.films import COMPLETE, Film, Library
from ..errors import FileProblem, ReplayError
from ..files.regular import open_regular
from .ledger import Ledger
from .target import OddFilm, Target

# How long nothing is looked for that nobody has told of [s].
_PERIOD = 5.0
# After a failure, how long it is left alone at first, and at most [s].
_FIRST_REST, _LONGEST_REST = 1.0, 60.0

_log = logging.getLogger("replay_viewer")


class _LeftToOther(Exception):
    """Somebody else has the ledger."""


class Uploader:
    """Uploads in the background; nothing of it ends whatever it runs in.

    Args:
        folder: of the films, and of all below it; it may come into being later.
        target: whom films are handed to, by a thread of the uploader's own.
        keeps_looking: whether to look for further films until `close`.
        patience: how long `close` tries on after the last success, where the target fails [s].

    Attributes:
        num_uploaded: films that were handed over.
        problem: why the last attempt failed; empty after a success.
    """

    def __init__(self, folder: Path, target: Target, *, keeps_looking: bool = True, patience: float = 60.0) -> None:
        self.num_uploaded, self.problem = 0, ""
        self._library, self._target, self._patience = Library(folder), target, patience
        self._ledger = Ledger(self._library.folder, target.name)
        # By film, why it cannot be read; it is tried again once it has changed.
        self._unreadable: dict[tuple[Path, int], str] = {}
        self._wake, self._is_ending, self._is_ended = threading.Event(), not keeps_looking, threading.Event()
        self._succeeded = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="replay-viewer upload", daemon=True)
        self._thread.start()
        # Before that of wandb, which was imported earlier: the last films come with it.
        atexit.register(self.close)

    def wake(self) -> None:
        """There may be a new film."""
        self._wake.set()

    def close(self, timeout: float | None = None) -> bool:
        """Upload what is complete by now, and end. A second call does nothing.

        timeout: how long to wait at most [s]; None for as long as it makes progress.

        Returns whether everything is uploaded; what is not, is so at the next start.
        """
        atexit.unregister(self.close)
        if not self._is_ending:
            self._succeeded = time.monotonic()
            self._is_ending = True
        self._wake.set()
        self._thread.join(timeout)
        return self._is_ended.is_set() and not self.problem and not self._unreadable

    @property
    def is_running(self) -> bool:
        """Whether there is still something to do."""
        return not self._is_ended.is_set()

    @property
    def problems(self) -> list[str]:
        """Why something is not uploaded, in sentences."""
        own = [self.problem] if self.problem else []
        return [*own, *self._unreadable.values(), *self._library.problems.values()]

    def __enter__(self) -> Uploader:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- its thread ---------------------------------------------------------------

    def _run(self) -> None:
        rest = _FIRST_REST
        try:
            while True:
                self._wake.clear()  # Before it is looked why it was woken: who ends this is not to wait for a period.
                is_last = self._is_ending  # What is complete by now is still seen below.
                try:
                    num_left = self._upload()
                except Exception as error:  # Of whatever library; a training goes on.
                    if not self._may_try_on(error):
                        return
                    self._wake.wait(rest)
                    rest = min(2 * rest, _LONGEST_REST if not self._is_ending else _FIRST_REST)
                    continue
                rest, self.problem = _FIRST_REST, ""
                if num_left:
                    continue
                if is_last:
                    return
                self._wake.wait(_PERIOD)
        finally:
            self._end()

    def _upload(self) -> int:
        """Hand over a batch; returns how many films are left. A ReplayError says that no further attempt helps."""
        if not self._library.folder.is_dir():
            return 0
        is_ours = self._ledger.take()
        missing = [film for film in self._library.look() if self._is_missing(film)]
        if not is_ours:
            return self._leave_to_other(missing)
        batch = [film for film in missing[: self._target.at_once] if self._can_be_read(film)]
        if batch:
            try:
                self._target.put(batch, lambda: self._is_ending)
            except OddFilm as problem:
                odd = [film for film in batch if film.path == problem.path] or batch
                return len([self._leave_out(film, problem) for film in odd])
            self._ledger.add(batch)
            self.num_uploaded += len(batch)
            self._succeeded = time.monotonic()
        return max(len(missing) - self._target.at_once, 0)

    def _leave_to_other(self, missing: list[Film]) -> int:
        """Another process uploads all films of this folder to the same target, ours too: see that it does."""
        if missing and self._is_ending:
            raise _LeftToOther(f"another process uploads the films of {self._library.folder} there, and is not done")
        return 0

    def _is_missing(self, film: Film) -> bool:
        if film.state != COMPLETE or film.path is None or self._ledger.has(film):
            return False
        return (film.path, film.modified) not in self._unreadable

    def _can_be_read(self, film: Film) -> bool:
        assert film.path is not None, "it is complete"
        try:
            open_regular(film.path).close()
            return True
        except (OSError, FileProblem) as error:
            if not isinstance(error, FileNotFoundError):  # Removed since: there is nothing to upload.
                self._leave_out(film, error)
            return False

    def _leave_out(self, film: Film, problem: Exception) -> None:
        assert film.path is not None, "it is complete"
        self._unreadable[film.path, film.modified] = str(problem)
        _log.warning("A film is not uploaded: %s", problem)

    def _may_try_on(self, error: Exception) -> bool:
        """Tell why it failed, once, and say whether there is still time."""
        is_plain = isinstance(error, (ReplayError, _LeftToOther))
        problem = str(error) if is_plain else f"{type(error).__name__}: {error}"
        is_news, self.problem = problem != self.problem, problem
        is_over = self._is_ending and time.monotonic() - self._succeeded > self._patience
        if is_news or is_over:
            then = "films that are missing are uploaded at the next start" if is_over else "it is tried again"
            _log.warning("Films are not uploaded (%s): %s.", problem, then)
        return not is_over and not isinstance(error, ReplayError)

    def _end(self) -> None:
        try:
            self._target.close()
        except Exception as error:
            self.problem = self.problem or f"{type(error).__name__}: {error}"
            _log.warning("Films may not be uploaded: %s", self.problem)
        finally:
            self._ledger.close()
            self._is_ended.set()
