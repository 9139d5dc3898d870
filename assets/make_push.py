"""Makes the second demo's file: `python assets/make_push.py [folder]` simulates, records and packs; it needs MuJoCo.

push.rec is the recording with its robot in one file. The same version of MuJoCo makes the same steps again.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from replay_viewer.container.pack import pack

ASSETS = Path(__file__).resolve().parent
sys.path.insert(0, str(ASSETS.parent / "examples" / "demo"))

from push import SEED, record  # noqa: E402 - lies in the folder that was just added.

SECONDS, NUM_ENVS = 20.0, 4


def make_push(folder: Path) -> None:
    """Write push.rec into `folder`, replacing one that is there."""
    with tempfile.TemporaryDirectory() as temporary:
        recording = record(Path(temporary) / "push.rec", SECONDS, NUM_ENVS, SEED)
        packed = pack(recording, Path(temporary) / "packed.rec")
        (folder / "push.rec").write_bytes(packed.read_bytes())


if __name__ == "__main__":
    make_push(Path(sys.argv[1]) if len(sys.argv) > 1 else ASSETS)
