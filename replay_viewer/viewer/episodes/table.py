"""The table of all episodes, as each browser has chosen to see it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...clips.films import Film
from ...clips.placing import place
from ...episode_record import NAMES
from ...episodes.annotations import FLAGS, annotate
from ...episodes.where_tokens import BadCondition
from ...errors import BadArgument, FileProblem, printable
from ...replay.world import MOST_TAKES
from ..wire.page import Page, notify
from ..wire.page_bridge import PageAction
from .choice import GROUPS, Choice
from .kinds import KINDS
from .rows import RECORDING, Key
from .sources import Source
from .stock import Stock
from .view import View, key_of

if TYPE_CHECKING:
    from ..session import Session

# Columns that can be chosen.
_MAX_NAMES = 500
# Goes to an episode: the path of its recording or None for what is shown, its env_id, its first step, and who asks.
Go = Callable[["Path | None", int, int, int], object]
# Shows episodes in one scene: for each the same path, its env_id and number, or None of all that is recorded; who asks.
Compare = Callable[["Sequence[tuple[Path | None, int | None, int | None]]", int], object]


class EpisodeTable:
    """A view of the stock's rows for each browser. Only the owner thread touches it.

    Attributes:
        stock: where the rows come from.
    """

    def __init__(self, page: Page, go: Go, compare: Compare, is_temporary: Callable[[Path], bool]) -> None:
        """Nothing is listed or shown yet.

        Args:
            page: the page, in which it is seen.
            go: goes to an episode.
            compare: shows episodes in one scene.
            is_temporary: says of a path whether what is there is removed when the viewer ends.
        """
        self._page, self._go, self._compare, self._is_temporary = page, go, compare, is_temporary
        self.stock = Stock(page.post, lambda: self._tell_all(self.stock.progress))
        self.stock.changed.append(self._take_rows)
        self._session: Session | None = None
        self._current: Key | None = None
        self._views: dict[int, View] = {}
        self._open: set[int] = set()
        self._problems: dict[int, str] = {}
        # Who asked for a failure while the episodes were not known, and in which direction.
        self._awaited: tuple[int, int] | None = None

    @property
    def actions(self) -> dict[str, PageAction]:
        """What the page may ask for."""
        return {
            "open_episodes": self._open_for,
            "close_episodes": lambda value, client_id: self._open.discard(client_id),
            "choose_episodes": self._choose,
            "fold_episodes": self._fold,
            "see_episodes": self._see,
            "go_to_episode": self._go_to,
            "go_to_film": self._go_to_film,
            "compare_rows": self._compare_rows,
            "note_episode": self._note,
            "go_to_next_failure": lambda value, client_id: self._go_to_failure(1, client_id),
            "go_to_previous_failure": lambda value, client_id: self._go_to_failure(-1, client_id),
            "look_again": lambda value, client_id: self.stock.look_again(),
        }

    # -- what is shown ----------------------------------------------------------

    def show(self, session: Session, name: str) -> None:
        """A session is shown now; name: what the page calls it."""
        self._session = session
        replays, names = session.world.replays, session.world.recording_names
        named = zip(replays[1:], names[1:], strict=True)
        # What is in memory alone could not be let lead by a row, which knows a recording by its path.
        beside = [(replay.rollout, told) for replay, told in named if replay.rollout.path is not None]
        self.stock.show(session.replay.rollout, names[0] if beside else name, beside)
        self.follow()

    def hide(self) -> None:
        """It is not shown any more."""
        self._session = self._current = None
        self.stock.hide()

    def follow(self) -> None:
        """Mark the episode of the step shown, and read on where there are more."""
        self._read_shown()
        number, current = self.stock.shown_number, self._shown_key()
        if current != self._current:
            is_other, self._current = number != (self._current and self._current[0]), current
            for client_id in self._open:
                if is_other and number is not None:
                    self._unfold_shown(client_id)
                    self._show(client_id)
                self._tell(client_id, {"place": self._place(client_id), "current": number, "isEntered": True})

    def marks(self) -> list[list[Any]]:
        """The notes of the env shown, for the timeline: step, flag, text."""
        session = self._session
        assert session is not None, "it is shown"
        episodes = session.episodes
        found = []
        for (env_id, episode), note in self.stock.notes.of(session.replay.rollout.path).items():
            if env_id == session.env_id and 0 <= episode < len(episodes):
                step = episodes[episode].first_step if note.step is None else note.step
                found.append([step, printable(note.flag), printable(note.text)])
        return sorted(found, key=lambda mark: mark[0])

    def greet(self, client_id: int) -> None:
        """Tell a browser that has just come."""
        self._tell(client_id, {"flags": list(FLAGS), "kindTexts": dict(KINDS)})

    def forget(self, client_id: int) -> None:
        """A browser has left."""
        self._open.discard(client_id)
        for kept in (self._views, self._problems):
            kept.pop(client_id, None)

    # -- what browsers ask for --------------------------------------------------

    def _open_for(self, value: Any, client_id: int) -> None:
        self._open.add(client_id)
        self._take_choice(value, client_id)
        self._unfold_shown(client_id)
        self._show(client_id)
        self._read_shown()
        self.stock.look_again()

    def _choose(self, value: Any, client_id: int) -> None:
        self._take_choice(value, client_id)
        self._show(client_id)

    def _take_choice(self, value: Any, client_id: int) -> None:
        self._problems[client_id] = ""
        try:
            choice = Choice.of(value)
        except BadCondition as error:
            self._problems[client_id] = _told(error)
            choice = Choice.of({**value, "where": ""})  # The rest is chosen.
        view = self._view(client_id)
        is_regrouped = choice.group != view.choice.group
        view.choose(choice)
        if is_regrouped:
            self._unfold_shown(client_id)

    def _unfold_shown(self, client_id: int) -> None:
        """Unfold what is shown, in a browser's view."""
        for number in self.stock.shown_numbers:
            self._views[client_id].unfold(str(number))

    def _fold(self, value: Any, client_id: int) -> None:
        view = self._view(client_id)
        if isinstance(value, bool):
            view.fold_all(value)
        elif isinstance(value, str):
            view.fold(value)
        self._show(client_id)

    def _see(self, value: Any, client_id: int) -> None:
        """Some lines of a version of the view: [version, first, count]."""
        view = self._view(client_id)
        is_asked = isinstance(value, list) and len(value) == 3 and all(type(number) is int for number in value)
        if is_asked and value[0] == view.version and 0 <= value[1] < view.num_lines and value[2] > 0:
            lines = view.window(value[1], value[2])
            self._tell(client_id, {"window": {"version": view.version, "first": value[1], "lines": lines}})

    def _go_to(self, value: Any, client_id: int) -> None:
        key = key_of(value)
        row = None if key is None else self.stock.rows.find(key)
        if row is None:
            return self._notify(client_id, "This episode is not in the table any more.")
        self._go_to_row(row, client_id)

    def _go_to_film(self, value: Any, client_id: int) -> None:
        """The moment that a film shows: [its address, seconds since its beginning]."""
        is_asked = isinstance(value, list) and len(value) == 2 and isinstance(value[1], (int, float))
        rows = self.stock.rows
        found = [entry for entry in rows.films if is_asked and self._address(entry[0]) == value[0]]
        if not found:
            return self._notify(client_id, "This film is not there any more.")
        film, row = found[0]
        at = rows.place(row)
        placed = None if at is None else place(film, at)
        if at is None or placed is None:
            return self._notify(client_id, "Of this episode only films are here, not its recording.")
        seconds = value[1] if math.isfinite(value[1]) else 0.0
        step = min(max(math.ceil(placed.step_at(seconds)), at.first_step), at.last_step)
        source = rows.source(row)
        path = None if source.number == self.stock.shown_number else source.path
        self._go(path, at.env_id, step, client_id)

    def _address(self, film: Film) -> str:
        """Where browsers fetch a film, from the page's own address."""
        return "" if film.path is None else self._page.films.address(film.path, film.modified)

    def _compare_rows(self, value: Any, client_id: int) -> None:
        """Show rows in one scene: keys of episodes, or [source] of a whole recording."""
        found = [self._compared(key) for key in value[:MOST_TAKES]] if isinstance(value, list) else []
        rows = [row for row in found if row is not None]
        if len(rows) < len(found) or not rows:
            return self._notify(client_id, "Of what was ticked not everything is here as a recording.")
        self._compare(rows, client_id)

    def _compared(self, value: Any) -> tuple[Path | None, int | None, int | None] | None:
        """Path, env_id and number of an episode, or path of a whole recording; None where it cannot be shown."""
        if isinstance(value, list) and len(value) == 1 and type(value[0]) is int:
            source = next((source for source in self.stock.rows.sources if source.number == value[0]), None)
            which: tuple[int | None, int | None] = (None, None)
        else:
            key = key_of(value)
            row = None if key is None else self.stock.rows.find(key)
            source = None if row is None else self.stock.rows.source(row)
            which = (None, None) if key is None else (key[1], key[2])
        if source is None or not source.is_recording:
            return None
        path = None if source.number == self.stock.shown_number else source.path
        return path, which[0], which[1]

    def _go_to_row(self, row: int, client_id: int) -> None:
        source, record = self.stock.rows.source(row), self.stock.rows.records[row]
        if not source.is_recording or record.first_step is None:
            return self._notify(client_id, "Of this episode only the record is here, not its recording.")
        path = None if source.number == self.stock.shown_number else source.path
        self._go(path, record.env_id, record.first_step, client_id)

    def _go_to_failure(self, direction: int, client_id: int) -> None:
        if not self.stock.is_shown_known:
            self._awaited = direction, client_id
            return self._read_shown()
        view = self._view(client_id)
        if client_id not in self._open:
            view.show(self.stock.rows, self.stock.notes)
        row = view.failure(self._current_row, direction)
        if row is None:
            where = "after" if direction > 0 else "before"
            return self._notify(client_id, f"The table has no failure {where} this episode.")
        self._go_to_row(row, client_id)

    def _note(self, value: Any, client_id: int) -> None:
        """Note something of an episode: its key, a flag and a text; null for what stays as it is."""
        if not (isinstance(value, list) and len(value) == 3):
            return
        key, (flag, text) = key_of(value[0]), value[1:]
        row = None if key is None else self.stock.rows.find(key)
        is_known = flag is None or (isinstance(flag, str) and flag in ("", *FLAGS))
        if key is None or row is None or not is_known or not (text is None or isinstance(text, str)):
            return
        path = self._noted_path(self.stock.rows.source(row))
        step = self._session.player.step if self._session is not None and key == self._shown_key() else None
        annotate(path, *key[1:], step=step, flag=flag, text=text)
        self.stock.look_at_notes(path)

    def _noted_path(self, source: Source) -> Path:
        """The recording beside which notes are kept. Raises FileProblem where none are."""
        if source.path is None or not source.is_recording:
            raise FileProblem(source.name, "is no recording on the disk, beside which a note could be kept.")
        if self._is_temporary(source.path):
            problem = "was dropped into the page, and is removed when the viewer ends."
            raise FileProblem(source.name, problem, "Open it where it lies to keep notes of it.")
        return source.path

    def _read_shown(self) -> None:
        if self._session is not None and (self._open or self._awaited is not None):
            tail = self._session.tail
            self.stock.read_shown(tail is not None and tail.is_written)

    def _shown_key(self) -> Key | None:
        """The episode of the step shown."""
        number, session = self.stock.shown_number, self._session
        return None if number is None or session is None else (number, session.env_id, session.episode.index)

    # -- what browsers are told -------------------------------------------------

    def _take_rows(self) -> None:
        """There are other rows."""
        for client_id in list(self._open):
            self._show(client_id)
        if self._awaited is not None and self.stock.is_shown_known:
            awaited, self._awaited = self._awaited, None
            self._go_to_failure(*awaited)

    def _view(self, client_id: int) -> View:
        return self._views.setdefault(client_id, View(self._address))

    def _show(self, client_id: int) -> None:
        """Bring a browser's view to the rows, and tell it."""
        view, rows, notes = self._view(client_id), self.stock.rows, self.stock.notes
        try:
            view.show(rows, notes)
        except BadCondition as error:
            self._problems[client_id] = _told(error)
            view.choose(replace(view.choice, where=None))
            view.show(rows, notes)
        counts = np.bincount(rows.kinds, minlength=len(KINDS)).tolist()
        state = {
            "version": view.version,
            "numLines": view.num_lines,
            "numEpisodes": len(rows),
            "numMatching": len(view.order),
            "numFilms": len(rows.films),
            "isOfSeveral": len(self.stock.shown_numbers) > 1,
            "isTiled": view.choice.is_films,
            "kinds": dict(zip(KINDS, counts, strict=True)),
            "names": _in_order(rows.names),
            "groups": [name for name in GROUPS if name in ("", RECORDING) or name in rows.names],
            "scale": _scale(rows.column("total_reward").places),
            "place": self._place(client_id),
            "current": self.stock.shown_number,
            "problem": self._problems.get(client_id, ""),
            **self.stock.progress,
        }
        self._tell(client_id, state)

    @property
    def _current_row(self) -> int | None:
        return None if self._current is None else self.stock.rows.find(self._current)

    def _place(self, client_id: int) -> int | None:
        return self._view(client_id).place(self._current_row)

    def _tell(self, client_id: int, news: Mapping[str, Any]) -> None:
        client = self._page.clients.get(client_id)
        if client is not None:
            self._page.bridge.update(client, {"table": news})

    def _tell_all(self, news: Mapping[str, Any]) -> None:
        for client_id in self._open:
            self._tell(client_id, news)

    def _notify(self, client_id: int, problem: str) -> None:
        client = self._page.clients.get(client_id)
        if client is not None:
            notify(client, "Nowhere to go", problem)


def _told(error: BadArgument) -> str:
    """What is wrong with a condition, without the name that the command line has for it."""
    place, problem = str(error.value), error.problem
    return f"{place[0].upper()}{place[1:]}: {problem[0].upper()}{problem[1:]}"


def _scale(values: np.ndarray) -> list[float]:
    """The ends of the bars of numbers, between which nothing is."""
    known = values[np.isfinite(values)]
    return [min(0.0, float(known.min())), max(0.0, float(known.max()))] if known.size else [0.0, 0.0]


def _in_order(names: Iterable[str]) -> list[str]:
    """Names of columns as records have them: their own first, those of a group beside each other."""
    order = {name: place for place, name in enumerate(NAMES)}
    return sorted(names, key=lambda name: (order.get(name.partition(".")[0], len(order)), name))[:_MAX_NAMES]
