"""Hostile files, and how it ends where each is looked at: `python tests/benchmarks/hostile_files.py [COUNT] [SEED]`.

They are given to `replay-viewer info` and `repair`, to `load_episodes`, and dropped into the page, each in a process of
its own that has loaded the program already. Counts those of which code was executed, that end with a traceback (or
anything but one line on stderr), that take more than 20 s, and that take more than 2 GB. All have to be 0.
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
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from random import Random

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "helpers")]

import numpy as np
import trimesh
from arm_urdf import write_arm
from collada_files import dae
from container_samples import record, sample_info
from motion_clips import clip, order_of
from npz_samples import object_array, saved, standing
from special_files import ODD, put_special, sparse, sparse_npz
from urdf_files import joint, links, mesh, one_link, write_urdf

from replay_viewer import load_episodes, load_robot
from replay_viewer.cli import main as command
from replay_viewer.container.pack import pack
from replay_viewer.errors import ReplayError
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.viewer.opening.files import request_of

_SECONDS, _MEGABYTES = 20.0, 2000
_FILES = ("meta.json", "frames-00000.npy", "terminals.npy", "episodes.jsonl", "log.jsonl", "assets/robot/robot.urdf")
_MESHES = ("stl", "obj", "glb", "ply", "dae")
_NUM_BOMBS = 3


class Maker:
    """Makes one hostile file after the other in a folder, with the words that have it looked at.

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
        self._bombs = [_bomb(self._originals / f"bomb-{number}.npz", 10 + 40 * number) for number in range(_NUM_BOMBS)]
        self.kinds: list[Callable[[Path, Random], list[str]]] = [
            self._special, self._sparse, self._changed, self._packed_and_changed, self._pickle, self._npz, self._robot,
            self._mesh, self._beside_mesh, self._bomb, self._sparse_npz, self._dropped, self._repaired,
            self._table, self._clip, self._demos, self._records,
        ]  # fmt: skip
        self._arm = write_arm(self._originals)
        robot = load_robot(self._arm)
        order = order_of(robot, "depth")
        self._motion = clip(robot, order, order)

    def warm(self) -> None:
        """Have the program loaded: every process is forked off this one."""
        for words in (["info", str(self._whole)], ["info", str(self._bombs[0])], ["drop", str(self._originals)]):
            with open(os.devnull, "w") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
                run_words(words)

    def _special(self, folder: Path, random: Random) -> list[str]:
        kind, name = (
            random.choice(ODD),
            random.choice([*_FILES, "a.rec", "a.npz", "a.csv", "a.hdf5", "assets/robot/ball.stl"]),
        )
        if name.startswith("a."):
            return ["info", str(put_special(folder / name, kind))]
        path = self._copy(folder)
        put_special(path / name, kind)
        return ["info", str(path)]

    def _sparse(self, folder: Path, random: Random) -> list[str]:
        path, name = self._copy(folder), random.choice(_FILES)
        content = (path / name).read_bytes() if (path / name).exists() else b""
        sparse(path / name, random.randrange(1, 50) << 30, content)
        return ["info", str(path)]

    def _changed(self, folder: Path, random: Random) -> list[str]:
        path = self._copy(folder)
        _change(path / random.choice([name for name in _FILES if (path / name).exists()]), random)
        return ["info", str(path)]

    def _packed_and_changed(self, folder: Path, random: Random) -> list[str]:
        path = Path(shutil.copy(self._packed, folder / "packed.rec"))
        _change(path, random)
        return ["info", str(path)]

    def _pickle(self, folder: Path, random: Random) -> list[str]:
        """An npz whose pickle runs code where it is loaded as one."""
        arrays = {**standing(), "info": object_array([_Runs(self._executed, random.randrange(3))] * 20)}
        return ["info", str(saved(folder, arrays))]

    def _npz(self, folder: Path, random: Random) -> list[str]:
        saved(folder, standing(), compressed=random.random() < 0.5).rename(folder / "a.npz")
        _change(folder / "a.npz", random)
        return ["info", str(folder / "a.npz")]

    def _robot(self, folder: Path, random: Random) -> list[str]:
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

    def _mesh(self, folder: Path, random: Random) -> list[str]:
        kind = random.choice(_MESHES)
        if kind == "dae":
            (folder / "a.dae").write_text(dae())
        else:
            trimesh.creation.icosphere().export(folder / f"a.{kind}")
        _change(folder / f"a.{kind}", random)
        return self._with_urdf(folder, write_urdf(folder, one_link(mesh(f"a.{kind}"))))

    def _beside_mesh(self, folder: Path, random: Random) -> list[str]:
        """A mesh with something else in the place of what it names, or of itself."""
        (folder / "a.obj").write_text("mtllib a.mtl\nusemtl m\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nf 1/1 2/1 3/1\n")
        (folder / "a.mtl").write_text("newmtl m\nKd 1 0 0\nmap_Kd a.png\n")
        put_special(folder / random.choice(["a.obj", "a.mtl", "a.png"]), random.choice(ODD))
        return self._with_urdf(folder, write_urdf(folder, one_link(mesh("a.obj"))))

    def _bomb(self, folder: Path, random: Random) -> list[str]:
        """A small npz that inflates to a gigabyte."""
        return ["info", str(shutil.copy(random.choice(self._bombs), folder / "a.npz"))]

    def _sparse_npz(self, folder: Path, random: Random) -> list[str]:
        """An npz of zeros that claims gigabytes: of poses, or of what stands beside them."""
        steps, envs = random.choice([(200_000_000, 1), (50_000, 40_000), (1, 10_000_000), (1000, 64)])
        shapes = {"base_pos": (steps, envs, 3), "base_quat": (steps, envs, 4)}
        if steps == 1000:
            key = random.choice(["dof_pos", "obs", "rew", "done", "success", "info", "time", "reward_terms/a", "dt"])
            shapes[key] = (steps, envs, random.randrange(10, 40) * 1000)
        return ["info", str(sparse_npz(folder / "a.npz", shapes))]

    def _dropped(self, folder: Path, random: Random) -> list[str]:
        """Another kind, dropped into the page as it is or as a ZIP, which may be changed too."""
        drop = folder / "drop"
        drop.mkdir()
        make = random.choice(
            [self._changed, self._packed_and_changed, self._pickle, self._npz, self._robot, self._mesh]
        )
        make(drop, random)
        if random.random() < 0.5:
            packed = Path(shutil.make_archive(str(folder / "a"), "zip", drop))
            shutil.rmtree(drop)
            drop.mkdir()
            packed = Path(shutil.move(packed, drop / "a.zip"))
            if random.random() < 0.5:
                _change(packed, random)
        return ["drop", str(drop)]

    def _repaired(self, folder: Path, random: Random) -> list[str]:
        make = random.choice([self._special, self._sparse, self._changed])
        return ["repair", make(folder, random)[1]]

    def _table(self, folder: Path, random: Random) -> list[str]:
        """A motion as a table: changed, with odd numbers, or with far more rows than it seems."""
        rows = np.tile(np.array([0, 0, 1, 0, 0, 0, 1, 0.5, 0.5]), (100, 1))
        if random.random() < 0.3:
            rows[random.randrange(30, 100)] = random.choice([np.nan, np.inf, 1e308, -5e-324])
        np.savetxt(folder / "a.csv", rows, delimiter=",", fmt="%g")
        if random.random() < 0.2:
            (folder / "a.csv").write_bytes(
                (folder / "a.csv").read_bytes() + random.choice([b"\n", b"1,\n", b"1,"]) * 10**7
            )
        elif random.random() < 0.7:
            _change(folder / "a.csv", random)
        return ["info", str(folder / "a.csv")]

    def _clip(self, folder: Path, random: Random) -> list[str]:
        """A motion as an npz: changed, or with arrays of other shapes and odd numbers, with its robot or without."""
        arrays = dict(self._motion)
        if random.random() < 0.5:
            key = random.choice(list(arrays))
            odd = np.full_like(arrays[key], random.choice([0, 1e300, np.nan]), np.float64)
            arrays[key] = random.choice([odd, odd[:0], odd[..., :1], odd[None], odd.astype(str), odd.astype(complex)])
        path = saved(folder, arrays)
        if random.random() < 0.5:
            _change(path, random)
        return ["info", str(path), *random.choice([[], ["--urdf", str(self._arm)]])]

    def _demos(self, folder: Path, random: Random) -> list[str]:
        """Demonstrations in HDF5: changed, or of odd members."""
        h5py = import_module("h5py")
        with h5py.File(folder / "a.hdf5", "w") as file:
            file.create_group("data").attrs["env_args"] = random.choice(
                ["{}", "[" * 10_000, '{"sim_args": {"dt": 1e999}}']
            )
            steps = random.choice([5, 5, 5, 9_000_000, 11_000_000])
            for number in random.choice([["0"], ["0", "1"], ["0", "9" * 5000], [str(n) for n in range(300)]]):
                states = file.create_group(f"data/demo_{number}/states/articulation/robot")
                states.create_dataset("root_pose", (steps, 7), "f4", fillvalue=random.choice([0.5, np.nan, 3e38]))
                width = random.choice([2, 2, 0, 1 << 40])
                states.create_dataset(
                    "joint_position", (steps, width), "f4", chunks=(1, 1 << 20) if width > 2 else None
                )
            demo = file["data/demo_0"]
            demo["actions"] = random.choice([np.zeros(5), np.zeros((5, 2)), np.array([b"text"] * 5)])
            demo["obs"] = random.choice(
                [h5py.SoftLink("/data"), h5py.ExternalLink("/etc/passwd", "/"), h5py.Empty("f4")]
            )
        if random.random() < 0.7:
            _change(folder / "a.hdf5", random)
        return ["info", str(folder / "a.hdf5")]

    def _records(self, folder: Path, random: Random) -> list[str]:
        """Records of episodes: changed, of odd values, of many lines or of one, or with something else beside them."""
        path = folder / "episode_results.jsonl"
        odd = random.choice(["1e999", "NaN", "-1", "9" * 5000, '"\\ud800"', "[" * 5000, "null", '{"a": {}}', "true"])
        key = random.choice(["env_id", "episode_in_env", "total_reward", "rewards", "recording", "success", "more"])
        lines = ['{"env_id": 1, "episode_in_env": 0, "success": true, "episode_length": 3}'] * 50
        path.write_text("\n".join([*lines, f'{{"env_id": 1, "episode_in_env": 1, "{key}": {odd}}}', ""]))
        way = random.randrange(4)
        if way == 0:
            _change(path, random)
        elif way == 1:
            path.write_bytes(random.choice([b"{}\n", b"\n", b"1\n", b"[]"]) * 10**6)
        elif way == 2:
            put_special(folder / "episode_results_2.jsonl", random.choice(ODD))
        return ["records", str(folder)]

    def _copy(self, folder: Path) -> Path:
        return Path(shutil.copytree(self._whole, folder / "walk.rec"))

    def _with_urdf(self, folder: Path, urdf: Path) -> list[str]:
        return ["info", str(saved(folder, standing())), "--urdf", str(urdf)]


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


