"""The command `report`."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from replay_viewer.errors import ReplayError, printable
from replay_viewer.progress import ProgressBar

from .arguments import Flag, shown_as
from .imports import large_imports
from .usage import WrongUsage

if TYPE_CHECKING:
    from replay_viewer.report.report import Report, ReportRequest

_VIEWER = "http://localhost:8080"


def report(
    paths: Annotated[tyro.conf.Positional[tuple[Path, ...]], shown_as("PATH ...")],
    out: Annotated[Path, shown_as("FOLDER")] = Path("report"),
    title: Annotated[str | None, shown_as("TEXT")] = None,
    where: Annotated[str | None, shown_as("CONDITION")] = None,
    compare: Annotated[str | None, shown_as("A,B")] = None,
    clips: Annotated[str | None, shown_as("worst:N")] = None,
    replays: Annotated[str | None, shown_as("worst:N")] = None,
    no_pictures: Flag = False,
    manual: Flag = False,
    viewer: Annotated[str, shown_as("URL")] = _VIEWER,
    serve: Flag = False,
    port: Annotated[int, shown_as("N")] = 8090,
    watch: Flag = False,
) -> None:
    """Make a page of an evaluation: success rate with its interval, what makes it fail, every episode in a table.

    Args:
        paths: Recordings, files of records (episode_results*.jsonl), and folders of them.
        out: The folder to make: index.html, which opens without a server, and clips beside it. By default: report.
        title: Of the page.
        where: Only the episodes for which it holds, such as 'task == "stairs" and not success'.
        compare: Two jobs, policies or checkpoints to match episode by episode; by default the first with each other.
        clips: Render clips of these, such as worst:12 or worst:6,best:2,typical:2; go on where it was stopped.
        replays: Make a file for each of these that plays the episode without a viewer, likewise; see `share`.
        no_pictures: Render no pictures of the best, the most typical and the worst episodes.
        manual: Count the episodes, too, that somebody had a hand in.
        viewer: Where the viewer runs that rows link to. By default: http://localhost:8080.
        serve: Serve the page on this machine, until Ctrl-C.
        port: To serve it on; the next free one is used where it is taken.
        watch: Build it again when there is something new, until Ctrl-C.
    """
    if not paths:
        raise WrongUsage("replay-viewer report", "needs PATH.")
    with large_imports():
        from replay_viewer.report.report import ReportRequest
        from replay_viewer.report.server import check_port, served

    check_port(port)  # Before work that it would be in vain.
    names = None if compare is None else tuple(name.strip() for name in compare.split(","))
    request = ReportRequest(paths, out, title, where, names, clips, replays, not no_pictures, viewer, manual)
    with contextlib.ExitStack() as stack:
        if serve or watch:  # Ctrl-C is how these end.
            stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        first = None if watch else _written(request)
        if serve:
            print(f"{printable(str(out))} at {stack.enter_context(served(out, port))} (Ctrl-C stops)", flush=True)
        if first is not None:
            _make_films(first)
        if watch:
            _build_again_and_again(request)
        while serve:
            time.sleep(1)


def _written(request: ReportRequest) -> Report:
    """The report once its page is written; what could not be read is told, and does not stop it."""
    from replay_viewer.report.report import Report
    from replay_viewer.report.sentences import counted

    report = Report(request)
    report.write()
    print(f"{printable(str(report.page))}: {counted(report.num_episodes, 'episode')}", flush=True)
    for problem in report.problems.values():
        print(printable(problem), file=sys.stderr)
    return report


def _make_films(report: Report) -> None:
    """Make what is to be seen in the page; it shows each picture and clip soon after."""
    bar = ProgressBar(lambda done, total, seconds: f"of {total} pictures, clips and replays")
    try:
        report.make_films(bar.show)
    finally:
        bar.end()


def _build_again_and_again(request: ReportRequest) -> None:
    """Build it now, and when there is something new; what is wrong with it then is told, and waited out."""
    from replay_viewer.report.watch import states

    for _ in states(request.paths):
        try:
            _make_films(_written(request))
        except ReplayError as error:
            print(printable(str(error)), file=sys.stderr)
