"""The viewer as a Python object: recordings, their robots and a user's own layers, in a browser or in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..camera.presets import preset_named
from ..errors import BadArgument
from ..layers import Layer
from ..replay.comparison import Comparison
from ..replay.modes import Alignment, Mode
from .app import ViewerApp
from .layers import ViserLayer
from .listeners import StepListener
from .notebook.cells import current_cell
from .notebook.frontend import Frontend, frontend_of
from .opening.given import Recording, RobotSource, world_of_given
from .settings import Settings
from .wire.access import Access

# The page is served before what it shows is imported.
if TYPE_CHECKING:
    from .shown_replay import ShownReplay

_STYLE = "width:100%;height:{height}px;border:1px solid rgba(128,140,155,.4);border-radius:6px"


class Viewer:
    """A recording, or several in one scene, at http://host:port, from when this is made until it is closed.

    In a notebook it is closed when its cell is run again, which shows the new one in its place. All browsers that show
    it are led by `seek`, `play` and the like, which any thread may call, and a callback of `on_step`, too: each is done
    when it returns, and raises ReplayError for what cannot be, and when the viewer is closed.

    Example:
        Viewer("run.rec").run()

        viewer = Viewer("run.npz", "go2.urdf", layers=[Goal()])
        viewer.show()  # In a notebook, as the last line of a cell.

        Viewer(["before.rec", "after.rec"]).run()

    Attributes:
        replay: what is shown at first: the recording and its robots; of several, the one that leads.
        url: where to point a browser on this machine, with the token if one is asked for.
        wanted_port: the one that was asked for.
        port: the one that is listened on.
    """

    def __init__(
        self,
        rollout: Recording | Sequence[Recording],
        robots: RobotSource | Mapping[str, RobotSource] | None = None,
        *,
        layers: Sequence[Layer | ViserLayer] = (),
        host: str = "127.0.0.1",
        port: int = 8080,
        title: str | None = None,
        shadows: bool = True,
        token: bool | None = None,
        allow_hosts: Sequence[str] = (),
        allow_origins: Sequence[str] = (),
    ) -> None:
        """Open the recording and serve its page.

        Args:
            rollout: the path of a recording, or one that is open, which stays open. Of up to eight, the first leads:
                it has the timeline, the numbers and the camera. The others are drawn translucent, at the same time
                since their start; a `Take` says which env, start, colour and offset.
            robots: what robots look like, where the recording does not say it or another look is wanted: a URDF or a
                `Robot` for all of them, or for some entities by name.
            layers: what to draw beside the robots: each a `Layer`, which gives shapes, or a `ViserLayer`, which adds
                nodes of its own to the page. The viewer's own layers are switched on in the page.
            host: address to listen on; "0.0.0.0" lets other machines connect.
            port: the first free one from here on is taken; 0 for any.
            title: what the page calls it; None for the recordings' names.
            shadows: whether the light casts shadows at first; browsers without a GPU draw faster without.
            token: whether a browser needs the token in `url`; None for wherever other machines can connect.
            allow_hosts: names under which the page is reached besides this machine's own.
            allow_origins: where the page comes from when a proxy serves it, such as "https://hub.example.org".

        Raises:
            ReplayError: if the recording or a URDF cannot be used, an entity of this name is not recorded, or this
                machine cannot listen there.
        """
        _check_layers(layers)
        cell = current_cell()
        self._frontend = frontend_of(cell)
        access = _access(self._frontend, host, token, allow_hosts, allow_origins)
        self.wanted_port, self._is_closed = port, False
        if cell is not None:
            port = cell.port(port)
        self._opened = ExitStack()
        world = world_of_given(rollout, robots, self._opened)
        self.replay = world.lead.replay
        self._title = world.title if title is None else title
        settings = Settings(shadows=shadows, layers=tuple(layers))
        try:
            self._app = ViewerApp(access=access, port=port, title=self._title, settings=settings)
        except BaseException:
            self._opened.close()
            raise
        try:
            self._app.show(world, closes=False)
        except BaseException:
            self.close()
            raise
        self.url, self.port = self._app.url, self._app.port
        if cell is not None:
            cell.keep(self)

    def run(self) -> None:
        """Print the address and serve until Ctrl-C, then close."""
        try:
            if self.port != self.wanted_port != 0:
                print(f"Port {self.wanted_port} is taken; {self.port} is used instead.")
            print("\n".join([f"{self._title} at {self.url} (Ctrl-C stops)", *self._app.lines_on_sharing]), flush=True)
            self._app.run_forever()
        except KeyboardInterrupt:
            pass
        finally:
            self.close()

    def show(self, height: int = 600) -> EmbeddedPage:
        """The page for the output of a notebook's cell, `height` pixels high; it works until the viewer is closed."""
        address = self._frontend.address
        url = self.url if address is None else self._app.link(address(self.port))
        return EmbeddedPage(url, height, self._frontend.hint)

    def compare(
        self,
        recordings: Sequence[Recording],
        robots: RobotSource | Mapping[str, RobotSource] | None = None,
        *,
        mode: Mode = "ghost",
        align: Alignment = "start",
    ) -> None:
        """Show several recordings in one scene, in the place of what is shown; the first leads, see `Viewer`.

        Not from a callback of `on_step`. What is opened by its path stays open until the viewer is closed.

        Args:
            recordings: up to eight.
            robots: as for `Viewer`.
            mode: "ghost", all where the lead is at its start; "side", side by side; "recorded", where they were
                recorded.
            align: what is shown at the same time: their starts ("start"), their recordings' first steps ("recording"),
                the ends of their episodes ("end"), or their bookmarks ("mark"): the step of a `Take`, or of the first
                note beside the recording.
        """
        world = Comparison(mode, align).of(world_of_given(recordings, robots, self._opened))
        self._app.show(world, title=world.title, closes=False)

    def seek(self, step: int) -> None:
        """Go to a step. Raises BadArgument for one that is not recorded."""
        self._app.ask(lambda shown: _seek(shown, step))

    def show_env(self, env_id: int) -> None:
        """Show another env, by the simulator's index. Raises UnknownName for one that is not recorded."""
        self._app.ask(lambda shown: shown.session.select_env(env_id))

    def play(self) -> None:
        """Play on."""
        self._app.ask(lambda shown: shown.session.play())

    def pause(self) -> None:
        """Stop at the step that is shown."""
        self._app.ask(lambda shown: shown.session.pause())

    def camera(
        self,
        preset: str | None = None,
        *,
        position: Sequence[float] | None = None,
        look_at: Sequence[float] | None = None,
    ) -> None:
        """Move the cameras of the browsers that are there.

        Args:
            preset: "top", "side", "front" or "follow", which go along with the robot where the browser follows it.
            position: instead, where the camera stands in the world, x, y and z [m]; it lets go of the robot.
            look_at: and what it looks at.

        Raises:
            UnknownName: a preset that there is not.
            BadArgument: neither a preset nor two points, or both.
        """
        if preset is not None and position is None and look_at is None:
            name = preset_named(preset)
            return self._app.ask(lambda shown: shown.browsers.look_from(name))
        if preset is not None or position is None or look_at is None:
            raise BadArgument("camera", preset, "expected a preset, or position and look_at.")
        eye, target = _point("position", position), _point("look_at", look_at)
        if np.allclose(eye, target):
            raise BadArgument("look_at", list(look_at), "is where the camera stands.")
        return self._app.ask(lambda shown: shown.browsers.stand_at(eye, target))

    def on_step(self, callback: StepListener) -> StepListener:
        """Call a function with the step that is shown, now and whenever it is another one; returns the function.

        It is called on the viewer's thread, which draws nothing meanwhile. While something is played, steps may be left
        out. A function that raises is told of in the page, and not called any more.
        """
        self._app.add_listener(callback)
        return callback

    def close(self) -> None:
        """Stop serving; what was opened by its path is closed."""
        if not self._is_closed:
            self._is_closed = True
            self._app.close()
            self._opened.close()

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _point(name: str, numbers: Sequence[float]) -> np.ndarray:
    """Coordinates (3,) [m]. Raises BadArgument."""
    point = np.asarray(numbers, np.float64)
    if point.shape != (3,) or not np.isfinite(point).all():
        raise BadArgument(name, numbers, "expected three coordinates in metres, such as (3, -2, 1).")
    return point


