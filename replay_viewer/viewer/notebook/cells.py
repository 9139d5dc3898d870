"""Cells of notebooks: one that is run again closes what it has opened before, and opens at the same port."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field
from typing import Any, Protocol


class Opened(Protocol):
    """What a cell opens: at a port, where one was wanted, until it is closed."""

    wanted_port: int
    port: int

    def close(self) -> None: ...


@dataclass(frozen=True)
class Cell:
    """A cell that is being run.

    Attributes:
        key: the same whenever it is run.
        run: another one each time.
    """

    key: str
    run: str

    @property
    def is_of_vscode(self) -> bool:
        """Whether it is shown by VS Code, wherever it runs."""
        return self.key.startswith("vscode-")

    def port(self, wanted: int) -> int:
        """Close what it opened when it was run before; returns the port to open at: the same, if the same is wanted."""
        place = _places.setdefault(self.key, _Place())
        if place.run != self.run:
            place.left = [(before.wanted_port, before.port) for before in place.opened]
            for before in place.opened:
                before.close()
            place.run, place.opened = self.run, []
        for ports in place.left:
            if ports[0] == wanted:
                place.left.remove(ports)
                return ports[1]
        return wanted

    def keep(self, opened: Opened) -> None:
        """It has opened this, at the port that `port` gave."""
        _places[self.key].opened.append(opened)


@dataclass
class _Place:
    """What one cell opened when it was run last, and the ports, wanted and had, of what it had opened before that."""

    run: str = ""
    opened: list[Opened] = field(default_factory=list)
    left: list[tuple[int, int]] = field(default_factory=list)


_places: dict[str, _Place] = {}


def current_cell() -> Cell | None:
    """The cell that is being run; None outside of notebooks."""
    message = _request()
    if message is None:
        return None
    key = message.get("metadata", {}).get("cellId")
    if not key:  # Some frontends name no cells: then one is the same as long as it reads the same.
        code = str(message.get("content", {}).get("code", ""))
        key = hashlib.sha256(code.encode(errors="replace")).hexdigest()
    return Cell(str(key), str(message.get("header", {}).get("msg_id", "")))


def _request() -> dict[str, Any] | None:
    """The message by which Jupyter's kernel was asked to run a cell; there is none in a terminal's IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    get_parent = getattr(shell, "get_parent", None)
    return get_parent() if get_parent is not None else None
