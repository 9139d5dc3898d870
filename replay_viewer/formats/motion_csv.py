"""Motion clips as tables of numbers without a header: each row has a base position, a base quaternion, and joints.

Unitree's retargeted LAFAN1 and what BeyondMimic takes have the quaternion as xyzw, Kimodo and ProtoMotions have it as
wxyz, in the same columns: which one it is, the motion tells. Nor is the frame rate in the file: most have 30 Hz, others
say so in their names, such as `walk_60hz.csv`.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import FileProblem
from ..files.regular import open_regular, read_regular
from ..rollout.rollout import Rollout, Verdict
from .evidence.array_table import MemoryTable
from .evidence.reader import rollout_of
from .format import Format, LoadOptions

if TYPE_CHECKING:
    from ..robot import Robot

_NAME = "motion table"
_USUAL_FPS = 30.0
_FPS_IN_NAME = re.compile(r"(?<![0-9.])(\d{1,4})[ _-]?(?:hz|fps)(?![a-z])", re.IGNORECASE)
# Position and quaternion, and a joint at least.
_LEAST_COLUMNS, _QUAT = 8, slice(3, 7)
# So many rows are looked at, in so many bytes; the quaternion of each has length 1, to so much.
_ROWS, _HEAD_BYTES, _UNIT = 20, 1 << 16, 0.02
# Four hours of a humanoid.
_MAX_BYTES = 1 << 27


def _is_motion(path: Path) -> bool:
    """Whether its first rows are numbers, with a quaternion where it has to be; other tables are common."""
    if path.is_dir():
        return False
    with open_regular(path) as file:
        lines = file.read(_HEAD_BYTES).decode("utf-8", "replace").splitlines(keepends=True)
    whole = [line for line in lines[:_ROWS] if line.endswith(("\n", "\r"))]
    try:
        rows = np.array([[float(number) for number in line.split(",")] for line in whole])
    except ValueError:
        return False
    is_table = rows.ndim == 2 and rows.shape[1] >= _LEAST_COLUMNS
    return is_table and bool((np.abs(np.linalg.norm(rows[:, _QUAT], axis=1) - 1) < _UNIT).all())


def _open(path: Path, options: LoadOptions, robot: Robot | None) -> Rollout:
    rows = _read(path)
    arrays = {"base_pos": rows[:, :3], "base_quat": rows[:, _QUAT], "dof_pos": rows[:, _QUAT.stop :]}
    fps, verdict = _rate(path)
    rollout = rollout_of(MemoryTable(path, {**arrays, "fps": fps}), options, robot, _NAME, has_resets=False)
    if options.control_dt is None:
        rollout.state(verdict)
    rollout.state(Verdict("episode ends", "none", "a clip is one episode", "stated"))
    return rollout


def _read(path: Path) -> np.ndarray:
    """(T, 7 + J). Raises FileProblem where it is no table of numbers, or too large."""
    try:
        content = read_regular(path, _MAX_BYTES)
        if not content.strip():
            raise FileProblem(path, "is an empty file.", "Copy or write it again.")
        if b"\0" in content:
            raise ValueError("it holds bytes of zero")
        # One by one: as a list, lines of a byte or two would take fifty times as much.
        lines = (line for line in io.TextIOWrapper(io.BytesIO(content), "utf-8") if line.strip())
        rows = np.loadtxt(lines, delimiter=",", ndmin=2, dtype=np.float64)
    except ValueError as error:
        problem = f"is no table of numbers: {str(error).splitlines()[0]}."
        raise FileProblem(path, problem, "A row of a motion has x,y,z, a quaternion, and its joints.") from error
    except OSError as error:
        raise FileProblem(path, f"cannot be read: {error.strerror}.") from error
    if rows.shape[1] < _LEAST_COLUMNS:
        raise FileProblem(path, f"has {rows.shape[1]} columns, expected x,y,z, a quaternion, and joints.")
    return rows


def _rate(path: Path) -> tuple[float, Verdict]:
    """Frames a second, by the file's name, else as most have them."""
    named = _FPS_IN_NAME.search(path.stem)
    if named and int(named[1]):
        fps = float(named[1])
        return fps, Verdict("control_dt", f"{1 / fps:g} s", f"the file's name says {named[0]}", "found")
    reason = f"{_USUAL_FPS:g} frames a second, as most such files have; none says (--dt does)"
    return _USUAL_FPS, Verdict("control_dt", f"{1 / _USUAL_FPS:g} s", reason, "assumed")


MOTION_CSV = Format(_NAME, (".csv",), _is_motion, _open)
