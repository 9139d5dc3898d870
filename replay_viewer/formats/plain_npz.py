"""The plain rollout npz as a format: arrays under the names that `evidence.reader` lists, written by `np.savez`.

What of it is read lazily, and what an npz cannot do, stands in `npz.archive`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..npz.archive import NpzArchive, array_names
from ..rollout.rollout import Rollout
from .evidence.reader import rollout_of
from .format import Format, LoadOptions

if TYPE_CHECKING:
    from ..robot import Robot

_NAME = "plain npz"


def _is_plain_npz(path: Path) -> bool:
    """Whether there are poses in it: others beside rollouts, such as weights, have none."""
    return not path.is_dir() and "base_pos" in array_names(path)


def _open(path: Path, options: LoadOptions, robot: Robot | None) -> Rollout:
    return rollout_of(NpzArchive(path), options, robot, _NAME)


PLAIN_NPZ = Format(_NAME, (".npz",), _is_plain_npz, _open)
