"""viser's page with a head of ours: the name, the icon, and what must stand before anything is drawn."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.resources import files

from websockets.http11 import Request, Response

from ...theme import DARK, FLOOR_COLORS, LIGHT, Look, Rgb, css_variables
from ..land import page_facts

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' "
    "rx='8' fill='{color}'/%3E%3Cpath fill='%23fff' d='M12 8.5v15l12-7.5z'/%3E%3C/svg%3E"
)

# What is there from the first moment on; the styles begin with the colours.
_SCRIPTS = ("viser.js", "early.js", "land.js", "reach.js")
_STYLES = ("early.css", "waiting.css", "reach.css")


def with_our_head(request: Request, answer: Callable[[Request], Response | None]) -> Response | None:
    """What viser answers to a browser; its page is changed, everything else is not.

    The page is packed here: viser would take six times as long for it, and ours is another one.
    """
    packs = "gzip" in request.headers.get("Accept-Encoding", "")
    response = answer(_unpacked(request) if packs else request)
    if response and response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html"):
        response.body = _page(bytes(response.body or b""), packs)
        for name, value in (("Content-Length", str(len(response.body))), *([("Content-Encoding", "gzip")] * packs)):
            del response.headers[name]
            response.headers[name] = value
    return response


def _unpacked(request: Request) -> Request:
    """The request of a browser that takes nothing packed."""
    headers = request.headers.copy()
    del headers["Accept-Encoding"]
    return Request(request.path, headers)


def page_file(name: str) -> str:
    """The text of a script or a style of the page."""
    return (files("replay_viewer.viewer") / "page" / name).read_text(encoding="utf-8")


def page_style(names: Iterable[str] = _STYLES) -> str:
    """The colours of the page, and the looks of what is there from the first moment on."""
    style = css_variables() + "".join(map(page_file, names))
    return style.replace("/*LIGHT SKY*/", _sky(LIGHT)).replace("/*DARK SKY*/", _sky(DARK))


@lru_cache(maxsize=2)
def _page(body: bytes, packs: bool) -> bytes:
    page = with_head(body.decode("utf-8"), _head()).encode("utf-8")
    return _packed(page) if packs else page


def _packed(page: bytes) -> bytes:
    """As gzip. viser's page is packed already, in letters: what repeats is not sought, which is as short and faster."""
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16, strategy=zlib.Z_HUFFMAN_ONLY)
    return packer.compress(page) + packer.flush()


def with_head(page: str, head: str) -> str:
    """The page of viser with our name and icon, and with more in its head."""
    begin, end, rest = page.partition("</title>")
    icon = f'<link rel="icon" href="{_ICON.format(color=_css(LIGHT.accent))}" />'
    begin = re.sub(r"<link\s+rel=\"icon\".*?/>", icon, begin, count=1, flags=re.DOTALL)
    begin = begin.replace("<title>Viser", "<title>replay-viewer", 1)
    begin = begin.replace('content="Viser client"', 'content="Replay of recorded robot-learning rollouts"', 1)
    return "".join((begin, end, head, rest))


def head_script(names: Iterable[str]) -> str:
    """Scripts that run before anything is drawn, as one."""
    script = "".join(map(page_file, names)).replace("/*FLOORS*/", json.dumps(FLOOR_COLORS))
    return script.replace("/*LAND*/", json.dumps(page_facts()))


def _head() -> str:
    return f"<style>{page_style()}</style><script>{head_script(_SCRIPTS)}</script>"


def _sky(look: Look) -> str:
    return f"{_css(look.sky_top)}, {_css(look.sky_bottom)}"


def _css(color: Rgb) -> str:
    red, green, blue = color
    return f"rgb({red},{green},{blue})"
