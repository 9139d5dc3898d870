"""What a recording's numbers say of its episodes, read from its files by FORMAT.md with numpy and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

TERMINATED, TRUNCATED, RESET = 1, 2, 4


def recomputed(recording: Path) -> list[dict[str, Any]]:
    """A record of each episode that has ended or runs, of a recording of every step, by env and number.

    Where an episode ends is found in the flags of its steps; the table of ends, which is what records are derived from,
    only gives the last state, as `last_pos`.
    """
    meta = json.loads((recording / "meta.json").read_text())
    assert meta["every"] == 1
    steps, ends = _steps(recording, meta), _ends(recording, meta)
    return [
        _episode(meta, steps["envs"][:, env], ends[ends["about"]["env_index"] == env], env, number, first, last)
        for env in range(meta["num_envs"])
        for number, (first, last) in enumerate(_spans(steps["envs"]["flags"][:, env]))
    ]


def _spans(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and last step of each episode of an env."""
    lasts = [*np.flatnonzero(flags & RESET).tolist()]
    if not lasts or lasts[-1] != len(flags) - 1:
        lasts.append(len(flags) - 1)
    return [(before + 1, last) for before, last in zip([-1, *lasts], lasts)]


def _episode(
    meta: dict, rows: np.ndarray, ends: np.ndarray, env: int, number: int, first: int, last: int
) -> dict[str, Any]:
    """Sums are made step by step in float64, as anybody would."""
    dt, flags, part = meta["control_dt"], int(rows["flags"][last]), rows[first : last + 1]
    outcome = "terminated" if flags & TERMINATED else "truncated" if flags & TRUNCATED else "unfinished"
    length = last - first + 1
    terms = part["rew_terms"].astype(np.float64)
    record = {
        "env_id": meta["env_ids"][env],
        "episode_in_env": number,
        "outcome": outcome,
        "episode_length": length,
        "total_reward": sum(part["rew"].astype(np.float64).tolist(), 0.0),
        "rewards": {name: sum(terms[:, k].tolist(), 0.0) for k, name in enumerate(meta["reward_terms"])},
        "duration_s": round(length * dt, 9),
        "start": round(first * dt, 9),
        "end": round(last * dt, 9),
        "first_step": first,
        "last_step": last,
        "seed": meta["seed"],
    }
    own = ends[ends["about"]["last_record"] == last]
    state = own["state"][0] if len(own) else part[-1]
    return {**record, "last_pos": state["robot.base_pos"], "rows": part, "origin": meta["env_origins"][env]}


def _steps(recording: Path, meta: dict) -> np.ndarray:
    """(T,) records with their envs (N,)."""
    frames, row = meta["frames"], _row(meta["row"]["fields"], meta["row"]["bytes"])
    record = np.dtype(
        {
            "names": ["step", "t", "envs"],
            "formats": ["<i8", "<f8", (row, meta["num_envs"])],
            "offsets": [0, 8, frames["env_offset"]],
            "itemsize": frames["record_bytes"],
        }
    )
    files = sorted(recording.glob("frames-*.npy"))
    return np.concatenate([_whole(file, record, frames["header_bytes"]) for file in files])


def _ends(recording: Path, meta: dict) -> np.ndarray:
    """The rows of the table of ends: what they are about, and the states in which episodes ended."""
    table = meta["terminals"]
    columns = _row(table["fields"], table["row_offset"])
    state = _row(meta["row"]["fields"], meta["row"]["bytes"])
    row = np.dtype(
        {
            "names": ["about", "state"],
            "formats": [columns, state],
            "offsets": [0, table["row_offset"]],
            "itemsize": table["bytes"],
        }
    )
    return _whole(recording / "terminals.npy", row, table["header_bytes"])


def _row(fields: list[dict], num_bytes: int) -> np.dtype:
    return np.dtype(
        {
            "names": [field["name"] for field in fields],
            "formats": [(field["dtype"], tuple(field["shape"])) for field in fields],
            "offsets": [field["offset"] for field in fields],
            "itemsize": num_bytes,
        }
    )


def _whole(file: Path, dtype: np.dtype, header_bytes: int) -> np.ndarray:
    """The entries behind the header, without a torn last one."""
    content = file.read_bytes()[header_bytes:]
    return np.frombuffer(content[: len(content) // dtype.itemsize * dtype.itemsize], dtype)
