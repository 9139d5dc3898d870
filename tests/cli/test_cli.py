"""The command line: what it prints, how fast its help is, how it stops, and one clear line for every bad input."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs import require

from replay_viewer import __version__
from replay_viewer.cli import main
from replay_viewer.cli.commands import COMMANDS, with_command

Capture = pytest.CaptureFixture[str]

ROBOT = """<robot name="two_links">
  <link name="base"><visual><geometry>{geometry}</geometry></visual></link>
  <link name="leg"/>
  <joint name="hip" type="revolute">
    <parent link="base"/><child link="leg"/><axis xyz="0 1 0"/><limit lower="-1" upper="1" effort="1" velocity="1"/>
  </joint>{more}
</robot>"""
BOX = '<box size="1 1 1"/>'
ENTITIES = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "bomb"}">' for i in range(10))
BOMB = f'<?xml version="1.0"?><!DOCTYPE bomb [{ENTITIES}]>'


def write_npz(path: Path, num_steps: int = 20, **changes: Any) -> Path:
    """A plain rollout of 2 envs with one joint, `hip`; a change to None leaves an array out."""
    arrays = {
        "base_pos": np.tile(np.array([0, 0, 0.5], np.float32), (num_steps, 2, 1)),
        "base_quat": np.tile(np.array([0, 0, 0, 1], np.float32), (num_steps, 2, 1)),
        "dof_pos": np.zeros((num_steps, 2, 1), np.float32),
        "dof_names": np.array(["hip"]),
        "rew": np.ones((num_steps, 2), np.float32),
        "dt": np.float64(0.02),
    }
    np.savez(path, **{name: array for name, array in {**arrays, **changes}.items() if array is not None})
    return path


@pytest.fixture
def rollout(tmp_path: Path) -> Path:
    return write_npz(tmp_path / "rollout.npz")


class TouchesFile:
    """Unpickling it by the ordinary rules creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


def objects(item: object, num_steps: int = 20) -> np.ndarray:
    array = np.empty(num_steps, dtype=object)
    array[:] = [item] * num_steps
    return array


