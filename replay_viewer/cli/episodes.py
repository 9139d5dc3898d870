"""The command `episodes`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

from replay_viewer.errors import ReplayError, printable

from .arguments import Flag, shown_as
from .imports import large_imports
from .usage import WrongUsage


def episodes(
    paths: Annotated[tyro.conf.Positional[tuple[Path, ...]], shown_as("PATH ...")],
    format: Annotated[Literal["table", "jsonl", "csv"], shown_as("{table,jsonl,csv}")] = "table",
    where: Annotated[str | None, shown_as("CONDITION")] = None,
    sort: Annotated[str | None, shown_as("NAME")] = None,
    descending: Flag = False,
    show: Annotated[tuple[str, ...], shown_as("NAME ...")] = (),
) -> None:
    """List the episodes of recordings, one a line.

    Args:
        paths: Recordings (.rec, a folder or one file), rollouts (.npz), files of records (.jsonl), folders of them.
        format: A table for people, or everything that is known of each as JSON or CSV.
        where: Only those for which it holds, such as 'success == false and episode_length < 100'.
        sort: In the order of a value, such as total_reward or rewards.tracking.
        descending: The greatest first.
        show: Further columns of the table, such as policy or variations; those that --where and --sort name are there.
    """
    if not paths:
        raise WrongUsage("replay-viewer episodes", "needs PATH.")
    with large_imports():
        from replay_viewer.episodes.load import load_episodes
        from replay_viewer.episodes.texts import TEXTS, table_text
        from replay_viewer.episodes.where import Where

    # What is wrong with a condition is told before hundreds of recordings are read.
    asked = [] if where is None else [name.text for name in Where(where).names]
    found = load_episodes(paths)
    problems, num_read = found.problems, len(found)
    if num_read:
        columns = [*asked, *(() if sort is None else (sort,)), *found.known(show)]
        found = found if sort is None else found.sorted_by(sort, descending)
        found = found if where is None else found.where(where)
        if not len(found):
            print(f"none of {num_read} episodes is so: {printable(where or '')}", file=sys.stderr)
        sys.stdout.writelines(table_text(found, columns) if format == "table" else TEXTS[format](found))
    if problems:
        sys.stdout.flush()
        if len(problems) == 1:
            raise ReplayError(*problems.values())
        for problem in problems.values():
            print(printable(problem), file=sys.stderr)
        raise ReplayError(f"{len(problems)} of the recordings could not be read: {', '.join(problems)}")
