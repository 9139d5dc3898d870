"""Where the benchmarks' robots are."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path


def robots_folder() -> Path:
    """Where example-robot-data keeps its robots."""
    package = metadata.distribution("example-robot-data")
    return Path(str(package.locate_file("cmeel.prefix/share/example-robot-data/robots")))
