"""viser's page with a head of ours: the name, the icon, and what must stand before anything is drawn."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

from websockets.http11 import Response

from ...theme import DARK, FLOOR_COLORS, LIGHT, Look, Rgb, css_variables
from ..land import page_facts

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' "
    "rx='8' fill='{color}'/%3E%3Cpath fill='%23fff' d='M12 8.5v15l12-7.5z'/%3E%3C/svg%3E"
)

# What is there from the first moment on; the styles begin with the colours.
_SCRIPTS = ("viser.js", "early.js", "land.js", "reach.js")
_STYLES = ("early.css", "waiting.css", "reach.css")


def with_our_head(response: Response) -> Response:
    """The answer to a browser; viser's page is changed, everything else is not."""
    if response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html"):
        is_packed = response.headers.get("Content-Encoding") == "gzip"
        response.body = _page(bytes(response.body or b""), is_packed)
        del response.headers["Content-Length"]
        response.headers["Content-Length"] = str(len(response.body))
    return response


def page_file(name: str) -> str:
    """The text of a script or a style of the page."""
    return (files("replay_viewer.viewer") / "page" / name).read_text(encoding="utf-8")


def page_style(names: Iterable[str] = _STYLES) -> str:
    """The colours of the page, and the looks of what is there from the first moment on."""
    style = css_variables() + "".join(map(page_file, names))
    return style.replace("/*LIGHT SKY*/", _sky(LIGHT)).replace("/*DARK SKY*/", _sky(DARK))


# Packed or not; packing 2 MB takes a tenth of a second.
@lru_cache(maxsize=2)
def _page(body: bytes, is_packed: bool) -> bytes:
    page = with_head((gzip.decompress(body) if is_packed else body).decode("utf-8"), _head())
    packed = page.encode("utf-8")
    return gzip.compress(packed) if is_packed else packed


def with_head(page: str, head: str) -> str:
    """The page of viser with our name and icon, and with more in its head."""
    icon = f'<link rel="icon" href="{_ICON.format(color=_css(LIGHT.accent))}" />'
    page = re.sub(r"<link\s+rel=\"icon\".*?/>", icon, page, count=1, flags=re.DOTALL)
    page = page.replace("<title>Viser</title>", "<title>replay-viewer</title>", 1)
    page = page.replace('content="Viser client"', 'content="Replay of recorded robot-learning rollouts"', 1)
    return page.replace("</title>", "</title>" + head, 1)


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
