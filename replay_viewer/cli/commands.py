"""The commands as functions: tyro makes the command line from their signatures and docstrings."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from replay_viewer.errors import BadArgument, FileProblem, printable

from . import upkeep
from .arguments import NOTHING_STATED, Flag, Loading, LoadingOptions, PathArgument, shown_as
from .interrupts import held_interrupts
from .render_command import render

if TYPE_CHECKING:
    from replay_viewer.replay.replay import Replay
    from replay_viewer.viewer.app import ViewerApp
    from replay_viewer.viewer.opening.opening import OpenRequest

# How often a recording that is not there yet is looked for [s].
_ARRIVAL_PERIOD = 0.1


@dataclass(frozen=True)
class Serving:
    """Where the page is served."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 lets other machines connect."""
    port: int = 8080
    """Port to listen on; the next free one is used where it is taken."""
    open: Flag = False
    """Open the page in the web browser."""
    no_shadows: Flag = False
    """Draw without shadows, which is faster in a browser without a GPU."""


ServingOptions = Annotated[Serving, tyro.conf.OmitArgPrefixes]


def view(
    path: PathArgument,
    loading: LoadingOptions = NOTHING_STATED,
    serving: ServingOptions = Serving(),
    env: Annotated[int | None, shown_as("ENV_ID")] = None,
    step: Annotated[int | None, shown_as("STEP")] = None,
    tail: Flag = False,
) -> None:
    """Open a recording in the browser.

    Args:
        path: A recording (.rec, a folder or one file) or a rollout .npz; or a folder of them, to choose from.
        loading: How to read it.
        serving: Where the page is served.
        env: The env to begin with, by its index in the simulator.
        step: The step to begin at; else the first, or with --tail the newest.
        tail: Follow a recording while it is written; it need not exist yet.
    """
    _serve(path, loading, serving, env, step, tail)


def info(
    path: PathArgument,
    loading: LoadingOptions = NOTHING_STATED,
    as_json: Annotated[Flag, shown_as("", name="json")] = False,
) -> None:
    """Print what is in a recording, with every decision and doubt about it.

    Args:
        path: A recording (.rec, a folder or one file) or a rollout .npz.
        loading: How to read it.
        as_json: Print JSON, for programs.
    """
    with held_interrupts():
        from replay_viewer.replay.summary import summarize, to_json

        from .info_text import info_text

    summary = summarize(_request(path, loading).open())
    print(json.dumps(to_json(summary), indent=2, allow_nan=False) if as_json else info_text(summary))


def repair(path: PathArgument) -> None:
    """Mend a recording whose writer died: drop a torn last step and correct the counts.

    Args:
        path: The recording's folder.
    """
    upkeep.repair(path)


def pack(path: PathArgument, out: Annotated[tyro.conf.Positional[Path], shown_as("OUT")]) -> None:
    """Put a recording's folder into one file that is viewed like the folder, for sending it.

    Args:
        path: The recording's folder.
        out: The file to make.
    """
    upkeep.pack(path, out)


def demo(
    which: Annotated[tyro.conf.Positional[Literal["walk", "push"]], shown_as("[{walk,push}]")] = "walk",
    serving: ServingOptions = Serving(),
    record: Flag = False,
    out: Annotated[Path | None, shown_as("PATH")] = None,
) -> None:
    """Open a bundled demo, or simulate it now.

    Args:
        which: A robot that walks over uneven ground (walk), or two that push a box together (push).
        serving: Where the page is served.
        record: Simulate it in real time and show it meanwhile; needs MuJoCo (pip install mujoco).
        out: Where to record it, with --record; else in a temporary folder, which is left there.
    """
    from replay_viewer.paths import asset

    if record:
        return _serve_live(which, out, serving)
    if out is not None:
        raise BadArgument("--out", out, "is for --record.")
    _serve(asset(f"{which}.rec"), NOTHING_STATED, serving)


def run(args: Sequence[str]) -> None:
    """Parse the command line and call its command; on wrong usage, explain it and exit with code 2."""
    commands = {"view": view, "info": info, "render": render, "repair": repair, "pack": pack, "demo": demo}
    tyro.extras.subcommand_cli_from_dict(commands, prog="replay-viewer", args=list(args))


def _serve_live(which: str, out: Path | None, serving: Serving) -> None:
    """Simulate a demo in a process of its own, and show it as it is recorded; both end together."""
    from .live_demo import LiveDemo

    with LiveDemo(which, out) as simulation:
        with _serving(simulation.path, serving) as app:
            _show(app, simulation.path, NOTHING_STATED, tail=True, check=simulation.check)
            simulation.watch(lambda failure: (_tell(simulation.path, failure), app.notify("It ended", failure)))
            app.run_forever()
    print(f"Recorded in {printable(str(simulation.path))}", flush=True)