def _bomb(path: Path, millions: int) -> Path:
    """A small npz that inflates to so many million positions of 12 bytes each."""
    header, shape = io.BytesIO(), (millions * 1_000_000, 1, 3)
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("base_pos.npy", "w", force_zip64=True) as member:
            member.write(header.getvalue())
            for _ in range(millions):
                member.write(bytes(12_000_000))
        archive.writestr("base_quat.npy", _as_npy(np.zeros((1, 1, 4), np.float32)))
    return path


def _as_npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def run_words(words: list[str]) -> int:
    """A command of replay-viewer's, or one of two that there are not.

    "drop" is what the page does with a folder of files that were dropped into it; "records" loads a folder's episodes.
    """
    if words[0] not in ("drop", "records"):
        return command(words)
    try:
        if words[0] == "drop":
            request_of(Path(words[1]), None).open().close()
        else:
            for problem in load_episodes(words[1]).problems.values():
                raise ReplayError(problem)
    except (ReplayError, OSError) as error:  # Told in the page.
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def outcome(words: list[str], said: Path) -> set[str]:
    """What is wrong with how it ends, in a process of its own."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _run(words, said)
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


def _run(words: list[str], said: Path) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    code = 1
    try:
        code = run_words(words)
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
        os.environ["REPLAY_VIEWER_CACHE"] = root
        maker = Maker(Path(root), executed)
        maker.warm()
        for number in range(count):
            random, folder = Random(f"{seed}-{number}"), Path(root, "case")
            folder.mkdir()
            make = maker.kinds[number % len(maker.kinds)]
            wrong = outcome(make(folder, random), said)
            if executed.exists():
                wrong.add("executed")
                executed.unlink()
            counts.update(wrong)
            if wrong:
                last = said.read_text(errors="replace").strip().splitlines()[-1:]
                print(f"{number} {make.__name__}: {', '.join(sorted(wrong))} {last}", flush=True)
            shutil.rmtree(folder)
    print(f"{count} hostile files: " + ", ".join(f"{name} {number}" for name, number in counts.items()))
    sys.exit(any(counts.values()))


if __name__ == "__main__":
    main()
