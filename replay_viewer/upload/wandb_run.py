"""A run of Weights & Biases as a target: finished films as they lie on the disk, never as arrays.

Rows of a run's history have one counter, and what is logged with a lower `step=` than it has is dropped. So nothing is
logged with a step here: the step of the training that a film belongs to is a value beside it, by which wandb orders
them. And where a training logs to the same run, films join the row that it has open, so that its own steps stay right.
"""

from __future__ import annotations

import importlib
import sys
import time
from typing import Any, Sequence

from ..clips.films import Film
from ..errors import FileProblem, ReplayError
from .captions import caption, tag, training_step
from .target import Asked

STEP = "films/step"
_INSTALL = "pip install wandb"
_POLL = 0.2
_AT_ONCE = 8


class WandbRun:
    """A run that films are logged to.

    Args:
        run: of wandb, that was begun and is not finished.
        shared: whether a training logs to it, too. Then films are in it as soon as that logs the next time.
        is_own: whether it ends with the upload.

    Attributes:
        name: of the run, among all targets.
        at_once: films of one row.
    """

    def __init__(self, run: Any, *, shared: bool = True, is_own: bool = False) -> None:
        self._run, self._is_shared, self._is_own = run, shared, is_own
        self.at_once = _AT_ONCE if shared else 1
        self._wandb = import_wandb()
        self.name = "/".join(["wandb:", *(str(part) for part in (run.entity, run.project, run.id) if part)])
        run.define_metric(STEP, hidden=True)
        run.define_metric("films/*", step_metric=STEP)

    def put(self, films: Sequence[Film], is_ending: Asked) -> None:
        if getattr(self._run, "_is_finished", False):
            raise ReplayError(f"{self.name} is finished. Close the upload before wandb.finish().")
        self._run.log(self._row(films), commit=not self._is_shared)
        if self._is_shared:
            self._await_row(is_ending)

    def close(self) -> None:
        if self._is_own:
            self._run.finish()

    def _row(self, films: Sequence[Film]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for film in films:
            row.setdefault(tag(film), []).append(self._video(film))
        row = {name: videos if len(videos) > 1 else videos[0] for name, videos in row.items()}
        return {**row, STEP: max(map(training_step, films))}

    def _video(self, film: Film) -> Any:
        assert film.path is not None, "it is complete"
        kind = film.path.suffix[1:].lower()
        return self._wandb.Video(str(film.path), caption=caption(film), format=kind)

    def _await_row(self, is_ending: Asked) -> None:
        """Wait until the training has gone on to its next row, or everything ends."""
        step = self._run.step
        while self._run.step == step and not is_ending():
            time.sleep(_POLL)
        if self._run.step == step:
            self._run.log({}, commit=True)


def import_wandb() -> Any:
    """The library. Raises FileProblem where it is not installed."""
    try:
        return importlib.import_module("wandb")
    except ImportError as error:
        raise FileProblem("wandb", "is not installed here.", f"{_INSTALL}, or --tensorboard LOGDIR.") from error


def active_run() -> Any:
    """The run of this process, if it has one; wandb is not imported for it."""
    return getattr(sys.modules.get("wandb"), "run", None)


def begin_run(project: str, run: str | None, name: str, run_id: str) -> WandbRun:
    """A run of ours in a project; with `run`, its id, one that was there before goes on.

    name: of a new one.
    run_id: of a new one: the same after a restart, so that films of one folder are in one run.

    Raises ReplayError where wandb cannot begin it.
    """
    wandb = import_wandb()
    facts = {"id": run or run_id, "resume": "allow", **({} if run else {"name": name})}
    settings = wandb.Settings(console="off", silent=True)
    try:
        begun = wandb.init(project=project, job_type="films", settings=settings, **facts)
    except wandb.Error as error:
        raise ReplayError(f"wandb cannot begin a run: {error}") from error
    return WandbRun(begun, shared=False, is_own=True)
