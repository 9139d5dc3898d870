"""The scripts that this viewer adds to viser's page, and the way between them and Python.

To the page: `update(client, state)` hands it a JSON value. From the page: one hidden text control, through which it
sends `{"do": action, "value": ..., "n": counter}`; the counter makes every message a change. What a browser sends is
untrusted: only listed actions run, and each checks its value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import viser

from ...theme import TOTAL_COLOR
from ..keys import help_html, hint_html, page_keys
from .index_page import page_file
from .mailbox import Mailbox
from .server import call_script, handle_id, run_script

# One action of the page: takes the value that came with it, and the client's id.
PageAction = Callable[[Any, int], object]


# Our scripts in the order in which the page runs them; each says at its top what it is for.
_SCRIPTS = (
    *("page.js", "busy.js", "files.js"),
    *("timeline_marks.js", "timeline.js", "ruler.js", "bar.js", "clock.js", "lanes.js", "place.js", "selection.js"),
    *("views.js", "films.js", "takes.js", "chart_edges.js", "charts.js", "chart_values.js", "rewards.js"),
    *("episodes.js", "episode_rows.js", "episode_films.js", "episode_filters.js"),
    *("hand.js", "help.js", "pointing.js", "notices.js", "hint.js", "rendering.js", "keys.js", "look.js", "memory.js"),
    "phone.js",
)
# Their looks; what must have its look before they arrive stands in the page's head: index_page.py.
_STYLES = (
    *("controls.css", "viser.css", "timeline.css", "lanes.css", "charts.css", "busy.css", "files.css", "views.css"),
    *("films.css", "takes.css", "help.css", "notices.css", "hint.css", "pointing.css", "keys.css", "hand.css"),
    *("episodes.css", "episode_films.css"),
    *("rewards.css", "switches.css", "look.css", "recording.css", "rendering.css", "small.css"),
)


class PageBridge:
    """Our part of the page, in every browser."""

    def __init__(self, server: viser.ViserServer, mailbox: Mailbox) -> None:
        self._control = server.gui.add_text("page", "", visible=False)
        self._mailbox = mailbox
        self._actions: Mapping[str, PageAction] = {}
        self._lasting: Mapping[str, PageAction] = {}
        style = "".join(map(page_file, _STYLES))
        filled_in = {"CSS": style, "HELP": help_html(), "HINT": hint_html(), "KEYS": page_keys(), "TOTAL": TOTAL_COLOR}
        self._script = "\n".join(map(page_file, _SCRIPTS))
        for name, value in filled_in.items():
            self._script = self._script.replace(f"/*{name}*/", json.dumps(value))

        @self._control.on_update
        async def _(event: Any) -> None:
            if event.client is not None:
                self._receive(event.target.value, event.client.client_id)

    def set_lasting_actions(self, actions: Mapping[str, PageAction]) -> None:
        """What the page may ask for besides, whatever is shown."""
        self._lasting = actions

    def set_actions(self, actions: Mapping[str, PageAction]) -> None:
        """From now on, what the page may ask for, by name."""
        self._actions = actions

    def open(self, client: viser.ClientHandle) -> None:
        """Add our part to a browser that has just connected."""
        run_script(client, self._script)
        call_script(client, "replayViewer.open", {"control": handle_id(self._control)})

    def update(self, client: viser.ClientHandle, state: Mapping[str, Any]) -> None:
        """Hand the page what changed; keys that are left out stay as they were."""
        call_script(client, "replayViewer.update", dict(state))

    def toggle_zoom(self, client: viser.ClientHandle) -> None:
        """Let this browser's timeline span the shown episode only, or the whole recording again."""
        run_script(client, "replayViewer.toggleZoom();")

    def copy_link(self, client: viser.ClientHandle) -> None:
        """Have this browser copy a link to what it shows: only the page knows where its camera is."""
        run_script(client, "replayViewer.copyLink();")

    def take_screenshot(self, client: viser.ClientHandle) -> None:
        """Let this browser ask for what it shows as a picture: only the page knows how large that is on its screen."""
        run_script(client, "replayViewer.takeScreenshot();")

    def _receive(self, text: str, client_id: int) -> None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return  # Not of our page.
        name = message.get("do") if isinstance(message, dict) else None
        action = (self._actions.get(name) or self._lasting.get(name)) if isinstance(name, str) else None
        if action is not None:
            self._mailbox.post(action, message.get("value"), client_id)
