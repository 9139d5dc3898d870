"""The command `share`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from replay_viewer.errors import printable
from replay_viewer.progress import FrameRate, ProgressBar

from .arguments import NOTHING_STATED, Flag, LoadingOptions, PathArgument, shown_as
from .imports import large_imports


def share(
    path: PathArgument,
    out: Annotated[Path, shown_as("FILE.html")],
    env: Annotated[int | None, shown_as("ENV_ID")] = None,
    episodes: Annotated[str | None, shown_as("A:B,C|worst:N")] = None,
    num_episodes: Annotated[int | None, shown_as("N")] = None,
    where: Annotated[str | None, shown_as("CONDITION")] = None,
    title: Annotated[str | None, shown_as("TEXT")] = None,
    overwrite: Flag = False,
    loading: LoadingOptions = NOTHING_STATED,
) -> None:
    """Write episodes as one HTML file that plays them in any browser, without a server or a network.

    Args:
        path: A recording.
        out: The file to make.
        env: Of this env, by its index in the simulator; else of the first one, or of all where episodes are chosen.
        episodes: Numbers of episodes as in `render`, such as 0:5,7; or worst:3, best:3, typical:1.
        num_episodes: Only the first N of them.
        where: Only those that are so: terminated, truncated, success, failure, or 'total_reward < 3 and not success'.
        title: What the page calls it; else the recording's name.
        overwrite: Replace a file that exists.
        loading: How to read it.
    """
    with large_imports():
        from replay_viewer.viewer.share.share_replay import share_replay

    bar = ProgressBar(FrameRate())
    try:
        made = share_replay(
            path,
            out,
            env=env,
            episodes=episodes,
            num_episodes=num_episodes,
            where=where,
            title=title,
            overwrite=overwrite,
            urdf=loading.find_urdf(),
            package_dirs=loading.package_dir,
            options=loading.options,
            progress=bar.show,
        )
    finally:
        bar.end()
    print(f"{printable(str(made))}: {made.stat().st_size / 1e6:.1f} MB")