def truncated(folder: Path) -> list[str]:
    whole = write_npz(folder / "whole.npz").read_bytes()
    (folder / "half.npz").write_bytes(whole[: len(whole) // 2])
    return ["half.npz"]


def not_an_npz(folder: Path) -> list[str]:
    (folder / "notes.npz").write_text("steps: 100")
    return ["notes.npz"]


def folder_without_meta(folder: Path) -> list[str]:
    (folder / "run.rec").mkdir()
    return ["run.rec"]


def newer_version(folder: Path) -> list[str]:
    (folder / "run.rec").mkdir()
    meta = {"format": "replay-viewer recording", "version": "2.0"}
    (folder / "run.rec" / "meta.json").write_text(json.dumps(meta))
    return ["run.rec"]


def npz_with(**changes: Any) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        return [write_npz(folder / "rollout.npz", **changes).name]

    return make


def npz_and_options(*options: str) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        return [write_npz(folder / "rollout.npz").name, *options]

    return make


def npz_and_urdf(urdf: str, mesh: str = "") -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        (folder / "robot.urdf").write_text(urdf)
        if mesh:
            (folder / "mesh.dae").write_text(mesh)
        return [write_npz(folder / "rollout.npz").name, "--urdf", "robot.urdf"]

    return make


def damaged_directory(folder: Path) -> list[str]:
    """An npz whose list of members is damaged, while its end is there."""
    content = bytearray(write_npz(folder / "broken.npz").read_bytes())
    start = content.index(b"PK\x01\x02")
    content[start : start + 4] = b"####"
    (folder / "broken.npz").write_bytes(content)
    return ["broken.npz"]


# A number that is no character, as a text of numpy's.
NO_TEXT = np.frombuffer(np.array([0x7FFFFFFF], "<u4").tobytes(), "<U1")

LOOP = '<joint name="back" type="fixed"><parent link="leg"/><child link="base"/></joint>'
BAD_INPUT: dict[str, tuple[Callable[[Path], list[str]], str]] = {
    "no such file": (lambda folder: ["nowhere.npz"], r"nowhere\.npz.*(no such|not exist|not found)"),
    "not an npz": (not_an_npz, r"notes\.npz"),
    "truncated zip": (truncated, r"half\.npz"),
    "folder without meta.json": (folder_without_meta, r"run\.rec.*meta\.json"),
    "newer major version": (newer_version, r"version 2\.0.*pip install -U replay-viewer"),
    "damaged zip": (damaged_directory, r"broken\.npz.*damaged ZIP"),
    "endless time step": (npz_with(dt=1e200), r"'dt' is 1e\+200, expected seconds"),
    "vanishing time step": (npz_with(dt=1e-310), r"'dt' is 1e-310, expected seconds"),
    "endless time step as option": (npz_and_options("--dt", "1e300"), r"--dt 1e\+300.*must be positive"),
    "joint names that are no text": (npz_with(dof_names=NO_TEXT), r"'dof_names' holds no text"),
    "empty rollout": (npz_with(num_steps=0), r"rollout\.npz.*(empty|no steps|0 steps)"),
    "wrong shapes": (npz_with(base_quat=np.zeros((20, 2, 3))), r"'base_quat'.*\(20, 2, 3\)"),
    "unequal lengths": (npz_with(base_quat=np.ones((19, 2, 4))), r"'base_quat'.*19"),
    "no base pose": (npz_with(base_pos=None), r"'base_pos'.*missing"),
    "joint names": (npz_and_options("--joint-names", "hip,knee"), r"2.*1|1.*2"),
    "urdf is missing": (npz_and_options("--urdf", "nowhere.urdf"), r"nowhere\.urdf"),
    "urdf is no xml": (npz_and_urdf("not xml"), r"robot\.urdf"),
    "unknown joint names": (npz_and_urdf(ROBOT.format(geometry=BOX, more="").replace("hip", "ankle")), r"hip.*ankle"),
    "entity bomb": (npz_and_urdf(BOMB + ROBOT.format(geometry=BOX, more="&e9;")), r"robot\.urdf.*entit"),
    "kinematic loop": (npz_and_urdf(ROBOT.format(geometry=BOX, more=LOOP)), r"robot\.urdf.*(loop|root|cycle)"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_clear_line_and_exit_code_2(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    make, expected = BAD_INPUT[case]
    monkeypatch.chdir(tmp_path)
    assert main(["info", *make(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.fullmatch(r"error: .+\n", printed.err), printed.err
    assert re.search(expected, printed.err, re.IGNORECASE), printed.err


def test_control_characters_of_a_file_do_not_reach_the_terminal(tmp_path: Path, capsys: Capture) -> None:
    evil = "\x1b]0;owned\x07\x1b[31m"
    terms: dict[str, Any] = {f"reward_terms/{evil}": np.ones((20, 2))}
    path = write_npz(tmp_path / "rollout.npz", dof_names=np.array([evil]), **terms)
    assert main(["info", str(path)]) == 0
    assert main(["info", str(write_npz(path, dof_pos=np.zeros((20, 2, 2)), dof_names=np.array([evil, evil])))]) == 2
    printed = capsys.readouterr()
    assert "?]0;owned" in printed.out
    assert "?]0;owned" in printed.err
    assert not set(printed.out + printed.err) & set("\x1b\x07")


@pytest.mark.slow
def test_a_file_whose_name_is_no_text_is_read(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "rollout.npz").rename(tmp_path / os.fsdecode(b"walk\xe9.npz"))
    done = subprocess.run([sys.executable, "-m", "replay_viewer", "info", path], capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_success_without_values_is_unknown(rollout: Path, capsys: Capture) -> None:
    info = np.array([{"success": np.zeros((2, 0))}] * 20, dtype=object)
    assert main(["info", str(write_npz(rollout, info=info))]) == 0


@pytest.mark.parametrize("command", [pytest.param("info", marks=pytest.mark.slow), "episodes"])
def test_numbers_beyond_all_bounds_are_told_by_no_warning(command: str, tmp_path: Path) -> None:
    huge = np.full((20, 2), 1e308)
    terms: dict[str, Any] = {"rew": huge, "reward_terms/a": huge, "timestamps": np.full(20, np.inf)}
    path = write_npz(tmp_path / "rollout.npz", **terms)
    words = [sys.executable, "-m", "replay_viewer", command, str(path)]
    ended = subprocess.run(words, capture_output=True, env={**os.environ, "REPLAY_VIEWER_CACHE": str(tmp_path)})
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("field", ["info", "base_pos"])
def test_a_malicious_pickle_does_not_run(field: str, tmp_path: Path, capsys: Capture) -> None:
    harm = tmp_path / "harm"
    changes: dict[str, Any] = {field: objects(TouchesFile(harm))}
    path = write_npz(tmp_path / "rollout.npz", **changes)
    assert main(["info", str(path)]) == 2
    assert not harm.exists()
    assert re.fullmatch(rf"error: .*'{field}'.*\n", capsys.readouterr().err)
    np.load(path, allow_pickle=True)[field]
    assert harm.exists(), "it would have run by the ordinary rules"


def test_an_entity_bomb_inside_a_mesh_is_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    urdf = ROBOT.format(geometry='<mesh filename="mesh.dae"/>', more="")
    code = main(["info", *npz_and_urdf(urdf, BOMB + "<COLLADA>&e9;</COLLADA>")(tmp_path)])
    printed = capsys.readouterr()
    assert code == 0
    assert "mesh.dae" in printed.out


@pytest.fixture
def unreadable() -> Iterator[Path]:
    """A rollout that may not be read, not by root either: permissions do not bind root, so root steps down."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = write_npz(Path(folder) / "rollout.npz")
        # Everything is imported before stepping down.
        import_module("replay_viewer.cli.view")
        assert main(["info", str(path)]) == 0
        path.chmod(0)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        yield path
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("command", ["view", "info"])
def test_an_unreadable_file_is_one_clear_line(command: str, unreadable: Path, capsys: Capture) -> None:
    capsys.readouterr()
    assert main([command, str(unreadable)]) == 2
    assert re.fullmatch(r"error: .*rollout\.npz.*[Pp]ermission.*\n", capsys.readouterr().err)


def test_view_of_an_unknown_env_lists_those_there_are(rollout: Path, capsys: Capture) -> None:
    assert main(["view", str(rollout), "--env", "7"]) == 2
    assert capsys.readouterr().err == "error: env 7 is not in the recording. Known envs: 0, 1\n"


@pytest.mark.parametrize("step", ["20", "-1"])
def test_view_from_a_step_out_of_range_says_which_there_are(step: str, rollout: Path, capsys: Capture) -> None:
    assert main(["view", str(rollout), f"--step={step}"]) == 2
    assert capsys.readouterr().err == f"error: --step {step}: the recording has steps 0 to 19.\n"


def test_wrong_usage_exits_with_2_and_names_the_option(rollout: Path, capsys: Capture) -> None:
    assert main(["view", str(rollout), "--quat-order", "zyxw"]) == 2
    assert capsys.readouterr().err == "error: --quat-order zyxw: expected wxyz or xyzw.\n"


def test_a_command_that_is_left_out_is_found() -> None:
    assert with_command([]) == ["view"]
    assert with_command(["run.rec", "--env", "3"]) == ["view", "run.rec", "--env", "3"]
    assert with_command(["--env", "3", "run.rec"]) == ["view", "--env", "3", "run.rec"]
    assert with_command(["info", "run.rec"]) == ["info", "run.rec"]


def test_info_prints_what_the_options_change(rollout: Path, capsys: Capture) -> None:
    assert main(["info", str(rollout), "--dt", "0.01", "--quat-order", "wxyz"]) == 0
    text = capsys.readouterr().out
    assert "20 steps of 0.01 s (100 Hz), 0.19 s in all" in text
    assert re.search(r"stated .*wxyz", text)


def test_info_names_the_urdf_that_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["info", *npz_and_urdf(ROBOT.format(geometry=BOX, more=""))(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "robot: URDF robot.urdf" in text
    assert "no URDF" not in text


def test_info_json_is_json(rollout: Path, capsys: Capture) -> None:
    assert main(["info", str(rollout), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["num_steps"] == 20
    assert content["entities"][0]["joint_names"] == ["hip"]


def test_info_of_a_real_walk_tells_its_fall_and_its_order(g1_walk: Path, capsys: Capture) -> None:
    assert main(["info", str(g1_walk), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    ends = [(e["env_id"], e["first_step"], e["last_step"], e["outcome"]) for e in content["episodes"]]
    assert (3, 0, 619, "terminated") in ends
    assert len(content["rewards"]) == 1 + 7
    assert any("xyzw" in v["finding"] and v["status"] == "found" for v in content["verdicts"])


def test_version_is_the_packages(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"replay-viewer {__version__}\n"


def test_help_names_every_command_and_loads_no_library() -> None:
    """What takes long to import is not waited for."""
    shown = "import sys\nfrom replay_viewer.cli import main\nmain(['--help'])\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", shown], check=True, capture_output=True, text=True, timeout=60)
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)
    assert {"numpy", "trimesh", "tyro", "viser", "llvmlite"}.isdisjoint(done.stderr.split())


def test_the_formats_are_listed_with_what_each_needs(capsys: Capture) -> None:
    assert main(["formats"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "replay-viewer recording .rec"
    assert "Isaac Lab HDF5 .hdf5 (needs: pip install 'replay-viewer[hdf5]')" in lines


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_its_options(command: str) -> None:
    text = run_cli(command, "--help").stdout
    assert text.startswith(f"usage: replay-viewer {command}")


@pytest.mark.parametrize("output", ["short", pytest.param("long", marks=pytest.mark.slow)])
def test_output_that_nobody_reads_is_no_error(output: str, rollout: Path) -> None:
    args = "--version" if output == "short" else f"info {rollout} --json"
    command = f"(sleep 0.3; {sys.executable} -m replay_viewer {args}) | true"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    shell = ["bash", "-o", "pipefail", "-c", command]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=60, env=buffered)
    assert (done.returncode, done.stderr) == (0, "")


def test_view_serves_the_page_and_stops_cleanly_on_ctrl_c(rollout: Path) -> None:
    with viewer_process(str(rollout), "--port", "0") as viewer:
        assert viewer.stdout is not None and viewer.stderr is not None
        url = re.search(r"http://\S+", viewer.stdout.readline())
        assert url is not None
        assert urllib.request.urlopen(url.group(), timeout=30).status == 200
        viewer.send_signal(signal.SIGINT)
        assert viewer.wait(timeout=30) == 0
        assert "Traceback" not in viewer.stderr.read()


def test_options_without_a_path_are_for_the_bundled_demo() -> None:
    with viewer_process("--host=127.0.0.1", "--port=0", "--no-shadows", "--step", "7") as viewer:
        assert viewer.stdout is not None and viewer.stderr is not None
        address = re.match(r"walk\.rec at (http://\S+)", viewer.stdout.readline())
        assert address is not None
        assert urllib.request.urlopen(address.group(1), timeout=30).status == 200
        viewer.send_signal(signal.SIGINT)
        assert viewer.wait(timeout=30) == 0, viewer.stderr.read()


def test_an_option_that_does_not_fit_the_bundled_demo_says_so(capsys: Capture) -> None:
    assert main(["--port", "0", "--env", "4321"]) == 2
    assert re.search(r"error: env 4321 is not in the recording\. Known envs: ", capsys.readouterr().err)


@pytest.mark.slow
def test_view_says_which_port_it_uses_where_the_asked_one_is_taken(rollout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with viewer_process(str(rollout), "--port", str(port)) as viewer:
            assert viewer.stdout is not None
            told, address = viewer.stdout.readline(), viewer.stdout.readline()
    used = re.fullmatch(rf"Port {port} is taken; (\d+) is used instead\.\n", told)
    assert used is not None
    assert f"http://localhost:{used.group(1)} " in address


def test_view_on_a_host_that_is_not_this_machine_is_an_error_at_once(rollout: Path, capsys: Capture) -> None:
    assert main(["view", str(rollout), "--host", "203.0.113.1"]) == 2
    assert re.fullmatch(
        r"error: cannot listen on 203\.0\.113\.1:8080: .*--host 127\.0\.0\.1.*\n", capsys.readouterr().err
    )


def test_the_installed_command_is_this_one() -> None:
    command = shutil.which("replay-viewer", path=str(Path(sys.executable).parent))
    if command is None:
        require("replay-viewer is not installed here (pip install -e .)")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=60)
    assert done.stdout == f"replay-viewer {__version__}\n"


def run_cli(*args: str) -> subprocess.CompletedProcess[str]:
    """The command in a fresh interpreter; fails if it fails."""
    command = [sys.executable, "-m", "replay_viewer", *args]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)


@contextmanager
def viewer_process(*args: str) -> Iterator[subprocess.Popen[str]]:
    """`replay-viewer ARGS` in a process of its own, ended in any case."""
    command = [sys.executable, "-m", "replay_viewer", *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as viewer:
        try:
            yield viewer
        finally:
            viewer.kill()


def test_a_demo_without_its_simulator_says_how_to_install_it(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mujoco", None)
    assert main(["demo", "--record"]) == 2
    assert re.fullmatch(r"error: .*pip install mujoco\. Or .*\n", capsys.readouterr().err)


def test_where_to_record_is_for_recording(tmp_path: Path, capsys: Capture) -> None:
    assert main(["demo", "--out", str(tmp_path / "walk.rec")]) == 2
    assert "is for --record" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--env=1", "--step=1"])
def test_an_option_of_one_recording_does_not_fit_a_folder(option: str, rollout: Path, capsys: Capture) -> None:
    assert main(["view", str(rollout.parent), option]) == 2
    assert "is for one recording" in capsys.readouterr().err
