"""Names of the files in a recording."""

META = "meta.json"
TERMINALS = "terminals.npy"
EPISODES = "episodes.jsonl"
LOG = "log.jsonl"
ASSETS = "assets"
TERRAIN = "assets/terrain.npz"


def segment_name(index: int) -> str:
    """The file that holds the index-th run of records."""
    return f"frames-{index:05d}.npy"
