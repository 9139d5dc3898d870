"""A callback of Stable-Baselines3 that uploads films while a model learns.

model.learn(100_000, callback=UploadCallback("videos"))
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from ..record.training_state import set_training_state
from .log_videos import log_videos
from .uploader import Uploader
from .wandb_run import active_run

BaseCallback: Any = importlib.import_module("stable_baselines3.common.callbacks").BaseCallback


class UploadCallback(BaseCallback):
    """Logs the films of a directory, and says at which step of the training they are made.

    Args:
        directory: of the films.
        run: see `log_videos`; None for the run of wandb that is active, or else the model's TensorBoard log.
        shared: see `log_videos`.
        verbose: as every callback has it.
    """

    def __init__(self, directory: str | Path, run: Any = None, *, shared: bool = True, verbose: int = 0) -> None:
        super().__init__(verbose)
        self._directory, self._run, self._is_shared = directory, run, shared
        self._uploader: Uploader | None = None

    def _on_training_start(self) -> None:
        run = next((found for found in (self._run, active_run(), self.logger.get_dir()) if found is not None), None)
        self._uploader = log_videos(self._directory, run, shared=self._is_shared)

    def _on_rollout_start(self) -> None:
        set_training_state(global_step=self.num_timesteps)
        if self._uploader is not None:
            self._uploader.wake()

    def _on_step(self) -> bool:
        return True

    def _on_training_end(self) -> None:
        if self._uploader is not None:
            self._uploader.close()
