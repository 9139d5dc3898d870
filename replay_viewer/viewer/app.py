"""The viewer put together: one server, one session, one thread that owns both."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import viser

from ..errors import ReplayError, printable
from .actions import session_actions
from .browsers import Browsers
from .clock import Beat, Upkeep
from .keys import KEYS
from .mailbox import Action, Mailbox
from .page_bridge import PageAction, PageBridge
from .panels.curves import CurvesPanel
from .panels.help import HelpPanel
from .panels.recording import RecordingPanel, doubts
from .panels.rewards import RewardsPanel
from .panels.selection import SelectionPanel
from .panels.timeline import TimelinePanel
from .rendering import Rendering
from .scene import Scene, add_sky
from .server import close_server, open_server
from .session import Session
from .tail import Tail
from .waiting import waiting_html

# Kinematics and meshes take a second to import, and the page is served before them.
if TYPE_CHECKING:
    from ..replay import Replay

FRAME_RATE = 60
# Numbers that change faster cannot be read, and cost the page's main thread.
_PANEL_RATE = 12
# While a recording is written, what sends all of itself takes in the new steps so often: charts, lists.
_LIST_RATE = 4
_PANEL_WIDTH = 350

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
    ) -> None:
        """Open the server.

        Args:
            host: address to listen on.
            port: the first free one from here on is taken; see `port`.
            title: what the page says it opens, and then shows.
            shadows: whether the light casts shadows at first; browsers without a GPU draw faster without.
            folder: where videos that browsers ask for are written; None for the current folder.

        Raises:
            HostProblem: if this machine cannot listen there.
        """
        self._host = host
        self._title = title = printable(title)
        self._shadows = shadows
        self._folder = folder or Path.cwd()
        self._server = open_server(host, port, title)
        self._server.gui.configure_theme(show_logo=False, show_share_button=False, brand_color=(37, 99, 235))
        add_sky(self._server)
        self._server.gui.main_panel.dock_right()
        self._server.gui.main_panel.set_width(_PANEL_WIDTH)
        self._waiting = self._server.gui.add_html(waiting_html(f"Opening {title} ..."))
        self._mailbox = Mailbox()
        self._drawn: tuple[float, int, bool] | None = None
        self._told = self._last_problem = ""
        self._tell: Callable[[str], object] = str
        self._failure: BaseException | None = None
        self._stopping = threading.Event()
        self._owner = threading.Thread(target=self._run, name="replay-viewer", daemon=True)

    def say(self, text: str, detail: str = "") -> None:
        """Tell on the page what it waits for, until `show`."""
        # A new one: of a handle that is removed later, viser would send changes to every later browser.
        self._waiting.remove()
        self._waiting = self._server.gui.add_html(waiting_html(text, detail))

    def show(
        self,
        replay: Replay,
        *,
        env_index: int = 0,
        step: int | None = None,
        tail: bool = False,
        tell: Callable[[str], object] = str,
    ) -> None:
        """Show a replay, once in the life of a viewer; its first frame is ready when this returns.

        Args:
            replay: what to show.
            env_index: env shown first, as a position in the recording.
            step: step shown first; None for the first one, or with `tail` for the newest.
            tail: follow the recording, a folder, while another process writes it.
            tell: called, on the viewer's thread, with a line about how that ended.
        """
        self._tell = tell
        self.session = Session(replay, env_index, step, Tail(replay) if tail else None)
        self._waiting.remove()
        self._build()
        self._owner.start()

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
        while self._owner.is_alive():
            self._owner.join(timeout=0.5)
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Stop the owner thread and the server."""
        self._stopping.set()
        self._mailbox.post(lambda: None)
        if self._owner.ident is not None:  # Something was shown.
            self._rendering.close()
            self._owner.join(timeout=5)
        close_server(self._server)

    def __enter__(self) -> ViewerApp:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- composition ----------------------------------------------------------

    def _build(self) -> None:
        server, session = self._server, self.session
        self._scene = Scene(server, session.replay, shadows=self._shadows)
        self._browsers = Browsers(session, shadows=self._shadows)
        self._build_panels()
        self._register_keys()
        self._browsers.welcome(server, self._mailbox, self._timeline)
        self._sync_panels()
        self._draw()

    def _build_panels(self) -> None:
        gui, session = self._server.gui, self.session
        number = doubts(session.replay.verdicts)
        tabs = gui.add_tab_group()
        with tabs.add_tab("Replay"):
            self._selection = SelectionPanel(gui, self._mailbox, session)
            self._rewards = RewardsPanel(gui)
            self._curves = CurvesPanel(gui, session)
        with tabs.add_tab(f"Recording ({number})" if number else "Recording"):
            self._recording = RecordingPanel(gui, session.replay)
        with tabs.add_tab("Render"):
            self._rendering = Rendering(gui, self._mailbox, session, self._browsers, self._folder)
        with tabs.add_tab("Keys"):
            HelpPanel(gui)
        self._actions = {**session_actions(session), **self._browsers.actions, **self._rendering.actions}
        page = PageBridge(self._server, self._mailbox, self._actions)
        self._timeline = TimelinePanel(page, session, self._title, self._curves.chart_ids)

    def _register_keys(self) -> None:
        for key in KEYS:
            command = self._server.gui.add_command(key.description, hotkey=cast(Any, key.hotkey))
            self._on_trigger(command, self._actions[key.action])

    def _on_trigger(self, command: viser.CommandHandle, action: PageAction) -> None:
        @command.on_trigger
        async def _(event: Any) -> None:
            if event.client is not None:
                self._mailbox.post(action, None, event.client.client_id)

    # -- the owner thread -----------------------------------------------------

    def _run(self) -> None:
        try:
            self._loop()
        except BaseException as error:
            self._failure = error

    def _loop(self) -> None:
        beat, panels, lists = Beat(FRAME_RATE), Upkeep(_PANEL_RATE), Upkeep(_LIST_RATE)
        while not self._stopping.is_set():
            idle = 0.0
            if not self.session.animating:
                self._mailbox.wait(_least(self.session.seconds_to_poll, panels.seconds_left, lists.seconds_left))
                idle = beat.restart()
            elapsed = beat.wait()
            acted = self._run_posted()
            grew = self.session.poll(idle + elapsed)
            panels.tick(idle + elapsed, acted or grew or self.session.animating)
            lists.tick(idle + elapsed, grew)
            self.session.tick(elapsed)
            self._guarded(self._draw)
            # The robot first: numbers may come a moment later.
            self._server.flush()
            if acted or panels.is_due or lists.is_due:
                takes_growth = acted or lists.is_due
                self._guarded(self._sync_panels, takes_growth)
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
            self._browsers.notify("This did not work", str(error))
        except Exception:
            _log.exception("an action of the viewer failed")

    def _guarded(self, show: Action, *arguments: Any) -> None:
        """Show something; a recording that cannot be read any more must not end the viewer."""
        try:
            show(*arguments)
        except ReplayError as error:
            self.session.pause()
            if str(error) != self._last_problem:
                self._last_problem = str(error)
                self._browsers.notify("This cannot be shown", str(error))

    def _draw(self) -> None:
        """Send the frame at the position, if it is not the one shown."""
        shown = (self.session.player.position, self.session.env_index, self.session.looks_ahead)
        if shown == self._drawn:
            return
        self._drawn = shown
        frame = self.session.frame
        with self._server.atomic():
            self._scene.show(frame, self._browsers.subject.origin)

    def _sync_panels(self, takes_growth: bool = True) -> None:
        """Bring every panel to the session's state; one-way.

        takes_growth: also those that send all of themselves when a recording that is written has got more.
        """
        self._timeline.sync([view.client for view in self._browsers.views.values()])
        self._tell_of_end()
        self._selection.sync(self.session, takes_growth)
        self._rewards.sync(self.session)
        self._curves.sync(self.session, takes_growth)
        self._rendering.sync()
        if takes_growth and self.session.tail is not None and self.session.tail.state != "lost":
            self._recording.sync(self.session.replay)

    def _tell_of_end(self) -> None:
        """Say once how it ended that the recording was written."""
        tail = self.session.tail
        if tail is not None and not tail.is_written and tail.message != self._told:
            self._told = tail.message
            self._tell(tail.message)
            if tail.state == "lost":
                self._browsers.notify("It cannot be followed any more", tail.message[0].upper() + tail.message[1:])


def _least(*seconds: float | None) -> float | None:
    return min((s for s in seconds if s is not None), default=None)
