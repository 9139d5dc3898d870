"""Reports, for Python: episodes become findings, these a page, and the page is built again where something is new."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ..episodes.annotations import Annotation, annotations_path, read_annotations
from ..episodes.episodes import Episodes
from ..episodes.load import load_episodes
from ..episodes.picks import Picks
from ..episodes.where import Where
from ..errors import BadArgument, FileProblem, ReplayError
from ..paths import local_path
from ..progress import Progress
from .evaluation import Evaluation
from .films import Films
from .findings import Findings
from .links import VIEWER, Links
from .page import GENERATOR, PageParts, page_html

_HEAD_BYTES = 4096


@dataclass(frozen=True)
class ReportRequest:
    """What a report is asked to be.

    Attributes:
        paths: recordings, files of records, and folders of them.
        out: the folder of the page.
        title: of the page; None for the name of the first path.
        where: only the episodes for which a condition holds.
        compare: two jobs, policies or checkpoints that are matched; None for those there are.
        clips: episodes of which clips are made, such as "worst:12"; None for none.
        replays: those that can be replayed without a viewer, likewise.
        pictures: whether the best, typical and worst episodes get pictures.
        viewer: address of the viewer that rows link to.
        manual: whether episodes count that somebody had a hand in.

    Raises:
        BadArgument: a choice that means nothing; BadCondition is one.
    """

    paths: Sequence[Path]
    out: Path
    title: str | None = None
    where: str | None = None
    compare: Sequence[str] | None = None
    clips: str | None = None
    replays: str | None = None
    pictures: bool = True
    viewer: str = VIEWER
    manual: bool = False

    def __post_init__(self) -> None:
        if self.where is not None:
            Where(self.where)  # What is wrong with it is told before hundreds of recordings are read.
        for option, picks in (("--clips", self.clips), ("--replays", self.replays)):
            if picks is not None:
                Picks(option, picks)
        if not re.match(r"https?://[^/\s]", self.viewer):
            raise BadArgument("--viewer", self.viewer, f"expected an address such as {VIEWER}.")


def build_report(
    paths: str | Path | Sequence[str | Path],
    out: str | Path = "report",
    *,
    title: str | None = None,
    where: str | None = None,
    compare: Sequence[str] | None = None,
    clips: str | None = None,
    replays: str | None = None,
    pictures: bool = True,
    viewer: str = VIEWER,
    manual: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Build the report of an evaluation: one page with numbers, charts, a table, and links to replays.

    Only what has changed is read again, and pictures and clips that are there are kept; a page that would be the same
    is left alone.

    Args:
        paths: recordings, files of records (those of Isaac Lab-Arena too), and folders of them.
        out: the folder for the page, `index.html`, its pictures and clips.
        title: of the page; None for the name of the first path.
        where: only episodes for which it holds, such as "task == 'stairs' and not success".
        compare: two jobs, policies or checkpoints, matched episode by episode; None for those there are.
        clips: episodes of which clips are rendered, such as "worst:12" or "worst:6,best:2,typical:2".
        replays: those that can be replayed without a viewer, likewise: a file for each, see `share_replay`.
        pictures: whether to render pictures of the best, the most typical and the worst episodes.
        viewer: address of the viewer that rows link to.
        manual: whether episodes count, too, that somebody had a hand in while they ran.
        progress: called with the pictures, clips and replays that are made and those there are in all; what it raises
            stops the work, and leaves a page with what is there.

    Returns:
        The page.

    Raises:
        ReplayError: bad input, nothing to report on, or a page that cannot be written.
    """
    chosen = [paths] if isinstance(paths, str | Path) else paths
    request = ReportRequest(
        [local_path(path) for path in chosen],
        local_path(out),
        title,
        where,
        compare,
        clips,
        replays,
        pictures,
        viewer,
        manual,
    )
    report = Report(request)
    report.write()
    report.make_films(progress)
    return report.page


