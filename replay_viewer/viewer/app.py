"""The viewer put together: one server, one replay after the other, one thread that owns both."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import viser

from ..errors import ReplayError, printable
from .browser.view import notify
from .loop import Beat, Upkeep
from .notices import Busy, waiting_html
from .opening.files import Files
from .opening.opening import Order
from .opening.uploads import UPLOAD_PATH, Uploads
from .session import Session
from .tail import Tail
from .wire.mailbox import Action, Mailbox
from .wire.page_bridge import PageBridge
from .wire.server import close_server, open_server

# Kinematics and meshes take a second to import, and the page is served before them.
if TYPE_CHECKING:
    from ..replay.replay import Replay
    from .layers import Layer
    from .shown_replay import Stage

FRAME_RATE = 60
# Numbers that change faster cannot be read, and cost the page's main thread.
_PANEL_RATE = 12
# While a recording is written, what sends all of itself takes in the new steps so often: charts, lists.
_LIST_RATE = 4
_PANEL_WIDTH = 350
# How often a page that waits is told how far it is [s].
_TELL_PERIOD = 0.2

_log = logging.getLogger(__name__)


class ViewerApp:
    """A replay at http://host:port, for any number of browsers.

    The page is served from the start, so that a browser loads it while the recording and its robots are still opened.

    Example:
        with ViewerApp() as app:
            app.show(open_replay("run.rec"))
            app.run_forever()
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 8080,
        title: str = "replay-viewer",
        shadows: bool = True,
        folder: Path | None = None,
        layers: Sequence[Layer] = (),
    ) -> None:
        """Open the server.

        Args:
            host: address to listen on.
            port: the first free one from here on is taken; see `port`.
            title: what the page says it opens.
            shadows: whether the light casts shadows at first; browsers without a GPU draw faster without.
            folder: where videos that browsers ask for are written; None for the current folder.
            layers: what a user adds to the 3D view, of every replay that is shown.

        Raises:
            HostProblem: if this machine cannot listen there.
        """
        self._host = host
        self._title = title = printable(title)
        self._shadows = shadows
        self._folder, self._layers = folder or Path.cwd(), layers
        self._overlays: set[str] = set()
        uploads = Uploads()
        self._server = open_server(host, port, title, {UPLOAD_PATH: uploads.receive})
        self._server.gui.configure_theme(show_logo=False, show_share_button=False, brand_color=(37, 99, 235))
        self._server.gui.main_panel.dock_right()
        self._server.gui.main_panel.set_width(_PANEL_WIDTH)
        self._waiting: viser.GuiHtmlHandle | None = None
        self.say(f"Opening {title} ...")
        self._mailbox = Mailbox()
        self._page = PageBridge(self._server, self._mailbox)
        self._clients: dict[int, viser.ClientHandle] = {}
        self._busy = Busy(self._page, self._clients)
        self._files = Files(uploads, self._mailbox, self._page, self._clients, self._busy, self._show_opened)
        self._page.set_lasting_actions(self._files.actions)
        self._stage: Stage | None = None
        self._last_problem = ""
        self._failure: BaseException | None = None
        self._stopping = threading.Event()
        # After Ctrl-C inside of Thread.join, some versions of Python take the thread for ended (see bpo-45274).
        self._ended = threading.Event()
        self._listen()
        self._owner = threading.Thread(target=self._run, name="replay-viewer", daemon=True)
        self._owner.start()

    def say(self, text: str, detail: str = "", *, waits: bool = True) -> None:
        """Tell on the page what it waits for, or with `waits=False` what it shows, until `show`."""
        # A new one: of a handle that is removed later, viser would send changes to every later browser.
        self._stop_waiting()
        self._waiting = self._server.gui.add_html(waiting_html(text, detail, waits))

    def tell_opening(self, name: str) -> Callable[[str, int, int], None]:
        """Tells on the page how far the opening of a recording is, until `show`: the `progress` of `open_replay`."""
        told_at = [0.0]

        def progress(doing: str, done: int, total: int) -> None:
            if time.monotonic() - told_at[0] >= _TELL_PERIOD:
                told_at[0] = time.monotonic()
                self.say(f"Opening {printable(name)} ...", f"{doing}: {done} of {total}" if total else doing)

        return progress

    def browse(self, how: Order) -> None:
        """Let the page choose from the recordings of a folder, before or while something is shown.

        how: how each of them is opened; its path is the folder's.
        """
        if self._stage is None:
            self.say(
                "Choose a recording",
                "A click in the list opens one. So does a file that is dropped into this page.",
                waits=False,
            )
        self._mailbox.post(self._files.list_folder, how)

    def show(
        self,
        replay: Replay,
        *,
        title: str | None = None,
        env_index: int = 0,
        step: int | None = None,
        tail: bool = False,
        tell: Callable[[str], object] = str,
        order: Order | None = None,
    ) -> None:
        """Show a replay in the place of the one shown, which is closed; its first frame is ready when this returns.

        Not for the viewer's own thread.

        Args:
            replay: what to show; the viewer closes it when it shows another one or ends.
            title: what the page calls it; None for what it was opened with.
            env_index: env shown first, as a position in the recording.
            step: step shown first; None for the first one, or with `tail` for the newest.
            tail: follow the recording, a folder, while another process writes it.
            tell: called, on the viewer's thread, with a line about how that ended.
            order: how it was opened, so that it can be opened again with another robot; None for what is in memory.

        Raises:
            ReplayError: if the replay cannot be shown; then the one before is, if there was one.
        """
        session = Session(replay, env_index, step, Tail(replay) if tail else None)
        shown: Future[None] = Future()
        make = self._stage_of(session, self._title if title is None else title, tell)
        self._mailbox.post(self._change_stage, make, shown, order)
        while not shown.done() and not self._ended.wait(0.01):
            pass
        if shown.done():
            shown.result()

    @property
    def session(self) -> Session:
        """What is watched."""
        assert self._stage is not None, "a replay is shown"
        return self._stage.session

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._server.get_port()

    @property
    def url(self) -> str:
        """Where to point a browser on this machine."""
        host = "localhost" if self._host in ("0.0.0.0", "127.0.0.1", "::") else self._host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def run_forever(self) -> None:
        """Serve until interrupted. What ends the owner thread is raised here: a viewer must not die in silence."""
        while not self._ended.wait(0.5):
            pass
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Stop the owner thread and the server."""
        self._stopping.set()
        self._mailbox.post(lambda: None)
        self._ended.wait(5)
        if self._stage is not None:
            self._stage.stop_jobs()
        close_server(self._server)
        self._files.close()

    def __enter__(self) -> ViewerApp:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- one replay after the other -------------------------------------------

    def _stage_of(self, session: Session, title: str, tell: Callable[[str], object]) -> Callable[[], Stage]:
        """Makes the stage of a session."""
        from .shown_replay import Stage

        return partial(
            Stage,
            self._server,
            self._mailbox,
            self._page,
            self._clients,
            self._busy,
            session,
            printable(title),
            shadows=self._shadows,
            folder=self._folder,
            tell=tell,
            layers=self._layers,
            overlays=self._overlays,
        )

    def _show_opened(self, replay: Replay, order: Order) -> None:
        """Show what somebody opened in the page, and follow it if it is being written.

        The same recording, with another robot, is shown at the same step.
        """
        before, growth = self._stage, replay.rollout.growth
        tail = Tail(replay) if growth is not None and growth.is_held else None
        if before is not None and before.session.replay.rollout.path == order.path:
            session = Session(replay, before.session.env_index, before.session.player.step, tail)
        else:
            session = Session(replay, tail=tail)
        shown: Future[None] = Future()
        self._change_stage(self._stage_of(session, order.name, str), shown, order)
        shown.result()

    def _change_stage(self, make: Callable[[], Stage], shown: Future[None], order: Order | None) -> None:
        """Show another replay in the place of the one shown; if that fails, `shown` has why, and that one stays."""
        before, self._stage = self._stage, None
        if before is not None:
            # In a panel without anything viser says "Drop a panel here".
            self.say("Showing another recording ...")
            before.close()
        try:
            self._stage = make()
        except BaseException as error:
            shown.set_exception(error)
            if before is not None:
                self._stage = before.anew()
                self._stop_waiting()
            return
        self._stop_waiting()
        if before is not None:
            before.session.replay.close()
        self._server.gui.set_panel_label(self._stage.title)
        self._files.shown(self._stage.session.replay, order)
        shown.set_result(None)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.remove()
            self._waiting = None

    def _listen(self) -> None:
        """Have the owner told of every browser that comes and goes."""

        # Coroutines, which viser runs in order; plain functions run on a pool of threads.
        async def connected(client: viser.ClientHandle) -> None:
            self._mailbox.post(self._greet, client)

        async def disconnected(client: viser.ClientHandle) -> None:
            self._mailbox.post(self._forget, client.client_id)

        self._server.on_client_connect(connected)
        self._server.on_client_disconnect(disconnected)

    def _greet(self, client: viser.ClientHandle) -> None:
        self._clients[client.client_id] = client
        self._page.open(client)
        self._busy.greet(client)
        self._files.greet(client)
        if self._stage is not None:
            self._stage.browsers.greet(client)

    def _forget(self, client_id: int) -> None:
        self._clients.pop(client_id, None)
        if self._stage is not None:
            self._stage.browsers.forget(client_id)

    # -- the owner thread -----------------------------------------------------

    def _run(self) -> None:
        try:
            self._loop()
        except BaseException as error:
            self._failure = error
        finally:
            self._ended.set()

    def _loop(self) -> None:
        beat, panels, lists = Beat(FRAME_RATE), Upkeep(_PANEL_RATE), Upkeep(_LIST_RATE)
        while not self._stopping.is_set():
            stage = self._stage
            if stage is None:
                self._mailbox.wait(None)
                self._run_posted()
                beat.restart()
                continue
            idle = 0.0
            if not stage.session.animating:
                self._mailbox.wait(_least(stage.session.seconds_to_poll, panels.seconds_left, lists.seconds_left))
                idle = beat.restart()
            elapsed = beat.wait()
            acted = self._run_posted()
            if self._stage is not stage:
                continue
            grew = stage.session.poll(idle + elapsed)
            panels.tick(idle + elapsed, acted or grew or stage.session.animating)
            lists.tick(idle + elapsed, grew)
            stage.session.tick(elapsed)
            self._guarded(stage, stage.draw)
            # The robot first: numbers may come a moment later.
            self._server.flush()
            if acted or panels.is_due or lists.is_due:
                takes_growth = acted or lists.is_due
                self._guarded(stage, stage.sync_panels, takes_growth)
                self._server.flush()
                panels.done()
                if takes_growth:
                    lists.done()

    def _run_posted(self) -> bool:
        posted = self._mailbox.take()
        for action, arguments in posted:
            self._run_one(action, arguments)
        return bool(posted)

    def _run_one(self, action: Action, arguments: tuple[Any, ...]) -> None:
        """Run one action; what it raises must not end the viewer for everybody."""
        try:
            action(*arguments)
        except ReplayError as error:
            self.notify("This did not work", str(error))
        except Exception:
            _log.exception("an action of the viewer failed")

    def _guarded(self, stage: Stage, show: Action, *arguments: Any) -> None:
        """Show something; a recording that cannot be read any more must not end the viewer."""
        try:
            show(*arguments)
        except ReplayError as error:
            stage.session.pause()
            if str(error) != self._last_problem:
                self._last_problem = str(error)
                self.notify("This cannot be shown", str(error))

    def notify(self, title: str, problem: str) -> None:
        """Tell every browser of a problem."""
        for client in list(self._clients.values()):
            notify(client, title, problem)


def _least(*seconds: float | None) -> float | None:
    return min((s for s in seconds if s is not None), default=None)
