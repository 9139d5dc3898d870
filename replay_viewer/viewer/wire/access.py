"""Who may reach a viewer: under which names, from which pages, and with which token."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qs, parse_qsl, urlencode

from websockets.datastructures import Headers

from ...errors import BadArgument, printable
from .addresses import Host, OddAddress, Origin, is_address, is_loopback
from .machine import is_only_here, own_names

Address = TypeVar("Address", Host, Origin)

_BAD_REQUEST, _FORBIDDEN = 400, 403
_TOKEN = "token"
# A browser says "null" of a page whose origin it keeps to itself.
_UNSAID = Origin("null", Host(""))


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered.

    Attributes:
        status: of the answer.
        problem: what is wrong, in a sentence.
        remedy: what to do, in a sentence.
        option: what the sentence ends with: an option of the command line.
    """

    status: int
    problem: str
    remedy: str = ""
    option: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.problem, self.remedy, self.option)))


@dataclass(frozen=True)
class Access:
    """Who may reach a viewer.

    A browser says which host it asked, and, of websockets, which page asks. A page of somebody else is found by its
    origin; a name that somebody else's DNS has lead here, which makes their page one of the same origin, by the name.
    Addresses of numbers need no such care, for nobody's DNS leads them anywhere.

    Attributes:
        bound_host: the address that is listened on.
        hosts: names under which it is reached besides.
        origins: pages that may ask besides its own: those of a proxy that gives requests another host.
        token: what a browser must know, once in its link and then in a cookie; empty where nothing is asked.
        pages: of the origins of more such pages: where a proxy serves each port under a name of its own.
        trusts_token: who knows the token may come under any name and from any page: where a proxy's are not known.
    """

    bound_host: str = "127.0.0.1"
    hosts: frozenset[str] = frozenset()
    origins: tuple[Origin, ...] = ()
    token: str = ""
    pages: re.Pattern[str] | None = None
    trusts_token: bool = False

    @classmethod
    def make(
        cls,
        bound_host: str,
        *,
        token: bool | None = None,
        allow_hosts: Sequence[str] = (),
        allow_origins: Sequence[str] = (),
    ) -> Access:
        """To a server at `bound_host`.

        Args:
            bound_host: the address that is listened on.
            token: whether to ask for one; None for wherever other machines can connect.
            allow_hosts: names besides this machine's own.
            allow_origins: pages besides its own, such as "https://hub.example.org", whose hosts are allowed as well.

        Raises:
            BadArgument: for what names no host, or no origin.
        """
        is_open = not is_only_here(bound_host)
        origins = tuple(map(_origin_of, allow_origins))
        own = own_names() if is_open else ()
        hosts = {*map(_host_of, allow_hosts), *own, bound_host.lower(), *(origin.host.name for origin in origins)}
        asks = is_open if token is None else token
        return cls(bound_host, frozenset(hosts), origins, secrets.token_urlsafe(24) if asks else "")

    def refusal(self, headers: Headers, path: str) -> Refusal | None:
        """Why a request is refused; None for one that is not."""
        try:
            host, origin = host_of(headers), origin_of(headers)
        except OddAddress as problem:
            return Refusal(_BAD_REQUEST, f"The request {problem}.")
        has_token = self.has_token(headers, path)
        if not (self.trusts_token and has_token):
            foreign = self._refusal_of_host(host, origin) or self.refusal_of_origin(origin, host)
            if foreign is not None:
                return foreign
        if not has_token:
            remedy = "Open the link that it has printed on its terminal, with the token in it."
            return Refusal(_FORBIDDEN, "This viewer asks for its token.", remedy)
        return None

    def has_token(self, headers: Headers, path: str) -> bool:
        """Whether a request brings the token, if one is asked for."""
        return not self.token or self._is_token(cookies(headers, self._cookie(headers))) or self.is_link(path)

    def is_link(self, path: str) -> bool:
        """Whether the token stands in a request's address."""
        return bool(self.token) and self._is_token(asked_for(path, _TOKEN))

    def cookie(self, headers: Headers) -> str:
        """The cookie that a browser keeps the token in, until it is closed.

        Without a path: so it belongs to the folder of the page's address, which only the browser knows behind a proxy.
        """
        return f"{self._cookie(headers)}={self.token}; HttpOnly; SameSite=Lax"

    def link(self, page: str) -> str:
        """The address of the page with the token, if one is asked for."""
        return f"{page.rstrip('/')}/?{_TOKEN}={self.token}" if self.token else page

    def refusal_of_origin(self, origin: Origin | None, host: Host) -> Refusal | None:
        """Why a page may not use what it asked this host for; None for its own page, and for what is no page."""
        if origin is None or origin.is_at(host) or self._is_allowed(origin):
            return None
        if origin == _UNSAID:
            return Refusal(
                _FORBIDDEN, "The page does not say where it comes from: it is a file, or a frame that is shut off."
            )
        problem = f"The page comes from {origin}, and the viewer was asked for as {host}."
        return Refusal(_FORBIDDEN, problem, "If both are yours, start the viewer with", f"--allow-origin {origin}")

    def _refusal_of_host(self, host: Host, origin: Origin | None) -> Refusal | None:
        is_known = host.name in self.hosts or is_loopback(host.name) or self._is_allowed(Origin("https", host))
        if is_known or (is_address(host.name) and not is_only_here(self.bound_host)):
            return None
        problem = f"The viewer was asked for as {host}, which is none of its names."
        page = f"https://{Host(host.name)}" if origin in (None, _UNSAID) else origin
        remedy = (
            f"If a proxy of yours serves the page, start the viewer with --allow-origin {page}, as the address bar has "
            "it; if it is a name of this machine, with"
        )
        return Refusal(_FORBIDDEN, problem, remedy, f"--allow-host {host.name}")

    def _is_allowed(self, origin: Origin) -> bool:
        is_named = any(origin.is_same(allowed) for allowed in self.origins)
        return is_named or (self.pages is not None and self.pages.fullmatch(str(origin)) is not None)

    def _is_token(self, candidates: Iterable[str]) -> bool:
        own = self.token.encode()
        return any(secrets.compare_digest(text.encode(errors="surrogateescape"), own) for text in candidates)

    def _cookie(self, headers: Headers) -> str:
        """Its name. A browser sends a machine's cookies to all its ports: several viewers have one each."""
        return f"replay-viewer-{host_of(headers).port or 'page'}"


