"""Hosts and origins as requests and options name them, read strictly: what stands in a request may be anybody's."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", re.ASCII)
_HOST = re.compile(r"(?P<name>[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?", re.ASCII | re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.ASCII)
_MAX_NAME = 253  # As servers of names have it.
_DEFAULT_PORTS = {"http": 80, "https": 443}


class OddAddress(ValueError):
    """A text that names no host and no origin."""


@dataclass(frozen=True)
class Host:
    """A host as the address bar has it, and its port.

    Attributes:
        name: in lower case, without a last dot; an IPv6 address without its brackets.
        port: None where it is not said.
    """

    name: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Host:
        """Of a text such as "localhost:8080" or "[::1]". Raises OddAddress."""
        found = _HOST.fullmatch(text)
        if found is None:
            raise OddAddress("is no host")
        name, port = found["name"].lower().removesuffix("."), found["port"]
        if name.startswith("["):
            name = name.strip("[]")
            if not is_address(name):
                raise OddAddress("is no IPv6 address")
            name = str(ipaddress.ip_address(name))
        elif not _NAME.fullmatch(name) or ".." in name or len(name) > _MAX_NAME:
            raise OddAddress("is no host")
        if port is not None and int(port) > 65535:
            raise OddAddress("has no port from 0 to 65535")
        return cls(name, None if port is None else int(port))

    def __str__(self) -> str:
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port is None else f"{name}:{self.port}"


@dataclass(frozen=True)
class Origin:
    """Where a page comes from: a scheme, such as "https", and a host."""

    scheme: str
    host: Host

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Of a text such as "https://hub.example.org". Raises OddAddress."""
        scheme, separator, host = text.partition("://")
        scheme = scheme.lower()
        if not separator or not _SCHEME.fullmatch(scheme):
            raise OddAddress("is no origin")
        return cls(scheme, Host.parse(host))

    def is_at(self, host: Host) -> bool:
        """Whether it is this host's; a port that is not said is the scheme's usual one, as a browser leaves it out."""
        return self.host.name == host.name and self._port(self.host) == self._port(host)

    def is_same(self, other: Origin) -> bool:
        """Whether both are one origin."""
        return self.scheme == other.scheme and self.is_at(other.host)

    def _port(self, host: Host) -> int | None:
        return _DEFAULT_PORTS.get(self.scheme) if host.port is None else host.port

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}"


def is_address(name: str) -> bool:
    """Whether a host's name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(name: str) -> bool:
    """Whether a host's name leads to this machine alone, in every browser."""
    if is_address(name):
        return ipaddress.ip_address(name).is_loopback
    return name == "localhost" or name.endswith(".localhost")
