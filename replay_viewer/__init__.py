"""Replay recorded robot-learning rollouts in the browser, with every reward term beside the robot.

The names below are imported when they are first used (PEP 562), so that the recorder costs numpy alone and works on
Python 3.8, while the viewer's libraries load only with the viewer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .container.info import EntitySpec, RecordingInfo
    from .container.pack import pack
    from .container.repair import repair
    from .container.terminals import EpisodeEnds
    from .container.writer import ContainerWriter
    from .episode_record import EpisodeRecord
    from .episodes.episodes import Episodes
    from .episodes.load import load_episodes
    from .errors import ReplayError
    from .formats import Format, LoadOptions, load_rollout, register_format, rollout_from_arrays
    from .layers import Layer
    from .record.adapters import Adapter, Description, Endings, register_adapter
    from .record.adapters.mujoco.trees import MujocoTree, export_mujoco
    from .record.attach import attach
    from .record.clips.arguments import VideoArguments, add_video_arguments, from_env_config, video_cfg
    from .record.clips.camera import CameraObsVideoRecorder
    from .record.clips.cfg import VideoRecordingCfg
    from .record.clips.triggers import Trigger
    from .record.clips.wrap import wrap_env_for_video
    from .record.episodes.record_episodes import EpisodeRecording, record_episodes
    from .record.episodes.terms import EpisodeRecorderManager, EpisodeRecorderTermCfg
    from .record.loop.collect_frames import collect_frames_from_env
    from .record.loop.policies import make_policy
    from .record.loop.rollout_recorder import RolloutRecorder
    from .record.recorder import Recorder
    from .record.run_dir import timestamped_run_dir
    from .record.training_state import set_training_state
    from .render.render_video import render_video
    from .replay.frames import Frame
    from .replay.replay import Replay, open_replay
    from .replay.take import Take
    from .report.report import build_report
    from .robot import Robot, load_robot
    from .rollout.rollout import Rollout
    from .upload.log_videos import log_videos
    from .video.save import save_video
    from .video.writer import VideoWriter
    from .viewer.share.share_replay import share_replay
    from .viewer.viewer import Viewer

__version__ = "0.1.0"

_HOMES = {
    "Adapter": "record.adapters",
    "CameraObsVideoRecorder": "record.clips.camera",
    "ContainerWriter": "container.writer",
    "Description": "record.adapters",
    "Endings": "record.adapters",
    "EntitySpec": "rollout.entities",
    "EpisodeEnds": "container.terminals",
    "EpisodeRecord": "episode_record",
    "EpisodeRecorderManager": "record.episodes.terms",
    "EpisodeRecorderTermCfg": "record.episodes.terms",
    "EpisodeRecording": "record.episodes.record_episodes",
    "Episodes": "episodes.episodes",
    "Format": "formats",
    "Frame": "replay.frames",
    "Layer": "layers",
    "LoadOptions": "formats",
    "MujocoTree": "record.adapters.mujoco.trees",
    "Recorder": "record.recorder",
    "RecordingInfo": "container.info",
    "Replay": "replay.replay",
    "ReplayError": "errors",
    "Robot": "robot",
    "Rollout": "rollout.rollout",
    "RolloutRecorder": "record.loop.rollout_recorder",
    "Take": "replay.take",
    "Trigger": "record.clips.triggers",
    "VideoArguments": "record.clips.arguments",
    "VideoRecordingCfg": "record.clips.cfg",
    "VideoWriter": "video.writer",
    "Viewer": "viewer.viewer",
    "add_video_arguments": "record.clips.arguments",
    "attach": "record.attach",
    "build_report": "report.report",
    "collect_frames_from_env": "record.loop.collect_frames",
    "export_mujoco": "record.adapters.mujoco.trees",
    "from_env_config": "record.clips.arguments",
    "load_episodes": "episodes.load",
    "load_robot": "robot",
    "load_rollout": "formats",
    "log_videos": "upload.log_videos",
    "make_policy": "record.loop.policies",
    "open_replay": "replay.replay",
    "pack": "container.pack",
    "record_episodes": "record.episodes.record_episodes",
    "register_adapter": "record.adapters",
    "register_format": "formats",
    "render_video": "render.render_video",
    "repair": "container.repair",
    "rollout_from_arrays": "formats",
    "save_video": "video.save",
    "set_training_state": "record.training_state",
    "share_replay": "viewer.share.share_replay",
    "timestamped_run_dir": "record.run_dir",
    "video_cfg": "record.clips.arguments",
    "wrap_env_for_video": "record.clips.wrap",
}

__all__ = [
    "Adapter",
    "CameraObsVideoRecorder",
    "ContainerWriter",
    "Description",
    "Endings",
    "EntitySpec",
    "EpisodeEnds",
    "EpisodeRecord",
    "EpisodeRecorderManager",
    "EpisodeRecorderTermCfg",
    "EpisodeRecording",
    "Episodes",
    "Format",
    "Frame",
    "Layer",
    "LoadOptions",
    "MujocoTree",
    "Recorder",
    "RecordingInfo",
    "Replay",
    "ReplayError",
    "Robot",
    "Rollout",
    "RolloutRecorder",
    "Take",
    "Trigger",
    "VideoArguments",
    "VideoRecordingCfg",
    "VideoWriter",
    "Viewer",
    "__version__",
    "add_video_arguments",
    "attach",
    "build_report",
    "collect_frames_from_env",
    "export_mujoco",
    "from_env_config",
    "load_episodes",
    "load_robot",
    "load_rollout",
    "log_videos",
    "make_policy",
    "open_replay",
    "pack",
    "record_episodes",
    "register_adapter",
    "register_format",
    "render_video",
    "repair",
    "rollout_from_arrays",
    "save_video",
    "set_training_state",
    "share_replay",
    "timestamped_run_dir",
    "video_cfg",
    "wrap_env_for_video",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
