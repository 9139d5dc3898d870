"""Everything that is built for one replay: its session, the drawn world, the panels and the keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import viser

from .actions import plot_actions, session_actions
from .browser.browsers import Browsers
from .browser.clicks import Clicks
from .charts.charts import Plots
from .crowd import Crowd
from .keys import KEYS
from .layers import Layer, ShownLayers, overlays_of
from .notices import Busy
from .panels.charts import ChartPanels
from .panels.recording import RecordingPanel, doubts
from .panels.selection import SelectionPanel
from .panels.timeline import TimelinePanel
from .panels.view import CrowdPanel, LayersPanel, LookPanel
from .rendering.rendering import Rendering
from .scene import Scene
from .session import Session
from .wire.mailbox import Mailbox
from .wire.page_bridge import PageAction, PageBridge


class Stage:
    """One replay in a server. Only the owner thread touches it, but for its making.

    Attributes:
        session: what is watched. title: what the page calls it. browsers: those that show it. anew: makes the same
            stage again, once it is closed.
    """

    def __init__(
        self,
        server: viser.ViserServer,
        mailbox: Mailbox,
        page: PageBridge,
        clients: Mapping[int, viser.ClientHandle],
        busy: Busy,
        session: Session,
        title: str,
        *,
        shadows: bool,
        folder: Path,
        tell: Callable[[str], object],
        layers: Sequence[Layer] = (),
        overlays: set[str] | None = None,
    ) -> None:
        """Build everything and show it in every browser that is there.

        Args:
            server: the server, in which nothing else is shown.
            mailbox: what controls post to.
            page: our part of the page.
            clients: the browsers that are there and have our part of the page, by id.
            busy: tells of work that takes a while.
            session: what is watched.
            title: what the page calls it.
            shadows: whether the light casts shadows at first.
            folder: where videos are written.
            tell: called with a line about how the writing of the recording ended.
            layers: what a user adds to the 3D view.
            overlays: names of those that are switched on; kept up to date.
        """
        self.session, self.title = session, title
        facts = {"shadows": shadows, "folder": folder, "tell": tell, "layers": layers, "overlays": overlays}
        self.anew = partial(Stage, server, mailbox, page, clients, busy, session, title, **facts)
        self._server, self._mailbox, self._page, self._busy = server, mailbox, page, busy
        self._tell, self._told = tell, ""
        self._drawn: tuple[float, int, bool, int] | None = None
        self._scene = Scene(server, session.replay, shadows=shadows)
        self.browsers = Browsers(session, shadows=shadows)
        self._layers = ShownLayers(server, overlays_of(session.replay), layers, self.browsers.notify, overlays)
        self._crowd = Crowd(server, session)
        self._clicks = Clicks(server, mailbox, session, self.browsers, self._crowd)
        self._plots = Plots(session, lambda: mailbox.post(lambda: None))  # News: the panels are brought up to date.
        self._tabs = server.gui.add_tab_group()
        self._build_panels(title, folder)
        self._commands = [self._command(key.description, key.hotkey, key.action) for key in KEYS]
        self.browsers.welcome(server, clients.values(), self._timeline)
        self.sync_panels()
        self.draw()

    def draw(self) -> None:
        """Send the frame at the position, of what does not show it yet."""
        session = self.session
        shown = (session.player.position, session.env_index, session.looks_ahead, self._layers.num_changes)
        with self._server.atomic():
            if shown != self._drawn:
                self._drawn = shown
                frame = session.frame
                self._scene.show(frame, self.browsers.subject.origin)
                self._layers.show(frame)
            self._crowd.show()

    def toggle_crowd(self, client_id: int) -> None:
        """Show the other envs, and the camera of the browser that asked for them sees them; or neither any longer."""
        self._crowd.state.toggle()
        self._clicks.listen(self._crowd.state.is_on)
        if self._crowd.is_coming:
            with self._busy.during("crowd", "Drawing the other envs ..."), self._server.atomic():
                self._crowd.show()
            self.browsers.views[client_id].step_back(self._crowd.nearest(), self.browsers.subject)
        elif not self._crowd.state.is_on:
            self.browsers.views[client_id].come_back()

    def _toggle_layer(self, name: object) -> None:
        # Some draw all of a robot's meshes once more when they are first switched on.
        with self._busy.during("layers", "Drawing the overlay ..."):
            self._layers.toggle(name)

    def sync_panels(self, takes_growth: bool = True) -> None:
        """Bring every panel to the session's state; one-way.

        takes_growth: also those that send all of themselves when a recording that is written has got more.
        """
        self._tell_of_end()
        self._selection.sync(self.session, takes_growth)
        # Curves and what the page knows of them belong together.
        with self._server.atomic():
            self._charts.sync(self.session, takes_growth)
            self._timeline.sync([view.client for view in self.browsers.views.values()])
        self._rendering.sync()
        self._layers_panel.sync(self._layers)
        self._crowd_panel.sync(self._crowd.state, self.session.env_index)
        if takes_growth and self.session.tail is not None and self.session.tail.state != "lost":
            self._recording.sync(self.session.replay)

    def close(self) -> None:
        """Take everything off the page, so that another replay can be shown."""
        self.stop_jobs()
        self._page.set_actions({})
        for command in self._commands:
            command.remove()
        self.browsers.close()
        self._clicks.listen(False)
        self._crowd.close()
        self._tabs.remove()
        self._scene.close()

    def stop_jobs(self) -> None:
        """Cancel what is being drawn in the background."""
        self._rendering.close()
        self._plots.close()

    # -- composition ----------------------------------------------------------

    def _build_panels(self, title: str, folder: Path) -> None:
        gui, session, tabs = self._server.gui, self.session, self._tabs
        number = doubts(session.replay.verdicts)
        with tabs.add_tab("Replay"):
            self._selection = SelectionPanel(gui, self._mailbox, session)
            self._charts = ChartPanels(gui, self._mailbox, session, self._plots)
        with tabs.add_tab("View"):
            self._crowd_panel = CrowdPanel(gui)
            self._layers_panel = LayersPanel(gui, self._layers)
            LookPanel(gui)
        with tabs.add_tab(f"Recording ({number})" if number else "Recording"):
            self._recording = RecordingPanel(gui, session.replay)
        with tabs.add_tab("Render"):
            self._rendering = Rendering(gui, self._mailbox, session, self.browsers, folder)
        self._actions: dict[str, PageAction] = {
            **session_actions(session),
            **plot_actions(self._plots),
            **self.browsers.actions,
            **self._rendering.actions,
            "take_screenshot": lambda _, client_id: self._page.take_screenshot(self.browsers.views[client_id].client),
            "toggle_crowd": lambda _, client_id: self.toggle_crowd(client_id),
            "color_crowd": lambda value, _: self._crowd.state.set_color_by(value),
            "switch_layer": lambda value, _: self._toggle_layer(value),
        }
        self._page.set_actions(self._actions)
        self._timeline = TimelinePanel(self._page, session, title, self._charts.page_state)

    def _command(self, description: str, hotkey: str, name: str) -> viser.CommandHandle:
        command = self._server.gui.add_command(description, hotkey=cast(Any, hotkey))

        @command.on_trigger
        async def _(event: Any) -> None:
            if event.client is not None:
                self._mailbox.post(self._actions[name], None, event.client.client_id)

        return command

    def _tell_of_end(self) -> None:
        """Say once how it ended that the recording was written."""
        tail = self.session.tail
        if tail is not None and not tail.is_written and tail.message != self._told:
            self._told = tail.message
            self._tell(tail.message)
            if tail.state == "lost":
                self.browsers.notify("It cannot be followed any more", tail.message[0].upper() + tail.message[1:])
