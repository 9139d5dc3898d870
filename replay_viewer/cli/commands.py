"""The list of commands. tyro makes each one's command line from the signature and the docstring of its function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import tyro

from . import upkeep
from .arguments import PathArgument, shown_as
from .usage import call, refuse_unknown


def repair(path: PathArgument) -> None:
    """Mend a recording whose writer died: drop a torn last step and correct the counts.

    Args:
        path: The recording's folder.
    """
    upkeep.repair(path)


def pack(path: PathArgument, out: Annotated[tyro.conf.Positional[Path], shown_as("OUT")]) -> None:
    """Put a recording's folder into one file that is viewed like the folder, for sending it.

    Args:
        path: The recording's folder.
        out: The file to make.
    """
    upkeep.pack(path, out)


# Each is a function in a module; of the modules only that of the command which is called is imported.
COMMANDS = {
    "view": "view",
    "info": "info",
    "episodes": "episodes",
    "formats": "formats",
    "render": "render",
    "share": "share",
    "report": "report",
    "upload": "upload",
    "repair": "commands",
    "pack": "commands",
    "demo": "demo",
}


def run(args: Sequence[str]) -> None:
    """Parse the command line and call its command. Raises ReplayError, for wrong usage too."""
    is_awaited = "--tail" in args  # A recording that need not exist yet.
    if args and args[0] not in COMMANDS and not is_awaited:
        refuse_unknown(args[0], COMMANDS)
    name, *rest = with_command(args)
    call(_function(name), f"replay-viewer {name}", rest)


def _function(command: str) -> Callable[..., None]:
    return getattr(import_module(f".{COMMANDS[command]}", __package__), command)


def with_command(args: Sequence[str]) -> list[str]:
    """Add the command where it is left out: `view`, with a path, an option or nothing at all."""
    if args and args[0] in COMMANDS:
        return list(args)
    return ["view", *args]
