"""Names of the files in a recording."""

import re

META = "meta.json"
TERMINALS = "terminals.npy"
EPISODES = "episodes.jsonl"
LOG = "log.jsonl"
ASSETS = "assets"
TERRAIN = "assets/terrain.npz"
SEGMENT = re.compile(r"frames-[0-9]{5,}\.npy")


def segment_name(index: int) -> str:
    """The file that holds the index-th run of records."""
    return f"frames-{index:05d}.npy"


def is_inside(name: str) -> bool:
    """Whether a path that a file states stays inside of the recording: relative, with forward slashes, without `..`."""
    return not {"", ".", ".."} & set(name.split("/")) and not set(name) & set("\\:\0")
