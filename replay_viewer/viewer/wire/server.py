"""A viser server that is safe to leave open. What touches viser's private names is here and in `message_buffer`; they
are listed in `private_names`.

viser binds 0.0.0.0, takes websockets from any web page, takes the next port without a word, waits for ever on a host
that cannot be bound, and lets any client open a public tunnel. None of that suits a tool on a shared machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import math
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import rich
import viser
import websockets.asyncio.server
from viser import _messages
from websockets.http11 import Request, Response

from ...errors import ReplayError
from .access import Access
from .door import Door
from .message_buffer import use_mended_buffers
from .served_films import ServedFilms

Node = TypeVar("Node", bound=viser.SceneNodeHandle)

PORTS_TRIED = 100

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24" fill="none" '
    'stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">'
)

_log = logging.getLogger(__name__)


class HostProblem(ReplayError):
    """An address that this machine cannot listen on."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"cannot listen on {host}:{port}: {reason}. Use --host 127.0.0.1 for this machine only, or --host 0.0.0.0 "
            "for every network it is in."
        )


# What has a websocket of its own beside viser's: takes the connection, and closes it by returning.
WebsocketHandler = Callable[[Any], Awaitable[None]]


def open_server(
    access: Access,
    port: int,
    title: str,
    websockets_at: Mapping[str, WebsocketHandler] | None = None,
    films: ServedFilms | None = None,
) -> viser.ViserServer:
    """A server on the first free port from `port` on. Raises HostProblem at once where it cannot listen.

    Args:
        access: who may reach it, and at which address it listens.
        port: the first one that is tried.
        title: what the page is called.
        websockets_at: by the end of its path, such as "/upload", what else has a websocket in this server.
        films: that browsers may fetch.
    """
    host = access.bound_host
    use_mended_buffers()
    free = _free_port(host, port)
    with _behind(Door(access, films or ServedFilms()), websockets_at or {}), _silent_viser():
        server = viser.ViserServer(host=host, port=free, label=title, verbose=False)
    _refuse_share_tunnel(server)
    _refuse_odd_updates(server)
    # A frame of many links must fit one window, or it arrives torn.
    server._websock_server._broadcast_buffer.max_window_size = 4096
    return server


def close_server(server: viser.ViserServer) -> None:
    """Stop the server and its threads."""
    with _silent_viser():
        server.stop()


def give_icon(button: viser.GuiButtonHandle, picture: str) -> None:
    """Put a picture on a button, the contents of an SVG of 24 x 24 in strokes.

    viser's own icons lie in an archive of five thousand, whose list it reads again for each: 20 ms of the opening.
    """
    button._icon_html = f"{_SVG}{picture}</svg>"


def move_node(handle: viser.SceneNodeHandle, position: Sequence[float], wxyz: Sequence[float]) -> None:
    """Give a scene node its pose, of three and four Python floats.

    The handle's own setters cost three times as much, and leave out steps that `np.allclose` cannot tell apart: 1 mm
    at 100 m from the origin.
    """
    node = handle._impl
    send = node.api._queue_scene_message
    if node.position.tolist() != position:
        node.position[:] = position
        send(_messages.SetPositionMessage(node.name, (position[0], position[1], position[2])))
    if node.wxyz.tolist() != wxyz:
        node.wxyz[:] = wxyz
        send(_messages.SetOrientationMessage(node.name, (wxyz[0], wxyz[1], wxyz[2], wxyz[3])))


def unplaced(handle: Node) -> Node:
    """A node that was just made, whose first pose is sent whatever it is.

    A page keeps the pose of one of the same name that was removed just before, so that even one that is like a new
    node's own has to be told.
    """
    handle._impl.position[:] = math.nan
    handle._impl.wxyz[:] = math.nan
    return handle


def send_properties(handle: Any, properties: dict[str, Any]) -> None:
    """Give a node properties by viser's names, of viser's types, in arrays that nobody changes any more.

    The handle's own setters compare each and copy it three times, and send a message for each.
    """
    if properties:
        node = handle._impl
        vars(node.props).update(properties)
        node.api._queue_scene_message(_messages.SceneNodeUpdateMessage(node.name, properties))


def move_camera(client: viser.ClientHandle, position: Sequence[float], look_at: Sequence[float], fov: float) -> None:
    """Put a browser's camera somewhere, in Python floats.

    The handle's own setters send nothing where the camera already is, as the browser said last: what it says now may be
    older than what it was sent since.
    """
    state, send = client.camera._state, client._websock_connection.queue_message
    state.position, state.look_at, state.fov = np.array(position), np.array(look_at), fov
    with client.atomic():
        send(_messages.SetCameraPositionMessage((position[0], position[1], position[2])))
        send(_messages.SetCameraLookAtMessage((look_at[0], look_at[1], look_at[2])))
        send(_messages.SetCameraFovMessage(fov))