def _request(path: Path, loading: Loading) -> OpenRequest:
    from replay_viewer.viewer.opening.opening import OpenRequest

    return OpenRequest(path, loading.find_urdf(), loading.package_dir, loading.options)


def _serve(
    path: Path,
    loading: Loading,
    serving: Serving,
    env: int | None = None,
    step: int | None = None,
    tail: bool = False,
) -> None:
    """Serve the page at once, and show the recording on it when it is open, or those in the folder to choose from."""
    _check_readable(path, tail)
    with _serving(path, serving) as app:
        if _is_list(path, tail):
            _refuse_options_of_one(path, env, step)
            app.browse(_request(path, loading))
        else:
            _show(app, path, loading, env, step, tail)
        app.run_forever()


@contextlib.contextmanager
def _serving(path: Path, serving: Serving) -> Iterator[ViewerApp]:
    """A viewer whose address is printed, until the block ends or Ctrl-C."""
    with held_interrupts():
        from replay_viewer.viewer.app import ViewerApp
        from replay_viewer.viewer.settings import Settings

    name, settings = _name_of(path), Settings(shadows=not serving.no_shadows)
    with (
        ViewerApp(host=serving.host, port=serving.port, title=name, settings=settings) as app,
        contextlib.suppress(KeyboardInterrupt),
    ):
        if app.port != serving.port != 0:
            print(f"Port {serving.port} is taken; {app.port} is used instead.")
        print(f"{printable(name)} at {app.url} (Ctrl-C stops)", flush=True)
        if serving.open:
            _open_browser(app.url)
        yield app


def _show(
    app: ViewerApp,
    path: Path,
    loading: Loading,
    env: int | None = None,
    step: int | None = None,
    tail: bool = False,
    check: Callable[[], object] = tuple,
) -> None:
    """Show a recording when it is open. check: raises where a recording that is waited for will never come."""
    if tail:
        _wait_for_first_step(path, app, check)
    with held_interrupts():
        importlib.import_module("replay_viewer.viewer.shown_replay")
    request = _request(path, loading)
    replay = request.open(app.tell_opening(request.name))
    env_index = 0 if env is None else replay.rollout.env_index(env)
    tell = partial(_tell, path)
    app.show(replay, env_index=env_index, step=_checked(step, replay), tail=tail, tell=tell, request=request)
    if app.session.is_left_behind:
        tell("it is still being written; --tail follows it")


def _name_of(path: Path) -> str:
    """What to call it; "." and ".." have no name of their own."""
    return path.name if path.name not in ("", "..") else path.resolve().name or str(path)


def _is_list(path: Path, tail: bool) -> bool:
    """Whether the page is to let choose; a recording that is about to be made may be a folder without anything yet."""
    from replay_viewer.formats.find import is_folder_of_recordings

    return not tail and is_folder_of_recordings(path)


def _refuse_options_of_one(path: Path, env: int | None, step: int | None) -> None:
    """Raises BadArgument for options that say something of one recording, where many can be chosen from."""
    for option, value in (("--env", env), ("--step", step)):
        if value is not None:
            raise BadArgument(option, value, f"is for one recording, and {path} is a folder of them.")


def _wait_for_first_step(path: Path, app: ViewerApp, check: Callable[[], object]) -> None:
    """Tell on the page and the terminal what is waited for."""
    from replay_viewer.formats import lacks_first_step

    told = ""
    while lack := lacks_first_step(path):
        check()
        if lack != told:
            told = lack
            waiting = f"Waiting for the first step of {printable(path.name)}"
            app.say(waiting, f"{printable(str(path))}: {lack}.")
            print(f"{waiting}: {lack}", flush=True)
        time.sleep(_ARRIVAL_PERIOD)


def _tell(path: Path, message: str) -> None:
    print(f"{printable(path.name)}: {message}", flush=True)


def _check_readable(path: Path, tail: bool) -> None:
    """Say what is wrong with a path before its page is served; everything else needs a look into the file."""
    if tail and path.is_file():
        problem = "only a recording's folder grows, and this is a file; view it without --tail."
        raise BadArgument("--tail", path, problem)
    if not path.exists():
        if tail:
            return
        raise FileProblem(path, "there is no such file.")
    if not os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
        raise FileProblem(path, "cannot be read: permission denied.")


def _checked(step: int | None, replay: Replay) -> int | None:
    last_step = replay.rollout.num_steps - 1
    if step is not None and not 0 <= step <= last_step:
        raise BadArgument("--step", step, f"the recording has steps 0 to {last_step}.")
    return step


def _open_browser(url: str) -> None:
    import webbrowser

    if not webbrowser.open(url):
        print("No web browser found on this machine; open the address yourself.", flush=True)
