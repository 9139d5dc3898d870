"""`log_videos(directory, run)`: the films of a directory are logged to a run while a script goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import BadArgument
from ..paths import local_path
from .target import Target
from .tensorboard_log import TensorBoardLog
from .uploader import Uploader
from .wandb_run import WandbRun


def log_videos(
    directory: str | Path, run: Any, *, shared: bool = True, copy_to: str | Path | None = None, watch: bool = True
) -> Uploader:
    """Log the films of a directory, and of all below it, to a run, in a thread of their own.

        uploader = log_videos("videos", wandb.run)
        ...                     # train; each film is logged once it is complete, newest first, and once
        uploader.close()        # the last film is there; at the end of the process this is done anyway

    What is logged is the finished file with its facts as caption. Nothing here ends or slows a training: what fails is
    tried again, and told by the log "replay_viewer".

    Args:
        directory: of the films; it may come into being later.
        run: of wandb (`wandb.run`), or a folder of TensorBoard's logs, or a SummaryWriter, beside whose files films
            have a folder "films".
        shared: of wandb: whether something else logs to the run, too. Films are then in it as soon as that logs the
            next time, so that wandb drops no row of either; alone, they are there at once.
        copy_to: of TensorBoard: a folder into which the films are copied as well.
        watch: whether to look for further films until `close`; else those that are there by now.

    Returns:
        What uploads; `close` waits for it.

    Raises:
        BadArgument: `run` is none of these.
        FileProblem: the library that it needs is not installed, or a folder cannot be written.
    """
    folder = local_path(directory)
    return Uploader(folder, target_of(folder, run, shared=shared, copy_to=copy_to), keeps_looking=watch)


def target_of(folder: Path, run: Any, *, shared: bool = True, copy_to: str | Path | None = None) -> Target:
    """Whom `log_videos` hands the films of a folder to; also for what it raises."""
    if isinstance(run, (str, os.PathLike)):
        return TensorBoardLog(os.fspath(run), copy_to, folder)
    if callable(getattr(run, "define_metric", None)) and callable(getattr(run, "log", None)):
        return WandbRun(run, shared=shared)
    logdir = getattr(run, "log_dir", None) or getattr(run, "logdir", None)
    if isinstance(logdir, (str, os.PathLike)):
        return TensorBoardLog(os.fspath(logdir), copy_to, folder)
    expected = "expected a run of wandb, a folder of TensorBoard's logs, or a SummaryWriter."
    raise BadArgument("run", "None" if run is None else type(run).__name__, expected)
