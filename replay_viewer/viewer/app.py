"""The viewer put together: one server, one replay after the other, one thread that owns both."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import viser

from ..errors import ReplayError, printable
from ..replay.take import Take
from ..replay.world import World
from .comparing import Comparing, Row
from .episodes.table import EpisodeTable
from .listeners import StepListener, StepListeners
from .loop import Beat, Upkeep
from .opening.files import Files
from .opening.opening import OpenRequest
from .opening.openings import Opened
from .opening.place import Place
from .opening.uploads import UPLOAD_PATH, Uploads
from .session import Session
from .settings import Settings
from .tail import Tail
from .wire.access import Access
from .wire.addresses import Host
from .wire.machine import name_here, names_elsewhere
from .wire.mailbox import Action
from .wire.notices import waiting_html
from .wire.page import Page

# Kinematics and meshes take a second to import, and the page is served before them.
if TYPE_CHECKING:
    from ..replay.replay import Replay
    from .shown_replay import ShownReplay

FRAME_RATE = 60
# Numbers that change faster cannot be read, and cost the page's main thread.
_PANEL_RATE = 12
# While a recording is written, what sends all of itself takes in the new steps so often: charts, lists.
_LIST_RATE = 4
# How often a page that waits is told how far it is [s].
_TELL_PERIOD = 0.2

_WARNING = "Warning: whoever has this link can see and control it, and it is sent unencrypted; ssh -L is safer."
_WARNING_WITHOUT_TOKEN = (
    "Warning: it has no token: everyone who reaches it can see and control it, open recordings and send files."
)

_log = logging.getLogger(__name__)


class ViewerApp:
    """A replay at http://host:port, for any number of browsers.

    The page is served from the start, so that a browser loads it while the recording and its robots are still opened.

    Example:
        with ViewerApp() as app:
            app.show(world_of([open_replay("run.rec")]))
            app.run_forever()
    """

    def __init__(
        self,
        *,
        access: Access | None = None,
        port: int = 8080,
        title: str = "replay-viewer",
        settings: Settings | None = None,
    ) -> None:
        """Open the server.

        Args:
            access: at which address to listen, and who may come; None for this machine alone.
            port: the first free one from here on is taken; see `port`.
            title: what the page says it opens.
            settings: how replays are shown; None for the usual.

        Raises:
            HostProblem: if this machine cannot listen there.
        """
        self._access = access or Access()
        self._title = printable(title)
        self._settings = settings or Settings()
        uploads = Uploads()
        self._page = Page(self._access, port, self._title, {UPLOAD_PATH: uploads.receive})
        self._waiting: viser.GuiHtmlHandle | None = None
        self.say(f"Opening {self._title} ...")
        self._table = EpisodeTable(self._page, self._go_to_episode, self._compare_rows, uploads.has)
        self._files = Files(self._page, uploads, self._table.stock, self._show_opened, self._go)
        self._comparing = Comparing(self._files, self._watched, self._regroup, self._go, self._tell)
        lasting = {**self._files.actions, **self._table.actions, **self._comparing.actions}
        self._page.bridge.set_lasting_actions(lasting)
        self._shown: ShownReplay | None = None
        self._own: list[Replay] = []
        self._listeners = StepListeners(self._page.notify)
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
        self._waiting = self._page.gui.add_html(waiting_html(text, detail, waits))

    def tell_opening(self, name: str) -> Callable[[str, int, int], None]:
        """Tells on the page how far the opening of a recording is, until `show`: the `progress` of `open_replay`."""
        told_at = 0.0

        def progress(doing: str, done: int, total: int) -> None:
            nonlocal told_at
            if time.monotonic() - told_at >= _TELL_PERIOD:
                told_at = time.monotonic()
                self.say(f"Opening {printable(name)} ...", f"{doing}: {done} of {total}" if total else doing)

        return progress

    def browse(self, how: OpenRequest) -> None:
        """Let the page choose from the recordings of a folder, before or while something is shown.

        how: how each of them is opened; its path is the folder's.
        """
        if self._shown is None:
            self.say(
                "Choose a recording",
                "A click in the list opens one. So does a file that is dropped into this page.",
                waits=False,
            )
        self._page.post(self._files.list_folder, how)

    def show(
        self,
        world: World,
        *,
        title: str | None = None,
        step: int | None = None,
        tail: bool = False,
        tell: Callable[[str], object] | None = None,
        request: OpenRequest | None = None,
        known: Sequence[OpenRequest] = (),
        closes: bool = True,
    ) -> None:
        """Show a world in the place of the one shown; its first frame is ready when this returns.

        Not for the viewer's own thread.

        Args:
            world: what to show.
            title: what the page calls it; None for what it was opened with.
            step: step shown first; None for the lead's start, or with `tail` for the newest.
            tail: follow the lead's recording, a folder, while another process writes it.
            tell: called, on the viewer's thread, with a line about how that ended.
            request: how it was opened, so that it can be opened again with another robot; None for what is in memory.
            known: how several were opened, so that each can be opened again when it was taken away.
            closes: the viewer closes the recordings when it does not show them any more.

        Raises:
            ReplayError: if the replay cannot be shown; then the one before is, if there was one.
        """
        if threading.current_thread() is self._owner:
            raise RuntimeError("a callback of the viewer cannot have it show something else")
        session = Session(world, step, Tail(world.lead.replay) if tail else None, _tails_beside(world) if tail else ())
        done: Future[None] = Future()
        make = self._maker_of(session, self._title if title is None else title, tell)
        self._page.post(self._files.known.note, *known)
        self._page.post(self._change, make, done, request, world.replays if closes else ())
        if self._is_done(done):
            done.result()

    def ask(self, action: Callable[[ShownReplay], None]) -> None:
        """Have the viewer's thread do something with what is shown; it is done when this returns. From any thread.

        Raises ReplayError where the viewer is closed or shows nothing, and whatever the action raises.
        """
        if threading.current_thread() is self._owner:
            self._page.post(lambda: None)  # What is done in a callback is to be drawn, too.
            return self._do(action)
        done: Future[None] = Future()
        self._page.post(self._answer, action, done)
        if not self._is_done(done):
            raise ReplayError("the viewer is closed.")
        return done.result()

    def add_listener(self, listener: StepListener) -> None:
        """Call it with the step that is shown, from the viewer's thread, whenever it is another one."""
        self._page.post(self._listeners.add, listener)

    def notify(self, title: str, problem: str) -> None:
        """Tell every browser of a problem; from any thread."""
        self._page.notify(title, problem)

    @property
    def session(self) -> Session:
        """What is watched."""
        assert self._shown is not None, "a replay is shown"
        return self._shown.session

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._page.server.get_port()

    @property
    def url(self) -> str:
        """Where to point a browser on this machine, with the token if one is asked for."""
        return self._address_at(name_here(self._access.bound_host))

    @property
    def lines_on_sharing(self) -> list[str]:
        """What is told of a viewer that other machines can reach: how they do, and what that means; else nothing."""
        names = names_elsewhere(self._access.bound_host)
        if not names:
            return []
        warning = _WARNING if self._access.token else _WARNING_WITHOUT_TOKEN
        return [*(f"  from other machines: {self._address_at(name)}" for name in names), warning]

    def link(self, page: str) -> str:
        """The address of the page behind a proxy, with the token if one is asked for."""
        return self._access.link(page)

    def run_forever(self) -> None:
        """Serve until interrupted. What ends the owner thread is raised here: a viewer must not die in silence."""
        while not self._ended.wait(0.5):
            pass
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Stop the owner thread and the server."""
        self._stopping.set()
        self._page.post(lambda: None)
        self._ended.wait(5)
        if self._shown is not None:
            self._shown.stop_jobs()
        self._page.close()
        self._files.close()

    def __enter__(self) -> ViewerApp:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _address_at(self, name: str) -> str:
        return self._access.link(f"http://{Host(name, self.port)}")

    def _is_done(self, done: Future[None]) -> bool:
        """Wait for the owner; returns whether it has answered, which it does not once it has ended."""
        while not done.done() and not self._ended.wait(0.01):
            pass
        return done.done()

    def _do(self, action: Callable[[ShownReplay], None]) -> None:
        if self._shown is None:
            raise ReplayError("the viewer shows nothing yet.")
        action(self._shown)

    def _answer(self, action: Callable[[ShownReplay], None], done: Future[None]) -> None:
        try:
            self._do(action)
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    # -- one replay after the other -------------------------------------------

    def _maker_of(
        self, session: Session, title: str, tell: Callable[[str], object] | None = None
    ) -> Callable[[], ShownReplay]:
        """Puts a session on the page, on the owner's thread."""
        from .shown_replay import ShownReplay

        name_of, name = self._files.known.name_of, printable(title)
        return partial(ShownReplay, self._page, session, self._table, name, self._settings, name_of, tell)

    def _show_opened(self, replay: Replay, request: OpenRequest) -> None:
        """Show what somebody opened in the page, and follow it if it is being written.

        The same recording, with another robot, is shown at the same step.
        """
        before, growth = self._shown, replay.rollout.growth
        tail = Tail(replay) if growth is not None and growth.is_held else None
        if before is not None and before.session.replay.rollout.path == request.path:
            session = Session(World(Take(replay, before.session.env_index)), before.session.player.step, tail)
        else:
            session = Session(World(Take(replay)), tail=tail)
        done: Future[None] = Future()
        self._change(self._maker_of(session, request.name), done, request, [replay])
        done.result()

    def _regroup(self, world: World, position: float, opened: Sequence[Opened]) -> None:
        """Show a world in the place of the one shown, at a position of its lead. Raises what hinders that.

        opened: what was opened for it.
        """
        before = self._watched()
        self._files.known.note(*(each.request for each in opened))
        session = Session(world, position) if before is None else before.regrouped(world, position)
        lead = world.lead.replay.rollout
        request = None if world.others or lead.path is None else self._files.known.request_for(lead.path)
        title = world.title if world.others else self._files.known.name_of(lead)
        done: Future[None] = Future()
        self._change(self._maker_of(session, title), done, request, [each.replay for each in opened])
        done.result()

    def _watched(self) -> Session | None:
        return None if self._shown is None else self._shown.session

    def _tell(self, client_id: int, changes: Mapping[str, Any]) -> None:
        client = self._page.clients.get(client_id)
        if client is not None:
            self._page.bridge.update(client, changes)

    def _go(self, place: Place, client_id: int) -> None:
        """Go to a place in what is shown. Raises ReplayError where it has none such."""
        if self._shown is not None:
            self._shown.go(place, client_id)

    def _compare_rows(self, rows: Sequence[tuple[Path | None, int | None, int | None]], client_id: int) -> None:
        self._comparing.compare_rows([Row(*row) for row in rows], client_id)

    def _go_to_episode(self, path: Path | None, env_id: int, step: int, client_id: int) -> None:
        is_beside = path is not None and self._comparing.lead_recording(path, env_id)
        self._files.go_to(None if is_beside else path, Place(env=env_id, step=step), client_id)

    def _change(
        self, make: Callable[[], ShownReplay], done: Future[None], request: OpenRequest | None, own: Sequence[Replay]
    ) -> None:
        """Show another replay in the place of the one shown; if that fails, `done` has why, and that one stays.

        own: those that the viewer closes when it does not show them any more.
        """
        before, self._shown = self._shown, None
        if before is not None:
            # In a panel without anything viser says "Drop a panel here".
            self.say("Showing another recording ...")
            before.close()
        try:
            self._shown = make()
        except BaseException as error:
            done.set_exception(error)
            if before is not None:
                self._shown = before.anew()
                self._stop_waiting()
            return
        self._stop_waiting()
        self._close_others(own)
        self._page.gui.set_panel_label(self._shown.title)
        self._files.shown(self._shown.session.world, request)
        done.set_result(None)

    def _close_others(self, own: Sequence[Replay]) -> None:
        """Close what is not shown any more, of what was the viewer's own."""
        shown = {id(replay) for replay in self.session.world.replays}
        owned = {id(replay): replay for replay in (*self._own, *own)}
        for key, replay in owned.items():
            if key not in shown:
                replay.close()
        self._own = [replay for key, replay in owned.items() if key in shown]

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.remove()
            self._waiting = None

    def _listen(self) -> None:
        """Have the owner told of every browser that comes and goes."""

        # Coroutines, which viser runs in order; plain functions run on a pool of threads.
        async def connected(client: viser.ClientHandle) -> None:
            self._page.post(self._greet, client)

        async def disconnected(client: viser.ClientHandle) -> None:
            self._page.post(self._forget, client.client_id)

        self._page.server.on_client_connect(connected)
        self._page.server.on_client_disconnect(disconnected)

    def _greet(self, client: viser.ClientHandle) -> None:
        self._page.greet(client)
        self._files.greet(client)
        self._table.greet(client.client_id)
        if self._shown is not None:
            self._shown.greet(client)

    def _forget(self, client_id: int) -> None:
        self._page.forget(client_id)
        self._table.forget(client_id)
        if self._shown is not None:
            self._shown.forget(client_id)

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
            shown = self._shown
            if shown is None:
                self._page.mailbox.wait(None)
                self._run_posted()
                beat.restart()
                continue
            idle = 0.0
            if not shown.session.animating:
                self._page.mailbox.wait(_least(shown.session.seconds_to_poll, panels.seconds_left, lists.seconds_left))
                idle = beat.restart()
            elapsed = beat.wait()
            acted = self._run_posted()
            if self._shown is not shown:
                continue
            grew = shown.session.poll(idle + elapsed)
            panels.tick(idle + elapsed, acted or grew or shown.session.animating)
            lists.tick(idle + elapsed, grew)
            shown.session.tick(elapsed)
            self._guarded(shown, shown.draw)
            self._listeners.tell(shown, shown.session.player.step)
            # The robot first: numbers may come a moment later.
            self._page.server.flush()
            if acted or panels.is_due or lists.is_due:
                takes_growth = acted or lists.is_due
                self._guarded(shown, shown.sync_panels, takes_growth)
                self._page.server.flush()
                panels.done()
                if takes_growth:
                    lists.done()

    def _run_posted(self) -> bool:
        posted = self._page.mailbox.take()
        for action, arguments in posted:
            self._run_one(action, arguments)
        return bool(posted)

    def _run_one(self, action: Action, arguments: tuple[Any, ...]) -> None:
        """Run one action; what it raises must not end the viewer for everybody."""
        try:
            action(*arguments)
        except ReplayError as error:
            self._page.notify("This did not work", str(error))
        except Exception:
            _log.exception("an action of the viewer failed")

    def _guarded(self, shown: ShownReplay, show: Action, *arguments: Any) -> None:
        """Show something; a recording that cannot be read any more must not end the viewer."""
        try:
            show(*arguments)
        except ReplayError as error:
            shown.session.pause()
            if str(error) != self._last_problem:
                self._last_problem = str(error)
                self._page.notify("This cannot be shown", str(error))


def _tails_beside(world: World) -> list[Tail]:
    """What follows those recordings beside the lead's that are written."""
    replays = [replay for replay in world.replays if replay is not world.lead.replay]
    return [Tail(r) for r in replays if r.rollout.growth is not None and r.rollout.growth.is_held]


def _least(*seconds: float | None) -> float | None:
    return min((s for s in seconds if s is not None), default=None)
