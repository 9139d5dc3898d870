"""Where the demo is that comes with the package."""

from __future__ import annotations

from pathlib import Path

from .errors import FileProblem


def demo_recording() -> Path:
    """The bundled demo's recording.

    An installed package has it beside its modules, an editable install in the repository's own `assets`. Raises
    FileProblem where neither is there.
    """
    package = Path(__file__).resolve().parent
    places = [folder / "assets" / "demo.rec" for folder in (package, package.parent)]
    for place in places:
        if place.exists():
            return place
    raise FileProblem(places[0], "the bundled demo is missing.", "Install the package again: pip install replay-viewer")