class Report:
    """A report as it is built: what was read, and the page that is written of it.

    Attributes:
        request: what is asked for.
        page: its path.
        problems: what could not be read, by path.

    Raises:
        ReplayError: there is nothing to report on, or its folder has a page that no report is.
    """

    def __init__(self, request: ReportRequest) -> None:
        self.request, self.page = request, request.out / "index.html"
        _check_page(self.page)
        episodes = load_episodes(request.paths)
        if request.where is not None:
            episodes = episodes.where(request.where)
        if not len(episodes):
            raise ReplayError(_nothing(request, episodes))
        self._found = Findings(Evaluation(episodes, counts_manual=request.manual), request.compare)
        self._chosen = self._picked("--clips", request.clips)
        self._films = self._films_of(request)
        self._notes, unread = _notes_of(self._found.episodes)
        self.problems = {**episodes.problems, **unread}

    @property
    def num_episodes(self) -> int:
        """How many it tells of."""
        return len(self._found.episodes)

    def write(self) -> bool:
        """Write the page as things are now; returns whether it changed. Raises FileProblem where it cannot be."""
        now = datetime.now(timezone.utc).strftime("%-d %B %Y, %H:%M UTC")
        content = page_html(self._found, self._parts(), now)
        if _digest_in(content[:_HEAD_BYTES]) == _digest_in(_head(self.page)):
            return False
        _write(self.page, content)
        return True

    def make_films(self, progress: Progress | None = None) -> None:
        """Make the pictures and clips that are missing; the page shows each soon after it was made."""
        self._films.make(progress or (lambda *_: None), self.write)

    def _picked(self, option: str, text: str | None) -> list[int]:
        return [] if text is None else Picks(option, text).of(self._found.episodes.records)

    def _films_of(self, request: ReportRequest) -> Films:
        shown = [place for one in self._found.examples for _, place in one.episodes] if request.pictures else []
        groups = (shown, self._chosen, self._picked("--replays", request.replays))
        records = self._found.episodes.records
        return Films(request.out, *({place: records[place] for place in places} for places in groups))

    def _parts(self) -> PageParts:
        recordings = {record.recording for record in self._found.episodes.records if record.recording is not None}
        problems = [*self.problems.values(), *self._films.problems.values()]
        return PageParts(
            title=self.request.title or _title(self.request.paths[0]),
            links=Links(self.request.viewer, self.request.paths, recordings),
            condition=self.request.where,
            problems=problems,
            notes=self._notes,
            films=self._films.now(),
            chosen=self._chosen,
        )


def _title(path: Path) -> str:
    return f"Evaluation of {path.absolute().name}"


def _nothing(request: ReportRequest, episodes: Episodes) -> str:
    if request.where is not None:
        return f"No episode is left by --where {request.where}"
    first = next(iter(episodes.problems.values()), "")
    return f"{request.paths[0]}: there are no episodes to report on. {first}"


def _notes_of(episodes: Evaluation) -> tuple[dict[int, dict[str, str]], dict[str, str]]:
    """Flags and notes by place, and by recording why those beside it cannot be read."""
    found: dict[int, dict[str, str]] = {}
    problems: dict[str, str] = {}
    of_recording: dict[str, dict[tuple[int, int], Annotation]] = {}
    for place, record in enumerate(episodes.records):
        if record.recording is None:
            continue
        if record.recording not in of_recording:
            of_recording[record.recording] = {}
            try:
                of_recording[record.recording] = read_annotations(Path(record.recording))
            except FileProblem as error:
                problems[str(annotations_path(Path(record.recording)))] = str(error)
        note = of_recording[record.recording].get((record.env_id, record.episode_in_env))
        if note is not None:
            texts = {"flag": note.flag, "note": note.text}
            found[place] = {name: text for name, text in texts.items() if text}
    return found, problems


def _check_page(page: Path) -> None:
    """Raise FileProblem for a page that something else has made, or a folder that cannot be made."""
    if page.parent.exists() and not page.parent.is_dir():
        raise FileProblem(page.parent, "is a file.", "Name a folder for the report: --out FOLDER")
    if page.exists() and f'content="{GENERATOR.partition(" ")[0]} ' not in _head(page):
        raise FileProblem(page, "is no report of ours, and is not replaced.", "Name another folder: --out FOLDER")


def _head(page: Path) -> str:
    with suppress(OSError), page.open(encoding="utf-8", errors="replace") as file:
        return file.read(_HEAD_BYTES)
    return ""


def _digest_in(head: str) -> str:
    found = re.search(r'name="content-digest" content="([0-9a-f]{64})"', head)
    return found.group(1) if found else head


def _write(page: Path, content: str) -> None:
    """Put the page in its place at once, so that nobody ever sees a half of it."""
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".index-", suffix=".html", dir=page.parent)
        try:
            with open(descriptor, "w", encoding="utf-8", errors="replace") as file:
                file.write(content)
            os.chmod(name, 0o644)
            os.replace(name, page)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise FileProblem(page, f"cannot be written: {error.strerror or error}.") from error
