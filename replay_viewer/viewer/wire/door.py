"""The door of the server: what every request passes, and what those are told that are refused.

The page asks at REACH_PATH why its websocket is refused, which a browser does not tell it.
"""

from __future__ import annotations

import html
import http
import json
import logging
import re
from collections.abc import Callable

from websockets.datastructures import Headers, MultipleValuesError
from websockets.http11 import Request, Response

from .access import Access, Refusal, asked_for, host_of, parse_origin, without_token
from .addresses import OddAddress
from .index_page import page_file, page_style, with_our_head
from .served_films import ServedFilms

REACH_PATH = "/reach"
# So many different refusals are told on the terminal: who knocks for ever fills nobody's screen.
_TOLD_AT_MOST = 20
_LAST_PART = re.compile(r"[\w.-]*", re.ASCII)

_log = logging.getLogger(__name__)

# What answers those that are let in.
Inside = Callable[[Request], "Response | None"]


class Door:
    """Lets requests in, or says why not, to them and on the terminal."""

    def __init__(self, access: Access, films: ServedFilms) -> None:
        self._access, self._films = access, films
        self._told: set[str] = set()

    def answer(self, request: Request, inside: Inside) -> Response | None:
        """The answer to a request; None where it is a websocket that may be opened."""
        refusal = self._access.refusal(request.headers, request.path)
        if refusal is not None:
            self._tell(refusal)
            return _refused(refusal, request.headers)
        try:
            return self._answer(request, inside)
        except (MultipleValuesError, ValueError, OSError):  # A header given twice, a path that no file can have.
            return _refused(Refusal(http.HTTPStatus.BAD_REQUEST, "The request is none."), request.headers)

    def _answer(self, request: Request, inside: Inside) -> Response | None:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return None
        if self._access.is_link(request.path):
            return self._keep_token(request)
        if request.path.partition("?")[0].endswith(REACH_PATH):
            return self._say_reach(request)
        return self._films.answer(request) or with_our_head(request, inside)

    def _keep_token(self, request: Request) -> Response:
        """Have the browser keep the token in a cookie, and take it out of the address, which is copied and shown."""
        last = request.path.partition("?")[0].rpartition("/")[2]
        # Relative, for a proxy may have put something before it.
        where = "./" + (last if _LAST_PART.fullmatch(last) else "") + without_token(request.path)
        headers = {"Location": where, "Set-Cookie": self._access.cookie(request.headers)}
        return _response(http.HTTPStatus.SEE_OTHER, "text/plain", "The page is without the token.\n", headers)

    def _say_reach(self, request: Request) -> Response:
        """Whether the page, which says where it is from, would be refused a websocket."""
        said = asked_for(request.path, "origin")
        refusal = None
        if said and not self._access.trusts_token:
            try:
                refusal = self._access.refusal_of_origin(parse_origin(said[0]), host_of(request.headers))
            except OddAddress as problem:
                refusal = Refusal(http.HTTPStatus.BAD_REQUEST, f"The page {problem}.")
        if refusal is None:
            return _json(http.HTTPStatus.OK, {})
        self._tell(refusal)
        return _json(refusal.status, _parts(refusal))

    def _tell(self, refusal: Refusal) -> None:
        line = f"A browser was refused. {refusal}"
        if line not in self._told and len(self._told) < _TOLD_AT_MOST:
            self._told.add(line)
            _log.warning(line)


def _refused(refusal: Refusal, headers: Headers) -> Response:
    """As the browser's page, a script or a person at a terminal can read it."""
    accepted = ",".join(headers.get_all("Accept"))
    if "text/html" in accepted:
        return _response(refusal.status, "text/html", _page(refusal))
    if "application/json" in accepted:
        return _json(refusal.status, _parts(refusal))
    return _response(refusal.status, "text/plain", f"{refusal}\n")


def _page(refusal: Refusal) -> str:
    page = page_file("refused.html").replace("/*STYLE*/", page_style())
    for name, text in _parts(refusal).items():
        page = page.replace(f"<!--{name.upper()}-->", html.escape(text))
    return page


def _parts(refusal: Refusal) -> dict[str, str]:
    return {"problem": refusal.problem, "remedy": refusal.remedy, "option": refusal.option}


def _json(status: int, value: object) -> Response:
    return _response(status, "application/json", json.dumps(value))


def _response(status: int, kind: str, text: str, headers: dict[str, str] | None = None) -> Response:
    body = text.encode()
    about = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body)), "Cache-Control": "no-store"}
    found = http.HTTPStatus(status)
    return Response(found.value, found.phrase, Headers({**about, **(headers or {})}), body)
