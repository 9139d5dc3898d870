"""Arguments of command lines that say what is filmed: for tyro, for argparse, and out of RLlib's configurations."""

from __future__ import annotations

import argparse
import difflib
from dataclasses import dataclass
from typing import Any, Mapping, NoReturn, Sequence

import numpy as np

from ...errors import BadArgument
from .cfg import VideoRecordingCfg
from .triggers import Trigger

# What they were called in other projects, and in older versions of these.
_OLD = {
    "--video": "--record_viewport_video",
    "--camera_video": "--record_camera_video",
    "--video_dir": "--video_base_dir",
    "--record_video": "--record_viewport_video",
    "--record_viewport": "--record_viewport_video",
    "--record_camera": "--record_camera_video",
    "--record_camera_videos": "--record_camera_video",
    "--record_viewport_videos": "--record_viewport_video",
    "--video_folder": "--video_base_dir",
    "--video_base_folder": "--video_base_dir",
}
# What a configuration may call them, without underscores and capitals.
_SPELT = {
    **{"render": "render", "monitor": "render", "video": "render", "resume": "resume"},
    **dict.fromkeys(("videodir", "videofolder", "videodirectory", "videobasedir"), "video_dir"),
}
_FLAGS = ("--record_viewport_video", "--record_camera_video", "--video_base_dir", "--num_episodes")
# How much a word has to look like one of them to be a slip.
_LIKENESS = 0.75
_HELP = {
    "record_viewport_video": "film the scene",
    "record_camera_video": "film what the robots' cameras see",
    "video_base_dir": "the folder of the films of all runs",
    "seed": "of the run",
    "num_episodes": "how many episodes the film of the scene has",
}


@dataclass
class VideoArguments:
    """Arguments for `tyro.cli(VideoArguments)`, or as a field of one's own arguments.

    Attributes:
        record_viewport_video: film the scene.
        record_camera_video: film what the robots' cameras see.
        video_base_dir: the folder of the films of all runs.
        seed: of the run.
        num_episodes: how many episodes the film of the scene has.
    """

    record_viewport_video: bool = False
    """Film the scene."""
    record_camera_video: bool = False
    """Film what the robots' cameras see."""
    video_base_dir: str = "videos"
    """The folder of the films of all runs."""
    seed: int | None = None
    """Of the run."""
    num_episodes: int | None = None
    """How many episodes the film of the scene has."""

    def cfg(self, **more: Any) -> VideoRecordingCfg:
        """The configuration of `wrap_env_for_video`, with whatever else it says."""
        return VideoRecordingCfg(
            record_viewport_video=self.record_viewport_video,
            record_camera_video=self.record_camera_video,
            video_base_dir=self.video_base_dir,
            num_episodes=self.num_episodes,
            **more,
        )


def add_video_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `VideoArguments` to a parser; an older name of one is an error that says the new one.

    parser = argparse.ArgumentParser()
    add_video_arguments(parser)
    cfg = video_cfg(parser.parse_args())
    """
    group = parser.add_argument_group("films")
    for name in ("record_viewport_video", "record_camera_video"):
        group.add_argument(f"--{name}", action="store_true", help=_HELP[name])
    taken = {option for action in parser._actions for option in action.option_strings}
    folder = [option for option in ("--video_base_dir", "--output_base_dir") if option not in taken]
    group.add_argument(*folder, default="videos", metavar="FOLDER", help=_HELP["video_base_dir"])
    for name, kind in (("seed", int), ("num_episodes", int)):
        if f"--{name}" not in taken:  # Most trainings have one already.
            group.add_argument(f"--{name}", type=kind, metavar="N", help=_HELP[name])
    for old, new in _OLD.items():
        if old not in taken:
            group.add_argument(
                old, action=_Renamed, new=new, nargs="*", default=argparse.SUPPRESS, help=argparse.SUPPRESS
            )
    _name_likely_ones(parser)


def _name_likely_ones(parser: argparse.ArgumentParser) -> None:
    """Have the parser's error about a misspelt argument name the one that is meant."""
    usual = parser.error

    def error(message: str) -> NoReturn:
        words = [word.partition("=")[0] for word in message.split() if word.startswith("--")]
        likely = [flag for word in words for flag in _meant_by("--" + word[2:].replace("-", "_"))]
        is_of_unknown = message.startswith("unrecognized") and likely
        usual(f"{message} (is {' and '.join(dict.fromkeys(likely))} meant?)" if is_of_unknown else message)

    parser.error = error  # pyright: ignore[reportAttributeAccessIssue]


def _meant_by(word: str) -> list[str]:
    return [_OLD[word]] if word in _OLD else difflib.get_close_matches(word, _FLAGS, 1, _LIKENESS)


def video_cfg(arguments: argparse.Namespace, **more: Any) -> VideoRecordingCfg:
    """The configuration that parsed arguments say, with whatever else it says."""
    names = ("record_viewport_video", "record_camera_video", "video_base_dir", "num_episodes")
    return VideoRecordingCfg(**{name: getattr(arguments, name) for name in names}, **more)


def from_env_config(config: Mapping[str, Any]) -> VideoRecordingCfg:
    """The configuration that an `env_config` of RLlib, or of Flatland's examples, says: `render, video_dir, resume`.

    With `render`, the scene of every episode that `k^3` names is filmed, as their monitors do.

    Raises:
        BadArgument: values that cannot be, or a misspelt name.
    """
    for name, value in config.items():
        known = _SPELT.get(str(name).lower().replace("_", "").replace("-", ""), name)
        if known != name:
            raise BadArgument(f"env_config[{name!r}]", value, f"is called {known!r}.")
    others = ("fps", "size", "env_ids", "when", "num_episodes", "num_steps")
    more = {name: config[name] for name in others if name in config}
    if "when" not in more and not {"num_episodes", "num_steps"} & more.keys():
        more["when"] = Trigger(cubic=True)
    return VideoRecordingCfg(
        record_viewport_video=_is_on(config, "render"),
        video_base_dir=config.get("video_dir") or "videos",
        resume=_is_on(config, "resume"),
        **more,
    )


def _is_on(config: Mapping[str, Any], name: str) -> bool:
    """What a configuration says of a switch, in which "false" would be true."""
    value = config.get(name, False)
    if value is None or (isinstance(value, (bool, int, np.bool_)) and value in (0, 1)):
        return bool(value)
    raise BadArgument(f"env_config[{name!r}]", repr(value), "expected True or False.")


class _Renamed(argparse.Action):
    """An option that has another name now."""

    def __init__(self, *args: Any, new: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._new = new

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Any, values: Any, option: str | Sequence[Any] | None = None
    ) -> NoReturn:
        parser.error(f"{option} is called {self._new} now.")
