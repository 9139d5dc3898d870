"""Replay recorded robot-learning rollouts in the browser, with every reward term beside the robot.

The names below are imported when they are first used (PEP 562), so that the recorder costs numpy alone and works on
Python 3.8, while the viewer's libraries load only with the viewer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import ReplayError
    from .formats import LoadOptions, load_rollout
    from .record.episode_ends import EpisodeEnds
    from .record.info import EntitySpec, RecordingInfo
    from .record.pack import pack
    from .record.repair import repair
    from .record.writer import ContainerWriter
    from .replay import Replay, open_replay
    from .rollout import Rollout
    from .viewer.app import ViewerApp

__version__ = "0.1.0"

_HOMES = {
    "ContainerWriter": "record.writer",
    "EntitySpec": "record.info",
    "EpisodeEnds": "record.episode_ends",
    "LoadOptions": "formats",
    "RecordingInfo": "record.info",
    "Replay": "replay",
    "ReplayError": "errors",
    "Rollout": "rollout",
    "ViewerApp": "viewer.app",
    "load_rollout": "formats",
    "open_replay": "replay",
    "pack": "record.pack",
    "repair": "record.repair",
}

__all__ = [
    "ContainerWriter",
    "EntitySpec",
    "EpisodeEnds",
    "LoadOptions",
    "RecordingInfo",
    "Replay",
    "ReplayError",
    "Rollout",
    "ViewerApp",
    "__version__",
    "load_rollout",
    "open_replay",
    "pack",
    "repair",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
