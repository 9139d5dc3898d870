"""Makes the demo's files: `python assets/make_demo.py [folder]` simulates, records, and packs; it needs MuJoCo.

walk.rec is the recording with its robot and terrain in one file, walk.npz the same steps in the plain layout. The same
version of MuJoCo makes the same steps again.
"""

# pyright: reportMissingImports=false

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from replay_viewer.container.pack import pack
from replay_viewer.record.loop.plain_npz import write_plain_npz

ASSETS = Path(__file__).resolve().parent
sys.path.insert(0, str(ASSETS.parent / "examples" / "demo"))

from walk import NUM_ENVS, SEED, record  # noqa: E402 - lies in the folder that was just added.

SECONDS = 20.0


def make_demo(folder: Path) -> None:
    """Write walk.rec and walk.npz into `folder`, replacing those there."""
    with tempfile.TemporaryDirectory() as temporary:
        recording = record(Path(temporary) / "walk.rec", SECONDS, NUM_ENVS, SEED)
        pack(recording, Path(temporary) / "packed.rec").replace(folder / "walk.rec")
        plain = write_plain_npz(recording, Path(temporary) / "walk.npz")
        with np.load(plain) as arrays:
            np.savez_compressed(folder / "walk.npz", **arrays)


if __name__ == "__main__":
    make_demo(Path(sys.argv[1]) if len(sys.argv) > 1 else ASSETS)
