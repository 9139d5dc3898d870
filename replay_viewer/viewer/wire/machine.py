"""This machine's own names and addresses, as browsers here and elsewhere reach it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from functools import cache

from .addresses import is_loopback

_ANY = ("0.0.0.0", "::")
# How long the machine's own full name is waited for [s]: where no server of names answers, that takes long.
_PATIENCE = 1.0
# Addresses that are kept for examples (RFC 5737, RFC 3849): nothing is sent to them.
_EXAMPLES = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def is_only_here(bound_host: str) -> bool:
    """Whether a server at this address is reached from this machine alone."""
    return is_loopback(bound_host.lower())


def name_here(bound_host: str) -> str:
    """What a browser on this machine calls a server at this address."""
    return "localhost" if bound_host in (*_ANY, "127.0.0.1") else bound_host


def names_elsewhere(bound_host: str) -> list[str]:
    """What browsers of other machines call it: by name, then by address; as far as this machine knows."""
    if is_only_here(bound_host):
        return []
    if bound_host not in _ANY:
        return [bound_host]
    return [*own_names(), *_own_addresses(ipv6=bound_host == "::")]


@cache
def own_names() -> tuple[str, ...]:
    """The names that this machine has for itself: the short one, and the full one where it is found out soon."""
    found = [socket.gethostname().lower()]
    asking = threading.Thread(target=lambda: found.append(socket.getfqdn().lower()), daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    return tuple(name for name in dict.fromkeys(found) if not is_loopback(name))


def _own_addresses(ipv6: bool) -> Iterator[str]:
    """Those by which it would send something out."""
    for family, example in _EXAMPLES[: 2 if ipv6 else 1]:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((example, 9))
            yield probe.getsockname()[0]