def _seek(shown: ShownReplay, step: int) -> None:
    player = shown.session.player
    if not 0 <= step < player.num_steps:
        raise BadArgument("step", step, f"the recording has steps 0 to {player.num_steps - 1}.")
    shown.session.seek(step)


def _access(
    frontend: Frontend, host: str, token: bool | None, allow_hosts: Sequence[str], allow_origins: Sequence[str]
) -> Access:
    """Who may come. A notebook's proxy has names that nobody knows here: who has the token comes under any."""
    if token is None and frontend.is_shared:
        token = True
    access = Access.make(host, token=token, allow_hosts=allow_hosts, allow_origins=allow_origins)
    return replace(access, pages=frontend.pages, trusts_token=frontend.is_shared and bool(access.token))


def _check_layers(layers: Sequence[Layer | ViserLayer]) -> None:
    """Raise BadArgument for what is no layer, before a browser waits for it."""
    for layer in layers:
        has = {name for name in ("shapes", "setup", "show") if callable(getattr(layer, name, None))}
        if isinstance(layer, type) or not (has >= {"setup", "show"} or has == {"shapes"}):
            lacking = "has no method `shapes`, and not both `setup` and `show`"
            problem = "is a class: give an object of it" if isinstance(layer, type) else lacking
            raise BadArgument("layers", getattr(layer, "__name__", type(layer).__name__), f"{problem}.")


@dataclass(frozen=True)
class EmbeddedPage:
    """What a notebook's cell shows of a viewer: its page in a frame of the given height [px].

    The browser loads the page as any tab would: from this machine, or through the proxy that the notebook came through.
    Where the notebook runs on another machine without such a proxy, forward the viewer's port as well:
    `ssh -L 8080:localhost:8080 host`; VS Code does so by itself.
    """

    url: str
    height: int
    hint: str = ""

    def _repr_html_(self) -> str:
        url, hint = html.escape(self.url), html.escape(self.hint)
        style = _STYLE.format(height=int(self.height))
        allowed = "fullscreen; clipboard-write"
        frame = f'<iframe src="{url}" title="replay-viewer" style="{style}" allow="{allowed}"></iframe>'
        return frame + (f"<p>{hint}</p>" if hint else "")

    def __str__(self) -> str:
        return f"replay-viewer at {self.url}"
