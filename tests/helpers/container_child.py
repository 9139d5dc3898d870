"""A simulation that records as fast as it can until it is killed; prints each step once it is appended.

Run as `python container_child.py PATH [MAX_FILE_BYTES]`.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from container_samples import fallen, sample_info, sample_values, terminal_values

from replay_viewer.container.writer import ContainerWriter
from replay_viewer.errors import FileProblem

EPISODE_STEPS = 7


def main() -> None:
    if len(sys.argv) > 2:
        # A write across this limit is short, and the next one fails.
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    writer = ContainerWriter(sys.argv[1], sample_info(), segment_bytes=20_000 if len(sys.argv) == 2 else 2**28)
    step = 0
    try:
        while True:
            if step % EPISODE_STEPS == EPISODE_STEPS - 1:
                writer.end_episodes(fallen(step, [step % 4], values=terminal_values(step, [step % 4])))
            writer.append(step, step * 0.02, sample_values(step))
            os.write(1, b"%d\n" % step)
            step += 1
    except FileProblem as problem:
        os.write(1, f"refused: {problem}\n".encode())
        writer.close()


if __name__ == "__main__":
    main()
