"""Names for files that must not overwrite others."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Iterator


def numbered(path: Path) -> Iterator[Path]:
    """walk.rec, walk-2.rec, walk-3.rec, ... without end."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
