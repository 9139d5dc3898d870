"""Care of recordings' files, where they were made: with numpy alone, on Python 3.8 too."""

from __future__ import annotations

from pathlib import Path


def repair(path: Path) -> None:
    """Repair a recording and print what was done."""
    from replay_viewer.container.repair import repair as repair_recording

    report = repair_recording(path)
    for change in report.changes:
        print(change)
    for doubt in report.doubts:
        print(f"Not to be mended: {doubt}")
    if report.unread_bytes:
        print(f"Its records take {report.unread_bytes / 2**30:.1f} GiB: too many to be read for other damage.")
    outcome = "is repaired" if report.changes else "cannot be repaired further" if report.doubts else "needs no repair"
    print(f"{path} {outcome}: {report.num_steps} steps, {report.num_ends} finished episodes.")


def pack(path: Path, out: Path) -> None:
    """Pack a recording into one file, with a progress bar where someone is watching, and print what was made."""
    from replay_viewer.container.pack import pack as pack_recording
    from replay_viewer.progress import ProgressBar, megabytes

    bar = ProgressBar(megabytes)
    try:
        packed = pack_recording(path, out, bar.show)
    finally:
        bar.end()
    print(f"{packed}: {packed.stat().st_size / 1e6:.1f} MB")
