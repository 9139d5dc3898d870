"""Recordings that are damaged at random, and what opening them comes to.

Whoever opens one gets the right numbers, or a verdict that tells of the damage, or one clear error: never a traceback,
and never other numbers without a word. As a script it counts: `python tests/helpers/damage.py [CASES] [SEED]`.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any, Callable

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from container_samples import fallen, sample_info, sample_values, terminal_values

from replay_viewer.container.pack import pack
from replay_viewer.container.reader import open_container
from replay_viewer.container.terminals import EpisodeEnds
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.errors import ReplayError

NUM_STEPS, FALL, TIME_OUT = 40, 10, 25
SEGMENT_BYTES = 9000
# How a recording was left: closed by this version, by one before checksums, or by the death of its process.
KINDS = ("closed", "closed by 1.0", "killed")
# Bits of "flags".
_TERMINATED, _TRUNCATED = 1, 2


def write(path: Path, kind: str = "closed", salt: int = 0) -> Path:
    """A recording in several segments: env 1 falls in step 10, env 2 runs out of time in step 25; two more ends.

    Recordings of another `salt` have other numbers in the same places.
    """
    info = sample_info(seed=salt, metadata={"salt": salt})
    with ContainerWriter(path, info, segment_bytes=SEGMENT_BYTES) as writer:
        for step in range(NUM_STEPS):
            values = sample_values(step)
            values["rew"] = values["rew"] + 100 * salt
            values["flags"] = np.zeros(4, np.uint32)
            if step == FALL:
                writer.end_episodes(fallen(step, [1], values=terminal_values(step, [1]), reasons=["fell"]))
                values["flags"][1] = _TERMINATED
            if step == TIME_OUT:
                writer.end_episodes(EpisodeEnds(step, [2], "truncated", terminal_values(step, [2])))
                values["flags"][2] = _TRUNCATED
            if step == TIME_OUT + 5:
                writer.end_episodes(EpisodeEnds(step - 1, [0, 1], "aborted"))
            writer.append(step, step * 0.02, values)
        writer.note_episode(1, FALL, success=False, reason="stumbled")
    if kind != "closed":
        _age(path, kind)
    return path


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def snapshot(path: Path) -> tuple[dict[str, Any], set[tuple[str, str]]]:
    """Everything that a viewer shows of a recording, and what is doubted of it. Raises ReplayError."""
    rollout = open_container(path)
    try:
        steps, envs = slice(0, rollout.num_steps), range(rollout.num_envs)
        shown: dict[str, Any] = {
            "episodes": [list(rollout.episodes(env)) for env in envs],
            "env_ids": rollout.env_ids,
            "control_dt": rollout.control_dt,
            "entities": {name: (entity.kind, entity.joint_names) for name, entity in rollout.entities.items()},
            "reward_terms": rollout.reward_terms,
            "metadata": {**rollout.metadata, "created": ""},
        }
        for name in sorted(rollout.fields):
            shown[name] = (rollout.fields[name].unit, rollout.read_shown(name, steps, envs).tobytes())
        return shown, {(verdict.topic, verdict.finding) for verdict in rollout.verdicts}
    finally:
        rollout.close()


def outcome(path: Path, whole: tuple[dict[str, Any], set[tuple[str, str]]]) -> str:
    """What opening a damaged recording comes to: "right", "doubt" or "error", or "SILENT" for what must not be."""
    try:
        shown, doubts = snapshot(path)
    except ReplayError as error:
        return "error" if "\n" not in str(error) else "SILENT: an error of several lines"
    if shown == whole[0]:
        return "right"
    different = [name for name in whole[0] if shown.get(name) != whole[0][name]]
    return "doubt" if doubts - whole[1] else f"SILENT: other {', '.join(different)}"


def damage(path: Path, other: Path, random: Random) -> str:
    """Damage one file of a closed recording, or the file that it is packed into; returns what was done."""
    file = path if path.is_file() else random.choice(sorted(path.iterdir()))
    ways: list[Callable[[Path, Random], str]] = [_truncate, _zero, _overwrite, _flip, _flip, _repeat]
    if path.is_dir():
        ways += [
            _remove,
            _empty,
            lambda file, random: _swap(file, path, random),
            lambda file, _: _exchange(file, other),
        ]
    return f"{file.name}: {random.choice(ways)(file, random)}"


def edit_numbers(path: Path, random: Random) -> str:
    """Change one number of meta.json's layout, as a flipped digit does; returns which."""
    text = (path / "meta.json").read_text()
    meta = json.loads(text)
    places = [meta["frames"], meta["row"], meta["terminals"], *meta["row"]["fields"], *meta["terminals"]["fields"]]
    place = random.choice(places)
    key = random.choice([key for key, value in place.items() if isinstance(value, int)])
    was, place[key] = place[key], max(0, place[key] + random.choice([-8, -4, -3, -1, 1, 2, 4, 8, 12, 64]))
    (path / "meta.json").write_text(json.dumps(meta))
    return f"meta.json: {place.get('name', '')} {key} {was} -> {place[key]}"


