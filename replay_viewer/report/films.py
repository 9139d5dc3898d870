"""Pictures, clips and shared replays of episodes for the page, made one after the other; what is there is kept."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from ..episode_record import EpisodeRecord
from ..errors import ReplayError
from ..files.regular import read_regular
from ..film_names import harmless
from ..progress import Progress
from ..render.render_video import render_video
from ..replay.replay import Replay, open_replay
from .page import Film

_SIZE, _CLIP_SIZE, _FPS = (480, 270), (640, 360), 30
# A clip shows the end of an episode, where it is seen why [s].
_CLIP_SECONDS = 10.0
# Of pictures that are put into the page.
_MOST_PICTURE_BYTES = 1 << 20

# Called when a picture or a clip was made.
Made = Callable[[], object]


class Films:
    """The pictures, clips and replays of some episodes, in folders beside the page.

    Args:
        folder: of the page.
        pictures: episodes that get a picture, by place.
        clips: those that get a clip, and a picture.
        replays: those that get a shared replay, a file that plays the episode without a viewer.

    Attributes:
        problems: why there is nothing of a recording, by its path.
    """

    def __init__(
        self,
        folder: Path,
        pictures: Mapping[int, EpisodeRecord],
        clips: Mapping[int, EpisodeRecord],
        replays: Mapping[int, EpisodeRecord],
    ) -> None:
        self._folder = folder
        self._pictures = {place: record for place, record in {**pictures, **clips}.items() if _is_recorded(record)}
        self._clips = {place: record for place, record in clips.items() if _is_recorded(record)}
        self._replays = {place: record for place, record in replays.items() if _is_recorded(record)}
        asked = [record.recording for record in (*clips.values(), *replays.values()) if record.recording]
        missing = [path for path in asked if not Path(path).exists()]
        self.problems = {path: f"{path}: there is no such recording to make clips and replays of." for path in missing}

    def now(self) -> dict[int, Film]:
        """What there is of each episode by now."""
        return {place: self._film(place) for place in {**self._pictures, **self._replays}}

    def make(self, progress: Progress, made: Made) -> None:
        """Make what is missing, pictures first. An interrupt leaves nothing half-written.

        Args:
            progress: called with the files that are made and those that are missing in all.
            made: called after each.
        """
        work = [
            ([record for record in records.values() if not path(record).exists()], make)
            for records, path, make in (
                (self._pictures, self._picture_path, self._make_picture),
                (self._clips, self._clip_path, self._make_clip),
                (self._replays, self._replay_path, self._make_replay),
            )
        ]
        total, done = sum(len(missing) for missing, _ in work), 0
        progress(0, total)
        for missing, make in work:
            for _ in self._made(missing, make):
                done += 1
                progress(done, total)
                made()
        if done < total:  # The others are of recordings that cannot be opened.
            progress(total, total)
            made()

    def _film(self, place: int) -> Film:
        picture, clip = self._pictures.get(place), self._clips.get(place)
        replay = self._replays.get(place)
        clip_address = None if clip is None else self._address(self._clip_path(clip))
        return Film(
            picture=None if picture is None else _inline(self._picture_path(picture)),
            clip=clip_address,
            replay=None if replay is None else self._address(self._replay_path(replay)),
            is_coming=clip is not None and clip_address is None and clip.recording not in self.problems,
        )

    def _address(self, path: Path) -> str | None:
        """From the page's folder; None where it is not made yet."""
        return quote(path.relative_to(self._folder).as_posix()) if path.exists() else None

    def _made(
        self, records: Iterable[EpisodeRecord], make: Callable[[Replay, EpisodeRecord], object]
    ) -> Iterator[EpisodeRecord]:
        """Each record when something was made of it, or could not be."""
        for replay, chosen in self._by_recording(records):
            for record in chosen:
                try:
                    make(replay, record)
                except (ReplayError, OSError) as error:
                    self.problems[record.recording or ""] = str(error)
                yield record

    def _by_recording(self, records: Iterable[EpisodeRecord]) -> Iterator[tuple[Replay, Sequence[EpisodeRecord]]]:
        """Each recording, opened once, with those of its episodes."""
        of_recording: dict[str, list[EpisodeRecord]] = {}
        for record in records:
            of_recording.setdefault(record.recording or "", []).append(record)
        for path, chosen in of_recording.items():
            if path in self.problems:
                continue
            try:
                replay = open_replay(Path(path))
            except (ReplayError, OSError) as error:
                self.problems[path] = str(error)
                continue
            with closing(replay):
                yield replay, chosen

    def _make_picture(self, replay: Replay, record: EpisodeRecord) -> None:
        """How it ended, or the middle of one that went well."""
        first, last = record.first_step or 0, record.last_step or 0
        step = last if record.outcome == "terminated" or record.success is False else (first + last) // 2
        path = self._picture_path(record)
        path.parent.mkdir(exist_ok=True)
        render_video(replay, path, env=record.env_id, step=step, size=_SIZE, overwrite=True)

    def _make_clip(self, replay: Replay, record: EpisodeRecord) -> None:
        first, last = record.first_step or 0, record.last_step or 0
        first = max(first, last - round(_CLIP_SECONDS / replay.rollout.control_dt))
        path, steps = self._clip_path(record), slice(first, last + 1)
        path.parent.mkdir(exist_ok=True)
        options = {"size": _CLIP_SIZE, "fps": _FPS, "overlay": "hud", "overwrite": True}
        render_video(replay, path, env=record.env_id, steps=steps, **options)

    def _make_replay(self, replay: Replay, record: EpisodeRecord) -> None:
        from ..viewer.share.share_replay import share_replay  # With it come viser and its page: 0.5 s.

        path = self._replay_path(record)
        path.parent.mkdir(exist_ok=True)
        share_replay(replay, path, env=record.env_id, episodes=[record.episode_in_env])

    def _picture_path(self, record: EpisodeRecord) -> Path:
        return self._folder / "pictures" / f"{_name(record)}.jpg"

    def _clip_path(self, record: EpisodeRecord) -> Path:
        return self._folder / "clips" / f"{_name(record)}.mp4"

    def _replay_path(self, record: EpisodeRecord) -> Path:
        return self._folder / "replays" / f"{_name(record)}.html"


def _is_recorded(record: EpisodeRecord) -> bool:
    is_known = record.recording is not None and record.first_step is not None and record.last_step is not None
    return is_known and Path(record.recording or "").exists()


def _name(record: EpisodeRecord) -> str:
    """Of its files: the same for the same episode of the same recording, and for no other."""
    path = Path(record.recording or "")
    whole = f"{path.absolute()} {record.first_step} {record.last_step}"
    digest = hashlib.sha256(whole.encode(errors="surrogateescape")).hexdigest()[:8]
    return f"{harmless(path.stem)}_env{record.env_id:04d}_episode{record.episode_in_env:06d}_{digest}"


def _inline(path: Path) -> str | None:
    """A picture as an address that holds it; None where it is not there."""
    with suppress(OSError):
        return f"data:image/jpeg;base64,{b64encode(read_regular(path, _MOST_PICTURE_BYTES)).decode()}"
    return None
