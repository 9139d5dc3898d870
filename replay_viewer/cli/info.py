"""The command `info`."""

from __future__ import annotations

import json
from typing import Annotated

from .arguments import NOTHING_STATED, Flag, LoadingOptions, PathArgument, shown_as
from .imports import large_imports


def info(
    path: PathArgument,
    loading: LoadingOptions = NOTHING_STATED,
    as_json: Annotated[Flag, shown_as("", name="json")] = False,
) -> None:
    """Print what is in a recording, with every decision and doubt about it.

    Args:
        path: A recording.
        loading: How to read it.
        as_json: Print JSON, for programs.
    """
    with large_imports():
        from replay_viewer.replay.replay import open_replay
        from replay_viewer.replay.summary import summarize, to_json

        from .info_text import info_text

    replay = open_replay(path, urdf=loading.find_urdf(), package_dirs=loading.package_dir, options=loading.options)
    summary = summarize(replay)
    print(json.dumps(to_json(summary), indent=2, allow_nan=False) if as_json else info_text(summary))
