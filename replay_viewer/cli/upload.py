"""The command `upload`."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from replay_viewer.errors import BadArgument, FileProblem, ReplayError, printable
from replay_viewer.paths import local_path

from .arguments import Flag, PathArgument, shown_as
from .usage import WrongUsage

if TYPE_CHECKING:
    from replay_viewer.upload.target import Target
    from replay_viewer.upload.uploader import Uploader

_POLL = 0.2


def upload(
    path: PathArgument,
    wandb: Annotated[str | None, shown_as("PROJECT[/RUN]")] = None,
    tensorboard: Annotated[Path | None, shown_as("LOGDIR")] = None,
    copy_to: Annotated[Path | None, shown_as("LOGDIR")] = None,
    watch: Flag = False,
) -> None:
    """Upload the films of training runs: newest first, each once, also across restarts, and again if it changed.

    Args:
        path: The folder of the films; of all below it, too.
        wandb: Log them to a run of Weights & Biases; without RUN, one of this folder's own. A training that still runs
            logs its films itself: see log_videos.
        tensorboard: Log a short animated picture of each, and where it lies, below this folder.
        copy_to: Copy the films below this folder as well, for TensorBoard's logs that are copied elsewhere.
        watch: Upload what comes, until Ctrl-C.
    """
    folder = local_path(path)
    if (wandb is None) == (tensorboard is None):
        raise WrongUsage("replay-viewer upload", "needs --wandb PROJECT[/RUN] or --tensorboard LOGDIR.")
    if copy_to is not None and tensorboard is None:
        raise BadArgument("--copy-to", copy_to, "goes with --tensorboard.")
    if not folder.is_dir() and not watch:
        raise FileProblem(folder, "there is no such folder.")
    from replay_viewer.upload.uploader import Uploader

    uploader = Uploader(folder, _target(folder, wandb, tensorboard, copy_to), keeps_looking=watch)
    with contextlib.suppress(KeyboardInterrupt) if watch else contextlib.nullcontext():
        _follow(uploader)
    is_done = uploader.close()
    _tell(uploader, uploader.num_uploaded)
    if not is_done:
        raise ReplayError(" ".join(uploader.problems) or "the films are not uploaded.")


def _target(folder: Path, wandb: str | None, tensorboard: Path | None, copy_to: Path | None) -> Target:
    if wandb is None:
        from replay_viewer.upload.tensorboard_log import TensorBoardLog

        assert tensorboard is not None, "one of both is given"
        return TensorBoardLog(tensorboard, copy_to, folder)
    from replay_viewer.upload.wandb_run import begin_run

    project, _, run = wandb.partition("/")
    if not project or "/" in run:
        raise BadArgument("--wandb", wandb, "expected PROJECT or PROJECT/RUN.")
    place = f"{socket.gethostname()}:{folder.resolve()}"
    own = f"films-{hashlib.sha256(place.encode()).hexdigest()[:10]}"
    return begin_run(project, run or None, f"films of {printable(folder.resolve().name)}", own)


def _follow(uploader: Uploader) -> None:
    """Tell what is uploaded, until all is or somebody presses Ctrl-C."""
    told = 0
    while uploader.is_running:
        if uploader.num_uploaded != told:
            told = uploader.num_uploaded
            _tell(uploader, told)
        time.sleep(_POLL)


def _tell(uploader: Uploader, number: int) -> None:
    print(f"{number} film{'' if number == 1 else 's'} uploaded", flush=True)
