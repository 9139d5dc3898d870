"""Makes the crate that two robots push: `python assets/make_crate.py [file.glb]`."""

from __future__ import annotations

import sys
from pathlib import Path

from making.crate import crate
from making.glb import write_glb

if __name__ == "__main__":
    write_glb(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "crate.glb", crate())
