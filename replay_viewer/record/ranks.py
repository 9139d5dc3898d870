"""Which of a run's processes this one is, as its launcher says."""

from __future__ import annotations

import logging
import os
from typing import NamedTuple

# Names of the variables in which launchers say it: torchrun and accelerate, SLURM, Open MPI, other MPIs.
_VARIABLES = (
    ("RANK", "WORLD_SIZE"),
    ("SLURM_PROCID", "SLURM_NTASKS"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
)


class Rank(NamedTuple):
    """A process among those of a run.

    Attributes:
        number: from 0 on.
        total: how many there are, at least 2.
    """

    number: int
    total: int


def rank() -> Rank | None:
    """Of this process; None where it is the only one, as far as is known."""
    for number, total in _VARIABLES:
        values = os.environ.get(number, ""), os.environ.get(total, "")
        if all(value.isascii() and value.isdigit() for value in values):
            found = Rank(int(values[0]), int(values[1]))
            if found.total > 1:
                return found
    return None


def say_rank() -> None:
    """Let every line of the log "replay_viewer" say which process it comes from, where there are several."""
    logger = logging.getLogger("replay_viewer")
    if rank() is not None and _add_rank not in logger.filters:
        logger.addFilter(_add_rank)


def _add_rank(line: logging.LogRecord) -> bool:
    found = rank()
    if found is not None:
        line.msg = f"[Rank {found.number}/{found.total}] {line.msg}"
    return True
