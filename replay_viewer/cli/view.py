"""The command `view`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import tyro

from replay_viewer.errors import BadArgument, FileProblem
from replay_viewer.paths import asset
from replay_viewer.record.control.address import LOOPBACK, TOKEN_VARIABLE, ControlAddress, parse_address
from replay_viewer.replay.world import check_number

from .arguments import (
    NOTHING_COMPARED,
    NOTHING_STATED,
    ComparingOptions,
    Flag,
    Loading,
    LoadingOptions,
    shown_as,
)
from .imports import large_imports
from .serving import DEFAULT_SERVING, ServedPage, Serving, ServingOptions, open_request, served_page, show, tell


def view(
    path: Annotated[tyro.conf.Positional[Path | None], shown_as("[PATH]")] = None,
    more: Annotated[tyro.conf.Positional[tuple[Path, ...]], shown_as("[PATH ...]")] = (),
    loading: LoadingOptions = NOTHING_STATED,
    serving: ServingOptions = DEFAULT_SERVING,
    env: Annotated[int | None, shown_as("ENV_ID")] = None,
    step: Annotated[int | None, shown_as("STEP")] = None,
    tail: Flag = False,
    control: Annotated[str | None, shown_as("HOST:PORT")] = None,
    comparing: ComparingOptions = NOTHING_COMPARED,
) -> None:
    """Open a recording in the browser, or several in one scene.

    Args:
        path: A recording, or a folder of them; else the bundled demo.
        more: Up to seven recordings that are shown with the first, at the same time since their start.
        loading: How to read it.
        serving: Where the page is served.
        env: The env to begin with, of each recording, by its index in the simulator.
        step: The step to begin at; else the first, or with --tail the newest.
        tail: Follow a recording while it is written, of several the first; it need not exist yet.
        control: Where a followed run on another machine is controlled, as ssh -L leads there; the token comes from
            REPLAY_VIEWER_CONTROL_TOKEN. On the same machine it is found by itself.
        comparing: How several are put into one scene; key C in the page goes on.
    """
    is_demo = path is None and env is None and step is None and not tail
    if path is None:
        path = asset("walk.rec")
    paths = [path, *more]
    check_number(len(paths))
    comparison = comparing.of(len(paths))
    for each in paths:
        _check_readable(each, tail and each is path)
    address = None if control is None else _address_of(control, tail)
    with served_page(paths, serving, address) as page:
        if not tail and not more and _is_folder_of_recordings(path):
            _refuse_options_of_one(path, env, step)
            _browse(page, path, loading)
        else:
            show(page, paths, loading, env=env, step=step, tail=tail, comparison=comparison)
        if is_demo:
            page.app.ask(lambda shown: shown.show_fall())
        page.app.run_forever()


def view_demo(name: str, serving: Serving) -> None:
    """Open a bundled demo, which plays its fall."""
    path = asset(f"{name}.rec")
    with served_page([path], serving) as page:
        show(page, [path], NOTHING_STATED)
        page.app.ask(lambda shown: shown.show_fall())
        page.app.run_forever()


def _address_of(text: str, tail: bool) -> ControlAddress:
    """Where a run is controlled. Raises BadArgument."""
    if not tail:
        raise BadArgument("--control", text, "is for a run that is followed: add --tail.")
    token = os.environ.get(TOKEN_VARIABLE, "")
    address = parse_address(text, token)
    if address is None:
        raise BadArgument("--control", text, f"expected HOST:PORT, such as {LOOPBACK}:5055.")
    if not token:
        raise BadArgument("--control", text, f"needs the token of the run in the environment: {TOKEN_VARIABLE}=...")
    return address


def _browse(page: ServedPage, folder: Path, loading: Loading) -> None:
    """Let the page choose from a folder; one that is empty may be filled while it is looked at."""
    with large_imports():
        from replay_viewer.episodes.record_files import record_files_below
        from replay_viewer.formats.find import has_recordings
        from replay_viewer.formats.table import described
        from replay_viewer.robot import load_robot

    request = open_request(folder, loading)
    if request.urdf is not None:
        load_robot(request.urdf, request.package_dirs)  # What is wrong with it is told before the page is there.
    if not has_recordings(folder) and not record_files_below(folder):
        tell(folder, f"holds no recordings yet; the page lists them as they come: {described()}")
    page.announce()
    page.app.browse(request)


def _check_readable(path: Path, tail: bool) -> None:
    """Say what is wrong with a path before its page is served; everything else needs a look into the file."""
    if tail and path.is_file():
        problem = "only a recording's folder grows, and this is a file; view it without --tail."
        raise BadArgument("--tail", path, problem)
    if tail and not path.exists():
        return
    if not path.exists():
        raise FileProblem(path, "there is no such file.")
    # Who the process acts as counts, where the system can tell that from who has started it.
    if not os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
        raise FileProblem(path, "cannot be read: permission denied.")


def _is_folder_of_recordings(path: Path) -> bool:
    from replay_viewer.formats.find import is_folder_of_recordings

    return is_folder_of_recordings(path)


def _refuse_options_of_one(path: Path, env: int | None, step: int | None) -> None:
    """Raises BadArgument for options that say something of one recording, where many can be chosen from."""
    for option, value in (("--env", env), ("--step", step)):
        if value is not None:
            raise BadArgument(option, value, f"is for one recording, and {path} is a folder of them.")
