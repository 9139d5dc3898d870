"""Upload of films while a runner of rsl_rl learns, which has no callbacks of its own: mjlab's and Isaac Lab's.

runner = OnPolicyRunner(env, train_cfg, log_dir)
upload_films(runner, "videos")
runner.learn(1500)
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any, Callable

from ..record.training_state import set_training_state
from .log_videos import log_videos
from .uploader import Uploader
from .wandb_run import active_run


def upload_films(runner: Any, directory: str | Path, run: Any = None, *, shared: bool = True) -> None:
    """Have a runner log the films of a directory, and say at which iteration and of which checkpoint they are.

    Nothing is uploaded by a runner that logs nothing, as all but the first of several processes.

    Args:
        runner: of rsl_rl, before it learns.
        directory: of the films.
        run: see `log_videos`; None for the run of wandb that is active, or else the runner's log.
        shared: see `log_videos`.
    """
    _Follower(runner, Path(directory), run, shared)


class _Follower:
    """Sits on what a runner calls when it logs, saves and ends."""

    def __init__(self, runner: Any, directory: Path, run: Any, is_shared: bool) -> None:
        self._runner, self._directory, self._run, self._is_shared = runner, directory, run, is_shared
        self._uploader: Uploader | None = None
        # Before version 4 the runner itself had what its logger has now.
        logger = getattr(runner, "logger", None)
        self._logger: Any = logger if hasattr(logger, "log") else runner
        set_training_state(iteration=runner.current_learning_iteration)
        _after(self._logger, "log", self._logged)
        _after(runner, "save", self._saved)
        if hasattr(self._logger, "stop_logging_writer"):
            _before(self._logger, "stop_logging_writer", self._stop)

    def _logged(self, *args: Any, **kwargs: Any) -> None:
        iteration = kwargs["it"] if "it" in kwargs else args[0]["it"]
        steps = getattr(self._logger, "tot_timesteps", None)
        set_training_state(iteration=iteration + 1, **({} if steps is None else {"global_step": steps}))
        if self._uploader is None and getattr(self._logger, "writer", None) is not None:
            self._begin()
        if self._uploader is not None:
            self._uploader.wake()

    def _begin(self) -> None:
        logdir = getattr(self._logger, "log_dir", None)
        run = next((found for found in (self._run, active_run(), logdir) if found is not None), None)
        self._uploader = log_videos(self._directory, run, shared=self._is_shared)
        writer = self._logger.writer
        if callable(getattr(writer, "save_video", None)):
            writer.save_video = functools.partial(self._save_other, writer.save_video)

    def _save_other(self, save_video: Callable[..., Any], video: Any, *args: Any) -> None:
        """rsl_rl uploads every MP4 that it sees, those that are still written too: ours it is spared."""
        folder = os.path.realpath(self._directory)
        if os.path.commonpath([folder, os.path.realpath(video)]) != folder:
            save_video(video, *args)

    def _saved(self, path: Any, *args: Any, **kwargs: Any) -> None:
        set_training_state(checkpoint=os.path.basename(os.fspath(path)))

    def _stop(self) -> None:
        if self._uploader is not None:
            self._uploader.close()


def _after(owner: Any, name: str, then: Callable[..., None]) -> None:
    """Have something called after a method, with its arguments."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def called(*args: Any, **kwargs: Any) -> Any:
        found = method(*args, **kwargs)
        then(*args, **kwargs)
        return found

    setattr(owner, name, called)


def _before(owner: Any, name: str, first: Callable[[], None]) -> None:
    """Have something called before a method."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def called(*args: Any, **kwargs: Any) -> Any:
        first()
        return method(*args, **kwargs)

    setattr(owner, name, called)
