"""What a training has left of its films: their records, and which frames are in them."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

from camera_envs import read_burnt
from video_files import read_frames

from replay_viewer.clip_record import CLOSED, ClipRecord, is_manifest, newest
from replay_viewer.video.encoder import find_ffmpeg


def lines_below(folder: Path) -> list[dict]:
    """All lines of all manifests."""
    manifests = [path for path in sorted(folder.rglob("*.jsonl")) if is_manifest(path.name)]
    return [
        {**json.loads(line), "in": str(path.parent)} for path in manifests for line in path.read_text().splitlines()
    ]


def records_below(folder: Path) -> list[ClipRecord]:
    """The films as they are by now; `more["in"]` is the folder of each."""
    return list(newest(lines_below(folder), folder).values())


def wait_until_complete(folder: Path, seconds: float = 40.0) -> list[ClipRecord]:
    """The films, when all manifests are closed."""
    end = time.monotonic() + seconds
    while True:
        manifests = [path for path in folder.rglob("*.jsonl") if is_manifest(path.name)]
        if manifests and all(CLOSED in path.read_text() for path in manifests):
            return records_below(folder)
        assert time.monotonic() < end, f"not complete: {sorted(folder.rglob('*'))}"
        time.sleep(0.1)


def path_of(record: ClipRecord) -> Path:
    """The film."""
    return Path(record.more["in"]) / str(record.file)


def burnt_frames(record: ClipRecord) -> list[tuple]:
    """What is burnt into its frames, all of which are decoded."""
    return [read_burnt(frame) for frame in read_frames(path_of(record))]


def tags_of(path: Path) -> dict[str, str]:
    """Title and comment, as ffmpeg reads them."""
    command = [find_ffmpeg(path), "-loglevel", "error", "-i", str(path), "-f", "ffmetadata", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^(title|comment)=(.*)$", said, re.MULTILINE)
    return {name: re.sub(r"\\(.)", r"\1", text).strip() for name, text in found}
