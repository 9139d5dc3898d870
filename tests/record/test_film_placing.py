"""Where films stand in recordings, by what manifests say: own recordings, episodes of a run, cameras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from film_samples import film_record

from replay_viewer.clips.films import Film
from replay_viewer.clips.placing import EpisodePlace, camera_films, episodes_before, place

_RUN = Path("/runs/r1")


def film(clip: str = "c1", state: str = "complete", folder: Path = _RUN / "videos", **facts: Any) -> Film:
    record = film_record(clip, f"{clip}.mp4", frames=20, facts={"first_step": 100}, **{"first_step": 99, **facts})
    return Film(record, folder / "clips-h-1-aa.clips.jsonl", state, folder / f"{clip}.mp4", 1, 1)


def episode(number: int = 0, path: Path = _RUN / "walk.rec", **more: Any) -> EpisodePlace:
    return EpisodePlace(path, more.pop("facts", {}), 0, number, 200, 230, **more)


def test_the_first_frame_after_a_reset_stands_before_the_first_step() -> None:
    placed = place(film(), episode())
    assert placed is not None and placed.first == 199
    assert [placed.frame_at(step) for step in (150, 199, 200, 210.5, 400)] == [0, 0, 1, 11, 19]
    assert placed.step_at(0.0) == 199 and placed.step_at(0.5) == 209 and placed.step_at(99.0) == placed.last == 218


def test_a_stride_and_a_recording_of_every_other_step_are_counted() -> None:
    placed = place(film(stride=4), episode(every=2))
    assert placed is not None and (placed.first, placed.stride) == (199.5, 2.0)


def test_films_of_other_runs_envs_episodes_and_folders_are_left_out() -> None:
    key = {"run": "r1", "env_id": 0, "episode_in_env": 0}
    others = [{**key, "env_id": 1}, {**key, "episode_in_env": 1}, {**key, "run": "r2"}]
    at = episode(facts={"run": "r1"})
    assert place(film(), at) is not None
    assert all(place(film(key=other), at) is None for other in others)
    assert place(film(folder=Path("/runs/r2/videos")), at) is None
    assert place(film(state="written"), at) is None


def test_a_film_of_recorded_states_goes_by_the_steps_of_its_recording() -> None:
    own = film(kind="viewport", recording="../walk.rec", first_step=210, key={"env_id": 0, "episode_in_env": 50})
    placed = place(own, episode(number=3))
    assert placed is not None and placed.first == 210
    assert place(film(recording="../walk.rec", first_step=300), episode()) is None


def test_a_recording_made_for_a_film_counts_its_episodes_from_the_films_on() -> None:
    key = {"run": "r1", "env_id": 0, "episode_in_env": 50}
    drawn = film("drawn", kind="viewport", recording="states.rec", first_step=0, key=key)
    states = drawn.recording
    assert states is not None
    before = episodes_before([drawn])
    assert before == {states: 50}
    at = episode(path=states, before=50)
    assert place(film("seen", key=key), at) is not None
    # That of the run's first episode is another one, though it is the first in this recording.
    assert place(film(), at) is None


def test_of_each_camera_there_is_one_film_the_nearest_and_then_the_newest() -> None:
    newest, older = film("new", folder=_RUN), film("old", folder=_RUN)
    far = film("far", folder=_RUN / "a" / "b")
    wrist = film("wrist", camera="a wrist")
    found = camera_films([far, newest, older, wrist, film("view", kind="viewport")], episode())
    assert [placed.film.record.clip for placed in found] == ["wrist", "new"]