def _age(path: Path, kind: str) -> None:
    """Make it a recording of an older version, or of a process that died."""
    lines = [json.loads(line) for line in (path / "log.jsonl").read_text().splitlines()]
    if kind == "killed":
        lines = [line for line in lines if line["kind"] != "end"]
    else:
        meta = json.loads((path / "meta.json").read_text())
        del meta["crc32"]
        (path / "meta.json").write_text(json.dumps({**meta, "version": "1.0"}))
        lines = [{key: line[key] for key in ("kind", "time", "num_records")} for line in lines if line["kind"] == "end"]
    (path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def _place(file: Path, random: Random) -> tuple[int, int]:
    """A random run of bytes of the file."""
    size = file.stat().st_size
    start = random.randrange(max(size, 1))
    return start, min(size - start, random.choice([1, 4, 16, 200, 4096]))


def _patch(file: Path, start: int, content: bytes) -> None:
    with open(file, "r+b") as opened:
        opened.seek(start)
        opened.write(content)


def _truncate(file: Path, random: Random) -> str:
    end, _ = _place(file, random)
    os.truncate(file, end)
    return f"cut to {end} bytes"


def _zero(file: Path, random: Random) -> str:
    start, count = random.choice([_place(file, random), (0, file.stat().st_size)])
    _patch(file, start, bytes(count))
    return f"{count} zeros at {start}"


def _overwrite(file: Path, random: Random) -> str:
    start, count = random.choice([_place(file, random), (0, file.stat().st_size)])
    _patch(file, start, bytes(random.randrange(256) for _ in range(count)))
    return f"{count} random bytes at {start}"


def _flip(file: Path, random: Random) -> str:
    start, _ = _place(file, random)
    byte, bit = file.read_bytes()[start : start + 1], random.randrange(8)
    _patch(file, start, bytes(value ^ 1 << bit for value in byte))
    return f"bit {bit} of byte {start} flipped"


def _repeat(file: Path, random: Random) -> str:
    start, count = _place(file, random)
    with open(file, "ab") as opened:
        opened.write(file.read_bytes()[start : start + count])
    return f"{count} of its bytes added to its end"


def _remove(file: Path, random: Random) -> str:
    file.unlink()
    return "removed"


def _empty(file: Path, random: Random) -> str:
    os.truncate(file, 0)
    return "emptied"


def _swap(file: Path, path: Path, random: Random) -> str:
    with_whom = random.choice([other for other in sorted(path.iterdir()) if other != file])
    ours, theirs = file.read_bytes(), with_whom.read_bytes()
    file.write_bytes(theirs)
    with_whom.write_bytes(ours)
    return f"swapped with {with_whom.name}"


def _exchange(file: Path, other: Path) -> str:
    shutil.copy(other / file.name, file)
    return "taken from another recording"


def try_cases(folder: Path, count: int, seed: int, is_packed: bool) -> list[tuple[str, str]]:
    """(what was done, what came of it) of that many damaged copies of a recording that was closed."""
    whole, other = write(folder / "whole.rec"), write(folder / "other.rec", salt=7)
    if is_packed:
        whole = pack(whole, folder / "packed.rec")
    expected, path, found = snapshot(whole), folder / "case" / "run.rec", []
    path.parent.mkdir()
    for case in range(count):
        random = Random(f"{seed}-{case}")
        (shutil.copyfile if is_packed else shutil.copytree)(whole, path)
        expected[0]["metadata"]["created"] = ""
        what = damage(path, other, random)
        found.append((what, outcome(path, expected)))
        (os.unlink if is_packed else shutil.rmtree)(path)
    return found


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for is_packed in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            found = try_cases(Path(folder), count, seed, is_packed)
        results = Counter(result.partition(":")[0] for _, result in found)
        print(f"{'packed' if is_packed else 'folder'}: {len(found)} damaged, {dict(results)}")
        for what, result in found:
            if result.startswith("SILENT"):
                print(f"    {what}: {result}")


if __name__ == "__main__":
    main()