def host_of(headers: Headers) -> Host:
    """The host that was asked. Raises OddAddress."""
    given = headers.get_all("Host")
    if len(given) != 1:
        raise OddAddress("names no host" if not given else "names several hosts")
    return _parsed(Host.parse, given[0], "Host")


def origin_of(headers: Headers) -> Origin | None:
    """Which page asks, if one does. Raises OddAddress."""
    given = headers.get_all("Origin")
    if len(given) > 1:
        raise OddAddress("names several origins")
    return parse_origin(given[0]) if given else None


def parse_origin(text: str) -> Origin:
    """An origin as a browser says it. Raises OddAddress."""
    return _UNSAID if text == "null" else _parsed(Origin.parse, text, "Origin")


def asked_for(path: str, name: str) -> Sequence[str]:
    """The values of a name in the query of a request's path."""
    return parse_qs(path.partition("?")[2]).get(name, ())


def without_token(path: str) -> str:
    """The query of a request's path, with its "?", without the token; empty where nothing else is asked for."""
    others = [(name, value) for name, value in parse_qsl(path.partition("?")[2]) if name != _TOKEN]
    return "?" + urlencode(others) if others else ""


def cookies(headers: Headers, name: str) -> Iterable[str]:
    """The values of all cookies of a name."""
    for header in headers.get_all("Cookie"):
        for cookie in header.split(";"):
            found, _, value = cookie.strip().partition("=")
            if found == name:
                yield value


def _parsed(parse: Callable[[str], Address], text: str, header: str) -> Address:
    try:
        return parse(text)
    except OddAddress as problem:
        raise OddAddress(f"has an odd {header}: {printable(text[:100])!r} {problem}") from None


def _host_of(text: str) -> str:
    try:
        return Host.parse(text).name
    except OddAddress as problem:
        raise BadArgument("--allow-host", text, f"{problem}; give a name such as hub.example.org.") from None


def _origin_of(text: str) -> Origin:
    """Of an address out of the address bar, of which the path is left out."""
    scheme, separator, rest = text.partition("://")
    try:
        return Origin.parse(scheme + separator + rest.partition("/")[0])
    except OddAddress as problem:
        raise BadArgument("--allow-origin", text, f"{problem}; give one such as https://hub.example.org.") from None
