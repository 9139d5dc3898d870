"""Robots by name: the URDFs that the package robot_descriptions knows, and fetches from where they are published."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import sys
from pathlib import Path
from typing import Any

from ..errors import BadArgument, ReplayError, listing

_SUFFIX = "_description"
_MAX_MATCHES = 5


class NoRobotDescriptions(ReplayError):
    """A robot that is asked for by name, where the package is not installed that knows such names."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"--robot {name}: names of robots need the package robot_descriptions, which is not installed. "
            "Install it: pip install 'replay-viewer[robots]'. Or give the robot's file: --urdf FILE"
        )


def urdf_by_name(name: str) -> Path:
    """The URDF of a robot, such as "go2" or "go2_description"; it is downloaded when it is first asked for.

    Raises:
        NoRobotDescriptions: the package is not installed.
        BadArgument: no robot of that name, told with those of similar names; or it cannot be downloaded.
    """
    try:
        known: dict[str, Any] = importlib.import_module("robot_descriptions").DESCRIPTIONS
    except ImportError:
        raise NoRobotDescriptions(name) from None
    names = [key for key, description in known.items() if description.has_urdf]
    found = next((key for key in (name, name + _SUFFIX) if key in names), None)
    if found is None:
        raise BadArgument("--robot", name, _not_known(name, names))
    return _fetch(name, found)


def _not_known(name: str, names: list[str]) -> str:
    """What to say of a name that is no robot's."""
    short = [key.removesuffix(_SUFFIX) for key in names]
    similar = dict.fromkeys(key for key in short if name.lower() in key)
    similar.update(dict.fromkeys(difflib.get_close_matches(name.lower(), short, _MAX_MATCHES)))
    matches = f"Similar names: {listing(sorted(similar), _MAX_MATCHES)}." if similar else f"Known: {listing(short)}."
    return f"robot_descriptions has no URDF of that name. {matches}"


def _fetch(name: str, module: str) -> Path:
    try:
        # It tells of its downloads on stdout, where `info --json` prints for programs.
        with contextlib.redirect_stdout(sys.stderr):
            path = Path(importlib.import_module(f"robot_descriptions.{module}").URDF_PATH)
    except Exception as error:  # It runs git, which fails in many ways: no network, no disk, no git.
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        problem = f"cannot be fetched by robot_descriptions: {reason} Or give the robot's file: --urdf FILE"
        raise BadArgument("--robot", name, problem) from error
    if not path.is_file():
        raise BadArgument("--robot", name, f"robot_descriptions says that it is at {path}, where there is no file.")
    return path
