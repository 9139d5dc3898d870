"""The names by which addresses and lists call recordings, and how each of them is opened again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import BadArgument, printable
from ..episodes.sources import Listing
from .opening import OpenRequest

if TYPE_CHECKING:
    from ...rollout.rollout import Rollout


class Known:
    """Recordings of the folder, and those that have been shown besides. Only the owner thread touches it."""

    def __init__(self, listing: Callable[[], Listing | None]) -> None:
        """listing: what is in the folder, if there is one."""
        self._listing = listing
        self._how: OpenRequest | None = None
        self._requests: dict[Path, OpenRequest] = {}
        self._names: dict[Path, str] = {}

    def open_folder_by(self, how: OpenRequest) -> None:
        """Open what is in the folder so; its path does not count."""
        self._how = how

    def note(self, *requests: OpenRequest) -> None:
        """Something has been opened, and can be again; what is opened together gets names that tell it apart."""
        found = {request.path: request for request in requests}
        self._requests.update(found)
        fresh = [request for path, request in found.items() if path not in self._names]
        for request in fresh:
            others = {name for other in fresh if other is not request for name in _names_for(other)}
            self._names[request.path] = self._free_name(request, others)

    def forget(self, is_gone: Callable[[Path], bool]) -> None:
        """Some are no more."""
        for path in [path for path in self._requests if is_gone(path)]:
            del self._requests[path], self._names[path]

    def name_of(self, rollout: Rollout) -> str:
        """What addresses call a recording; one in memory by its own name."""
        path, listing = rollout.path, self._listing()
        listed = "" if path is None or listing is None else listing.name_of(path)
        return listed or (self._names.get(path) if path is not None else None) or rollout.name

    def request_for(self, path: Path) -> OpenRequest | None:
        """How a recording is opened; None for one that is not known."""
        listing = self._listing()
        if path in self._requests:
            return self._requests[path]
        is_listed = self._how is not None and listing is not None and listing.find(path) is not None
        return replace(self._how, path=path) if is_listed and self._how is not None else None

    def named(self, name: str) -> OpenRequest:
        """How what an address names is opened. Raises BadArgument where it is none of those that can be."""
        listing = self._listing()
        path = None if listing is None or self._how is None else listing.named(name)
        if path is not None and self._how is not None:
            return self._requests.get(path) or replace(self._how, path=path)
        for known, its_name in self._names.items():
            if its_name == name:
                return self._requests[known]
        raise BadArgument("recording", printable(name[:100]), "is not among those that are served here.")

    def _free_name(self, request: OpenRequest, others: set[str]) -> str:
        """The shortest that is nobody's, and might not be one of others either."""
        taken = set(self._names.values())
        return next((name for name in _names_for(request) if name not in taken | others), str(len(taken)))


def _names_for(request: OpenRequest) -> list[str]:
    """What a recording may be called, the shortest first."""
    parts = request.path.parts
    return [request.name, *(str(Path(*parts[-count:])) for count in range(2, len(parts)))]
