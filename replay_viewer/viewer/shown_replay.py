"""A replay on the page with all that is built for it: the drawn world, the layers, the panels and the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import viser

from ..rollout.rollout import Rollout
from .actions import chart_actions, session_actions, with_number
from .background import Job
from .browser.browsers import Browsers
from .browser.clicks import Clicks
from .browser.shared_time import SharedTime
from .charts.charts import Charts
from .charts.seen_values import save_chart
from .control.marks import marks_of
from .control.panel import ControlPanel
from .crowd import Crowd
from .episodes.table import EpisodeTable
from .first_look import look_at_fall
from .ghosts import take_node
from .keys import Key, keys_by_action
from .layers import ShownLayers
from .opening.place import Place, place_of
from .panels.charts import ChartPanels
from .panels.episodes import EpisodesPanel
from .panels.films import FilmsPanel
from .panels.panel import Panel
from .panels.recording import RecordingPanel, doubts
from .panels.selection import SelectionPanel
from .panels.timeline import TimelinePanel
from .panels.view import CrowdPanel, LayersPanel, look_html
from .pointing import Pointing
from .rendering.rendering import Rendering
from .scene import Scene
from .session import Session
from .settings import Settings
from .wire.page import Page
from .wire.page_bridge import PageAction

# Kinematics and meshes take a second to import.
if TYPE_CHECKING:
    from ..replay.frames import Frame


class ShownReplay:
    """One replay on the page. Only the owner thread touches it.

    Attributes:
        session: what is watched.
        table: of the episodes, which lasts when another replay is shown.
        title: what the page calls it.
        browsers: those that show it.
        layers: what is drawn beside the robots of the lead; of the others the same ones are, as far as they have the
            data, but none of a user's.
        crowd: the other envs.
        charts: the state of the charts.
        takes_growth: see `Shown`.
    """

    def __init__(
        self,
        page: Page,
        session: Session,
        table: EpisodeTable,
        title: str,
        settings: Settings,
        name_of: Callable[[Rollout], str],
        tell: Callable[[str], object] | None = None,
    ) -> None:
        """Build everything on a page on which nothing else is shown, and show it in every browser that is there.

        Args:
            page: the page.
            session: what is watched.
            table: of the episodes.
            title: what the page calls it.
            settings: how it is shown.
            name_of: what addresses call a recording.
            tell: called with a line about how the writing of the recording ended.
        """
        self.session, self.table, self.title, self.takes_growth = session, table, title, True
        self._page, self._settings, self._name_of, self._tell, self._told = page, settings, name_of, tell, ""
        self._plays_when_seen = False
        self._drawn: tuple[object, ...] | None = None
        self._arranged = session.world
        server = page.server
        self._scene = Scene(server, session.world, shadows=settings.shadows)
        self.browsers = Browsers(page, session, shadows=settings.shadows)
        self.layers = ShownLayers(server, session.replay, settings.layers, page.notify, settings.switched_on)
        self._layers_beside = [
            ShownLayers(server, take.replay, (), page.notify, set(settings.switched_on), take_node(take.key))
            for take in session.world.others
        ]
        self.crowd = Crowd(server, session, settings.crowd)
        self._shared_time = SharedTime(page.clients, self._tell_of_move)
        self._clicks = Clicks(page, session, self.browsers, self.crowd, self._shared_time)
        self._clicks.listen(self.crowd.state.is_on)
        self.charts = Charts(session, lambda: page.post(_take_news), settings.charts)
        self._pointing = Pointing(session, self.charts)
        self._control = ControlPanel(page, session, settings.control)
        self._tabs = page.gui.add_tab_group()
        self._panels = self._build_panels()
        self._actions = self._build_actions()
        page.bridge.set_actions(self._actions)
        self._commands = [self._command(keys) for keys in keys_by_action()]
        for client in page.clients.values():
            self.greet(client)
        self.sync_panels()
        self.draw()

    def anew(self) -> ShownReplay:
        """The same once more, after it was closed."""
        return ShownReplay(self._page, self.session, self.table, self.title, self._settings, self._name_of, self._tell)

    @property
    def film(self) -> Job | None:
        """The video that is being drawn, or the last one."""
        return self._rendering.film

    def greet(self, client: viser.ClientHandle) -> None:
        """Show it in a browser that has just come."""
        self.browsers.greet(client)
        own = {**self.browsers.state(client.client_id), "page": client.client_id}
        self._timeline.greet(client, own)
        if self._plays_when_seen:
            self._plays_when_seen = False
            self.session.play()

    def forget(self, client_id: int) -> None:
        """A browser has left."""
        self.browsers.forget(client_id)
        self._control.forget(client_id)

    def draw(self) -> None:
        """Send the frame at the position, of what does not show it yet."""
        session = self.session
        lengths = tuple(replay.rollout.num_steps for replay in session.world.replays[1:])
        shown = (session.player.position, session.looks_ahead, self.layers.num_changes, lengths)
        with self._page.server.atomic():
            if self._arranged is not session.world:
                self._arranged = session.world
                self._scene.arrange(session.world)
                self._drawn = None
            if shown != self._drawn:
                self._drawn = shown
                frame, beside = session.frame, session.frames_beside
                self._scene.show(frame, self.browsers.subject.origin, beside)
                for view in self.browsers.keeping_all:
                    points = self._places(frame, beside)
                    view.keep_all(points[np.isfinite(points).all(axis=1)])
                self.layers.show(frame)
                for layers, other in zip(self._layers_beside, beside, strict=True):
                    layers.show(other)
            self.crowd.show()

    def sync_panels(self, takes_growth: bool = True) -> None:
        """Bring every panel to the state; one-way. takes_growth: see `Shown`."""
        self._tell_of_end()
        self.takes_growth = takes_growth
        # Curves and what the page knows of them belong together.
        with self._page.server.atomic():
            for panel in self._panels:
                panel.sync(self)

    def go(self, place: Place, client_id: int) -> None:
        """Go to a place, which the other browsers are told of if that moves them. Raises ReplayError."""
        before = self.session.player.step, self.session.env_index
        place.go(self.session)
        if before != (self.session.player.step, self.session.env_index):
            self._shared_time.note(client_id)
        if place.view is not None and client_id in self.browsers.views:
            self.browsers.place_view(client_id, place.view.pose, place.view.world, place.view.keeps_all)
        if client_id in self._page.clients:
            self._page.bridge.update(self._page.clients[client_id], {"arrived": True})

    def _place(self) -> dict[str, Any]:
        """What the address says of what is shown."""
        return {"place": place_of(self.session, self._name_of)}

    def show_fall(self) -> None:
        """Play the first fall again and again, half as fast as life, from when the first browser is there."""
        look_at_fall(self.session, self.charts)
        if self.browsers.views:
            self.session.play()
        else:
            self._plays_when_seen = True

    def toggle_crowd(self, client_id: int) -> None:
        """Show the other envs, and the camera of the browser that asked for them sees them; or neither any longer."""
        self.crowd.state.toggle()
        self._clicks.listen(self.crowd.state.is_on)
        if self.crowd.is_coming:
            with self._page.busy.during("crowd", "Drawing the other envs ..."), self._page.server.atomic():
                self.crowd.show()
            self.browsers.views[client_id].step_back(self.crowd.nearest(), self.browsers.subject)
        elif not self.crowd.state.is_on:
            self.browsers.views[client_id].come_back()

    def frame_all(self, client_id: int) -> None:
        """Let the camera of the browser that asked see all robots that are drawn."""
        points = np.concatenate([self._places(self.session.frame, self.session.frames_beside), self.crowd.places()])
        self.browsers.views[client_id].frame(points[np.isfinite(points).all(axis=1)], self.browsers.subject)

    def toggle_keep_all(self, client_id: int) -> None:
        """Have the camera of the browser that asked keep all recordings in the picture, or no longer."""
        points = self._places(self.session.frame, self.session.frames_beside)
        self.browsers.toggle_keep_all(client_id, points[np.isfinite(points).all(axis=1)])

    def _places(self, frame: Frame, beside: Sequence[Frame]) -> np.ndarray:
        """Where the links of all takes are drawn, (K, 3) [m] of the world."""
        drawn = [(frame, np.zeros(3)), *zip(beside, self.session.world.offsets, strict=True)]
        return np.concatenate(
            [entity.link_positions[0] + offset for shown, offset in drawn for entity in shown.entities.values()]
        )

    def close(self) -> None:
        """Take everything off the page, so that another replay can be shown."""
        self.stop_jobs()
        self._page.bridge.set_actions({})
        for command in self._commands:
            command.remove()
        self.browsers.close()
        self._clicks.listen(False)
        self.table.hide()
        self.crowd.close()
        self._tabs.remove()
        self._scene.close()

    def stop_jobs(self) -> None:
        """Cancel what is being drawn in the background."""
        self._rendering.close()
        self.charts.close()
        self._control.close()

    # -- composition ----------------------------------------------------------

    def _build_panels(self) -> list[Panel]:
        """The tabs and what is in them, in the order in which a user sees them; the timeline is told of all."""
        page, session, tabs = self._page, self.session, self._tabs
        replays = session.world.replays
        number = sum(doubts(replay.verdicts) for replay in replays)
        with tabs.add_tab("Replay") as replay:
            selection = SelectionPanel(page, session, self._shared_time.told_of)
            charts = ChartPanels(page, session, self.charts, replay)
        with tabs.add_tab("View"):
            crowd = CrowdPanel(page)
            layers = LayersPanel(page, self.layers)
            page.gui.add_html(look_html())
        with tabs.add_tab(f"Recording ({number})" if number else "Recording"):
            recording = RecordingPanel(page, replays)
        with tabs.add_tab("Render") as rendering:
            self._rendering = Rendering(page, session, self.browsers, self.layers, self._settings, rendering)
        episodes = EpisodesPanel(self.table, session, self.title)
        films = FilmsPanel(page, self.table.stock, session)
        told = [charts, episodes, films, self._control, self._pointing]
        states = [*(panel.page_state for panel in told), marks_of(session), self._place]
        self._timeline = TimelinePanel(page, session, self.title, states)
        return [selection, charts, episodes, films, self._timeline, self._rendering, layers, crowd, recording]

    def _build_actions(self) -> dict[str, PageAction]:
        """What the page may ask for, by name."""
        return {
            **self._shared_time.told(session_actions(self.session)),
            **chart_actions(self.charts, self._save_chart),
            **self.browsers.actions,
            **self._rendering.actions,
            **self._control.actions,
            **self.table.actions,
            "point_along": lambda value, client: self._clicks.along(client, value, self._pointing.point_along),
            "point_at_nothing": lambda *_: self._pointing.clear(),
            "pin_pointed": with_number(lambda number: self._pointing.pin(int(number))),
            "orbit_around": self._orbit_around,
            "toggle_keep_all": lambda _, client_id: self.toggle_keep_all(client_id),
            "frame_all": lambda _, client_id: self.frame_all(client_id),
            "toggle_crowd": lambda _, client_id: self.toggle_crowd(client_id),
            "color_crowd": lambda value, _: self.crowd.state.set_color_by(value),
            "switch_layer": lambda value, _: self._toggle_layer(value),
        }

    def _command(self, keys: Sequence[Key]) -> viser.CommandHandle:
        # The page has the keys themselves, see page/keys.js.
        labels = ", ".join(key.label for key in keys)
        command = self._page.gui.add_command(keys[0].description, description=f"Key {labels}")

        @command.on_trigger
        async def _(event: Any) -> None:
            if event.client is not None:
                self._page.post(self._actions[keys[0].action], None, event.client.client_id)

        return command

    def _save_chart(self, chart: str, first: float, last: float, client_id: int) -> None:
        """Have a browser save what it sees of a chart: these steps of it."""
        file = save_chart(self.charts, self.session, chart, range(int(first), int(last) + 1))
        if file is not None:
            self._page.download(client_id, *file)

    def _orbit_around(self, value: Any, client_id: int) -> None:
        """Turn about what a ray of a browser hits."""

        def turn_about(ray: np.ndarray) -> None:
            place = self._pointing.place_along(ray)
            if place is not None:
                self.browsers.views[client_id].orbit_around(place, self.browsers.subject)

        self._clicks.along(client_id, value, turn_about)

    def _tell_of_move(self, client_id: int) -> None:
        self._page.bridge.update(self._page.clients[client_id], {"movedElsewhere": True})

    def _toggle_layer(self, name: object) -> None:
        # Some draw all of a robot's meshes once more when they are first switched on.
        with self._page.busy.during("layers", "Drawing the layer ..."):
            self.layers.toggle(name)
            for layers in self._layers_beside:
                for builtin in layers.builtin:
                    layers.switch(builtin, builtin in self.layers.on)

    def _tell_of_end(self) -> None:
        """Say once how it ended that the recording was written."""
        tail = self.session.tail
        if tail is not None and not tail.is_written and tail.message != self._told:
            self._told = tail.message
            if self._tell is not None:
                self._tell(tail.message)
            if tail.state == "lost":
                self._page.notify("It cannot be followed any more", tail.message[0].upper() + tail.message[1:])


def _take_news() -> None:
    """Nothing: whatever is posted has the panels brought up to date."""
