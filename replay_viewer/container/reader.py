"""The reader of this package's own recordings, a folder or one packed file: puts a `Rollout` together.

FORMAT.md beside this file specifies them.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileProblem
from ..rollout.rollout import Rollout, Verdict
from .asset_folder import AssetFolder, load_entities, load_terrain
from .batch_means import batch_means
from .episodes import EpisodeTable
from .extents import Extent, file_content, folder_extents, segments
from .files import find_files
from .growth import ContainerGrowth
from .layout import EPISODES, LOG, MAX_LINES_BYTES, META, TERMINALS
from .log import ContainerLog, GrowingLines, read_lines
from .meta import Meta, read_meta
from .source import ContainerSource, FilePool
from .terminals import read_ends
from .verdicts import damage_of, verdicts_of

# A writer locks its log right after it made it.
_LOCKED_AFTER = 2.0  # [s]


def open_container(path: Path) -> Rollout:
    """Open a recording made by `ContainerWriter`, or packed by `pack`; numbers are read when they are asked for.

    A torn last record is left out, and so are ends of episodes whose step was never written.

    Raises:
        FileProblem: no recording, one without a whole step, or files that are missing, damaged or lead out of it.
        BadField: a member of meta.json that is missing or does not fit.
        NewerVersion: a newer major version of the format.
    """
    resources = ExitStack()
    try:
        return _open(Path(path), resources)
    except BaseException:
        resources.close()
        raise


def lacks_first_step(path: Path) -> str:
    """What a recording's folder has to get before it can be opened; empty where it has its first step.

    Raises:
        FileProblem: it will never get one: the path is a file, or its writer is gone.
        BadField, NewerVersion: a meta.json that does not fit.
    """
    if not path.exists():
        return "it does not exist yet"
    if not path.is_dir():
        raise FileProblem(path, "is a file, and only a recording's folder grows.", "View it without --tail.")
    extents = folder_extents(path)
    if META in extents and TERMINALS in extents and segments(extents, read_meta(extents, path).layout, path)[1]:
        return ""
    if _is_abandoned(extents.get(LOG)):
        raise FileProblem(path, "holds no whole step.", "Its process ended, or its disk was full, before the first.")
    return "no step has been recorded yet"


def _open(path: Path, resources: ExitStack) -> Rollout:
    files = find_files(path)
    files.check_steps()
    extents, meta, info = files.extents, files.meta, files.meta.info
    pool = FilePool()
    resources.callback(pool.close)
    source = ContainerSource(pool, files.layout, files.parts, files.num_steps, files.terminals, resources.close)
    noted = file_content(extents, EPISODES, path, MAX_LINES_BYTES)
    ends = read_ends(files.terminals, files.layout)
    episodes = EpisodeTable(ends, source.num_envs, source.num_steps, info.outcome_reasons, read_lines(noted))
    log = ContainerLog(extents.get(LOG), packed=not path.is_dir(), every=info.every)
    assets = AssetFolder(path, extents)
    resources.callback(assets.close)
    entities, doubts = load_entities(info, assets)
    terrain, terrain_doubts = (None, []) if info.terrain is None else load_terrain(info.terrain, assets, path)
    doubts = [*doubts, *terrain_doubts]

    def verdicts() -> list[Verdict]:
        return [*damage_of(path), *verdicts_of(meta, source, episodes, log), *doubts]

    growth = None
    if path.is_dir():
        facts = GrowingLines(path / EPISODES, noted)
        growth = ContainerGrowth(path, meta, source, episodes, log, pool, facts, doubts)
    return Rollout(
        source,
        name=path.stem,
        control_dt=info.control_dt * info.every,
        env_ids=info.env_ids,
        entities=entities,
        episodes_of=episodes.of_env,
        reward_terms=info.reward_terms,
        batch_means=batch_means(source),
        verdicts=verdicts,
        terrain=terrain,
        env_origins=None if info.env_origins is None else np.array(info.env_origins, dtype=np.float32),
        metadata=_metadata(meta),
        path=path,
        growth=growth,
        interventions=log.interventions,
    )


def _metadata(meta: Meta) -> dict[str, Any]:
    """What the file says about itself beyond what a Rollout has a place for; the user's own keys first."""
    info = meta.info
    known = {
        "created": meta.created,
        "writer": meta.writer,
        "seed": info.seed,
        "num_envs_total": info.num_envs_total,
        "decimation": info.decimation,
        "physics_dt": info.physics_dt,
        "every": info.every,
    }
    return {**info.metadata, **{key: value for key, value in known.items() if value is not None}}


def _is_abandoned(log: Extent | None) -> bool:
    if log is None or time.time() - log.path.stat().st_mtime < _LOCKED_AFTER:
        return False
    state = ContainerLog(log, packed=False)
    return state.closed or state.is_held() is False
