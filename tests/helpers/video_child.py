"""A process that makes a film, to be measured or interrupted; see `test_video_writer.py`.

Arguments: "endless", "patient" or a number of frames; the film's path. An endless one goes on until it is stopped, a
patient one takes one Ctrl-C for nothing and ends a second later; both tell when they have begun.
"""

from __future__ import annotations

import itertools
import resource
import sys
from pathlib import Path

from video_files import moving_bar

from replay_viewer import VideoWriter

SIZE = (640, 360)


def endless(path: Path) -> None:
    with VideoWriter(path, SIZE, 30) as video:
        for index, image in enumerate(itertools.cycle(list(moving_bar(30, *SIZE)))):
            video.append(image)
            if index == 60:
                print("running", flush=True)


def patient(path: Path) -> None:
    with VideoWriter(path, SIZE, 30) as video:
        try:
            for image in moving_bar(10, *SIZE):
                video.append(image)
            print("running", flush=True)
            sys.stdin.read()
        except KeyboardInterrupt:
            for image in moving_bar(10, *SIZE):
                video.append(image)


def measured(path: Path, num_frames: int) -> None:
    """Print the most memory that this process, and that its encoder, ever had [kB]."""
    with VideoWriter(path, SIZE, 30) as video:
        for image in moving_bar(num_frames, *SIZE):
            video.append(image)
    print(own_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def own_peak() -> int:
    """Not by getrusage, where there is another way: it begins with the memory of the process that started this one."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))


what, film = sys.argv[1], Path(sys.argv[2])
if what == "endless":
    endless(film)
elif what == "patient":
    patient(film)
else:
    measured(film, int(what))
