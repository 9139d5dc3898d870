"""Comparing: what is shown beside the lead is chosen in the page, comes, goes and leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ..errors import ReplayError, printable
from ..replay.comparison import Comparison
from ..replay.modes import Alignment, Mode
from ..replay.take import Take
from ..replay.world import World, check_number, world_of
from .opening.opening import OpenRequest
from .opening.openings import Opened
from .opening.place import Place, is_shown
from .wire.page_bridge import PageAction

if TYPE_CHECKING:
    from ..replay.replay import Replay
    from .opening.files import Files
    from .session import Session

# Names of a folder that the page lists, and envs; the table has the others.
_MAX_LISTED = 1000


class Row(NamedTuple):
    """An episode of the table.

    Attributes:
        path: of its recording; None for what is shown.
        env_id: the simulator's index.
        episode: its number within the env; None for all that is recorded.
    """

    path: Path | None
    env_id: int | None = None
    episode: int | None = None


class Comparing:
    """Puts takes beside what is shown. Only the owner thread touches it."""

    def __init__(
        self,
        files: Files,
        session: Callable[[], Session | None],
        show: Callable[[World, float, Sequence[Opened]], object],
        go: Callable[[Place, int], object],
        tell: Callable[[int, Mapping[str, Any]], object],
    ) -> None:
        """Nothing is compared yet.

        Args:
            files: opens recordings.
            session: what is watched, if anything is.
            show: shows a world at a position of its lead in the place of what is shown, with what was opened for it;
                or raises.
            go: goes to a place in what is shown, for the browser with an id, or raises.
            tell: hands the page of a browser, by its id, what changed.
        """
        self._files, self._session, self._show, self._go, self._tell = files, session, show, go, tell

    @property
    def actions(self) -> dict[str, PageAction]:
        """What the page may ask for."""
        return {
            "list_comparable": lambda _, client_id: self._tell(client_id, {"comparable": self._comparable()}),
            "go_to_place": self._go_to_place,
            "compare_listed": self._compare_listed,
            "compare_upload": self._compare_upload,
            "compare_env": self._compare_env,
            "compare_episode": self._compare_episode,
            "lead_take": lambda value, _: self._lead(value),
            "remove_take": lambda value, _: self._remove(value),
        }

    def compare_rows(self, rows: Sequence[Row], client_id: int) -> None:
        """Show episodes in one scene, the first leads; one alone beside what is shown.

        Raises BadArgument for more than can be shown.
        """
        session = self._session()
        beside = session is not None and len(rows) == 1
        check_number(len(rows) + (len(session.world.takes) if session is not None and beside else 0))

        def take(opened: Sequence[Opened]) -> None:
            find = self._finder(opened)
            takes = [_take_of(find(row.path), row) for row in rows]
            if beside:
                self._add(takes, opened)
            else:
                now = self._session()
                usual = world_of(takes)
                world = usual if now is None else usual.with_mode(_mode_for(now.world))
                self._show(world, world.lead.start, opened)

        wanted = [self._files.find_path(path) for path in self._not_open([row.path for row in rows])]
        self._files.openings.begin(wanted, client_id, take)

    def lead_recording(self, path: Path, env_id: int | None) -> bool:
        """Let a recording lead that is shown beside the lead, by its take of the env if there is one; else False."""
        session = self._session()
        takes = () if session is None else [t for t in session.world.others if t.replay.rollout.path == path]
        found = [take for take in takes if take.replay.rollout.env_ids[take.env_index] == env_id]
        for take in (*found, *takes)[:1]:
            self._lead(take.key)
        return bool(takes)

    # -- what the page asks for -------------------------------------------------

    def _comparable(self) -> dict[str, Any]:
        """What there is to choose from: envs, and recordings of the folder by their numbers."""
        session, listing = self._session(), self._files.listing
        envs = [] if session is None else list(session.replay.rollout.env_ids[:_MAX_LISTED])
        listed = [] if listing is None else listing.recordings[:_MAX_LISTED]
        own = None if session is None else session.replay.rollout.path
        found = [[source.number, printable(source.name)] for source in listed if source.path != own]
        return {"envs": envs, "recordings": found}

    def _go_to_place(self, value: Any, client_id: int) -> None:
        """Go where the address of a page says; to several recordings, unless they are shown already."""
        try:
            place = Place.of(value)
            if place.others:
                self._go_to_several(place, client_id)
            else:
                self._files.go_to_named(place, client_id)
        except ReplayError as error:
            self._files.tell_odd(error, client_id)

    def _go_to_several(self, place: Place, client_id: int) -> None:
        name_of, session = self._files.known.name_of, self._session()
        replays = {} if session is None else {name_of(replay.rollout): replay for replay in session.world.replays}
        if session is not None and is_shown(place, session, name_of):
            session.world = _as_said(session.world, place)
            self._go(place, client_id)
            return
        placed = (place.lead, *place.others)
        names = [name for name in dict.fromkeys(take.recording for take in placed) if name not in replays]
        requests = [self._files.known.named(name) for name in names]

        def take(opened: Sequence[Opened]) -> None:
            found = {**replays, **{name: each.replay for name, each in zip(names, opened, strict=True)}}
            try:
                world = _as_said(world_of([take.of(found[take.recording]) for take in placed]), place)
                self._show(world, world.lead.start, opened)
                self._go(place, client_id)
            except ReplayError as error:
                self._files.tell_odd(error, client_id)

        self._files.openings.begin([partial(_same, request) for request in requests], client_id, take)

    def _compare_listed(self, value: Any, client_id: int) -> None:
        if self._files.listing is not None:
            self.compare_rows([Row(self._files.listing.numbered(value).path)], client_id)

    def _compare_upload(self, value: Any, client_id: int) -> None:
        self._check_room()

        def take(opened: Sequence[Opened]) -> None:
            if self._session() is None:
                world = world_of([each.replay for each in opened])
                self._show(world, world.lead.start, opened)
            else:
                self._add([Take(each.replay) for each in opened], opened)

        self._files.openings.begin([self._files.find_upload(value)], client_id, take)

    def _compare_env(self, value: Any, client_id: int) -> None:
        session = self._session()
        if session is not None and type(value) is int:
            lead = session.world.lead
            self._add([Take(lead.replay, lead.replay.rollout.env_index(value), lead.start)])

    def _compare_episode(self, value: Any, client_id: int) -> None:
        session = self._session()
        if session is not None and type(value) is int:
            self._add([Take.of_episode(session.replay, session.env_index, value)])

    def _lead(self, key: Any) -> None:
        session = self._session()
        if session is not None and isinstance(key, str) and key:
            position = session.world.position_of(session.world.find(key), session.player.position)
            self._show(session.world.led_by(key), position, ())

    def _remove(self, key: Any) -> None:
        session = self._session()
        if session is None or not isinstance(key, str) or not session.world.others:
            return
        leads = session.world.others[0] if not key else session.world.lead
        position = session.world.position_of(leads, session.player.position)
        self._show(session.world.without(key), position, ())

    # -- how ----------------------------------------------------------------------

    def _add(self, takes: Sequence[Take], opened: Sequence[Opened] = ()) -> None:
        """Show takes beside what is shown; where they are of episodes, the lead starts with the one that it shows."""
        session = self._session()
        assert session is not None, "something is shown"
        world = session.world
        if any(take.steps is not None for take in takes):
            world = world.with_start(session.episode.first_step)
        world = world.with_others(takes).with_mode(_mode_for(world))
        self._show(world, session.player.position, opened)

    def _check_room(self) -> None:
        session = self._session()
        check_number(1 if session is None else len(session.world.takes) + 1)

    def _not_open(self, paths: Sequence[Path | None]) -> list[Path]:
        """Those that are not shown, each once."""
        session = self._session()
        shown = {None, *(r.rollout.path for r in (() if session is None else session.world.replays))}
        return [path for path in dict.fromkeys(paths) if path is not None and path not in shown]

    def _finder(self, opened: Sequence[Opened]) -> Callable[[Path | None], Replay]:
        """Finds a recording among those that were opened now, and those that are shown."""

        @cache
        def find(path: Path | None) -> Replay:
            session = self._session()
            shown = () if session is None else session.world.replays
            for replay in shown if path is None else (*(each.replay for each in opened), *shown):
                if path is None or replay.rollout.path == path:
                    return replay
            raise ReplayError("what it was to be compared with is not shown any more.")

        return find


def _as_said(world: World, place: Place) -> World:
    """A world as an address has it. Raises BadArgument."""
    delays = [take.delay for take in place.others]
    return Comparison(cast(Mode, place.mode or world.mode), cast(Alignment, place.alignment or "start"), delays).of(
        world
    )


def _same(request: OpenRequest) -> OpenRequest:
    return request


def _take_of(replay: Replay, row: Row) -> Take:
    """What of a recording an episode of the table is. Raises UnknownName."""
    env_index = 0 if row.env_id is None else replay.rollout.env_index(row.env_id)
    return Take(replay, env_index) if row.episode is None else Take.of_episode(replay, env_index, row.episode)


def _mode_for(world: World) -> Mode:
    """Those that are compared by choice stand in one place at first: recorded places need not mean anything."""
    return world.mode if world.others else "ghost"
