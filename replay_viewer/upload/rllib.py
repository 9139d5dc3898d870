"""Callbacks of RLlib that upload films while an algorithm trains.

config = PPOConfig().callbacks(upload_callbacks("videos"))
"""

from __future__ import annotations

import importlib
from functools import partial
from pathlib import Path
from typing import Any

from ..record.training_state import set_training_state
from .log_videos import log_videos
from .uploader import Uploader
from .wandb_run import active_run


def upload_callbacks(directory: str | Path, run: Any = None, *, shared: bool = True) -> type:
    """A class of callbacks that log the films of a directory, and say at which iteration they are made.

    Args:
        directory: of the films, which all workers can reach.
        run: see `log_videos`; None for the run of wandb that is active, or else the algorithm's own log.
        shared: see `log_videos`.
    """

    class UploadCallbacks(_base()):
        _uploader: Uploader | None = None

        def on_algorithm_init(self, *, algorithm: Any, **rest: Any) -> None:
            found = next((one for one in (run, active_run(), algorithm.logdir) if one is not None), None)
            self._uploader = log_videos(directory, found, shared=shared)

        def on_train_result(self, *, algorithm: Any, result: Any, **rest: Any) -> None:
            _tell_workers(algorithm, facts_of(result))
            if self._uploader is not None:
                self._uploader.wake()

    return UploadCallbacks


def facts_of(result: Any) -> dict[str, Any]:
    """The iteration, and the global step by whatever name this version of RLlib has for it."""
    lifetime = ("num_env_steps_sampled_lifetime", "num_env_steps_sampled", "timesteps_total")
    steps = next((result[name] for name in lifetime if result.get(name)), None)
    found = {"iteration": result.get("training_iteration"), "global_step": steps}
    return {name: int(value) for name, value in found.items() if value is not None}


def _tell_workers(algorithm: Any, facts: dict[str, Any]) -> None:
    """Envs are in processes of their own."""
    set_training_state(**facts)
    group = getattr(algorithm, "env_runner_group", None)
    if group is not None:
        group.foreach_env_runner(partial(_take, facts), local_env_runner=False)


def _take(facts: dict[str, Any], worker: Any) -> None:
    set_training_state(**facts)


def _base() -> type:
    """Newer versions have another name for it."""
    for module, name in (
        ("ray.rllib.callbacks.callbacks", "RLlibCallback"),
        ("ray.rllib.algorithms.callbacks", "DefaultCallbacks"),
    ):
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
    raise ImportError("RLlib is not installed here: pip install 'ray[rllib]'")
