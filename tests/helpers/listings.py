"""A folder's listing, looked through to its end."""

from __future__ import annotations

from pathlib import Path

from replay_viewer.viewer.episodes.sources import Listing


def looked_through(folder: Path, listing: Listing | None = None) -> Listing:
    """What is in a folder, all of it read; a listing that is given looks again."""
    listing = listing or Listing(folder)
    listing.look(lambda num_found: None)
    listing.read(lambda: None, lambda done, total: None)
    return listing
