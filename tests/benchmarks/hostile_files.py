"""Hostile files, and how `replay-viewer info` ends on each: `python tests/benchmarks/hostile_files.py [COUNT] [SEED]`.

Counts those of which code was executed, that end with a traceback (or anything but one line on stderr), that take more
than 20 s, and that take more than 2 GB. All have to be 0.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "helpers")]

import numpy as np
import trimesh
from container_samples import record, sample_info
from npz_samples import object_array, saved, standing
from special_files import SPECIAL, put_special, sparse
from urdf_files import joint, links, mesh, one_link, write_urdf

import replay_viewer.replay.summary  # noqa: F401  # Loaded once, before the processes are forked.
from replay_viewer.cli import main as command
from replay_viewer.container.pack import pack
from replay_viewer.rollout.entities import EntitySpec

_SECONDS, _MEGABYTES = 20.0, 2000
_FILES = ("meta.json", "frames-00000.npy", "terminals.npy", "episodes.jsonl", "log.jsonl", "assets/robot/robot.urdf")
_MESHES = ("stl", "obj", "glb", "ply")


class Maker:
    """Makes one hostile file after the other in a folder.

    Args:
        folder: an empty one.
        executed: a file that is there once code of a hostile file ran.
    """

    def __init__(self, folder: Path, executed: Path) -> None:
        self._executed = executed
        self._originals = folder / "originals"
        self._originals.mkdir()
        trimesh.creation.icosphere().export(self._originals / "ball.stl")
        urdf = write_urdf(self._originals, one_link(mesh("ball.stl")))
        robot = EntitySpec("robot", urdf=str(urdf), joint_names=("hip", "knee", "ankle"))
        info = sample_info(entities=(robot, EntitySpec("box", kind="object")))
        self._whole = record(self._originals / "walk.rec", 5, info)
        self._packed = pack(self._whole, self._originals / "packed.rec")
        self.kinds: list[Callable[[Path, Random], tuple[Path, list[str]]]] = [
            self._special, self._sparse, self._changed, self._packed_and_changed, self._pickle, self._npz, self._robot,
            self._mesh, self._bomb,
        ]  # fmt: skip

    def _special(self, folder: Path, random: Random) -> tuple[Path, list[str]]:
        kind, name = random.choice(SPECIAL), random.choice([*_FILES, "a.rec", "a.npz", "assets/robot/ball.stl"])
        if name.startswith("a."):
            return put_special(folder / name, kind), []
        path = self._copy(folder)
        put_special(path / name, kind)
        return path, []

    def _sparse(self, folder: Path, random: Random) -> tuple[Path, list[str]]:
        path, name = self._copy(folder), random.choice(_FILES)
        content = (path / name).read_bytes() if (path / name).exists() else b""
        sparse(path / name, random.randrange(1, 50) << 30, content)
        return path, []

    def _changed(self, folder: Path, random: Random) -> tuple[Path, list[str]]:
        path = self._copy(folder)
        _change(path / random.choice([name for name in _FILES if (path / name).exists()]), random)
        return path, []

    def _packed_and_changed(self, folder: Path, random: Random) -> tuple[Path, list[str]]:
        path = Path(shutil.copy(self._packed, folder / "packed.rec"))
        _change(path, random)
        return path, []

    def _pickle(self, folder: Path, random: Random) -> tuple[Path, list[str]]:
        """An npz whose pickle runs code where it is loaded as one."""
        arrays = {**standing(), "info": object_array([_Runs(self._executed, random.randrange(3))] * 20)}
        return saved(folder, arrays), []

    def _npz(self, folder: Path, random: Random) -> tuple[Path, list[str]]:
        saved(folder, standing(), compressed=random.random() < 0.5).rename(folder / "a.npz")
        _change(folder / "a.npz", random)
        return folder / "a.npz", []

    def _robot(self, folder: Path, random: Random) -> tuple[Path, list[str]]:
        """A URDF with entities, a loop, a chain, too many links, or changed bytes."""
        names = [f"l{number}" for number in range(random.choice([3, 2000, 60_000]))]
        chain = "".join(joint(f"j{n}", "fixed", names[n], names[n + 1]) for n in range(min(len(names) - 1, 2000)))
        urdf = write_urdf(folder, links(*names) + chain + random.choice(["", joint("loop", "fixed", "l1", "l0")]))
        if random.random() < 0.3:
            bomb = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
            urdf.write_text(bomb + '<robot name="&b;"><link name="a"/></robot>')
        elif random.random() < 0.5:
            _change(urdf, random)
        return self._with_urdf(folder, urdf)

    def _mesh(self, folder: Path, random: Random) -> tuple[Path, list[str]]:
        kind = random.choice(_MESHES)
        trimesh.creation.icosphere().export(folder / f"a.{kind}")
        _change(folder / f"a.{kind}", random)
        return self._with_urdf(folder, write_urdf(folder, one_link(mesh(f"a.{kind}"))))

    def _bomb(self, folder: Path, random: Random) -> tuple[Path, list[str]]:
        """A small npz that inflates to a gigabyte."""
        header = io.BytesIO()
        shape = (random.randrange(10, 90) * 1_000_000, 1, 3)
        np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
        with zipfile.ZipFile(folder / "a.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            with archive.open("base_pos.npy", "w", force_zip64=True) as member:
                member.write(header.getvalue())
                for _ in range(shape[0] // 1_000_000):
                    member.write(bytes(12_000_000))
            archive.writestr("base_quat.npy", _as_npy(np.zeros((1, 1, 4), np.float32)))
        return folder / "a.npz", []

    def _copy(self, folder: Path) -> Path:
        return Path(shutil.copytree(self._whole, folder / "walk.rec"))

    def _with_urdf(self, folder: Path, urdf: Path) -> tuple[Path, list[str]]:
        return saved(folder, standing()), ["--urdf", str(urdf)]


class _Runs:
    """What runs code when it is unpickled."""

    def __init__(self, executed: Path, way: int) -> None:
        touch = f"open({str(executed)!r}, 'w')"
        self._reduced = [(os.system, (f"touch {executed}",)), (eval, (touch,)), (exec, (touch,))][way]

    def __reduce__(self) -> tuple:
        return self._reduced


def _change(path: Path, random: Random) -> None:
    """Cut, overwrite, repeat or flip a part of a file."""
    content = bytearray(path.read_bytes())
    start = random.randrange(len(content) + 1)
    part = slice(start, start + random.choice([1, 8, 100, len(content)]))
    way = random.randrange(4)
    if way == 0:
        del content[part]
    elif way == 1:
        content[part] = random.randbytes(len(content[part]))
    elif way == 2:
        content[part] = content[part] * random.choice([2, 50])
    else:
        content[part] = bytes(byte ^ 1 << random.randrange(8) for byte in content[part])
    path.write_bytes(content)


def _as_npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def outcome(arguments: list[str], said: Path) -> set[str]:
    """What is wrong with how `replay-viewer info` ends, in a process of its own."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _run(arguments, said)
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() - began > _SECONDS:
            os.kill(child, 9)
            os.wait4(child, 0)
            return {f"over {_SECONDS:.0f} s"}
        time.sleep(0.01)
    wrong = {"over 2 GB"} if usage.ru_maxrss > _MEGABYTES * 1000 else set()
    lines = said.read_text(errors="replace").splitlines()
    code = os.waitstatus_to_exitcode(status)
    return wrong if (code, len(lines)) in ((0, 0), (2, 1)) else {*wrong, "traceback"}


def _run(arguments: list[str], said: Path) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    code = 1
    try:
        code = command(arguments)
    finally:
        if sys.exc_info()[0] is not None:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    counts: Counter[str] = Counter(dict.fromkeys(("executed", "traceback", "over 20 s", "over 2 GB"), 0))
    with tempfile.TemporaryDirectory() as root:
        executed, said = Path(root, "executed"), Path(root, "said")
        maker = Maker(Path(root), executed)
        for number in range(count):
            random, folder = Random(f"{seed}-{number}"), Path(root, "case")
            folder.mkdir()
            make = maker.kinds[number % len(maker.kinds)]
            path, options = make(folder, random)
            wrong = outcome(["info", str(path), *options], said)
            if executed.exists():
                wrong.add("executed")
                executed.unlink()
            counts.update(wrong)
            if wrong:
                last = said.read_text(errors="replace").strip().splitlines()[-1:]
                print(f"{number} {make.__name__}: {', '.join(sorted(wrong))} {last}", flush=True)
            shutil.rmtree(folder)
    print(f"{count} hostile files: " + ", ".join(f"{name} {number}" for name, number in counts.items()))


if __name__ == "__main__":
    main()