def run_script(client: viser.ClientHandle, source: str) -> None:
    """Run a script in one browser. Never broadcast: viser replays broadcasts to every later client."""
    client._websock_connection.queue_message(_messages.RunJavascriptMessage(source))


def call_script(client: viser.ClientHandle, function: str, argument: object) -> None:
    """Call a function of the page with one JSON value; as JSON, no text in it can become code."""
    run_script(client, f"{function}({json.dumps(argument)});")


def handle_id(handle: Any) -> str:
    """The id by which the page knows a GUI handle."""
    return handle._impl.uuid


def _free_port(host: str, port: int) -> int:
    """The first port from `port` on that can be bound on `host`; 0 stays 0, the system's choice."""
    family, address = _resolve(host, port)
    for candidate in range(port, min(port + PORTS_TRIED, 65536)):
        problem = _bind_problem(family, (address, candidate))
        if problem is None:
            return candidate
        if problem.errno != errno.EADDRINUSE:
            raise HostProblem(host, candidate, problem.strerror or str(problem))
    raise HostProblem(host, port, f"the {PORTS_TRIED} ports from {port} on are taken")


def _resolve(host: str, port: int) -> tuple[int, str]:
    if not 0 <= port <= 65535:
        raise HostProblem(host, port, "a port is a number from 0 to 65535")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise HostProblem(host, port, getattr(error, "strerror", None) or str(error)) from error
    return family, str(address[0])


def _bind_problem(family: int, address: tuple[str, int]) -> OSError | None:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            return error
    return None


@contextlib.contextmanager
def _silent_viser() -> Iterator[None]:
    """Without viser's box about itself and its farewell; in a notebook those are no standard output."""
    console = rich.get_console()
    was_quiet, console.quiet = console.quiet, True
    try:
        yield
    finally:
        console.quiet = was_quiet


@contextlib.contextmanager
def _behind(door: Door, websockets_at: Mapping[str, WebsocketHandler]) -> Iterator[None]:
    """While a ViserServer starts: the requests of its websocket server come through a door.

    Websockets at other paths are given to their own handlers.
    """
    original = websockets.asyncio.server.serve

    def guarded_serve(handler: Any, *args: Any, process_request: Any = None, **kwargs: Any) -> Any:
        def check(connection: Any, request: Request) -> Response | None:
            return door.answer(request, lambda request: process_request(connection, request))

        return original(_without_tracebacks(_by_path(handler, websockets_at)), *args, process_request=check, **kwargs)

    websockets.asyncio.server.serve = guarded_serve
    try:
        yield
    finally:
        websockets.asyncio.server.serve = original


def _refuse_share_tunnel(server: viser.ViserServer) -> None:
    """Without a handler a client's request for a public tunnel does nothing."""
    server._websock_server.unregister_handler(_messages.ShareUrlRequest)
    server._websock_server.unregister_handler(_messages.ShareUrlDisconnect)


def _refuse_odd_updates(server: viser.ViserServer) -> None:
    """Let browsers set a control to a value that it could take, and nothing else of it.

    viser sets whatever attribute of a control's state a message names, its list of callbacks too, and hands the
    message on to every other browser.
    """
    gui, websock = server.gui, server._websock_server

    async def checked(client_id: Any, message: _messages.GuiUpdateMessage) -> None:
        handle = gui._gui_input_handle_from_uuid.get(message.uuid)
        if handle is not None and _fits(handle, message.updates):
            await gui._handle_gui_updates(client_id, message)

    websock.unregister_handler(_messages.GuiUpdateMessage)
    websock.register_handler(_messages.GuiUpdateMessage, checked)


def _fits(handle: Any, updates: Any) -> bool:
    """Whether updates {property: value} are one value of the control's type, and one of its options if it has some."""
    if not isinstance(updates, dict) or updates.keys() != {"value"}:
        return False
    value, options = updates["value"], getattr(handle, "options", None)
    return isinstance(value, type(handle.value)) and (options is None or value in options)


def _by_path(handler: WebsocketHandler, others: Mapping[str, WebsocketHandler]) -> WebsocketHandler:
    """A handler of connections that hands some over, by the end of their path: a proxy may put something before it."""

    async def chosen(connection: Any) -> None:
        path = connection.request.path.partition("?")[0]
        own = next((other for end, other in others.items() if path.endswith(end)), handler)
        await own(connection)

    return chosen


def _without_tracebacks(handler: Any) -> Any:
    """A handler of connections that ends one whose client sends what viser cannot read, with one line in the log.

    Messages that can be read are handled in tasks of their own, which the same line tells of when they fail.
    """

    def tell(_: Any, context: dict[str, Any]) -> None:
        _log.warning("a browser's message failed: %s", context.get("exception") or context["message"])

    async def guarded(connection: Any) -> None:
        asyncio.get_running_loop().set_exception_handler(tell)
        try:
            await handler(connection)
        except Exception as error:
            _log.warning("a browser's connection was ended: %s %s", type(error).__name__, error)

    return guarded
