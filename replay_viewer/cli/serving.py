"""A viewer as commands open it: its options, the lines about it on the terminal, and the recording that it shows."""

from __future__ import annotations

import contextlib
import importlib
import time
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from replay_viewer.errors import BadArgument, printable
from replay_viewer.replay.comparison import USUAL, Comparison
from replay_viewer.replay.world import open_world, title_of

from .arguments import Flag, Loading, shown_as
from .imports import large_imports

if TYPE_CHECKING:
    from replay_viewer.record.control.address import ControlAddress
    from replay_viewer.replay.replay import Replay
    from replay_viewer.viewer.app import ViewerApp
    from replay_viewer.viewer.opening.opening import OpenRequest
    from replay_viewer.viewer.wire.access import Access

# How often a recording that is not there yet is looked for [s].
_ARRIVAL_PERIOD = 0.1


@dataclass(frozen=True)
class Serving:
    """Where the page is served."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 lets other machines connect, whose browsers need the token in the printed link."""
    port: int = 8080
    """Port to listen on; the next free one is used where it is taken."""
    token: Flag = False
    """Ask for a token on a loopback address too: other users of this machine can connect to it."""
    no_token: Flag = False
    """Let everyone in who can connect."""
    allow_host: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], shown_as("NAME")] = ()
    """A name under which it is reached, besides this machine's own. May be given several times."""
    allow_origin: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], shown_as("https://HOST")] = ()
    """Where the page comes from when a proxy serves it. May be given several times."""
    open: Flag = False
    """Open the page in the web browser."""
    no_shadows: Flag = False
    """Draw without shadows, which is faster in a browser without a GPU."""

    @property
    def access(self) -> Access:
        """Who may come. Raises BadArgument."""
        from replay_viewer.viewer.wire.access import Access

        if self.token and self.no_token:
            raise BadArgument("--token", "and --no-token", "contradict each other.")
        token = True if self.token else False if self.no_token else None
        return Access.make(self.host, token=token, allow_hosts=self.allow_host, allow_origins=self.allow_origin)


ServingOptions = Annotated[Serving, tyro.conf.OmitArgPrefixes]
DEFAULT_SERVING = Serving()


class ServedPage:
    """A viewer that serves its page, and is told of on the terminal once there is something to see.

    Attributes:
        app: the viewer.
    """

    def __init__(self, app: ViewerApp, name: str, serving: Serving) -> None:
        self.app, self._name, self._serving = app, name, serving

    def announce(self) -> None:
        """Print its address, and open it if that is asked for."""
        asked = self._serving.port
        # Port 0 asks for any that is free.
        if asked not in (0, self.app.port):
            print(f"Port {asked} is taken; {self.app.port} is used instead.")
        print(f"{printable(self._name)} at {self.app.url} (Ctrl-C stops)", flush=True)
        for line in self.app.lines_on_sharing:
            print(line, flush=True)
        if self._serving.open and not webbrowser.open(self.app.url):
            print("No web browser found on this machine; open the address yourself.", flush=True)


@contextlib.contextmanager
def served_page(paths: Sequence[Path], serving: Serving, control: ControlAddress | None = None) -> Iterator[ServedPage]:
    """A page that is served until the block ends or Ctrl-C.

    Args:
        paths: what it is opened for, by whose names it is called.
        serving: where the page is served.
        control: where the policy of a run that is followed is controlled, if not beside its recording.
    """
    with large_imports():
        from replay_viewer.viewer.app import ViewerApp
        from replay_viewer.viewer.settings import Settings

    name, settings, access = (
        title_of([*map(_name_of, paths)]),
        Settings(shadows=not serving.no_shadows, control=control),
        serving.access,
    )
    with (
        ViewerApp(access=access, port=serving.port, title=name, settings=settings) as app,
        # Not around what is above: an interrupt there leaves no block to end.
        contextlib.suppress(KeyboardInterrupt),
    ):
        yield ServedPage(app, name, serving)


def show(
    page: ServedPage,
    paths: Sequence[Path],
    loading: Loading,
    *,
    env: int | None = None,
    step: int | None = None,
    tail: bool = False,
    comparison: Comparison = USUAL,
    check: Callable[[], object] | None = None,
) -> None:
    """Open recordings, announce the page and show them there; what is wrong with them is told first.

    Args:
        page: where to show them.
        paths: of one recording, or of several that are shown in one scene, of which the first leads.
        loading: how to read them.
        env: the env to begin with, of each, by its index in the simulator; None for the first one.
        step: the lead's step to begin at; None for the first one, or with `tail` for the newest.
        tail: wait for the lead's first step, and follow it while it is written.
        comparison: how several of them are put into one scene.
        check: raises where a recording that is waited for will never come.
    """
    is_announced = tail and _wait_for_first_step(paths[0], page, check)
    with large_imports():
        importlib.import_module("replay_viewer.viewer.shown_replay")
    app, requests = page.app, {str(path): open_request(path, loading) for path in paths}

    def open_one(path: str | Path) -> Replay:
        request = requests[str(path)]
        return request.open(app.tell_opening(request.name))

    def tell_of_end(line: str) -> None:
        tell(paths[0], line)

    with contextlib.ExitStack() as opened:
        world = comparison.of(open_world(paths, open_one, opened, env))
        last_step = world.lead.replay.rollout.num_steps - 1
        if step is not None and not 0 <= step <= last_step:
            raise BadArgument("--step", step, f"the recording has steps 0 to {last_step}.")
        opened.pop_all()  # The viewer closes them.
    if not is_announced:
        page.announce()
    # Another robot is seen on one recording; several are as if they were in memory.
    title, request = (world.title, None) if world.others else (None, requests[str(paths[0])])
    known = list(requests.values())
    app.show(world, title=title, step=step, tail=tail, tell=tell_of_end, request=request, known=known)
    if app.session.is_left_behind:
        tell(paths[0], "it is still being written; --tail follows it")


def open_request(path: Path, loading: Loading) -> OpenRequest:
    """A recording, or a folder of them, as the viewer opens it."""
    from replay_viewer.viewer.opening.opening import OpenRequest

    return OpenRequest(path, loading.find_urdf(), loading.package_dir, loading.options)


def tell(path: Path, line: str) -> None:
    """Print a line about a recording."""
    print(f"{printable(_name_of(path))}: {line}", flush=True)


def _name_of(path: Path) -> str:
    """What to call it; "." and ".." have no name of their own."""
    if path.name in ("", ".."):
        return path.resolve().name or str(path)
    return path.name


def _wait_for_first_step(path: Path, page: ServedPage, check: Callable[[], object] | None) -> bool:
    """Announce the page and tell there and on the terminal what is waited for; False where nothing had to be."""
    from replay_viewer.formats import lacks_first_step

    waiting, told = f"Waiting for the first step of {printable(path.name)}", ""
    while lack := lacks_first_step(path):
        if check is not None:
            check()
        if not told:
            page.announce()
        if lack != told:
            told = lack
            page.app.say(waiting, f"{printable(str(path))}: {lack}.")
            print(f"{waiting}: {lack}", flush=True)
        time.sleep(_ARRIVAL_PERIOD)
    return bool(told)
