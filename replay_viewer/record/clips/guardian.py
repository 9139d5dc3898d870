"""The guardian of a writer's films: a process that sleeps until the writer has died, and then adopts what it left.

So a film is there after whatever ended its training: a signal, a segmentation fault, `kill -9`.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...video.encoder import close_in_children

# Nothing is imported while it sleeps; it ends at once where its writer has come to its end.
_SCRIPT = """
import os, sys
os.nice(10)
said = b""
while True:
    part = os.read(0, 1024)
    if not part:
        break
    said += part
if not said:
    sys.path.insert(0, sys.argv[1])
    from replay_viewer.record.clips.adopting import adopt_died
    adopt_died(sys.argv[2], sys.argv[3])
"""


class Guardian:
    """Starts the process; where that is not possible, films are adopted when the next training begins.

    Args:
        manifest: the path of the manifest.
        python: an interpreter that can draw films of states; None where there is none.
    """

    def __init__(self, manifest: Path, python: str | None = None) -> None:
        self._pipe: Any = None
        self._process: subprocess.Popen | None = None
        package = Path(__file__).resolve().parents[3]
        with suppress(OSError, ValueError):
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SCRIPT, str(package), str(manifest.absolute()), python or ""],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # What ends the group of its writer is not to end it too.
                start_new_session=True,
            )
            self._pipe = self._process.stdin
            close_in_children(self._pipe)

    def dismiss(self) -> None:
        """Its writer has come to its end: there is nothing to adopt. A second call does nothing."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(OSError, ValueError):
                self._pipe.write(b"closed")
            with suppress(OSError):
                self._pipe.close()
            with suppress(OSError, subprocess.SubprocessError):
                process.wait(timeout=5)
