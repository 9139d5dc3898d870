"""Sharing of a replay, for Python and the command line: episodes of a recording become one HTML file."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import BadArgument, FileProblem, printable
from ...paths import local_path
from ...progress import Progress
from ...render.selection import NumberChoice, Selection, shots_of
from ...replay.replay import Replay, open_replay
from ...rollout.episodes import Episode
from .clips import clips_of, num_frames, reward_rows
from .document import document
from .still import still_scene

if TYPE_CHECKING:
    from ...formats import LoadOptions

SUFFIXES = (".html", ".htm")
# Of all episodes together: an hour at 50 Hz. A browser holds more, but nobody can send it.
_MOST_FRAMES = 180_000


def share_replay(
    recording: str | Path | Replay,
    out: str | Path,
    *,
    env: int | None = None,
    episodes: NumberChoice | None = None,
    num_episodes: int | None = None,
    where: str | None = None,
    title: str | None = None,
    overwrite: bool = False,
    urdf: str | Path | None = None,
    package_dirs: Sequence[str | Path] = (),
    options: LoadOptions | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write episodes of a recording as one HTML file that plays them in any browser, without a server or a network.

        share_replay("run.rec", "fall.html", episodes="worst:3")

    Args:
        recording: a recording, or a replay, which nobody else uses meanwhile.
        out: the file, ending in .html; it has this name only once it is complete.
        env: the simulator's id of the env whose episodes are meant. See `Selection` for this and the next three.
        episodes: numbers of episodes, for example "0:5,7" or range(5), or "worst:3", "best:3", "typical:1".
        num_episodes: only the first so many.
        where: only those for which a condition holds, such as "terminated" or "rewards.tracking < 5 and not success".
        title: what the page calls it; None for the recording's name.
        overwrite: replace a file that exists.
        urdf: the robots' description, instead of the recording's; see `open_replay` for this and the next two.
        package_dirs: folders in which `package://` names are looked up.
        options: what the user states about the file.
        progress: called with the steps that are done and those there are in all; what it raises ends the work.

    Returns:
        The file that was written.

    Raises:
        ReplayError: the recording cannot be used, nothing of it is selected, or it would be too much for a file;
            FileProblem: the file exists, or there is no such folder.
    """
    path = _checked(local_path(out), overwrite)
    selection = Selection(env=env, episodes=episodes, num_episodes=num_episodes, where=where)
    with ExitStack() as opened:
        if isinstance(recording, Replay):
            replay = recording
        else:
            found = open_replay(local_path(recording), urdf=urdf, package_dirs=package_dirs, options=options)
            replay = opened.enter_context(closing(found))
        chosen = _episodes(replay, selection)
        scene = still_scene(replay, chosen)
        clips = clips_of(replay, chosen, scene.nodes, progress)
        name = printable(replay.rollout.name if title is None else title)
        text = document(scene, clips, replay, reward_rows(replay, chosen[0]), name)
    _write(path, lambda partial: partial.write_text(text, encoding="utf-8"))
    return path


def _checked(path: Path, overwrite: bool) -> Path:
    """The path of a file that may be written. Raises FileProblem, BadArgument."""
    if path.suffix.lower() not in SUFFIXES:
        raise BadArgument("--out", path, f"expected a file that ends in {SUFFIXES[0]}.")
    if not path.parent.is_dir():
        raise FileProblem(path, f"there is no folder {path.parent}.", "Make it, or check its name.")
    if path.is_dir():
        raise FileProblem(path, "is a folder.")
    if path.exists() and not overwrite:
        raise FileProblem(path, "exists already.", "Give --overwrite to replace it.")
    return path


def _episodes(replay: Replay, selection: Selection) -> list[Episode]:
    """Those that are selected. Raises NothingSelected, and BadArgument for more than a file can hold."""
    rollout = replay.rollout
    chosen = [shot.episode for shot in shots_of(rollout, selection) if shot.episode is not None]
    total = sum(num_frames(episode, rollout.control_dt) for episode in chosen)
    if total > _MOST_FRAMES:
        problem = f"these {len(chosen)} have {total} frames, and a file holds {_MOST_FRAMES}: choose fewer."
        raise BadArgument("--episodes", selection.episodes or "all", problem)
    return chosen


def _write(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file that has its name only once it is complete."""
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
